"""Secrets. The configuration names the place of each secret, and no setting has its text."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import msgspec

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")  # ACME_PASSWORD
_CREDENTIAL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")  # acme-password
_MAX_FILE_BYTES = 1024 * 1024  # a larger file is certainly the wrong one


class SecretUnreadable(Exception):
    """A secret cannot be read. `problem` says why, and names the setting and never the secret."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class Secret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The place of a password, a key or a passphrase. Exactly one of the three attributes is set.

    `env` is an environment variable, `file` is a file, and `credential` is the name of a
    credential that systemd passes to a service (`LoadCredential=`).
    """

    env: str | None = None
    file: Path | None = None
    credential: str | None = None

    def __post_init__(self) -> None:
        """Raises `ValueError`, without the values, unless the place of a secret is named."""
        named = [place for place in (self.env, self.file, self.credential) if place is not None]
        well_formed = (
            (self.env is None or _VARIABLE.fullmatch(self.env))
            and (self.credential is None or _CREDENTIAL.fullmatch(self.credential))
        )  # fmt: skip
        if len(named) != 1 or not well_formed:
            raise ValueError

    def read(self, setting: str) -> str:
        """Reads the secret and returns it, without the line break at the end of a file.

        Raises `SecretUnreadable`, which names `setting`.
        """
        text, place, problem = self._read()
        if problem:
            raise SecretUnreadable(_sentence(place, setting, problem))
        return text

    def warning(self, setting: str) -> str | None:
        """Returns a sentence if the secret cannot be read now, or if everybody can read it."""
        _, place, problem = self._read()
        if not problem and self.file is not None and _is_open_to_all(self.file):
            problem = "can be read by every user of this machine; `chmod o-rwx` corrects that"
        return _sentence(place, setting, problem) if problem else None

    def _read(self) -> tuple[str, str, str]:
        """Returns the text, the place and the problem, which is empty if there is none.

        Raises no error: its text or its context could quote the secret.
        """
        if self.file is not None:
            return _read_file(self.file, f"the file {self.file}")
        if self.credential is not None:
            place = f"the credential {self.credential}"
            directory = os.environ.get("CREDENTIALS_DIRECTORY")
            if not directory:
                return "", place, "is missing: systemd passed no credentials to this process"
            return _read_file(Path(directory) / self.credential, place)
        text = os.environ.get(self.env or "")
        place = f"the environment variable {self.env}"
        if text is None:
            return "", place, "is not set"
        # Python keeps bytes that are not UTF-8 as surrogates.
        if any("\ud800" <= char <= "\udfff" for char in text):
            return "", place, "is not UTF-8 text"
        return text, place, "" if text else "is empty"


def _sentence(place: str, setting: str, problem: str) -> str:
    return f"{place}, which `{setting}` names, {problem}"


def _read_file(file: Path, place: str) -> tuple[str, str, str]:
    """Returns the text of a file, its place and the problem, as `Secret._read` does."""
    data, problem = read_regular(file)
    if problem:
        return "", place, problem
    try:
        text = data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        return "", place, "is not UTF-8 text"
    return text, place, "" if text else "is empty"


def read_regular(file: Path) -> tuple[bytes, str]:
    """Returns the bytes of a small file, and the problem, which is empty if there is none.

    A pipe or a device is a problem: nobody may ever write to the other end.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return b"", "is not a regular file"
            with os.fdopen(descriptor, "rb", closefd=False) as stream:
                data = stream.read(_MAX_FILE_BYTES + 1)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        return b"", f"cannot be read ({getattr(error, 'strerror', None) or 'not a valid path'})"
    return (b"", "is too large") if len(data) > _MAX_FILE_BYTES else (data, "")


def _is_open_to_all(file: Path) -> bool:
    """Whether other users have any right. The group may have rights on purpose (containers)."""
    try:
        return bool(file.stat().st_mode & stat.S_IRWXO)
    except OSError:  # somebody removed the file since it was read
        return False
