"""The documentation describes everything that exists, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
import msgspec
import pytest

from adapters.company_settings import ConfiguredSource
from adapters.notify_settings import REASONS, Notify
from adapters.settings import ScheduleTable
from cli.main import tenure
from domain.company import Company, Limits, Policy
from domain.employee.events import State
from domain.events import KINDS, RUN_KIND
from domain.fields.table import COLUMNS
from domain.issues.catalogue import CATALOGUE
from domain.outcome import Counts, Outcome

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
CONTEXT = click.Context(tenure)
COMMANDS = {
    name: command
    for name in tenure.list_commands(CONTEXT)
    if (command := tenure.get_command(CONTEXT, name)) is not None
}

EVERYWHERE = {parameter.name for parameter in tenure.params}


def reference(name: str) -> str:
    """Returns the text of a reference page."""
    return (ROOT / "docs" / "reference" / f"{name}.md").read_text("utf-8")


def section_of(command: str) -> str:
    """Returns the section of a command on the page on commands."""
    found = re.search(rf"^## `tenure {command}\b.*?(?=^## )", reference("commands"), re.M | re.S)
    assert found, f"commands.md has no section on {command}"
    return found[0]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_documented(name: str) -> None:
    """The section of a command names its subcommands and all their options."""
    # given
    section = section_of(name)

    # when / then
    for path, command in with_subcommands(name, COMMANDS[name]):
        assert f"`tenure {path} " in section or f"`tenure {path}`" in section, path
        for parameter in command.params:
            if isinstance(parameter, click.Option) and parameter.name not in EVERYWHERE:
                assert f"`{parameter.opts[0]}" in section, f"{path} {parameter.opts[0]}"


def with_subcommands(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Yields a command and all its subcommands, each with its full name."""
    yield path, command
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from with_subcommands(f"{path} {name}", each)


def test_every_option_of_all_commands_is_documented() -> None:
    """The beginning of the page on commands names the options that stand before any command."""
    # given
    beginning, _, _ = reference("commands").partition("\n## ")

    # when / then
    for parameter in tenure.params:
        assert f"`{parameter.opts[0]}" in beginning


def test_no_command_is_documented_that_does_not_exist() -> None:
    """The page on commands has a section for each command, and no other section."""
    # when
    documented = re.findall(r"^## `tenure (\S+?)[ `]", reference("commands"), re.M)

    # then
    assert sorted(documented) == sorted(COMMANDS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_in_an_example_exists(page: Path) -> None:
    """Every command in an example of a page exists."""
    # when
    typed = re.findall(r"^(?:\$ |.*&& )tenure (\S+)", page.read_text("utf-8"), re.M)

    # then
    assert set(typed) <= set(COMMANDS)


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_issue_is_documented_with_its_severity(code: str) -> None:
    """L10: The page on issues shows the severity of each issue, and which issues are told once."""
    # when
    row = re.search(rf"^\| `{code}` \| (.*?) \|", reference("issues"), re.M)

    # then
    assert row, f"issues.md has no line about {code}"
    once = "" if CATALOGUE[code].lasting else ", *once*"
    assert row[1] == f"{CATALOGUE[code].severity.value}{once}"


def test_no_issue_is_documented_that_does_not_exist() -> None:
    """The page on issues has a line for each issue of the catalogue, and no other issue."""
    # when
    documented = re.findall(
        r"^\| `([a-z0-9-]+)` \| (?:error|warning|info)", reference("issues"), re.M
    )

    # then
    assert sorted(documented) == sorted(CATALOGUE)


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param(Policy.__struct_fields__, id="policy"),
        pytest.param(Limits.__struct_fields__, id="limits"),
        *(
            pytest.param(source.__struct_fields__, id=source.__name__)
            for source in get_args(ConfiguredSource)
        ),
        pytest.param([f"schedule.{key}" for key in ScheduleTable.__struct_fields__], id="schedule"),
        pytest.param([f"notify.{key}" for key in Notify.__struct_fields__], id="notify"),
        pytest.param(["database", "companies", "name", "language", "groups"], id="others"),
    ],
)
def test_every_setting_is_documented(keys: list[str]) -> None:
    """The page on configuration has a line for every setting."""
    # when
    documented = re.findall(r"^\| `([a-z_.]+)` \|", reference("configuration"), re.M)

    # then
    assert set(keys) <= set(documented)


def test_the_sample_shows_every_setting() -> None:
    """The sample that `tenure init` writes shows every setting.

    Error messages about the configuration refer to this sample.
    """
    # given
    sample = (ROOT / "cli" / "sample" / "tenure.toml").read_text("utf-8")
    shown = set(re.findall(r"^(?:# )?([a-z_]+) = ", sample, re.M))
    tables = (Policy, Limits, Notify, ScheduleTable, *get_args(ConfiguredSource))
    known = {key for table in tables for key in table.__struct_fields__}

    # when / then
    assert known | {"database", "companies", "name", "language", "groups"} <= shown


def test_every_reason_for_a_notification_is_documented() -> None:
    """The line about `notify.on` names every reason for a notification."""
    # when
    row = re.search(r"^\| `notify\.on` \|.*$", reference("configuration"), re.M)

    # then
    assert row
    assert all(f'`"{reason}"`' in row[0] for reason in REASONS)


def test_every_default_is_documented() -> None:
    """The page on configuration shows the default of every policy and every limit."""
    # given
    page = reference("configuration")

    # when / then
    for struct in (Policy(), Limits()):
        for key, value in msgspec.structs.asdict(struct).items():
            written = msgspec.json.encode(value).decode()
            assert f"| `{key}` | `{written}` |" in page


def test_every_company_table_is_documented() -> None:
    """The page on configuration has a section for each table of a company, and no other."""
    # given
    tables = {"source", "fields", "custom_fields", "policy", "limits"}

    # when / then
    assert tables - {"source"} < set(Company.__struct_fields__)
    assert (
        set(re.findall(r"^## `\[company\.KEY\.(\w+)\]`", reference("configuration"), re.M))
        == tables
    )


def test_every_field_is_documented() -> None:
    """The page on the file has a line for each column, and no other column."""
    # when
    documented = re.findall(r"^\| [A-Z][a-z ]+ \| `(\w+)` \|", reference("file"), re.M)

    # then
    assert sorted(documented) == sorted(COLUMNS)


def test_every_kind_of_event_and_every_state_is_documented() -> None:
    """The page on commands names every kind of event and every state of an employee."""
    # given
    kinds = KINDS - {RUN_KIND}

    # when / then
    assert set(re.findall(r"^\| `([a-z-]+)` \|", section_of("history"), re.M)) == kinds
    assert all(f"`{state.value}`" in section_of("roster") for state in State)


def test_every_outcome_and_count_is_documented() -> None:
    """The page on JSON names every outcome and every count of a run."""
    # given
    page = reference("json")

    # when / then
    assert all(f"`{outcome.value}`" in page for outcome in Outcome)
    assert all(f'"{count}":' in page for count in Counts.__struct_fields__)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_has_a_target(page: Path) -> None:
    """Every link of a page to another page leads to a file and a heading that exist."""
    # when / then
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text("utf-8")):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


def anchors(page: Path) -> set[str]:
    """Returns the anchors of all headings, and those that are written out."""
    text = page.read_text("utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.M)
    named = re.findall(r'^<a id="(.+)"></a>$', text, re.M)
    slugs = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return slugs | set(named)
