"""The pick-up that all protocols share: the wait for complete files, and the files that count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from adapters.progress import Advance
from adapters.sources.names import matches
from adapters.sources.pickup import (
    Changed,
    FileStat,
    Listing,
    Stability,
    make_listing,
    pick_up,
)
from adapters.sources.source import DeliveredFile, PickUp, SourceUnreachable, StillUploading

LIMIT = 100
OLD, NEW = 10**18, 2 * 10**18
Files = dict[str, tuple[bytes, int]]


class Upload:
    """A directory whose files change at given times, with its own clock, and a keeper of files.

    With `read_once`, a file is gone after it was read. With `restless`, every look shows other
    times. `listed` makes the sizes in listings wrong by a number of bytes.
    """

    def __init__(
        self,
        *moments: tuple[float, Files],
        read_once: bool = False,
        restless: bool = False,
        listed: int = 0,
        pattern: str = "*",
    ) -> None:
        self.moments: Sequence[tuple[float, Files]] = [(at, dict(files)) for at, files in moments]
        self.read_once = read_once
        self.restless = restless
        self.listed = listed
        self.pattern = pattern
        self.time = 0.0
        self.looks_take = 0.0
        self.looks = 0
        self.reads: list[str] = []
        self.kept: dict[str, bytes | None] = {}
        self.open: set[str] = set()
        self.while_reading: Callable[[str], None] = lambda name: None
        self.while_leaving: Callable[[str], None] = lambda name: None

    @property
    def files(self) -> Files:
        """The files that the directory has now."""
        return [files for since, files in self.moments if since <= self.time][-1]

    def look(self) -> Listing:
        self.looks += 1
        self.time += self.looks_take
        at = self.looks * 10**9 if self.restless else 0
        return make_listing(
            (
                (name, FileStat(len(data) + self.listed, modified + at))
                for name, (data, modified) in self.files.items()
            ),
            self.pattern,
        )

    @contextmanager
    def reading(self, name: str, listed: FileStat, advance: Advance) -> Iterator[bytes]:
        self.reads.append(name)
        self.while_reading(name)
        if name not in self.files:
            raise Changed(name)
        self.open.add(name)
        yield self.files[name][0][: listed.size + 1]
        self.open.remove(name)
        self.while_leaving(name)
        if self.read_once:
            self.lose(name)

    def lose(self, name: str) -> None:
        """Makes a file disappear for good."""
        for _, files in self.moments:
            files.pop(name, None)

    def close(self) -> None:
        raise AssertionError("only a deadline closes the directory")

    def keep(self, file: DeliveredFile, *, alone: bool) -> None:
        assert self.open == {file.name}
        self.kept[file.name] = file.data

    def forget(self, name: str) -> None:
        self.kept.pop(name, None)

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def pick_up(self, settle: float = 5, limit: float = 60) -> PickUp:
        stability = Stability(settle, limit)
        return pick_up(self, LIMIT, stability, self, sleep=self.sleep, clock=lambda: self.time)

    def fetch(self, settle: float = 5, limit: float = 60) -> list[str]:
        """Picks the files up and returns their names and contents, in order."""
        files = self.pick_up(settle, limit).files
        return [f"{file.name} {file.data.decode()}" for file in files if file.data is not None]


@pytest.mark.parametrize(
    ("settle", "limit", "time", "looks"), [(5, 60, 5, 3), (5, 0, 5, 3), (0, 60, 0, 2)]
)
def test_an_unchanged_file_is_read_after_one_wait(
    settle: float, limit: float, time: float, looks: int
) -> None:
    """D4: A file that two looks show alike is read after one wait, also if the limit is shorter.
    With `settle = 0` there is no wait."""
    # given
    upload = Upload((0, {"a": (b"whole", OLD)}))

    # when / then
    assert upload.fetch(settle, limit) == ["a whole"]
    assert (upload.time, upload.looks) == (time, looks)


def test_an_empty_directory_causes_no_wait() -> None:
    """D6: An empty directory gives no file after one look."""
    # given
    upload = Upload((0, {}))

    # when / then
    assert upload.fetch() == []
    assert (upload.time, upload.looks) == (0, 1)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"a": (b"whole", OLD)}, id="grows"),
        pytest.param({"a": (b"pa", OLD)}, id="shrinks"),
        pytest.param({"a": (b"PART", NEW)}, id="is replaced"),
        pytest.param({"a": (b"part", OLD), "b": (b"", OLD)}, id="has company"),
        pytest.param({"b": (b"part", OLD)}, id="is renamed"),
    ],
)
def test_a_change_between_two_looks_causes_another_wait(other: Files) -> None:
    """D4: When two looks differ, the pick-up waits until two looks are alike."""
    # given
    upload = Upload((0, {"a": (b"part", OLD)}), (3, other))

    # when / then
    assert upload.fetch() == [f"{name} {data.decode()}" for name, (data, _) in other.items()]
    assert upload.time == 10


@pytest.mark.parametrize(("limit", "earliest"), [(60, 55), (0, 5)])
def test_a_file_that_keeps_changing_fails_within_the_limit(limit: float, earliest: float) -> None:
    """D4: When a file keeps changing until `settle_limit` is over, the pick-up fails and reads
    nothing. There is one wait at least."""
    # given
    upload = Upload(*((second, {"a": (b"x" * second, OLD)}) for second in range(100)))

    # when
    with pytest.raises(StillUploading) as raised:
        upload.fetch(settle=5, limit=limit)

    # then
    assert raised.value.name == "a"
    assert earliest <= upload.time <= max(limit, 5)
    assert upload.reads == []


CHANGES: dict[str, Files] = {
    "grows": {"a": (b"whole and more", OLD), "b": (b"other", NEW)},
    "is truncated": {"a": (b"wh", OLD), "b": (b"other", NEW)},
    "is replaced": {"a": (b"WHOLE", NEW - 1), "b": (b"other", NEW)},
    "vanishes": {"b": (b"other", NEW)},
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changed_while_it_was_read_is_read_again(change: str) -> None:
    """D4: A file that changes while it is read is read again once it no longer changes."""
    # given
    upload = Upload((0, {"a": (b"whole", OLD), "b": (b"other", NEW)}), (6, CHANGES[change]))
    upload.while_reading = lambda _: upload.sleep(1)

    # when / then
    after = [f"{name} {data.decode()}" for name, (data, _) in CHANGES[change].items()]
    assert upload.fetch() == after


@pytest.mark.parametrize("change", CHANGES)
def test_with_settle_zero_a_file_that_changes_while_it_is_read_fails(change: str) -> None:
    """D4: With `settle = 0`, a file that changes while it is read fails the pick-up at once."""
    # given
    upload = Upload((0, {"a": (b"whole", OLD), "b": (b"other", NEW)}), (1, CHANGES[change]))
    upload.while_reading = lambda _: upload.sleep(1)

    # when / then
    with pytest.raises(StillUploading, match="a"):
        upload.fetch(settle=0)
    assert upload.time <= 2


def test_a_file_that_changes_at_every_reading_fails_within_the_limit() -> None:
    """D4: A file that changes at every reading fails the pick-up when the limit is over."""
    # given
    upload = Upload((0, {"a": (b"", OLD)}))

    def another(_: str) -> None:
        upload.moments = ((0, {"a": (b"x" * len(upload.reads), OLD)}),)

    upload.while_reading = another

    # when
    with pytest.raises(StillUploading):
        upload.fetch(settle=5, limit=30)

    # then
    assert upload.time <= 30
    assert len(upload.reads) > 1


@pytest.mark.parametrize("listed", [1, -1])
@pytest.mark.parametrize("settle", [0, 5])
def test_a_size_that_never_equals_the_bytes_is_no_upload(listed: int, settle: float) -> None:
    """D4: A file of which never as many bytes are received as listed fails the pick-up. The
    sentence does not blame an upload, and nothing of the file is kept."""
    # given
    upload = Upload((0, {"a": (b"whole", OLD)}), listed=listed)

    # when
    with pytest.raises(SourceUnreachable, match="a has another number of bytes than the server"):
        upload.fetch(settle, limit=20)

    # then
    assert upload.kept == {}


def test_a_file_that_is_too_large_is_not_read() -> None:
    """F7: A file that is larger than the limit is listed with its size and is not read."""
    # given
    upload = Upload((0, {"a": (b"x" * (LIMIT + 1), OLD), "b": (b"x" * LIMIT, OLD)}))

    # when
    files = upload.pick_up(settle=0).files

    # then
    assert [(file.data, file.size) for file in files] == [(None, LIMIT + 1), (b"x" * LIMIT, LIMIT)]
    assert upload.reads == ["b"]


def test_files_that_are_too_large_together_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """R6: Files that are too large together fail the pick-up and are not read."""
    # given
    monkeypatch.setattr("adapters.sources.pickup.MAX_DELIVERY_BYTES", 150)
    upload = Upload((0, dict.fromkeys("abc", (b"x" * 60, OLD))))

    # when
    with pytest.raises(SourceUnreachable, match="180 bytes together"):
        upload.fetch()

    # then
    assert upload.reads == []


def test_files_come_oldest_first_by_their_exact_times() -> None:
    """D3: Older files come first, also when their times differ by one microsecond."""
    # given
    upload = Upload((0, {"b": (b"", OLD), "a": (b"", OLD), "0": (b"", OLD + 1000)}))

    # when / then
    assert upload.fetch() == ["a ", "b ", "0 "]


PATHS = ["", ".", "..", "../a.csv", "a/b.csv", "/a.csv"]
CONTROLS = ["\0", "\n", "\r", "\t", "\x1b", "\x7f", "\x85", "\x9b"]


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("a.csv", True),
        ("a" * 255, True),
        *((name, False) for name in (*PATHS, *(f"a{sign}.csv" for sign in CONTROLS), "a" * 256)),
    ],
)
def test_a_malformed_name_does_not_count(name: str, counts: bool) -> None:
    """D2: A path, a name with control characters and a name that is too long do not count."""
    assert matches(name, "*") == counts


@pytest.mark.parametrize(
    ("name", "nearly"),
    [
        ("alleo_employees_1.csv", False),
        ("Alleo_Employees_1.CSV", True),
        ("alleo-employees-1.csv", True),
        ("alleo employees 1.csv", True),
        ("alleo_employees_1.txt", True),
        ("alleo_employees_1.csv.gpg", True),
        ("alleo_employees_1.xlsx", True),
        ("alleo_employees_1.csv.part", False),
        ("alleo_employees_1.pdf", False),
        ("holidays_1.csv", False),
    ],
)
@pytest.mark.parametrize("others", [{}, {"alleo_employees_2.csv": (b"", OLD)}])
def test_a_name_that_nearly_matches_is_told(name: str, nearly: bool, others: Files) -> None:
    """D9: A name in another case, with another separator or with another suffix is a near miss,
    with and without a file that matches. The file is not read."""
    # given
    upload = Upload((0, {name: (b"", OLD), **others}), pattern="alleo_employees_*.csv")

    # when
    found = upload.pick_up()

    # then
    assert found.near_misses == ((name,) if nearly else ())
    assert (name in upload.reads) == matches(name, upload.pattern)


# Servers that give a file another time at each look


def test_times_that_change_at_each_look_do_not_matter_if_the_bytes_stay() -> None:
    """D4: A file of which only the time changes counts after a second reading with equal bytes."""
    # given
    upload = Upload((0, {"a": (b"whole", OLD)}), restless=True)

    # when / then
    assert upload.fetch() == ["a whole"]
    assert upload.reads == ["a", "a"]
    assert upload.time == 10
    assert upload.kept == {"a": b"whole"}


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({"a": (b"WHOLE", OLD)}, ["a WHOLE"]),
        ({"a": (b"whole", OLD), "b": (b"new", OLD)}, ["a whole", "b new"]),
        ({"a": (b"whole and more", OLD)}, ["a whole and more"]),
    ],
    ids=["other bytes", "another file", "more bytes"],
)
@pytest.mark.parametrize("at", [8, 10.5])
def test_times_that_change_at_each_look_do_not_hide_a_change(
    other: Files, expected: list[str], at: float
) -> None:
    """D4: Where times change at each look, other bytes at the second reading are a change, and so
    are another size and another file. The files are read again."""
    # given
    upload = Upload((0, {"a": (b"whole", OLD)}), (at, other), restless=True)
    upload.while_leaving = lambda _: upload.sleep(1)

    # when / then
    assert upload.fetch() == expected
    assert {f"{name} {(data or b'').decode()}" for name, data in upload.kept.items()} == {*expected}


# Servers that let each file be read once


@pytest.mark.parametrize("restless", [False, True])
def test_files_that_are_gone_after_they_were_read_count(restless: bool) -> None:
    """D4: A file that two looks showed alike, that was read whole and that is gone now, counts. Its
    bytes are kept while the file is open on the server."""
    # given
    files: Files = {"a": (b"first", OLD), "b": (b"second", NEW)}
    upload = Upload((0, files), read_once=True, restless=restless)

    # when
    found = upload.pick_up().files

    # then
    assert [(file.name, file.data, file.vanished) for file in found] == [
        ("a", b"first", True),
        ("b", b"second", True),
    ]
    assert upload.kept == {"a": b"first", "b": b"second"}


def test_a_file_that_is_gone_after_it_was_read_is_kept_while_another_file_grows() -> None:
    """D4: A file that was read whole and is gone is kept while the pick-up reads another file."""
    # given
    upload = Upload(
        (0, {"a": (b"first", OLD), "b": (b"sec", OLD)}),
        (6, {"b": (b"second", NEW)}),
    )
    upload.while_reading = lambda _: upload.sleep(0.9)

    # when / then
    assert upload.fetch() == ["a first", "b second"]
    assert upload.kept == {"a": b"first", "b": b"second"}


def test_a_file_that_is_gone_before_it_is_read_again_stays_kept() -> None:
    """D4: A file that an earlier pick-up read whole stays kept if the server takes it away now."""
    # given
    upload = Upload((0, {"a": (b"first", OLD)}), (3, {}))
    upload.kept["a"] = b"first"

    # when / then
    assert upload.fetch() == []
    assert upload.kept == {"a": b"first"}


def test_files_that_changed_after_they_were_read_are_forgotten() -> None:
    """D4: A file that changes after it was read whole was incomplete, so its bytes are forgotten.
    That holds for every file that changes."""
    # given
    before = dict.fromkeys("abc", (b"part", OLD))
    upload = Upload((0, before), (6, before | dict.fromkeys("ab", (b"whole", NEW))))
    upload.while_leaving = lambda _: upload.sleep(0.5)

    # when / then
    with pytest.raises(StillUploading):
        upload.fetch(limit=5)
    assert upload.kept == {"c": b"part"}


@pytest.mark.parametrize("left", [True, False])
def test_a_file_that_has_grown_when_it_is_closed_is_forgotten(left: bool) -> None:
    """D4: A file that has grown when it is closed was incomplete, also if it is gone afterwards."""
    # given
    upload = Upload((0, {"a": (b"part", OLD)}))

    def grown(name: str) -> None:
        if not left:
            upload.lose(name)
        raise Changed(name)

    upload.while_leaving = grown

    # when
    if left:
        with pytest.raises(StillUploading):
            upload.fetch()
    else:
        assert upload.fetch() == []

    # then
    assert upload.kept == {}


def test_with_settle_zero_a_file_that_is_gone_does_not_count() -> None:
    """D4: With `settle = 0`, a file that is gone after reading may have been incomplete, so that it
    is not kept."""
    # given
    upload = Upload((0, {"a": (b"first", OLD)}), read_once=True)

    # when / then
    with pytest.raises(StillUploading):
        upload.fetch(settle=0)
    assert upload.kept == {}


@pytest.mark.parametrize(
    ("moments", "restless"),
    [
        (((0, b"whole", OLD), (6, b"whole", NEW), (9, None, 0)), False),
        (((0, b"TORN!", OLD), (8, b"whole", OLD), (11.5, None, 0)), True),
    ],
    ids=["another time", "other bytes"],
)
def test_the_last_reading_of_a_file_counts_if_the_file_is_gone_then(
    moments: Sequence[tuple[float, bytes | None, int]], restless: bool
) -> None:
    """D4: A server may note a download in the time of a file, or the bytes of two readings may
    differ. If the file is gone then, the last reading counts: nothing newer exists."""
    # given
    upload = Upload(
        *((at, {"a": (data, time)} if data else {}) for at, data, time in moments),
        restless=restless,
    )
    upload.while_leaving = lambda _: upload.sleep(1)

    # when / then
    assert upload.fetch() == ["a whole"]
    assert upload.kept == {"a": b"whole"}


def test_a_copy_of_an_earlier_pick_up_is_not_forgotten_because_of_a_new_upload() -> None:
    """D4: Only what this pick-up has kept is forgotten: a new upload may be given up."""
    # given
    growing = [(3.0 * step, {"a": (b"x" * step, OLD + step)}) for step in range(30)]
    upload = Upload(*growing)
    upload.kept["a"] = b"of an earlier pick-up"

    # when
    with pytest.raises(StillUploading):
        upload.fetch()

    # then
    assert upload.kept == {"a": b"of an earlier pick-up"}


def test_a_file_that_was_too_large_to_be_read_does_not_count_when_it_is_gone() -> None:
    """F7: A file that was not read, because it is too large, is not told as read if it is gone."""
    # given
    upload = Upload((0, {"a": (b"x" * (LIMIT + 1), OLD)}), (5.5, {}))
    upload.looks_take = 1.0

    # when / then
    assert upload.pick_up().files == []


def test_files_that_are_gone_count_for_the_size_of_a_delivery(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R6: All files of a delivery together have a limit, also those that are gone already."""
    # given
    monkeypatch.setattr("adapters.sources.pickup.MAX_DELIVERY_BYTES", LIMIT)
    upload = Upload(*((7.0 * step, {f"{step}": (b"x" * 60, OLD)}) for step in range(9)))
    upload.while_leaving = lambda _: upload.sleep(2)

    # when / then
    with pytest.raises(SourceUnreachable, match="bytes together"):
        upload.fetch()
