"""The configuration of a long-running process: it is read again after a change."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from adapters.errors import Fault, SettingsError
from adapters.settings import Settings, company_files, load_settings
from adapters.use_cases.observer import Observer

Stamps: TypeAlias = dict[Path, tuple[int, int, int]]
"""Modification time, change time (both in nanoseconds) and size in bytes of each file."""

_CHECK_INTERVAL_S = 5.0
"""Files are not looked at more often: there may be thousands."""


class Configuration:
    """The settings as they stand in their files now.

    The worker asks for them before each look for due jobs. So every slot is served with the
    settings of that moment. While the files cannot be used, the previous settings apply.
    """

    def __init__(
        self,
        file: Path,
        observer: Observer,
        load: Callable[[Path], Settings] = load_settings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Reads the settings in `file`. Raises `SettingsError` if they cannot be used."""
        self._file = file
        self._observer = observer
        self._load = load
        self._clock = clock
        self._checked_at = clock()
        self._is_asked_for = False
        self._lock = threading.Lock()
        self._stamps = self._read_stamps()
        self._reported: Stamps | None = None
        self._settings = load(file)
        self._report()

    def current(self) -> Settings:
        """Returns the settings. Reads them again if a file has changed, or after `reload`."""
        with self._lock:
            asked, self._is_asked_for = self._is_asked_for, False
            if asked or self._clock() >= self._checked_at + _CHECK_INTERVAL_S:
                self._checked_at = self._clock()
                stamps = self._read_stamps()
                if asked or stamps != self._stamps:
                    self._reread(stamps)
            return self._settings

    def reload(self) -> None:
        """Lets `current` read the files again. A signal handler may call it: it takes no lock."""
        self._is_asked_for = True

    def _reread(self, stamps: Stamps) -> None:
        """Reads the files again. A failure is reported once for each change, and tried again."""
        try:
            self._settings = self._load(self._file)
        except Exception as error:
            if stamps != self._reported:
                self._observer.misconfigured(None, self._settings_error(error))
            self._reported = stamps
        else:
            self._stamps, self._reported = stamps, None
            self._report()

    def _settings_error(self, error: Exception) -> SettingsError:
        if isinstance(error, SettingsError):
            return error
        return SettingsError(Fault(self._file, "", f"cannot be read ({type(error).__name__})"))

    def _report(self) -> None:
        self._observer.configured(self._settings)
        for company, error in self._settings.broken.items():
            self._observer.misconfigured(company, error)

    def _read_stamps(self) -> Stamps:
        """Returns the times and the size of each file, which tell whether a file has changed."""
        stamps = {}
        for path in (self._file, *company_files(self._file)):
            try:
                stat = path.stat()
            except OSError:
                continue
            stamps[path] = stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size
        return stamps
