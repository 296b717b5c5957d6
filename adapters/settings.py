"""Configuration: from `tenure.toml` to typed settings, or one sentence that says what is wrong."""

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
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]*")


class Customer(msgspec.Struct, frozen=True):
    """A company as configured: what the rules need to know of it, and where its files are."""

    company: Company
    source: Source | None


class Settings(msgspec.Struct, frozen=True):
    """Everything that is configured.

    `broken` holds, by their keys, the companies whose own settings are wrong (R6); `warnings` what
    can be used and may not be meant so.
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
    """The files of companies that a configuration names, by name; none where it cannot be read."""
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
    """That there are no files, where some are named."""
    pattern = document.get("companies")
    return () if pattern is None else (f"{file}, companies: no file matches {pattern}",)


class _Place(NamedTuple):
    """Where a company stands: the file, the key there, its name and its table."""

    file: Path
    prefix: str
    key: str
    table: Any


def _inline(file: Path, document: Mapping[str, Any]) -> list[_Place]:
    """The companies that have a table in the configuration itself."""
    tables = document.get("company", {})
    if not isinstance(tables, dict):
        raise SettingsError(file, "company", "expected a table for each company")
    return [_Place(file, joined("company", key), key, table) for key, table in tables.items()]


def _files(file: Path, document: Mapping[str, Any]) -> list[_Place]:
    """The companies that have a file of their own, by its name.

    Their tables are read later, so that only that company is broken by its file.
    """
    pattern = document.get("companies")
    if pattern is None:
        return []
    if not isinstance(pattern, str) or not Path(pattern).name:
        raise SettingsError(file, "companies", "expected a file pattern like companies/*.toml")
    names = glob.glob(str(file.parent / pattern))  # noqa: PTH207 - takes absolute patterns too
    found = sorted(path for path in map(Path, names) if path.is_file())
    return [_Place(path, "", path.stem, None) for path in found]


def _customers(
    places: Iterable[_Place], base: Path
) -> tuple[dict[str, Customer], dict[str, SettingsError]]:
    """The companies that can be used, and what is wrong with the others, by their keys (R6)."""
    customers: dict[str, Customer] = {}
    broken: dict[str, SettingsError] = {}
    seen: dict[str, Path] = {}
    for place in places:
        file, prefix, key, table = place
        try:
            _check_key(place, seen)
            customers[key] = _customer(file, prefix, key, table, base)
        except SettingsError as error:
            broken[key] = error
            customers.pop(key, None)
        seen[key] = file
    return customers, broken


def _check_key(place: _Place, seen: Mapping[str, Path]) -> None:
    file, prefix, key, _ = place
    if not _KEY.fullmatch(key):
        expected = f"expected a company key of a-z, 0-9, - and _, not {key!r}"
        raise SettingsError(file, prefix, expected)
    if key in seen:
        # Nobody knows which is meant, so that neither is used.
        raise SettingsError(file, prefix, f"company {key} stands in {seen[key]} as well")


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
    """Checks a table of free keys entry by entry, so that an error can name the one it is in."""
    if isinstance(table, dict):
        for key, value in table.items():
            convert(file, joined(prefix, key), value, kind)


def _fields(file: Path, prefix: str, company: Company) -> dict[str, Any]:
    """Mapping, custom fields and groups, with every name written as rows are read."""
    mapping: dict[str, str] = {}
    for theirs, ours in company.fields.items():
        field = field_of(ours)
        if any(same_name(theirs, other) for other in mapping):
            where = joined(prefix, f"fields.{theirs}")
            raise SettingsError(file, where, "expected each column once, however it is spelt")
        if field is None:
            expected = f"expected custom_… or one of {', '.join(COLUMNS)}"
            raise SettingsError(file, joined(prefix, f"fields.{theirs}"), expected)
        mapping[theirs] = field
    custom: dict[str, CustomType] = {}
    for name, kind in company.custom_fields.items():
        field = field_of(name) or ""
        if not is_custom(field):
            longest = f"of at most {CUSTOM_NAME_CHARACTERS} characters"
            where = joined(prefix, f"custom_fields.{name}")
            raise SettingsError(file, where, f"expected a name like custom_salary, {longest}")
        if field in custom:
            where = joined(prefix, f"custom_fields.{name}")
            raise SettingsError(file, where, "expected each field once, however it is spelt")
        custom[field] = kind
    groups = tuple(clean(group) for group in company.groups)
    return {"fields": mapping, "custom_fields": custom, "groups": groups}


def _notify(file: Path, table: Any) -> Notify:
    from adapters.notify.configured import read_notify  # only where somebody is told

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
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise SettingsError(file, key, f'expected a time of day in UTC like "23:00", not {text!r}')
    return time.fromisoformat(text)


def _database(file: Path | None, key: str, url: Any, base: Path) -> Database:
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
