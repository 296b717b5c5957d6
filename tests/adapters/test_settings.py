"""Configuration: what Tenure reads from a file, and how Tenure reports an error in a file."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, time
from pathlib import Path
from textwrap import dedent
from typing import Literal

import pytest
from msgspec.structs import replace

from adapters.errors import SettingsError
from adapters.notify_settings import Notify
from adapters.places import find_settings
from adapters.secrets import Secret
from adapters.settings import Settings, load_settings
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


# Companies with their own files


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


# Errors of the whole file


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: None, "there is no such file"),
        (lambda path: path.mkdir(), "cannot be read (Is a directory)"),
        (lambda path: path.write_bytes(b'name = "\xff"\n'), "UTF-8"),
        (lambda path: path.write_text("database = \n"), "TOML"),
        (lambda path: path.write_text("database = \n"), "line 1"),
    ],
)
def test_a_configuration_file_that_cannot_be_read_is_named(
    file: Path, make: Callable[[Path], object], problem: str
) -> None:
    """The message about a configuration file that is missing, or that is no TOML, names the file
    and the line."""
    # given
    make(file)

    # when
    with pytest.raises(SettingsError) as raised:
        load_settings(file, {})

    # then
    assert str(raised.value).startswith(f"{file}")
    assert problem in str(raised.value)


# Errors at a key

ACME = dedent(MINIMAL)
PINNED = "SHA256:" + "aB3+/" * 8 + "xyz"
PASSWORD = "password = { env = 'A' }"
TOLD = "[notify]\ncommand = ['tell']\n"


def policy(line: str) -> str:
    return f"{ACME}[company.acme.policy]\n{line}"


def source(protocol: str, more: str, without: str = "") -> str:
    """Returns the text of a source of this protocol with more keys, and without one key."""
    keys = {"protocol": protocol, "directory": "in"}
    if protocol != "folder":
        keys |= {"host": "acme.example", "username": "tenure"}
    lines = [f"{key} = '{value}'" for key, value in keys.items() if key != without]
    return "\n".join([f"{ACME}[company.acme.source]", *lines, more])


TROUBLES: list[tuple[str, list[str]]] = [
    ("datbase = 'x'", ["datbase", "database"]),
    ("database = 5", ["database", "sqlite:///tenure.db"]),
    ("companies = ['a']", ["companies", "companies/*.toml"]),
    ("companies = ''", ["companies", "expected"]),
    ("companies = '.'", ["companies", "expected"]),
    ("company = 5", ["company", "table"]),
    ("[company]\nacme = 5", ["company.acme", "table"]),
    ("[company.Acme]\nname='A'\nlanguage='nl'", ["company.Acme", "a-z"]),
    ('[company."a.b"]\nname="A"\nlanguage="nl"', ["a.b", "a-z"]),
    ('[company.""]\nname="A"\nlanguage="nl"', ["company", "a-z"]),
    (ACME + "key = 'acme'", ["company.acme.key"]),
    ("[company.acme]\nlanguage = 'nl'", ["company.acme", "name"]),
    ("[company.acme]\nname = 'A'", ["company.acme", "language"]),
    ("[company.acme]\nname='A'\nlanguage='fr'", ["company.acme.language", "en", "nl", "de"]),
    ("[company.acme]\nname = 5\nlanguage = 'nl'", ["company.acme.name", "text"]),
    (ACME + "groups = 'Sales'", ["company.acme.groups", "list"]),
    (ACME + "groups = ['a', 5]", ["company.acme.groups", "text"]),
    (ACME + "grups = []", ["company.acme", "grups", "groups"]),
    (policy("shortnotice = 'warn'"), ["company.acme.policy", "shortnotice", "short_notice"]),
    (policy("short_notice = 'maybe'"), ["company.acme.policy.short_notice", "warn", "reject"]),
    (policy("unknown_group = 'maybe'"), ["company.acme.policy.unknown_group", "warn", "reject"]),
    (policy("blank_cells = true"), ["company.acme.policy.blank_cells", "keep", "clear"]),
    (policy("notice_days = -1"), ["company.acme.policy.notice_days", "0"]),
    (policy("notice_days = '30'"), ["company.acme.policy.notice_days", "number"]),
    (ACME + "[company.acme.limits]\nbytes = 5", ["limits", "bytes", "file", "rows", "cell"]),
    (ACME + "[company.acme.limits]\nrows = 0", ["company.acme.limits.rows", "1"]),
    (ACME + "[company.acme.fields]\nA = 'shoe'", ["fields.A", "first_name", "custom_"]),
    (ACME + "[company.acme.fields]\nA = 5", ["company.acme.fields", "A", "text"]),
    (
        ACME + "[company.acme.custom_fields]\npay = 'decimal'",
        ["custom_fields.pay", "custom_salary"],
    ),
    (ACME + "[company.acme.custom_fields]\ncustom_ = 'date'", ["custom_fields.custom_"]),
    (
        ACME + "[company.acme.custom_fields]\ncustom_pay = 'money'",
        ["custom_pay", "text", "decimal", "integer", "date"],
    ),
    (ACME + "source = 'in'", ["company.acme.source", "table"]),
    (source("folder", "pattern = 'a/*.csv'"), ["company.acme.source.pattern", "without /"]),
    (source("folder", "", "protocol"), ["company.acme.source", "protocol"]),
    (source("folder", "", "directory"), ["company.acme.source", "directory"]),
    (source("gopher", ""), ["company.acme.source.protocol", "folder", "sftp"]),
    (
        ACME + "[company.acme.source]\nprotocol = ['sftp']\ndirectory = 'in'",
        ["company.acme.source.protocol", "folder", "sftp"],
    ),
    (source("folder", "host='h'"), ["company.acme.source.host", "unknown", "directory"]),
    (source("folder", "settle=-1"), ["company.acme.source.settle", "0"]),
    (source("folder", "settle_limit=inf"), ["company.acme.source.settle_limit"]),
    (source("folder", "settle=nan"), ["company.acme.source.settle"]),
    (source("folder", "patern = '*'"), ["company.acme.source", "patern", "pattern"]),
    ("schedule = 5", ["schedule", "table"]),
    ("[schedule]\nactivaton = '00:00'", ["schedule", "activaton", "activation"]),
    ("[schedule]\nactivation = '24:00'", ["schedule.activation", "23:00"]),
    ("[schedule]\ndeactivation = '9:00'", ["schedule.deactivation", "23:00"]),
    ("[schedule]\nactivation = '09:00:00'", ["schedule.activation"]),
    ("[schedule]\nactivation = 09:00:00", ["schedule.activation", "text"]),
    # SFTP
    *(
        (source("sftp", PASSWORD, key), ["company.acme.source", key, "missing"])
        for key in ("host", "directory", "username")
    ),
    (source("sftp", ""), ["company.acme.source", "password", "private_key", "missing"]),
    *(
        (source("sftp", f"{PASSWORD}\n{line}"), [f"company.acme.source.{key}", *words])
        for line, key, *words in (
            ("passphrase = { env = 'B' }", "passphrase", "private_key"),
            ("port = 0", "port", "1"),
            ("port = 65536", "port", "65535"),
            (f"host_key = ['{PINNED}', '{PINNED}', '{PINNED}']", "host_key", "list of two"),
            (f"host_key = ['{PINNED}', '{PINNED}']", "host_key", "list of two"),
            ("host_key = []", "host_key", "list of two"),
            ("host_key = 'SHA256:abc'", "host_key"),
            ("host_key = 'MD5:aa:bb'", "host_key", "SHA256"),
            (f'host_key = "{PINNED}\\n"', "host_key", "43"),
            ("deadline = 0", "deadline", "0"),
            ("settle = 60\ndeadline = 60", "settle", "fewer", "deadline", "60"),
            ("deadline = 4", "settle", "4"),
            ("attempts = 0", "attempts", "1"),
            ("bind = 'eth0'", "bind"),
            ("mode = 'passive'", "mode", "unknown", "host_key"),
        )
    ),
    (source("sftp", f"{PASSWORD}\nhost = ''", "host"), ["company.acme.source.host"]),
    (
        source("sftp", f"{PASSWORD}\nhost_key = '{PINNED}'\nknown_hosts = 'known_hosts'"),
        ["company.acme.source", "host_key", "known_hosts", "not both"],
    ),
    # A mistake in one key does not hide a mistake in another.
    (source("sftp", f"{PASSWORD}\nport = 0\nbind = 'eth0'"), ["source.port", "source.bind"]),
    # FTP
    (source("ftps", ""), ["company.acme.source", "password", "missing"]),
    (source("ftps", PASSWORD + "\nprivate_key = { env = 'B' }"), ["private_key", "unknown"]),
    (source("ftp", PASSWORD + "\nmode = 'extended'"), ["source.mode", "passive"]),
    (source("ftp", PASSWORD + "\nca_file = 'ca.pem'"), ["ca_file", "ftps"]),
    (source("ftps", PASSWORD + "\nbind = 'eth0'"), ["source.bind"]),
    # Notifications
    ("notify = 3", ["notify", "table"]),
    ("[notify]", ["notify", "command or url"]),
    ("[notify]\non = []", ["notify", "command or url"]),
    ('[notify]\nurls = "x"', ["notify.urls", "unknown key", "url"]),
    ('[notify]\ncommand = "tell"', ["notify.command", "a list"]),
    ('[notify]\ncommand = [""]', ["notify.command"]),
    ('[notify]\ncommand = ["tell", "a\\u0000b"]', ["notify.command"]),
    (TOLD + "environment = [3]", ["notify.environment", "a text"]),
    (TOLD + 'on = ["broken"]', ["notify.on", "rejected", "'broken'"]),
    (TOLD + 'on = "held"', ["notify.on", "a list"]),
    (TOLD + "timeout = 0", ["notify.timeout"]),
    (TOLD + "attempts = 0", ["notify.attempts"]),
    ("[notify]\nurl = 3", ["notify.url"]),
    ('[notify]\nurl = { vault = "hunter2" }', ["notify.url", "env", "file", "credential"]),
    (TOLD + 'authorization = "hunter2"', ["notify.authorization", "env"]),
]


@pytest.mark.parametrize(("text", "words"), TROUBLES)
def test_an_error_is_reported_with_the_file_the_key_and_the_expected_value(
    file: Path, text: str, words: list[str]
) -> None:
    """The message about an error names the file, the key and the expected value, and shows no
    secret."""
    # when
    sentence = trouble(file, text)

    # then
    assert missing(words, sentence, file) == []
    assert "hunter2" not in sentence


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
        stale_after = "a week"
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
        (own, "policy.stale_after"),
        (own, "policy.max_offboardings"),
        (own, "source.hots"),
        (own, "source.ca_file"),
        (own, "source"),
        (own, "source.directory"),
        (own, "source.password"),
    ]
    assert "did you mean database?" in faults[file, "databse"]
    assert faults[own, ""] == "expected name, which is missing"
    assert faults[own, "policy.stale_after"] == 'expected a text like "7d" or "36h", or "0" for off'
    assert faults[own, "policy.max_offboardings"] == 'expected a number, or a share like "10%"'
    assert "did you mean host?" in faults[own, "source.hots"]
    assert '(it belongs to protocol = "ftps")' in faults[own, "source.ca_file"]
    assert faults[own, "source.directory"] == "expected a text, not empty"
    assert "hunter2" not in str(raised.value)


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
    """A program for notifications, or a directory of a source, that is not there gives a warning
    with the whole path."""
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
    named = ("bin/tell", "in")
    for name, warning in zip(named, warnings, strict=True):
        assert f" {file.parent}/{name}" in warning
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


# Time zones

IN_KIRITIMATI = ACME + "timezone = 'Pacific/Kiritimati'\nlocal_clock = true\n"


def test_the_dates_of_a_company_may_count_in_its_time_zone(file: Path) -> None:
    """L9: `timezone` names the time zone of a company, and with `local_clock` its dates count
    there. Another company has the usual schedule."""
    # when
    settings = load(file, IN_KIRITIMATI + "[company.zenith]\nname = 'Z'\nlanguage = 'nl'\n")

    # then
    assert settings.schedule_of("acme") == replace(settings.schedule, zone=settings.zone_of("acme"))
    assert settings.schedule_of("acme").deactivation_of(date(2027, 3, 1)).hour == 9
    assert settings.schedules().every() == {settings.schedule, settings.schedule_of("acme")}
    assert (settings.schedule_of("zenith"), settings.zone_of("zenith")) == (settings.schedule, UTC)


@pytest.mark.parametrize(
    ("line", "key", "words"),
    [
        ("timezone = 'Europe/Amstredam'", "timezone", "did you mean Europe/Amsterdam?"),
        ("timezone = 'europe/amsterdam'", "timezone", "did you mean Europe/Amsterdam?"),
        ("timezone = 'New York'", "timezone", "did you mean America/New_York?"),
        ("timezone = 'Europe'", "timezone", "the IANA name of a time zone"),
        ("timezone = '../Europe/Amsterdam'", "timezone", "the IANA name of a time zone"),
        ("timezone = 'right/Europe/Amsterdam'", "timezone", "the IANA name of a time zone"),
        ("timezone = '\\u0000'", "timezone", "the IANA name of a time zone"),
        ("timezone = ''", "timezone", "the IANA name of a time zone"),
        ("timezone = 1", "timezone", "expected a text"),
        ("local_clock = true", "local_clock", "expected timezone too"),
        ("timezone = 'UTC'\nlocal_clock = 'yes'", "local_clock", "expected true or false"),
    ],
)
def test_a_wrong_time_zone_is_explained(file: Path, line: str, key: str, words: str) -> None:
    """An unknown time zone is an error that names the nearest one, and a local clock without a time
    zone is an error too."""
    # when
    (fault,) = load(file, ACME + line.replace("'\\u0000'", '"\\u0000"')).broken["acme"].faults

    # then
    assert fault.key == f"company.acme.{key}"
    assert words in fault.expected


@pytest.mark.parametrize("own_file", [False, True])
def test_a_broken_company_keeps_its_clock(file: Path, own_file: bool) -> None:
    """R6, L9: The dates of a company whose other settings are wrong still count in its time zone.
    Where the time zone cannot be read, they count in UTC."""
    # given
    text = IN_KIRITIMATI + "shoe = 38\n"
    if own_file:
        (file.parent / "acme.toml").write_text(text.replace("[company.acme]", ""))
        text = "companies = 'acme.toml'"

    # when
    settings = load(file, text)

    # then
    assert list(settings.broken) == ["acme"]
    assert str(settings.schedule_of("acme").zone) == str(settings.zone_of("acme"))
    assert str(settings.schedule_of("acme").zone) == "Pacific/Kiritimati"
    unknown = load(file, IN_KIRITIMATI.replace("Kiritimati", "Kiritimatti"))
    assert unknown.schedule_of("acme") == unknown.schedule


# SFTP

SFTP = """
    [company.acme.source]
    protocol = "sftp"
    host = "sftp.acme.example"
    directory = "/outgoing"
    username = "tenure"
"""


def sftp(file: Path, more: str) -> Settings:
    """The settings of a company with an SFTP server."""
    return load(file, "\n".join([ACME, dedent(SFTP), dedent(more), ""]))


def source_of(file: Path, more: str) -> SftpSource:
    """The source of a company with an SFTP server."""
    source = sftp(file, more).customers["acme"].source
    assert isinstance(source, SftpSource)
    return source


def test_an_sftp_source_has_defaults(file: Path) -> None:
    """D1, D2, D4: An SFTP source needs a host, a directory, a user name and a secret. All other
    settings have defaults. There may be a key and a password, two host keys while the server
    changes from one to the other, and a file of known hosts."""
    # given
    other = PINNED.replace("x", "y")
    keys = f"private_key = {{ credential = 'key' }}\nhost_key = ['{PINNED}', '{other}']"

    # when
    plain = source_of(file, PASSWORD)
    rotating = source_of(file, f"{PASSWORD}\n{keys}")
    known = source_of(file, f"{PASSWORD}\nknown_hosts = 'keys/known_hosts'")

    # then
    assert plain == SftpSource(
        host="sftp.acme.example",
        directory="/outgoing",
        pattern="alleo_employees_*.csv",
        username="tenure",
        password=Secret(env="A"),
        settle=5,
        settle_limit=60,
    )
    assert rotating.private_key == Secret(credential="key")
    assert rotating.host_key == (PINNED, other)
    assert known.known_hosts == file.parent / "keys" / "known_hosts"


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


UNREADABLE: dict[str, tuple[str, str]] = {
    "password = { env = 'A' }": ("the environment variable A", "`password` names, is not set"),
    "password = { env = 'BYTES' }": ("BYTES", "`password` names, is not UTF-8 text"),
    "password = { credential = 'acme' }": ("the credential acme", "systemd passed no credentials"),
    "password = { file = 'missing' }": ("/missing", "(No such file or directory)"),
    "password = { file = 'shown' }": ("/shown", "can be read by every user"),
    "private_key = { file = 'open' }": ("/open, which `private_key` names", "`chmod o-rwx`"),
    "private_key = { file = 'key' }\npassphrase = { env = 'A' }": ("A", "`passphrase` names"),
    "private_key = { file = 'key' }\nknown_hosts = 'missing'": ("/missing", "`known_hosts` names"),
    "private_key = { file = 'key' }\nknown_hosts = 'pipe'": ("/pipe", "is not a regular file"),
    "private_key = { file = 'key' }\nport = 22": ("no host_key is pinned", "host_key"),
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
    monkeypatch.setenv("BYTES", os.fsdecode(b"hunter2\xff"))
    os.mkfifo(file.parent / "pipe")
    for name, mode in (("key", 0o600), ("shown", 0o604), ("open", 0o666)):
        secret_file(file.parent / name, mode)
    pinned = "" if "known_hosts" in keys or "port" in keys else f"\nhost_key = '{PINNED}'"

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


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("private_key", '"-----BEGIN hunter2! KEY-----\\n"'),
        ("passphrase", "'hunter2!'"),
        *(
            ("password", value)
            for value in (
                "'hunter2!'",
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
            )
        ),
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


def test_notifications_need_only_a_destination(file: Path) -> None:
    """Notifications need a command or a URL. All other settings have defaults, and the settings do
    not show the URL."""
    # when
    settings = load(file, '[notify]\nurl = "https://hooks.example/s3cret"\n')

    # then
    notify = settings.notify
    assert notify is not None
    assert notify.on == {"error", "feed", "held", "failed"}
    assert (notify.timeout, notify.attempts, notify.digest) == (30, 5, None)
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
        digest = "08:30"
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
        digest="08:30",
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
