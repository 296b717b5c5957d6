"""Fetches a delivery: its files, and the key that recognises it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from adapters.company_settings import Customer
from adapters.sources.names import display_name
from adapters.sources.source import DeliveredFile, PickUp, Source, in_order
from adapters.store.files import StoredFile
from adapters.use_cases.app import App
from adapters.use_cases.errors import NoSource
from domain.company_runs.decisions import Delivered
from domain.company_runs.events import FileInfo, delivery_key
from domain.fields.table import fingerprint
from domain.issues.issue import Issue, make_issue

_MAX_KEPT_BYTES = 900_000_000
"""All kept files of one company together: a hostile server must not fill the database (ADR 0017).
SQLite stores at most 1 GB in one row."""


class FetchedDelivery(NamedTuple):
    """A delivery with its files in memory.

    `delivered` is the part that a run records (D8). `issues` are about the directory and not about
    what the files contain. `kept` has the kept files that the store no longer needs once the run of
    this delivery is stored.
    """

    files: Sequence[DeliveredFile]
    delivered: Delivered
    issues: tuple[Issue, ...] = ()
    kept: tuple[FileInfo, ...] = ()

    @property
    def stored(self) -> Iterator[StoredFile]:
        """Yields each file as the store keeps it. A file that was too large has no bytes."""
        contents = (file.data or b"" for file in self.files)
        return map(StoredFile, self.delivered.files, contents)

    @property
    def kept_on_server(self) -> list[FileInfo]:
        """The files among `kept` that the server still has."""
        there = {file.name for file in self.files if not file.vanished}
        return [file for file in self.kept if file.name in there]


def fetch(app: App, customer: Customer, files: Sequence[DeliveredFile] | None) -> FetchedDelivery:
    """Returns the delivery from the company's source, or the delivery of `files`.

    Raises `NoSource`, `SourceUnreachable` and `StillUploading`.
    """
    if files is not None:
        return fetched_delivery(app, customer, files)
    if customer.source is None:
        raise NoSource(customer.company.key)
    found = customer.source.fetch(customer.company.limits.file, _Keeper(app, customer))
    return _with_kept(app, customer, customer.source, found)


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


class _Keeper(NamedTuple):
    """Keeps files in the store, until the run that they belong to is stored (ADR 0025)."""

    app: App
    customer: Customer

    def keep(self, file: DeliveredFile) -> None:
        """Keeps a file that was read whole, unless its delivery is stored already.

        When too much is kept, the file is not: the pick-up goes on, and its run makes room.
        """
        fetched = fetched_delivery(self.app, self.customer, [file])
        kept = self.app.store.kept(self.customer.company.key)
        files = kept.files()
        if not files and self._is_stored(fetched.delivered.key):
            return
        others = sum(each.bytes for each in files if each.name != file.name)
        if others + file.size <= _MAX_KEPT_BYTES:
            for each in fetched.stored:
                kept.keep(each)

    def forget(self, name: str) -> None:
        """Forgets a file, because it changed after it was read."""
        kept = self.app.store.kept(self.customer.company.key)
        kept.forget([file for file in kept.files() if file.name == name])

    def _is_stored(self, delivery: str) -> bool:
        """Returns whether a delivery of one file is held, or was the last one applied (D8, B3).

        Most pick-ups meet the file of the day before, which need not be written again.
        """
        state = self.app.store.runs.company_state(self.customer.company.key)
        applied = state.applied is not None and state.applied.delivery == delivery
        return applied or state.holds(delivery)


def _with_kept(app: App, customer: Customer, source: Source, found: PickUp) -> FetchedDelivery:
    """Returns the picked-up files together with the kept files that are gone from the server.

    A kept file counts only if the server does not list its name: what is on the server is the
    customer's latest word. A kept file that is newer than the listed one of its name comes from
    another pick-up at the same time. It stays for the next pick-up.
    """
    listed = {file.name: file for file in found.files}
    kept = app.store.kept(customer.company.key)
    gone, answered = [], []
    for info in kept.files():
        on_server = listed.get(info.name)
        if on_server is None and (content := kept.content(info)) is not None:
            gone.append(DeliveredFile(info.name, info.modified, content, info.bytes, True))
            answered.append(info)
        elif on_server is not None and info.modified <= on_server.modified:
            answered.append(info)
    fetched = fetched_delivery(app, customer, in_order([*found.files, *gone]))
    near_misses = (
        make_issue("near-miss-file", pattern=source.pattern).at(display_name(name))
        for name in found.near_misses
    )
    vanished = (
        make_issue("vanished-after-reading").at(file.name)
        for file in fetched.files
        if file.vanished
    )
    return fetched._replace(issues=(*near_misses, *vanished), kept=tuple(answered))


def _sha256(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()
