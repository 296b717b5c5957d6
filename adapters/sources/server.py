"""The part that all servers share: the address, the secrets, and the attempts of a pick-up."""

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
    """The regular files directly in `directory` of a server whose names match `pattern` (D2).

    `bind` is the local address to connect from. `settle` and `settle_limit` are in seconds (D4). A
    transient failure is tried again, with at most `attempts` attempts, within the `deadlines`.
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
        """The protocol, the user, the server and the directory."""
        return f"{self.protocol} {self.username}@{self.host}:{self.port} {self.directory}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each secret or file that cannot be read now, and for each secret that
        every user of this machine can read."""
        warnings = [_warning(name, getattr(self, name)) for name in self.__struct_fields__]
        return tuple(warning for warning in warnings if warning)

    @property
    def endpoint(self) -> Endpoint:
        """The host and port of the server, and the local address."""
        return Endpoint(self.host, self.port, self.bind)

    def fetch(self, limit: int) -> list[DeliveredFile]:
        """Returns the matching files, oldest first, then by name (D3).

        A file of more than `limit` bytes is returned without its data. Raises `SourceUnreachable`,
        and `StillUploading` if a file keeps changing (D4).
        """
        remaining = Deadline(self.deadlines.whole)
        stability = Stability(self.settle, self.settle_limit)

        def attempt() -> list[DeliveredFile]:
            with self.open_directory(remaining) as directory:
                return pick_up(directory, limit, stability, sleep=remaining.sleep)

        return retry(attempt, self.attempts, remaining)

    def open_directory(self, remaining: Deadline) -> AbstractContextManager[Directory]:
        """Connects, logs in and yields the directory. Closes the connection after the block, or at
        the end of `remaining`. Raises `SourceUnreachable`."""
        raise NotImplementedError


def _warning(setting: str, value: object) -> str | None:
    """Returns a sentence if the secret or file of a setting has a problem."""
    if isinstance(value, Secret):
        return value.warning(setting)
    if isinstance(value, Path):
        _, problem = read_regular(value)
        return f"the file {value}, which `{setting}` names, {problem}" if problem else None
    return None
