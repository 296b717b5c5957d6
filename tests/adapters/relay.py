"""A port of this machine that leads to a server, and that a test can cut."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class Relay:
    """A relay that passes on the data of both sides, until it is cut."""

    def __init__(self, target: Path | int, port: int = 0) -> None:
        """`target` is the socket of a server, or its port on this machine."""
        self.target = target
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self.lose_reply_to: bytes | None = None
        """Data that the relay passes on to the server, but whose reply the relay loses."""
        self.loses_request = False
        """Whether the relay loses that data too."""
        self.lost: Callable[[], object] = lambda: None
        """Is called as soon as the data is lost, or was passed on."""
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, user: str, database: str, **parameters: str) -> str:
        """Returns the URL of a database through this relay."""
        more = "&".join(f"{name}={value}" for name, value in parameters.items())
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}?{more}"

    def cut(self) -> None:
        """Closes the port and all connections."""
        _close(self._listener)
        self.drop()

    def drop(self) -> None:
        """Closes the present connections. The relay accepts new ones."""
        closing, self._open = self._open, []
        for each in closing:
            _close(each)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = self._connected()
                self._open += [client, server]
                lost = threading.Event()
                for ways in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._pass, args=(*ways, lost), daemon=True).start()

    def _connected(self) -> socket.socket:
        if isinstance(self.target, int):
            return socket.create_connection(("127.0.0.1", self.target))
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(self.target))
        return server

    def _pass(
        self, source: socket.socket, to: socket.socket, asks: bool, lost: threading.Event
    ) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                losing = asks and self.lose_reply_to is not None and self.lose_reply_to in data
                if losing:
                    self.lose_reply_to = None
                    lost.set()
                elif not asks and lost.is_set():
                    break
                if not (losing and self.loses_request):
                    to.sendall(data)
                if losing:
                    self.lost()
                    if self.loses_request:
                        break
        for each in (source, to):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


def _close(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()


@contextmanager
def relaying(target: Path | int, port: int = 0) -> Iterator[Relay]:
    """Yields a relay, and cuts it afterwards."""
    relay = Relay(target, port)
    try:
        yield relay
    finally:
        relay.cut()
