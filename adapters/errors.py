"""What is wrong with the configuration; apart, so that who only names it need not read any."""

from __future__ import annotations

from pathlib import Path


class SettingsError(Exception):
    """The configuration cannot be used: in which file, at which key, and what was expected.

    Without a file the key is a variable of the environment.
    """

    def __init__(self, file: Path | None, key: str, expected: str) -> None:
        place = ", ".join(str(each) for each in (file, key) if each)
        if file is None:
            place = f"the environment variable {key}"
        super().__init__(f"{place}: {expected}")
        self.file = file
        self.key = key
        self.expected = expected
