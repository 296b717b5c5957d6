"""A real SFTP server of asyncssh, in a thread of the test process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import asyncssh

USER, PASSWORD = "tenure", "correct horse battery staple"


class AsyncSsh(NamedTuple):
    """A running server: its port, and the fingerprint of its key."""

    port: int
    fingerprint: str


class _LogIn(asyncssh.SSHServer):
    """A server that accepts one password and one key; any one of the methods `ways` is enough."""

    def __init__(self, ways: Sequence[str], key: asyncssh.SSHKey | None) -> None:
        self._ways = ways
        self._key = key

    def password_auth_supported(self) -> bool:
        return "password" in self._ways

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)

    def kbdint_auth_supported(self) -> bool:
        return "keyboard-interactive" in self._ways

    def get_kbdint_challenge(
        self, username: str, lang: str, submethods: str
    ) -> tuple[str, str, str, list[tuple[str, bool]]]:
        return "", "", "", [("Password: ", False)]

    def validate_kbdint_response(self, username: str, responses: Sequence[str]) -> bool:
        return (username, list(responses)) == (USER, [PASSWORD])

    def public_key_auth_supported(self) -> bool:
        return "publickey" in self._ways

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == USER and key == self._key


@contextmanager
def running(root: Path, *ways: str, public_key: Path | None = None) -> Iterator[AsyncSsh]:
    """Yields a server of the files below `root`. Any one of the log-in methods `ways` is enough."""
    host_key = asyncssh.generate_private_key("ssh-ed25519")
    key = asyncssh.read_public_key(public_key) if public_key else None
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[host_key],
            server_factory=lambda: _LogIn(ways, key),
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(root)),
        )

    async def close(server: asyncssh.SSHAcceptor) -> None:
        server.close()
        await server.wait_closed()

    server = asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
    try:
        yield AsyncSsh(server.get_port(), host_key.get_fingerprint("sha256"))
    finally:
        asyncio.run_coroutine_threadsafe(close(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
