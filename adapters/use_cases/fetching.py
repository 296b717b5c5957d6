"""Fetches a delivery: its files, and the key that recognises it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from adapters.settings import Customer
from adapters.sources.source import DeliveredFile
from adapters.use_cases.app import App
from adapters.use_cases.errors import NoSource
from domain.company_runs.decisions import Delivered
from domain.company_runs.events import FileInfo, delivery_key
from domain.fields.table import fingerprint
from domain.issues.issue import Issue, make_issue


class FetchedDelivery(NamedTuple):
    """A delivery with its files in memory. `delivered` is the part that a run records (D8)."""

    files: Sequence[DeliveredFile]
    delivered: Delivered

    @property
    def issues(self) -> tuple[Issue, ...]:
        """The issues about the files themselves: one for each file that vanished after reading."""
        gone = (file.name for file in self.files if file.vanished)
        return tuple(make_issue("vanished-after-reading").at(name) for name in gone)

    @property
    def contents(self) -> Iterator[bytes]:
        """Yields the bytes of each file. A file that was too large to be fetched has none."""
        return (file.data or b"" for file in self.files)


def fetch(app: App, customer: Customer, files: Sequence[DeliveredFile] | None) -> FetchedDelivery:
    """Returns the delivery from the company's source, or the delivery of `files`.

    Raises `NoSource`, `SourceUnreachable` and `StillUploading`.
    """
    if files is None:
        if customer.source is None:
            raise NoSource(customer.company.key)
        files = customer.source.fetch(customer.company.limits.file)
    return fetched_delivery(app, customer, files)


def fetched_delivery(
    app: App, customer: Customer, files: Sequence[DeliveredFile]
) -> FetchedDelivery:
    """Returns the files with their delivery key, which depends on the present settings (D8)."""
    infos = tuple(
        FileInfo(file.name, file.size, file.modified, _sha256(file.data)) for file in files
    )
    company, schedule = customer.company, app.settings.schedule
    agreed = (company.fingerprint(), schedule.fingerprint(), fingerprint())
    return FetchedDelivery(files, Delivered(infos, delivery_key(agreed, infos)))


def _sha256(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()
