"""Row digests: they recognise a record that repeats an accepted row, without reading the record.

A digest is only a short cut: without digests every record is read, and the plan is the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from domain.company import Company
from domain.delivery.records import Sheet
from domain.fields.table import fingerprint
from domain.privacy import Redacted


class Digests(Redacted, frozen=True):
    """The ids of employees, by the digest of each employee's last accepted row.

    `deactivated` holds the ids of the employees among them who are deactivated.
    """

    employees: Mapping[bytes, str]
    deactivated: frozenset[str]


NO_DIGESTS = Digests({}, frozenset())
"""No digests: every record of a delivery is read."""


def salt_of(sheet: Sheet, company: Company) -> bytes:
    """Returns the salt of the digests of one sheet.

    Digests differ where the same text has another meaning: under another header, under other
    settings, or with another table of fields.
    """
    salt = hashlib.blake2b(fingerprint(), digest_size=16, key=company.fingerprint())
    salt.update(sheet.header.encode())
    salt.update(b"padded" if sheet.columns.padded else b"")
    return salt.digest()


def digest_of(salt: bytes, text: str) -> bytes:
    """Returns the digest of a record, 16 bytes long."""
    return hashlib.blake2b(salt + text.encode(), digest_size=16).digest()
