"""Reads `tenure.toml` into typed settings. An error is one sentence that says what is wrong."""

from __future__ import annotations

import glob
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

from adapters.conversion import check_keys, convert, joined
from adapters.errors import SettingsError
from adapters.sources.configured import read_source
from adapters.sources.source import Source
from adapters.store.opening import Database, PostgresUrl
from domain.company import Company, CustomType, Limits, Policy
from domain.delivery.header import field_of, same_name
from domain.fields.cells import clean
from domain.fields.table import COLUMNS, CUSTOM_NAME_CHARACTERS, is_custom
from domain.schedule import Schedule

if TYPE_CHECKING:
    from adapters.notify.configured import Notify

FILE = "tenure.toml"
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]*")  # acme-north_2
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")  # 23:00


class Customer(msgspec.Struct, frozen=True):
    """A configured company: its settings for the rules, and the source of its files, if any."""

    company: Company
    source: Source | None


class Settings(msgspec.Struct, frozen=True):
    """The whole configuration.

    `broken` maps the key of each company whose own settings are wrong to the error (R6).
    `warnings` are sentences about settings that are valid but look like a mistake.
    """

    file: Path
    database: Database
    schedule: Schedule
    customers: dict[str, Customer]
    broken: dict[str, SettingsError] = {}
    notify: Notify | None = None
    warnings: tuple[str, ...] = ()


class _Times(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pickup: tuple[str, ...] = ("02:45", "20:00")
    activation: str = "00:00"
    deactivation: str = "23:00"


def find_settings(option: str | None, environment: Mapping[str, str] = os.environ) -> Path:
    """Returns the path of the configuration file.

    This is `option` (`--config`), else `TENURE_CONFIG`, else `tenure.toml` in this directory.
    """
    return Path(option or environment.get("TENURE_CONFIG") or FILE)


def load_settings(file: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Reads the configuration and the files of the companies.

    `TENURE_DATABASE` overrides `database`. Paths are relative to the directory of `file`. An error
    in one company goes to `broken`, and the other companies are still read (R6). Every other error
    raises `SettingsError`.
    """
    document = _read(file)
    base = file.parent
    check_keys(file, "", document, ("database", "companies", "schedule", "notify", "company"))
    database = document.get("database", "sqlite:///tenure.db")
    override = environment.get("TENURE_DATABASE")
    files = _files(file, document)
    customers, broken = _customers([*_inline(file, document), *files], base)
    return Settings(
        file=file,
        database=(
            _database(None, "TENURE_DATABASE", override, base)
            if override
            else _database(file, "database", database, base)
        ),
        schedule=_schedule(file, document.get("schedule", {})),
        customers=dict(sorted(customers.items())),
        broken=dict(sorted(broken.items())),
        notify=_notify(file, document["notify"]) if "notify" in document else None,
        warnings=() if files else _warnings(file, document),
    )


def company_files(file: Path) -> list[Path]:
    """Returns the company files that a configuration names, sorted by name.

    Returns no files if the configuration cannot be read.
    """
    try:
        return [place.file for place in _files(file, _read(file))]
    except SettingsError:
        return []


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


def _warnings(file: Path, document: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns a warning if `companies` is set. Called when no file matches it."""
    pattern = document.get("companies")
    return () if pattern is None else (f"{file}, companies: no file matches {pattern}",)


class _Place(NamedTuple):
    """Where a company is configured: the file, the key of its table there, its own key, and the
    table. The table is `None` if the company has its own file, which is not read yet."""

    file: Path
    prefix: str
    key: str
    table: Any


def _inline(file: Path, document: Mapping[str, Any]) -> list[_Place]:
    """Returns the companies that have a table in the main configuration file."""
    tables = document.get("company", {})
    if not isinstance(tables, dict):
        raise SettingsError(file, "company", "expected a table for each company")
    return [_Place(file, joined("company", key), key, table) for key, table in tables.items()]


def _files(file: Path, document: Mapping[str, Any]) -> list[_Place]:
    """Returns the companies that have their own file, sorted by file name.

    The files are read later, so that a broken file affects its own company only.
    """
    pattern = document.get("companies")
    if pattern is None:
        return []
    if not isinstance(pattern, str) or not Path(pattern).name:
        raise SettingsError(file, "companies", "expected a file pattern like companies/*.toml")
    names = glob.glob(str(file.parent / pattern))  # noqa: PTH207 - takes absolute patterns too
    paths = sorted(path for path in map(Path, names) if path.is_file())
    return [_Place(path, "", path.stem, None) for path in paths]


def _customers(
    places: Iterable[_Place], base: Path
) -> tuple[dict[str, Customer], dict[str, SettingsError]]:
    """Returns the valid companies, and the errors of the other companies, both by key (R6)."""
    customers: dict[str, Customer] = {}
    broken: dict[str, SettingsError] = {}
    files: dict[str, Path] = {}
    for place in places:
        file, prefix, key, table = place
        try:
            _check_key(place, files)
            customers[key] = _customer(file, prefix, key, table, base)
        except SettingsError as error:
            broken[key] = error
            customers.pop(key, None)
        files[key] = file
    return customers, broken


def _check_key(place: _Place, files: Mapping[str, Path]) -> None:
    """Raises `SettingsError` for a malformed key, or for a key that is in `files` already."""
    file, prefix, key, _ = place
    if not _KEY.fullmatch(key):
        expected = f"expected a company key of a-z, 0-9, - and _, not {key!r}"
        raise SettingsError(file, prefix, expected)
    if key in files:
        # It is not clear which settings are the right ones, so the company is not used at all.
        raise SettingsError(file, prefix, f"company {key} is also defined in {files[key]}")


def _customer(file: Path, prefix: str, key: str, table: Any, base: Path) -> Customer:
    if table is None:
        table = _read(file)
    if not isinstance(table, dict):
        raise SettingsError(file, prefix, "expected a table")
    if "key" in table:
        raise SettingsError(file, joined(prefix, "key"), "unknown key, the table's name is the key")
    settings = {name: value for name, value in table.items() if name != "source"}
    known = tuple(name for name in Company.__struct_fields__ if name != "key")
    check_keys(file, prefix, table, (*known, "source"))
    for name, entries in (("policy", Policy), ("limits", Limits)):
        inner = settings.get(name)
        if isinstance(inner, dict):
            check_keys(file, joined(prefix, name), inner, entries.__struct_fields__)
    _entries(file, joined(prefix, "fields"), settings.get("fields"), str)
    _entries(file, joined(prefix, "custom_fields"), settings.get("custom_fields"), CustomType)
    company = convert(file, prefix, {**settings, "key": key}, Company)
    company = msgspec.structs.replace(company, **_fields(file, prefix, company))
    source = table.get("source")
    return Customer(
        company,
        None if source is None else read_source(file, joined(prefix, "source"), source, base),
    )


def _entries(file: Path, prefix: str, table: Any, kind: type) -> None:
    """Checks a table of free keys entry by entry, so that an error names the wrong entry."""
    if isinstance(table, dict):
        for key, value in table.items():
            convert(file, joined(prefix, key), value, kind)


def _fields(file: Path, prefix: str, company: Company) -> dict[str, Any]:
    """Returns the mapping, the custom fields and the groups, each name in its normal spelling."""
    mapping: dict[str, str] = {}
    for column, name in company.fields.items():
        field = field_of(name)
        where = joined(prefix, f"fields.{column}")
        if any(same_name(column, other) for other in mapping):
            expected = "expected each column once; another spelling is the same column"
            raise SettingsError(file, where, expected)
        if field is None:
            expected = f"expected custom_… or one of {', '.join(COLUMNS)}"
            raise SettingsError(file, where, expected)
        mapping[column] = field
    custom: dict[str, CustomType] = {}
    for name, kind in company.custom_fields.items():
        field = field_of(name) or ""
        where = joined(prefix, f"custom_fields.{name}")
        if not is_custom(field):
            longest = f"of at most {CUSTOM_NAME_CHARACTERS} characters"
            raise SettingsError(file, where, f"expected a name like custom_salary, {longest}")
        if field in custom:
            expected = "expected each field once; another spelling is the same field"
            raise SettingsError(file, where, expected)
        custom[field] = kind
    groups = tuple(clean(group) for group in company.groups)
    return {"fields": mapping, "custom_fields": custom, "groups": groups}


def _notify(file: Path, table: Any) -> Notify:
    # Most configurations have no notifications, and every command would pay for the import.
    from adapters.notify.configured import read_notify

    return read_notify(file, table)


def _schedule(file: Path, table: Any) -> Schedule:
    if isinstance(table, dict):
        check_keys(file, "schedule", table, _Times.__struct_fields__)
    times = convert(file, "schedule", table, _Times)
    pickup = {_time(file, "schedule.pickup", text) for text in times.pickup}
    return Schedule(
        pickup=tuple(sorted(pickup)),
        activation=_time(file, "schedule.activation", times.activation),
        deactivation=_time(file, "schedule.deactivation", times.deactivation),
    )


def _time(file: Path, key: str, text: str) -> time:
    if not _TIME.fullmatch(text):
        raise SettingsError(file, key, f'expected a time of day in UTC like "23:00", not {text!r}')
    return time.fromisoformat(text)


def _database(file: Path | None, key: str, url: Any, base: Path) -> Database:
    """Returns the database that a URL names.

    Raises `SettingsError`, which does not quote the URL: it may contain a password.
    """
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
