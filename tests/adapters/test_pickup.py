"""The pick-up that all protocols share: the wait for complete files, and the files that count."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from adapters.sources.pickup import Changed, FileStat, Stability, matches, pick_up
from adapters.sources.source import SourceUnreachable, StillUploading

LIMIT = 100
OLD, NEW = 10**18, 2 * 10**18
Files = dict[str, tuple[bytes, int]]


class Upload:
    """A directory whose files change at given times, with its own clock."""

    def __init__(self, *moments: tuple[float, Files]) -> None:
        self.moments: Sequence[tuple[float, Files]] = moments
        self.time = 0.0
        self.looks = 0
        self.reads: list[str] = []
        self.while_reading: Callable[[str], None] = lambda name: None

    @property
    def files(self) -> Files:
        """The files that the directory has now."""
        return [files for since, files in self.moments if since <= self.time][-1]

    def look(self) -> Mapping[str, FileStat]:
        self.looks += 1
        return {name: FileStat(len(data), at) for name, (data, at) in self.files.items()}

    def read(self, name: str, look: FileStat) -> bytes:
        self.reads.append(name)
        self.while_reading(name)
        if name not in self.files:
            raise Changed(name)
        return self.files[name][0][: look.size + 1]

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def fetch(self, settle: float = 5, limit: float = 60) -> list[str]:
        """Picks the files up and returns their names and contents, in order."""
        settling = Stability(settle, limit)
        files = pick_up(self, LIMIT, settling, sleep=self.sleep, clock=lambda: self.time)
        return [f"{file.name} {file.data.decode()}" for file in files if file.data is not None]


def test_an_unchanged_file_is_read_after_one_wait() -> None:
    """D4: A file that two looks show alike is read after one wait."""
    # given
    upload = Upload((0, {"a": (b"whole", OLD)}))

    # when / then
    assert upload.fetch() == ["a whole"]
    assert upload.time == 5


def test_with_settle_zero_there_is_no_wait() -> None:
    """D4: With `settle = 0`, one look before the reading is enough."""
    # given
    upload = Upload((0, {"a": (b"whole", OLD)}))

    # when / then
    assert upload.fetch(settle=0) == ["a whole"]
    assert (upload.time, upload.looks) == (0, 2)


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


def test_a_file_that_keeps_changing_fails_within_the_limit() -> None:
    """D4: When a file keeps changing until `settle_limit` is over, the pick-up fails and reads
    nothing."""
    # given
    upload = Upload(*((second, {"a": (b"x" * second, OLD)}) for second in range(100)))

    # when
    with pytest.raises(StillUploading) as raised:
        upload.fetch(settle=5, limit=60)

    # then
    assert raised.value.name == "a"
    assert 55 <= upload.time <= 60
    assert upload.reads == []


def test_a_limit_shorter_than_one_wait_allows_one_wait() -> None:
    """D4: With a limit that is shorter than one wait, an unchanged file counts and a changing file
    fails."""
    # given
    still = Upload((0, {"a": (b"whole", OLD)}))
    moving = Upload((0, {"a": (b"part", OLD)}), (3, {"a": (b"whole", OLD)}))

    # when / then
    assert still.fetch(limit=0) == ["a whole"]
    with pytest.raises(StillUploading):
        moving.fetch(limit=0)
    assert moving.time == 5


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
    before: Files = {"a": (b"whole", OLD), "b": (b"other", NEW)}
    upload = Upload((0, before), (6, CHANGES[change]))

    def a_second_goes_by(_: str) -> None:
        upload.time += 1

    upload.while_reading = a_second_goes_by

    after = [f"{name} {data.decode()}" for name, (data, _) in CHANGES[change].items()]

    # when / then
    assert upload.fetch() == after


@pytest.mark.parametrize("change", CHANGES)
def test_with_settle_zero_a_file_that_changes_while_it_is_read_fails(change: str) -> None:
    """D4: With `settle = 0`, a file that changes while it is read fails the pick-up at once."""
    # given
    before: Files = {"a": (b"whole", OLD), "b": (b"other", NEW)}
    upload = Upload((0, before), (1, CHANGES[change]))
    upload.while_reading = lambda _: upload.sleep(1)

    # when
    with pytest.raises(StillUploading) as raised:
        upload.fetch(settle=0)

    # then
    assert raised.value.name == "a"
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


def test_a_file_with_fewer_bytes_than_listed_is_not_complete() -> None:
    """D4: A file of which fewer bytes are received than listed is not complete."""
    # given
    upload = Upload((0, {"a": (b"whole", OLD)}))
    upload.read = lambda name, look: b"who"  # type: ignore[method-assign]

    # when / then
    with pytest.raises(StillUploading):
        upload.fetch(limit=20)


def test_a_file_that_is_too_large_is_not_read() -> None:
    """F7: A file that is larger than the limit is listed with its size and is not read."""
    # given
    upload = Upload((0, {"a": (b"x" * (LIMIT + 1), OLD), "b": (b"x" * LIMIT, OLD)}))

    # when
    files = pick_up(upload, LIMIT, Stability(), sleep=upload.sleep)

    # then
    assert [(file.data, file.size) for file in files] == [(None, LIMIT + 1), (b"x" * LIMIT, LIMIT)]
    assert upload.reads == ["b"]


def test_files_that_are_too_large_together_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """R6: Files that are too large together fail the pick-up and are not read."""
    # given
    monkeypatch.setattr("adapters.sources.pickup._MAX_DELIVERY_BYTES", 150)
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


@pytest.mark.parametrize("name", [*PATHS, *(f"a{sign}.csv" for sign in CONTROLS), "a" * 256])
def test_a_malformed_name_does_not_count(name: str) -> None:
    """D2: A path, a name with control characters and a name that is too long do not count."""
    assert not matches(name, "*")


@pytest.mark.parametrize("name", ["a.csv", "a" * 255])
def test_a_well_formed_name_counts(name: str) -> None:
    """D2: A name of at most 255 characters without a path counts if the pattern matches."""
    assert matches(name, "*")


# Servers that let each file be read once


def read_once(upload: Upload) -> None:
    """Makes a directory lose each file after the file was read."""
    upload.moments = [(moment, dict(files)) for moment, files in upload.moments]
    read = upload.read

    def read_and_lose(name: str, look: FileStat) -> bytes:
        data = read(name, look)
        for _, files in upload.moments:
            files.pop(name, None)
        return data

    upload.read = read_and_lose  # type: ignore[method-assign]


def test_files_that_are_gone_after_they_were_read_count() -> None:
    """D4: A file that two looks showed alike, that was read whole and that is gone now, counts."""
    # given
    upload = Upload((0, {"a": (b"first", OLD), "b": (b"second", NEW)}))
    read_once(upload)

    # when
    files = pick_up(upload, LIMIT, Stability(5, 60), sleep=upload.sleep, clock=lambda: upload.time)

    # then
    assert [(file.name, file.data, file.vanished) for file in files] == [
        ("a", b"first", True),
        ("b", b"second", True),
    ]


def test_a_file_that_is_gone_after_it_was_read_is_kept_while_another_file_grows() -> None:
    """D4: A file that was read whole and is gone is kept while the pick-up reads another file."""
    # given
    upload = Upload(
        (0, {"a": (b"first", OLD), "b": (b"sec", OLD)}),
        (6, {"a": (b"first", OLD), "b": (b"second", NEW)}),
    )
    read_once(upload)
    read = upload.read

    def read_slowly(name: str, look: FileStat) -> bytes:
        data = read(name, look) if name == "a" else upload.files[name][0][: look.size + 1]
        upload.time += 2
        return data

    upload.read = read_slowly  # type: ignore[method-assign]

    # when
    names = upload.fetch()

    # then
    assert sorted(names) == ["a first", "b second"]


def test_with_settle_zero_a_file_that_is_gone_does_not_count() -> None:
    """D4: With `settle = 0`, a file that is gone after reading may have been incomplete."""
    # given
    upload = Upload((0, {"a": (b"first", OLD)}))
    read_once(upload)

    # when / then
    with pytest.raises(StillUploading):
        upload.fetch(settle=0)
