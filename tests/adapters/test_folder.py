"""What every source of deliveries must do, wherever its files are; and what is a folder's own."""

from __future__ import annotations

import errno
import os
import socket
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from adapters.secret import Secret
from adapters.sources.folder import FolderSource
from adapters.sources.ftp import FtpSource
from adapters.sources.sftp import SftpSource
from adapters.sources.source import Source, SourceUnreachable, StillUploading
from tests.adapters import asyncssh_server, ftp_server, rclone, vsftpd
from tests.adapters.certificates import make_certificate
from tests.adapters.sshd import Sshd
from tests.given import NOW

PATTERN = "alleo_employees_*.csv"
LIMIT = 1_000


class Place(NamedTuple):
    """A customer's folder, as the customer sees it, and the source that fetches from it."""

    directory: Path
    source: Callable[[str], Source]

    def put(self, name: str, data: bytes = b"content", seconds: float = 0) -> Path:
        """A file, last modified so long after the first pick-up."""
        path = self.directory / name
        path.write_bytes(data)
        modified = int(NOW.timestamp()) * 10**9 + round(seconds * 10**9)
        os.utime(path, ns=(modified, modified))
        return path

    def names(self, pattern: str = PATTERN, limit: int = LIMIT) -> list[str]:
        """The names of what is fetched."""
        return [file.name for file in self.source(pattern).fetch(limit)]


@pytest.fixture(params=["folder", "sftp", "sftp in Go", "sftp of asyncssh", "ftp", "ftps"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    """A folder of every kind there is; servers are real ones."""
    directory = tmp_path / "outgoing"
    directory.mkdir()
    match request.param:
        case "folder":
            yield Place(directory, lambda pattern: FolderSource(directory, pattern))
        case "sftp":
            server: Sshd = request.getfixturevalue("sshd")
            yield Place(
                directory, lambda pattern: server.source(directory, pattern=pattern, settle=0)
            )
        case "sftp in Go":
            monkeypatch.setenv("ACME_SFTP", rclone.PASSWORD)
            with rclone.running(tmp_path / "rclone", Path("/")) as go:
                yield Place(directory, by_password(go.port, go.fingerprint, directory))
        case "sftp of asyncssh":
            monkeypatch.setenv("ACME_SFTP", asyncssh_server.PASSWORD)
            with asyncssh_server.running(Path("/"), "password") as strict:
                yield Place(directory, by_password(strict.port, strict.fingerprint, directory))
        case "ftp":
            monkeypatch.setenv("ACME_FTP", vsftpd.PASSWORD)
            port = request.getfixturevalue("vsftpd").port
            yield Place(directory, on_ftp(port, directory, vsftpd.USER))
        case "ftps":
            monkeypatch.setenv("ACME_FTP", ftp_server.PASSWORD)
            certificate = make_certificate(tmp_path / "tls")
            with ftp_server.serving(Path("/"), tls=certificate) as ftps:
                source = on_ftp(ftps.port, directory, ftp_server.USER, certificate.ca)
                yield Place(directory, source)


def by_password(port: int, fingerprint: str, directory: Path) -> Callable[[str], Source]:
    """Sources on an SFTP server that takes a password, by their pattern."""
    return lambda pattern: SftpSource(
        host="127.0.0.1",
        port=port,
        directory=str(directory),
        pattern=pattern,
        username=rclone.USER,
        password=Secret(env="ACME_SFTP"),
        host_key=fingerprint,
        settle=0,
        attempts=1,
    )


def on_ftp(
    port: int, directory: Path, user: str, ca_file: Path | None = None
) -> Callable[[str], Source]:
    """Sources on an FTP server, by their pattern; with TLS if there is an authority to trust."""
    return lambda pattern: FtpSource(
        protocol="ftps" if ca_file else "ftp",
        host="127.0.0.1",
        port=port,
        directory=str(directory),
        pattern=pattern,
        username=user,
        password=Secret(env="ACME_FTP"),
        ca_file=ca_file,
        settle=0,
        attempts=1,
    )


# Every source: which files count


@pytest.mark.parametrize(
    "name",
    ["alleo_employees_1.csv", "alleo_employees_.csv", "alleo_employees_2027-03-01 (2).csv"],
)
def test_a_file_whose_name_matches_is_fetched(place: Place, name: str) -> None:
    """D2"""
    place.put(name)

    assert place.names() == [name]


@pytest.mark.parametrize(
    "name",
    [
        "alleo_employees.csv",
        "Alleo_employees_1.csv",
        "ALLEO_EMPLOYEES_1.CSV",
        "alleo_employees_1.CSV",
        "alleo_employees_1.csv.part",
        "alleo_employees_1.csv~",
        ".alleo_employees_1.csv",
        "copy of alleo_employees_1.csv",
        "alleo_employees_1xcsv",
        "other.csv",
    ],
)
def test_a_file_whose_name_does_not_match_to_the_letter_does_not_count(
    place: Place, name: str
) -> None:
    """D2"""
    place.put(name)

    assert place.names() == []


def test_the_pattern_is_the_companys(place: Place) -> None:
    """D2"""
    for name in ("staff-a.txt", "staff-b.txt", "staff-ab.txt", "alleo_employees_1.csv"):
        place.put(name)

    assert sorted(place.names("staff-?.txt")) == ["staff-a.txt", "staff-b.txt"]
    assert place.names("staff-[b-z].txt") == ["staff-b.txt"]


def test_a_source_tells_its_pattern(place: Place) -> None:
    """D6"""
    assert place.source("staff-?.txt").pattern == "staff-?.txt"


def test_a_directory_does_not_count_and_nothing_in_it_does(place: Place) -> None:
    """D2"""
    (place.directory / "alleo_employees_1.csv").mkdir()
    (place.directory / "alleo_employees_1.csv" / "alleo_employees_2.csv").write_bytes(b"inside")
    (place.directory / "archive").mkdir()
    (place.directory / "archive" / "alleo_employees_3.csv").write_bytes(b"inside")

    assert place.names() == []


def test_a_symbolic_link_does_not_count(place: Place, tmp_path: Path) -> None:
    """D2"""
    target = tmp_path / "secret.csv"
    target.write_bytes(b"elsewhere")
    place.put("hidden.csv")
    (place.directory / "alleo_employees_1.csv").symlink_to(target)
    (place.directory / "alleo_employees_2.csv").symlink_to("hidden.csv")
    (place.directory / "alleo_employees_3.csv").symlink_to("nowhere")

    assert place.names() == []


def test_what_is_no_regular_file_does_not_count_and_is_not_waited_for(place: Place) -> None:
    """D2"""
    os.mkfifo(place.directory / "alleo_employees_1.csv")
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        here = Path.cwd()
        os.chdir(place.directory)
        try:
            listening.bind("alleo_employees_2.csv")
        finally:
            os.chdir(here)
        place.put("alleo_employees_3.csv")

        assert place.names() == ["alleo_employees_3.csv"]


def test_an_empty_folder_holds_nothing(place: Place) -> None:
    """D6"""
    assert place.names() == []


# Every source: in which order


def test_files_come_oldest_first(place: Place) -> None:
    """D3"""
    place.put("alleo_employees_a.csv", seconds=30)
    place.put("alleo_employees_b.csv", seconds=10)
    place.put("alleo_employees_c.csv", seconds=20)

    assert [name[-5] for name in place.names()] == ["b", "c", "a"]


def test_files_of_one_age_come_by_name(place: Place) -> None:
    """D3"""
    for name in ("10", "9", "a", "B"):
        place.put(f"alleo_employees_{name}.csv")

    assert [name[16:-4] for name in place.names()] == ["10", "9", "B", "a"]


# Every source: what is told of a file


def test_a_file_comes_with_its_bytes_and_what_the_folder_says_of_it(place: Place) -> None:
    """R2"""
    data = b"\xef\xbb\xbfa,b\r\n\x00\xff\n"
    place.put("alleo_employees_1.csv", data, seconds=7)

    (file,) = place.source(PATTERN).fetch(LIMIT)

    assert (file.name, file.data, file.size) == ("alleo_employees_1.csv", data, len(data))
    assert file.modified == NOW + timedelta(seconds=7)
    assert file.modified.utcoffset() == timedelta(0)


def test_an_empty_file_is_a_file(place: Place) -> None:
    """F6"""
    place.put("alleo_employees_1.csv", b"")

    (file,) = place.source(PATTERN).fetch(LIMIT)

    assert (file.data, file.size) == (b"", 0)


@pytest.mark.parametrize(
    ("size", "received"), [(LIMIT - 1, True), (LIMIT, True), (LIMIT + 1, False), (10**6, False)]
)
def test_a_file_that_is_too_large_is_not_received(place: Place, size: int, received: bool) -> None:
    """F7"""
    place.put("alleo_employees_1.csv", b"x" * size)

    (file,) = place.source(PATTERN).fetch(LIMIT)

    assert file.data == (b"x" * size if received else None)
    assert file.size == size


def test_what_is_received_does_not_print_itself(place: Place) -> None:
    place.put("alleo_employees_1.csv", b"Wilhelmina")

    assert "Wilhelmina" not in repr(place.source(PATTERN).fetch(LIMIT))


# Every source: what is left behind, and how it fails


def seen(directory: Path) -> dict[str, tuple[int, int, int, bytes]]:
    """Everything in a folder, as it is, the folder included."""
    found = {}
    for path in (directory, *sorted(directory.iterdir())):
        about = path.stat()
        data = path.read_bytes() if path.is_file() else b""
        found[path.name] = (about.st_mode, about.st_mtime_ns, about.st_ino, data)
    return found


def test_the_folder_is_left_as_it_was(place: Place) -> None:
    """D5"""
    place.put("alleo_employees_1.csv", b"one", seconds=1)
    place.put("alleo_employees_2.csv", b"x" * LIMIT * 2, seconds=2)
    place.put("notes.txt", b"other")
    before = seen(place.directory)

    assert len(place.names()) == 2
    assert len(place.names()) == 2

    assert seen(place.directory) == before


def test_a_folder_that_is_not_there_is_unreachable(place: Place) -> None:
    """R2"""
    source = place.source(PATTERN)
    place.directory.rmdir()

    with pytest.raises(SourceUnreachable) as raised:
        source.fetch(LIMIT)

    assert "No such file" in raised.value.problem
    assert str(place.directory) in raised.value.problem
    assert raised.value.problem.endswith("; check `directory`")


def test_a_name_with_control_characters_does_not_count(place: Place) -> None:
    """D2: a file whose name holds control characters is not fetched.

    rclone lists such a file under a name with pictures of them (`␊`), which is another name.
    """
    # given
    for sign in ("\n", "\x1b", "\x7f", "\x9b"):
        place.put(f"alleo_employees_{sign}.csv")

    # when
    signs = {unicodedata.category(sign) for name in place.names() for sign in name}

    # then
    assert "Cc" not in signs


def test_a_name_that_is_no_text_is_a_name(place: Place) -> None:
    """D2"""
    place.put(os.fsdecode(b"alleo_employees_caf\xe9.csv"))
    place.put(os.fsdecode(b"caf\xe9.csv"))

    assert place.names() == ["alleo_employees_caf\\xe9.csv"]


def test_a_large_file_comes_whole(place: Place) -> None:
    """D4"""
    data = os.urandom(3_000_001)
    place.put("alleo_employees_1.csv", data)

    (file,) = place.source(PATTERN).fetch(10_000_000)

    assert file.data == data


def test_the_steps_lead_to_the_files_and_nothing_is_downloaded(place: Place) -> None:
    place.put("alleo_employees_2.csv", b"12345", seconds=1)
    place.put("alleo_employees_1.csv", b"", seconds=2)
    place.put("other.csv")

    steps = list(place.source(PATTERN).steps())

    assert [step.what for step in steps][-4:] == ["directory", "matching", "file", "file"]
    told = [step.detail for step in steps][-4:]
    assert str(place.directory) in told[0]
    assert told[1] == f"2 files for {PATTERN}"
    assert told[2] == "alleo_employees_2.csv, 5 bytes, modified 2027-03-01 02:45:01 UTC"


def test_the_steps_end_where_it_does_not_go_on(place: Place) -> None:
    source = place.source(PATTERN)
    place.directory.rmdir()

    with pytest.raises(SourceUnreachable, match="No such file"):
        list(source.steps())


# The folder alone


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    path = tmp_path / "outgoing"
    path.write_bytes(b"")

    with pytest.raises(SourceUnreachable) as raised:
        FolderSource(path, PATTERN).fetch(LIMIT)

    assert str(path) in raised.value.problem


def test_a_file_that_may_not_be_read_is_unreachable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is forbidden to root, who may be running this, so the refusal is played."""
    (tmp_path / "alleo_employees_1.csv").touch()

    def forbidden(path: Path, *_: object) -> Any:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr("os.open", forbidden)

    with pytest.raises(SourceUnreachable) as raised:
        FolderSource(tmp_path, PATTERN).fetch(LIMIT)

    named = f"{tmp_path}/alleo_employees_1.csv cannot be read (Permission denied)"
    assert raised.value.problem == f"{named}; check `directory` and its permissions"


MEANWHILE: dict[str, Callable[[Path], Any]] = {
    "is gone": lambda path: None,
    "is a link": lambda path: path.symlink_to("/etc/passwd"),
    "is a pipe": os.mkfifo,
    "is a directory": lambda path: path.mkdir(),
    "is another": lambda path: path.write_bytes(b"CONTENT"),
}


@pytest.mark.parametrize("change", MEANWHILE)
def test_what_has_taken_the_place_of_a_file_before_it_is_read_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """D2, D4"""
    path = tmp_path / "alleo_employees_1.csv"
    path.write_bytes(b"content")
    os.utime(path, (0, 0))
    real = os.open

    def replaced(*rest: Any) -> int:
        path.unlink()
        MEANWHILE[change](path)
        return real(*rest)

    monkeypatch.setattr("os.open", replaced)

    with pytest.raises(StillUploading, match=r"alleo_employees_1\.csv"):
        FolderSource(tmp_path, PATTERN).fetch(LIMIT)


@pytest.mark.parametrize("change", ["grows", "shrinks", "is rewritten"])
def test_a_file_that_changes_while_it_is_read_is_not_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """D4"""
    path = tmp_path / "alleo_employees_1.csv"
    path.write_bytes(b"a" * 100)
    os.utime(path, (NOW.timestamp(),) * 2)
    after = {"grows": b"a" * 101, "shrinks": b"a" * 99, "is rewritten": b"b" * 100}[change]
    real, looks = os.fstat, []

    def looking(opened: int) -> os.stat_result:
        looks.append(opened)
        if len(looks) == 2:
            path.write_bytes(after)
        return real(opened)

    monkeypatch.setattr("os.fstat", looking)

    with pytest.raises(StillUploading) as raised:
        FolderSource(tmp_path, PATTERN).fetch(LIMIT)

    assert raised.value.name == "alleo_employees_1.csv"
    assert len(looks) == 2


def test_a_listing_without_end_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R6"""
    monkeypatch.setattr("adapters.sources.pickup.MAX_ENTRIES", 3)
    for number in range(4):
        (tmp_path / f"{number}.txt").touch()

    with pytest.raises(SourceUnreachable, match="more than 3 entries"):
        FolderSource(tmp_path, PATTERN).fetch(LIMIT)
