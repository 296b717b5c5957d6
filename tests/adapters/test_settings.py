"""Configuration: what Tenure reads from a file, and how Tenure reports an error in a file."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import time
from pathlib import Path
from textwrap import dedent
from typing import Literal

import pytest

from adapters.errors import SettingsError
from adapters.notify_settings import Notify
from adapters.secrets import Secret
from adapters.settings import Settings, find_settings, load_settings
from adapters.sources.folder import FolderSource
from adapters.sources.ftp.source import FtpSource, FtpsSource
from adapters.sources.sftp.source import SftpSource
from domain.company import CustomType, Language, Limits, Policy
from domain.schedule import Schedule

MINIMAL = """
    [company.acme]
    name = "Acme BV"
    language = "nl"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The path of the configuration file."""
    return tmp_path / "tenure.toml"


def write(file: Path, text: str) -> Path:
    """Writes the text to the file, without the indentation, and returns the path."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(dedent(text).lstrip("\n"), "utf-8")
    return file


def load(file: Path, text: str, **environment: str) -> Settings:
    """The settings that the text gives in this environment."""
    return load_settings(write(file, text), environment)


def trouble(file: Path, text: str, **environment: str) -> str:
    """The message about the error in a text: one line that starts with the name of the file."""
    try:
        (error,) = load(file, text, **environment).broken.values()
    except SettingsError as raised:
        error = raised
    sentence = str(error)
    assert sentence.startswith(str(error.faults[0].file))
    assert "\n" not in sentence
    return sentence


def missing(words: list[str], sentence: str, file: Path) -> list[str]:
    """The words that do not follow the name of the file in the sentence."""
    start, _, rest = sentence.partition(str(file))
    assert start == ""
    return [word for word in words if not re.search(rf"(?<!\w){re.escape(word)}(?!\w)", rest)]


# What is read


def test_a_company_needs_only_a_name_and_a_language(file: Path) -> None:
    """A company needs a name and a language. All other settings have defaults."""
    # when
    settings = load(file, MINIMAL)

    # then
    acme = settings.customers["acme"]
    assert (acme.company.key, acme.company.name) == ("acme", "Acme BV")
    assert acme.company.language is Language.NL
    assert (acme.company.groups, acme.company.fields, acme.company.custom_fields) == ((), {}, {})
    assert (acme.company.policy, acme.company.limits) == (Policy(), Limits())
    assert acme.source is None


def test_an_empty_configuration_has_the_defaults_of_the_rules(file: Path) -> None:
    """R3, F7, L4, W6, W8: The defaults of the schedule, the limits and the policy are those of the
    rules."""
    # when
    settings = load(file, "")

    # then
    assert settings.schedule == Schedule(activation=time(0, 0), deactivation=time(23, 0))
    assert settings.database == file.parent / "tenure.db"
    assert settings.customers == {}
    assert Limits() == Limits(file=512 * 1024 * 1024, rows=2_000_000, cell=1_000)
    assert Policy() == Policy(
        short_notice="warn", notice_days=30, unknown_group="warn", blank_cells="keep"
    )


def test_every_setting_of_a_company_is_read(file: Path) -> None:
    """Tenure reads every setting of a company and of the schedule."""
    # when
    settings = load(
        file,
        """
        [schedule]
        activation = "06:30"
        deactivation = "18:05"

        [company.acme]
        name = "Acme BV"
        language = "de"
        groups = ["Sales", "R & D"]

        [company.acme.source]
        protocol = "folder"
        directory = "deliveries/acme"
        pattern = "people-*.csv"

        [company.acme.policy]
        short_notice = "reject"
        notice_days = 0
        unknown_group = "reject"
        blank_cells = "clear"

        [company.acme.limits]
        file = 1000
        rows = 10
        cell = 20
        """,
    )

    # then
    acme = settings.customers["acme"]
    assert settings.schedule == Schedule(activation=time(6, 30), deactivation=time(18, 5))
    assert acme.company.groups == ("Sales", "R & D")
    assert acme.source == FolderSource(file.parent / "deliveries" / "acme", "people-*.csv")
    assert acme.company.limits == Limits(file=1000, rows=10, cell=20)
    assert acme.company.policy == Policy(
        short_notice="reject", notice_days=0, unknown_group="reject", blank_cells="clear"
    )


def test_the_default_pattern_is_that_of_the_rules(file: Path) -> None:
    """D2: The default pattern of a source is `alleo_employees_*.csv`."""
    # given
    source = '[company.acme.source]\n    protocol = "folder"\n    directory = "in"\n'

    # when
    acme = load(file, MINIMAL + "\n    " + source).customers["acme"]

    # then
    assert acme.source is not None
    assert acme.source.pattern == "alleo_employees_*.csv"


def test_any_spelling_of_a_field_name_is_accepted(file: Path) -> None:
    """F4, W7: The names of fields and of custom fields may have upper case, and a space or a hyphen
    for `_`."""
    # when
    acme = load(
        file,
        MINIMAL
        + """
    [company.acme.fields]
    "E-mailadres" = "Email"
    "Salaris" = "Custom Salary"
    "Achternaam" = "LAST_NAME"

    [company.acme.custom_fields]
    custom_salary = "decimal"
    "Custom-Badge" = "integer"
    """,
    ).customers["acme"]

    # then
    assert acme.company.fields == {
        "E-mailadres": "email",
        "Salaris": "custom_salary",
        "Achternaam": "last_name",
    }
    assert acme.company.custom_fields == {
        "custom_salary": CustomType.DECIMAL,
        "custom_badge": CustomType.INTEGER,
    }


def test_companies_are_sorted_by_their_keys(file: Path) -> None:
    """The settings list the companies in the order of their keys."""
    # given
    tables = "".join(
        f'[company.{key}]\nname = "N"\nlanguage = "en"\n' for key in ("zenith", "acme", "m-1_x")
    )

    # when / then
    assert list(load(file, tables).customers) == ["acme", "m-1_x", "zenith"]


# Companies with their own files


def test_a_company_can_have_its_own_file(file: Path) -> None:
    """A company can have its own file. Files that the pattern does not match are left alone."""
    # given
    write(file.parent / "companies" / "zenith.toml", 'name = "Zenith"\nlanguage = "de"\n')
    write(file.parent / "companies" / "notes.txt", "not a company")

    # when
    settings = load(file, 'companies = "companies/*.toml"\n' + dedent(MINIMAL))

    # then
    assert list(settings.customers) == ["acme", "zenith"]
    assert settings.customers["zenith"].company.language is Language.DE


def test_a_path_in_a_companys_own_file_is_relative_to_that_file(file: Path) -> None:
    """A relative path counts from the directory of the file that it stands in."""
    # given
    write(
        file.parent / "companies" / "zenith.toml",
        """
        name = "Zenith"
        language = "de"
        source = { protocol = "folder", directory = "../in/zenith" }
        """,
    )

    # when
    source = load(file, 'companies = "companies/*.toml"\n').customers["zenith"].source

    # then
    assert isinstance(source, FolderSource)
    assert source.directory == file.parent / "in" / "zenith"


def test_company_files_can_be_in_any_directory(file: Path, tmp_path: Path) -> None:
    """The pattern of the company files can be an absolute path."""
    # given
    elsewhere = tmp_path / "elsewhere"
    write(elsewhere / "zenith.toml", 'name = "Zenith"\nlanguage = "de"\n')

    # when
    settings = load(file, f'companies = "{elsewhere}/*.toml"\n')

    # then
    assert list(settings.customers) == ["zenith"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('name = "Z"', ["language"]),
        ('name = "Z"\nlanguage = "de"\nshoes = 1', ["shoes", "unknown"]),
        ('name = "Z"\nlanguage = "de"\nkey = "z"', ["key"]),
        ('name = "Z"\nlanguage = "de"\n[source]\nprotocol = "folder"', ["source", "directory"]),
        ('name = "Z"\nlanguage = "de"\n[fields]\nA = "shoes"', ["fields.A", "first_name"]),
        ("name =", ["TOML"]),
        (f"x = {'1' * 5000}", ["TOML"]),
        (f"x = {'[' * 5000}", ["TOML"]),
    ],
)
def test_an_error_in_a_companys_own_file_names_that_file(
    file: Path, text: str, words: list[str]
) -> None:
    """The message about an error in a company's own file names that file and the key."""
    # given
    own = write(file.parent / "companies" / "zenith.toml", text)

    # when
    sentence = trouble(file, 'companies = "companies/*.toml"\n')

    # then
    assert missing(words, sentence, own) == []


def test_a_company_that_is_defined_twice_is_refused(file: Path) -> None:
    """A company that is defined in two files is refused, and the message names both files."""
    # given
    own = write(file.parent / "companies" / "acme.toml", 'name = "A"\nlanguage = "nl"\n')

    # when
    sentence = trouble(file, 'companies = "companies/*.toml"\n' + dedent(MINIMAL))

    # then
    assert "acme" in sentence
    assert str(own) in sentence
    assert str(file) in sentence


def test_a_company_file_without_a_valid_key_as_its_name_is_refused(file: Path) -> None:
    """A company file is refused when its name is not a valid key. The message names the file and
    the allowed characters."""
    # given
    own = write(file.parent / "companies" / "Acme BV.toml", 'name = "A"\nlanguage = "nl"\n')

    # when
    sentence = trouble(file, 'companies = "companies/*.toml"\n')

    # then
    assert str(own) in sentence
    assert "'Acme BV'" in sentence
    assert "a-z" in sentence


@pytest.mark.parametrize("pattern", ["", "."])
def test_a_pattern_that_cannot_match_a_file_is_refused(file: Path, pattern: str) -> None:
    """A pattern of company files that cannot match a file is refused."""
    # when
    sentence = trouble(file, f'companies = "{pattern}"\n')

    # then
    assert "companies" in sentence
    assert "expected" in sentence


def test_a_pattern_that_matches_no_file_gives_a_warning(file: Path) -> None:
    """A pattern that matches no company file gives a warning and no error. The pattern may be
    wrong, or there may be no customer yet."""
    # given
    write(file.parent / "companies" / "zenith.toml", 'name = "Z"\nlanguage = "de"\n')

    # when
    unmatched = load(file, 'companies = "nope/*.toml"\n')
    matched = load(file, 'companies = "companies/*.toml"\n')

    # then
    assert unmatched.warnings == (f"{file}, companies: no file matches {file.parent}/nope/*.toml",)
    assert matched.warnings == load(file, "").warnings == ()


# The database


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///tenure.db", "{base}/tenure.db"),
        ("sqlite:///data/people.db", "{base}/data/people.db"),
        ("sqlite:////var/lib/tenure.db", "/var/lib/tenure.db"),
        ("sqlite:///sp%20ace.db", "{base}/sp ace.db"),
    ],
)
def test_the_path_of_the_database_is_relative_to_the_configuration(
    file: Path, url: str, path: str
) -> None:
    """A relative path of the database starts from the directory of the configuration file."""
    # when
    settings = load(file, f'database = "{url}"\n')

    # then
    assert str(settings.database) == path.format(base=file.parent)


@pytest.mark.parametrize(("variable", "name"), [("sqlite:///b.db", "b.db"), ("", "a.db")])
def test_the_environment_wins_over_the_configured_database(
    file: Path, variable: str, name: str
) -> None:
    """The variable TENURE_DATABASE replaces the configured database, unless the variable is
    empty."""
    # when
    settings = load(file, 'database = "sqlite:///a.db"', TENURE_DATABASE=variable)

    # then
    assert settings.database == file.parent / name


@pytest.mark.parametrize(
    "url",
    [
        "tenure.db",
        "mysql://host/db",
        "sqlite://",
        "sqlite:///",
        "x",
        "sqlite:///a.db?mode=ro",
        "sqlite:///%00",
        "postgresql+driver://tenure:hun℀ter2@host/db",
        "postgresql+driver://tenure:hun[ter2@host/db",
    ],
)
def test_an_invalid_database_url_is_refused(file: Path, url: str) -> None:
    """An invalid database URL is refused, and the message gives an example of a valid URL."""
    # when
    sentence = trouble(file, f'database = "{url}"\n')

    # then
    assert "ter2" not in sentence
    assert f"{file}, database" in sentence
    assert "sqlite:///tenure.db" in sentence


def test_an_error_in_the_variable_names_the_variable(file: Path) -> None:
    """The message about an invalid TENURE_DATABASE names the variable and not the configuration
    file."""
    # when
    with pytest.raises(SettingsError) as raised:
        load(file, 'database = "sqlite:///a.db"', TENURE_DATABASE="mysql://host/db")

    # then
    assert str(raised.value).startswith("the environment variable TENURE_DATABASE: expected a URL")
    assert str(file) not in str(raised.value)


# The configuration file


@pytest.mark.parametrize(
    ("option", "environment", "found"),
    [
        (None, {}, "tenure.toml"),
        (None, {"TENURE_CONFIG": "other.toml"}, "other.toml"),
        (None, {"TENURE_CONFIG": ""}, "tenure.toml"),
        ("mine.toml", {"TENURE_CONFIG": "other.toml"}, "mine.toml"),
    ],
)
def test_the_option_wins_over_the_variable_and_the_default_name(
    option: str | None, environment: dict[str, str], found: str
) -> None:
    """The configuration file is the one that the option names, or else the variable TENURE_CONFIG,
    or else `tenure.toml`."""
    # when / then
    assert find_settings(option, environment) == Path(found)


def test_a_relative_configuration_path_starts_from_the_working_directory(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path of the configuration file starts from the working directory."""
    # given
    write(file, MINIMAL)
    monkeypatch.chdir(file.parent)

    # when
    settings = load_settings(Path("tenure.toml"), {})

    # then
    assert isinstance(settings.database, Path)
    assert settings.database.resolve() == file.parent.resolve() / "tenure.db"


# Errors of the whole file


def test_a_missing_configuration_file_is_named(file: Path) -> None:
    """The message about a missing configuration file names the file."""
    # when
    with pytest.raises(SettingsError) as raised:
        load_settings(file, {})

    # then
    assert str(raised.value) == f"{file}: there is no such file"


def test_a_directory_as_configuration_file_is_refused(tmp_path: Path) -> None:
    """A directory in place of the configuration file is refused, and the message names the
    directory."""
    # when
    with pytest.raises(SettingsError, match="cannot be read") as raised:
        load_settings(tmp_path, {})

    # then
    assert str(tmp_path) in str(raised.value)


def test_a_configuration_file_that_is_not_utf8_is_refused(file: Path) -> None:
    """A configuration file that is not UTF-8 is refused, and the message names the file."""
    # given
    file.write_bytes(b'[company.acme]\nname = "\xff"\n')

    # when
    with pytest.raises(SettingsError, match="UTF-8") as raised:
        load_settings(file, {})

    # then
    assert str(file) in str(raised.value)


def test_a_configuration_file_that_is_not_toml_is_refused_with_the_line(file: Path) -> None:
    """A configuration file that is not TOML is refused, and the message names the line."""
    # when
    sentence = trouble(file, "database = \n")

    # then
    assert "TOML" in sentence
    assert "line 1" in sentence


# Errors at a key

ACME = dedent(MINIMAL)
TROUBLES = {
    "unknown at the top": ("datbase = 'x'", ["datbase", "database"]),
    "companies as a list": ("companies = ['a']", ["companies", "companies/*.toml"]),
    "a company as a number": ("company = 5", ["company", "table"]),
    "one company as a number": ("[company]\nacme = 5", ["company.acme", "table"]),
    "a key in capitals": ("[company.Acme]\nname='A'\nlanguage='nl'", ["company.Acme", "a-z"]),
    "a key with a dot": ('[company."a.b"]\nname="A"\nlanguage="nl"', ["a.b", "a-z"]),
    "no key": ('[company.""]\nname="A"\nlanguage="nl"', ["company", "a-z"]),
    "a key that is set": (ACME + "key = 'acme'", ["company.acme.key"]),
    "no name": ("[company.acme]\nlanguage = 'nl'", ["company.acme", "name"]),
    "no language": ("[company.acme]\nname = 'A'", ["company.acme", "language"]),
    "another language": (
        "[company.acme]\nname='A'\nlanguage='fr'",
        ["company.acme.language", "en", "nl", "de"],
    ),
    "a name that is no text": (
        "[company.acme]\nname = 5\nlanguage = 'nl'",
        ["company.acme.name", "text"],
    ),
    "groups that are no list": (ACME + "groups = 'Sales'", ["company.acme.groups", "list"]),
    "a group that is no text": (ACME + "groups = ['a', 5]", ["company.acme.groups", "text"]),
    "unknown in a company": (ACME + "grups = []", ["company.acme", "grups", "groups"]),
    "unknown in a policy": (
        ACME + "[company.acme.policy]\nshortnotice = 'warn'",
        ["company.acme.policy", "shortnotice", "short_notice"],
    ),
    "another short notice": (
        ACME + "[company.acme.policy]\nshort_notice = 'maybe'",
        ["company.acme.policy.short_notice", "warn", "reject"],
    ),
    "another unknown group": (
        ACME + "[company.acme.policy]\nunknown_group = 'maybe'",
        ["company.acme.policy.unknown_group", "warn", "reject"],
    ),
    "other blank cells": (
        ACME + "[company.acme.policy]\nblank_cells = true",
        ["company.acme.policy.blank_cells", "keep", "clear"],
    ),
    "negative notice": (
        ACME + "[company.acme.policy]\nnotice_days = -1",
        ["company.acme.policy.notice_days", "0"],
    ),
    "notice as text": (
        ACME + "[company.acme.policy]\nnotice_days = '30'",
        ["company.acme.policy.notice_days", "number"],
    ),
    "unknown in limits": (
        ACME + "[company.acme.limits]\nbytes = 5",
        ["company.acme.limits", "bytes", "file", "rows", "cell"],
    ),
    "a limit of nothing": (
        ACME + "[company.acme.limits]\nrows = 0",
        ["company.acme.limits.rows", "1"],
    ),
    "a column that means nothing": (
        ACME + "[company.acme.fields]\nSchoen = 'shoe'",
        ["company.acme.fields.Schoen", "first_name", "custom_"],
    ),
    "a column that means a number": (
        ACME + "[company.acme.fields]\nSchoen = 5",
        ["company.acme.fields", "Schoen", "text"],
    ),
    "a custom field without its prefix": (
        ACME + "[company.acme.custom_fields]\nsalary = 'decimal'",
        ["company.acme.custom_fields.salary", "custom_salary"],
    ),
    "a custom field of no name": (
        ACME + "[company.acme.custom_fields]\ncustom_ = 'decimal'",
        ["company.acme.custom_fields.custom_", "custom_salary"],
    ),
    "a custom field of no known type": (
        ACME + "[company.acme.custom_fields]\ncustom_salary = 'money'",
        ["company.acme.custom_fields", "custom_salary", "text", "decimal", "integer", "date"],
    ),
    "a source that is no table": (ACME + "source = 'in'", ["company.acme.source", "table"]),
    "a pattern with a directory": (
        ACME + "[company.acme.source]\nprotocol = 'folder'\ndirectory = 'in'\npattern = 'a/*.csv'",
        ["company.acme.source.pattern", "without /"],
    ),
    "a source without protocol": (
        ACME + "[company.acme.source]\ndirectory = 'in'",
        ["company.acme.source", "protocol"],
    ),
    "a source without directory": (
        ACME + "[company.acme.source]\nprotocol = 'folder'",
        ["company.acme.source", "directory"],
    ),
    "a source of no known protocol": (
        ACME + "[company.acme.source]\nprotocol = 'gopher'\ndirectory = 'in'",
        ["company.acme.source.protocol", "folder", "sftp"],
    ),
    "a protocol that is no text": (
        ACME + "[company.acme.source]\nprotocol = ['sftp']\ndirectory = 'in'",
        ["company.acme.source.protocol", "folder", "sftp"],
    ),
    "a server's key for a folder": (
        ACME + "[company.acme.source]\nprotocol='folder'\ndirectory='in'\nhost='h'",
        ["company.acme.source.host", "unknown", "directory"],
    ),
    "a negative wait": (
        ACME + "[company.acme.source]\nprotocol='folder'\ndirectory='in'\nsettle=-1",
        ["company.acme.source.settle", "0"],
    ),
    "a wait without end": (
        ACME + "[company.acme.source]\nprotocol='folder'\ndirectory='in'\nsettle_limit=inf",
        ["company.acme.source.settle_limit"],
    ),
    "a wait that is no number": (
        ACME + "[company.acme.source]\nprotocol='folder'\ndirectory='in'\nsettle=nan",
        ["company.acme.source.settle"],
    ),
    "unknown in a source": (
        ACME + "[company.acme.source]\nprotocol = 'folder'\ndirectory = 'in'\npatern = '*'",
        ["company.acme.source", "patern", "pattern"],
    ),
    "a schedule that is no table": ("schedule = 5", ["schedule", "table"]),
    "unknown in the schedule": (
        "[schedule]\nactivaton = '00:00'",
        ["schedule", "activaton", "activation"],
    ),
    "an invalid time": ("[schedule]\nactivation = '24:00'", ["schedule.activation", "23:00"]),
    "a time in short": ("[schedule]\ndeactivation = '9:00'", ["schedule.deactivation", "23:00"]),
    "a time with seconds": ("[schedule]\nactivation = '09:00:00'", ["schedule.activation"]),
    "a time that is no text": (
        "[schedule]\nactivation = 09:00:00",
        ["schedule.activation", "text"],
    ),
    "a database that is no text": ("database = 5", ["database", "sqlite:///tenure.db"]),
}


@pytest.mark.parametrize("case", TROUBLES)
def test_an_error_is_reported_with_the_file_the_key_and_the_expected_value(
    file: Path, case: str
) -> None:
    """The message about an error names the file, the key and the expected value."""
    # given
    text, words = TROUBLES[case]

    # when
    sentence = trouble(file, text)

    # then
    assert missing(words, sentence, file) == []


def test_all_mistakes_are_told_at_once_each_with_its_key(file: Path) -> None:
    """All mistakes of a configuration are told at once, each with its file, its key, what is
    expected there, and the most similar known key."""
    # given
    own = write(
        file.parent / "companies" / "zenith.toml",
        """
        language = "fr"
        [source]
        protocol = "ftp"
        hots = "ftp.zenith.example"
        directory = ""
        username = "tenure"
        password = "hunter2"
        ca_file = "ca.pem"
        [policy]
        max_offboardings = "many"
        """,
    )
    text = """
        databse = "sqlite:///x.db"
        companies = "companies/*.toml"
        [schedule]
        pickup = ["2:45"]
        [notify]
        command = [""]
    """

    # when
    with pytest.raises(SettingsError) as raised:
        load(file, text)

    # then
    faults = {(fault.file, fault.key): fault.expected for fault in raised.value.faults}
    assert list(faults) == [
        (file, "databse"),
        (file, "schedule.pickup"),
        (file, "notify.command"),
        (own, ""),
        (own, "language"),
        (own, "policy.max_offboardings"),
        (own, "source.hots"),
        (own, "source.ca_file"),
        (own, "source"),
        (own, "source.directory"),
        (own, "source.password"),
    ]
    assert "did you mean database?" in faults[file, "databse"]
    assert faults[own, ""] == "expected name, which is missing"
    assert faults[own, "policy.max_offboardings"] == 'expected a number, or a share like "10%"'
    assert "did you mean host?" in faults[own, "source.hots"]
    assert '(it belongs to protocol = "ftps")' in faults[own, "source.ca_file"]
    assert faults[own, "source.directory"] == "expected a text, not empty"
    assert "hunter2" not in str(raised.value)


def test_a_mistake_in_one_key_does_not_hide_a_mistake_in_another(file: Path) -> None:
    """A rule that a type cannot say is checked for the right keys, if other keys are wrong too."""
    # when
    (error,) = sftp(
        file, PASSWORD + "\nport = 0\nbind = 'eth0'\nhost_key = 'MD5:aa'"
    ).broken.values()

    # then
    prefix = "company.acme.source"
    told = [fault.key for fault in error.faults]
    assert told == [f"{prefix}.port", f"{prefix}.bind", f"{prefix}.host_key"]


def test_settings_are_decoded_without_a_fault_of_memory(file: Path) -> None:
    """Every type of setting can be decoded, and Python's check of its memory finds nothing.

    msgspec 0.22 uses memory that it has freed, if a union has a text with a pattern and a list.
    """
    # given
    code = (
        "import pathlib, sys; from adapters.settings import load_settings;"
        " load_settings(pathlib.Path(sys.argv[1]), {})"
    )
    text = (
        f"{ACME}{dedent(SFTP)}\n{PASSWORD}\nhost_key = ['{PINNED}']\n[notify]\ncommand = ['sh']\n"
    )
    write(file, text)

    # when
    checked = subprocess.run(
        [sys.executable, "-c", code, file],
        env={**os.environ, "PYTHONMALLOC": "debug"},
        capture_output=True,
        check=False,
    )

    # then
    assert (checked.returncode, checked.stderr) == (0, b"")


def test_a_program_or_directory_that_is_not_there_gives_a_warning(file: Path) -> None:
    """A program for notifications, or a directory of the database or of a source, that is not there
    gives a warning with the whole path."""
    # given
    text = """
        database = "sqlite:///data/tenure.db"
        [notify]
        command = ["bin/tell"]
        [company.acme]
        name = "A"
        language = "nl"
        source = { protocol = "folder", directory = "in" }
    """

    # when
    settings = load(file, text)

    # then
    source = settings.customers["acme"].source
    assert source is not None
    warnings = [*settings.warnings, *source.warnings]
    named = ("data", "bin/tell", "in")
    for name, warning in zip(named, warnings, strict=True):
        assert f" {file.parent}/{name}" in warning
    (file.parent / "data").mkdir()
    (file.parent / "in").mkdir()
    again = load(file, text.replace("bin/tell", "sh"))
    assert (again.warnings, source.warnings) == ((), ())


def test_the_fingerprint_covers_the_settings_that_change_how_rows_are_read(file: Path) -> None:
    """D8: The fingerprint of a company changes with the settings that decide how rows are read. The
    source of the files does not change the fingerprint."""
    # given
    source = '[company.acme.source]\nprotocol = "folder"\ndirectory = "in"\n'

    # when
    plain = load(file, ACME).customers["acme"].company.fingerprint()

    # then
    assert load(file, ACME + source).customers["acme"].company.fingerprint() == plain
    for more in ("groups = ['Sales']", "[company.acme.policy]\nblank_cells = 'clear'"):
        assert load(file, ACME + more).customers["acme"].company.fingerprint() != plain


# SFTP

SFTP = """
    [company.acme.source]
    protocol = "sftp"
    host = "sftp.acme.example"
    directory = "/outgoing"
    username = "tenure"
"""
PINNED = "SHA256:" + "aB3+/" * 8 + "xyz"


def sftp(file: Path, more: str, without: str = "") -> Settings:
    """The settings of a company with an SFTP server, without the line of one key."""
    lines = [
        line for line in dedent(SFTP).splitlines() if not without or not line.startswith(without)
    ]
    return load(file, "\n".join([ACME, *lines, dedent(more), ""]))


def source_of(file: Path, more: str) -> SftpSource:
    """The source of a company with an SFTP server."""
    source = sftp(file, more).customers["acme"].source
    assert isinstance(source, SftpSource)
    return source


def test_an_sftp_source_has_defaults(file: Path) -> None:
    """D1, D2, D4: An SFTP source needs a host, a directory, a user name and a secret. All other
    settings have defaults."""
    # when
    source = source_of(file, "password = { env = 'ACME_SFTP' }")

    # then
    assert source == SftpSource(
        host="sftp.acme.example",
        directory="/outgoing",
        pattern="alleo_employees_*.csv",
        username="tenure",
        password=Secret(env="ACME_SFTP"),
        settle=5,
        settle_limit=60,
    )


def test_every_setting_of_an_sftp_source_is_read(file: Path) -> None:
    """D1, D4: Tenure reads every setting of an SFTP source."""
    # when
    source = source_of(
        file,
        f"""
        port = 2222
        pattern = "people-*.csv"
        private_key = {{ file = "keys/acme" }}
        passphrase = {{ file = "/run/secrets/acme" }}
        host_key = "{PINNED}"
        bind = "10.0.0.4"
        settle = 0.5
        settle_limit = 7
        deadline = 90
        attempts = 2
        """,
    )

    # then
    assert source == SftpSource(
        host="sftp.acme.example",
        port=2222,
        directory="/outgoing",
        pattern="people-*.csv",
        username="tenure",
        private_key=Secret(file=file.parent / "keys" / "acme"),
        passphrase=Secret(file=Path("/run/secrets/acme")),
        host_key=PINNED,
        bind="10.0.0.4",
        settle=0.5,
        settle_limit=7,
        attempts=2,
        deadline=90,
    )


def test_a_known_hosts_file_can_pin_the_host_key(file: Path) -> None:
    """A file of known hosts can pin the host key. A relative path of the file starts from the
    directory of the configuration file."""
    # when
    source = source_of(file, PASSWORD + "\nknown_hosts = 'keys/known_hosts'")

    # then
    assert source.known_hosts == file.parent / "keys" / "known_hosts"


def secret_file(path: Path, mode: int = 0o600) -> Path:
    """Writes a file that holds a secret, with this mode."""
    path.write_text("hunter2")
    path.chmod(mode)
    return path


def test_a_complete_source_gives_no_warning(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source gives no warning when its host key is pinned and no secret is readable by every
    user."""
    # given
    monkeypatch.setenv("ACME_SFTP", "hunter2")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(file.parent))
    secret_file(file.parent / "key", 0o440)  # in a container, the group may read the file
    secret_file(file.parent / "words", 0o644)  # systemd limits who may read the file
    (file.parent / "known_hosts").touch()
    pinned = f"host_key = '{PINNED}'"
    keyed = "private_key = { file = 'key' }\npassphrase = { credential = 'words' }"

    # when / then
    assert source_of(file, f"password = {{ env = 'ACME_SFTP' }}\n{pinned}").warnings == ()
    assert source_of(file, f"{keyed}\nknown_hosts = 'known_hosts'").warnings == ()


def test_a_source_without_a_pinned_host_key_gives_a_warning(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An SFTP source without a pinned host key gives a warning."""
    # given
    monkeypatch.setenv("A", "hunter2")

    # when
    (warning,) = source_of(file, PASSWORD).warnings

    # then
    assert "no host_key is pinned" in warning


UNREADABLE: dict[str, tuple[str, str]] = {
    "password = { env = 'A' }": ("the environment variable A", "`password` names, is not set"),
    "password = { env = 'EMPTY' }": ("EMPTY", "`password` names, is empty"),
    "password = { env = 'BYTES' }": ("BYTES", "`password` names, is not UTF-8 text"),
    "password = { credential = 'acme' }": ("the credential acme", "systemd passed no credentials"),
    "password = { file = 'missing' }": ("/missing", "(No such file or directory)"),
    "password = { file = 'pipe' }": ("/pipe", "`password` names, is not a regular file"),
    "password = { file = 'shown' }": ("/shown", "can be read by every user"),
    "private_key = { file = 'open' }": ("/open, which `private_key` names", "`chmod o-rwx`"),
    "private_key = { file = 'key' }\npassphrase = { env = 'A' }": ("A", "`passphrase` names"),
    "private_key = { file = 'key' }\nknown_hosts = 'missing'": ("/missing", "`known_hosts` names"),
    "private_key = { file = 'key' }\nknown_hosts = 'pipe'": ("/pipe", "is not a regular file"),
}


@pytest.mark.parametrize("keys", UNREADABLE)
def test_an_unreadable_secret_or_file_gives_a_warning(
    file: Path, monkeypatch: pytest.MonkeyPatch, keys: str
) -> None:
    """A secret or a file that the next pick-up cannot use gives a warning, and the warning does not
    repeat the secret."""
    # given
    monkeypatch.delenv("A", raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.setenv("BYTES", os.fsdecode(b"hunter2\xff"))
    os.mkfifo(file.parent / "pipe")
    for name, mode in (("key", 0o600), ("shown", 0o604), ("open", 0o666)):
        secret_file(file.parent / name, mode)
    pinned = "" if "known_hosts" in keys else f"\nhost_key = '{PINNED}'"

    # when
    (warning,) = source_of(file, keys + pinned).warnings

    # then
    assert [word for word in UNREADABLE[keys] if word not in warning] == []
    assert "hunter2" not in warning


def test_an_unreadable_certificate_file_gives_a_warning(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate file that Tenure cannot read gives a warning."""
    # given
    monkeypatch.setenv("A", "hunter2")

    # when
    source = ftp(file, PASSWORD + "\nca_file = 'missing'").customers["acme"].source

    # then
    assert source is not None
    (warning,) = source.warnings
    assert warning.endswith("which `ca_file` names, cannot be read (No such file or directory)")


def test_a_key_and_a_password_can_be_set_together(file: Path) -> None:
    """D1: A source can have a private key and a password, because a server may ask for both."""
    # when
    source = source_of(file, PASSWORD + "\nprivate_key = { env = 'B' }")

    # then
    assert (source.password, source.private_key) == (Secret(env="A"), Secret(env="B"))


def test_two_host_keys_can_be_pinned(file: Path) -> None:
    """D1: A source can pin two host keys while the server changes from one to the other. The source
    keeps the order of the keys."""
    # given
    other = PINNED.replace("x", "y")

    # when
    source = source_of(file, PASSWORD + f"\nhost_key = ['{PINNED}', '{other}']")

    # then
    assert source.host_key == (PINNED, other)


def test_a_secret_can_be_a_credential_of_systemd(file: Path) -> None:
    """A secret can be a credential that systemd passes to Tenure."""
    # when
    source = source_of(file, "password = { credential = 'acme_sftp' }")

    # then
    assert source.password == Secret(credential="acme_sftp")


def test_a_secret_is_not_read_when_the_settings_are_loaded(file: Path) -> None:
    """Tenure reads a secret at the pick-up. So a missing secret is no error when the settings are
    loaded."""
    # when
    by_file = source_of(file, "password = { file = 'missing' }")
    by_variable = source_of(file, "password = { env = 'NOT_SET' }")

    # then
    assert by_file.password == Secret(file=file.parent / "missing")
    assert by_variable.password == Secret(env="NOT_SET")


PASSWORD = "password = { env = 'A' }"
SERVER_TROUBLES: dict[str, tuple[str, str, list[str]]] = {
    "no host": (PASSWORD, "host", ["company.acme.source", "host", "missing"]),
    "no directory": (PASSWORD, "directory", ["company.acme.source", "directory", "missing"]),
    "no username": (PASSWORD, "username", ["company.acme.source", "username", "missing"]),
    "no secret": ("", "", ["company.acme.source", "password", "private_key", "missing"]),
    "a passphrase for a password": (
        PASSWORD + "\npassphrase = { env = 'B' }",
        "",
        ["company.acme.source.passphrase", "private_key"],
    ),
    "an empty host": (PASSWORD + "\nhost = ''", "host", ["company.acme.source.host"]),
    "port zero": (PASSWORD + "\nport = 0", "", ["company.acme.source.port", "1"]),
    "a port beyond": (PASSWORD + "\nport = 65536", "", ["company.acme.source.port", "65535"]),
    "three keys": (
        PASSWORD + f"\nhost_key = ['{PINNED}', '{PINNED}', '{PINNED}']",
        "",
        ["company.acme.source.host_key", "list of two"],
    ),
    "the same key twice": (
        PASSWORD + f"\nhost_key = ['{PINNED}', '{PINNED}']",
        "",
        ["company.acme.source.host_key", "list of two"],
    ),
    "no key in a list": (
        PASSWORD + "\nhost_key = []",
        "",
        ["company.acme.source.host_key", "list of two"],
    ),
    "a short key": (PASSWORD + "\nhost_key = 'SHA256:abc'", "", ["company.acme.source.host_key"]),
    "a key by MD5": (
        PASSWORD + "\nhost_key = 'MD5:aa:bb'",
        "",
        ["company.acme.source.host_key", "SHA256"],
    ),
    "a key and a line": (
        PASSWORD + f'\nhost_key = "{PINNED}\\n"',
        "",
        ["company.acme.source.host_key", "43"],
    ),
    "two ways to pin": (
        PASSWORD + f"\nhost_key = '{PINNED}'\nknown_hosts = 'known_hosts'",
        "",
        ["company.acme.source", "host_key", "known_hosts", "not both"],
    ),
    "no time at all": (PASSWORD + "\ndeadline = 0", "", ["company.acme.source.deadline", "0"]),
    "no time to settle": (
        PASSWORD + "\nsettle = 60\ndeadline = 60",
        "",
        ["company.acme.source.settle", "fewer", "deadline", "60"],
    ),
    "less time than it usually takes to settle": (
        PASSWORD + "\ndeadline = 4",
        "",
        ["company.acme.source.settle", "4"],
    ),
    "no attempt": (PASSWORD + "\nattempts = 0", "", ["company.acme.source.attempts", "1"]),
    "a name to connect from": (PASSWORD + "\nbind = 'eth0'", "", ["company.acme.source.bind"]),
    "an unknown key": (
        PASSWORD + "\nmode = 'passive'",
        "",
        ["company.acme.source.mode", "unknown", "host_key"],
    ),
}


@pytest.mark.parametrize("case", SERVER_TROUBLES)
def test_an_error_in_an_sftp_source_is_reported(file: Path, case: str) -> None:
    """The message about an error in an SFTP source names the key and the expected value."""
    # given
    more, without, words = SERVER_TROUBLES[case]

    # when
    (error,) = sftp(file, more, without).broken.values()

    # then
    assert missing(words, str(error), file) == []


@pytest.mark.parametrize("setting", ["password", "private_key", "passphrase"])
@pytest.mark.parametrize(
    "value",
    [
        "'hunter2!'",
        '"-----BEGIN hunter2! KEY-----\\n"',
        "{ env = 'hunter2!' }",
        "{ value = 'hunter2!' }",
        "{ env = 'A', file = 'hunter2!' }",
        "{ env = 'A', credential = 'A' }",
        "{ file = '' }",
        "{ credential = '' }",
        "{ credential = '../hunter2!' }",
        "{ credential = 5 }",
        "{}",
        "['hunter2!']",
        "5",
    ],
)
def test_a_secret_in_the_configuration_is_refused_and_not_repeated(
    file: Path, setting: str, value: str
) -> None:
    """A secret in the configuration itself is refused. The message names the allowed ways and does
    not repeat the secret."""
    # when
    (error,) = sftp(file, f"{setting} = {value}").broken.values()

    # then
    assert f"company.acme.source.{setting}" in str(error)
    assert "env" in str(error)
    assert "file" in str(error)
    assert "hunter2" not in str(error) + repr(error)


# FTP with TLS and without TLS

FTP = """
    [company.acme.source]
    protocol = "{protocol}"
    host = "ftp.acme.example"
    directory = "outgoing"
    username = "tenure"
"""


def ftp(file: Path, more: str, protocol: str = "ftps") -> Settings:
    """The settings of a company with an FTP server of this protocol."""
    text = dedent(FTP).format(protocol=protocol)
    return load(file, "\n".join([ACME, text, dedent(more), ""]))


@pytest.mark.parametrize("protocol", ["ftp", "ftps"])
def test_an_ftp_source_has_defaults(file: Path, protocol: Literal["ftp", "ftps"]) -> None:
    """D1, D2, D4: An FTP source needs a host, a directory, a user name and a password. All other
    settings have defaults."""
    # when
    source = ftp(file, PASSWORD, protocol).customers["acme"].source

    # then
    kind = {"ftp": FtpSource, "ftps": FtpsSource}[protocol]
    assert source == kind(
        host="ftp.acme.example",
        directory="outgoing",
        pattern="alleo_employees_*.csv",
        username="tenure",
        password=Secret(env="A"),
        mode="passive",
        settle=5,
        settle_limit=60,
    )


def test_every_setting_of_an_ftp_source_is_read(file: Path) -> None:
    """D1, D4: Tenure reads every setting of an FTP source."""
    # when
    source = (
        ftp(
            file,
            """
        port = 2121
        pattern = "people-*.csv"
        password = { file = "/run/secrets/acme" }
        mode = "active"
        ca_file = "acme-ca.pem"
        bind = "10.0.0.4"
        settle = 0.5
        settle_limit = 7
        deadline = 90
        attempts = 2
        """,
        )
        .customers["acme"]
        .source
    )

    # then
    assert source == FtpsSource(
        host="ftp.acme.example",
        port=2121,
        directory="outgoing",
        pattern="people-*.csv",
        username="tenure",
        password=Secret(file=Path("/run/secrets/acme")),
        mode="active",
        ca_file=file.parent / "acme-ca.pem",
        bind="10.0.0.4",
        settle=0.5,
        settle_limit=7,
        attempts=2,
        deadline=90,
    )


def test_ftp_without_encryption_gives_a_warning(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D1: A source with the protocol `ftp` gives a warning, because FTP has no encryption. A source
    with `ftps` gives none."""
    # given
    monkeypatch.setenv("A", "hunter2")

    # when
    clear = ftp(file, PASSWORD, "ftp").customers["acme"].source
    secured = ftp(file, PASSWORD, "ftps").customers["acme"].source

    # then
    assert clear is not None
    assert secured is not None
    (warning,) = clear.warnings
    assert "without encryption" in warning
    assert secured.warnings == ()


FTP_TROUBLES: dict[str, tuple[str, str, list[str]]] = {
    "no password": ("", "ftps", ["company.acme.source", "password", "missing"]),
    "a key": (PASSWORD + "\nprivate_key = { env = 'B' }", "ftps", ["private_key", "unknown"]),
    "an unknown mode": (PASSWORD + "\nmode = 'extended'", "ftp", ["source.mode", "passive"]),
    "certificates without TLS": (PASSWORD + "\nca_file = 'ca.pem'", "ftp", ["ca_file", "ftps"]),
    "a name to connect from": (PASSWORD + "\nbind = 'eth0'", "ftps", ["source.bind"]),
}


@pytest.mark.parametrize("case", FTP_TROUBLES)
def test_an_error_in_an_ftp_source_is_reported(file: Path, case: str) -> None:
    """The message about an error in an FTP source names the key and the expected value."""
    # given
    more, protocol, words = FTP_TROUBLES[case]

    # when
    (error,) = ftp(file, more, protocol).broken.values()

    # then
    assert missing(words, str(error), file) == []


# Errors in one company


def test_an_error_in_one_company_does_not_affect_the_others(file: Path) -> None:
    """R6: An error in the settings of one company does not affect the other companies."""
    # given
    write(file.parent / "companies" / "torn.toml", "name =")
    write(file.parent / "companies" / "whole.toml", 'name = "W"\nlanguage = "de"\n')
    text = 'companies = "companies/*.toml"\n' + ACME + '[company.half]\nname = "H"\n'

    # when
    settings = load(file, text)

    # then
    assert list(settings.customers) == ["acme", "whole"]
    assert list(settings.broken) == ["half", "torn"]
    assert "company.half" in str(settings.broken["half"])
    assert "TOML" in str(settings.broken["torn"])


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (os.mkfifo, "is not a regular file"),
        (lambda path: path.symlink_to(path.name), "cannot be read (Too many levels"),
        (lambda path: path.symlink_to("nowhere"), "cannot be read (No such file"),
        (lambda path: path.write_bytes(b"#" * 2_000_000), "is too large"),
    ],
)
def test_a_company_file_that_cannot_be_read_affects_its_company_alone(
    file: Path, make: Callable[[Path], object], problem: str
) -> None:
    """R6: A pipe, a link to itself or to nothing, or a huge file in place of a company's own file
    breaks that company alone, and nothing waits."""
    # given
    own = file.parent / "companies" / "torn.toml"
    own.parent.mkdir()
    make(own)

    # when
    settings = load(file, 'companies = "companies/*.toml"\n' + ACME)

    # then
    assert list(settings.customers) == ["acme"]
    assert str(settings.broken["torn"]).startswith(f"{own}: {problem}")


@pytest.mark.parametrize(
    "text",
    [
        "shoes = 1",
        "database = 5",
        "[schedule]\nactivation = 'noon'",
        "company = 5",
        "companies = 5",
        "no toml",
    ],
)
def test_an_error_outside_the_companies_is_an_error_for_all(file: Path, text: str) -> None:
    """An error that belongs to no company is an error of the whole configuration."""
    # when / then
    with pytest.raises(SettingsError):
        load(file, text)


def test_invalid_keys_and_double_companies_do_not_affect_the_others(file: Path) -> None:
    """R6: An invalid key, or a company that is defined twice, does not affect the other companies.
    Neither definition of a double company is used, because the correct one is unknown."""
    # given
    for name in ("a/acme", "a/Whole BV", "a/zenith", "z/zenith", "z/whole"):
        write(file.parent / f"{name}.toml", 'name = "W"\nlanguage = "de"\n')
    text = 'companies = "?/*.toml"\n[company."Half BV"]\nname = "H"\n' + ACME

    # when
    settings = load(file, text)

    # then
    assert list(settings.customers) == ["whole"]
    assert list(settings.broken) == ["Half BV", "Whole BV", "acme", "zenith"]
    assert "a-z" in str(settings.broken["Half BV"])
    assert all("is also defined in" in str(settings.broken[key]) for key in ("acme", "zenith"))


# Notifications


def test_there_are_no_notifications_unless_they_are_configured(file: Path) -> None:
    """Tenure sends no notifications unless they are configured."""
    # when / then
    assert load(file, MINIMAL).notify is None


def test_notifications_need_only_a_destination(file: Path) -> None:
    """Notifications need a command or a URL. All other settings have defaults, and the settings do
    not show the URL."""
    # when
    settings = load(file, '[notify]\nurl = "https://hooks.example/s3cret"\n')

    # then
    notify = settings.notify
    assert notify is not None
    assert notify.on == {"failed", "refused", "held", "rejected"}
    assert (notify.timeout, notify.attempts) == (30, 5)
    assert (notify.command, notify.environment, notify.authorization) == ((), (), None)
    assert notify.url == "https://hooks.example/s3cret"
    assert "s3cret" not in repr(settings)


def test_every_setting_of_notifications_is_read(file: Path) -> None:
    """Tenure reads every setting of notifications."""
    # when
    notify = load(
        file,
        """
        [notify]
        on = ["no-file", "applied"]
        command = ["bin/tell", "operations"]
        environment = ["CHAT_TOKEN"]
        url = { file = "hook" }
        authorization = { env = "HOOK_AUTH" }
        timeout = 2.5
        attempts = 1
        """,
    ).notify

    # then
    assert notify == Notify(
        on=frozenset({"no-file", "applied"}),
        command=(str(file.parent / "bin/tell"), "operations"),
        environment=("CHAT_TOKEN",),
        url=Secret(file=file.parent / "hook"),
        authorization=Secret(env="HOOK_AUTH"),
        timeout=2.5,
        attempts=1,
    )


@pytest.mark.parametrize("program", ["mail-operations", "/usr/local/bin/tell"])
def test_a_program_name_or_an_absolute_path_is_kept(file: Path, program: str) -> None:
    """Tenure keeps a program's name or absolute path as it is written. So the name is searched in
    PATH, as a shell does."""
    # when
    notify = load(file, f'[notify]\ncommand = ["{program}"]\n').notify

    # then
    assert notify is not None
    assert notify.command == (program,)


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example:8443/a?b=c#d",
        "http://127.0.0.1:8080/",
        "http://127.9.9.9/",
        "http://[::1]:8080/",
        "http://localhost/x",
    ],
)
def test_a_url_needs_https_unless_the_host_is_this_machine(file: Path, url: str) -> None:
    """A notification URL has the scheme `https`, or `http` when the host is this machine."""
    # when
    notify = load(file, f'[notify]\nurl = "{url}"\n').notify

    # then
    assert notify is not None
    assert notify.url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example/s3cret",
        "http://hooks.example/s3cret",
        "http://10.0.0.1/s3cret",
        "http://127.0.0.1.example/s3cret",
        "http://localhost.example/s3cret",
        "ftp://hooks.example/s3cret",
        "file:///s3cret",
        "https:///s3cret",
        "https://eva:s3cret@hooks.example/",
        "https://s3cret@hooks.example/",
        "https://hooks.example:s3cret/",
        "https://hooks.example/s3cret x",
        "https://hooks.example/s3cret\\n",
        "https://hooks.example/s3cr\u00e9t",
        "https://[s3cret/",
    ],
)
def test_an_invalid_url_is_refused_and_not_repeated(file: Path, url: str) -> None:
    """An invalid notification URL is refused, and the message does not repeat the URL."""
    # when
    sentence = trouble(file, f'[notify]\nurl = "{url}"\n')

    # then
    assert missing(["notify.url", "expected"], sentence, file) == []
    assert "s3cr" not in sentence


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("notify = 3", ["notify", "table"]),
        ("[notify]", ["notify", "command or url"]),
        ("[notify]\non = []", ["notify", "command or url"]),
        ('[notify]\nurls = "x"', ["notify.urls", "unknown key", "url"]),
        ('[notify]\ncommand = "tell"', ["notify.command", "a list"]),
        ('[notify]\ncommand = [""]', ["notify.command"]),
        ('[notify]\ncommand = ["tell", "a\\u0000b"]', ["notify.command"]),
        ('[notify]\ncommand = ["tell"]\nenvironment = [3]', ["notify.environment", "a text"]),
        ('[notify]\ncommand = ["tell"]\non = ["broken"]', ["notify.on", "rejected", "'broken'"]),
        ('[notify]\ncommand = ["tell"]\non = "held"', ["notify.on", "a list"]),
        ('[notify]\ncommand = ["tell"]\ntimeout = 0', ["notify.timeout"]),
        ('[notify]\ncommand = ["tell"]\nattempts = 0', ["notify.attempts"]),
        ("[notify]\nurl = 3", ["notify.url"]),
        ('[notify]\nurl = { vault = "s3cret" }', ["notify.url", "env", "file", "credential"]),
        ('[notify]\ncommand = ["tell"]\nauthorization = "s3cret"', ["notify.authorization", "env"]),
    ],
)
def test_an_error_in_the_notifications_is_reported(file: Path, text: str, words: list[str]) -> None:
    """The message about an error in the notifications names the key and the expected value."""
    # when
    sentence = trouble(file, text)

    # then
    assert missing(words, sentence, file) == []
    assert "s3cret" not in sentence
