"""Completion: what is offered, and that bash, zsh and fish put it into the line."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from cli.completion.answer import answer
from cli.completion.bash_line import Typed, words_of
from cli.main import tenure
from tests.cli.conftest import ACME, PATIENCE, Desk
from tests.cli.test_exit_codes import TENURE

PEOPLE = """
    email,first_name,last_name,external_id,group_name
    ann.lee@acme.example,Ann,Lee,1001,Sales
    mary.o'brien@acme.example,Mary,O'Brien,$(touch stolen),Human Resources
"""
BREAKS = " \t\n\"'><=;|&(:@"
"""COMP_WORDBREAKS, as bash has it at its start."""


@pytest.fixture
def staffed(desk: Desk) -> Desk:
    """Acme with two employees and one run, a company in a file of its own, and a held run."""
    desk.configure(
        'companies = "companies/*.toml"\n'
        + ACME.replace('"Engineering"', '"Human Resources"').replace("\n    ", "\n")
    )
    desk.configure('name = "Zenith"\nlanguage = "nl"\n', "companies/zenith.toml")
    desk.deliver(PEOPLE)
    assert desk.type("import", "acme").code == 0
    return desk


def offered(*words: str) -> list[str]:
    """Returns what zsh is offered for these words, the last of which is not complete."""
    return [line.partition("\t")[0] for line in answer(tenure, "zsh", words)]


@pytest.mark.parametrize(
    ("words", "offers"),
    [
        (["sup"], ["support"]),
        (["support", "off"], ["offboard"]),
        (["help", "support", "off"], ["offboard"]),
        (["runs", "--ou"], ["--outcome"]),
        (["show", ""], ["acme", "zenith"]),
        (["show", "ze"], ["zenith"]),
        (["show", "acme", "ANN"], ["ann.lee@acme.example"]),
        (["show", "acme", "100"], ["1001"]),
        (["show", "zenith", ""], []),
        (["support", "merge", "acme", "1001", "mar"], ["mary.o'brien@acme.example"]),
        (["roster", "acme", "--group", "H"], ["Human Resources"]),
        (["roster", "acme", "--group=H"], ["--group=Human Resources"]),
        (["roster", "acme", "--state", "p"], ["pending"]),
        (["roster", "acme", "--columns", "name,em"], ["name,email"]),
        (["audit", "acme", "--kind", "act"], ["activated"]),
        (["issues", "--code", "bad-em"], ["bad-email"]),
        (["run", "la"], ["last"]),
        (["run", "acme@"], ["acme@last"]),
        (["approve", ""], []),
        (["completion", "z"], ["zsh"]),
    ],
)
def test_names_are_offered(staffed: Desk, words: list[str], offers: list[str]) -> None:
    """Completion knows commands, options, companies, people of the company before them, groups,
    states, kinds, codes, columns and runs."""
    # when / then
    assert offered(*words) == offers


@pytest.mark.parametrize(
    "words",
    [
        ["import", "acme", "del"],
        ["rekey", "acme", ""],
        ["--config", ""],
        ["support", "deactivate", "--from", ""],
    ],
)
def test_the_shell_completes_files_itself(staffed: Desk, words: list[str]) -> None:
    """Where a file is expected, the shell is asked to complete names of files."""
    assert [*answer(tenure, "zsh", words)] == ["\tfiles"]
    assert [*answer(tenure, "zsh", ["init", ""])] == ["\tdirectories"]


def test_runs_are_offered_with_what_they_are(desk: Desk) -> None:
    """Runs are offered by their short ids, with company, kind and outcome. `tenure approve` is
    offered only runs that wait for a decision."""
    # given
    desk.deliver(PEOPLE)
    desk.type("import", "acme")
    desk.deliver(
        "email,first_name,last_name\n" + "".join(f"no address,A,B{n}\n" for n in range(9)), name="2"
    )
    assert desk.type("import", "acme").code == 4

    # when
    runs = [line for line in answer(tenure, "fish", ["run", ""]) if "acme" in line]
    (held,) = answer(tenure, "fish", ["approve", ""])

    # then
    assert len(runs) == 2
    assert re.fullmatch(r"[0-9a-f]{8}\tacme import held 2027-03-01 \d\d:\d\d", held)


def test_too_many_people_are_not_offered(desk: Desk) -> None:
    """Of more than 200 people who fit, none is offered: a shell would insert what some of them have
    in common."""
    # given
    rows = "".join(f"a{n:03d}@acme.example,A,B\n" for n in range(201))
    desk.deliver("email,first_name,last_name\n" + rows)
    desk.type("import", "acme")

    # when / then
    assert offered("show", "acme", "a") == []
    assert len(offered("show", "acme", "a1")) == 100


# What bash cuts and obeys


@pytest.mark.parametrize(
    ("line", "words", "typed"),
    [
        ("tenure ", [], Typed("")),
        ("tenure show ac", ["show"], Typed("ac")),
        ("A=1 B=x ./tenure show ", ["show"], Typed("")),
        ("tenure show acme ann@ac", ["show", "acme"], Typed("ann@ac", 4)),
        ("tenure run acme@", ["run"], Typed("acme@", 5)),
        ("tenure roster --group=Sa", ["roster"], Typed("--group=Sa", 8)),
        ('tenure roster --group "Human R', ["roster", "--group"], Typed("Human R", 0, '"')),
        ("tenure x 'it", ["x"], Typed("it", 0, "'")),
        (r"tenure x Human\ R", ["x"], Typed("Human R")),
        ("tenure 'a b' \"c\\\"d\" ''", ["a b", 'c"d'], Typed("")),
        ("tenure x \\", ["x"], Typed("")),
    ],
)
def test_a_line_of_bash_is_read(line: str, words: list[str], typed: Typed) -> None:
    """The words of a line are those that bash would pass. What bash does not replace is known."""
    # when
    found, last = words_of(line, BREAKS)

    # then
    assert (found, last.text) == (words, typed.text)
    assert last.kept == typed.kept or line.endswith("''")
    assert last.quote == typed.quote


@pytest.mark.parametrize(
    ("typed", "word", "reply"),
    [
        (Typed("ann@a", 4), "ann@acme.example", "acme.example"),
        (Typed(""), "Human Resources", r"Human\ Resources"),
        (Typed(""), "$(touch stolen)", r"\$\(touch\ stolen\)"),
        (Typed(""), "Zoë's", r"Zoë\'s"),
        (Typed("", 0, '"'), "O'Brien & Co", "O'Brien & Co"),
        (Typed("", 0, '"'), "$(touch stolen)", None),
        (Typed("", 0, "'"), "O'Brien", None),
    ],
)
def test_bash_obeys_nothing_of_a_completion(typed: Typed, word: str, reply: str | None) -> None:
    """Characters that bash obeys are quoted. What cannot be quoted is not offered."""
    assert typed.reply(word) == reply


# In a real shell

RC = {
    "bash": "PS1='READY '\nbind 'set bell-style none'\n",
    "zsh": "PROMPT='READY '\nautoload -U compinit\ncompinit -u -D\n",
    "fish": "function fish_prompt; echo -n 'READY '; end\nfunction fish_greeting; end\n",
}
_KILL_LINE = b"\x15"
STARTS = {"bash": ["bash", "--rcfile", "rc", "-i"], "zsh": ["zsh", "-i"], "fish": ["fish", "-i"]}


@contextmanager
def terminal_of(shell: str, directory: Path) -> Iterator[int]:
    """Yields the terminal of a shell with the completion of Tenure, which is ready."""
    script = subprocess.run([TENURE, "completion", shell], capture_output=True, check=True).stdout
    home = directory / "home"
    (home / "fish").mkdir(parents=True)
    for name in ("rc", ".zshrc", "fish/config.fish"):
        (home / name).write_bytes(RC[shell].encode() + script)
    environment = os.environ | {
        "PATH": f"{TENURE.parent}:{os.environ['PATH']}",
        "TERM": "dumb" if shell == "bash" else "xterm",
        "HOME": str(home),
        "ZDOTDIR": str(home),
        "XDG_CONFIG_HOME": str(home),
        "XDG_DATA_HOME": str(home),
        "INPUTRC": os.devnull,
    }
    start = [str(home / word) if word == "rc" else word for word in STARTS[shell]]
    process, terminal = pty.fork()
    if process == 0:
        os.execvpe(start[0], start, environment)
    try:
        shown(terminal, "READY ")
        yield terminal
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(terminal)


def shown(terminal: int, words: str) -> None:
    """Reads a terminal until it has shown `words`."""
    found, end = b"", time.monotonic() + PATIENCE
    while words not in plain(found):
        assert select.select([terminal], [], [], max(0, end - time.monotonic()))[0], plain(found)
        found += os.read(terminal, 65_536)


def plain(shown: bytes) -> str:
    """Returns what a terminal shows, without colours and other orders."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>(]B?|\r|\x1b\][^\x07]*\x07", "", shown.decode())


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_the_line(staffed: Desk, shell: str) -> None:
    """Each shell completes companies, an address after its `@`, a group with a space, and names of
    files; and nothing of a completion is obeyed."""
    # given
    lines = [
        ("tenure show zen", "ith"),
        ("tenure show acme ann.lee@", "acme.example"),
        ("tenure show acme mary", r".o\'brien@acme.example"),
        (r"tenure show acme \$", r"\(touch\ stolen\)"),
        ("tenure roster acme --group Hu", r"man\ Resources"),
        ('tenure roster acme --group "Hu', 'man Resources"'),
        ("tenure run acme@", "last"),
        ("tenure import acme outg", "oing/"),
    ]

    # when / then
    with terminal_of(shell, staffed.directory) as terminal:
        for typed, completed in lines:
            os.write(terminal, f"{typed}\t".encode())
            shown(terminal, completed)
            os.write(terminal, _KILL_LINE)
    assert not (staffed.directory / "stolen").exists()


# Silent and harmless


def asked(desk: Desk, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Asks as the script of a shell does."""
    return subprocess.run(
        [TENURE, *words],
        cwd=desk.directory,
        env=os.environ | {"_TENURE_COMPLETE": "zsh"} | environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("[", ["show", ""]),
        ("database = 7", ["show", "acme", ""]),
        ('database = "sqlite:///none.db"\n[company.acme]', ["show", "acme", ""]),
        ('database = "sqlite:///tenure.toml"\n[company.acme]', ["show", "acme", ""]),
        ('database = "postgresql://x@192.0.2.1/x?connect_timeout=60"', ["show", "acme", ""]),
        ("", ["roster", "acme", "--nothing", ""]),
        ("", []),
    ],
)
def test_completion_is_silent_whatever_is_wrong(
    desk: Desk, settings: str, words: list[str]
) -> None:
    """Without a database, with wrong settings, and with a database that does not answer, completion
    prints nothing, soon, and makes no file."""
    # given
    desk.configure(settings)
    before = sorted(desk.directory.rglob("*"))

    # when
    answered = asked(desk, *words)

    # then
    assert (answered.returncode, answered.stdout, answered.stderr) == (0, "", "")
    assert sorted(desk.directory.rglob("*")) == before


def test_completion_upgrades_nothing(staffed: Desk) -> None:
    """A database of an earlier release is left as it is, and nobody in it is offered."""
    # given
    with closing(sqlite3.connect(staffed.directory / "tenure.db")) as connection, connection:
        connection.execute("PRAGMA user_version = 4")

    # when / then
    assert asked(staffed, "show", "acme", "").stdout == ""
    with closing(sqlite3.connect(staffed.directory / "tenure.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchall() == [(4,)]


def test_a_terminal_is_given_nothing_to_obey(desk: Desk) -> None:
    """A group with a control character is not offered."""
    # given
    desk.configure(ACME.replace('"Sales"', r'"Sales\u001b[2J"'))

    # when / then
    assert offered("roster", "acme", "--group", "") == ["Engineering"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_has_no_error_of_syntax(desk: Desk, shell: str) -> None:
    """`tenure completion` prints a script that its shell can read, also without a configuration."""
    # given
    (desk.directory / "tenure.toml").unlink()
    printed = desk.type("completion", shell)
    path = desk.write("script", printed.out.encode())

    # when
    read = subprocess.run([shell, "-n", path], capture_output=True, text=True, check=False)

    # then
    assert (printed.code, read.returncode, read.stderr) == (0, 0, "")
