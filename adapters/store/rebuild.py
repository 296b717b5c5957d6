"""Making everything anew that follows from events."""

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

_BATCH = 5_000


class EventsDamaged(Exception):
    """Something is wrong with the events themselves, and what stands beside them must be spared."""


def rebuild(query: Query, read: Read, tick: Progress) -> Iterator[Write]:
    """The projections, by the steps that made them first, where all events are sound.

    Raises `EventsDamaged`, perhaps only after the last of them; what was written is to be undone
    then. `tick` is told of events gone through.
    """
    companies = Companies(query, read)
    if companies.problems:
        raise EventsDamaged
    happened: Counter[UUID] = Counter()
    unreadable = _without_unreadable_slots(query)
    yield from _cleared()
    yield unreadable
    yield from _of_companies(companies)
    for batch in _batches(people(query, read, companies, tick)):
        for person in batch:
            happened.update(person.found.runs)
            if person.problems:
                raise EventsDamaged
        yield from _of_people(batch)
    if _short(companies, happened):
        raise EventsDamaged


def rebuild_carefully(query: Query, read: Read, tick: Progress) -> Iterator[Write]:
    """The same, where events are damaged or missing: what stands beside these is left as it is, for
    it may be all that there is."""
    companies = Companies(query, read)
    damaged = _damaged(query, read, companies)
    spared = _spared(query, damaged, companies)
    unreadable = _without_unreadable_slots(query)
    yield from _cleared()
    yield unreadable
    yield from spared
    yield from _of_companies(companies)
    for batch in _batches(people(query, read, companies, tick)):
        yield from _of_people([each for each in batch if each.found.stream.hex not in damaged])


def _cleared() -> Iterator[Write]:
    for table in (runs.COMPANIES, runs.RUNS, roster.TABLE, run_changes.TABLE):
        yield Write(Operation.DELETE_ALL, table, [()])


def _without_unreadable_slots(query: Query) -> Write:
    """A company whose row is gone takes part in the schedule anew."""
    bad = [row for row in query(slots.ROWS) if not slots.is_sound(row)]
    return Write(Operation.DELETE, slots.TABLE, bad, slots.TABLE.names)


def _of_companies(companies: Companies) -> Iterator[Write]:
    yield Write(
        Operation.INSERT,
        runs.COMPANIES,
        (
            runs.company_row(company, stream)
            for company, stream in companies.streams.items()
            if not companies.is_damaged(company)
        ),
    )
    yield Write(Operation.INSERT, runs.RUNS, companies.rows())


def _of_people(found: Sequence[Person]) -> Iterator[Write]:
    yield Write(Operation.INSERT, roster.TABLE, map(_row, found))
    index = (
        row
        for person in found
        for row in run_changes.rows_of_events(person.found.stream, person.found.runs)
    )
    yield Write(Operation.INSERT, run_changes.TABLE, index)


def _row(person: Person) -> roster.RosterRow:
    assert person.company is not None and person.employee is not None  # noqa: S101
    return roster.row(person.company, person.employee, None)


def _damaged(query: Query, read: Read, companies: Companies) -> set[str]:
    """Whose rows cannot be made from their events, because these are damaged, or the last of them
    are missing."""
    damaged: set[str] = set()
    ahead: set[str] = set()
    happened: Counter[UUID] = Counter()
    with query.each(roster.EVERY) as rows:
        beside = RosterRows(rows)
        for person in people(query, read, companies, _silently):
            stream, employee = person.found.stream.hex, person.employee
            happened.update(person.found.runs)
            if person.company is None or employee is None:
                damaged.add(stream)
            for row in beside.before(stream):
                known = loaded(row[-1])
                if row[1] != stream:
                    ahead.add(row[1])
                elif employee and known and known.version > employee.version:
                    ahead.add(stream)
        ahead.update(row[1] for row in beside.rest())
    # Rows that know more than the events are wrong, unless events are missing.
    if not _short(companies, happened):
        return damaged
    return damaged | {one for one in ahead if _is_ours(one, companies)}


def _short(companies: Companies, happened: Counter[UUID]) -> bool:
    """Whether some run stored more events than there are."""
    return any(known.events > happened[run] for run, known in companies.runs.items())


def _silently(events: int) -> None:
    """Tells nobody of events gone through."""


def _is_ours(employee: str, companies: Companies) -> bool:
    """Whether a run that is known registered them."""
    identity = uuid_of(employee)
    return identity is not None and registering_run(identity) in companies.runs


def _spared(query: Query, damaged: set[str], companies: Companies) -> list[Write]:
    """The rows beside damaged streams, to be put back as they were."""
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


def _batches(found: Iterable[Person]) -> Iterator[list[Person]]:
    batch: list[Person] = []
    for person in found:
        batch.append(person)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    yield batch
