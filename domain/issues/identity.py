"""The identity of an issue: what makes the same issue of what two deliveries say (Q1)."""

from __future__ import annotations

import hashlib

from domain.addresses import address_of
from domain.issues.issue import Issue

_KEY = b"open issue"
"""Keeps the digests of issues apart from all other digests."""


def issue_key(issue: Issue) -> str:
    """Returns the key of an issue, 32 hex digits long (Q1).

    Issues of one company with the same code, person, field and value have the same key. File, line
    and message do not count: they may differ from one delivery to the next.
    """
    digest = hashlib.blake2b(digest_size=16, key=_KEY)
    for part in (issue.code, person_of(issue), issue.field, issue.value):
        # The length keeps the parts apart. A missing part differs from an empty one.
        encoded = b"-" if part is None else part.encode()
        digest.update(b"%d:%b" % (-1 if part is None else len(encoded), encoded))
    return digest.hexdigest()


def person_of(issue: Issue) -> str | None:
    """Returns whom an issue is about, or `None` for nobody.

    This is the external id if the issue has one, or else the e-mail address in the form in which
    addresses are compared.
    """
    return issue.external_id or (address_of(issue.email) if issue.email else None)
