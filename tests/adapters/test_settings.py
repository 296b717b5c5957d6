"""Configuration: what is read, and how it is told what is wrong with it."""

from __future__ import annotations

import os
import re
from datetime import time
from pathlib import Path
from textwrap import dedent

import pytest

from adapters.notify.configured import Notify
from adapters.secret import Secret
from adapters.settings import Settings, SettingsError, find_settings, load_settings
from adapters.sources.deadlines import Deadlines
from adapters.sources.folder import FolderSource
from adapters.sources.ftp import FtpSource
from adapters.sources.sftp import SftpSource
from domain.company import CustomType, Language, Limits, Policy
from domain.schedule import Schedule

MINIMAL = """
    [company.acme]
    name = "Acme BV"
    language = "nl"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the configuration is."""
    return tmp_path / "tenure.toml"


def write(file: Path, text: str) -> Path:
    """A file as it is written in a test."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(dedent(text).lstrip("\n"), "utf-8")
    return file


def load(file: Path, text: str, **environment: str) -> Settings:
    """The settings in a text."""
    return load_settings(write(file, text), environment)


def trouble(file: Path, text: str, **environment: str) -> str:
    """What is said about a text, which must name the file in one line."""
    try:
        (error,) = load(file, text, **environment).broken.values()
    except SettingsError as raised:
        error = raised
    sentence = str(error)
    assert sentence.startswith(str(error.file))
    assert "\n" not in sentence
    return sentence


def missing(words: list[str], sentence: str, file: Path) -> list[str]:
    """The words that are not said after the name of the file."""
    start, _, rest = sentence.partition(str(file))
    assert start == ""
    return [word for word in words if not re.search(rf"(?<!\w){re.escape(word)}(?!\w)", rest)]


# What is read


def test_a_company_needs_a_name_and_a_language_and_nothing_else(file: Path) -> None:
    settings = load(file, MINIMAL)

    acme = settings.customers["acme"]
    assert (acme.company.key, acme.company.name) == ("acme", "Acme BV")
    assert acme.company.language is Language.NL
    assert (acme.company.groups, acme.company.fields, acme.company.custom_fields) == ((), {}, {})
    assert (acme.company.policy, acme.company.limits) == (Policy(), Limits())
    assert acme.source is None


def test_what_is_not_configured_is_as_the_rules_say(file: Path) -> None:
    """R3, F7, L4, W6, W8"""
    settings = load(file, "")

    assert settings.schedule == Schedule(activation=time(0, 0), deactivation=time(23, 0))
    assert settings.database == file.parent / "tenure.db"
    assert settings.customers == {}
    assert Limits() == Limits(file=512 * 1024 * 1024, rows=2_000_000, cell=1_000)
    assert Policy() == Policy(
        short_notice="warn", notice_days=30, unknown_group="warn", blank_cells="keep"
    )


def test_everything_about_a_company_is_read(file: Path) -> None:
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

    acme = settings.customers["acme"]
    assert settings.schedule == Schedule(activation=time(6, 30), deactivation=time(18, 5))
    assert acme.company.groups == ("Sales", "R & D")
    assert acme.source == FolderSource(file.parent / "deliveries" / "acme", "people-*.csv")
    assert acme.company.limits == Limits(file=1000, rows=10, cell=20)
    assert acme.company.policy == Policy(
        short_notice="reject", notice_days=0, unknown_group="reject", blank_cells="clear"
    )


def test_the_usual_pattern_is_that_of_the_rules(file: Path) -> None:
    """D2"""
    source = '[company.acme.source]\n    protocol = "folder"\n    directory = "in"\n'

    acme = load(file, MINIMAL + "\n    " + source).customers["acme"]

    assert acme.source is not None
    assert acme.source.pattern == "alleo_employees_*.csv"


def test_columns_and_custom_fields_are_known_by_any_spelling_of_their_name(file: Path) -> None:
    """F4, W7"""
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

    assert acme.company.fields == {
        "E-mailadres": "email",
        "Salaris": "custom_salary",
        "Achternaam": "last_name",
    }
    assert acme.company.custom_fields == {
        "custom_salary": CustomType.DECIMAL,
        "custom_badge": CustomType.INTEGER,
    }


def test_companies_come_in_the_order_of_their_keys(file: Path) -> None:
    tables = "".join(
        f'[company.{key}]\nname = "N"\nlanguage = "en"\n' for key in ("zenith", "acme", "m-1_x")
    )

    assert list(load(file, tables).customers) == ["acme", "m-1_x", "zenith"]


# Files of their own


def test_a_company_may_have_a_file_of_its_own(file: Path) -> None:
    write(file.parent / "companies" / "zenith.toml", 'name = "Zenith"\nlanguage = "de"\n')
    write(file.parent / "companies" / "notes.txt", "not a company")

    settings = load(file, 'companies = "companies/*.toml"\n' + dedent(MINIMAL))

    assert list(settings.customers) == ["acme", "zenith"]
    assert settings.customers["zenith"].company.language is Language.DE


def test_the_folder_of_a_company_with_a_file_of_its_own_counts_from_the_configuration(
    file: Path,
) -> None:
    write(
        file.parent / "companies" / "zenith.toml",
        """
        name = "Zenith"
        language = "de"
        source = { protocol = "folder", directory = "in/zenith" }
        """,
    )

    settings = load(file, 'companies = "companies/*.toml"\n')

    assert settings.customers["zenith"].source is not None
    assert settings.customers["zenith"].source.directory == file.parent / "in" / "zenith"


def test_company_files_may_be_anywhere(file: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    write(elsewhere / "zenith.toml", 'name = "Zenith"\nlanguage = "de"\n')

    settings = load(file, f'companies = "{elsewhere}/*.toml"\n')

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
    ],
)
def test_trouble_in_a_companys_file_names_that_file(
    file: Path, text: str, words: list[str]
) -> None:
    own = write(file.parent / "companies" / "zenith.toml", text)

    sentence = trouble(file, 'companies = "companies/*.toml"\n')

    assert missing(words, sentence, own) == []


def test_a_company_that_stands_twice_is_refused_and_both_places_are_named(file: Path) -> None:
    own = write(file.parent / "companies" / "acme.toml", 'name = "A"\nlanguage = "nl"\n')

    sentence = trouble(file, 'companies = "companies/*.toml"\n' + dedent(MINIMAL))

    assert "acme" in sentence
    assert str(own) in sentence
    assert str(file) in sentence


def test_a_file_whose_name_is_no_key_is_refused(file: Path) -> None:
    own = write(file.parent / "companies" / "Acme BV.toml", 'name = "A"\nlanguage = "nl"\n')

    sentence = trouble(file, 'companies = "companies/*.toml"\n')

    assert str(own) in sentence
    assert "'Acme BV'" in sentence
    assert "a-z" in sentence


@pytest.mark.parametrize("pattern", ["", "."])
def test_a_pattern_that_can_match_no_file_is_refused(file: Path, pattern: str) -> None:
    sentence = trouble(file, f'companies = "{pattern}"\n')

    assert "companies" in sentence
    assert "expected" in sentence


def test_a_pattern_that_matches_no_file_is_warned_of(file: Path) -> None:
    """It may be a mistake, or that of somebody who has no customer yet."""
    nobody = load(file, 'companies = "nope/*.toml"\n')
    write(file.parent / "companies" / "zenith.toml", 'name = "Z"\nlanguage = "de"\n')
    somebody = load(file, 'companies = "companies/*.toml"\n')

    assert nobody.warnings == (f"{file}, companies: no file matches nope/*.toml",)
    assert somebody.warnings == load(file, "").warnings == ()


# Where the database is


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///tenure.db", "{base}/tenure.db"),
        ("sqlite:///data/people.db", "{base}/data/people.db"),
        ("sqlite:////var/lib/tenure.db", "/var/lib/tenure.db"),
        ("sqlite:///sp%20ace.db", "{base}/sp ace.db"),
    ],
)
def test_the_database_counts_from_the_configuration(file: Path, url: str, path: str) -> None:
    settings = load(file, f'database = "{url}"\n')

    assert str(settings.database) == path.format(base=file.parent)


def test_the_environment_wins_over_the_configured_database(file: Path) -> None:
    settings = load(file, 'database = "sqlite:///a.db"', TENURE_DATABASE="sqlite:///b.db")

    assert settings.database == file.parent / "b.db"


def test_an_empty_variable_says_nothing(file: Path) -> None:
    settings = load(file, 'database = "sqlite:///a.db"', TENURE_DATABASE="")

    assert settings.database == file.parent / "a.db"


@pytest.mark.parametrize("url", ["tenure.db", "mysql://host/db", "sqlite://", "sqlite:///", "x"])
def test_a_database_that_is_none_is_refused(file: Path, url: str) -> None:
    sentence = trouble(file, f'database = "{url}"\n')

    assert f"{file}, database" in sentence
    assert "sqlite:///tenure.db" in sentence


def test_trouble_with_the_variable_names_the_variable(file: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        load(file, 'database = "sqlite:///a.db"', TENURE_DATABASE="mysql://host/db")

    assert str(raised.value).startswith("the environment variable TENURE_DATABASE: expected a URL")
    assert str(file) not in str(raised.value)


# Which file


@pytest.mark.parametrize(
    ("option", "environment", "found"),
    [
        (None, {}, "tenure.toml"),
        (None, {"TENURE_CONFIG": "other.toml"}, "other.toml"),
        (None, {"TENURE_CONFIG": ""}, "tenure.toml"),
        ("mine.toml", {"TENURE_CONFIG": "other.toml"}, "mine.toml"),
    ],
)
def test_the_option_wins_over_the_variable_and_that_over_the_usual_name(
    option: str | None, environment: dict[str, str], found: str
) -> None:
    assert find_settings(option, environment) == Path(found)


def test_a_relative_configuration_counts_from_here(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(file, MINIMAL)
    monkeypatch.chdir(file.parent)

    settings = load_settings(Path("tenure.toml"), {})

    assert settings.database.resolve() == file.parent.resolve() / "tenure.db"


# What is wrong with the file as a whole


def test_a_missing_file_is_named(file: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        load_settings(file, {})

    assert str(raised.value) == f"{file}: there is no such file"


def test_a_directory_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read") as raised:
        load_settings(tmp_path, {})

    assert str(tmp_path) in str(raised.value)


def test_a_file_that_is_no_text_is_refused(file: Path) -> None:
    file.write_bytes(b'[company.acme]\nname = "\xff"\n')

    with pytest.raises(SettingsError, match="UTF-8") as raised:
        load_settings(file, {})

    assert str(file) in str(raised.value)


def test_a_file_that_is_no_toml_is_refused_with_the_line(file: Path) -> None:
    sentence = trouble(file, "database = \n")

    assert "TOML" in sentence
    assert "line 1" in sentence


# What is wrong at a key

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
    "a folder that settles before it began": (
        ACME + "[company.acme.source]\nprotocol='folder'\ndirectory='in'\nsettle=-1",
        ["company.acme.source.settle", "0"],
    ),
    "a folder that never settles": (
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
    "a time that is none": ("[schedule]\nactivation = '24:00'", ["schedule.activation", "23:00"]),
    "a time in short": ("[schedule]\ndeactivation = '9:00'", ["schedule.deactivation", "23:00"]),
    "a time with seconds": ("[schedule]\nactivation = '09:00:00'", ["schedule.activation"]),
    "a time that is no text": (
        "[schedule]\nactivation = 09:00:00",
        ["schedule.activation", "text"],
    ),
    "a database that is no text": ("database = 5", ["database", "sqlite:///tenure.db"]),
}


@pytest.mark.parametrize("case", TROUBLES)
def test_whatever_is_wrong_is_told_with_file_key_and_what_was_expected(
    file: Path, case: str
) -> None:
    text, words = TROUBLES[case]

    sentence = trouble(file, text)

    assert missing(words, sentence, file) == []


def test_company_settings_tell_two_companies_apart(file: Path) -> None:
    """D8: what rows are read by is in the fingerprint, and where they come from is not."""
    source = '[company.acme.source]\nprotocol = "folder"\ndirectory = "in"\n'
    plain = load(file, ACME).customers["acme"].company.fingerprint()

    assert load(file, ACME + source).customers["acme"].company.fingerprint() == plain
    for more in ("groups = ['Sales']", "[company.acme.policy]\nblank_cells = 'clear'"):
        assert load(file, ACME + more).customers["acme"].company.fingerprint() != plain


# Servers

SFTP = """
    [company.acme.source]
    protocol = "sftp"
    host = "sftp.acme.example"
    directory = "/outgoing"
    username = "tenure"
"""
PINNED = "SHA256:" + "aB3+/" * 8 + "xyz"


def sftp(file: Path, more: str, without: str = "") -> Settings:
    """The settings of a company with a server."""
    lines = [
        line for line in dedent(SFTP).splitlines() if not without or not line.startswith(without)
    ]
    return load(file, "\n".join([ACME, *lines, dedent(more), ""]))


def source_of(file: Path, more: str) -> SftpSource:
    source = sftp(file, more).customers["acme"].source
    assert isinstance(source, SftpSource)
    return source


def test_a_server_needs_no_more_than_it_must(file: Path) -> None:
    """D1, D2, D4"""
    source = source_of(file, "password = { env = 'ACME_SFTP' }")

    assert source == SftpSource(
        host="sftp.acme.example",
        port=22,
        directory="/outgoing",
        pattern="alleo_employees_*.csv",
        username="tenure",
        password=Secret(env="ACME_SFTP"),
        settle=5,
        settle_limit=60,
    )


def test_everything_about_a_server_is_read(file: Path) -> None:
    """D1, D4"""
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
        deadlines=Deadlines(whole=90),
    )


def test_a_file_of_known_hosts_pins_as_well(file: Path) -> None:
    source = source_of(file, PASSWORD + "\nknown_hosts = 'keys/known_hosts'")

    assert source.known_hosts == file.parent / "keys" / "known_hosts"


def secret_file(path: Path, mode: int = 0o600) -> Path:
    """A file with a secret, and who may read it."""
    path.write_text("hunter2")
    path.chmod(mode)
    return path


def test_a_source_in_order_has_nothing_to_warn_of(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_SFTP", "hunter2")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(file.parent))
    secret_file(file.parent / "key", 0o440)  # a group may be let in, as in a container
    secret_file(file.parent / "words", 0o644)  # systemd sees to who may read it
    (file.parent / "known_hosts").touch()
    pinned = f"host_key = '{PINNED}'"
    keyed = "private_key = { file = 'key' }\npassphrase = { credential = 'words' }"

    assert source_of(file, f"password = {{ env = 'ACME_SFTP' }}\n{pinned}").warnings == ()
    assert source_of(file, f"{keyed}\nknown_hosts = 'known_hosts'").warnings == ()


def test_that_no_key_is_pinned_is_warned_of(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A", "hunter2")

    (warning,) = source_of(file, PASSWORD).warnings

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
def test_a_secret_or_file_that_will_not_be_read_is_warned_of(
    file: Path, monkeypatch: pytest.MonkeyPatch, keys: str
) -> None:
    """It would be found out at the next pick-up."""
    monkeypatch.delenv("A", raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.setenv("BYTES", os.fsdecode(b"hunter2\xff"))
    os.mkfifo(file.parent / "pipe")
    for name, mode in (("key", 0o600), ("shown", 0o604), ("open", 0o666)):
        secret_file(file.parent / name, mode)
    pinned = "" if "known_hosts" in keys else f"\nhost_key = '{PINNED}'"

    (warning,) = source_of(file, keys + pinned).warnings

    assert [word for word in UNREADABLE[keys] if word not in warning] == []
    assert "hunter2" not in warning


def test_certificates_that_will_not_be_read_are_warned_of(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A", "hunter2")
    source = ftp(file, PASSWORD + "\nca_file = 'missing'").customers["acme"].source

    assert source is not None
    (warning,) = source.warnings
    assert warning.endswith("which `ca_file` names, cannot be read (No such file or directory)")


def test_a_key_and_a_password_may_be_set_together(file: Path) -> None:
    """D1: a server may want both, so a source may have both."""
    source = source_of(file, PASSWORD + "\nprivate_key = { env = 'B' }")

    assert (source.password, source.private_key) == (Secret(env="A"), Secret(env="B"))


def test_two_host_keys_may_be_pinned_while_one_replaces_the_other(file: Path) -> None:
    """D1: the order in which they are written is kept."""
    other = PINNED.replace("x", "y")
    source = source_of(file, PASSWORD + f"\nhost_key = ['{PINNED}', '{other}']")

    assert source.host_keys == (PINNED, other)


def test_a_secret_may_be_in_the_keeping_of_systemd(file: Path) -> None:
    source = source_of(file, "password = { credential = 'acme_sftp' }")

    assert source.password == Secret(credential="acme_sftp")


def test_a_secret_is_read_when_it_is_used_and_not_before(file: Path) -> None:
    source_of(file, "password = { file = 'missing' }")
    source_of(file, "password = { env = 'NOT_SET' }")


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
def test_whatever_is_wrong_with_a_server_is_told(file: Path, case: str) -> None:
    more, without, words = SERVER_TROUBLES[case]

    (error,) = sftp(file, more, without).broken.values()

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
    (error,) = sftp(file, f"{setting} = {value}").broken.values()

    assert f"company.acme.source.{setting}" in str(error)
    assert "env" in str(error)
    assert "file" in str(error)
    assert "hunter2" not in str(error) + repr(error)


# FTP, with TLS and without

FTP = """
    [company.acme.source]
    protocol = "{protocol}"
    host = "ftp.acme.example"
    directory = "outgoing"
    username = "tenure"
"""


def ftp(file: Path, more: str, protocol: str = "ftps") -> Settings:
    """The settings of a company with an FTP server."""
    text = dedent(FTP).format(protocol=protocol)
    return load(file, "\n".join([ACME, text, dedent(more), ""]))


@pytest.mark.parametrize("protocol", ["ftp", "ftps"])
def test_an_ftp_server_needs_no_more_than_it_must(file: Path, protocol: str) -> None:
    """D1, D2, D4"""
    source = ftp(file, PASSWORD, protocol).customers["acme"].source

    assert source == FtpSource(
        protocol=protocol,
        host="ftp.acme.example",
        port=21,
        directory="outgoing",
        pattern="alleo_employees_*.csv",
        username="tenure",
        password=Secret(env="A"),
        mode="passive",
        settle=5,
        settle_limit=60,
    )


def test_everything_about_an_ftp_server_is_read(file: Path) -> None:
    """D1, D4"""
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

    assert source == FtpSource(
        protocol="ftps",
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
        deadlines=Deadlines(whole=90),
    )


def test_plain_ftp_is_warned_of(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """D1"""
    monkeypatch.setenv("A", "hunter2")
    clear = ftp(file, PASSWORD, "ftp").customers["acme"].source
    secured = ftp(file, PASSWORD, "ftps").customers["acme"].source

    assert clear is not None
    assert secured is not None
    (warning,) = clear.warnings
    assert "without encryption" in warning
    assert secured.warnings == ()


FTP_TROUBLES: dict[str, tuple[str, str, list[str]]] = {
    "no password": ("", "ftps", ["company.acme.source", "password", "missing"]),
    "a key": (PASSWORD + "\nprivate_key = { env = 'B' }", "ftps", ["private_key", "unknown"]),
    "an unknown mode": (PASSWORD + "\nmode = 'extended'", "ftp", ["source.mode", "passive"]),
    "certificates for nothing": (PASSWORD + "\nca_file = 'ca.pem'", "ftp", ["ca_file", "ftps"]),
    "a name to connect from": (PASSWORD + "\nbind = 'eth0'", "ftps", ["source.bind"]),
}


@pytest.mark.parametrize("case", FTP_TROUBLES)
def test_whatever_is_wrong_with_an_ftp_server_is_told(file: Path, case: str) -> None:
    more, protocol, words = FTP_TROUBLES[case]

    (error,) = ftp(file, more, protocol).broken.values()

    assert missing(words, str(error), file) == []


# One broken company


def test_what_is_wrong_with_one_company_leaves_the_others(file: Path) -> None:
    """R6"""
    write(file.parent / "companies" / "torn.toml", "name =")
    write(file.parent / "companies" / "whole.toml", 'name = "W"\nlanguage = "de"\n')
    text = 'companies = "companies/*.toml"\n' + ACME + '[company.half]\nname = "H"\n'

    settings = load(file, text)

    assert list(settings.customers) == ["acme", "whole"]
    assert list(settings.broken) == ["half", "torn"]
    assert "company.half" in str(settings.broken["half"])
    assert "TOML" in str(settings.broken["torn"])


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
def test_what_is_wrong_with_the_configuration_itself_is_wrong_for_all(
    file: Path, text: str
) -> None:
    with pytest.raises(SettingsError):
        load(file, text)


def test_keys_that_are_none_and_companies_that_stand_twice_leave_the_others(file: Path) -> None:
    """R6: of a company that stands twice nobody knows which is meant, so that neither is used."""
    for name in ("a/acme", "a/Whole BV", "a/zenith", "z/zenith", "z/whole"):
        write(file.parent / f"{name}.toml", 'name = "W"\nlanguage = "de"\n')
    text = 'companies = "?/*.toml"\n[company."Half BV"]\nname = "H"\n' + ACME

    settings = load(file, text)

    assert list(settings.customers) == ["whole"]
    assert list(settings.broken) == ["Half BV", "Whole BV", "acme", "zenith"]
    assert "a-z" in str(settings.broken["Half BV"])
    assert all("is also defined in" in str(settings.broken[key]) for key in ("acme", "zenith"))


# Notifications


def test_nobody_is_told_of_anything_unless_it_is_configured(file: Path) -> None:
    assert load(file, MINIMAL).notify is None


def test_notifications_have_defaults_for_all_but_where_they_go(file: Path) -> None:
    notify = load(file, '[notify]\nurl = "https://hooks.example/s3cret"\n').notify

    assert notify is not None
    assert notify.on == {"failed", "refused", "held", "rejected"}
    assert (notify.timeout, notify.attempts) == (30, 5)
    assert (notify.command, notify.environment, notify.authorization) == ((), (), None)
    assert notify.url == "https://hooks.example/s3cret"
    assert "s3cret" not in repr(load(file, '[notify]\nurl = "https://hooks.example/s3cret"\n'))


def test_everything_about_notifications_can_be_set(file: Path) -> None:
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
def test_a_program_is_found_as_a_shell_finds_it(file: Path, program: str) -> None:
    notify = load(file, f'[notify]\ncommand = ["{program}"]\n').notify

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
def test_a_url_may_be_plain_only_to_this_machine(file: Path, url: str) -> None:
    notify = load(file, f'[notify]\nurl = "{url}"\n').notify

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
def test_a_url_that_will_not_do_is_not_repeated(file: Path, url: str) -> None:
    sentence = trouble(file, f'[notify]\nurl = "{url}"\n')

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
def test_what_is_wrong_about_notifications_is_said(file: Path, text: str, words: list[str]) -> None:
    sentence = trouble(file, text)

    assert missing(words, sentence, file) == []
    assert "s3cret" not in sentence
