"""The HTTP server for the metrics and the health of the process."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from prometheus_client import generate_latest

from adapters.observe.metrics import Metrics
from adapters.watchdog import Overdue, hang_up, watchdog

_TEXT = "text/plain; version=0.0.4; charset=utf-8"
CONNECTION_S = 10.0
"""The longest life of a connection, so that a slow client cannot hold it."""
MAX_CLIENTS = 16
"""Clients that are answered side by side."""


def serve(metrics: Metrics, host: str, port: int) -> AbstractContextManager[tuple[str, int]]:
    """Listens at once. Answers HTTP for the time of the `with`, which yields address and port.

    Raises `OSError` if it cannot listen there.
    """
    (family, _, _, _, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return _answering(_Server(family, (str(address[0]), port), metrics))


@contextmanager
def _answering(server: _Server) -> Iterator[tuple[str, int]]:
    thread = threading.Thread(target=server.serve_forever, args=(0.2,), name="metrics", daemon=True)
    thread.start()
    try:
        yield str(server.server_address[0]), int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    """Answers each client in a thread, and at most `MAX_CLIENTS` at a time."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 32

    def __init__(self, family: int, address: tuple[str, int], metrics: Metrics) -> None:
        self.address_family = family
        self.metrics = metrics
        self._room = threading.Semaphore(MAX_CLIENTS)
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Binds without a DNS query for the name of our address, which may take long."""
        TCPServer.server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Accepts a client, unless there are too many."""
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:  # for example if the system gives no more threads
            self._room.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answers one client, and ends the connection when its time is over."""
        try:
            with suppress(Overdue), watchdog(CONNECTION_S, lambda: hang_up(request)):
                super().process_request_thread(request, client_address)
        except RuntimeError:  # the system gives no more threads
            self.shutdown_request(request)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Does nothing: a client that went away is no problem."""


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: _Server
    timeout = CONNECTION_S

    def do_GET(self) -> None:
        """Answers `/metrics`, `/healthz` and `/livez`."""
        metrics = self.server.metrics
        match self.path.partition("?")[0]:
            case "/metrics":
                self._answer(200, generate_latest(metrics.registry), _TEXT)
            case "/healthz":
                self._answer_health(metrics.problem())
            case "/livez":
                self._answer_health(metrics.standstill())
            case _:
                self._answer(404, b"not found\n")

    def do_HEAD(self) -> None:
        """Answers like `do_GET`, without a body."""
        self.do_GET()

    def version_string(self) -> str:
        """Returns the name of the server, without versions."""
        return "tenure"

    def log_message(self, *_: Any) -> None:
        """Logs no request."""

    def _answer_health(self, problem: str | None) -> None:
        self._answer(503 if problem else 200, f"{problem or 'ok'}\n".encode())

    def _answer(self, status: int, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
