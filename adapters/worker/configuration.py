"""The configuration of a process that lives long: read again when it has changed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from adapters.errors import SettingsError
from adapters.settings import Settings, company_files, load_settings
from adapters.worker.observer import Observer

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
        self._settings = load(file)
        self._tell_broken()

    def current(self) -> Settings:
        """The settings, read again if a file has changed since."""
        with self._lock:
            if self._clock() >= self._looked + _FRESH:
                self._looked = self._clock()
                stamps = self._stamped()
                if stamps != self._stamps:
                    self._stamps = stamps
                    self._reread()
            return self._settings

    def _reread(self) -> None:
        try:
            self._settings = self._load(self._file)
        except SettingsError as error:
            self._observer.misconfigured(None, error)
        except Exception as fault:
            name = type(fault).__name__
            self._observer.misconfigured(
                None, SettingsError(self._file, "", f"cannot be read ({name})")
            )
        else:
            self._tell_broken()

    def _tell_broken(self) -> None:
        for company, error in self._settings.broken.items():
            self._observer.misconfigured(company, error)

    def _stamped(self) -> dict[Path, tuple[int, int]]:
        """What tells a file from what it was: its time and size."""
        stamps = {}
        for path in (self._file, *company_files(self._file)):
            try:
                found = path.stat()
            except OSError:
                continue
            stamps[path] = found.st_mtime_ns, found.st_size
        return stamps
