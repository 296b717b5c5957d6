"""Fetches a delivery: its files, and the key that recognises it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from adapters.company_settings import Customer
from adapters.progress import Stage
from adapters.sources.names import display_name, matches
from adapters.sources.source import DeliveredFile, PickUp, Source, in_order
from adapters.store.files import KeptFile, StoredFile
from adapters.use_cases.app import App
from adapters.use_cases.errors import NoSource
from domain.company import Policy
from domain.company_runs.decisions import Delivered
from domain.company_runs.events import FileInfo, delivery_key, map_key, newest_of
from domain.company_runs.feed import is_stale
from domain.delivery.facts import DeliveryFacts
from domain.delivery.file_text import ends_whole
from domain.duration import duration_of
from domain.fields.table import fingerprint
from domain.issues.issue import Issue, make_issue
from projections.kept import Key

MAX_KEPT_BYTES = 900_000_000
"""All kept files of one company together: a hostile server must not fill the database (ADR 0017).
SQLite stores at most 1 GB in one row."""


class FetchedDelivery(NamedTuple):
    """A delivery with its files in memory.

    `delivered` is the part that a run records (D8). `issues` are about the directory and not about
    what the files contain. `kept` names the kept files that the store no longer needs once the run
    of this delivery is stored, and `kept_on_server` those of them that the server still has.
    """

    files: Sequence[DeliveredFile]
    delivered: Delivered
    issues: tuple[Issue, ...] = ()
    kept: tuple[Key, ...] = ()
    kept_on_server: tuple[Key, ...] = ()

    @property
    def stored(self) -> Iterator[StoredFile]:
        """Yields each file as the store keeps it. A file that was too large has no bytes."""
        contents = (file.data or b"" for file in self.files)
        return map(StoredFile, self.delivered.files, contents)


def fetch(
    app: App,
    customer: Customer,
    files: Sequence[DeliveredFile] | None,
    *,
    partial: bool = False,
) -> FetchedDelivery:
    """Returns the delivery from the company's source, or the delivery of `files`.

    A `partial` delivery does not have all employees, whatever the company's policy (D12). Raises
    `NoSource`, `SourceUnreachable`, `StillUploading` and `KeptFileDamaged`.
    """
    if files is not None:
        return fetched_delivery(app, customer, files, partial=partial, named=True)
    company, source = customer.company, customer.source
    if source is None:
        raise NoSource(company.key)
    version = app.store.runs.company_state(company.key).version
    with app.progress.stage(Stage.FETCH):
        keeper = _Keeper(app, customer, source.place)
        found = source.fetch(company.limits.file, keeper, app.progress)
    fetched = _with_kept(app, customer, source, found)
    return _without_answered(app, customer, fetched, version)


def fetched_delivery(
    app: App,
    customer: Customer,
    files: Sequence[DeliveredFile],
    *,
    partial: bool = False,
    named: bool = False,
) -> FetchedDelivery:
    """Returns the files with their delivery key, which depends on the present settings (D8).

    `named` is true if the command line named the files (D10).
    """
    infos = tuple(
        FileInfo(file.name, file.size, file.modified, _sha256(file.data)) for file in files
    )
    company = customer.company
    schedule = app.settings.schedule_of(company.key)
    partial = partial or company.policy.deliveries == "partial"
    agreed = [company.fingerprint(), schedule.fingerprint(), fingerprint()]
    if partial:  # the same bytes say less than as a full delivery
        agreed.append(b"partial")
    facts = DeliveryFacts(
        complete=all(ends_whole(file.data or b"") for file in files),
        partial=partial,
        named=named,
        stale=_is_stale(infos, company.policy, app.now()),
    )
    return FetchedDelivery(files, Delivered(infos, delivery_key(agreed, infos), facts))


def _is_stale(files: Sequence[FileInfo], policy: Policy, now: datetime) -> bool:
    return is_stale(newest_of(files) or now, duration_of(policy.stale_after), now)


def fetched_map(app: App, customer: Customer, file: DeliveredFile) -> FetchedDelivery:
    """Returns the file of a map of external ids, with a key that no delivery has (S12)."""
    fetched = fetched_delivery(app, customer, [file])
    delivered = fetched.delivered
    return fetched._replace(delivered=replace(delivered, key=map_key(delivered.key)))


class _Keeper(NamedTuple):
    """Keeps files in the store, until the run that they belong to is stored (ADR 0025)."""

    app: App
    customer: Customer
    place: str

    def keep(self, file: DeliveredFile, *, alone: bool) -> None:
        """Keeps a file that was read whole, unless it is a delivery that is stored already.

        When too much is kept, the file is not: the pick-up goes on, and its run makes room.
        """
        fetched = fetched_delivery(self.app, self.customer, [file])
        kept = self.app.store.kept(self.customer.company.key)
        files = kept.files()
        if alone and not files and self._is_stored(fetched.delivered.key):
            return
        others = sum(
            each.info.bytes for each in files if each.info and not self._is(each, file.name)
        )
        if others + file.size <= MAX_KEPT_BYTES:
            for each in fetched.stored:
                kept.keep(each, self.place, self.app.now())

    def forget(self, name: str) -> None:
        """Forgets a file, because it changed after it was read."""
        kept = self.app.store.kept(self.customer.company.key)
        kept.forget([each.key for each in kept.files() if self._is(each, name)])

    def _is(self, file: KeptFile, name: str) -> bool:
        return (file.key.place, file.key.name) == (self.place, name)

    def _is_stored(self, delivery: str) -> bool:
        """Returns whether a delivery of one file is held, or was the last one applied (D8, B3).

        Most pick-ups meet the file of the day before, which need not be written again.
        """
        state = self.app.store.runs.company_state(self.customer.company.key)
        applied = state.applied is not None and state.applied.delivery == delivery
        return applied or state.holds(delivery)


def _with_kept(app: App, customer: Customer, source: Source, found: PickUp) -> FetchedDelivery:
    """Returns the picked-up files together with the kept files that are gone from the server.

    A kept file counts only if the present source could list it and does not: what is on the server
    is the customer's latest word. A kept file that is newer than the listed one of its name comes
    from another pick-up at the same time. It stays for the next pick-up. Raises `KeptFileDamaged`.
    """
    listed = {file.name: file for file in found.files}
    kept = app.store.kept(customer.company.key)
    gone: list[DeliveredFile] = []
    answered: list[Key] = []
    on_server: list[Key] = []
    for file in kept.files():
        place, name = file.key.place, file.key.name
        there = listed.get(name)
        if place != source.place:
            answered.append(file.key)
        elif there is not None:
            if file.info is None or file.info.modified <= there.modified:
                (answered if there.vanished else on_server).append(file.key)
        elif matches(name, source.pattern) and (stored := kept.load(file)) is not None:
            info = stored.info
            gone.append(DeliveredFile(info.name, info.modified, stored.data, info.bytes, True))
            answered.append(file.key)
    fetched = fetched_delivery(app, customer, in_order([*found.files, *gone]))
    near_misses = tuple(
        make_issue("near-miss-file", pattern=source.pattern).at(display_name(name))
        for name in found.near_misses
    )
    return fetched._replace(
        issues=near_misses, kept=(*answered, *on_server), kept_on_server=tuple(on_server)
    )


def _without_answered(
    app: App, customer: Customer, fetched: FetchedDelivery, version: int
) -> FetchedDelivery:
    """Returns a delivery with the warnings about its vanished files, each of which is new.

    A file that is gone is not new if a run of another pick-up at the same time had it, and was
    stored since the company had this `version`. That run may also have had newer files, which this
    pick-up never saw, and which an older file must not undo.
    """
    if not any(file.vanished for file in fetched.files):
        return fetched  # as nearly always, so the store is not asked
    runs = app.store.runs
    number = runs.company_state(customer.company.key).version - version
    latest = runs.latest(customer.company.key, number)
    answered = {(file.name, file.sha256) for run in latest for file in run.ended.files}
    new = [
        file
        for file, info in zip(fetched.files, fetched.delivered.files, strict=True)
        if not (file.vanished and (info.name, info.sha256) in answered)
    ]
    vanished = (make_issue("vanished-after-reading").at(file.name) for file in new if file.vanished)
    issues = (*fetched.issues, *vanished)
    if len(new) == len(fetched.files):
        return fetched._replace(issues=issues)
    delivered = fetched_delivery(app, customer, new).delivered
    return fetched._replace(files=new, delivered=delivered, issues=issues)


def _sha256(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()
