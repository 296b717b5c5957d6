"""The log of a process that lives long: one line for each thing that an operator may care about.

No line quotes what a delivery says. So a run is told by its counts and the codes of its issues, and
an error by its type: only the errors whose sentences are our own are told in words.
"""

from __future__ import annotations

import copy
import logging
import os
import sys
import threading
from collections import Counter
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TextIO

import msgspec
import structlog

from adapters.errors import SettingsError
from adapters.escape import escape_control
from adapters.notify.notifier import NotificationResult
from adapters.settings import Settings
from adapters.sources.source import SourceUnreachable
from adapters.store.errors import StoreUnavailable
from adapters.use_cases.observer import Observer
from adapters.use_cases.schedule import DOING, Job, overdue
from domain.outcome import Outcome
from projections.runs import RunDocument

_OURS = ("tenure", "adapters", "cli", "domain", "projections")
"""Loggers of our own; of all others only warnings are heard."""
_NAMED = 10
"""So many companies are named on one line at most."""
_AGAIN = timedelta(minutes=10)
"""How long the same trouble is not repeated."""
_LEVELS = {
    Outcome.NO_FILE: logging.WARNING,
    Outcome.HELD: logging.WARNING,
    Outcome.REFUSED: logging.WARNING,
    Outcome.FAILED: logging.ERROR,
}


@contextmanager
def logging_to(stream: TextIO, level: str = "info") -> Iterator[None]:
    """Writes everything that is logged meanwhile to `stream`, from `level` on where it is ours:
    readable and coloured on a terminal, and else one JSON object a line.

    Faults that nobody catches, in threads too, are logged by their type.
    """
    root, handler = logging.getLogger(), logging.StreamHandler(stream)
    handler.setFormatter(_Formatter(stream.isatty()))
    handler.addFilter(_says_something)
    loggers = {name: logging.getLogger(name) for name in _OURS}
    levels = {name: logger.level for name, logger in loggers.items()}
    before = root.level, threading.excepthook, sys.unraisablehook
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for logger in loggers.values():
        logger.setLevel(level.upper())
    logging.captureWarnings(True)
    threading.excepthook = _thread_died
    sys.unraisablehook = _could_not_raise
    try:
        yield
    finally:
        logging.captureWarnings(False)
        for name, logger in loggers.items():
            logger.setLevel(levels[name])
        root.removeHandler(handler)
        root.setLevel(before[0])
        threading.excepthook, sys.unraisablehook = before[1:]


def logger() -> structlog.stdlib.BoundLogger:
    """What lines of our own are written with: an event, and what belongs to it."""
    bound: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger("tenure"),
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        context_class=dict,
    )
    return bound


class LogObserver(Observer):
    """Writes what it is told into the log.

    What the worker says at every look, as long as it lasts, is written when it begins and then
    every ten minutes.
    """

    def __init__(self) -> None:
        self._log = logger()
        self._late: frozenset[Job] = frozenset()
        self._away: tuple[str, datetime] | None = None
        self._misconfigured = False

    def started(self, **about: object) -> None:
        """The process is at work."""
        self._log.info("started", **_given(about))

    def stopping(self, grace: float) -> None:
        """It was told to stop, and gives what runs so many seconds."""
        self._log.info("stopping", grace=grace)

    def stopped(self, in_time: bool) -> None:
        """It stops now; whether all that ran came to its end."""
        if in_time:
            self._log.info("stopped")
        else:
            self._log.warning("stopped", problem="what still ran is given up; nothing is half done")

    def polled(self, due: Sequence[Job], now: datetime) -> None:
        """How much is due; louder where something is overdue, and again when nothing is."""
        self._answered()
        late = frozenset(overdue(due, now))
        self._log.debug("polled", due=len(due), overdue=len(late))
        if late - self._late:
            companies = sorted({job.company for job in late})[:_NAMED]
            self._log.warning("slots overdue", count=len(late), companies=companies)
        elif self._late and not late:
            self._log.info("slots served", count=len(self._late))
        self._late = late

    def stood_aside(self) -> None:
        """That another worker looks."""
        self._answered()
        self._log.debug("stood aside")

    def took_over(self, job: Job) -> None:
        """Whose job it is that a worker has left behind."""
        about = {"company": job.company, "slot": _moment(job.slot)}
        self._log.warning("job taken over", **_given(about))

    def ran(self, run: RunDocument) -> None:
        """One line: what it was, how it ended, what it did and which issues it has."""
        level = _LEVELS.get(run.outcome, logging.WARNING if run.counts.rejected else logging.INFO)
        told: dict[str, Any] = {
            "company": run.company,
            "kind": run.kind.value,
            "slot": _moment(run.slot),
            "outcome": run.outcome.value,
            "run": str(run.run),
            "seconds": round((run.finished - run.started).total_seconds(), 3),
            "counts": {name: n for name, n in msgspec.structs.asdict(run.counts).items() if n},
            "issues": dict(sorted(Counter(issue.code for issue in run.issues).items())),
        }
        self._log.log(level, "run ended", **_given(told))

    def failed(self, job: Job, error: Exception) -> None:
        """What could not be done, and why, as far as that can be said."""
        about = {"company": job.company, "slot": _moment(job.slot), **_told_of(error)}
        self._log.error("job failed", **_given(about))

    def unavailable(self, error: Exception) -> None:
        """That nothing can be found out at present."""
        about = _told_of(error)
        now, what = datetime.now(UTC), str(about)
        if self._away is not None and self._away[0] == what and now - self._away[1] < _AGAIN:
            return
        self._away = what, now
        self._log.error("store unavailable", **about)

    def configured(self, settings: Settings) -> None:
        """That all is well again, where something was not; and what may not be meant so."""
        if self._misconfigured:
            self._log.info("configured", companies=len(settings.customers))
        self._misconfigured = False
        for warning in settings.warnings:
            self._log.warning("doubtful configuration", problem=warning)

    def misconfigured(self, company: str | None, error: SettingsError) -> None:
        """What is wrong in the configuration, and where."""
        self._misconfigured = True
        self._log.error("misconfigured", **_given({"company": company, **_told_of(error)}))

    def notified(self, told: NotificationResult) -> None:
        """What became of a notification."""
        level = logging.INFO if told.result == "sent" else logging.WARNING
        run = str(told.run) if told.run else None
        about = {"company": told.company, "run": run, "via": told.via, "problem": told.problem}
        self._log.log(level, f"notification {told.result}", **_given(about))

    def _answered(self) -> None:
        """That the store is there again, where it was not."""
        if self._away is not None:
            self._away = None
            self._log.info("store available")


def _told_of(error: Exception) -> dict[str, str]:
    """An error as it may be told: its sentence only where that is ours."""
    told = {"error": type(error).__name__}
    match error:
        case SourceUnreachable() | StoreUnavailable():
            told["problem"] = error.problem
        case SettingsError():
            told["problem"] = str(error)
    return told


def _moment(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def _given(told: dict[str, Any]) -> dict[str, Any]:
    """Without what there is nothing to say of."""
    return {name: value for name, value in told.items() if value not in (None, {})}


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Lines of our own and of libraries, in one form."""

    def __init__(self, terminal: bool) -> None:
        form: Any = structlog.processors.JSONRenderer()
        if terminal:
            form = structlog.dev.ConsoleRenderer(
                0,  # columns that an event takes at least
                sort_keys=False,
                colors=not os.environ.get("NO_COLOR"),
                exception_formatter=structlog.dev.plain_traceback,
            )
        shared = [structlog.stdlib.add_log_level, _stamp]
        super().__init__(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _visible if terminal else _as_it_is,
                _in_order,
                form,
            ],
            # Lines of our own go through the same, when they are written.
            foreign_pre_chain=[*shared, _job, _name],
        )

    def format(self, record: logging.LogRecord) -> str:
        """One line. Other handlers may have the record too, so it stays as it is."""
        written = copy.copy(record)
        if isinstance(record.msg, dict):
            written.msg = {**record.msg, "level": record.levelname.lower(), **_time_of(record)}
        else:
            written.msg, written.args = _harmless(record), ()
        written.exc_info = written.exc_text = written.stack_info = None
        return super().format(written)


def _says_something(record: logging.LogRecord) -> bool:
    return isinstance(record.msg, dict) or bool(_harmless(record))


def _harmless(record: logging.LogRecord) -> str:
    """What a library says, without what it may quote: the texts of exceptions, which come as
    arguments, as tracebacks, and, from asyncio, on further lines."""
    args = record.args
    if isinstance(args, tuple):
        args = tuple(type(a).__name__ if isinstance(a, BaseException) else a for a in args)
    try:
        said = str(record.msg) % args if args else str(record.msg)
    except Exception:
        said = str(record.msg)  # a mistake of whoever logs is not worth a line
    if isinstance(record.msg, BaseException):
        said = type(record.msg).__name__
    (first, *_) = said.strip().splitlines() or [""]
    if record.exc_info and record.exc_info[0] is not None:
        return f"{first} ({record.exc_info[0].__name__})".lstrip()
    return first


def _time_of(record: logging.LogRecord) -> dict[str, str]:
    moment = datetime.fromtimestamp(record.created, UTC)
    return {"timestamp": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"}


_Event = MutableMapping[str, Any]


def _stamp(_: Any, __: str, event: _Event) -> _Event:
    return {**event, **_time_of(event["_record"])}


def _job(_: Any, __: str, event: _Event) -> _Event:
    """What this thread is at, where it is at something: the line itself does not say it."""
    job = DOING.get()
    about = {"company": job.company, "slot": _moment(job.slot)} if job else {}
    return {**event, **_given(about)}


def _name(_: Any, __: str, event: _Event) -> _Event:
    """Who says it, where it is not us."""
    return {**event, "logger": event["_record"].name}


def _as_it_is(_: Any, __: str, event: _Event) -> _Event:
    return event


def _visible(_: Any, __: str, event: _Event) -> _Event:
    """As people read it, and without signs that do something to a terminal."""
    told = {name: _in_words(name, value) for name, value in event.items()}
    shown = {name: escape_control(value) for name, value in told.items() if isinstance(value, str)}
    return {**told, **shown}


def _in_words(name: str, value: Any) -> Any:
    """`3 rows, 1 event`, `2 bad-date`, `acme, bravo`."""
    match value:
        case dict() if name == "counts":
            return ", ".join(
                f"{n} {what.removesuffix('s') if n == 1 else what}" for what, n in value.items()
            )
        case dict():
            return ", ".join(f"{n} {what}" for what, n in value.items())
        case list():
            return ", ".join(value)
        case _:
            return value


def _in_order(_: Any, __: str, event: _Event) -> _Event:
    """When, how serious and what first."""
    first = {name: event[name] for name in ("timestamp", "level", "event") if name in event}
    return {**first, **event}


def _thread_died(args: threading.ExceptHookArgs) -> None:
    name = args.thread.name if args.thread else "a thread"
    logging.getLogger("tenure.thread").error("%s died: %s", name, args.exc_type.__name__)


def _could_not_raise(unraisable: sys.UnraisableHookArgs) -> None:
    logging.getLogger("tenure.fault").error("ignored: %s", unraisable.exc_type.__name__)
