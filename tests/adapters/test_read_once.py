"""Servers that delete a file when it was read: whatever breaks, its only copy is not lost (D4)."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.company_settings import Customer
from adapters.progress import UNWATCHED, Advance, Progress
from adapters.sources.pickup import FileStat, Listing, Stability, make_listing, pick_up
from adapters.sources.source import Keeper, PickUp, SourceUnreachable, Step
from adapters.store.commit import Commit
from adapters.store.errors import KeptFileDamaged, StoreUnavailable
from adapters.store.files import StoredFile
from adapters.store.store import Store
from adapters.use_cases.app import App
from adapters.use_cases.import_delivery import import_delivery, preview_delivery
from adapters.use_cases.schedule import due_slots
from domain.company_runs.events import FileInfo
from domain.company_runs.rejection import SlotServed
from domain.outcome import Outcome
from projections.runs import RunDocument
from tests.adapters.read_once import PATTERN
from tests.adapters.steps import Watch, app_of, delivered
from tests.given import NOW, a_company, codes

ONE, TWO = "alleo_employees_1.csv", "alleo_employees_2.csv"
HEADER = "email,first_name,last_name\n"
ANNA = f"{HEADER}anna@acme.example,Anna,Bakker\n".encode()
BRAM = f"{HEADER}bram@acme.example,Bram,Smit\n".encode()


class Folder:
    """A source: a directory of which the server deletes each file when it is closed.

    `reached` is called with each stage of a pick-up. It may raise what breaks the pick-up off.
    Without `deletes`, files stay.
    """

    pattern = PATTERN
    place = "a folder"
    warnings = ()
    deletes = True

    def __init__(self, root: Path) -> None:
        self.root = root
        self.reached: Callable[[str, str], None] = lambda stage, name: None

    def upload(self, name: str, data: bytes, at: datetime = NOW) -> None:
        """The customer uploads a file."""
        (self.root / name).write_bytes(data)
        os.utime(self.root / name, (at.timestamp(), at.timestamp()))

    def left(self) -> set[str]:
        """The names of the files that the server still has."""
        return {path.name for path in self.root.iterdir()}

    def fetch(self, limit: int, keeper: Keeper, progress: Progress = UNWATCHED) -> PickUp:
        return pick_up(self, limit, Stability(1e-6, 1), keeper)

    def steps(self) -> Iterator[Step]:
        yield from ()

    def look(self) -> Listing:
        self.reached("list", "")
        paths = [(path, path.stat()) for path in self.root.iterdir()]
        stats = ((path.name, FileStat(stat.st_size, stat.st_mtime_ns)) for path, stat in paths)
        return make_listing(sorted(stats), self.pattern)

    @contextmanager
    def reading(self, name: str, listed: FileStat, advance: Advance) -> Iterator[bytes]:
        self.reached("open", name)
        data = (self.root / name).read_bytes()
        self.reached("last byte", name)
        yield data
        self.reached("close", name)
        if self.deletes:
            (self.root / name).unlink()
        self.reached("closed", name)

    def close(self) -> None:
        """Nothing stays open."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    directory = tmp_path / "root"
    directory.mkdir()
    return directory


@pytest.fixture
def folder(root: Path) -> Folder:
    return Folder(root)


@pytest.fixture
def acme(folder: Folder) -> Customer:
    return Customer(a_company(policy={"max_offboardings": 1}), folder)


@pytest.fixture
def app(store: Store, watch: Watch, acme: Customer) -> App:
    watch.tick = timedelta(milliseconds=1)
    return app_of(store, watch, acme)


def picked_up(app: App, acme: Customer) -> RunDocument:
    """The run of a pick-up."""
    return import_delivery(app, acme, "tester")


def people(store: Store) -> list[str]:
    """The first names of everyone at Acme."""
    return [each.details.first_name for each in store.roster.employees("acme")]


def kept(store: Store) -> list[str]:
    """The names of the kept files of Acme."""
    return [file.key.name for file in store.kept("acme").files()]


def breaking(stage: str, name: str, error: Exception, number: int = 1) -> Callable[..., None]:
    """What raises an error when a file reaches a stage for the `number`-th time."""
    seen: Counter[tuple[str, str]] = Counter()

    def reached(*where: str) -> None:
        seen[where[0], where[1]] += 1
        if where == (stage, name) and seen[stage, name] == number:
            raise error

    return reached


# The pick-up breaks off


@pytest.mark.parametrize("name", [ONE, TWO])
@pytest.mark.parametrize("stage", ["open", "last byte", "close", "closed"])
def test_a_file_of_a_pick_up_that_breaks_off_is_applied_by_the_next_one(
    app: App, acme: Customer, folder: Folder, stage: str, name: str
) -> None:
    """D4, R2: When a pick-up breaks off at any stage, the run fails and nothing is applied. The
    next pick-up applies all files, and tells which were gone."""
    # given
    folder.upload(ONE, ANNA)
    folder.upload(TWO, BRAM)
    folder.reached = breaking(stage, name, SourceUnreachable("the connection broke off"))

    # when
    failed = picked_up(app, acme)

    # then
    assert failed.outcome is Outcome.FAILED
    assert people(app.store) == []
    assert folder.left() | {*kept(app.store)} == {ONE, TWO}
    run = picked_up(app, acme)
    assert run.outcome is Outcome.APPLIED
    assert [file.name for file in run.files] == [ONE, TWO]
    assert codes(app.store.runs.issues(app.store.runs.latest("acme", 1)[0])) == [
        "vanished-after-reading",
        "vanished-after-reading",
        "several-files",
    ]
    assert people(app.store) == ["Anna", "Bram"]
    assert kept(app.store) == []


def test_a_file_that_cannot_be_stored_is_not_closed_on_the_server(
    app: App, acme: Customer, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D4, R3: When the store is away while a file is read, the file is not closed, so it stays on
    the server. No run is recorded, so that the slot stays due."""
    # given
    folder.upload(ONE, ANNA)
    insert, away = app.store.events.database.insert_events, StoreUnavailable("the database is away")

    def failing(*_: object, **__: object) -> None:
        raise away

    # when
    monkeypatch.setattr(app.store.events.database, "insert_events", failing)
    with pytest.raises(StoreUnavailable):
        picked_up(app, acme)
    monkeypatch.setattr(app.store.events.database, "insert_events", insert)

    # then
    assert folder.left() == {ONE}
    assert app.store.runs.latest("acme", 9) == []
    assert picked_up(app, acme).outcome is Outcome.APPLIED


@pytest.mark.parametrize("error", [StoreUnavailable("away"), RuntimeError("no further")])
def test_a_file_of_a_run_that_cannot_be_stored_is_applied_by_the_next_one(
    app: App, acme: Customer, folder: Folder, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D4, R1: When the run of a pick-up cannot be stored, the next pick-up applies the file."""
    # given
    folder.upload(ONE, ANNA)
    commit = app.store.commit

    def failing(each: Commit, *_: object) -> None:
        if each.ended.ended.outcome is Outcome.APPLIED:
            raise error
        commit(each)

    # when
    monkeypatch.setattr(app.store, "commit", failing)
    with pytest.raises(type(error)):
        picked_up(app, acme)
    monkeypatch.setattr(app.store, "commit", commit)

    # then
    assert kept(app.store) == [ONE]
    assert picked_up(app, acme).outcome is Outcome.APPLIED
    assert (people(app.store), kept(app.store)) == (["Anna"], [])


# Which kept files a run answers


LEAVING = b"".join((HEADER[:-1].encode(), b",offboarding_date\n"))


@pytest.mark.parametrize(
    ("data", "outcome"),
    [
        (ANNA + BRAM[len(HEADER) :], Outcome.UNCHANGED),
        (b"nothing", Outcome.REFUSED),
        (
            LEAVING
            + b"anna@acme.example,Anna,Bakker,2027-06-01\nbram@acme.example,Bram,Smit,2027-06-01\n",
            Outcome.HELD,
        ),
    ],
)
def test_a_run_of_any_outcome_answers_the_kept_files(
    app: App, acme: Customer, folder: Folder, data: bytes, outcome: Outcome
) -> None:
    """D4: A run that decides about a delivery deletes the kept files, whatever the decision is. A
    held delivery has the bytes in the run that holds it."""
    # given
    folder.upload(ONE, ANNA + BRAM[len(HEADER) :])
    picked_up(app, acme)
    folder.upload(TWO, data)

    # when
    run = picked_up(app, acme)

    # then
    assert run.outcome is outcome
    assert (kept(app.store), folder.left()) == ([], set())
    held = app.store.runs.held_files(run.run) if run.run else []
    assert [file.data for file in held] == ([data] if outcome is Outcome.HELD else [])
    assert picked_up(app, acme).outcome is Outcome.NO_FILE

    # when: the customer uploads the same file again
    folder.upload(TWO, data)
    again = picked_up(app, acme)

    # then
    assert (again.run == run.run) == (outcome is Outcome.HELD)
    assert kept(app.store) == []


def test_a_kept_file_of_a_held_delivery_is_forgotten_when_it_is_met_again(
    app: App, acme: Customer, folder: Folder
) -> None:
    """B3, D4: Two files that are held already are not kept a second time after the pick-up."""
    # given
    folder.upload(ONE, ANNA + BRAM[len(HEADER) :])
    picked_up(app, acme)
    for _ in range(2):
        for name, who in ((ONE, b"anna@acme.example,Anna"), (TWO, b"bram@acme.example,Bram")):
            folder.upload(name, LEAVING + who + b",Smit,2027-06-01\n")

        # when
        run = picked_up(app, acme)

        # then
        assert (run.outcome, kept(app.store)) == (Outcome.HELD, [])
    assert [each.run for each in app.store.runs.waiting("acme")] == [run.run]


def test_what_the_server_lists_comes_from_the_server(
    app: App, acme: Customer, folder: Folder
) -> None:
    """D4: A kept file does not count if the server has a file of its name again."""
    # given
    folder.upload(ONE, ANNA)
    folder.reached = breaking("closed", ONE, SourceUnreachable("the connection broke off"))
    picked_up(app, acme)
    folder.upload(ONE, BRAM, NOW + timedelta(hours=1))

    # when
    run = picked_up(app, acme)

    # then
    assert (run.outcome, len(run.files)) == (Outcome.APPLIED, 1)
    assert (people(app.store), kept(app.store)) == (["Bram"], [])


@pytest.mark.parametrize("name", [ONE, TWO])
def test_a_file_of_another_pick_up_at_the_same_time_stays_kept(
    app: App, acme: Customer, folder: Folder, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D4, R3: A run deletes only the kept files that its delivery has. A file that another pick-up
    keeps meanwhile is applied by the next run, also if it is a newer file of the same name."""
    # given
    folder.upload(ONE, ANNA)
    other = Folder(folder.root)
    other.reached = breaking("closed", name, SourceUnreachable("the connection broke off"))
    commit = app.store.commit

    def meanwhile(each: Commit, *_: object) -> None:
        monkeypatch.setattr(app.store, "commit", commit)
        other.upload(name, BRAM, NOW + timedelta(hours=1))
        picked_up(app, replace(acme, source=other))
        commit(each)

    # when
    monkeypatch.setattr(app.store, "commit", meanwhile)
    run = picked_up(app, acme)

    # then
    assert run.outcome is Outcome.APPLIED
    assert (people(app.store), kept(app.store)) == (["Anna"], [name])
    assert picked_up(app, acme).outcome is Outcome.APPLIED
    assert (people(app.store), kept(app.store)) == (["Anna", "Bram"], [])


@pytest.mark.parametrize("deletes", [True, False])
def test_a_file_stays_kept_if_another_run_served_the_slot(
    app: App, acme: Customer, folder: Folder, deletes: bool
) -> None:
    """D4, R3: A pick-up whose slot another run has served stores no run, and its file stays kept
    for the next pick-up, unless the server still has it."""

    # given
    def meanwhile(stage: str, name: str) -> None:
        if stage == "closed":
            older = NOW - timedelta(days=1)
            import_delivery(app, acme, "other", delivered(BRAM, modified=older), slot=NOW)

    folder.upload(ONE, ANNA)
    folder.reached, folder.deletes = meanwhile, deletes

    # when
    with pytest.raises(SlotServed):
        import_delivery(app, acme, "tester", slot=NOW)

    # then
    assert kept(app.store) == ([ONE] if deletes else [])
    folder.reached = lambda stage, name: None
    assert picked_up(app, acme).outcome is Outcome.APPLIED
    assert (people(app.store), kept(app.store)) == (["Bram", "Anna"], [])


def test_a_preview_loses_no_file(app: App, acme: Customer, folder: Folder) -> None:
    """D4: A file that is gone after a preview is kept for the import. A file that is still on the
    server after a preview is not."""
    # given
    folder.upload(ONE, ANNA)

    # when
    seen = preview_delivery(app, acme, "tester")
    folder.deletes = False
    folder.upload(TWO, BRAM)
    both = preview_delivery(app, acme, "tester")

    # then
    assert (len(seen.files), len(both.files)) == (1, 2)
    assert kept(app.store) == [ONE]
    assert picked_up(app, acme).counts.registered == 2
    assert kept(app.store) == []


def test_the_file_of_the_day_before_is_not_kept_again(
    app: App, acme: Customer, folder: Folder
) -> None:
    """D4, D8: A file whose delivery was the last one applied is not stored again. Beside another
    file it is, because that file would count without it."""
    # given
    stored: list[list[str]] = []

    def reached(stage: str, name: str) -> None:
        if stage == "close":
            stored.append(kept(app.store))

    folder.upload(ONE, ANNA)
    picked_up(app, acme)
    folder.reached = reached

    # when
    folder.upload(ONE, ANNA)
    again = picked_up(app, acme)
    folder.upload(ONE, BRAM)
    folder.upload(TWO, ANNA)
    picked_up(app, acme)
    folder.upload(ONE, ANNA)
    picked_up(app, acme)
    folder.upload(ONE, ANNA)
    folder.upload(TWO, BRAM)
    picked_up(app, acme)

    # then
    assert again.outcome is Outcome.UNCHANGED
    assert stored == [[], [ONE], [ONE, TWO], [ONE], [ONE], [ONE, TWO]]


ELSEWHERE = {"place": "another folder"}, []
NO_MATCH = {"pattern": "test_*.csv"}, [ONE]


@pytest.mark.parametrize(("other", "left"), [ELSEWHERE, NO_MATCH])
def test_a_kept_file_counts_for_the_source_that_it_came_from(
    app: App, acme: Customer, folder: Folder, other: dict[str, str], left: list[str]
) -> None:
    """D4, D2: A kept file counts only for the place that it came from, and if its name matches the
    present pattern. A pick-up from another place deletes it, and a preview does not."""
    # given
    folder.upload(ONE, ANNA)
    preview_delivery(app, acme, "tester")
    for name, value in other.items():
        setattr(folder, name, value)
    folder.upload("test_alleo_employees_2.csv" if left else TWO, BRAM)
    folder.deletes = False

    # when
    seen = preview_delivery(app, acme, "tester")
    before = kept(app.store)
    run = picked_up(app, acme)

    # then
    assert (seen.counts.registered, before) == (1, [ONE])
    assert (run.outcome, people(app.store), kept(app.store)) == (Outcome.APPLIED, ["Bram"], left)


@pytest.mark.parametrize("where", [("list", ""), ("closed", ONE)])
def test_an_older_file_does_not_undo_a_newer_one_of_another_pick_up(
    app: App, acme: Customer, folder: Folder, tmp_path: Path, where: tuple[str, str]
) -> None:
    """D4, D3: Of two pick-ups at once, this one meets the older of two files alone, because the
    server has deleted the newer one for the other pick-up. When the run of the other pick-up is
    stored, the older file does not count again, also if it was kept after that."""
    # given
    (tmp_path / "other").mkdir()
    both = Folder(tmp_path / "other")
    both.upload(TWO, ANNA.replace(b"Anna", b"Anne"), NOW + timedelta(hours=1))
    for each in (folder, both):
        each.upload(ONE, ANNA)
    others: list[RunDocument] = []

    def meanwhile(*stage: str) -> None:
        if stage == where and not others:
            others.append(picked_up(app, replace(acme, source=both)))

    folder.reached = meanwhile

    # when
    run = picked_up(app, acme)

    # then
    assert [each.outcome for each in (*others, run)] == [Outcome.APPLIED, Outcome.NO_FILE]
    assert (people(app.store), kept(app.store)) == (["Anne"], [])


def test_a_damaged_kept_file_lets_the_run_fail_until_it_is_there_again(
    app: App, acme: Customer, folder: Folder
) -> None:
    """D4: If a kept file is damaged, the run fails with an issue that names the file, and nothing
    is applied. A preview says so too. When the file is uploaded again, it counts."""
    # given
    info = FileInfo(ONE, len(ANNA), NOW, hashlib.sha256(ANNA).hexdigest())
    app.store.kept("acme").keep(StoredFile(info, b"other"), folder.place, NOW)
    folder.upload(TWO, BRAM)

    # when
    run = picked_up(app, acme)

    # then
    assert (run.outcome, people(app.store)) == (Outcome.FAILED, [])
    assert [(issue.code, issue.file) for issue in run.issues] == [("kept-file-damaged", ONE)]
    with pytest.raises(KeptFileDamaged):
        preview_delivery(app, acme, "tester")
    folder.upload(ONE, ANNA)
    assert picked_up(app, acme).outcome is Outcome.APPLIED
    assert (people(app.store), kept(app.store)) == (["Anna", "Bram"], [])


def test_a_file_is_kept_for_30_days(app: App, acme: Customer, folder: Folder, watch: Watch) -> None:
    """D4: A kept file that no run decides about is deleted by the schedule after 30 days, also if
    its company has no source any more."""
    # given
    folder.upload(ONE, ANNA)
    preview_delivery(app, acme, "tester")
    app = app_of(app.store, watch, replace(acme, source=None))

    # when / then
    watch.moment += timedelta(days=30, seconds=-5)
    due_slots(app)
    assert kept(app.store) == [ONE]
    watch.moment += timedelta(seconds=10)
    due_slots(app)
    assert kept(app.store) == []


def test_kept_files_are_bounded(
    app: App, acme: Customer, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D4, R6: When the kept files of a company are too large together, a pick-up goes on without
    keeping more, and its run makes room."""
    # given
    monkeypatch.setattr("adapters.use_cases.fetching.MAX_KEPT_BYTES", len(ANNA) + 1)
    folder.upload(ONE, ANNA)
    folder.upload(TWO, BRAM)
    seen: list[str] = []
    folder.reached = lambda stage, name: seen.extend(kept(app.store) if stage == "closed" else [])

    # when
    run = picked_up(app, acme)

    # then
    assert seen == [ONE, ONE]
    assert (run.counts.registered, kept(app.store)) == (2, [])


# Names that nearly match


@pytest.mark.parametrize("files", [{}, {ONE: ANNA}])
def test_a_near_miss_is_told_at_every_pick_up_that_meets_it(
    app: App, acme: Customer, folder: Folder, files: dict[str, bytes]
) -> None:
    """D9, D6, D8: A name that nearly matches is told also if no file matches, and if the delivery
    is the one of the day before. It is told as long as it is there."""
    # given
    folder.deletes = False
    near = "Alleo_Employees_1.CSV"
    for name, data in {near: BRAM, **files}.items():
        folder.upload(name, data)

    # when
    runs = [picked_up(app, acme) for _ in range(2)]
    (folder.root / near).unlink()
    after = picked_up(app, acme)

    # then
    outcomes = [Outcome.APPLIED, Outcome.UNCHANGED] if files else [Outcome.NO_FILE] * 2
    assert [run.outcome for run in runs] == outcomes
    for run in runs:
        told = [issue.file for issue in run.issues if issue.code == "near-miss-file"]
        assert told == [near]
    assert "near-miss-file" not in [issue.code for issue in after.issues]
