"""The form in which e-mail addresses are compared (I1), and their domains, as IDNA has them.

A name with other letters than those of English has two forms: `straße.example`, and for machines
`xn--strae-oqa.example`. Both are one domain (RFC 5891).
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

ACE_PREFIX = "xn--"
"""The beginning of a label in the form for machines."""
LABEL_CHARACTERS = 63
"""The maximum length of a label (RFC 1035)."""
NAME_CHARACTERS = 253
"""The maximum length of a domain name. A longer text is no name and is compared as written."""


def address_of(email: str) -> str:
    """Returns an e-mail address in the form in which addresses are compared (I1).

    `email` must have no white space around it. Lower case is not case folding, which would take
    `ß` for `ss` and so one person for another.
    """
    lower = email.lower()
    if not email.isascii() or ACE_PREFIX in lower:
        local, at, domain = email.rpartition("@")
        lower = unicodedata.normalize("NFC", local.lower()) + at + domain_of(domain)
    return email if lower == email else lower  # one text in memory instead of two


def domain_of(domain: str) -> str:
    """Returns a domain in the form in which domains are compared.

    A text that is no domain is compared in lower case, as it is written.
    """
    return domain.lower() if len(domain) > NAME_CHARACTERS else _domain_of(domain)


@lru_cache(maxsize=4_096)
def _domain_of(domain: str) -> str:
    return ".".join(map(_label_of, domain.split(".")))


def _label_of(label: str) -> str:
    """Returns a label with its own letters: `straße` for `xn--strae-oqa`.

    A letter of full width is the same letter. `ß` and `ss` are not the same: since 2010 they are
    two domains.
    """
    if not label.isascii():
        # Each letter alone, because `str.lower` writes a Σ at the end of a word in another way.
        letters = map(str.lower, unicodedata.normalize("NFKC", label))
        label = unicodedata.normalize("NFKC", "".join(letters))
        if not label.isascii():
            return label
    label = label.lower()
    if not label.startswith(ACE_PREFIX) or len(label) > LABEL_CHARACTERS:
        return label
    try:
        decoded = label.removeprefix(ACE_PREFIX).encode().decode("punycode")
    except UnicodeError:
        return label
    # Another form of the same text, or a text that no domain has, makes no label.
    sound = not decoded.isascii() and decoded.isprintable() and decoded == _label_of(decoded)
    return decoded if sound and ACE_PREFIX + _ace_of(decoded) == label else label


def _ace_of(label: str) -> str:
    return label.encode("punycode").decode()
