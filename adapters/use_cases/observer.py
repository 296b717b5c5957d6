"""Observers of the schedule's work: the log, the metrics, the notifications."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from adapters.errors import SettingsError
from adapters.settings import Settings
from adapters.use_cases.schedule import Job
from projections.runs import RunDocument

_log = logging.getLogger(__name__)


class Observer:
    """Gets every report of the schedule's work, and ignores what it does not override.

    Any thread may call it.
    """

    def polled(self, due: Sequence[Job], now: datetime) -> None:
        """The worker has looked for due jobs. `due` has them all."""

    def stood_aside(self) -> None:
        """The store answers, and other workers look for due jobs."""

    def took_over(self, job: Job) -> None:
        """The worker that had this job gives no sign of life. Another worker gets the job."""

    def ran(self, run: RunDocument) -> None:
        """A run has ended and is stored."""

    def failed(self, job: Job, error: Exception) -> None:
        """A job failed with an unexpected error. It is tried again while it is due."""

    def unavailable(self, error: Exception) -> None:
        """The worker cannot find out what is due, mostly because the store cannot be reached."""

    def configured(self, settings: Settings) -> None:
        """The configuration was read, and applies from now on."""

    def misconfigured(self, company: str | None, error: SettingsError) -> None:
        """The configuration cannot be used, and the previous one still applies.

        If `company` is given, only the settings of this company are wrong. Its deliveries are not
        picked up until they are corrected.
        """


class Observers(Observer):
    """Several observers. An error in one of them reaches neither the others nor the caller."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def polled(self, due: Sequence[Job], now: datetime) -> None:
        """Tells every observer."""
        self._tell("polled", due, now)

    def stood_aside(self) -> None:
        """Tells every observer."""
        self._tell("stood_aside")

    def took_over(self, job: Job) -> None:
        """Tells every observer."""
        self._tell("took_over", job)

    def ran(self, run: RunDocument) -> None:
        """Tells every observer."""
        self._tell("ran", run)

    def failed(self, job: Job, error: Exception) -> None:
        """Tells every observer."""
        self._tell("failed", job, error)

    def unavailable(self, error: Exception) -> None:
        """Tells every observer."""
        self._tell("unavailable", error)

    def configured(self, settings: Settings) -> None:
        """Tells every observer."""
        self._tell("configured", settings)

    def misconfigured(self, company: str | None, error: SettingsError) -> None:
        """Tells every observer."""
        self._tell("misconfigured", company, error)

    def _tell(self, method: str, *arguments: object) -> None:
        for observer in self._observers:
            try:
                getattr(observer, method)(*arguments)
            except Exception as error:
                # The error's text may quote the arguments, and with them personal data.
                name = type(observer).__name__
                _log.error("observer %s failed: %s", name, type(error).__name__)
