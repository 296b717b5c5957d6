"""Row digests: how a record that repeats an accepted row is recognised without reading it.

A digest is a short cut and nothing else: without digests every record is read, and the plan is the
same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from domain.company import Company
from domain.delivery.records import Sheet
from domain.employee.roster import Roster
from domain.fields.table import fingerprint
from domain.privacy import Redacted


class Digests(Redacted, frozen=True):
    """Employees by the digest of their last accepted row; `deactivated` names some of them."""

    employees: Mapping[bytes, str]
    deactivated: frozenset[str]


NO_DIGESTS = Digests({}, frozenset())
"""With these, every record of a delivery is read."""


def digests_of(roster: Roster) -> Digests:
    """What recognises the rows of the people in a roster."""
    known = [(entry.digest, entry) for entry in roster.entries if entry.digest is not None]
    return Digests(
        {digest: entry.employee for digest, entry in known},
        frozenset(entry.employee for _, entry in known if entry.deactivated),
    )


def salt_of(sheet: Sheet, company: Company) -> bytes:
    """Makes digests differ where the same text means something else: under another header, under
    other settings, or with another table of fields."""
    salt = hashlib.blake2b(fingerprint(), digest_size=16, key=company.fingerprint())
    salt.update(sheet.header.encode())
    return salt.digest()


def digest_of(salt: bytes, text: str) -> bytes:
    """The digest of a record."""
    return hashlib.blake2b(salt + text.encode(), digest_size=16).digest()
