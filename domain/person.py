"""What is known of a person apart from identity and lifecycle.

Kept together, and apart from everything else, because this is the part of an event that is
personal data through and through.
"""

from __future__ import annotations

from datetime import date

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import astuple

from domain.private import Private


class Details(Private, frozen=True, omit_defaults=True):
    """The descriptive fields of one employee. Custom values are kept exactly as written (W7)."""

    first_name: str
    last_name: str
    language: str
    prefix: str | None = None
    probation_period_end_date: date | None = None
    birthday: date | None = None
    work_anniversary: date | None = None
    marriage_date: date | None = None
    group_name: str | None = None
    custom: dict[str, str] = {}


class DetailsChange(Private, frozen=True):
    """Some of the fields of `Details`: unset says nothing, `None` says it is to be cleared (W8)."""

    first_name: str | UnsetType = UNSET
    last_name: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    prefix: str | UnsetType | None = UNSET
    probation_period_end_date: date | UnsetType | None = UNSET
    birthday: date | UnsetType | None = UNSET
    work_anniversary: date | UnsetType | None = UNSET
    marriage_date: date | UnsetType | None = UNSET
    group_name: str | UnsetType | None = UNSET
    custom: dict[str, str | None] | UnsetType = UNSET


PLAIN_FIELDS: tuple[str, ...] = tuple(
    field for field in DetailsChange.__struct_fields__ if field != "custom"
)


def new_details(said: DetailsChange, language: str) -> Details:
    """The details of a new employee whose row said `said`, in a company that speaks `language`."""
    # Neither unset nor `None` is true, and every other value is.
    known = zip(PLAIN_FIELDS, astuple(said), strict=False)  # custom fields come last
    values = {field: value for field, value in known if value}
    values.setdefault("language", language)
    if said.custom is not UNSET:
        cleared = None in said.custom.values()
        values["custom"] = (
            {name: value for name, value in said.custom.items() if value is not None}
            if cleared
            else said.custom
        )
    return Details(**values)


def difference(known: Details, said: DetailsChange) -> DetailsChange | None:
    """What `said` would change of `known`, or `None` when it changes nothing."""
    changes: dict[str, object] = {}
    for field in PLAIN_FIELDS:
        value = getattr(said, field)
        if value is not UNSET and value != getattr(known, field):
            changes[field] = value
    if said.custom is not UNSET:
        custom = {
            name: value for name, value in said.custom.items() if value != known.custom.get(name)
        }
        if custom:
            changes["custom"] = custom
    return DetailsChange(**changes) if changes else None  # type: ignore[arg-type]


def changed(known: Details, change: DetailsChange) -> Details:
    """`known` after `change`."""
    values = {
        field: value for field in PLAIN_FIELDS if (value := getattr(change, field)) is not UNSET
    }
    if change.custom is not UNSET:
        custom = {**known.custom, **change.custom}
        values["custom"] = {name: value for name, value in custom.items() if value is not None}
    return msgspec.structs.replace(known, **values)


def merged(earlier: DetailsChange, later: DetailsChange) -> DetailsChange:
    """What two rows about one employee say together: the later one, over the earlier (D3)."""
    values = {
        field: value for field in PLAIN_FIELDS if (value := getattr(later, field)) is not UNSET
    }
    if later.custom is not UNSET:
        values["custom"] = (
            later.custom if earlier.custom is UNSET else earlier.custom | later.custom
        )
    return msgspec.structs.replace(earlier, **values)
