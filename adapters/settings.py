"""Configuration: from `tenure.toml` to typed settings, or one sentence that says what is wrong."""

from __future__ import annotations

import glob
import ipaddress
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import time
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import unquote, urlsplit

import msgspec

from adapters.errors import SettingsError
from adapters.secret import Secret
from adapters.sources.folder import FolderSource
from adapters.sources.sftp import SftpSource
from adapters.sources.source import Source
from adapters.store.opening import Database, PostgresUrl
from domain.company import Company, CustomType, Language, Limits, Policy
from domain.fields import FIELDS, field_of, is_custom, same_name
from domain.row import clean
from domain.schedule import Schedule

FILE = "tenure.toml"
_T = TypeVar("_T")
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")


class Customer(msgspec.Struct, frozen=True):
    """A company as configured: what the rules need to know of it, and where its files are."""

    company: Company
    source: Source | None


class Settings(msgspec.Struct, frozen=True):
    """Everything that is configured.

    `broken` holds, by their keys, the companies whose own settings are wrong (R6).
    """

    file: Path
    database: Database
    schedule: Schedule
    customers: dict[str, Customer]
    broken: dict[str, SettingsError] = {}


class _Times(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    activation: str = "00:00"
    deactivation: str = "23:00"


_Text = Annotated[str, msgspec.Meta(min_length=1)]
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400)]
_PATTERN = "alleo_employees_*.csv"


class FolderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys of a source that is a local folder."""

    protocol: str
    directory: _Text
    pattern: _Text = _PATTERN
    settle: _Seconds = 0
    settle_limit: _Seconds = 60

    def source(self, base: Path) -> Source:
        """The source; its path counts from `base`."""
        return FolderSource(base / self.directory, self.pattern, self.settle, self.settle_limit)


class SftpSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys of a source that is an SFTP server."""

    protocol: str
    host: _Text
    directory: _Text
    username: _Text
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 22
    pattern: _Text = _PATTERN
    password: dict[str, str] | None = None
    private_key: dict[str, str] | None = None
    passphrase: dict[str, str] | None = None
    host_key: str | None = None
    bind: str | None = None
    settle: _Seconds = 5
    settle_limit: _Seconds = 60

    def source(self, base: Path) -> Source:
        """The source; the paths of its secrets count from `base`."""
        return SftpSource(
            host=self.host,
            port=self.port,
            directory=self.directory,
            pattern=self.pattern,
            username=self.username,
            password=_secret(self.password, base),
            private_key=_secret(self.private_key, base),
            passphrase=_secret(self.passphrase, base),
            host_key=self.host_key,
            bind=self.bind,
            settle=self.settle,
            settle_limit=self.settle_limit,
        )


PROTOCOLS: dict[str, type[FolderSettings | SftpSettings]] = {
    "folder": FolderSettings,
    "sftp": SftpSettings,
}
_SECRETS = ("password", "private_key", "passphrase")


def find_settings(option: str | None, environment: Mapping[str, str] = os.environ) -> Path:
    """The configuration file: `--config`, else `TENURE_CONFIG`, else `tenure.toml` here."""
    return Path(option or environment.get("TENURE_CONFIG") or FILE)


def load_settings(file: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Reads the configuration, company files included.

    `TENURE_DATABASE` wins over `database`. Relative paths count from the file. What is missing,
    unknown or wrong about one company is in `broken`, and the others are read (R6); for all else
    raises `SettingsError`.
    """
    document = _read(file)
    base = file.parent
    _known(file, "", document, ("database", "companies", "schedule", "company"))
    database = document.get("database", "sqlite:///tenure.db")
    override = environment.get("TENURE_DATABASE")
    customers: dict[str, Customer] = {}
    broken: dict[str, SettingsError] = {}
    for where, prefix, key, table in _companies(file, document, base):
        try:
            customers[key] = _customer(where, prefix, key, table, base)
        except SettingsError as error:
            broken[key] = error
    return Settings(
        file=file,
        database=(
            _database(file, "TENURE_DATABASE", override, base)
            if override
            else _database(file, "database", database, base)
        ),
        schedule=_schedule(file, document.get("schedule", {})),
        customers=dict(sorted(customers.items())),
        broken=dict(sorted(broken.items())),
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise SettingsError(file, "", "there is no such file") from None
    except OSError as error:
        raise SettingsError(file, "", f"cannot be read ({error.strerror})") from error
    except UnicodeDecodeError:
        raise SettingsError(file, "", "expected UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(file, "", f"expected TOML ({error})") from error


def _known(file: Path, prefix: str, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            raise SettingsError(
                file, _joined(prefix, key), f"unknown key, expected one of {', '.join(known)}"
            )


def _companies(
    file: Path, document: Mapping[str, Any], base: Path
) -> Iterator[tuple[Path, str, str, Any]]:
    """Every company: the file it stands in, the key it stands at, its name and its table.

    The table of a company with a file of its own is read later, so that only it is broken by it.
    """
    seen: dict[str, Path] = {}
    inline = document.get("company", {})
    if not isinstance(inline, dict):
        raise SettingsError(file, "company", "expected a table for each company")
    found = [(file, _joined("company", key), key, table) for key, table in inline.items()]
    pattern = document.get("companies")
    if pattern is not None:
        found += [(each, "", each.stem, None) for each in _matching(file, pattern, base)]
    for where, prefix, key, table in found:
        if not _KEY.fullmatch(key):
            raise SettingsError(
                where, prefix, f"expected a company key of a-z, 0-9, - and _, not {key!r}"
            )
        if key in seen:
            raise SettingsError(where, prefix, f"company {key} stands in {seen[key]} as well")
        seen[key] = where
        yield where, prefix, key, table


def _matching(file: Path, pattern: Any, base: Path) -> list[Path]:
    """The company files, by name."""
    if not isinstance(pattern, str) or not Path(pattern).name:
        raise SettingsError(file, "companies", "expected a file pattern like companies/*.toml")
    names = glob.glob(str(base / pattern))  # noqa: PTH207 - takes absolute patterns too
    return sorted(path for path in map(Path, names) if path.is_file())


def _customer(file: Path, prefix: str, key: str, table: Any, base: Path) -> Customer:
    if table is None:
        table = _read(file)
    if not isinstance(table, dict):
        raise SettingsError(file, prefix, "expected a table")
    if "key" in table:
        raise SettingsError(
            file, _joined(prefix, "key"), "unknown key, the table's name is the key"
        )
    settings = {name: value for name, value in table.items() if name != "source"}
    known = tuple(name for name in Company.__struct_fields__ if name != "key")
    _known(file, prefix, table, (*known, "source"))
    for name, entries in (("policy", Policy), ("limits", Limits)):
        inner = settings.get(name)
        if isinstance(inner, dict):
            _known(file, _joined(prefix, name), inner, entries.__struct_fields__)
    _entries(file, _joined(prefix, "fields"), settings.get("fields"), str)
    _entries(file, _joined(prefix, "custom_fields"), settings.get("custom_fields"), CustomType)
    company = _convert(file, prefix, {**settings, "key": key}, Company)
    company = msgspec.structs.replace(company, **_fields(file, prefix, company))
    source = table.get("source")
    return Customer(
        company, None if source is None else _source(file, _joined(prefix, "source"), source, base)
    )


def _entries(file: Path, prefix: str, table: Any, kind: type) -> None:
    """Checks a table of free keys entry by entry, so that an error can name the one it is in."""
    if isinstance(table, dict):
        for key, value in table.items():
            _convert(file, _joined(prefix, key), value, kind)


def _fields(file: Path, prefix: str, company: Company) -> dict[str, Any]:
    """Mapping, custom fields and groups, with every name written as rows are read."""
    mapping: dict[str, str] = {}
    for theirs, ours in company.fields.items():
        field = field_of(ours)
        if any(same_name(theirs, other) for other in mapping):
            where = _joined(prefix, f"fields.{theirs}")
            raise SettingsError(file, where, "expected each column once, however it is spelt")
        if field is None:
            expected = f"expected custom_… or one of {', '.join(FIELDS)}"
            raise SettingsError(file, _joined(prefix, f"fields.{theirs}"), expected)
        mapping[theirs] = field
    custom: dict[str, CustomType] = {}
    for name, kind in company.custom_fields.items():
        field = field_of(name) or ""
        if not is_custom(field):
            raise SettingsError(
                file, _joined(prefix, f"custom_fields.{name}"), "expected a name like custom_salary"
            )
        if field in custom:
            where = _joined(prefix, f"custom_fields.{name}")
            raise SettingsError(file, where, "expected each field once, however it is spelt")
        custom[field] = kind
    groups = tuple(clean(group) for group in company.groups)
    return {"fields": mapping, "custom_fields": custom, "groups": groups}


def _source(file: Path, prefix: str, table: Any, base: Path) -> Source:
    if not isinstance(table, dict):
        raise SettingsError(file, prefix, "expected a table")
    if "protocol" not in table:
        raise SettingsError(file, prefix, "expected protocol, which is missing")
    protocol = table["protocol"]
    if not isinstance(protocol, str) or protocol not in PROTOCOLS:
        known = ", ".join(PROTOCOLS)
        raise SettingsError(
            file, _joined(prefix, "protocol"), f"expected one of {known}, not {protocol!r}"
        )
    kind = PROTOCOLS[protocol]
    _known(file, prefix, table, kind.__struct_fields__)
    for name in _SECRETS:
        _check_secret(file, _joined(prefix, name), table.get(name))
    settings = _convert(file, prefix, table, kind)
    if isinstance(settings, SftpSettings):
        _check_sftp(file, prefix, settings)
    return settings.source(base)


def _check_secret(file: Path, key: str, value: Any) -> None:
    """Refuses a secret that stands in the configuration itself, without repeating it."""
    if value is None:
        return
    where = value if isinstance(value, dict) else {}
    text = next(iter(where.values()), None) if len(where) == 1 else None
    names_env = "env" in where and isinstance(text, str) and _VARIABLE.fullmatch(text)
    names_file = "file" in where and isinstance(text, str) and text
    if not (names_env or names_file):
        raise SettingsError(
            file,
            key,
            'expected { env = "NAME" } or { file = "path" }: a secret is kept in an environment '
            "variable or a file of its own, never here",
        )


def _check_sftp(file: Path, prefix: str, settings: SftpSettings) -> None:
    if (settings.password is None) == (settings.private_key is None):
        raise SettingsError(file, prefix, "expected either password or private_key")
    if settings.passphrase is not None and settings.private_key is None:
        raise SettingsError(
            file, _joined(prefix, "passphrase"), "expected a private_key that it belongs to"
        )
    if settings.host_key is not None and not _FINGERPRINT.fullmatch(settings.host_key):
        raise SettingsError(
            file,
            _joined(prefix, "host_key"),
            "expected SHA256: and 43 characters, as `tenure check --connect` shows them",
        )
    if settings.bind is not None and not _is_address(settings.bind):
        raise SettingsError(
            file, _joined(prefix, "bind"), 'expected an address of this machine like "10.0.0.4"'
        )


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _secret(where: Mapping[str, str] | None, base: Path) -> Secret | None:
    if where is None:
        return None
    return Secret(file=base / where["file"]) if "file" in where else Secret(env=where["env"])


def _schedule(file: Path, table: Any) -> Schedule:
    if isinstance(table, dict):
        _known(file, "schedule", table, _Times.__struct_fields__)
    times = _convert(file, "schedule", table, _Times)
    return Schedule(
        activation=_time(file, "schedule.activation", times.activation),
        deactivation=_time(file, "schedule.deactivation", times.deactivation),
    )


def _time(file: Path, key: str, text: str) -> time:
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise SettingsError(file, key, f'expected a time of day in UTC like "23:00", not {text!r}')
    return time.fromisoformat(text)


def _database(file: Path, key: str, url: Any, base: Path) -> Database:
    """Where the store is. The URL is not repeated when it is wrong: it may hold a password."""
    if isinstance(url, str):
        if url.startswith(("postgresql://", "postgres://")):
            return PostgresUrl(url)
        if url.startswith("sqlite:///"):
            parts = urlsplit(url)
            path = unquote(parts.path).removeprefix("/")
            if path and not parts.query and not parts.fragment:
                return base / path
    raise SettingsError(
        file, key, "expected a URL like sqlite:///tenure.db or postgresql://user@host/database"
    )


def _convert(file: Path, prefix: str, table: Any, kind: type[_T]) -> _T:
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        key = _joined(prefix, path.rstrip("`").removeprefix("."))
        raise SettingsError(file, key, _sentence(message, key)) from None


_CHOICES: dict[str, Iterable[str]] = {
    "language": Language,
    "short_notice": ("warn", "reject"),
    "unknown_group": ("warn", "reject"),
    "blank_cells": ("keep", "clear"),
}


def _sentence(message: str, key: str) -> str:
    """What msgspec says, in the words of the configuration."""
    name = key.rpartition(".")[2]
    if name in _CHOICES or message.startswith("Invalid enum value"):
        return f"expected one of {', '.join(_CHOICES.get(name, CustomType))}"
    missing = re.search(r"missing required field `(\w+)`", message)
    if missing:
        return f"expected {missing[1]}, which is missing"
    for theirs, ours in _WORDS.items():
        message = message.replace(theirs, ours)
    return message[0].lower() + message[1:]


_WORDS = {
    "Object": "the table",
    "`str`": "a text",
    "`int`": "a whole number",
    "`array`": "a list",
    "`object`": "a table",
    "`float`": "a number",
    "`bool`": "true or false",
}


def _joined(prefix: str, key: str) -> str:
    return f"{prefix}.{key}" if prefix and key else prefix or key
