"""The configuration of a process that lives long: read again when it has changed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from adapters.errors import SettingsError
from adapters.settings import Settings, company_files, load_settings
from adapters.use_cases.observer import Observer

Stamps: TypeAlias = dict[Path, tuple[int, int, int]]

_FRESH = 5.0
"""Seconds for which files are not looked at again: there may be thousands."""


class Configuration:
    """Settings as they are in their files now.

    They are looked at before each look for what is due: so every slot is served by what is
    configured when it comes. While the files cannot be used, what was read before holds.
    """

    def __init__(
        self,
        file: Path,
        observer: Observer,
        load: Callable[[Path], Settings] = load_settings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises `SettingsError` where there is nothing to begin with."""
        self._file = file
        self._observer = observer
        self._load = load
        self._clock = clock
        self._looked = clock()
        self._lock = threading.Lock()
        self._stamps = self._stamped()
        self._told: Stamps | None = None
        self._settings = load(file)
        self._tell()

    def current(self) -> Settings:
        """The settings, read again if a file has changed since."""
        with self._lock:
            if self._clock() >= self._looked + _FRESH:
                self._looked = self._clock()
                stamps = self._stamped()
                if stamps != self._stamps:
                    self._reread(stamps)
            return self._settings

    def _reread(self, stamps: Stamps) -> None:
        """Reads the files; those that cannot be read are tried again, and told of once."""
        try:
            self._settings = self._load(self._file)
        except Exception as fault:
            if stamps != self._told:
                self._observer.misconfigured(None, self._explained(fault))
            self._told = stamps
        else:
            self._stamps, self._told = stamps, None
            self._tell()

    def _explained(self, fault: Exception) -> SettingsError:
        if isinstance(fault, SettingsError):
            return fault
        return SettingsError(self._file, "", f"cannot be read ({type(fault).__name__})")

    def _tell(self) -> None:
        self._observer.configured(self._settings)
        for company, error in self._settings.broken.items():
            self._observer.misconfigured(company, error)

    def _stamped(self) -> Stamps:
        """What tells a file from what it was: its times and size."""
        stamps = {}
        for path in (self._file, *company_files(self._file)):
            try:
                found = path.stat()
            except OSError:
                continue
            stamps[path] = found.st_mtime_ns, found.st_ctime_ns, found.st_size
        return stamps
