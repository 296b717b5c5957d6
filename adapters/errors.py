"""The error for a wrong configuration. This module imports nothing heavy."""

from __future__ import annotations

from pathlib import Path


class SettingsError(Exception):
    """The configuration cannot be used.

    `file` and `key` name the wrong setting, and `expected` says what is expected there. If `file`
    is `None`, `key` is an environment variable.
    """

    def __init__(self, file: Path | None, key: str, expected: str) -> None:
        place = ", ".join(str(part) for part in (file, key) if part)
        if file is None:
            place = f"the environment variable {key}"
        super().__init__(f"{place}: {expected}")
        self.file = file
        self.key = key
        self.expected = expected
