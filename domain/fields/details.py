"""The details of an employee: everything that is known apart from identity and lifecycle.

The details are kept apart from everything else, because they are the part of an event that is
entirely personal data. Both structs follow from the table of fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import astuple, replace

from domain.fields.table import DETAILS, Field, Holds, is_custom
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


def full_name(details: Details) -> str:
    """Returns first name, prefix and last name, as people write them."""
    return " ".join(filter(None, (details.first_name, details.prefix, details.last_name)))


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


# What a file said of details that support corrected (L8)


def repeated_left_out(said: DetailsChange, file_details: DetailsChange | None) -> DetailsChange:
    """Returns the details of a statement without the values that the file had before too (L8).

    `file_details` has the values that the file last had for the details that support corrected.
    """
    if file_details is None:
        return said
    before = values_of(file_details)
    news = {name: value for name, value in values_of(said).items() if _differs(before, name, value)}
    return change_to(news) or DetailsChange()


def caught_up(known: Details, news: DetailsChange, file_details: DetailsChange) -> DetailsChange:
    """Returns the corrected details for which the file now has the correct value, too (L8)."""
    before, changing = values_of(file_details), values_of(difference(known, news))
    agreed = {
        name: value
        for name, value in values_of(news).items()
        if name in before and name not in changing
    }
    return change_to(agreed) or DetailsChange()


def after_correction(
    known: Details, file_details: DetailsChange | None, correction: DetailsChange
) -> DetailsChange | None:
    """Returns the values that the file last had for corrected details, after one more correction.

    The details that support did not correct before have the values of the file.
    """
    before, corrected = values_of(file_details), values_of(correction)
    known_values = {name: getattr(known, name) for name in DETAIL_NAMES} | known.custom
    from_file = {name: before.get(name, known_values.get(name)) for name in (*before, *corrected)}
    return change_to(
        {
            name: value
            for name, value in from_file.items()
            if name not in corrected or corrected[name] != value
        }
    )


def left_out(file_details: DetailsChange | None, news: DetailsChange) -> DetailsChange | None:
    """Returns `file_details` without the details that `news` is about."""
    if file_details is None:
        return None
    said = values_of(news)
    return change_to({n: value for n, value in values_of(file_details).items() if n not in said})


def values_of(change: DetailsChange | None) -> dict[str, Value]:
    """Returns the values of a change by the name of the field, custom fields included."""
    if change is None:
        return {}
    return _said(change) | (change.custom if change.custom is not UNSET else {})


def change_to(values: Mapping[str, Value]) -> DetailsChange | None:
    """Returns the change that sets `values`, by the name of the field, or `None` if it is empty."""
    if not values:
        return None
    details = {name: value for name, value in values.items() if not is_custom(name)}
    custom: dict[str, Any] = {name: value for name, value in values.items() if is_custom(name)}
    return DetailsChange(**details, custom=custom or UNSET)


def _differs(before: Mapping[str, Value], name: str, value: Value) -> bool:
    return name not in before or before[name] != value


def _said(change: DetailsChange) -> dict[str, Any]:
    return {name: value for name in DETAIL_NAMES if (value := getattr(change, name)) is not UNSET}
