"""The names in a customer's directory: which of them count, and which nearly do (D2, D9)."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from fnmatch import fnmatchcase

_MAX_NAME_CHARACTERS = 255
_SEPARATORS = str.maketrans(" -", "__")
# Kinds of files that people send instead of a CSV file, or put a CSV file into.
_OTHER_SUFFIXES = (".txt", ".xlsx", ".xls", ".zip", ".gpg", ".pgp")


def matches(name: str, pattern: str) -> bool:
    """Whether a name in a directory matches the pattern, which is case-sensitive (D2).

    A server may send any name. A path, a name with control characters, and a name that is longer
    than file systems allow never match.
    """
    return fnmatchcase(name, pattern) and _is_possible(name)


def nearly_matches(name: str, pattern: str) -> bool:
    """Whether a name that does not match was probably meant to match (D9).

    It would match in another case, with another separator, or with `.csv` for its suffix.
    """
    return is_of_interest(name, pattern) and not fnmatchcase(name, pattern)


def is_of_interest(name: str, pattern: str) -> bool:
    """Whether a name matches the pattern, or nearly matches it."""
    wanted, found = _folded(pattern), _folded(name)
    near = fnmatchcase(name, pattern) or fnmatchcase(found, wanted)
    for suffix in _OTHER_SUFFIXES:
        if found.endswith(suffix):
            csv = found.removesuffix(suffix).removesuffix(".csv") + ".csv"
            near = near or fnmatchcase(csv, wanted)
    return near and _is_possible(name)


def name_in(places: Collection[str], path: str) -> str | None:
    """Returns the file name of a path in the listed directory, and `None` for another directory.

    Some servers list paths instead of names: `./name` or `/outgoing/name`. `places` are the paths
    by which a server may name the directory.
    """
    directory, slash, name = path.rpartition("/")
    return name if not slash or directory in places else None


def display_name(name: str) -> str:
    """Returns a file's name as text. A byte that is not UTF-8 is written as `\\xff`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _is_possible(name: str) -> bool:
    if name in ("", ".", "..") or "/" in name or len(name) > _MAX_NAME_CHARACTERS:
        return False
    return not any(unicodedata.category(char) == "Cc" for char in name)


def _folded(text: str) -> str:
    """Returns a name or a pattern in lower case, with one separator. `[a-z]` keeps its hyphen."""
    folded = text.casefold()
    return folded if "[" in folded else folded.translate(_SEPARATORS)
