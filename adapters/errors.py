"""The errors for a wrong configuration. This module imports nothing heavy."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Fault(NamedTuple):
    """One mistake in the configuration: the file, the key, and what is expected there.

    If `file` is `None`, `key` is an environment variable.
    """

    file: Path | None
    key: str
    expected: str

    def __str__(self) -> str:
        """Returns one sentence with the place and what is expected there."""
        if self.file is None:
            return f"the environment variable {self.key}: {self.expected}"
        return f"{', '.join(str(part) for part in (self.file, self.key) if part)}: {self.expected}"


class SettingsError(Exception):
    """The configuration cannot be used. `faults` has every mistake that was found."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


class Contradiction(ValueError):
    """Settings that do not fit together.

    `expected` maps the key of each wrong setting to what is expected there; `""` is the whole
    table. `__post_init__` of a struct raises it.
    """

    def __init__(self, expected: dict[str, str]) -> None:
        super().__init__("; ".join(expected.values()))
        self.expected = expected
