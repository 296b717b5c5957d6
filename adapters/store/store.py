"""The store: its questions, and the one transaction that stores a run.

Everything here is the same for every database. What differs stands in each database's `Recorder`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, cast
from uuid import UUID

from eventsourcing.persistence import IntegrityError, MapperDeserialisationError, StoredEvent

from adapters.collections import without_collections
from adapters.escape import is_encodable
from adapters.store import events
from adapters.store.commit import Commit, HeldFile, events_of, writes_of
from adapters.store.errors import Conflict, StoreUnavailable
from adapters.store.event_store import EventStore
from adapters.store.read_transaction import Due, ReadTransaction, state_of
from adapters.store.recorder import Recorder
from adapters.store.stored import EnrolledCompany, enrolled_company, issues_of, run_record
from domain.company_runs.events import RunEnded, RunRecord
from domain.company_runs.state import CompanyState
from domain.employee.aggregate import Employee, fold
from domain.employee.events import EmployeeRecord
from domain.employee.statement import address_of
from domain.events import AnyRecord
from domain.fields.cells import clean
from domain.ids import bounds_of, uuid_of
from domain.issues.issue import Issue
from domain.schedule import Schedule
from projections import roster, runs, slots
from projections.tables import Operation, Write

if TYPE_CHECKING:
    from adapters.store.replay import Progress
    from adapters.store.verify import Findings


class Store:
    """Events, projections and runs, in any of the databases."""

    def __init__(self, event_store: EventStore) -> None:
        self._event_store = event_store
        self._recorder = cast(Recorder, event_store.recorder)

    def close(self) -> None:
        """Closes the connections to the database."""
        self._event_store.close()

    # Input of a plan

    @contextmanager
    def read(self, company: str) -> Iterator[ReadTransaction]:
        """Yields the company at its present version, for the time of the `with`."""
        with self._recorder.reading() as query:
            yield ReadTransaction(query, company)

    def held(self, run: UUID) -> list[HeldFile]:
        """Returns the files that a run holds. Empty after somebody decided about them (B2)."""
        with self._recorder.reading() as query:
            return [
                HeldFile(runs.load_file(file), content)
                for file, content in query(runs.FILES, (run.hex,))
            ]

    def company_state(self, company: str) -> CompanyState:
        """Returns the state of a company after its last run."""
        with self._recorder.reading() as query:
            return state_of(query, company)

    def due(
        self, schedule: Schedule, until: datetime, company: str | None = None
    ) -> dict[str, Due]:
        """Returns the employees for whom something may be due by `until`, by company key.

        If `company` is given, the answer has this company only.
        """
        starts, leaves = roster.last_dates(schedule, until)
        employees: dict[str, list[tuple[bytes, bytes | None]]] = {}
        with self._recorder.reading() as query:
            if company is None:
                rows = query(roster.DUE, (starts, leaves))
            else:
                rows = query(roster.DUE_OF_COMPANY, (starts, company, leaves, company))
            for key, state, digest in rows:
                employees.setdefault(key, []).append((state, digest))
            states = {key: state_of(query, key) for key in employees}
        return {key: Due(states[key], tuple(rows)) for key, rows in sorted(employees.items())}

    def due_companies(self, schedule: Schedule, until: datetime) -> list[str]:
        """Returns the companies in which something may be due by `until`."""
        with self._recorder.reading() as query:
            rows = query(roster.DUE_COMPANIES, roster.last_dates(schedule, until))
        return [company for (company,) in rows]

    # Memory of the schedule

    def enrolled_companies(self) -> dict[str, EnrolledCompany]:
        """Returns the companies that take part in the schedule (R5), by key."""
        with self._recorder.reading() as query:
            rows = query(slots.EVERY)
        return {row[0]: enrolled_company(*row[1:]) for row in rows if slots.is_sound(row[:2])}

    def enrol(self, companies: Iterable[str], after: datetime) -> None:
        """Enrols companies in the schedule: slots later than `after` count, earlier ones do not."""
        rows = [slots.step(company, after) for company in companies]
        self._recorder.insert_events((), writes=[Write(Operation.UPSERT, slots.TABLE, rows)])

    # Storing a run

    def commit(self, commit: Commit) -> None:
        """Stores a run: its own event first, then everything that belongs to it (ADR 0004).

        The run's event is the next version of its company's stream. Of two runs that were planned
        from the same version, the second raises `Conflict` (R4). A run that is stored already is
        not stored again. Raises `StoreUnavailable` if the run is not stored, or if that
        cannot be found out.
        """
        to_stored_event = cast(
            Callable[[AnyRecord], StoredEvent], self._event_store.mapper.to_stored_event
        )
        run, company = commit.ended.run, commit.ended.ended.company
        events = map(to_stored_event, events_of(commit))
        try:
            self._recorder.insert_events(events, writes=writes_of(commit))
        except StoreUnavailable:
            # The run is stored if only the reply was lost. If that cannot be found out either,
            # the error stands.
            if not self._is_stored(run):
                raise
        except IntegrityError:
            # The stream decides, not the error: after a lost reply, a second attempt looks like a
            # conflict with another run.
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

    # Questions

    def employees(self, company: str) -> Iterator[Employee]:
        """Yields all employees of a company, in the order of their registration."""
        with (
            self._recorder.reading() as query,
            query.each(roster.STATES, (company,)) as rows,
        ):
            for (state,) in rows:
                yield roster.load(state)

    def find(self, company: str, identifier: str) -> list[Employee]:
        """Returns the employees that `identifier` names; none, one or several.

        It may be an id, an external id, an e-mail address, or an address that only the file uses.
        They are tried in this order, until one finds somebody.
        """
        identifier = clean(identifier)
        if "\0" in identifier or not is_encodable(identifier):
            return []
        address = address_of(identifier)
        questions = [
            (roster.BY_EXTERNAL_ID, identifier),
            (roster.BY_ADDRESS, address),
            (roster.BY_FILE_ADDRESS, address),
        ]
        employee = uuid_of(identifier)
        if employee is not None:
            questions.insert(0, (roster.BY_ID, employee.hex))
        with self._recorder.reading() as query:
            for question, value in questions:
                rows = query(question, (company, value))
                if rows:
                    return [roster.load(state) for (state,) in rows]
        return []

    def events(self, employee: UUID) -> list[EmployeeRecord]:
        """Returns every event of an employee, oldest first."""
        return cast(list[EmployeeRecord], list(self._event_store.events.get(employee)))

    def find_run(self, run: UUID) -> RunRecord | None:
        """Returns the run with this id, or `None`."""
        with self._recorder.reading() as query:
            return next(map(run_record, query(runs.RUN, (run.hex,))), None)

    def runs_like(self, prefix: str) -> list[RunRecord]:
        """Returns the runs whose id begins with `prefix`: two at most, to tell one from several."""
        digits = prefix.replace("-", "").lower()
        if not digits or len(digits) > 32 or set(digits) - set("0123456789abcdef"):
            return []
        with self._recorder.reading() as query:
            bounds = (digits.ljust(32, "0"), digits.ljust(32, "f"))
            return [run_record(row) for row in query(runs.RUNS_FROM_TO, bounds)]

    def runs(self, company: str | None, limit: int) -> list[RunRecord]:
        """Returns the latest runs, of one company or of all, newest first."""
        with self._recorder.reading() as query:
            if company is None:
                return [run_record(row) for row in query(runs.LATEST, (limit,))]
            return [run_record(row) for row in query(runs.LATEST_OF_COMPANY, (company, limit))]

    def waiting(self, company: str | None) -> list[RunRecord]:
        """Returns the held runs about which somebody has to decide (B2), oldest first."""
        with self._recorder.reading() as query:
            if company is None:
                return [run_record(row) for row in query(runs.WAITING)]
            return [run_record(row) for row in query(runs.WAITING_OF_COMPANY, (company,))]

    def every_run(self, company: str) -> list[RunRecord]:
        """Returns all runs of a company, oldest first."""
        with self._recorder.reading() as query:
            return [run_record(row) for row in query(runs.EVERY_OF_COMPANY, (company,))]

    def streams_of(self, run: UUID) -> Iterator[list[EmployeeRecord]]:
        """Yields the whole stream of each employee that a run registered or changed."""
        low, high = bounds_of(run)
        parameters = (low.hex, high.hex, run.hex)
        with self._recorder.reading() as query, query.each(events.OF_RUN, parameters) as rows:
            for _, stream_rows in groupby(rows, key=itemgetter(0)):
                yield cast(list[EmployeeRecord], [self._recorded(*row) for row in stream_rows])

    def employees_as_of(self, company: str, moment: datetime) -> Iterator[Employee]:
        """Yields all employees as they were at `moment`, by when events took effect."""
        for employee in self.employees(company):
            if employee.effective <= moment:
                yield employee
            else:
                past = (each for each in self.events(employee.id) if each.effective <= moment)
                earlier = fold(None, past)
                if earlier is not None:
                    yield earlier

    # Maintenance

    def verify(self, tick: Progress) -> Findings:
        """Checks projections and events. `tick` gets the number of events that were read."""
        from adapters.store.verify import verify

        with self._recorder.reading() as query:
            return verify(query, self._read, tick)

    def rebuild(self, tick: Progress) -> None:
        """Makes the projections again from the events, in one transaction.

        `tick` gets the number of events that were read.
        """
        from adapters.store.rebuild import EventsDamaged, rebuild, rebuild_carefully

        with without_collections():
            try:
                self._recorder.rewrite(lambda query: rebuild(query, self._read, tick))
            except EventsDamaged:
                self._recorder.rewrite(lambda query: rebuild_carefully(query, self._read, tick))

    def count_events(self) -> int:
        """Returns the number of stored events, of runs and of employees."""
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
        """Returns the runs that stored these events, by id."""
        records = (self.find_run(run) for run in {recorded.run for recorded in events})
        return {record.run: record.ended for record in records if record is not None}

    def issues(self, record: RunRecord) -> list[Issue]:
        """Returns the issues of a run, and those of the earlier run that it refers to (D8)."""
        with self._recorder.reading() as query:
            own = issues_of(query, record.run)
            earlier = record.ended.issues_of
            if earlier is None:
                return own
            return [issue for issue in issues_of(query, earlier) if issue.lasting] + own
