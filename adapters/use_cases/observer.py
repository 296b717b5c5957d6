"""Whoever wants to know how the schedule's work goes: the log, the metrics, the operator."""

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
    """Is told from any thread, and heeds what it is interested in. Nothing that it raises stops
    anybody's work."""

    def polled(self, due: Sequence[Job], now: datetime) -> None:
        """The worker has looked for what is due, and this is it."""

    def stood_aside(self) -> None:
        """The store has answered, and that another worker is looking for what is due."""

    def took_over(self, job: Job) -> None:
        """Whoever had this job shows no life any more, so that it is another's now."""

    def ran(self, run: RunDocument) -> None:
        """A run has ended and is stored."""

    def failed(self, job: Job, error: Exception) -> None:
        """A job came to an end that it should not have; it will be tried again if it is due."""

    def unavailable(self, error: Exception) -> None:
        """It cannot be found out what is due, mostly because the store cannot be reached."""

    def configured(self, settings: Settings) -> None:
        """The configuration has been read, and holds from now on."""

    def misconfigured(self, company: str | None, error: SettingsError) -> None:
        """The configuration cannot be used, and what was read before holds; or that of one
        `company`, which is not picked up until it is mended."""


class Observers(Observer):
    """Several observers, of whom none can be another's trouble."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def polled(self, due: Sequence[Job], now: datetime) -> None:
        """Tells all of them."""
        self._tell("polled", due, now)

    def stood_aside(self) -> None:
        """Tells all of them."""
        self._tell("stood_aside")

    def took_over(self, job: Job) -> None:
        """Tells all of them."""
        self._tell("took_over", job)

    def ran(self, run: RunDocument) -> None:
        """Tells all of them."""
        self._tell("ran", run)

    def failed(self, job: Job, error: Exception) -> None:
        """Tells all of them."""
        self._tell("failed", job, error)

    def unavailable(self, error: Exception) -> None:
        """Tells all of them."""
        self._tell("unavailable", error)

    def configured(self, settings: Settings) -> None:
        """Tells all of them."""
        self._tell("configured", settings)

    def misconfigured(self, company: str | None, error: SettingsError) -> None:
        """Tells all of them."""
        self._tell("misconfigured", company, error)

    def _tell(self, what: str, *about: object) -> None:
        for observer in self._observers:
            try:
                getattr(observer, what)(*about)
            except Exception as fault:
                # Its text is left out: it may quote what it was told.
                name = type(observer).__name__
                _log.error("%s could not be told: %s", name, type(fault).__name__)
