"""The log of a long-running process: one line for each thing that an operator may care about.

No line quotes a delivery. So the line of a run has its counts and the codes of its issues, and the
line of an error has its type. Only errors with sentences of our own are logged with the sentence.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TextIO

import msgspec
import structlog

from adapters.errors import SettingsError
from adapters.notify.notifier import NotificationResult
from adapters.observe.log_format import LineFormatter, has_text, moment_text, without_empty
from adapters.settings import Settings
from adapters.sources.source import SourceUnreachable
from adapters.store.errors import StoreDamaged, StoreUnavailable
from adapters.use_cases.observer import Observer
from adapters.use_cases.schedule import Job, overdue
from domain.outcome import Outcome
from projections.runs import RunDocument

_OURS = ("tenure", "adapters", "cli", "domain", "projections")
"""Our own loggers. Of all others, only warnings and errors are logged."""
_MAX_COMPANIES = 10
"""Companies that one line names."""
_REPEAT_AFTER = timedelta(minutes=10)
"""The same problem is not logged again before this time."""
_LEVELS = {
    Outcome.NO_FILE: logging.WARNING,
    Outcome.HELD: logging.WARNING,
    Outcome.REFUSED: logging.WARNING,
    Outcome.FAILED: logging.ERROR,
}


@contextmanager
def logging_to(stream: TextIO, level: str = "info", *, colours: bool = True) -> Iterator[None]:
    """Writes the log to `stream` for the time of the `with`.

    `level` is the lowest level of our own lines. On a terminal, lines are readable and coloured;
    elsewhere, each line is a JSON object. Uncaught errors, in threads too, are logged by type.
    """
    root, handler = logging.getLogger(), logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter(stream.isatty(), colours))
    handler.addFilter(has_text)
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
    """Returns the logger of our own lines. A line is an event with its values."""
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
    """Logs what it observes.

    The worker reports a lasting problem at every look. It is logged when it begins, and then every
    ten minutes.
    """

    def __init__(self) -> None:
        self._log = logger()
        self._overdue: frozenset[Job] = frozenset()
        self._problem: tuple[str, datetime] | None = None
        self._misconfigured = False

    def started(self, **about: object) -> None:
        """Logs that the process has begun to work."""
        self._log.info("started", **without_empty(about))

    def stopping(self, grace: float) -> None:
        """Logs that the process has to stop. Running jobs have `grace` seconds to end."""
        self._log.info("stopping", grace=grace)

    def stopped(self, in_time: bool) -> None:
        """Logs that the process ends, and whether all running jobs ended `in_time`."""
        if in_time:
            self._log.info("stopped")
        else:
            self._log.warning(
                "stopped", problem="jobs that still ran were given up; nothing is half done"
            )

    def polled(self, due: Sequence[Job], now: datetime) -> None:
        """Logs the number of due jobs. Warns of overdue slots, and tells when they are served."""
        self._answered()
        late = frozenset(overdue(due, now))
        self._log.debug("polled", due=len(due), overdue=len(late))
        if late - self._overdue:
            companies = sorted({job.company for job in late})[:_MAX_COMPANIES]
            self._log.warning("slots overdue", count=len(late), companies=companies)
        elif self._overdue and not late:
            self._log.info("slots served", count=len(self._overdue))
        self._overdue = late

    def stood_aside(self) -> None:
        """Logs that another worker looks for due jobs."""
        self._answered()
        self._log.debug("stood aside")

    def took_over(self, job: Job) -> None:
        """Logs a job that is taken from a worker without a sign of life."""
        about = {"company": job.company, "slot": moment_text(job.slot)}
        self._log.warning("job taken over", **without_empty(about))

    def ran(self, run: RunDocument) -> None:
        """Logs a run on one line: its kind, outcome and counts, and the codes of its issues."""
        level = _LEVELS.get(run.outcome, logging.WARNING if run.counts.rejected else logging.INFO)
        values: dict[str, Any] = {
            "company": run.company,
            "kind": run.kind.value,
            "slot": moment_text(run.slot),
            "outcome": run.outcome.value,
            "run": str(run.run),
            "seconds": round((run.finished - run.started).total_seconds(), 3),
            "counts": {name: n for name, n in msgspec.structs.asdict(run.counts).items() if n},
            "issues": dict(sorted(Counter(issue.code for issue in run.issues).items())),
        }
        self._log.log(level, "run ended", **without_empty(values))

    def failed(self, job: Job, error: Exception) -> None:
        """Logs a job that failed, and the reason as far as it quotes no data."""
        about = {"company": job.company, "slot": moment_text(job.slot), **_describe(error)}
        self._log.error("job failed", **without_empty(about))

    def unavailable(self, error: Exception) -> None:
        """Logs that the worker cannot find out what is due."""
        about = _describe(error)
        now, problem = datetime.now(UTC), str(about)
        if (
            self._problem is not None
            and self._problem[0] == problem
            and now - self._problem[1] < _REPEAT_AFTER
        ):
            return
        self._problem = problem, now
        self._log.error("store unavailable", **about)

    def configured(self, settings: Settings) -> None:
        """Logs that the configuration is right again, if it was not, and its warnings."""
        if self._misconfigured:
            self._log.info("configured", companies=len(settings.customers))
        self._misconfigured = False
        for warning in settings.warnings:
            self._log.warning("doubtful configuration", problem=warning)

    def misconfigured(self, company: str | None, error: SettingsError) -> None:
        """Logs what is wrong in the configuration, and where."""
        self._misconfigured = True
        self._log.error("misconfigured", **without_empty({"company": company, **_describe(error)}))

    def notified(self, result: NotificationResult) -> None:
        """Logs the result of a notification."""
        level = logging.INFO if result.result == "sent" else logging.WARNING
        run = str(result.run) if result.run else None
        about = {
            "company": result.company,
            "run": run,
            "via": result.via,
            "problem": result.problem,
        }
        self._log.log(level, f"notification {result.result}", **without_empty(about))

    def _answered(self) -> None:
        """Logs that the store answers again, if it did not."""
        if self._problem is not None:
            self._problem = None
            self._log.info("store available")


def _describe(error: Exception) -> dict[str, str]:
    """Returns the values of an error that quote no data: its type, and a sentence of our own."""
    values = {"error": type(error).__name__}
    match error:
        case SourceUnreachable() | StoreUnavailable():
            values["problem"] = error.problem
        case SettingsError() | StoreDamaged():
            values["problem"] = str(error)
    return values


def _thread_died(args: threading.ExceptHookArgs) -> None:
    name = args.thread.name if args.thread else "a thread"
    logging.getLogger("tenure.thread").error("%s died: %s", name, args.exc_type.__name__)


def _could_not_raise(unraisable: sys.UnraisableHookArgs) -> None:
    logging.getLogger("tenure.fault").error("ignored: %s", unraisable.exc_type.__name__)
