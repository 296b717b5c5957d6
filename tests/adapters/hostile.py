"""Hostile servers, and the process that picks up from them.

    python -m tests.adapters.hostile DESCRIPTOR

The memory, the threads and the sockets of a pick-up, and whether it ends at all, can be measured
only in a process that does nothing else, because the servers in the test process use memory,
threads and sockets too. One such process serves many tests, because loading the libraries for the
protocols takes longer than a test. A process that was harmed is replaced.
"""

from __future__ import annotations

import os
import resource
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any, NamedTuple

USER, PASSWORD = "tenure", "correct horse battery staple"
VARIABLE = "ACME_HOSTILE"
MARK = "hunter2"
"""A text that is part of everything that a server sends, and that occurs nowhere else."""
NAME = "alleo_employees_1.csv"
CONTENT = f"email,first_name,last_name\n{MARK}@acme.example,{MARK},Bakker\n".encode()
MIB = 1024 * 1024
MEMORY = 256 * MIB
SLACK = 2.0
"""Seconds after a deadline within which a pick-up must have ended."""
_PATIENCE = 4.0
"""Further seconds in which the test still measures how late a pick-up is."""
_MOST = 1536 * MIB
"""The most bytes that the process can have: a test can see that it uses more than `MEMORY`."""
BYTE = 0.05
"""Seconds between two bytes of a server that is never silent and never ends."""


class Told(NamedTuple):
    """The result of a pick-up, and the resources that it used."""

    seconds: float
    peak: int  # bytes of memory
    failure: str  # the type of the error that the source raised, if any
    problem: str
    behind: str  # all texts of that error and of its causes
    threads: tuple[str, ...]  # the names of threads that are left
    sockets: int  # the number of sockets that are left open
    files: tuple[tuple[str, int, bool], ...]  # name, size, and whether it was read
    fault: str  # the type of the error that the import raised, if any
    outcomes: tuple[str, ...]  # the outcomes of all runs
    issues: tuple[str, ...]
    people: int


# The servers


class Line:
    """A connection to a client, on which a server can be slow, be silent, or abort."""

    def __init__(self, sock: socket.socket, over: threading.Event) -> None:
        self.sock = sock
        self.over = over
        self.slow = False

    def __getattr__(self, name: str) -> Any:
        """Returns any other attribute of the socket, because libraries use a line as a socket."""
        return getattr(self.sock, name)

    def send(self, data: bytes) -> int:
        """Sends data, byte by byte with pauses if the line is `slow`; returns the byte count."""
        if self.slow:
            self.drip(data)
            return len(data)
        return self.sock.send(data)

    def sendall(self, data: bytes) -> None:
        """Sends all data, byte by byte with pauses if the line is `slow`."""
        if self.slow:
            self.drip(data)
        else:
            self.sock.sendall(data)

    def drip(self, data: bytes) -> None:
        """Sends data byte by byte, with a pause after each; raises EOFError after the test."""
        for number in range(len(data)):
            self.sock.sendall(data[number : number + 1])
            if self.over.wait(BYTE):
                raise EOFError

    def drip_on(self, data: bytes = b"x") -> None:
        """Sends data byte by byte with pauses, again and again."""
        while True:
            self.drip(data)

    def flood(self, data: bytes) -> None:
        """Sends data again and again until the test is over."""
        while not self.over.is_set():
            self.sock.sendall(data)

    def say_nothing(self) -> None:
        """Waits until the test is over, and raises EOFError."""
        self.over.wait(60)
        raise EOFError

    def hang_up(self) -> None:
        """Ends the connection, and raises EOFError."""
        with suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)
        raise EOFError

    def reset(self) -> None:
        """Ends the connection with a reset, and raises EOFError."""
        abort(self.sock)
        raise EOFError


def abort(sock: socket.socket) -> None:
    """Closes a connection with a reset."""
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class Server:
    """A server that talks to every client in a thread of its own."""

    def __init__(self, talk: Callable[[Line], None]) -> None:
        self.over = threading.Event()
        self.connections = 0
        self._talk = talk
        self._socks: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(0.05)
        self.port = int(self._listening.getsockname()[1])
        self.spawn(self._serve)

    def spawn(self, work: Callable[[], object]) -> None:
        """Runs `work` in a thread, until the test is over or the client is gone."""

        def working() -> None:
            with suppress(OSError, EOFError, ValueError):
                work()

        thread = threading.Thread(target=working, daemon=True)
        self._threads.append(thread)
        thread.start()

    def keep(self, sock: socket.socket) -> socket.socket:
        """Registers a socket that is closed together with the server, and returns it."""
        self._socks.append(sock)
        return sock

    def _serve(self) -> None:
        while not self.over.is_set():
            with suppress(TimeoutError):
                sock = self.keep(self._listening.accept()[0])
                sock.settimeout(30)
                self.connections += 1
                self.spawn(lambda sock=sock: self._talk_on(sock))  # type: ignore[misc]

    def _talk_on(self, sock: socket.socket) -> None:
        try:
            self._talk(Line(sock, self.over))
        finally:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Ends all connections, threads and sockets."""
        self.over.set()
        for sock in self._socks:
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._listening.close()
        for sock in self._socks:
            sock.close()


def greet(text: bytes) -> Callable[[Line], None]:
    """Returns the talk of a server of another protocol, which always sends `text`."""

    def talk(line: Line) -> None:
        line.sendall(text)
        while line.recv(4096):
            line.sendall(text)

    return talk


# The process that picks up


class Victim:
    """A process that picks up, and reports the result."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._printed: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - close() closes it

    def pick_up(self, source: Any, database: Path, within: float) -> Told:
        """Returns the result of a whole import from the source.

        Raises AssertionError if the import has not ended long after `within` seconds.
        """
        pipe = self._ready()
        pipe.send((source, database))
        try:
            if not pipe.poll(within + SLACK + _PATIENCE):
                raise AssertionError(f"the pick-up has not ended {_PATIENCE} seconds too late")
            told: Told = pipe.recv()
        except BaseException:
            self.stop()
            raise
        if told.peak > MEMORY or told.threads or told.sockets:
            self.stop()
        return told

    def printed(self) -> str:
        """Returns the text on standard error, where the product should print nothing."""
        self._printed.seek(0)
        return self._printed.read().decode(errors="replace")

    def stop(self) -> None:
        """Ends the process, also in the middle of a pick-up."""
        if self._process and self._pipe:
            self._process.kill()
            self._process.wait()
            self._pipe.close()
        self._process = self._pipe = None
        self._printed.truncate(0)

    def close(self) -> None:
        """Ends the process, and closes the file of its output."""
        self.stop()
        self._printed.close()

    def _ready(self) -> Connection:
        if self._pipe is None:
            ours, theirs = Pipe()
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                cwd=Path(__file__).resolve().parents[2],
                env={**os.environ, VARIABLE: PASSWORD},
                pass_fds=[theirs.fileno()],
                stderr=self._printed,
            )
            theirs.close()
            self._pipe = ours
            assert ours.poll(60), self.printed()
            assert ours.recv() == "ready"
        return self._pipe


@contextmanager
def victim() -> Iterator[Victim]:
    """Yields a process that picks up, and ends it afterwards."""
    with closing(Victim()) as process:
        yield process


class _Watched:
    """A source that records how fetching from it ended."""

    def __init__(self, source: Any) -> None:
        self.pattern, self.place = source.pattern, source.place
        self.failure: Exception | None = None
        self.seconds = 0.0
        self.files: tuple[tuple[str, int, bool], ...] = ()
        self._source = source

    def fetch(self, limit: int, keeper: Any, progress: Any) -> Any:
        start = time.monotonic()
        try:
            found = self._source.fetch(limit, keeper)
        except Exception as error:
            self.failure = error
            raise
        finally:
            self.seconds = time.monotonic() - start
        self.files = tuple((file.name, file.size, file.data is not None) for file in found.files)
        return found


def _behind(error: BaseException | None) -> str:
    """Returns all texts of an error and of its causes."""
    if error is None:
        return ""
    said = "".join(traceback.format_exception(error, limit=0))
    for each in (error, error.__cause__, error.__context__):
        said += f"\n{each!r} {getattr(each, '__dict__', '')}"
    return said + _behind(error.__cause__ or error.__context__)


def _sockets() -> int:
    found = 0
    for each in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found += str(each.readlink()).startswith("socket:")
    return found


def _peak() -> int:
    """Returns the peak of memory in bytes since the last call of `_forget_peak`."""
    (line,) = (
        line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line
    )
    return int(line.split()[1]) * 1024


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _left_behind(before: set[threading.Thread]) -> tuple[str, ...]:
    """Returns the names of the threads that are still new after at most a second."""
    end = time.monotonic() + 1
    while time.monotonic() < end and set(threading.enumerate()) - before:
        time.sleep(0.01)
    return tuple(each.name for each in set(threading.enumerate()) - before)


def _pick_up(source: Any, database: Path) -> Told:
    from adapters.company_settings import Customer
    from adapters.store.opening import open_store
    from adapters.use_cases.import_delivery import import_delivery
    from tests.adapters.steps import Watch, app_of
    from tests.databases import created
    from tests.given import a_company

    watched = _Watched(source)
    customer = Customer(a_company(), watched)  # type: ignore[arg-type]
    fault = ""
    with closing(open_store(created(database))) as store:
        sockets, threads = _sockets(), set(threading.enumerate())
        _forget_peak()
        try:
            import_delivery(app_of(store, Watch(), customer), customer, "tester")
        except Exception as error:
            fault = type(error).__name__
        left = _left_behind(threads)
        runs = list(store.runs.latest("acme", 10))
        return Told(
            seconds=watched.seconds,
            peak=_peak(),
            failure=type(watched.failure).__name__ if watched.failure else "",
            problem=getattr(watched.failure, "problem", str(watched.failure or "")),
            behind=_behind(watched.failure),
            threads=left,
            sockets=_sockets() - sockets,
            files=watched.files,
            fault=fault,
            outcomes=tuple(str(run.ended.outcome.value) for run in runs),
            issues=tuple(issue.code for run in runs for issue in store.runs.issues(run)),
            people=len(list(store.roster.employees("acme"))),
        )


def main(descriptor: int) -> None:
    """Picks up from one source after the other, until the pipe is closed."""
    import adapters.sources.ftp.directory
    import adapters.sources.sftp.connection  # noqa: F401

    resource.setrlimit(resource.RLIMIT_AS, (_MOST, _MOST))
    ssl.create_default_context()
    with closing(Connection(descriptor)) as pipe, suppress(EOFError):
        pipe.send("ready")
        while True:
            source, database = pipe.recv()
            pipe.send(_pick_up(source, database))


if __name__ == "__main__":
    from tests.adapters import hostile

    hostile.main(int(sys.argv[1]))
