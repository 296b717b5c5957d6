"""A terminal in which a test types a command, and answers its question."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.cli.conftest import MAIN, PATIENCE


class Session(NamedTuple):
    """The exit code of a command, its standard output, and what the terminal showed."""

    code: int
    out: str
    shown: str


def answered(directory: Path, arguments: tuple[str, ...], answer: bytes) -> Session:
    """Runs a command with its input and its errors on a terminal, and its output in a file.

    Types `answer` when the terminal shows a question.
    """
    ours, theirs = pty.openpty()
    output = directory / "answer"
    environment = {**os.environ, "TERM": "xterm-256color"}
    with output.open("wb") as out:
        process = subprocess.Popen(
            [*MAIN, *arguments],
            cwd=directory,
            stdin=theirs,
            stdout=out,
            stderr=theirs,
            env=environment,
            start_new_session=True,
        )
    os.close(theirs)
    shown, asked = b"", False
    try:
        while part := _read(ours):
            shown += part
            if not asked and b"[y/N] " in shown:
                asked = True
                os.write(ours, answer)
        code = process.wait(PATIENCE)
    finally:
        process.kill()
        os.close(ours)
    return Session(code, output.read_text("utf-8"), shown.decode().replace("\r\n", "\n"))


def _read(descriptor: int) -> bytes:
    """Returns what the terminal shows next, or nothing when the command has ended."""
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""
