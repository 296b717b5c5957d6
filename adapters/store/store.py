"""The store: its parts, by what they are asked, and the one transaction that stores a run.

Everything here is the same for every database. What differs stands in each database's `Recorder`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from eventsourcing.persistence import IntegrityError

from adapters.collections import without_collections
from adapters.progress import Advance, counted, unwatched
from adapters.store.commit import Commit, events_of, writes_of
from adapters.store.errors import CommitInDoubt, Conflict, StoreDamaged, StoreUnavailable
from adapters.store.event_store import EventStore, decode_event
from adapters.store.files import KeptFiles, forget_kept
from adapters.store.notices import Notices
from adapters.store.read_transaction import ReadTransaction
from adapters.store.recorder import Query
from adapters.store.removal_queries import RemovalQueries
from adapters.store.roster_queries import RosterQueries
from adapters.store.run_queries import RunQueries
from adapters.store.schedule_state import ScheduleState
from adapters.store.standing import Standing
from adapters.store.status_queries import StatusQueries
from projections.tables import Write

if TYPE_CHECKING:
    from adapters.store.integrity.verify import Findings


class Store:
    """Events and all that follows from them, in any of the databases.

    Attributes:
        events: the events themselves.
        roster: the employees.
        runs: the runs, and the states of companies.
        schedule: the memory of the schedule.
        notices: what is still to be told.
        status: the health of the companies.
        standing: the open issues, and who is absent.
        removals: whose access was removed.
    """

    def __init__(self, events: EventStore) -> None:
        self.events = events
        self.roster = RosterQueries(events)
        self.runs = RunQueries(events.database)
        self.schedule = ScheduleState(events.database)
        self.notices = Notices(events.database)
        self.status = StatusQueries(events.database)
        self.standing = Standing(events.database)
        self.removals = RemovalQueries(events.database)
        self._database = events.database

    def close(self) -> None:
        """Closes the connections to the database."""
        self.events.close()

    @contextmanager
    def read(self, company: str) -> Iterator[ReadTransaction]:
        """Yields the company at its present version, for the time of the `with`."""
        with self._database.reading() as query:
            yield ReadTransaction(query, company)

    def kept(self, company: str) -> KeptFiles:
        """Returns the files of a company that were read, until their run is stored."""
        return KeptFiles(self._database, company)

    def forget_kept(self, before: datetime) -> None:
        """Deletes the files of all companies that are kept since an earlier moment."""
        forget_kept(self._database, before)

    def commit(self, commit: Commit, advance: Advance = unwatched) -> None:
        """Stores a run: its own event first, then everything that belongs to it (ADR 0004).

        The run's event is the next version of its company's stream. Of two runs that were planned
        from the same version, the second raises `Conflict` (R4). A run that is stored already is
        not stored again. `advance` gets the number of rows that were written. Raises
        `StoreUnavailable` if the run is not stored, or if that cannot be found out: its sentence
        says which. Raises `StoreDamaged` if what is stored contradicts itself.
        """
        run, company = commit.ended.run, commit.ended.ended.company
        try:
            events = counted(events_of(commit), advance)
            self.events.insert(events, _counted_rows(writes_of(commit), advance))
        except CommitInDoubt:
            raise StoreUnavailable(
                f"the connection to the database was lost, and it is not known whether run {run} "
                f"of {company} is stored",
                f"when the database is back, ask `tenure run {run}`; without that run, try again",
            ) from None
        except IntegrityError:
            # The stream decides, not the error: after a lost reply, a second attempt looks like a
            # conflict with another run.
            if self.runs.find(run) is not None:
                return
            if self.runs.company_state(company).version == commit.state.version:
                raise StoreDamaged(company) from None
            raise Conflict(company, commit.state.version) from None

    def verify(self, advance: Advance) -> Findings:
        """Checks projections and events. `advance` gets the number of events that were read."""
        from adapters.store.integrity.replay import Replay
        from adapters.store.integrity.verify import verify

        with self._database.reading() as query:
            return verify(Replay(query, decode_event), advance)

    def rebuild(self, advance: Advance) -> None:
        """Makes the projections again from the events, in one transaction.

        `advance` gets the number of events that were read.
        """
        from adapters.store.integrity.rebuild import EventsDamaged, rebuild, rebuild_carefully
        from adapters.store.integrity.replay import Replay

        def replay(query: Query) -> Replay:
            return Replay(query, decode_event)

        with without_collections():
            try:
                self._database.rewrite(lambda query: rebuild(replay(query), advance))
            except EventsDamaged:
                self._database.rewrite(lambda query: rebuild_carefully(replay(query), advance))


def _counted_rows(writes: Iterable[Write], advance: Advance) -> Iterator[Write]:
    for write in writes:
        yield write._replace(rows=counted(write.rows, advance))
