"""Makes everything again that follows from events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from adapters.store.query import Query
from adapters.store.replay import Companies, Person, Progress, Read, people
from adapters.store.verify import RosterRows, loaded
from domain.ids import registering_run, uuid_of
from projections import roster, run_changes, runs, slots
from projections.tables import Operation, Write

_BATCH_EMPLOYEES = 5_000


class EventsDamaged(Exception):
    """Events are damaged or missing. The rows that were made from them must be kept."""


def rebuild(query: Query, read: Read, tick: Progress) -> Iterator[Write]:
    """Yields the writes that make all projections again, if all events are sound.

    Raises `EventsDamaged` if they are not, perhaps only after the last write. The caller then has
    to undo the writes. `tick` gets the number of events that were read.
    """
    companies = Companies(query, read)
    if companies.problems:
        raise EventsDamaged
    event_counts: Counter[UUID] = Counter()
    unreadable_slots = _unreadable_slots_write(query)
    yield from _clearing_writes()
    yield unreadable_slots
    yield from _company_writes(companies)
    for batch in _batches(people(query, read, companies, tick)):
        for person in batch:
            event_counts.update(person.inspected.runs)
            if person.problems:
                raise EventsDamaged
        yield from _employee_writes(batch)
    if _short(companies, event_counts):
        raise EventsDamaged


def rebuild_carefully(query: Query, read: Read, tick: Progress) -> Iterator[Write]:
    """Yields the same writes where events are damaged or missing.

    The rows that were made from these events are kept: they may be all that is left.
    """
    companies = Companies(query, read)
    damaged = _damaged(query, read, companies)
    spared = _spared(query, damaged, companies)
    unreadable_slots = _unreadable_slots_write(query)
    yield from _clearing_writes()
    yield unreadable_slots
    yield from spared
    yield from _company_writes(companies)
    for batch in _batches(people(query, read, companies, tick)):
        yield from _employee_writes(
            [each for each in batch if each.inspected.stream.hex not in damaged]
        )


def _clearing_writes() -> Iterator[Write]:
    for table in (runs.COMPANIES, runs.RUNS, roster.TABLE, run_changes.TABLE):
        yield Write(Operation.DELETE_ALL, table, [()])


def _unreadable_slots_write(query: Query) -> Write:
    """Deletes the rows that cannot be read. Their companies enrol in the schedule again (R5)."""
    bad = [row for row in query(slots.ROWS) if not slots.is_sound(row)]
    return Write(Operation.DELETE, slots.TABLE, bad, slots.TABLE.names)


def _company_writes(companies: Companies) -> Iterator[Write]:
    yield Write(
        Operation.INSERT,
        runs.COMPANIES,
        (
            runs.company_row(company, state)
            for company, state in companies.states.items()
            if not companies.is_damaged(company)
        ),
    )
    yield Write(Operation.INSERT, runs.RUNS, companies.rows())


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


def _damaged(query: Query, read: Read, companies: Companies) -> set[str]:
    """Returns the employees' streams whose rows cannot be made from events.

    Events of these are damaged, or the last ones are missing. A stream is its id in hex.
    """
    damaged: set[str] = set()
    ahead: set[str] = set()
    event_counts: Counter[UUID] = Counter()
    with query.each(roster.EVERY) as rows:
        roster_rows = RosterRows(rows)
        for person in people(query, read, companies, _no_progress):
            stream, employee = person.inspected.stream.hex, person.employee
            event_counts.update(person.inspected.runs)
            if person.company is None or employee is None:
                damaged.add(stream)
            for row in roster_rows.before(stream):
                known = loaded(row[-1])
                if row[1] != stream:
                    ahead.add(row[1])
                elif employee and known and known.version > employee.version:
                    ahead.add(stream)
        ahead.update(row[1] for row in roster_rows.rest())
    # A row that is ahead of its events is wrong, unless events are missing.
    if not _short(companies, event_counts):
        return damaged
    return damaged | {stream for stream in ahead if _was_registered(stream, companies)}


def _short(companies: Companies, event_counts: Counter[UUID]) -> bool:
    """Returns whether some run stored more events than there are now."""
    return any(known.events > event_counts[run] for run, known in companies.runs.items())


def _no_progress(events: int) -> None:
    """Ignores the number of events that were read."""


def _was_registered(employee: str, companies: Companies) -> bool:
    """Returns whether a known run registered this employee."""
    identity = uuid_of(employee)
    return identity is not None and registering_run(identity) in companies.runs


def _spared(query: Query, damaged: set[str], companies: Companies) -> list[Write]:
    """Returns the rows that were made from damaged streams, to be inserted unchanged."""
    with query.each(roster.EVERY) as rows:
        of_people = [row for row in rows if row[1] in damaged] if damaged else []
    with query.each(run_changes.EVERY) as rows:
        index = [row for row in rows if row[1] in damaged] if damaged else []
    of_companies = [row for row in query(runs.COMPANY_ROWS) if companies.is_damaged(row[0])]
    of_runs = [row for row in query(runs.RUN_ROWS) if companies.is_damaged(row[1])]
    return [
        Write(Operation.INSERT, roster.TABLE, of_people),
        Write(Operation.INSERT, run_changes.TABLE, index),
        Write(Operation.INSERT, runs.COMPANIES, of_companies),
        Write(Operation.INSERT, runs.RUNS, of_runs),
    ]


def _batches(persons: Iterable[Person]) -> Iterator[list[Person]]:
    batch: list[Person] = []
    for person in persons:
        batch.append(person)
        if len(batch) == _BATCH_EMPLOYEES:
            yield batch
            batch = []
    yield batch
