"""Secrets: the configuration says where each one is, and nothing ever holds what it says."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from adapters.errors import SettingsError
from adapters.sources.source import SourceUnreachable

_PLACES = {
    "env": re.compile(r"[A-Za-z_][A-Za-z0-9_]*"),
    "file": re.compile(r".+", re.DOTALL),
    "credential": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*"),
}
_LARGEST = 1024 * 1024  # bytes; whatever is larger is the wrong file


class Secret(msgspec.Struct, frozen=True):
    """A password, key or passphrase: in the environment variable `env`, in the file `file`, or
    in the `credential` that systemd hands to a service (`LoadCredential=`)."""

    env: str | None = None
    file: Path | None = None
    credential: str | None = None

    def read(self, setting: str) -> str:
        """What it says now, without the line break that ends a file.

        Raises `SourceUnreachable`, naming `setting`, where there is nothing to read.
        """
        text, where, trouble = self._found()
        if trouble:
            raise SourceUnreachable(_told(where, setting, trouble))
        return text

    def warning(self, setting: str) -> str | None:
        """What keeps it from being read now, or lets everybody read it, in a sentence."""
        _, where, trouble = self._found()
        if not trouble and self.file is not None and _is_open_to_all(self.file):
            trouble = "can be read by everybody here; `chmod o-rwx` mends that"
        return _told(where, setting, trouble) if trouble else None

    def _found(self) -> tuple[str, str, str]:
        """Text, place and trouble; never an error, whose text or context could quote the secret."""
        if self.file is not None:
            return _in_file(self.file, f"the file {self.file}")
        if self.credential is not None:
            where = f"the credential {self.credential}"
            directory = os.environ.get("CREDENTIALS_DIRECTORY")
            if not directory:
                return "", where, "is not there: systemd has handed over none"
            return _in_file(Path(directory) / self.credential, where)
        text = os.environ.get(self.env or "")
        where = f"the environment variable {self.env}"
        if text is None:
            return "", where, "is not set"
        if any("\ud800" <= sign <= "\udfff" for sign in text):  # bytes that are no text
            return "", where, "is not UTF-8 text"
        return text, where, "" if text else "is empty"


def _told(where: str, setting: str, trouble: str) -> str:
    return f"{where}, which `{setting}` names, {trouble}"


def _in_file(file: Path, where: str) -> tuple[str, str, str]:
    """What a file says, like `_found`."""
    data, trouble = read_regular(file)
    if trouble:
        return "", where, trouble
    try:
        text = data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        return "", where, "is not UTF-8 text"
    return text, where, "" if text else "is empty"


def read_regular(file: Path) -> tuple[bytes, str]:
    """What is in a small file that the configuration names, and what keeps it from being read.

    Who is at the other end of a pipe or a device is not waited for.
    """
    try:
        opened = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(opened).st_mode):
                return b"", "is no regular file"
            with os.fdopen(opened, "rb", closefd=False) as stream:
                data = stream.read(_LARGEST + 1)
        finally:
            os.close(opened)
    except (OSError, ValueError) as error:
        return b"", f"cannot be read ({getattr(error, 'strerror', None) or 'no path'})"
    return (b"", "is too large") if len(data) > _LARGEST else (data, "")


def _is_open_to_all(file: Path) -> bool:
    """A group may be let in on purpose, as in a container."""
    try:
        return bool(file.stat().st_mode & stat.S_IRWXO)
    except OSError:  # it is gone meanwhile
        return False


def check_secret(file: Path, key: str, value: Any) -> None:
    """Raises `SettingsError` for a secret that stands in the configuration itself, without
    repeating it."""
    if value is None:
        return
    where = value if isinstance(value, dict) else {}
    kind, name = next(iter(where.items())) if len(where) == 1 else ("", "")
    shape = _PLACES.get(kind)
    if not (shape and isinstance(name, str) and shape.fullmatch(name)):
        raise SettingsError(
            file,
            key,
            'expected { env = "NAME" }, { file = "path" } or { credential = "name" }: a secret is '
            "kept in an environment variable, a file of its own or systemd's keeping, never here",
        )


def secret_at(where: Mapping[str, str] | None, base: Path) -> Secret | None:
    """The secret that a checked table says the place of; a path counts from `base`."""
    if where is None:
        return None
    if "file" in where:
        return Secret(file=base / where["file"])
    return Secret(env=where.get("env"), credential=where.get("credential"))
