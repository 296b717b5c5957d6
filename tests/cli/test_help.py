"""The command explains itself."""

from __future__ import annotations

import platform
import shlex
from collections.abc import Iterator
from importlib.metadata import version

import click
import pytest

from adapters.store.schema_version import VERSION
from cli.command_list import PARTS
from cli.examples import examples_of
from cli.main import tenure
from tests.cli.conftest import Desk


def commands(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with the words that lead to it, groups included."""
    context = click.Context(group)
    yield path, group
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield (*path, name), command


COMMANDS = dict(commands(tenure))
NAMES = [" ".join(path) for path in COMMANDS]


def command_of(name: str) -> click.Command:
    return COMMANDS[tuple(name.split())]


def test_all_commands_are_found() -> None:
    """The tests of the help find all commands, also the ones inside a group."""
    assert {
        "init",
        "preview",
        "import",
        "clock",
        "roster",
        "show",
        "history",
        "audit",
        "runs",
        "run",
        "approve",
        "discard",
        "support change-email",
        "support reactivate",
        "support move-onboarding",
        "support offboard",
        "support cancel-offboarding",
        "support deactivate",
        "support link",
        "support relink",
        "support correct",
        "support rehire",
        "support release",
        "support merge",
        "rekey",
        "verify",
        "rebuild",
    } <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_has_a_help_text(desk: Desk, name: str, option: str) -> None:
    """Every command has a help text that begins with its usage and a whole sentence, and needs no
    configuration."""
    # given
    (desk.directory / "tenure.toml").unlink()

    # when
    answer = desk.type(*name.split(), option)

    # then
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith(" ".join(["Usage: tenure", *name.split()]).strip())
    about = (command_of(name).help or "").strip()
    assert about.partition("\n")[0].endswith((".", ":", ","))
    assert " ".join(about.split("\n\n")[0].split()) in " ".join(answer.out.split())


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_explained(name: str) -> None:
    """Every option is explained by a sentence that ends with a full stop."""
    # given
    options = [each for each in command_of(name).params if isinstance(each, click.Option)]

    # then
    assert [each.name for each in options if not (each.help or "").strip()] == []
    assert [each.name for each in options if each.help and not each.help.endswith(".")] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_argument_is_in_the_help_text(name: str) -> None:
    """Every argument is mentioned in the help text of its command or of the command's group."""
    # given
    command = command_of(name)
    *group, _ = name.split() or [""]
    about = f"{command.help} {command_of(' '.join(group)).help}"
    arguments = [each for each in command.params if isinstance(each, click.Argument)]

    # when
    names = [str(each.metavar or each.name).strip("[].").upper() for each in arguments]

    # then
    assert [each for each in names if each not in about] == []


@pytest.mark.parametrize("name", [name for name in NAMES if name])
def test_every_command_is_in_the_list_with_what_it_does(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Every command stands in the list of its group with a whole sentence about what it does."""
    # given
    monkeypatch.setenv("COLUMNS", "80")
    *group, last = name.split()

    # when
    lines = desk.type(*group, "--help").out.splitlines()

    # then
    (line,) = [each for each in lines if each.split()[:1] == [last]]
    assert line.endswith(".")
    assert not line.endswith("..."), "cut short"
    assert len(line.split()) > 3


@pytest.mark.parametrize("name", NAMES)
def test_every_help_text_fits_a_usual_terminal(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Every line of a help text fits into 80 columns and has no white space at its end."""
    # given
    monkeypatch.setenv("COLUMNS", "80")

    # when
    lines = desk.type(*name.split(), "--help").out.splitlines()

    # then
    assert [line for line in lines if len(line) > 80 or line != line.rstrip()] == []


def test_the_exit_codes_are_told(desk: Desk) -> None:
    """The help of `tenure` explains every exit code."""
    # when
    told = desk.type("--help").out.partition("Exit codes:")[2]

    # then
    for code in ("0", "1", "2", "3", "4", "5", "6"):
        assert f"{code} " in told


@pytest.mark.parametrize("name", NAMES)
def test_help_by_name_is_the_help_of_the_command(desk: Desk, name: str) -> None:
    """`tenure help COMMAND` prints what `--help` of the command prints."""
    # when / then
    assert desk.type("help", *name.split()) == desk.type(*name.split(), "--help")


def test_every_command_stands_under_one_heading(desk: Desk) -> None:
    """The help of `tenure` lists each command once, under a heading that says what it is for."""
    # when
    lines = desk.type("help").out.partition("Set up:")[2].partition("Exit codes")[0].splitlines()

    # then
    listed = [line.split()[0] for line in lines if line.strip() and line.startswith("  ")]
    assert sorted(listed) == sorted(tenure.list_commands(click.Context(tenure)))
    assert [line for line in lines if line.endswith(":")] == [f"{part}:" for part in [*PARTS][1:]]


STORES = [
    ("", "SQLite "),
    ('database = "postgresql://tenure:secret@192.0.2.1/tenure"', "PostgreSQL through psycopg "),
    ("databse = 1", "SQLite "),
    ("[", "SQLite "),
]


@pytest.mark.parametrize(("settings", "store"), STORES)
def test_the_versions_are_told_whatever_the_settings_are(
    desk: Desk, settings: str, store: str
) -> None:
    """`tenure --version` tells the versions of Tenure, Python, the store's library and the schema.
    It does not connect, and settings that are wrong are no error."""
    # given
    path = desk.configure(settings, "other.toml")

    # when
    answer = desk.type("--version", "--config", path)

    # then
    ours, python, library, schema = answer.out.splitlines()
    assert (answer.code, answer.err) == (0, "")
    assert ours == f"tenure {version('tenure')}"
    assert python == f"Python {platform.python_version()}"
    assert library.startswith(store)
    assert schema == f"schema {VERSION}"


def parse(group: click.Group, words: list[str], context: click.Context | None = None) -> None:
    """Reads the words as the command line does, and calls nothing."""
    found = context or click.Context(group, info_name="tenure", obj={})
    name, *rest = words
    command = group.get_command(found, name)
    assert command is not None, name
    if isinstance(command, click.Group):
        parse(command, rest, click.Context(command, found, name))
    else:
        command.make_context(name, rest, found)


@pytest.mark.parametrize("name", [name for name in NAMES if name])
def test_every_command_has_examples_that_can_be_typed(name: str, desk: Desk) -> None:
    """The help of every command ends with examples, which fit on a line and are understood."""
    # given
    desk.write("people.csv", b"who,date\n")

    # when
    examples = examples_of(f"tenure {name}")

    # then
    assert examples
    for example in examples:
        line = example.removeprefix('eval "$(').removesuffix(')"')
        tenure_, *words = shlex.split(line.partition(" >")[0])
        assert (tenure_, len(example) <= 78) == ("tenure", True)
        parse(tenure, words)
