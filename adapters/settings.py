"""Reads `tenure.toml` into typed settings. All mistakes are told at once, each in one sentence."""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote

import msgspec

from adapters.company_settings import Customer, Place, read_companies, read_toml
from adapters.decoding import Table, TimeOfDay, expected
from adapters.errors import Contradiction, Fault, SettingsError
from adapters.notify_settings import Notify
from adapters.store.opening import Database, PostgresUrl
from domain.schedule import Schedule

FILE = "tenure.toml"
DATABASE = "sqlite:///tenure.db"
"""The database of a configuration that names none, and of the sample of `tenure init`."""
_DATABASE_URL = "a URL like sqlite:///tenure.db or postgresql://user@host/database"
_COMPANIES = "a file pattern like companies/*.toml"


class Settings(msgspec.Struct, frozen=True):
    """The whole configuration.

    `broken` maps the key of each company whose own settings are wrong to the error (R6).
    `unmatched` is a pattern of company files that no file matches.
    """

    file: Path
    database: Database
    schedule: Schedule
    customers: dict[str, Customer]
    broken: dict[str, SettingsError] = {}
    notify: Notify | None = None
    unmatched: Path | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about settings that are valid but look like a mistake.

        Each call looks for programs and secrets. Most commands do not ask.
        """
        unmatched = f"{self.file}, companies: no file matches {self.unmatched}"
        return (
            *((unmatched,) if self.unmatched else ()),
            *(self.notify.warnings() if self.notify else ()),
        )


class ScheduleTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table `schedule`."""

    pickup: tuple[TimeOfDay, ...] = ("02:45", "20:00")
    activation: TimeOfDay = "00:00"
    deactivation: TimeOfDay = "23:00"

    def times(self) -> Schedule:
        """Returns the schedule, with each time of pick-up once."""
        return Schedule(
            pickup=tuple(sorted({time.fromisoformat(text) for text in self.pickup})),
            activation=time.fromisoformat(self.activation),
            deactivation=time.fromisoformat(self.deactivation),
        )


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The configuration file. The tables in `company` are decoded one by one (R6)."""

    database: Annotated[str, expected(_DATABASE_URL)] = DATABASE
    companies: Annotated[str, expected(_COMPANIES)] | None = None
    schedule: ScheduleTable = ScheduleTable()
    notify: Notify | None = None
    company: dict[str, Any] = {}

    def __post_init__(self) -> None:
        """Raises `Contradiction` for a URL or a pattern that cannot be used."""
        wrong = {}
        if database_of(self.database, Path()) is None:
            wrong["database"] = f"expected {_DATABASE_URL}"
        if self.companies is not None and not Path(self.companies).name:
            wrong["companies"] = f"expected {_COMPANIES}"
        if wrong:
            raise Contradiction(wrong)


def find_settings(option: str | None, environment: Mapping[str, str] = os.environ) -> Path:
    """Returns the path of the configuration file.

    This is `option` (`--config`), else `TENURE_CONFIG`, else `tenure.toml` in this directory.
    """
    return Path(option or environment.get("TENURE_CONFIG") or FILE)


def load_settings(file: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Reads the configuration and the files of the companies.

    `TENURE_DATABASE` overrides `database`. A relative path counts from the directory of the file
    that it stands in. Mistakes in one company go to `broken`, and the other companies are still
    read (R6). Every other mistake raises `SettingsError`, with the mistakes in companies too.
    """
    table = read_toml(file)
    own_files = _own_files(table)
    customers, broken = read_companies([*_inline(table), *own_files])
    try:
        document = table.decode(_Document)
    except SettingsError as error:
        in_companies = (fault for each in broken.values() for fault in each.faults)
        raise SettingsError(*error.faults, *in_companies) from None
    database = chosen_database(document.database, file.parent, environment)
    pattern = document.companies if not own_files else None
    return Settings(
        file=file,
        database=database,
        schedule=document.schedule.times(),
        customers=customers,
        broken=broken,
        notify=document.notify and document.notify.beside(file),
        unmatched=file.parent.absolute() / pattern if pattern is not None else None,
    )


def company_files(file: Path) -> list[Path]:
    """Returns the company files that a configuration names, sorted by name.

    Returns no files if the configuration cannot be read.
    """
    try:
        return [place.table.file for place in _own_files(read_toml(file))]
    except SettingsError:
        return []


def _inline(table: Table) -> list[Place]:
    """Returns the companies that have a table in the main configuration file."""
    companies = table.at("company")
    keys = companies.value if isinstance(companies.value, dict) else ()
    return [Place(key, companies.at(key)) for key in keys]


def _own_files(table: Table) -> list[Place]:
    """Returns the companies that have their own file, sorted by file name."""
    pattern = table.value.get("companies")
    if not isinstance(pattern, str):
        return []
    base = Path(glob.escape(str(table.file.parent)))
    names = glob.glob(str(base / pattern))  # noqa: PTH207 - takes absolute patterns
    paths = sorted(path for path in map(Path, names) if not path.is_dir())
    return [Place(path.stem, Table(path, "", None)) for path in paths]


def chosen_database(url: str, base: Path, environment: Mapping[str, str] = os.environ) -> Database:
    """Returns the database that `TENURE_DATABASE` names, or else the `url` of a configuration.

    A relative path counts from `base`. Raises `SettingsError` if the variable names no database.
    """
    database = database_of(environment.get("TENURE_DATABASE") or url, base)
    if database is None:
        raise SettingsError(Fault(None, "TENURE_DATABASE", f"expected {_DATABASE_URL}"))
    return database


def database_of(url: str, base: Path) -> Database | None:
    """Returns the database that a URL names, or `None` if it names none.

    No error quotes the URL: it may contain a password.
    """
    if url.startswith(("postgresql://", "postgres://")):
        return PostgresUrl(url)
    path = unquote(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and path and "\0" not in path and not {"?", "#"} & set(url):
        return Path(os.path.abspath(base / path))  # noqa: PTH100 - keeps links
    return None
