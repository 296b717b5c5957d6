"""A company's settings and policy: everything a rule may ask of the customer's agreement."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

import msgspec


class Language(StrEnum):
    """The languages an employee can have (W5)."""

    EN = "en"
    NL = "nl"
    DE = "de"


class CustomType(StrEnum):
    """What a custom field holds (W7)."""

    TEXT = "text"
    DECIMAL = "decimal"
    INTEGER = "integer"
    DATE = "date"


_Limit: TypeAlias = Annotated[int, msgspec.Meta(ge=1)]


Threshold: TypeAlias = (
    Annotated[int, msgspec.Meta(ge=0)] | Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,4}%\Z")]
)
"""How much is too much for the safeguard (B1): a number, a share like "10%", or 0 for never."""


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The company's choices where a rule leaves one (L4, W6, W8, B1)."""

    short_notice: Literal["warn", "reject"] = "warn"
    notice_days: Annotated[int, msgspec.Meta(ge=0, le=3650)] = 30
    unknown_group: Literal["warn", "reject"] = "warn"
    blank_cells: Literal["keep", "clear"] = "keep"
    max_offboardings: Threshold = "10%"
    max_email_changes: Threshold = "10%"
    max_registrations: Threshold = "50%"
    max_rejected_rows: Threshold = "20%"


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much is read (F7): bytes of a file, rows of a file, characters of a cell."""

    file: _Limit = 512 * 1024 * 1024
    rows: _Limit = 2_000_000
    cell: _Limit = 1_000


EMAIL_LIMIT = 254
"""Characters of an e-mail address (F7)."""
EXTERNAL_ID_LIMIT = 500
"""Characters of an external id: what people are looked up by must fit into an index."""


class Company(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One customer: `key` is its name in configuration, commands and the store."""

    key: str
    name: str
    language: Language
    groups: tuple[str, ...] = ()
    fields: dict[str, str] = {}
    custom_fields: dict[str, CustomType] = {}
    policy: Policy = Policy()
    limits: Limits = Limits()

    def fingerprint(self) -> bytes:
        """A digest of all settings: rows read under other settings may mean something else (D8)."""
        settings = msgspec.json.encode(self, order="sorted")
        return hashlib.blake2b(settings, digest_size=16).digest()
