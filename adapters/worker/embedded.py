"""The schedule in one process, over any store. Companies run side by side."""

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

_STOP_CHECK_S = 0.1
"""How often the worker checks whether it has to stop."""
LOOK_INTERVAL_S = 15.0
"""The longest time between two looks for due jobs. The worker could compute when a job falls due.
But the clock of the machine may be set, a store may come back, and a configuration may change."""


class EmbeddedWorker:
    """Looks for due jobs and does them. `workers` limits the jobs side by side (`Capacity`)."""

    def __init__(
        self,
        configuration: Configuration,
        store: Store,
        observer: Observer,
        workers: int,
        now: Callable[[], datetime] = utc_now,
        *,
        login: str | None = None,
    ) -> None:
        self._capacity = Capacity(workers)
        self._runner = JobRunner(configuration, store, observer, self._capacity, now, login)
        self._observer = observer
        self._backoff = Backoff()
        self._pool = ThreadPoolExecutor(self._capacity.most, thread_name_prefix="worker")
        self._lock = threading.Lock()
        # The key tells whether a job is a clock job. Clock jobs come first.
        self._waiting: dict[bool, deque[Job]] = {True: deque(), False: deque()}
        self._running: dict[str, Future[None]] = {}
        self._stopping = False

    def run(self, stop: threading.Event, grace: float) -> bool:
        """Works until `stop` is set. Returns whether all running jobs ended within `grace` seconds.

        A job that did not end has stored nothing, and leaves nothing once the process ends.
        """
        # In a thread of its own: the store may block it, and only the main thread gets signals.
        looking = threading.Thread(
            target=self._keep_looking, args=(stop,), name="look", daemon=True
        )
        looking.start()
        # Not `stop.wait()`: the signal handler calls `stop.set()`, and could not get its lock.
        while not stop.is_set():
            time.sleep(_STOP_CHECK_S)
        end = time.monotonic() + grace
        with self._lock:
            self._stopping = True
            running = list(self._running.values())
        self._pool.shutdown(wait=False)
        late = wait(running, grace).not_done
        looking.join(max(0.0, end - time.monotonic()))
        return not late and not looking.is_alive()

    def _keep_looking(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self.look()
            stop.wait(self._runner.pause(LOOK_INTERVAL_S))

    def look(self) -> None:
        """Begins the due jobs that neither run nor rest, as far as the capacity allows.

        The other jobs begin when a job ends, or after the next look.
        """
        try:
            due = self._runner.due()
            self._backoff.keep(due)
            self._replace_waiting(due)
        except Exception as error:  # also if the system gives no more threads
            self._observer.unavailable(error)

    def _replace_waiting(self, due: Sequence[Job]) -> None:
        """Replaces the waiting jobs by the due ones, and begins them."""
        with self._lock:
            self._running = {key: job for key, job in self._running.items() if not job.done()}
            for clock, waiting in self._waiting.items():
                waiting.clear()
                waiting.extend(job for job in due if job.is_clock == clock)
            self._begin()

    def _begin(self) -> None:
        """Begins the waiting jobs that may begin. The caller holds the lock."""
        for clock, waiting in self._waiting.items():
            while waiting and not self._stopping and self._capacity.has_room(clock=clock):
                job = waiting.popleft()
                if job.company not in self._running and self._backoff.is_over(job):
                    self._running[job.company] = self._pool.submit(self._do, job)
                    self._capacity.take(job)

    def _do(self, job: Job) -> None:
        if self._runner.do(job):
            self._backoff.forget(job)
        else:
            self._backoff.begin(job)
        with self._lock:
            self._capacity.leave(job)
            self._begin()
