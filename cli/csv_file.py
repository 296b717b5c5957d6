"""Reads the files that a command line names: deliveries, people for an action, maps of ids."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.sources.folder import read_named_file
from adapters.sources.source import DeliveredFile
from cli.exit_codes import CliError
from domain.delivery.csv_table import TableUnreadable

_MAX_BYTES = 16 * 1024 * 1024


def read_named(path: str, limit: int) -> DeliveredFile:
    """Returns a file. One of more than `limit` bytes has no data. Raises `CliError`."""
    try:
        return read_named_file(Path(path), limit)
    except OSError as error:
        problem = f"cannot read {path}: {error.strerror}"
        raise CliError(problem, "check the name of the file") from error


def read_csv_file(path: str) -> DeliveredFile:
    """Returns a file with its bytes. Raises `CliError`."""
    file = read_named(path, _MAX_BYTES)
    if file.data is None:
        raise CliError(f"{path} has more than {_MAX_BYTES} bytes", "give it in parts")
    return file


@contextmanager
def explaining(path: str) -> Iterator[None]:
    """Raises `CliError` instead of a `TableUnreadable` about the file at `path`."""
    try:
        yield
    except TableUnreadable as error:
        raise CliError(f"{path} cannot be read: {error}", error.hint) from None
