"""Reads a CSV file that a command line names: people for an action, or a map of external ids."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.sources.folder import read_named_file
from adapters.sources.source import DeliveredFile
from cli.exit_codes import CliError
from domain.delivery.csv_table import TableUnreadable

_MAX_BYTES = 16 * 1024 * 1024


def read_csv_file(path: str) -> DeliveredFile:
    """Returns a file with its bytes. Raises `CliError`."""
    try:
        file = read_named_file(Path(path), _MAX_BYTES)
    except OSError as error:
        raise CliError(f"cannot read {path}: {error.strerror}", "check the name") from error
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
