"""The settings and the policy of a company, on which the rules depend."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

import msgspec

from domain.duration import Duration


class Language(StrEnum):
    """The languages that an employee can have (W5)."""

    EN = "en"
    NL = "nl"
    DE = "de"


class CustomType(StrEnum):
    """The type of the values of a custom field (W7)."""

    TEXT = "text"
    DECIMAL = "decimal"
    INTEGER = "integer"
    DATE = "date"


_Limit: TypeAlias = Annotated[int, msgspec.Meta(ge=1)]


# The pattern matches a share, such as `10%`.
Threshold: TypeAlias = Annotated[
    Annotated[int, msgspec.Meta(ge=0)] | Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,4}%\Z")],
    msgspec.Meta(extra={"expected": 'a number, or a share like "10%"'}),
]
"""A limit of the safeguard (B1): a number, a share such as "10%", or 0 for no limit."""


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The company's choices, for the rules that leave a choice (L4, W6, W8, W10, I10, B1,
    D12, Q3, Q4)."""

    short_notice: Literal["warn", "reject"] = "warn"
    notice_days: Annotated[int, msgspec.Meta(ge=0, le=3650)] = 30
    unknown_group: Literal["warn", "reject"] = "warn"
    other_person: Literal["warn", "reject"] = "reject"
    blank_offboarding: Literal["keep", "cancel"] = "keep"
    placeholder_ids: tuple[str, ...] = ()
    no_date: tuple[str, ...] = ()
    stale_after: Duration = "7d"
    blank_cells: Literal["keep", "clear"] = "keep"
    deliveries: Literal["full", "partial"] = "full"
    absent: Literal["ignore", "report", "offboard"] = "ignore"
    absent_after: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 3
    max_offboardings: Threshold = "10%"
    max_cancellations: Threshold = "10%"
    max_email_changes: Threshold = "10%"
    max_identity_changes: Threshold = "10%"
    max_cleared_values: Threshold = "10%"
    max_registrations: Threshold = "50%"
    max_second_accounts: Threshold = "10%"
    max_rejected_rows: Threshold = "20%"
    max_already_left: Threshold = "20%"
    max_shrinkage: Threshold = "20%"
    lost_columns: Literal["hold", "warn"] = "hold"


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The limits of what is read (F7): bytes of a file, rows of a file, characters of a cell."""

    file: _Limit = 512 * 1024 * 1024
    rows: _Limit = 2_000_000
    cell: _Limit = 1_000


EMAIL_LIMIT = 254
"""The maximum number of characters of an e-mail address (F7)."""
EXTERNAL_ID_LIMIT = 500
"""The maximum number of characters of an external id (F7): a look-up key must fit into an index."""


class Company(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One company. `key` is its name in the configuration, in commands and in the store.

    `timezone` is the IANA name of its time zone, in which answers show moments too. With
    `local_clock`, its first days and last days also count in this time zone (L9).
    """

    key: str
    name: str
    language: Language
    groups: tuple[str, ...] = ()
    timezone: str | None = None
    local_clock: bool = False
    fields: dict[str, str] = {}
    custom_fields: dict[str, CustomType] = {}
    policy: Policy = Policy()
    limits: Limits = Limits()

    def fingerprint(self) -> bytes:
        """Returns a digest of all settings (16 bytes).

        Under other settings, the same row can have another meaning (D8).
        """
        settings = msgspec.json.encode(self, order="sorted")
        return hashlib.blake2b(settings, digest_size=16).digest()
