"""Finds the configuration: its file, the companies in it, and the database that it names.

Nothing here decodes a setting, so that this module is imported quickly.
"""

from __future__ import annotations

import glob
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from adapters.decoding import Table
from adapters.errors import Fault, SettingsError
from adapters.store.opening import Database, PostgresUrl

FILE = "tenure.toml"
DATABASE = "sqlite:///tenure.db"
"""The database of a configuration that names none."""
DATABASE_URL = "a URL like sqlite:///tenure.db or postgresql://user@host/database"
"""What is expected of the URL of a database."""


class Place(NamedTuple):
    """Where a company is configured: its key, and its table.

    The value of the table is `None` if the company has its own file, which is not read yet. So a
    broken file affects its own company only.
    """

    key: str
    table: Table


def find_settings(option: str | None, environment: Mapping[str, str] = os.environ) -> Path:
    """Returns the path of the configuration file.

    This is `option` (`--config`), else `TENURE_CONFIG`, else `tenure.toml` in this directory.
    """
    return Path(option or environment.get("TENURE_CONFIG") or FILE)


def read_toml(file: Path) -> Table:
    """Returns the content of a file, which may be a pipe. Raises `SettingsError`."""
    try:
        return parse_toml(file, file.read_bytes())
    except FileNotFoundError:
        problem = "there is no such file"
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
    raise SettingsError(Fault(file, "", problem))


def parse_toml(file: Path, data: bytes) -> Table:
    """Returns the content of a file with these bytes. Raises `SettingsError`."""
    try:
        return Table(file, "", tomllib.loads(data.decode()))
    except UnicodeDecodeError:
        problem = "expected UTF-8 text"
    except tomllib.TOMLDecodeError as error:
        problem = f"expected TOML ({error})"
    except (ValueError, RecursionError):  # a number of thousands of digits, or very deep tables
        problem = "expected TOML"
    raise SettingsError(Fault(file, "", problem))


def companies_inside(table: Table) -> list[Place]:
    """Returns the companies that have a table in the main configuration file."""
    companies = table.at("company")
    keys = companies.value if isinstance(companies.value, dict) else ()
    return [Place(key, companies.at(key)) for key in keys]


def company_files_of(table: Table) -> list[Place]:
    """Returns the companies that have their own file, sorted by file name."""
    pattern = table.value.get("companies")
    if not isinstance(pattern, str):
        return []
    base = Path(glob.escape(str(table.file.parent)))
    names = glob.glob(str(base / pattern))  # noqa: PTH207 - takes absolute patterns
    paths = sorted(path for path in map(Path, names) if not path.is_dir())
    return [Place(path.stem, Table(path, "", None)) for path in paths]


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


def chosen_database(url: str, base: Path, environment: Mapping[str, str] = os.environ) -> Database:
    """Returns the database that `TENURE_DATABASE` names, or else the `url` of a configuration.

    A relative path counts from `base`. Raises `SettingsError` if the variable names no database.
    """
    database = database_of(environment.get("TENURE_DATABASE") or url, base)
    if database is None:
        raise SettingsError(Fault(None, "TENURE_DATABASE", f"expected {DATABASE_URL}"))
    return database


class Outline(NamedTuple):
    """The parts of a configuration that are read quickly, whatever is wrong with the others."""

    database: Database
    places: tuple[Place, ...]

    @property
    def companies(self) -> list[str]:
        """The keys of the companies."""
        return sorted({place.key for place in self.places})


def outline(file: Path, environment: Mapping[str, str] = os.environ) -> Outline:
    """Reads the configuration file, but no file of a company. Raises `SettingsError`."""
    table = read_toml(file)
    url = table.value.get("database", DATABASE)
    database = chosen_database(url if isinstance(url, str) else "", file.parent, environment)
    return Outline(database, (*companies_inside(table), *company_files_of(table)))
