"""The details of an employee: everything that is known apart from identity and lifecycle.

The details are kept apart from everything else, because they are the part of an event that is
entirely personal data. Both structs follow from the table of fields.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import astuple, replace

from domain.fields.table import DETAILS, Field, Holds
from domain.privacy import Redacted

Value: TypeAlias = str | date | None

_REQUIRED = tuple(field for field in DETAILS if field.always)
_OPTIONAL = tuple(field for field in DETAILS if not field.always)
# Fields that every employee has come first: msgspec requires fields without a default first.
DETAIL_NAMES: tuple[str, ...] = tuple(field.name for field in (*_REQUIRED, *_OPTIONAL))


def _type_of(field: Field) -> Any:
    return date if field.holds is Holds.DATE else str


if TYPE_CHECKING:

    class Details(Redacted, frozen=True):
        """Static types of the details that the rules name. The table of fields has all details."""

        first_name: str
        last_name: str
        language: str
        birthday: date | None = None
        custom: dict[str, str] = {}

        def __init__(self, *_: Value, **__: Value | dict[str, str]) -> None: ...
        def __getattr__(self, name: str) -> Any: ...

    class DetailsChange(Redacted, frozen=True):
        """Static types of the changes that the rules name. The table of fields has all details."""

        first_name: str | UnsetType = UNSET
        last_name: str | UnsetType = UNSET
        language: str | UnsetType = UNSET
        birthday: date | UnsetType | None = UNSET
        custom: dict[str, str | None] | UnsetType = UNSET

        def __init__(self, **_: Value | UnsetType | dict[str, str | None]) -> None: ...
        def __getattr__(self, name: str) -> Any: ...

else:
    Details = msgspec.defstruct(
        "Details",
        [
            *((field.name, _type_of(field)) for field in _REQUIRED),
            *((field.name, _type_of(field) | None, None) for field in _OPTIONAL),
            ("custom", dict[str, str], {}),
        ],
        bases=(Redacted,),
        namespace={
            "__doc__": "The details of one employee. Custom values are kept as written (W7)."
        },
        module=__name__,
        frozen=True,
        omit_defaults=True,
    )
    DetailsChange = msgspec.defstruct(
        "DetailsChange",
        [
            *((field.name, _type_of(field) | UnsetType, UNSET) for field in _REQUIRED),
            *((field.name, _type_of(field) | UnsetType | None, UNSET) for field in _OPTIONAL),
            ("custom", dict[str, str | None] | UnsetType, UNSET),
        ],
        bases=(Redacted,),
        namespace={
            "__doc__": "Some details: unset says nothing, `None` says that the value is cleared."
        },
        module=__name__,
        frozen=True,
    )


def new_details(said: DetailsChange, language: str) -> Details:
    """Returns the details of a new employee from the details of a statement.

    `language` is the language of the company. It is used if the statement has no language (W5).
    """
    # Unset and `None` are false as conditions, and every other value is true.
    known = zip(DETAIL_NAMES, astuple(said), strict=False)  # `custom` is last and has no name here
    values: dict[str, Any] = {name: value for name, value in known if value}
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
    """Returns the values of `said` that differ from `known`, or `None` if no value differs."""
    changes: dict[str, Any] = {}
    for name in DETAIL_NAMES:
        value = getattr(said, name)
        if value is not UNSET and value != getattr(known, name):
            changes[name] = value
    if said.custom is not UNSET:
        custom = {
            name: value for name, value in said.custom.items() if value != known.custom.get(name)
        }
        if custom:
            changes["custom"] = custom
    return DetailsChange(**changes) if changes else None


def changed(known: Details, change: DetailsChange) -> Details:
    """Returns the details `known` after `change` was applied to them."""
    values = _said(change)
    if change.custom is not UNSET:
        custom = {**known.custom, **change.custom}
        values["custom"] = {name: value for name, value in custom.items() if value is not None}
    return replace(known, **values)


def merged(earlier: DetailsChange, later: DetailsChange) -> DetailsChange:
    """Returns the details from two rows about one employee (D3).

    A field that the later row sets or clears comes from the later row. Every other field comes from
    the earlier row.
    """
    values = _said(later)
    if later.custom is not UNSET:
        values["custom"] = (
            later.custom if earlier.custom is UNSET else earlier.custom | later.custom
        )
    return replace(earlier, **values)


def _said(change: DetailsChange) -> dict[str, Any]:
    return {name: value for name in DETAIL_NAMES if (value := getattr(change, name)) is not UNSET}
