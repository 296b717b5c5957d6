"""What the tests of hostile servers share: limits of time, sources, and checks of a whole import.

Every reply of a hostile server contains a secret word, and no message of Tenure may repeat it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from adapters.secrets import Secret
from adapters.sources.deadline import Timeouts
from tests.adapters.hostile import (
    MARK,
    MEMORY,
    NAME,
    PASSWORD,
    SLACK,
    USER,
    VARIABLE,
    Line,
    Server,
    Told,
    Victim,
)

T = TypeVar("T")
Talk = Callable[[Line], None]
TORTURE = bool(os.environ.get("TENURE_TORTURE"))
MOMENT = 0.5
AT_ONCE = 1.5
"""Seconds in which a pick-up ends that waits for no deadline."""
IN_TIME = "within 0.5 seconds"
BROKE_OFF = "(the connection broke off)"
SILENT = "(the server stopped answering)"
UNEXPECTED = "(the server sent an unexpected reply)"
TOO_LONG = "took longer than 1 seconds"
OTHER_BYTES = "another number of bytes than the server lists"
NO_LISTING = "/outgoing on 127.0.0.1 cannot be listed"
NO_READING = f"{NAME} on 127.0.0.1 cannot be read"
NO_LOG_IN = "did not answer the log-in within 0.5 seconds"
BAD_NAMES = {
    "up": b"../alleo_employees_1.csv",
    "up in the middle": b"alleo_employees_/../../etc/passwd.csv",
    "absolute": b"/etc/alleo_employees_1.csv",
    "zero byte": b"alleo_employees_\0.csv",
    "line break": b"alleo_employees_\n.csv",
    "escape": b"alleo_employees_\x1b[2J.csv",
    "escape of eight bits": "alleo_employees_\x9b2J.csv".encode(),
    "100 kB": b"alleo_employees_" + b"x" * 100_000 + b".csv",
    "nothing": b"",
    "here": b".",
}


class Case(NamedTuple):
    """A hostile server, the words that report it, the settings of the source, and a deadline."""

    server: Callable[[], Server]
    words: tuple[str, ...]
    settings: dict[str, Any] = {}
    within: float = AT_ONCE


def calm(**changes: float) -> dict[str, Any]:
    """Returns time limits that no test reaches, except for `changes`.

    `whole` is the deadline of the pick-up.
    """
    limits = dict.fromkeys(Timeouts.__struct_fields__, 5.0) | {"whole": 10} | changes
    return {"deadline": limits.pop("whole"), "timeouts": Timeouts(**limits)}


def soon(*limits: str) -> dict[str, Any]:
    """Returns the limits of `calm`, some of which are `MOMENT`."""
    return calm(**dict.fromkeys(limits, MOMENT))


def with_torture(cases: dict[str, T], step: int = 0) -> dict[str, T]:
    """Returns all cases in the long variant, and otherwise each `step`-th one, or none."""
    chosen = list(cases) if TORTURE else list(cases)[::step] if step else []
    return {name: cases[name] for name in chosen}


def settings(server: Server) -> dict[str, Any]:
    """Returns the settings of a source that picks up from this server."""
    return {
        "host": "127.0.0.1",
        "port": server.port,
        "directory": "/outgoing",
        "pattern": "alleo_employees_*.csv",
        "username": USER,
        "password": Secret(env=VARIABLE),
        "settle": 0,
        "attempts": 1,
        **calm(),
    }


def then(first: bytes, talk: Talk) -> Talk:
    """Returns a talk that sends the first bytes, and then goes on with `talk`."""

    def both(line: Line) -> None:
        line.sendall(first)
        talk(line)

    return both


class Ground:
    """Runs imports from hostile servers, and checks what must hold after each import."""

    def __init__(self, victim: Victim, database: Path) -> None:
        self._victim = victim
        self._database = database

    def meet(
        self, server: Server, source: Any, within: float = AT_ONCE, people: int | None = 0
    ) -> Told:
        """Imports from the source and returns the result.

        The import must end `within` this number of seconds, plus `SLACK`, and must register this
        number of `people`; `None` means any number.
        """
        with closing(server):
            told = self._victim.pick_up(source, self._database, within)
        assert told.seconds < within + SLACK
        assert told.peak < MEMORY
        assert (told.threads, told.sockets) == ((), 0)
        assert self._victim.printed() == ""
        assert [word for word in (PASSWORD, MARK) if word in told.problem + told.behind] == []
        assert [sign for sign in "\n\x1b" if sign in told.problem] == []
        assert not told.fault
        assert people in (None, told.people)
        assert len(told.outcomes) == 1
        return told


def unreachable(told: Told, *words: str) -> None:
    """Asserts that the run failed as `unreachable`, and that the message has these words."""
    ends = (told.failure, told.outcomes, told.issues)
    assert ends == ("SourceUnreachable", ("failed",), ("unreachable",))
    assert [word for word in words if word not in told.problem] == [], told.problem


def still_uploading(told: Told) -> None:
    """Asserts that the run failed because a file was changing (D4)."""
    assert (told.failure, told.outcomes) == ("StillUploading", ("failed",))
    assert told.issues == ("still-uploading",)


def too_large(told: Told, size: int) -> None:
    """Asserts that the run was refused for a file over the limit, which was not read (F7)."""
    assert told.files == ((NAME, size, False),)
    assert (told.failure, told.outcomes, told.issues) == ("", ("refused",), ("too-large",))


def no_file(told: Told) -> None:
    """Asserts that no file counted (D2, D6)."""
    assert (told.files, told.failure) == ((), "")
    assert (told.outcomes, told.issues) == (("no-file",), ("no-file",))
