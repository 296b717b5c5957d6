"""The directory of a company, and the command that a test calls in it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import pytest

from cli.main import execute
from cli.terminal.screen import PIPE
from tests.databases import created
from tests.given import NOW, csv

ACME = """
    [company.acme]
    name = "Acme BV"
    language = "nl"
    groups = ["Sales", "Engineering"]

    [company.acme.source]
    protocol = "folder"
    directory = "outgoing"

    [company.acme.custom_fields]
    custom_salary = "decimal"
"""


MAIN = (sys.executable, "-c", "from cli.main import run; run()")
"""The command line that runs `tenure` as a process of its own."""
PATIENCE = 20.0
"""Seconds that a test waits for another process."""
ASKED = ("--by", "Eva", "--reason", "ticket 7")
"""The name and the reason that every decision needs."""


def soon(what: Callable[[], Any]) -> Any:
    """Calls `what` until its result is true, and returns that result.

    Raises AssertionError after PATIENCE seconds.
    """
    end = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)
    return found


class Answer(NamedTuple):
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Returns the JSON document on standard output. Asserts that nothing else is there."""
        document, end = json.JSONDecoder().raw_decode(self.out)
        assert self.out[end:] == "\n"
        return document


class Desk:
    """A directory with a configuration and deliveries, in which a test runs commands."""

    def __init__(self, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.directory = directory
        self.now = NOW
        self.screen = PIPE
        self._capsys = capsys

    def configure(self, text: str = ACME, file: str = "tenure.toml") -> Path:
        """Writes a configuration, and returns its path."""
        return self.write(file, dedent(text).lstrip("\n").encode())

    def write(self, name: str, data: bytes) -> Path:
        """Writes a file, and returns its path."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def deliver(self, text: str | bytes, folder: str = "outgoing", name: str = "1") -> Path:
        """Writes a file where the company's source finds it, and returns its path."""
        data = csv(text) if isinstance(text, str) else text
        return self.write(f"{folder}/alleo_employees_{name}.csv", data)

    def type(self, *arguments: str | Path) -> Answer:
        """Runs one command at the moment `now` on `screen`, and returns its answer."""
        self._capsys.readouterr()
        told: dict[str, object] = {
            "now": self._time,
            "screen": self.screen,
            "error_screen": self.screen,
        }
        code = execute([str(each) for each in arguments], told)
        return Answer(code, *self._capsys.readouterr())

    def _time(self) -> datetime:
        return self.now


@pytest.fixture
def desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    """Returns Acme's directory and its empty database. There is no delivery.

    The environment has no variable of Tenure.
    """
    for name in ("TENURE_CONFIG", "TENURE_DATABASE", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    directory = tmp_path / "desk"
    (directory / "outgoing").mkdir(parents=True)
    monkeypatch.chdir(directory)
    desk = Desk(directory, capsys)
    desk.configure()
    created(directory / "tenure.db")
    return desk


def assert_explained(answer: Answer, words: Iterable[str] = ()) -> None:
    """Asserts that standard error has one sentence and a hint, and standard output is empty."""
    assert answer.out == ""
    assert "Traceback" not in answer.err
    lines = [line for line in answer.err.splitlines() if line]
    (sentence,) = [line for line in lines if line.startswith("Error: ")]
    assert sentence.endswith(".")
    (hint,) = [line for line in lines if line.startswith("Hint: ")]
    assert hint.endswith((".", "?"))
    assert len(lines) == 2
    assert [word for word in words if word not in answer.err] == []
