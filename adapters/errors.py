"""What is wrong with the configuration; apart, so that who only names it need not read any."""

from __future__ import annotations

from pathlib import Path


class SettingsError(Exception):
    """The configuration cannot be used: in which file, at which key, and what was expected."""

    def __init__(self, file: Path, key: str, expected: str) -> None:
        place = f"{file}, {key}" if key else str(file)
        super().__init__(f"{place}: {expected}")
        self.file = file
        self.key = key
        self.expected = expected
