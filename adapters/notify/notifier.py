"""Whoever is to be told how runs end is told, off the threads that do the work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from queue import Empty, Full, Queue
from typing import NamedTuple, TypeAlias
from uuid import UUID

import msgspec

from adapters.errors import SettingsError
from adapters.notify.configured import Notify
from adapters.notify.delivering import deliver
from adapters.notify.failure import NotDelivered
from adapters.service.schedule import Job
from adapters.store.errors import StoreUnavailable
from adapters.store.store import RunRecord, Store
from domain.run import Outcome, RunKind
from projections.runs import RunDocument, document

CAPACITY = 10_000
"""So many notifications may wait; of what comes then, nobody is told. Only ids wait, not runs."""
_TICK = 0.2
_LAST_WORDS = 2.0
"""Seconds for a program to be gone when it is ended."""
_JUST_NOW = timedelta(minutes=5)

Find: TypeAlias = Callable[[], RunDocument | None]
Deliver: TypeAlias = Callable[[Notify, bytes, threading.Event, bool], None]


class Told(NamedTuple):
    """What became of one notification: `sent`, `failed`, or `dropped` for want of room or time."""

    result: str
    company: str
    run: UUID | None = None
    problem: str | None = None


class _Waiting(NamedTuple):
    notify: Notify
    company: str
    find: Find


class Notifier:
    """Tells somebody of the runs that the configuration names, one after the other.

    What cannot be delivered is told to `told`, and is nobody's trouble. While nothing can be
    delivered, each notification is tried only once. `notify` tells how it is configured now.
    """

    def __init__(
        self,
        store: Store,
        told: Callable[[Told], None],
        notify: Callable[[], Notify | None],
        *,
        capacity: int = CAPACITY,
        deliver: Deliver = deliver,
    ) -> None:
        self._store = store
        self._told = told
        self._notify = notify
        self._deliver = deliver
        self._queue: Queue[_Waiting] = Queue(capacity)
        self._ending = threading.Event()
        self._stop = threading.Event()
        self._failing = False
        self._faults: set[Job] = set()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def looked(self, due: object, now: datetime) -> None:
        """Is of no interest."""

    def unavailable(self, error: Exception) -> None:
        """Is for the metrics to tell: without the store there is no run."""

    def misconfigured(self, company: str | None, error: SettingsError) -> None:
        """Is for the metrics to tell."""

    def ran(self, run: RunDocument) -> None:
        """A run that is stored; whoever wants to know is told soon."""
        if run.kind is RunKind.CLOCK:
            self._faults.discard(Job(run.company))
        notify = self._notify()
        if notify is not None and run.run is not None and notify.wants(run):
            self._add(_Waiting(notify, run.company, partial(find_run, self._store, run.run)))

    def failed(self, job: Job, error: Exception) -> None:
        """A fault leaves a failed run, which nobody was given: it is looked up.

        The clock is tried again and again; of its faults in one company the first is told.
        """
        if isinstance(error, StoreUnavailable) or job in self._faults:
            return
        notify = self._notify()
        if notify is None or Outcome.FAILED.value not in notify.on:
            return
        if job.slot is None:
            self._faults.add(job)
        find = partial(find_fault, self._store, job.company, datetime.now(UTC) - _JUST_NOW)
        self._add(_Waiting(notify, job.company, find))

    def finish(self, seconds: float) -> None:
        """Waits so long for what is still to be told; what is not told then never is.

        Nothing is to be told afterwards.
        """
        end = time.monotonic() + seconds
        self._ending.set()
        if self._thread is not None:
            self._thread.join(max(0.0, end - time.monotonic()))
            self._stop.set()
            self._thread.join(_LAST_WORDS)
        while (waiting := self._next(0)) is not None:
            self._told(Told("dropped", waiting.company, problem="there was no time left"))

    def _add(self, waiting: _Waiting) -> None:
        try:
            self._queue.put_nowait(waiting)
        except Full:
            self._told(Told("dropped", waiting.company, problem="too many wait already"))
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="notifier", daemon=True)
                self._thread.start()

    def _next(self, patience: float) -> _Waiting | None:
        try:
            return self._queue.get(timeout=patience) if patience else self._queue.get_nowait()
        except Empty:
            return None

    def _work(self) -> None:
        while not self._stop.is_set():
            waiting = self._next(_TICK)
            if waiting is not None:
                if (told := self._tell(waiting)) is not None:
                    self._told(told)
            elif self._ending.is_set():
                return

    def _tell(self, waiting: _Waiting) -> Told | None:
        """What became of it; none where there is no run after all."""
        company, run = waiting.company, None
        try:
            found = waiting.find()
            if found is None:
                return None
            run, body = found.run, msgspec.json.encode(found)
            self._deliver(waiting.notify, body, self._stop, self._failing)
        except NotDelivered as trouble:
            self._failing = True
            return Told("failed", company, run, trouble.problem)
        except Exception as fault:
            # Its text may quote the run.
            return Told("failed", company, run, f"an unexpected fault ({type(fault).__name__})")
        self._failing = False
        return Told("sent", company, run)


def find_run(store: Store, run: UUID) -> RunDocument | None:
    """A run as `tenure run` answers it."""
    record = store.find_run(run)
    return None if record is None else _document(store, record)


def find_fault(store: Store, company: str, since: datetime) -> RunDocument | None:
    """The latest run of a company, if it failed and ended after a moment."""
    for record in store.runs(company, 1):
        if record.ended.outcome is Outcome.FAILED and record.ended.finished >= since:
            return _document(store, record)
    return None


def _document(store: Store, record: RunRecord) -> RunDocument:
    return document(record.run, record.ended, store.issues(record), record.ended_by)
