"""Makes everything again that follows from events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

from adapters.progress import Advance, unwatched
from adapters.store.files import is_sound
from adapters.store.integrity.replay import (
    Companies,
    Decode,
    Person,
    Replay,
    with_roster_rows,
)
from adapters.store.readable import read_or_none
from adapters.store.recorder import Query
from adapters.store.sql import every
from domain.ids import registering_run, uuid_of
from projections import (
    absence,
    kept,
    notices,
    open_issues,
    recent,
    roster,
    run_changes,
    runs,
    slots,
)
from projections.tables import Operation, Table, Write

_BATCH_EMPLOYEES = 5_000
_OF_COMPANIES = (runs.COMPANIES, runs.RUNS, open_issues.TABLE, absence.TABLE, recent.TABLE)
"""The tables that are made from the streams of companies."""


class EventsDamaged(Exception):
    """Events are damaged or missing. The rows that were made from them must be kept."""


def rebuild(replay: Replay, advance: Advance) -> Iterator[Write]:
    """Yields the writes that make all projections again, if all events are sound.

    Raises `EventsDamaged` if they are not, perhaps only after the last write. The caller then has
    to undo the writes. `advance` gets the number of events that were read.
    """
    if replay.companies.problems:
        raise EventsDamaged
    yield from _writes(replay, _sound(replay.people(advance), replay.companies))


def rebuild_carefully(replay: Replay, advance: Advance) -> Iterator[Write]:
    """Yields the same writes where events are damaged or missing.

    The rows that were made from these events are kept: they may be all that is left.
    """
    damaged = _damaged(replay)
    persons = (each for each in replay.people(advance) if each.inspected.stream.hex not in damaged)
    yield from _writes(replay, persons, _spared(replay, damaged))


def writes_of_upgrade(query: Query, decode: Decode) -> Iterator[Write]:
    """Yields the writes that make all projections again, for an upgrade of the schema.

    Where events are damaged or missing, the rows that were made from them are kept.
    """
    yield from rebuild_carefully(Replay(query, decode), unwatched)


def _sound(persons: Iterable[Person], companies: Companies) -> Iterator[Person]:
    """Yields the employees. Raises `EventsDamaged` as soon as events are damaged or missing."""
    event_counts: Counter[UUID] = Counter()
    for person in persons:
        if person.problems:
            raise EventsDamaged
        event_counts.update(person.inspected.runs)
        yield person
    if _short(companies, event_counts):
        raise EventsDamaged


def _writes(
    replay: Replay, persons: Iterator[Person], spared: Sequence[Write] = ()
) -> Iterator[Write]:
    unusable = [
        _unreadable_slots_write(replay.query),
        _unreadable_notices_write(replay.query),
        _damaged_kept_write(replay.query),
    ]
    for table in (*_OF_COMPANIES, roster.TABLE, run_changes.TABLE):
        yield Write(Operation.DELETE_ALL, table, [()])
    yield from unusable
    yield from spared
    yield from _company_writes(replay)
    while batch := list(islice(persons, _BATCH_EMPLOYEES)):
        yield from _employee_writes(batch)
        lately = (row for person in batch for row in replay.recent_rows(person))
        yield Write(Operation.INSERT, recent.TABLE, lately)


def _unreadable_slots_write(query: Query) -> Write:
    """Deletes the rows that cannot be read. Their companies enrol in the schedule again (R5)."""
    bad = [row for row in every(query, slots.TABLE) if not slots.is_sound(row)]
    return Write(Operation.DELETE, slots.TABLE, bad, slots.TABLE.names)


def _unreadable_notices_write(query: Query) -> Write:
    """Deletes the notices that cannot be read, and so cannot be sent either."""
    bad = [row for row in every(query, notices.TABLE) if not notices.is_sound(row)]
    return Write(Operation.DELETE, notices.TABLE, bad, notices.TABLE.names)


def _damaged_kept_write(query: Query) -> Write:
    """Deletes the kept files that are damaged. Each of them lets every pick-up fail (D4)."""
    return kept.forget_write([row.key for row in every(query, kept.TABLE) if not is_sound(row)])


def _company_writes(replay: Replay) -> Iterator[Write]:
    companies = replay.companies
    yield Write(
        Operation.INSERT,
        runs.COMPANIES,
        (
            runs.company_row(company, state)
            for company, state in companies.states.items()
            if not companies.is_damaged(company)
        ),
    )
    yield Write(Operation.INSERT, runs.RUNS, replay.run_rows())
    for _, rows in replay.standing():
        yield Write(Operation.INSERT, open_issues.TABLE, rows.open_issues)
        yield Write(Operation.INSERT, absence.TABLE, rows.absent)


def _employee_writes(persons: Sequence[Person]) -> Iterator[Write]:
    yield Write(Operation.INSERT, roster.TABLE, map(_row, persons))
    index = (
        row
        for person in persons
        for row in run_changes.rows_of_events(person.inspected.stream, person.inspected.runs)
    )
    yield Write(Operation.INSERT, run_changes.TABLE, index)


def _row(person: Person) -> roster.RosterRow:
    assert person.company is not None and person.employee is not None  # noqa: S101
    return roster.row(person.company, person.employee, None)


def _damaged(replay: Replay) -> set[str]:
    """Returns the employees' streams whose rows cannot be made from events.

    Events of these are damaged, or the last ones are missing. A stream is its id in hex.
    """
    damaged: set[str] = set()
    ahead: set[str] = set()
    event_counts: Counter[UUID] = Counter()
    companies = replay.companies
    for person, rows in with_roster_rows(replay.query, replay.people()):
        if person is None:
            ahead.update(row.employee for row in rows)
            continue
        stream, employee = person.inspected.stream.hex, person.employee
        event_counts.update(person.inspected.runs)
        if person.company is None or employee is None:
            damaged.add(stream)
        for row in rows:
            known = read_or_none(roster.load, row.state)
            if row.employee != stream:
                ahead.add(row.employee)
            elif employee and known and known.version > employee.version:
                ahead.add(stream)
    # A row that is ahead of its events is wrong, unless events are missing.
    if not _short(companies, event_counts):
        return damaged
    return damaged | {stream for stream in ahead if _was_registered(stream, companies)}


def _short(companies: Companies, event_counts: Counter[UUID]) -> bool:
    """Returns whether some run stored more events than there are now."""
    return any(known.events > event_counts[run] for run, known in companies.runs.items())


def _was_registered(employee: str, companies: Companies) -> bool:
    """Returns whether a known run registered this employee."""
    identity = uuid_of(employee)
    return identity is not None and registering_run(identity) in companies.runs


def _spared(replay: Replay, damaged: set[str]) -> list[Write]:
    """Returns the rows that were made from damaged streams, to be inserted unchanged."""
    query, companies = replay.query, replay.companies
    of_people: list[roster.RosterRow] = []
    index: list[run_changes.RunChangeRow] = []
    if damaged:
        of_people = [row for row in every(query, roster.TABLE) if row.employee in damaged]
        index = [row for row in every(query, run_changes.TABLE) if row.employee in damaged]
    return [
        Write(Operation.INSERT, roster.TABLE, of_people),
        Write(Operation.INSERT, run_changes.TABLE, index),
        *(_spared_write(query, table, companies) for table in _OF_COMPANIES),
    ]


def _spared_write(query: Query, table: Table[Any], companies: Companies) -> Write:
    """Returns the write of the rows of a table that belong to damaged companies."""
    rows = [row for row in every(query, table) if companies.is_damaged(row.company)]
    return Write(Operation.INSERT, table, rows)
