"""What every source that is a server has in common: where it is, and how long it is tried."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from adapters.secret import Secret, read_regular
from adapters.sources.attempts import retry
from adapters.sources.connecting import Endpoint
from adapters.sources.deadlines import Deadline, Deadlines
from adapters.sources.pickup import Directory, Stability, pick_up
from adapters.sources.source import DeliveredFile


class ServerSource(msgspec.Struct, frozen=True, kw_only=True):
    """Every regular file directly in `directory` of a server whose name matches `pattern` (D2).

    `bind` is the local address to connect from. What may work in a moment is tried `attempts`
    times, and all of it takes no longer than the `deadlines` say.
    """

    protocol: str
    host: str
    port: int
    directory: str
    pattern: str
    username: str
    bind: str | None = None
    settle: float = 5
    settle_limit: float = 60
    attempts: int = 4
    deadlines: Deadlines = Deadlines()

    @property
    def place(self) -> str:
        """Who logs in where, and the directory."""
        return f"{self.protocol} {self.username}@{self.host}:{self.port} {self.directory}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """Which of the secrets and files that it names cannot be read here and now, and which
        secret everybody can read."""
        found = [_warning(name, getattr(self, name)) for name in self.__struct_fields__]
        return tuple(warning for warning in found if warning)

    @property
    def endpoint(self) -> Endpoint:
        """Where the server listens."""
        return Endpoint(self.host, self.port, self.bind)

    def fetch(self, limit: int) -> list[DeliveredFile]:
        """The matching files, oldest first, then by name (D3).

        Raises `SourceUnreachable`, and `StillUploading` when a file changes meanwhile (D4).
        """
        remaining = Deadline(self.deadlines.whole)
        settling = Stability(self.settle, self.settle_limit)

        def attempt() -> list[DeliveredFile]:
            with self.entered(remaining) as directory:
                return pick_up(directory, limit, settling, sleep=remaining.sleep)

        return retry(attempt, self.attempts, remaining)

    def entered(self, remaining: Deadline) -> AbstractContextManager[Directory]:
        """The directory, all the way from the name of the server; it is left afterwards, or when
        nothing remains of the time. Raises `SourceUnreachable`."""
        raise NotImplementedError


def _warning(setting: str, value: object) -> str | None:
    """What is wrong with the secret or file that a setting names."""
    if isinstance(value, Secret):
        return value.warning(setting)
    if isinstance(value, Path):
        _, trouble = read_regular(value)
        return f"the file {value}, which `{setting}` names, {trouble}" if trouble else None
    return None
