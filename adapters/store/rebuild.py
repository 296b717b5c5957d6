"""Making everything anew that follows from events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from uuid import UUID

from adapters.store.query import Query, Write
from adapters.store.through import Companies, Person, Read, Tick, people, uuid_of
from adapters.store.verify import RosterRows, loaded
from domain.ids import registering_run
from projections import audit, roster, runs

_BATCH = 5_000


def rebuild(query: Query, read: Read, tick: Tick) -> Iterator[Write]:
    """The projections, by the steps that made them first.

    What stands beside a damaged stream is left as it is: it may be all that there is. `tick` is
    told of each event twice.
    """
    companies = Companies(query, read)
    damaged = _damaged(query, read, companies, tick)
    spared = _spared(query, damaged, companies)
    for statement in (*runs.CLEAR, roster.CLEAR, audit.CLEAR):
        yield statement, [()]
    yield from spared
    yield (
        runs.PUT_STREAM,
        (
            runs.step_stream(company, stream)
            for company, stream in companies.streams.items()
            if not companies.is_damaged(company)
        ),
    )
    yield runs.PUT_RUN, companies.rows()
    for batch in _batches(people(query, read, companies, tick)):
        sound = [person for person in batch if person.found.stream.hex not in damaged]
        yield roster.PUT, [_row(person) for person in sound]
        yield (
            audit.PUT,
            [
                row
                for person in sound
                for row in audit.step_events(person.found.stream, person.found.runs)
            ],
        )


def _row(person: Person) -> roster.RosterRow:
    assert person.company is not None and person.employee is not None  # noqa: S101
    return roster.step(person.company, person.employee, None)


def _damaged(query: Query, read: Read, companies: Companies, tick: Tick) -> set[str]:
    """Whose rows cannot be made from their events, because these are damaged, or the last of them
    are missing."""
    damaged: set[str] = set()
    ahead: set[str] = set()
    happened: Counter[UUID] = Counter()
    with query.each(roster.EVERY) as rows:
        beside = RosterRows(rows)
        for person in people(query, read, companies, tick):
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
    short = any(known.events > happened[run] for run, known in companies.runs.items())
    # Rows that know more than the events are wrong, unless events are missing.
    return damaged | {one for one in ahead if _is_ours(one, companies)} if short else damaged


def _is_ours(employee: str, companies: Companies) -> bool:
    """Whether a run that is known registered them."""
    identity = uuid_of(employee)
    return identity is not None and registering_run(identity) in companies.runs


def _spared(query: Query, damaged: set[str], companies: Companies) -> list[Write]:
    """The rows beside damaged streams, to be put back as they were."""
    with query.each(roster.EVERY) as rows:
        of_people = [row for row in rows if row[1] in damaged] if damaged else []
    with query.each(audit.EVERY) as rows:
        index = [row for row in rows if row[1] in damaged] if damaged else []
    return [
        (roster.PUT, of_people),
        (audit.PUT, index),
        (runs.PUT_STREAM, [row for row in query(runs.STREAM_ROWS) if companies.is_damaged(row[0])]),
        (runs.PUT_RUN, [row for row in query(runs.RUN_ROWS) if companies.is_damaged(row[1])]),
    ]


def _batches(found: Iterable[Person]) -> Iterator[list[Person]]:
    batch: list[Person] = []
    for person in found:
        batch.append(person)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    yield batch
