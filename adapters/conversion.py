"""Converts TOML tables to typed values. An error names the key and what is expected there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from adapters.errors import SettingsError
from domain.company import CustomType, Language

_T = TypeVar("_T")


def check_keys(file: Path, prefix: str, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Raises `SettingsError` if the table at `prefix` has a key that is not in `known`."""
    for key in table:
        if key not in known:
            raise SettingsError(
                file, joined(prefix, key), f"unknown key, expected one of {', '.join(known)}"
            )


def convert(file: Path, prefix: str, table: Any, kind: type[_T]) -> _T:
    """Returns the table or value at `prefix` as a `kind`. Raises `SettingsError`."""
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        key = joined(prefix, path.rstrip("`").removeprefix("."))
        raise SettingsError(file, key, _sentence(message, key)) from None


_CHOICES: dict[str, Iterable[str]] = {
    "language": Language,
    "short_notice": ("warn", "reject"),
    "unknown_group": ("warn", "reject"),
    "blank_cells": ("keep", "clear"),
    "mode": ("passive", "active"),
}


def _sentence(message: str, key: str) -> str:
    """Translates an error message of msgspec into the words of the configuration."""
    name = key.rpartition(".")[2]
    if name in _CHOICES or message.startswith("Invalid enum value"):
        return f"expected one of {', '.join(_CHOICES.get(name, CustomType))}"
    # Object missing required field `pattern`
    missing = re.search(r"missing required field `(\w+)`", message)
    if missing:
        return f"expected {missing[1]}, which is missing"
    for word, replacement in _WORDS.items():
        message = message.replace(word, replacement)
    return message[0].lower() + message[1:]


_WORDS = {
    "Object": "the table",
    "`str`": "a text",
    "`int`": "a whole number",
    "`array`": "a list",
    "`object`": "a table",
    "`float`": "a number",
    "`bool`": "true or false",
}


def joined(prefix: str, key: str) -> str:
    """Returns `key` below `prefix`, joined with a dot as in TOML: `company.acme`."""
    return f"{prefix}.{key}" if prefix and key else prefix or key
