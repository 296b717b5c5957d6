"""The schedule in one process, over any store: companies side by side, each on its own."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime

from adapters.store.store import Store
from adapters.use_cases.app import utc_now
from adapters.use_cases.observer import Observer
from adapters.use_cases.schedule import Job
from adapters.worker.backoff import Backoff
from adapters.worker.capacity import Capacity
from adapters.worker.configuration import Configuration
from adapters.worker.job_runner import JobRunner

_TICK = 0.1
"""Seconds within which it is noticed that the worker is to stop."""
LOOK = 15.0
"""Seconds between two looks for what is due: the clock of the machine may be set, a store may come
back, and a configuration may change."""


class EmbeddedWorker:
    """Looks for what is due, and does it with so many `workers` (`Capacity`)."""

    def __init__(
        self,
        configuration: Configuration,
        store: Store,
        observer: Observer,
        workers: int,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._capacity = Capacity(workers)
        self._duty = JobRunner(configuration, store, observer, self._capacity, now)
        self._observer = observer
        self._rest = Backoff()
        self._pool = ThreadPoolExecutor(self._capacity.most, thread_name_prefix="worker")
        self._lock = threading.Lock()
        # By whether a job is the clock's, which come first.
        self._waiting: dict[bool, deque[Job]] = {True: deque(), False: deque()}
        self._running: dict[str, Future[None]] = {}
        self._stopping = False

    def run(self, stop: threading.Event, grace: float) -> bool:
        """Works until `stop` is set; tells whether all that ran then ended within `grace` seconds.

        What did not was not stored either, and leaves nothing once the process ends.
        """
        # Apart, for the store may keep it waiting, and this thread is the one that hears signals.
        looking = threading.Thread(target=self._look_on, args=(stop,), name="look", daemon=True)
        looking.start()
        while not stop.is_set():  # not `wait`, whose lock the handler of a signal would find taken
            time.sleep(_TICK)
        end = time.monotonic() + grace
        with self._lock:
            self._stopping = True
            running = list(self._running.values())
        self._pool.shutdown(wait=False)
        late = wait(running, grace).not_done
        looking.join(max(0.0, end - time.monotonic()))
        return not late and not looking.is_alive()

    def _look_on(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self.look()
            stop.wait(self._duty.pause(LOOK))

    def look(self) -> None:
        """Begins what is due, and is not running or resting, as far as there are hands for it.

        The rest begins as hands come free, or is found anew by the next look.
        """
        try:
            due = self._duty.due()
            self._rest.keep(due)
            self._begin_anew(due)
        except Exception as error:  # also of a system that gives no more threads
            self._observer.unavailable(error)

    def _begin_anew(self, due: Sequence[Job]) -> None:
        """Forgets what waited, and begins what is due."""
        with self._lock:
            self._running = {key: job for key, job in self._running.items() if not job.done()}
            for clock, waiting in self._waiting.items():
                waiting.clear()
                waiting.extend(job for job in due if job.is_clock == clock)
            self._begin()

    def _begin(self) -> None:
        """Begins what waits and may begin; under the lock."""
        for clock, waiting in self._waiting.items():
            while waiting and not self._stopping and self._capacity.are_free(clock=clock):
                job = waiting.popleft()
                if job.company not in self._running and self._rest.is_over(job):
                    self._running[job.company] = self._pool.submit(self._do, job)
                    self._capacity.take(job)

    def _do(self, job: Job) -> None:
        if self._duty.do(job):
            self._rest.forget(job)
        else:
            self._rest.begin(job)
        with self._lock:
            self._capacity.leave(job)
            self._begin()
