"""The one pick-up for every protocol: what is waited for, how long, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from adapters.sources.pickup import Changed, FileStat, Stability, matches, pick_up
from adapters.sources.source import SourceUnreachable, StillUploading

LIMIT = 100
OLD, NEW = 10**18, 2 * 10**18
Files = dict[str, tuple[bytes, int]]


class Upload:
    """A directory that changes as time goes by, and what tells and spends that time."""

    def __init__(self, *moments: tuple[float, Files]) -> None:
        self.moments = moments
        self.time = 0.0
        self.looks = 0
        self.reads: list[str] = []
        self.while_reading: Callable[[str], None] = lambda name: None

    @property
    def files(self) -> Files:
        """What there is now."""
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
        """What is picked up, in order."""
        settling = Stability(settle, limit)
        files = pick_up(self, LIMIT, settling, sleep=self.sleep, clock=lambda: self.time)
        return [f"{file.name} {file.data.decode()}" for file in files]


def test_a_file_that_stands_still_is_read_after_one_wait() -> None:
    """D4"""
    upload = Upload((0, {"a": (b"whole", OLD)}))

    assert upload.fetch() == ["a whole"]
    assert upload.time == 5


def test_without_settling_nothing_is_waited_for() -> None:
    """D4"""
    upload = Upload((0, {"a": (b"whole", OLD)}))

    assert upload.fetch(settle=0) == ["a whole"]
    assert (upload.time, upload.looks) == (0, 2)


def test_where_nothing_is_nothing_is_waited_for() -> None:
    """D6"""
    upload = Upload((0, {}))

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
def test_what_changes_between_two_looks_is_waited_for(other: Files) -> None:
    """D4"""
    upload = Upload((0, {"a": (b"part", OLD)}), (3, other))

    assert upload.fetch() == [f"{name} {data.decode()}" for name, (data, _) in other.items()]
    assert upload.time == 10


def test_a_file_that_never_settles_is_still_uploading_within_the_limit() -> None:
    """D4"""
    upload = Upload(*((second, {"a": (b"x" * second, OLD)}) for second in range(100)))

    with pytest.raises(StillUploading) as raised:
        upload.fetch(settle=5, limit=60)

    assert raised.value.name == "a"
    assert 55 <= upload.time <= 60
    assert upload.reads == []


def test_the_limit_may_be_shorter_than_one_wait() -> None:
    """D4"""
    still = Upload((0, {"a": (b"whole", OLD)}))
    moving = Upload((0, {"a": (b"part", OLD)}), (3, {"a": (b"whole", OLD)}))

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
def test_what_changes_while_it_is_read_is_read_again_once_it_stands_still(change: str) -> None:
    """D4"""
    before: Files = {"a": (b"whole", OLD), "b": (b"other", NEW)}
    upload = Upload((0, before), (6, CHANGES[change]))

    def a_second_goes_by(_: str) -> None:
        upload.time += 1

    upload.while_reading = a_second_goes_by

    after = [f"{name} {data.decode()}" for name, (data, _) in CHANGES[change].items()]
    assert upload.fetch() == after


@pytest.mark.parametrize("change", CHANGES)
def test_without_settling_it_is_tried_once(change: str) -> None:
    """D4"""
    before: Files = {"a": (b"whole", OLD), "b": (b"other", NEW)}
    upload = Upload((0, before), (1, CHANGES[change]))
    upload.while_reading = lambda _: upload.sleep(1)

    with pytest.raises(StillUploading) as raised:
        upload.fetch(settle=0)

    assert raised.value.name == "a"
    assert upload.time <= 2


def test_a_file_that_is_another_at_every_reading_is_given_up() -> None:
    """D4"""
    upload = Upload((0, {"a": (b"", OLD)}))

    def another(_: str) -> None:
        upload.moments = ((0, {"a": (b"x" * len(upload.reads), OLD)}),)

    upload.while_reading = another

    with pytest.raises(StillUploading):
        upload.fetch(settle=5, limit=30)

    assert upload.time <= 30
    assert len(upload.reads) > 1


def test_fewer_bytes_than_listed_are_no_file() -> None:
    """D4"""
    upload = Upload((0, {"a": (b"whole", OLD)}))
    upload.read = lambda name, look: b"who"  # type: ignore[method-assign]

    with pytest.raises(StillUploading):
        upload.fetch(limit=20)


def test_a_file_that_is_too_large_is_told_and_not_read() -> None:
    """F7"""
    upload = Upload((0, {"a": (b"x" * (LIMIT + 1), OLD), "b": (b"x" * LIMIT, OLD)}))

    files = pick_up(upload, LIMIT, Stability(), sleep=upload.sleep)

    assert [(file.data, file.size) for file in files] == [(None, LIMIT + 1), (b"x" * LIMIT, LIMIT)]
    assert upload.reads == ["b"]


def test_files_that_are_too_much_together_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """R6"""
    monkeypatch.setattr("adapters.sources.pickup._MAX_DELIVERY_BYTES", 150)
    upload = Upload((0, dict.fromkeys("abc", (b"x" * 60, OLD))))

    with pytest.raises(SourceUnreachable, match="180 bytes together"):
        upload.fetch()

    assert upload.reads == []


def test_a_name_longer_than_any_does_not_count() -> None:
    """D2"""
    assert matches("a" * 255, "*")
    assert not matches("a" * 256, "*")


def test_files_come_oldest_first_to_the_nanosecond_the_source_tells() -> None:
    """D3"""
    upload = Upload((0, {"b": (b"", OLD), "a": (b"", OLD), "0": (b"", OLD + 1000)}))

    assert upload.fetch() == ["a ", "b ", "0 "]


@pytest.mark.parametrize("name", ["", ".", "..", "../a.csv", "a/b.csv", "/a.csv"])
def test_a_path_is_no_name(name: str) -> None:
    """D2"""
    assert not matches(name, "*")


@pytest.mark.parametrize("sign", ["\0", "\n", "\r", "\t", "\x1b", "\x7f", "\x85", "\x9b"])
def test_a_name_with_control_characters_does_not_count(sign: str) -> None:
    """D2"""
    assert not matches(f"a{sign}.csv", "*")
    assert matches("a.csv", "*")


# Servers that let each file be read once


def read_once(upload: Upload) -> None:
    """Has a directory lose each file once it was read."""
    upload.moments = [(moment, dict(files)) for moment, files in upload.moments]
    read = upload.read

    def read_and_lose(name: str, look: FileStat) -> bytes:
        data = read(name, look)
        for _, files in upload.moments:
            files.pop(name, None)
        return data

    upload.read = read_and_lose  # type: ignore[method-assign]


def test_files_that_are_gone_once_they_were_read_count() -> None:
    """D4: a file that was listed twice alike and read whole is the only copy, so it counts."""
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


def test_a_file_that_is_gone_once_it_was_read_is_kept_while_another_one_grows() -> None:
    """D4: what was read whole and is gone is not lost when the pick-up has to start again."""
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


def test_without_a_second_look_a_file_that_is_gone_does_not_count() -> None:
    """D4: one listing alone does not tell that the file was complete."""
    # given
    upload = Upload((0, {"a": (b"first", OLD)}))
    read_once(upload)

    # when / then
    with pytest.raises(StillUploading):
        upload.fetch(settle=0)
