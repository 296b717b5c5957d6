"""Tells somebody of runs, in threads of its own: a run does not wait for that (ADR 0030)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import NamedTuple, TypeAlias
from uuid import UUID

import msgspec

from adapters.notify.delivering import MAX_PAUSE_S, deliver
from adapters.notify.failure import NotDelivered
from adapters.notify.writing import NotificationWriter
from adapters.notify_settings import Channel, Notify
from adapters.store.errors import StoreUnavailable
from adapters.store.store import Store
from adapters.use_cases.app import utc_now
from adapters.use_cases.observer import Observer
from adapters.use_cases.schedule import Job
from projections.answers.status import StatusDocument
from projections.notices import NoticeRow
from projections.runs import RunDocument

LOOK_INTERVAL_S = 10.0
"""The time between two looks for notices that other processes have left."""
_KILL_S = 2.0
"""The time for a program to end after it is stopped."""
_SPARE = timedelta(minutes=1)
"""The time that a notice stays taken beyond the longest time for its attempts."""

Deliver: TypeAlias = Callable[[Channel, Notify, bytes, threading.Event, bool], None]


class NotificationResult(NamedTuple):
    """The result of one notification on one channel.

    `result` is `sent`, `failed` or `postponed`. A notification is postponed if the process ends
    before it is sent: its notice stays in the store, and the next process sends it.
    """

    result: str
    via: Channel
    company: str
    run: UUID | None = None
    problem: str | None = None


class Notifier(Observer):
    """Sends the notifications whose notices are in the store. Each channel has its own thread.

    `report` gets the result of every notification, from any thread. `notify` returns the current
    configuration, and `statuses` the present health of all companies, for the daily digest. A
    failed notification never disturbs a run.
    """

    def __init__(
        self,
        store: Store,
        report: Callable[[NotificationResult], None],
        notify: Callable[[], Notify | None],
        statuses: Callable[[], Sequence[StatusDocument]] = list,
        *,
        deliver: Deliver = deliver,
    ) -> None:
        writer = NotificationWriter(store, statuses)
        self._senders = [
            _Sender(channel, store, report, notify, writer, deliver) for channel in Channel
        ]

    def start(self) -> None:
        """Starts the threads. They send what earlier processes have left, too."""
        for sender in self._senders:
            sender.thread.start()

    def ran(self, run: RunDocument) -> None:
        """Lets the threads look for notices at once."""
        self._wake()

    def failed(self, job: Job, error: Exception) -> None:
        """Lets the threads look for notices at once: the job may have left a failed run."""
        self._wake()

    def finish(self, seconds: float) -> None:
        """Waits up to `seconds` for the notifications that are still to be sent.

        After that time, the other notices wait in the store.
        """
        end = time.monotonic() + seconds
        for sender in self._senders:
            sender.ending.set()
        self._wake()
        for sender in self._senders:
            sender.join(end)
        for sender in self._senders:
            sender.stop.set()
        end = time.monotonic() + _KILL_S
        for sender in self._senders:
            sender.join(end)
            sender.postpone("there was no time left")

    def _wake(self) -> None:
        for sender in self._senders:
            sender.woken.set()


class _Sender:
    """Sends the notifications of one channel one by one, in a thread of its own.

    After a failed delivery there is one attempt for each notification until a delivery succeeds.
    """

    def __init__(
        self,
        channel: Channel,
        store: Store,
        report: Callable[[NotificationResult], None],
        notify: Callable[[], Notify | None],
        writer: NotificationWriter,
        deliver: Deliver,
    ) -> None:
        self.thread = threading.Thread(target=self._work, name=f"notifier-{channel}", daemon=True)
        self.woken = threading.Event()
        """Set when there may be notices."""
        self.ending = threading.Event()
        """Set when no further notice is written."""
        self.stop = threading.Event()
        """Set when there is no time left."""
        self._channel = channel
        self._store = store
        self._report = report
        self._notify = notify
        self._writer = writer
        self._deliver = deliver
        self._failing = False
        self._current: NoticeRow | None = None  # the notice that is being sent
        self._lock = threading.Lock()

    def join(self, end: float) -> None:
        """Waits for the thread until the moment `end` of the monotonic clock."""
        if self.thread.is_alive():
            self.thread.join(max(0.0, end - time.monotonic()))

    def postpone(self, problem: str) -> None:
        """Puts back the notice that is being sent, if there is one, and reports that."""
        notice = self._take_current()
        if notice is not None:
            with suppress(StoreUnavailable):  # then it stays taken for some minutes
                self._store.notices.put_back(notice)
            self._report(self._result("postponed", notice, problem))

    def _take_current(self) -> NoticeRow | None:
        """Returns the current notice to the first caller, and `None` to the next.

        The thread and `finish` may both want to report it, and it must be reported once.
        """
        with self._lock:
            current, self._current = self._current, None
            return current

    def _work(self) -> None:
        while not self.stop.is_set():
            with suppress(StoreUnavailable):  # the next look finds the notice again
                if self._send_next():
                    continue
            if self.ending.is_set():
                return
            self.woken.wait(LOOK_INTERVAL_S)
            self.woken.clear()

    def _send_next(self) -> bool:
        """Takes a notice and sends it. Returns `False` if there is none."""
        notify = self._notify()
        if notify is None or self._channel not in notify.channels():
            return False
        now, attempts_s = utc_now(), notify.attempts * (notify.timeout + MAX_PAUSE_S)
        until = now + timedelta(seconds=attempts_s) + _SPARE
        due = notify.next_digest(now)
        if due is not None:
            self._store.notices.expect_digest(self._channel, now, due)
        notice = self._store.notices.take(self._channel, now, until)
        if notice is None:
            return False
        self._current = notice
        self._send(notice, notify)
        return True

    def _send(self, notice: NoticeRow, notify: Notify) -> None:
        """Sends a notification, reports its result, and deletes the notice.

        The notice of a digest waits for the next day instead. The notice of a notification that was
        stopped is put back.
        """
        result = self._attempt(notice, notify)
        if result is not None and result.result == "failed" and self.stop.is_set():
            self.postpone(result.problem or "")
            return
        if self._take_current() is not None and result is not None:
            self._report(result)
        now = utc_now()
        due = notify.next_digest(now) if notice.is_digest else None
        if due is None:
            self._store.notices.delete(notice)
        else:
            self._store.notices.postpone(notice, now, due)

    def _attempt(self, notice: NoticeRow, notify: Notify) -> NotificationResult | None:
        """Delivers a notification and returns the result, or `None` if there is nothing to tell."""
        if notice.is_digest and notify.digest is None:
            return None
        try:
            document = self._writer.write(notice, utc_now())
            if document is None:
                return None
            body = msgspec.json.encode(document)
            self._deliver(self._channel, notify, body, self.stop, self._failing)
        except StoreUnavailable:
            raise
        except NotDelivered as error:
            self._failing = True
            return self._result("failed", notice, error.problem)
        except Exception as fault:
            # The text of the error may quote the run.
            return self._result("failed", notice, f"an unexpected fault ({type(fault).__name__})")
        self._failing = False
        return self._result("sent", notice)

    def _result(
        self, result: str, notice: NoticeRow, problem: str | None = None
    ) -> NotificationResult:
        return NotificationResult(result, self._channel, notice.company, notice.run, problem)
