"""The metrics, and whether the process is well, for whoever asks over HTTP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from prometheus_client import generate_latest

from adapters.worker.metrics import Metrics

_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_CONNECTION = 10.0
"""Seconds after which a connection ends, however far its client is."""
_CLIENTS = 16
"""So many are answered side by side at most."""


def serve(metrics: Metrics, host: str, port: int) -> AbstractContextManager[tuple[str, int]]:
    """Listens, and answers to HTTP for as long as it is entered; that tells address and port.

    Raises `OSError` at once where it cannot.
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
    """A thread for each client, and only so many."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 32

    def __init__(self, family: int, address: tuple[str, int], metrics: Metrics) -> None:
        self.address_family = family
        self.metrics = metrics
        self._room = threading.Semaphore(_CLIENTS)
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Without asking for the name of our own address, which may take long."""
        TCPServer.server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Lets one in, if there is room."""
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:  # a system that gives no more threads
            self._room.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """One client, who is gone when the time is over."""
        timer = threading.Timer(_CONNECTION, _hang_up, (request,))
        timer.daemon = True
        try:
            timer.start()
        except RuntimeError:  # a system that gives no more threads
            self.shutdown_request(request)
        else:
            super().process_request_thread(request, client_address)
        finally:
            timer.cancel()
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nobody's trouble."""


def _hang_up(request: socket.socket) -> None:
    with suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    """One question, one answer."""

    server: _Server
    timeout = _CONNECTION

    def do_GET(self) -> None:
        """`/metrics`, `/healthz`, `/livez`, and nothing else."""
        metrics = self.server.metrics
        match self.path.partition("?")[0]:
            case "/metrics":
                self._answer(200, generate_latest(metrics.registry), _TEXT)
            case "/healthz":
                self._say(metrics.trouble())
            case "/livez":
                self._say(metrics.standstill())
            case _:
                self._answer(404, b"not found\n")

    def do_HEAD(self) -> None:
        """The same without a body."""
        self.do_GET()

    def version_string(self) -> str:
        """Who answers."""
        return "tenure"

    def log_message(self, *_: Any) -> None:
        """Nobody need know who asked."""

    def _say(self, trouble: str | None) -> None:
        self._answer(503 if trouble else 200, f"{trouble or 'ok'}\n".encode())

    def _answer(self, status: int, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
