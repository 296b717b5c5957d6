"""Servers that mean harm, and the process that picks up from them.

    python -m tests.adapters.hostile DESCRIPTOR

What a pick-up takes of memory, threads and sockets, and whether it ends at all, shows only in a
process that does nothing else: the servers are in the tests' own, and have all of these too. One
such process serves many tests, since loading what speaks the protocols takes longer than they do;
one that was harmed is replaced.
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
"""What stands in everything that a server says, and nowhere else."""
NAME = "alleo_employees_1.csv"
CONTENT = f"email,first_name,last_name\n{MARK}@acme.example,{MARK},Bakker\n".encode()
MIB = 1024 * 1024
MEMORY = 256 * MIB
SLACK = 2.0
"""Seconds after a deadline in which a pick-up must have ended."""
_PATIENCE = 4.0
"""Seconds after that in which it is still measured how late it is."""
_MOST = 1536 * MIB
"""Bytes that the process can have: enough to see that it wants too many, and no more."""
BYTE = 0.05
"""Seconds between two bytes of who is never silent and never done."""


class Told(NamedTuple):
    """What came of a pick-up, and what it took."""

    seconds: float
    peak: int  # bytes of memory
    failure: str  # the type of what the source raised, if it did
    problem: str
    behind: str  # everything that says, with all that is behind it
    threads: tuple[str, ...]  # that are left behind
    sockets: int  # that are left open
    files: tuple[tuple[str, int, bool], ...]  # name, size, and whether it was read
    fault: str  # what the import raised, if it did
    outcomes: tuple[str, ...]  # of all runs
    issues: tuple[str, ...]
    people: int


# The servers


class Line:
    """A connection to a client, on which a server is slow, silent or rude."""

    def __init__(self, sock: socket.socket, over: threading.Event) -> None:
        self.sock = sock
        self.over = over
        self.slow = False

    def __getattr__(self, name: str) -> Any:
        """Everything else that a socket has: libraries take a line for one."""
        return getattr(self.sock, name)

    def send(self, data: bytes) -> int:
        """Sends something: a byte now and then, once it is `slow`."""
        if self.slow:
            self.drip(data)
            return len(data)
        return self.sock.send(data)

    def sendall(self, data: bytes) -> None:
        """Sends everything."""
        if self.slow:
            self.drip(data)
        else:
            self.sock.sendall(data)

    def drip(self, data: bytes) -> None:
        """Sends a byte now and then."""
        for number in range(len(data)):
            self.sock.sendall(data[number : number + 1])
            if self.over.wait(BYTE):
                raise EOFError

    def drip_on(self, data: bytes = b"x") -> None:
        """Never stops to send a byte now and then."""
        while True:
            self.drip(data)

    def flood(self, data: bytes) -> None:
        """Never stops to send."""
        while not self.over.is_set():
            self.sock.sendall(data)

    def say_nothing(self) -> None:
        """Waits until the test is over."""
        self.over.wait(60)
        raise EOFError

    def hang_up(self) -> None:
        """Ends the connection."""
        with suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)
        raise EOFError

    def reset(self) -> None:
        """Ends it as a machine does that was switched off and on."""
        abort(self.sock)
        raise EOFError


def abort(sock: socket.socket) -> None:
    """Closes a connection with a reset."""
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class Server:
    """Talks to every client in a thread of its own."""

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
        """Does something beside the rest, until the test is over or the client is gone."""

        def working() -> None:
            with suppress(OSError, EOFError, ValueError):
                work()

        thread = threading.Thread(target=working, daemon=True)
        self._threads.append(thread)
        thread.start()

    def keep(self, sock: socket.socket) -> socket.socket:
        """Has a socket end with the server."""
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
        """Ends everything."""
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
    """Another server's greeting, and its answer to whatever it hears."""

    def talk(line: Line) -> None:
        line.sendall(text)
        while line.recv(4096):
            line.sendall(text)

    return talk


# The process that picks up


class Victim:
    """A process that picks up, and tells what came of it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._printed: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with it

    def pick_up(self, source: Any, database: Path, within: float) -> Told:
        """A whole import from the source, which should end `within` so many seconds."""
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
        """What it has printed, which nothing of ours should."""
        self._printed.seek(0)
        return self._printed.read().decode(errors="replace")

    def stop(self) -> None:
        """Ends it, whatever it is at."""
        if self._process and self._pipe:
            self._process.kill()
            self._process.wait()
            self._pipe.close()
        self._process = self._pipe = None
        self._printed.truncate(0)

    def close(self) -> None:
        """Ends it for good."""
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
    """A process for as long as it is needed."""
    with closing(Victim()) as process:
        yield process


class _Watched:
    """A source, and how fetching from it ended."""

    def __init__(self, source: Any) -> None:
        self.pattern = source.pattern
        self.failure: Exception | None = None
        self.seconds = 0.0
        self.files: tuple[tuple[str, int, bool], ...] = ()
        self._source = source

    def fetch(self, limit: int) -> Any:
        start = time.monotonic()
        try:
            files = self._source.fetch(limit)
        except Exception as error:
            self.failure = error
            raise
        finally:
            self.seconds = time.monotonic() - start
        self.files = tuple((file.name, file.size, file.data is not None) for file in files)
        return files


def _behind(error: BaseException | None) -> str:
    """All that an error and those behind it say."""
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
    """The most memory since it was last forgotten, in bytes."""
    (line,) = (
        line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line
    )
    return int(line.split()[1]) * 1024


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _left_behind(before: set[threading.Thread]) -> tuple[str, ...]:
    """The threads that are more than there were, a moment later."""
    end = time.monotonic() + 1
    while time.monotonic() < end and set(threading.enumerate()) - before:
        time.sleep(0.01)
    return tuple(each.name for each in set(threading.enumerate()) - before)


def _pick_up(source: Any, database: Path) -> Told:
    from adapters.settings import Customer
    from adapters.store.opening import open_store
    from adapters.use_cases.import_delivery import import_delivery
    from tests.adapters.steps import Watch, app_of
    from tests.given import a_company

    watched = _Watched(source)
    customer = Customer(a_company(), watched)  # type: ignore[arg-type]
    fault = ""
    with closing(open_store(database)) as store:
        sockets, threads = _sockets(), set(threading.enumerate())
        _forget_peak()
        try:
            import_delivery(app_of(store, Watch(), customer), customer, "tester")
        except Exception as error:
            fault = type(error).__name__
        left = _left_behind(threads)
        runs = list(store.runs("acme", 10))
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
            issues=tuple(issue.code for run in runs for issue in store.issues(run)),
            people=len(list(store.employees("acme"))),
        )


def main(descriptor: int) -> None:
    """Picks up from one source after the other."""
    import adapters.sources.ftp_directory
    import adapters.sources.ssh  # noqa: F401

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
