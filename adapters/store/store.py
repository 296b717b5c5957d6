"""The store: what the app asks of it, and the one transaction a run is.

Everything here is the same for every database; what is not stands with the `Recorder` of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol, cast
from uuid import UUID

import msgspec
from eventsourcing.persistence import IntegrityError, MapperDeserialisationError, StoredEvent

from adapters.collections import without_collections
from adapters.store import events
from adapters.store.commit import Commit, HeldFile, events_of, writes_of
from adapters.store.errors import Conflict, StoreUnavailable
from adapters.store.event_store import EventStore
from adapters.store.query import Query
from adapters.store.read_transaction import Due, ReadTransaction, state_of
from domain.company_runs.events import RunEnded, RunRecord
from domain.company_runs.state import CompanyState
from domain.employee.aggregate import Employee, fold
from domain.employee.events import EmployeeRecord
from domain.employee.statement import address_of
from domain.events import AnyRecord
from domain.fields.cells import clean
from domain.ids import bounds_of, uuid_of
from domain.issues.issue import Issue
from domain.outcome import Outcome
from domain.privacy import Redacted
from domain.schedule import Schedule
from projections import roster, runs, slots
from projections.tables import Operation, Write

if TYPE_CHECKING:
    from adapters.store.replay import Progress
    from adapters.store.verify import Findings


class Recorder(Protocol):
    """What a database must be able to do beside storing events."""

    def reading(self) -> AbstractContextManager[Query]:
        """Several questions to one state of the database."""

    def insert_events(
        self, stored_events: Iterable[StoredEvent], *, writes: Iterable[Write] = ()
    ) -> Sequence[int] | None:
        """Stores events and what goes with them in one transaction.

        Raises `IntegrityError` where a stream already has an event at that position.
        """

    def rewrite(self, make: Callable[[Query], Iterable[Write]]) -> None:
        """Writes what `make` makes of the state of the database, in one transaction."""


class EnrolledCompany(Redacted, frozen=True):
    """A company that takes part in the schedule: `after` is the last slot that was served, or a
    later moment from which on slots count. `last_run_failed` says that its latest run failed."""

    after: datetime
    last_run_failed: bool


class Store:
    """Events, projections and runs, in any of the databases."""

    def __init__(self, event_store: EventStore) -> None:
        self._event_store = event_store
        self._recorder = cast(Recorder, event_store.recorder)

    def close(self) -> None:
        """Lets go of the database."""
        self._event_store.close()

    # What a plan is made from

    @contextmanager
    def read(self, company: str) -> Iterator[ReadTransaction]:
        """The company as it is now, for as long as the `with` lasts."""
        with self._recorder.reading() as query:
            yield ReadTransaction(query, company)

    def held(self, run: UUID) -> list[HeldFile]:
        """The delivery that waits with a held run; empty once somebody has decided (B2)."""
        with self._recorder.reading() as query:
            return [
                HeldFile(runs.load_file(file), content)
                for file, content in query(runs.FILES, (run.hex,))
            ]

    def company_state(self, company: str) -> CompanyState:
        """The state of a company, as its last run left it."""
        with self._recorder.reading() as query:
            return state_of(query, company)

    def due(
        self, schedule: Schedule, until: datetime, company: str | None = None
    ) -> dict[str, Due]:
        """Whom the clock has to look at, by company; in one `company` only, if it is given."""
        starts, leaves = _last_dates(schedule, until)
        found: dict[str, list[tuple[bytes, bytes | None]]] = {}
        with self._recorder.reading() as query:
            if company is None:
                rows = query(roster.DUE, (starts, leaves))
            else:
                rows = query(roster.DUE_OF_COMPANY, (starts, company, leaves, company))
            for key, state, digest in rows:
                found.setdefault(key, []).append((state, digest))
            states = {key: state_of(query, key) for key in found}
        return {key: Due(states[key], tuple(rows)) for key, rows in sorted(found.items())}

    def due_companies(self, schedule: Schedule, until: datetime) -> list[str]:
        """The companies in which the clock has to look at somebody."""
        with self._recorder.reading() as query:
            found = query(roster.DUE_COMPANIES, _last_dates(schedule, until))
        return [company for (company,) in found]

    # What the schedule remembers

    def enrolled_companies(self) -> dict[str, EnrolledCompany]:
        """The companies that take part in the schedule (R5)."""
        with self._recorder.reading() as query:
            found = query(slots.EVERY)
        return {row[0]: _participant(*row[1:]) for row in found if slots.is_sound(row[:2])}

    def enrol(self, companies: Iterable[str], after: datetime) -> None:
        """From now on companies take part in every slot after a moment, and in none before."""
        rows = [slots.step(company, after) for company in companies]
        self._recorder.insert_events((), writes=[Write(Operation.UPSERT, slots.TABLE, rows)])

    # The one operation in

    def commit(self, commit: Commit) -> None:
        """Stores a run: its own event first, then everything that came of it.

        The run's event is the next version of its company's stream, so of two runs planned from
        the same version the second fails here. Raises `Conflict` then. Storing a run that is
        stored already does nothing.
        """
        to_stored_event = cast(
            Callable[[AnyRecord], StoredEvent], self._event_store.mapper.to_stored_event
        )
        run, company = commit.ended.run, commit.ended.ended.company
        events = map(to_stored_event, events_of(commit))
        try:
            self._recorder.insert_events(events, writes=writes_of(commit))
        except StoreUnavailable:
            # So it may be after a reply that was lost; where nobody can be asked, this one goes on.
            if not self._is_stored(run):
                raise
        except IntegrityError:
            # The stream is asked, not the error: a reply may be lost after a commit.
            if self.find_run(run) is not None:
                return
            if self.company_state(company).version == commit.state.version:
                raise
            raise Conflict(company, commit.state.version) from None

    def _is_stored(self, run: UUID) -> bool:
        try:
            return self.find_run(run) is not None
        except StoreUnavailable:
            return False

    # What is asked

    def employees(self, company: str) -> Iterator[Employee]:
        """Everyone of a company, in the order in which they were registered."""
        with (
            self._recorder.reading() as query,
            query.each(roster.STATES, (company,)) as rows,
        ):
            for (state,) in rows:
                yield roster.load(state)

    def find(self, company: str, who: str) -> list[Employee]:
        """Whoever has `who` as id, external id or e-mail address, the address of the file last."""
        who = clean(who)
        if "\0" in who or not _is_text(who):
            return []
        address = address_of(who)
        questions = [
            (roster.BY_EXTERNAL_ID, who),
            (roster.BY_ADDRESS, address),
            (roster.BY_FILE_ADDRESS, address),
        ]
        employee = uuid_of(who)
        if employee is not None:
            questions.insert(0, (roster.BY_ID, employee.hex))
        with self._recorder.reading() as query:
            for question, value in questions:
                found = query(question, (company, value))
                if found:
                    return [roster.load(state) for (state,) in found]
        return []

    def events(self, employee: UUID) -> list[EmployeeRecord]:
        """Every event of an employee, oldest first."""
        return cast(list[EmployeeRecord], list(self._event_store.events.get(employee)))

    def find_run(self, run: UUID) -> RunRecord | None:
        """The run with this id."""
        with self._recorder.reading() as query:
            return next(map(_run_record, query(runs.RUN, (run.hex,))), None)

    def runs_like(self, prefix: str) -> list[RunRecord]:
        """The runs whose id begins with `prefix`, two at most: enough to tell whether it is one."""
        digits = prefix.replace("-", "").lower()
        if not digits or len(digits) > 32 or set(digits) - set("0123456789abcdef"):
            return []
        with self._recorder.reading() as query:
            bounds = (digits.ljust(32, "0"), digits.ljust(32, "f"))
            return [_run_record(row) for row in query(runs.RUNS_FROM_TO, bounds)]

    def runs(self, company: str | None, limit: int) -> list[RunRecord]:
        """The latest runs, newest first."""
        with self._recorder.reading() as query:
            if company is None:
                return [_run_record(row) for row in query(runs.LATEST, (limit,))]
            return [_run_record(row) for row in query(runs.LATEST_OF_COMPANY, (company, limit))]

    def waiting(self, company: str | None) -> list[RunRecord]:
        """The held runs about which somebody has to decide (B2), oldest first."""
        with self._recorder.reading() as query:
            if company is None:
                return [_run_record(row) for row in query(runs.WAITING)]
            return [_run_record(row) for row in query(runs.WAITING_OF_COMPANY, (company,))]

    def every_run(self, company: str) -> list[RunRecord]:
        """All runs of a company, oldest first."""
        with self._recorder.reading() as query:
            return [_run_record(row) for row in query(runs.EVERY_OF_COMPANY, (company,))]

    def streams_of(self, run: UUID) -> Iterator[list[EmployeeRecord]]:
        """The whole streams of everyone whom a run registered or changed."""
        low, high = bounds_of(run)
        parameters = (low.hex, high.hex, run.hex)
        with self._recorder.reading() as query, query.each(events.OF_RUN, parameters) as rows:
            for _, found in groupby(rows, key=itemgetter(0)):
                yield cast(list[EmployeeRecord], [self._recorded(*row) for row in found])

    def employees_as_of(self, company: str, moment: datetime) -> Iterator[Employee]:
        """Everyone as they were at a moment, by when things took effect."""
        for employee in self.employees(company):
            if employee.effective <= moment:
                yield employee
            else:
                past = (each for each in self.events(employee.id) if each.effective <= moment)
                earlier = fold(None, past)
                if earlier is not None:
                    yield earlier

    # Looking after it

    def verify(self, tick: Progress) -> Findings:
        """Whether projections and events fit together; `tick` is told of events gone through."""
        from adapters.store.verify import verify

        with self._recorder.reading() as query:
            return verify(query, self._read, tick)

    def rebuild(self, tick: Progress) -> None:
        """Makes the projections anew from the events, in one transaction.

        `tick` is told of events gone through.
        """
        from adapters.store.rebuild import EventsDamaged, rebuild, rebuild_carefully

        with without_collections():
            try:
                self._recorder.rewrite(lambda query: rebuild(query, self._read, tick))
            except EventsDamaged:
                self._recorder.rewrite(lambda query: rebuild_carefully(query, self._read, tick))

    def count_events(self) -> int:
        """How many events there are, runs included."""
        with self._recorder.reading() as query:
            ((count,),) = query(events.COUNT)
            return int(count)

    def _read(self, stream: str, version: int, topic: str, state: bytes) -> AnyRecord | None:
        try:
            return self._recorded(stream, version, topic, state)
        except (MapperDeserialisationError, TypeError):
            return None

    def _recorded(self, stream: str, version: int, topic: str, state: bytes) -> AnyRecord:
        stored = StoredEvent(UUID(stream), version, topic, state)
        return cast(AnyRecord, self._event_store.mapper.to_domain_event(stored))

    def runs_of(self, events: Iterable[EmployeeRecord]) -> Mapping[UUID, RunEnded]:
        """The runs in which events happened."""
        found = (self.find_run(run) for run in {recorded.run for recorded in events})
        return {record.run: record.ended for record in found if record is not None}

    def issues(self, record: RunRecord) -> list[Issue]:
        """What a run said, and what it said by reference to an earlier one (D8)."""
        with self._recorder.reading() as query:
            own = _issues(query, record.run)
            earlier = record.ended.issues_of
            if earlier is None:
                return own
            return [issue for issue in _issues(query, earlier) if issue.lasting] + own


def _last_dates(schedule: Schedule, until: datetime) -> tuple[str, str]:
    """The latest first day and the latest last day that are due."""
    return (
        schedule.last_activation(until).isoformat(),
        schedule.last_deactivation(until).isoformat(),
    )


def _participant(after: str, state: bytes | None, event: bytes | None) -> EnrolledCompany:
    moment = datetime.fromisoformat(after)
    try:
        served = runs.load_state(state).slot if state is not None else None
        outcome = runs.load_run(event).outcome if event is not None else None
        return EnrolledCompany(max(moment, served or moment), outcome is Outcome.FAILED)
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError):
        # The company's own runs will say so; here it would stop all others (R6).
        return EnrolledCompany(moment, last_run_failed=True)


def _issues(query: Query, run: UUID) -> list[Issue]:
    return [runs.load_issue(issue) for (issue,) in query(runs.SAID, (run.hex,))]


def _run_record(row: tuple[Any, ...]) -> RunRecord:
    run, event, ended_by = row
    return RunRecord(UUID(run), runs.load_run(event), UUID(ended_by) if ended_by else None)


def _is_text(who: str) -> bool:
    """Whether it is text that a database can be asked for; an argument may be any bytes."""
    try:
        who.encode()
    except UnicodeEncodeError:
        return False
    return True
