"""The pager: it shows answers that are longer than the terminal, and never stops a command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import click
import pytest

from cli.main import execute
from cli.terminal import table
from cli.terminal.screen import Screen
from tests.cli.conftest import Desk
from tests.databases import created

Type: TypeAlias = Callable[..., tuple[int, str, str]]
DONE, REJECTED = 0, 3
PEOPLE = "\n".join(f"p{n}@acme.example,First{n},Last{n}" for n in range(3_000))


@pytest.fixture
def terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Type:
    """Returns a function that runs a command on a terminal: its exit code, output and errors.

    Acme has 3,000 people, and one row of its next delivery is rejected. There is no pager.
    """

    desk = Desk(tmp_path, capfd)
    desk.configure()
    (tmp_path / "outgoing").mkdir()
    created(tmp_path / "tenure.db")
    monkeypatch.chdir(tmp_path)

    def on_terminal(*arguments: str, height: int = 24) -> tuple[int, str, str]:
        capfd.readouterr()
        code = execute(arguments, {"screen": Screen(True, 80, height), "now": lambda: desk.now})
        return code, *capfd.readouterr()

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("PAGER", "")
    desk.deliver(f"email,first_name,last_name\n{PEOPLE}\n")
    assert on_terminal("import", "acme")[0] == DONE
    desk.deliver(f"email,first_name,last_name\n{PEOPLE}\n@,,\n")
    return on_terminal


def test_a_long_answer_is_shown_by_the_pager(
    terminal: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TENURE_PAGER wins over PAGER, and gets the answer with its colours, and nothing is lost."""
    # given
    plain = terminal("roster", "acme")
    monkeypatch.setenv("TENURE_PAGER", "sed 's/^/| /'")
    monkeypatch.setenv("PAGER", "false")

    # when
    code, out, err = terminal("roster", "acme")

    # then
    assert (code, err) == (DONE, "")
    shown = [line.removeprefix("| ") for line in click.unstyle(out).splitlines()]
    assert shown == plain[1].splitlines()
    assert all(line.startswith("| ") for line in out.splitlines())
    assert "\x1b[32mactive" in out


@pytest.mark.parametrize(
    ("arguments", "height", "environment"),
    [
        (("--no-pager",), 24, {}),
        ((), 4_000, {}),
        (("--limit", "5"), 24, {}),
        ((), 24, {"TERM": "dumb"}),
        ((), 24, {"TENURE_PAGER": ""}),
        ((), 24, {"TENURE_PAGER": "cat"}),
        ((), 24, {"TENURE_PAGER": "no-such-program"}),
        ((), 24, {"TENURE_PAGER": "unclosed 'quote"}),
    ],
)
def test_without_a_pager_the_answer_is_printed(
    terminal: Type,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    height: int,
    environment: dict[str, str],
) -> None:
    """There is no pager where none is wanted, where there is none, and for what fits."""
    # given
    plain = terminal("roster", "acme", *arguments)
    monkeypatch.setenv("TENURE_PAGER", "sed 's/^/| /'")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    # when / then
    code, out, err = terminal("roster", "acme", *arguments, height=height)
    assert (code, err) == (DONE, "")
    assert click.unstyle(out) == click.unstyle(plain[1])


@pytest.mark.parametrize(
    ("command", "code"),
    [(("preview", "acme", "--all-rows"), REJECTED), (("roster", "acme"), DONE)],
)
def test_whoever_leaves_the_pager_early_gets_the_exit_code_of_the_command(
    terminal: Type, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], code: int
) -> None:
    """Leaving the pager early is no error. `tenure preview && tenure import` still stops."""
    # given
    monkeypatch.setenv("TENURE_PAGER", "head -n 1")

    # when
    answer = terminal(*command)

    # then
    assert (answer[0], answer[1].count("\n"), answer[2]) == (code, 1, "")


def test_a_fault_in_the_middle_is_told_after_the_pager(
    terminal: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was printed before a fault is shown, and the fault is explained."""
    # given
    monkeypatch.setenv("TENURE_PAGER", "sed 's/^/| /'")
    monkeypatch.setattr(table, "_last_lines", lambda *_: 1 / 0)

    # when
    code, out, err = terminal("roster", "acme")

    # then
    assert (code, out.count("\n| ")) == (1, 3_000)
    assert "Error: an unexpected fault" in err
