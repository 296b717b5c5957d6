"""The settings of the companies, from tables of the configuration and from files of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import tzinfo
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypeVar

import msgspec

from adapters.decoding import Table
from adapters.errors import Fault, SettingsError
from adapters.places import Place, parse_toml
from adapters.secrets import read_regular
from adapters.sources.folder import FolderSource
from adapters.sources.ftp.source import FtpSource, FtpsSource
from adapters.sources.sftp.source import SftpSource
from adapters.time_zones import nearest_zone, zone_of
from domain.company import Company
from domain.delivery.header import field_of, same_name
from domain.fields.cells import clean
from domain.fields.nearest import NearestNames
from domain.fields.table import COLUMNS, CUSTOM_NAME_CHARACTERS, is_custom

_A = TypeVar("_A")
_B = TypeVar("_B")
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]*")  # acme-north_2
_COMPANY_KEYS = tuple(name for name in Company.__struct_fields__ if name != "key")

ConfiguredSource: TypeAlias = FolderSource | SftpSource | FtpSource | FtpsSource
"""The table `source` of a company: its key `protocol` chooses the type."""


class Customer(msgspec.Struct, frozen=True):
    """A configured company: its settings for the rules, and the source of its files, if any."""

    company: Company
    source: ConfiguredSource | None

    @property
    def zone(self) -> tzinfo | None:
        """Returns the time zone of the company, in which answers show moments too."""
        return None if self.company.timezone is None else zone_of(self.company.timezone)


def _read_own_file(file: Path) -> Table:
    """Returns the content of a company's own file. Waits for nothing: it could be a pipe."""
    data, problem = read_regular(file)
    if problem:
        raise SettingsError(Fault(file, "", problem))
    return parse_toml(file, data)


class Companies(NamedTuple):
    """The companies of a configuration, by key (R6).

    `broken` has the errors of the companies that cannot be used, and `broken_clocks` the time zones
    of those whose dates count by their own clock: the clock passes these companies too.
    """

    customers: dict[str, Customer]
    broken: dict[str, SettingsError]
    broken_clocks: dict[str, tzinfo]


def read_companies(places: Iterable[Place]) -> Companies:
    """Returns the companies, valid and broken."""
    customers: dict[str, Customer] = {}
    broken: dict[str, SettingsError] = {}
    clocks: dict[str, tzinfo] = {}
    files: dict[str, Path] = {}
    for key, table in places:
        try:
            _check_key(key, table, files)
            customers[key] = _customer(key, table)
        except SettingsError as error:
            broken[key] = error
            customers.pop(key, None)
            zone = _clock_of(table)
            if zone is not None:
                clocks[key] = zone
        files[key] = table.file
    return Companies(dict(sorted(customers.items())), dict(sorted(broken.items())), clocks)


def _clock_of(table: Table) -> tzinfo | None:
    """Returns the time zone in which the dates of a broken company count, if that can be read."""
    try:
        value = table.value if table.value is not None else _read_own_file(table.file).value
    except SettingsError:
        return None
    name = value.get("timezone") if isinstance(value, dict) else None
    return zone_of(name) if isinstance(name, str) and value.get("local_clock") is True else None


def both(first: Callable[[], _A], second: Callable[[], _B]) -> tuple[_A, _B]:
    """Returns two results. Raises `SettingsError` with the mistakes of both functions."""
    try:
        one = first()
    except SettingsError as error:
        try:
            second()
        except SettingsError as other:
            raise SettingsError(*error.faults, *other.faults) from None
        raise
    return one, second()


def _check_key(key: str, table: Table, files: dict[str, Path]) -> None:
    """Raises `SettingsError` for a malformed key, or for a key that is in `files` already."""
    if not _KEY.fullmatch(key):
        fault = table.fault(f"expected a company key of a-z, 0-9, - and _, not {key!r}")
        raise SettingsError(fault)
    if key in files:
        # It is not clear which settings are the right ones, so the company is not used at all.
        raise SettingsError(table.fault(f"company {key} is also defined in {files[key]}"))


def _customer(key: str, table: Table) -> Customer:
    """Returns the company of a table. Raises `SettingsError` with every mistake."""
    if table.value is None:
        table = _read_own_file(table.file)
    if not isinstance(table.value, dict):
        raise SettingsError(table.fault("expected a table"))
    _, (company, source) = both(
        lambda: _check_keys(table),
        lambda: both(lambda: _company(key, table), lambda: _source(table)),
    )
    return Customer(company, source)


def _check_keys(table: Table) -> None:
    if faults := [*table.unknown_keys((*_COMPANY_KEYS, "source"))]:
        raise SettingsError(*faults)


def _source(table: Table) -> ConfiguredSource | None:
    source = table.at("source")
    # mypy does not take a union for a type.
    kind: Any = ConfiguredSource
    return None if source.value is None else source.decode(kind)


def _company(key: str, table: Table) -> Company:
    known = {name: value for name, value in table.value.items() if name in _COMPANY_KEYS}
    company = table._replace(value={**known, "key": key}).decode(Company)
    faults = [
        *_wrong_columns(table, company),
        *_wrong_custom_fields(table, company),
        *_wrong_time_zone(table, company),
    ]
    if faults:
        raise SettingsError(*faults)
    return msgspec.structs.replace(
        company,
        fields={column: field_of(name) for column, name in company.fields.items()},
        custom_fields={field_of(name): kind for name, kind in company.custom_fields.items()},
        groups=tuple(clean(group) for group in company.groups),
    )


def _wrong_columns(table: Table, company: Company) -> Iterator[Fault]:
    """Yields a mistake for each column that stands there twice, or means no field."""
    columns = list(company.fields)
    for number, column in enumerate(columns):
        place = table.at("fields").at(column)
        if any(same_name(column, other) for other in columns[:number]):
            yield place.fault("expected each column once; another spelling is the same column")
        elif field_of(company.fields[column]) is None:
            near = NearestNames(COLUMNS).clause(company.fields[column])
            yield place.fault(f"expected custom_… or one of {', '.join(COLUMNS)}{near}")


def _wrong_custom_fields(table: Table, company: Company) -> Iterator[Fault]:
    """Yields a mistake for each custom field that stands there twice, or has another name."""
    seen: set[str] = set()
    for name in company.custom_fields:
        place, field = table.at("custom_fields").at(name), field_of(name) or ""
        if not is_custom(field):
            longest = f"of at most {CUSTOM_NAME_CHARACTERS} characters"
            yield place.fault(f"expected a name like custom_salary, {longest}")
        elif field in seen:
            yield place.fault("expected each field once; another spelling is the same field")
        seen.add(field)


def _wrong_time_zone(table: Table, company: Company) -> Iterator[Fault]:
    """Yields a mistake for an unknown time zone, or for a local clock without a time zone."""
    name = company.timezone
    if name is None and company.local_clock:
        yield table.at("local_clock").fault("expected timezone too, in which the dates count")
    elif name is not None and zone_of(name) is None:
        words = "expected the IANA name of a time zone, like Europe/Amsterdam"
        yield table.at("timezone").fault(f"{words}{nearest_zone(name)}")
