"""Reads `tenure.toml` into typed settings. All mistakes are told at once, each in one sentence."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, time, tzinfo
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec.structs import replace

from adapters.company_settings import Customer, read_companies
from adapters.decoding import TimeOfDay, expected
from adapters.errors import Contradiction, SettingsError
from adapters.notify_settings import Notify
from adapters.places import (
    DATABASE,
    DATABASE_URL,
    chosen_database,
    companies_inside,
    company_files_of,
    database_of,
    read_toml,
)
from adapters.store.opening import Database
from domain.schedule import Schedule, Schedules

_COMPANIES = "a file pattern like companies/*.toml"


class Settings(msgspec.Struct, frozen=True):
    """The whole configuration.

    `schedule` is the table `schedule`, of which `schedule_of` a company makes the company's own.
    `broken` maps the key of each company whose own settings are wrong to the error (R6), and
    `broken_clocks` to its time zone if its dates count there. `unmatched` is a
    pattern of company files that no file matches.
    """

    file: Path
    database: Database
    schedule: Schedule
    customers: dict[str, Customer]
    broken: dict[str, SettingsError] = {}
    notify: Notify | None = None
    unmatched: Path | None = None
    broken_clocks: dict[str, tzinfo] = {}

    def schedule_of(self, company: str) -> Schedule:
        """Returns the schedule of a company: with the times of its own clock, if it has one (L9).

        A company that has left the configuration has the usual schedule.
        """
        customer = self.customers.get(company)
        is_local = customer is not None and customer.company.local_clock
        zone = customer.zone if customer and is_local else self.broken_clocks.get(company)
        return self.schedule if zone is None else replace(self.schedule, zone=zone)

    def zone_of(self, company: str) -> tzinfo:
        """Returns the time zone in which answers show the moments of a company: its own, or UTC."""
        customer = self.customers.get(company)
        return (customer.zone if customer else self.broken_clocks.get(company)) or UTC

    def schedules(self) -> Schedules:
        """Returns the schedules of all companies."""
        local = (key for key, each in self.customers.items() if each.company.local_clock)
        own = {key: self.schedule_of(key) for key in (*local, *self.broken_clocks)}
        return Schedules(self.schedule, own)

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

    database: Annotated[str, expected(DATABASE_URL)] = DATABASE
    companies: Annotated[str, expected(_COMPANIES)] | None = None
    schedule: ScheduleTable = ScheduleTable()
    notify: Notify | None = None
    company: dict[str, Any] = {}

    def __post_init__(self) -> None:
        """Raises `Contradiction` for a URL or a pattern that cannot be used."""
        wrong = {}
        if database_of(self.database, Path()) is None:
            wrong["database"] = f"expected {DATABASE_URL}"
        if self.companies is not None and not Path(self.companies).name:
            wrong["companies"] = f"expected {_COMPANIES}"
        if wrong:
            raise Contradiction(wrong)


def load_settings(file: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Reads the configuration and the files of the companies.

    `TENURE_DATABASE` overrides `database`. A relative path counts from the directory of the file
    that it stands in. Mistakes in one company go to `broken`, and the other companies are still
    read (R6). Every other mistake raises `SettingsError`, with the mistakes in companies too.
    """
    table = read_toml(file)
    own_files = company_files_of(table)
    companies = read_companies([*companies_inside(table), *own_files])
    try:
        document = table.decode(_Document)
    except SettingsError as error:
        in_companies = (fault for each in companies.broken.values() for fault in each.faults)
        raise SettingsError(*error.faults, *in_companies) from None
    database = chosen_database(document.database, file.parent, environment)
    pattern = document.companies if not own_files else None
    return Settings(
        file=file,
        database=database,
        schedule=document.schedule.times(),
        customers=companies.customers,
        broken=companies.broken,
        notify=document.notify and document.notify.beside(file),
        unmatched=file.parent.absolute() / pattern if pattern is not None else None,
        broken_clocks=companies.broken_clocks,
    )


def company_files(file: Path) -> list[Path]:
    """Returns the company files that a configuration names, sorted by name.

    Returns no files if the configuration cannot be read.
    """
    try:
        return [place.table.file for place in company_files_of(read_toml(file))]
    except SettingsError:
        return []
