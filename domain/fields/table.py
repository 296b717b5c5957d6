"""The table of fields: everything that is known of an employee, one line for each field.

Header, cells, details, answers, template and report follow from this table. A new field is one more
line in this table, and its documentation in `docs/reference/file.md`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from domain.company import CustomType

CUSTOM_PREFIX = "custom_"
CUSTOM_NAME_CHARACTERS = 64
"""The maximum length of a custom field's name, because each event stores the name again."""


class Holds(StrEnum):
    """The type of the values in a column."""

    EMAIL = "e-mail"
    TEXT = "text"
    DATE = "date"
    LANGUAGE = "language"
    GROUP = "group"
    DECIMAL = "decimal"
    INTEGER = "integer"


class Part(StrEnum):
    """The part of an employee that a field belongs to."""

    IDENTITY = "identity"
    """Identifies the employee that a row means (I1)."""
    LIFECYCLE = "lifecycle"
    """Changes the state of the employee (L1, L4)."""
    DETAILS = "details"
    """Describes the employee."""


class Field(msgspec.Struct, frozen=True):
    """One field of an employee.

    `mandatory` means that every row needs a value (W2), and `always` that every employee has a
    value. `clearable` means that a blank cell may clear the value (W8).
    """

    name: str
    holds: Holds = Holds.TEXT
    part: Part = Part.DETAILS
    mandatory: bool = False
    always: bool = False
    clearable: bool = False


FIELDS = (
    Field("email", Holds.EMAIL, Part.IDENTITY, mandatory=True, always=True),
    Field("external_id", part=Part.IDENTITY),
    Field("first_name", mandatory=True, always=True),
    Field("prefix", clearable=True),
    Field("last_name", mandatory=True, always=True),
    Field("onboarding_date", Holds.DATE, Part.LIFECYCLE, always=True),
    Field("offboarding_date", Holds.DATE, Part.LIFECYCLE),
    Field("probation_period_end_date", Holds.DATE, clearable=True),
    Field("birthday", Holds.DATE, clearable=True),
    Field("work_anniversary", Holds.DATE, clearable=True),
    Field("marriage_date", Holds.DATE, clearable=True),
    Field("language", Holds.LANGUAGE, always=True),
    Field("group_name", Holds.GROUP, clearable=True),
)
"""All fields, in the order in which answers show them."""

FIELD_OF = {field.name: field for field in FIELDS}
NAMES = tuple(field.name for field in FIELDS)
MANDATORY = tuple(field.name for field in FIELDS if field.mandatory)
COLUMNS = (
    *MANDATORY,
    *(each.name for each in FIELDS if not each.mandatory and each.part is not Part.IDENTITY),
    *(each.name for each in FIELDS if not each.mandatory and each.part is Part.IDENTITY),
)
"""The columns of a file, in the order of the template: the mandatory columns come first."""
DETAILS = tuple(field for field in FIELDS if field.part is Part.DETAILS)

_CUSTOM_HOLDS = {
    CustomType.TEXT: Holds.TEXT,
    CustomType.DECIMAL: Holds.DECIMAL,
    CustomType.INTEGER: Holds.INTEGER,
    CustomType.DATE: Holds.DATE,
}


def fingerprint(fields: Iterable[Field] = FIELDS) -> bytes:
    """Returns a digest of the table (16 bytes).

    After a new field was added to the table, a column of that field has a meaning (D8).
    """
    digest = hashlib.blake2b(digest_size=16)
    for field in fields:
        digest.update(f"{field.name} {field.holds} {field.mandatory} {field.clearable}\n".encode())
    return digest.digest()


def is_custom(name: str) -> bool:
    """Returns whether `name` is the name of a custom field (W7)."""
    return name[: len(CUSTOM_PREFIX)] == CUSTOM_PREFIX and (
        len(CUSTOM_PREFIX) < len(name) <= CUSTOM_NAME_CHARACTERS
    )


def custom_field(name: str, kind: CustomType) -> Field:
    """Returns the custom field `name` with the type that the company declares (W7)."""
    return Field(name, _CUSTOM_HOLDS[kind], clearable=True)


def written(name: str) -> str:
    """Returns the name of a field's column as people write it, such as `First name`."""
    return name.replace("_", " ").capitalize()
