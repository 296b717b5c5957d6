"""Gathering a delivery: its files, and what recognises it."""

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


class FetchedDelivery(NamedTuple):
    """A delivery whose files are in memory; `delivered` is what is recorded of it (D8)."""

    files: Sequence[DeliveredFile]
    delivered: Delivered

    @property
    def contents(self) -> Iterator[bytes]:
        """The bytes of each file; none of a file that was too large to be fetched."""
        return (file.data or b"" for file in self.files)


def fetch(app: App, customer: Customer, files: Sequence[DeliveredFile] | None) -> FetchedDelivery:
    """The delivery of the company's source, or of the `files` given.

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
    """Files with what recognises them as a delivery under the settings as they are now (D8)."""
    infos = tuple(
        FileInfo(file.name, file.size, file.modified, _sha256(file.data)) for file in files
    )
    company, schedule = customer.company, app.settings.schedule
    agreed = (company.fingerprint(), schedule.fingerprint(), fingerprint())
    return FetchedDelivery(files, Delivered(infos, delivery_key(agreed, infos)))


def _sha256(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()
