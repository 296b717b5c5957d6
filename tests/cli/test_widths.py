"""What people read on a terminal fits its width, whatever the names of people and files are."""

from __future__ import annotations

import os
import pty
import struct
import subprocess
import termios
from fcntl import ioctl
from typing import Any

import click
import pytest
from rich.cells import cell_len

from cli.command_list import COMMANDS
from cli.terminal.screen import Screen
from tests.cli.conftest import ASKED, MAIN, Answer, Desk

HEIGHT = 1_000
"""Lines of a terminal on which no answer needs a pager."""
NAMES = (
    ("a@acme.example", "Maximiliaan-Alexander", "van der Berg-Müller-Lüdenscheidt"),
    ("b.with-a-really-long-address.for-somebody@department.acme.example", "伟", "王小明" * 6),
    ("c@acme.example", "محمد", "الأحمد بن عبد الله"),
    ("d@acme.example", "Zoë 🦄🦄🦄", "O'Neill ❤️"),
    ("e@acme.example", "Łukasz", "Þórsdóttir"),
    ("f@acme.example", "François", "Nguyễn " * 12),
)
LEAVER = "c@acme.example"
FILE = "alleo_employees_" + "名簿" * 20 + ".csv"


@pytest.fixture
def worked(desk: Desk) -> Desk:
    """A company with wide and long names: people of every state, issues, and a held run."""
    deliver(desk, "", "")
    assert desk.type("import", "acme").code == 0
    deliver(desk, "2027-06-30", "not a date")
    assert desk.type("import", "acme").code == 3
    desk.type("support", "deactivate", "acme", LEAVER, *ASKED)
    desk.write("who.csv", f"who\n{NAMES[0][0]}\n".encode())
    desk.write("map.csv", b"old,new\n1,101\n")
    crowd = "".join(f"p{n}@acme.example,李{n},王{n},,,\n" for n in range(60))
    desk.write("crowd.csv", f"{HEADER}\n{crowd}".encode())
    assert desk.type("import", "acme", "crowd.csv").code == 4
    return desk


HEADER = "email,first_name,last_name,external_id,group_name,offboarding_date"


def deliver(desk: Desk, last_day: str, broken: str) -> None:
    """Delivers everybody: with a group that does not exist, and some with the given last days."""
    rows = [
        f"{email},{first},{last},{number},Übergröße 部門,{(last_day, broken)[number % 2]}"
        for number, (email, first, last) in enumerate(NAMES, 1)
    ]
    desk.write(f"outgoing/{FILE}", "\n".join([HEADER, *rows, ""]).encode())


ANSWERS: tuple[tuple[str, ...], ...] = (
    ("init", "elsewhere " * 20),
    ("check", "--connect"),
    ("preview", "acme"),
    ("preview", "acme", "--all-rows"),
    ("preview", "--run", "acme@last"),
    ("import", "acme"),
    ("import", "--all"),
    ("import", "nobody" * 30),
    ("clock", "--dry-run", "--at", "2028-01-01"),
    ("clock",),
    ("status",),
    ("status", "acme"),
    ("status", "--older-than", "1h"),
    ("roster", "acme"),
    ("roster", "acme", "--absent"),
    ("roster", "acme", "--columns", "email,name,external_id,group_name,state"),
    ("find", "a@acme.example"),
    ("find", "nobody" * 30),
    ("starters", "--until", "2028-12-31"),
    ("leavers", "acme", "--until", "2028-12-31"),
    ("show", "acme", NAMES[1][0]),
    ("show", "acme", "nobody" * 30),
    ("history", "acme", NAMES[1][0]),
    ("history", "acme", NAMES[1][0], "--details"),
    ("why", "acme", NAMES[1][0]),
    ("why", "acme", NAMES[1][0], "email"),
    ("audit", "acme"),
    ("audit", "acme", "--details"),
    ("removals", "--from", "2027-01-01"),
    ("support", "deactivate", "acme", NAMES[1][0], "--dry-run", *ASKED),
    ("help",),
    ("help", "support", "relink"),
    ("runs",),
    ("issues",),
    ("issues", "--columns", "code,email,since,message"),
    ("run", "last"),
    ("safeguard", "acme"),
    ("safeguard", "acme", "--set", "foo=1"),
    ("rekey", "acme", "map.csv", "--dry-run"),
    ("discard", "acme@last", *ASKED),
    ("migrate",),
    ("verify",),
    ("rebuild",),
)
"""Every command that people read, in an order in which the later ones still have something."""
HELP_WIDTH = 80
"""The help of click needs a terminal that is so wide."""
NOT_HERE = {
    "serve": "it logs",
    "template": "it prints a line of CSV",
    "report": "it prints CSV",
    "approve": "it prints a run, as discard does",
    "completion": "it prints a script",
}


def too_wide(answer: Answer, width: int) -> list[str]:
    """Returns the lines of both outputs that do not fit."""
    lines = click.unstyle(answer.out + answer.err).splitlines()
    return [line for line in lines if cell_len(line) > width]


@pytest.mark.parametrize("width", [20, 40, 80, 100, 160])
def test_no_line_is_longer_than_the_terminal(worked: Desk, width: int) -> None:
    """On a terminal, every answer, every error and every warning fits the width."""
    # given
    worked.screen = Screen(True, width, HEIGHT)

    # when
    asked = (command for command in ANSWERS if width >= HELP_WIDTH or command[0] != "help")
    answers = {command: worked.type(*command) for command in asked}

    # then
    wide = {" ".join(each)[:60]: too_wide(answer, width) for each, answer in answers.items()}
    assert {command: lines for command, lines in wide.items() if lines} == {}
    assert [command for command, answer in answers.items() if not (answer.out + answer.err)] == []


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_each_output_that_is_a_terminal_fits_it(
    worked: Desk, monkeypatch: pytest.MonkeyPatch, stream: str
) -> None:
    """A terminal tells its own width, also where the other output is a pipe."""
    # given
    monkeypatch.setenv("TENURE_PAGER", "")
    monkeypatch.delenv("COLUMNS", raising=False)
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    command = ["roster", "acme"] if stream == "stdout" else ["show", "acme", "nobody"]
    outputs: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}

    # when
    # readline, if it is imported, writes COLUMNS where Python does not see it, but children do.
    environment = dict(os.environ)
    subprocess.run([*MAIN, *command], check=False, env=environment, **outputs | {stream: theirs})
    os.close(theirs)

    # then
    lines = click.unstyle(os.read(ours, 65_536).decode()).splitlines()
    os.close(ours)
    assert 30 < max(map(cell_len, lines)) <= 40


def test_no_command_is_forgotten() -> None:
    """The width of every command is measured, or there is a reason why not."""
    measured = {command[0] for command in ANSWERS}
    assert COMMANDS.keys() - NOT_HERE.keys() - measured == set()
