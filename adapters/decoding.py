"""Decodes TOML tables into typed settings, and finds every mistake at once.

msgspec decodes, and stops at the first mistake. Only then the table is compared with its type key
by key, so that all mistakes are told together, each with its key and what is expected there.

No type may be a union of a text with a `pattern` and a list or a table: msgspec 0.22 then uses
memory that it has freed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

import msgspec

from adapters.errors import Contradiction, Fault, SettingsError
from adapters.secrets import Secret
from domain.fields.nearest import NearestNames

_T = TypeVar("_T")
_Struct: TypeAlias = type[msgspec.Struct]
_PLACE = (
    'expected { env = "NAME" }, { file = "path" } or { credential = "name" }: a secret is kept in '
    "an environment variable, a separate file or a systemd credential, never here"
)


def expected(words: str, **limits: Any) -> msgspec.Meta:
    """Returns an annotation of a type: the limits of a value, and words for what is expected."""
    return msgspec.Meta(extra={"expected": words}, **limits)


# 23:00
TimeOfDay: TypeAlias = Annotated[
    str,
    expected(
        'a text with a time of day in UTC like "23:00"',
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z",
    ),
]
"""A time of the day in the configuration."""


class Table(NamedTuple):
    """A table or another value of a configuration file, and its key there: `company.acme`."""

    file: Path
    key: str
    value: Any

    def decode(self, kind: type[_T]) -> _T:
        """Returns the value as a `kind`. Paths count from the directory of the file.

        Raises `SettingsError` with every mistake. No mistake quotes a secret.
        """
        try:
            return _convert(self, kind)
        except msgspec.ValidationError:
            raise SettingsError(*_faults(self, kind)) from None

    def at(self, key: str) -> Table:
        """Returns the part of this table at `key`; its value is `None` if there is none."""
        return Table(self.file, f"{self.key}.{key}" if self.key else key, self.value.get(key))

    def fault(self, words: str) -> Fault:
        """Returns a mistake at this key."""
        return Fault(self.file, self.key, words)

    def unknown_keys(
        self, known: Iterable[str], elsewhere: Mapping[str, str] = {}
    ) -> Iterator[Fault]:
        """Yields a mistake for each key of this table that is not in `known`.

        `elsewhere` has words for keys that are known in other tables.
        """
        names = tuple(known)
        nearest = NearestNames(names)
        for key in self.value:
            if key not in names:
                near = elsewhere.get(key) or nearest.clause(key)
                yield self.at(key).fault(f"unknown key{near}, expected one of {', '.join(names)}")


def _convert(table: Table, kind: type[_T]) -> _T:
    """Returns the value as a `kind`. Raises `msgspec.ValidationError`."""

    def decode_path(wanted: type, value: object) -> Path:
        """msgspec asks for each type that it does not know: a path."""
        if wanted is not Path or not isinstance(value, str) or not value or "\0" in value:
            raise ValueError
        return Path(os.path.abspath(table.file.parent / value))  # noqa: PTH100 - keeps links

    return msgspec.convert(table.value, kind, dec_hook=decode_path)


def _faults(table: Table, kind: Any) -> Iterator[Fault]:
    """Yields each mistake of a value that is expected to be a `kind`."""
    kinds = _alternatives(kind)
    structs = [each for each in kinds if _is_struct(each) and each is not Secret]
    entries = [get_args(each)[1] for each in kinds if get_origin(each) is dict]
    if isinstance(table.value, dict) and structs:
        yield from _faults_of_struct(table, structs)
    elif isinstance(table.value, dict) and entries:
        for key in table.value:
            yield from _faults(table.at(key), entries[0])
    elif not _fits(table, kind):
        is_secret = Secret in kinds and not (str in kinds and isinstance(table.value, str))
        yield table.fault(_PLACE if is_secret else f"expected {_words(kind)}")


def _faults_of_struct(table: Table, structs: list[_Struct]) -> Iterator[Fault]:
    """Yields each mistake of a table: in its keys, or in how they fit together.

    If there are several types, the key that is called their tag chooses one.
    """
    name = structs[0].__struct_config__.tag_field
    tags = {struct.__struct_config__.tag: struct for struct in structs}
    tag = table.value.get(name) if name else None
    if name and name not in table.value:
        yield table.fault(f"expected {name}, which is missing")
    elif not isinstance(tag, str | NoneType) or tag not in tags:
        yield table.at(str(name)).fault(f"expected one of {', '.join(map(str, tags))}")
    else:
        elsewhere = {
            field: f" (it belongs to {name} = {json.dumps(other)})"
            for other, struct in reversed([*tags.items()])
            for field in struct.__struct_fields__
        }
        faults = [*_faults_of_keys(table, tags[tag], elsewhere)]
        yield from faults
        yield from _contradictions(table, tags[tag], faults)


def _faults_of_keys(table: Table, struct: _Struct, elsewhere: Mapping[str, str]) -> Iterator[Fault]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    tag = struct.__struct_config__.tag_field
    yield from table.unknown_keys([*([tag] if tag else []), *fields], elsewhere)
    for name, field in fields.items():
        if name in table.value:
            yield from _faults(table.at(name), field.type)
        elif field.required:
            yield table.fault(f"expected {name}, which is missing")


def _contradictions(table: Table, struct: _Struct, faults: list[Fault]) -> Iterator[Fault]:
    """Yields each mistake in how the keys fit together.

    If there are `faults`, yields only the mistakes of single keys among the right keys: what the
    wrong keys mean is not known.
    """
    wrong = {fault.key for fault in faults}
    right = {
        key: value
        for key, value in table.value.items()
        if not any(f"{each}.".startswith(f"{table.at(key).key}.") for each in wrong)
    }
    try:
        _convert(table._replace(value=right), struct)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, Contradiction):
            for key, words in error.__cause__.expected.items():
                if key or not faults:
                    yield (table.at(key) if key else table).fault(words)


def _fits(table: Table, kind: Any) -> bool:
    try:
        _convert(table, kind)
    except msgspec.ValidationError:
        return False
    return True


def _alternatives(kind: Any) -> list[Any]:
    """Returns the types of a union, or the one type, without annotations and without `None`."""
    if get_origin(kind) is Annotated:
        return _alternatives(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return [each for part in get_args(kind) for each in _alternatives(part)]
    return [] if kind is NoneType else [kind]


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


_WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


def _words(kind: Any) -> str:
    """Returns words for what a type expects."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        for meta in parts[1:]:
            if isinstance(meta, msgspec.Meta) and meta.extra:
                return str(meta.extra["expected"])
        return _words(parts[0]) + "".join(map(_limits, parts[1:]))
    if origin in (Union, UnionType):
        return " or ".join(_words(part) for part in parts if part is not NoneType)
    if origin is Literal:
        return f"one of {', '.join(map(str, parts))}"
    if isinstance(kind, type) and issubclass(kind, Enum):
        names = [str(each.value) for each in kind]
        return f"one of {', '.join(names)}"
    if origin in (tuple, frozenset):
        return f"a list, each entry {_words(parts[0])}"
    if origin is dict or _is_struct(kind):
        return "a table"
    return "a path" if kind is Path else _WORDS.get(kind, "another value")


def _limits(meta: msgspec.Meta) -> str:
    """Returns words for the limits of a number or a text."""
    limits = {"at least": meta.ge, "more than": meta.gt, "at most": meta.le}
    words = [f"{name} {limit:g}" for name, limit in limits.items() if limit is not None]
    if meta.min_length:
        words.append("not empty")
    return f", {' and '.join(words)}" if words else ""
