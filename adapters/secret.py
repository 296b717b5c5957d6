"""Secrets: the configuration says where each one is, and nothing ever holds what it says."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from adapters.sources.source import SourceUnreachable

_LARGEST = 1024 * 1024  # bytes; whatever is larger is no secret but the wrong file


class Secret(msgspec.Struct, frozen=True):
    """A password, key or passphrase in the environment variable `env`, or in the file `file`."""

    env: str | None = None
    file: Path | None = None

    def read(self, setting: str) -> str:
        """What it says now, without the line break that ends a file.

        Raises `SourceUnreachable`, naming `setting`, where there is nothing to read.
        """
        text, where, trouble = self._found()
        if not trouble and not text:
            trouble = "is empty"
        if trouble:
            raise SourceUnreachable(f"{where}, which `{setting}` names, {trouble}")
        return text

    def _found(self) -> tuple[str, str, str]:
        """Text, place and trouble; never an error, whose text or context could quote the secret."""
        if self.file is None:
            text = os.environ.get(self.env or "")
            where = f"the environment variable {self.env}"
            return text or "", where, "is not set" if text is None else ""
        where = f"the file {self.file}"
        try:
            with self.file.open("rb") as stream:
                data = stream.read(_LARGEST + 1)
        except (OSError, ValueError) as error:
            return "", where, f"cannot be read ({getattr(error, 'strerror', None) or 'no path'})"
        if len(data) > _LARGEST:
            return "", where, "is too large for a secret"
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return "", where, "is not UTF-8 text"
        return text.removesuffix("\n").removesuffix("\r"), where, ""
