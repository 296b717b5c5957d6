"""A port of this machine that leads to a server's socket, and that a test can cut."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class Relay:
    """A relay that passes on the data of both sides, until it is cut."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self.lose_reply_to: bytes | None = None
        """Data that the relay passes on to the server, but whose reply the relay loses."""
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, user: str, database: str, **parameters: str) -> str:
        """Returns the URL of a database through this relay."""
        more = "&".join(f"{name}={value}" for name, value in parameters.items())
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}?{more}"

    def cut(self) -> None:
        """Closes the port and all connections."""
        for each in (self._listener, *self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._target))
                self._open += [client, server]
                lost = threading.Event()
                for ways in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._pass, args=(*ways, lost), daemon=True).start()

    def _pass(
        self, source: socket.socket, to: socket.socket, asks: bool, lost: threading.Event
    ) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if asks and self.lose_reply_to is not None and self.lose_reply_to in data:
                    self.lose_reply_to = None
                    lost.set()
                elif not asks and lost.is_set():
                    break
                to.sendall(data)
        for each in (source, to):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextmanager
def relaying(target: Path) -> Iterator[Relay]:
    """Yields a relay to a socket, and cuts it afterwards."""
    relay = Relay(target)
    try:
        yield relay
    finally:
        relay.cut()
