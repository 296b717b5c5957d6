"""The contract of every source of deliveries, and the tests of a local folder alone."""

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

from adapters.secrets import Secret
from adapters.sources.folder import FolderSource
from adapters.sources.ftp.source import FtpSource, FtpsSource
from adapters.sources.sftp.source import SftpSource
from adapters.sources.source import Source, SourceUnreachable, StillUploading
from tests.adapters import asyncssh_server, ftp_server, rclone, vsftpd
from tests.adapters.certificates import make_certificate
from tests.adapters.keeper import MemoryKeeper, fetch
from tests.adapters.sshd import Sshd
from tests.given import NOW

PATTERN = "alleo_employees_*.csv"
LIMIT = 1_000


class Place(NamedTuple):
    """The customer's directory, and a function that returns a source for a pattern."""

    directory: Path
    source: Callable[[str], Source]

    def put(self, name: str, data: bytes = b"content", seconds: float = 0) -> Path:
        """Writes a file whose modification time is `seconds` after `NOW`."""
        path = self.directory / name
        path.write_bytes(data)
        modified = int(NOW.timestamp()) * 10**9 + round(seconds * 10**9)
        os.utime(path, ns=(modified, modified))
        return path

    def names(self, pattern: str = PATTERN, limit: int = LIMIT) -> list[str]:
        """Returns the names of the fetched files, in order."""
        return [file.name for file in fetch(self.source(pattern), limit)]


@pytest.fixture(params=["folder", "sftp", "sftp in Go", "sftp of asyncssh", "ftp", "ftps"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    """A directory behind each kind of source. The servers are real ones."""
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
    """Returns a function from a pattern to a source for an SFTP server that takes a password."""
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
    """Returns a function from a pattern to a source for an FTP server, which uses TLS with a
    `ca_file`."""
    usual: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "directory": str(directory),
        "username": user,
        "password": Secret(env="ACME_FTP"),
        "settle": 0,
        "attempts": 1,
    }
    if ca_file is None:
        return lambda pattern: FtpSource(**usual, pattern=pattern)
    return lambda pattern: FtpsSource(**usual, pattern=pattern, ca_file=ca_file)


# Every source: which files count


MATCHING = ["alleo_employees_.csv", "alleo_employees_1.csv", "alleo_employees_2027-03-01 (2).csv"]
NEAR = [
    "ALLEO_EMPLOYEES_1.CSV",
    "Alleo_employees_1.csv",
    "alleo employees-1.csv",
    "alleo_employees_1.CSV",
    "alleo_employees_1.csv.gpg",
    "alleo_employees_1.txt",
    "alleo_employees_1.xlsx",
]
OTHERS = [
    "alleo_employees.csv",
    "alleo_employees_1.csv.part",
    "alleo_employees_1.csv~",
    ".alleo_employees_1.csv",
    "copy of alleo_employees_1.csv",
    "alleo_employees_1xcsv",
    "people.csv",
]


def test_a_file_whose_name_matches_is_fetched(place: Place) -> None:
    """D2, D9: A file whose name matches the pattern is fetched. A regular file is a near miss if
    its name would match in another case, with another separator, or with `.csv` for its suffix. A
    near miss is told and not fetched."""
    # given
    for name in (*MATCHING, *NEAR, *OTHERS):
        place.put(name)
    (place.directory / "ALLEO_EMPLOYEES_2.CSV").mkdir()

    # when
    found = place.source(PATTERN).fetch(LIMIT, MemoryKeeper())

    # then
    assert [file.name for file in found.files] == sorted(MATCHING)
    assert sorted(found.near_misses) == NEAR


def test_each_company_has_its_own_pattern(place: Place) -> None:
    """D2, D6: Files count by the pattern of the company, which may contain `?` and `[…]`."""
    # given
    for name in ("staff-a.txt", "staff-b.txt", "staff-ab.txt", "alleo_employees_1.csv"):
        place.put(name)

    # when / then
    assert place.names("staff-?.txt") == ["staff-a.txt", "staff-b.txt"]
    assert place.names("staff-[b-z].txt") == ["staff-b.txt"]
    assert place.source("staff-?.txt").pattern == "staff-?.txt"


def test_a_directory_and_a_link_do_not_count(place: Place, tmp_path: Path) -> None:
    """D2: A subdirectory and the files in it do not count, nor does a symbolic link, wherever it
    leads."""
    # given
    for name in ("alleo_employees_1.csv", "archive"):
        (place.directory / name).mkdir()
        (place.directory / name / "alleo_employees_2.csv").write_bytes(b"inside")
    (tmp_path / "secret.csv").write_bytes(b"elsewhere")
    place.put("hidden.csv")
    for number, target in enumerate((tmp_path / "secret.csv", "hidden.csv", "nowhere"), 3):
        (place.directory / f"alleo_employees_{number}.csv").symlink_to(target)

    # when / then
    assert place.names() == []


def test_a_pipe_and_a_socket_do_not_count_and_cause_no_wait(place: Place) -> None:
    """D2: A pipe and a socket do not count, and the source does not wait for them."""
    # given
    os.mkfifo(place.directory / "alleo_employees_1.csv")
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        here = Path.cwd()
        os.chdir(place.directory)
        try:
            listening.bind("alleo_employees_2.csv")
        finally:
            os.chdir(here)
        place.put("alleo_employees_3.csv")

        # when / then
        assert place.names() == ["alleo_employees_3.csv"]


def test_an_empty_directory_gives_no_file(place: Place) -> None:
    """D6: An empty directory gives no file and no failure."""
    # when / then
    assert place.names() == []


# Every source: in which order


def test_files_come_oldest_first_and_then_by_name(place: Place) -> None:
    """D3: Files with older modification times come first. Files with equal times are ordered by
    name."""
    # given
    for name, seconds in (("z", 10), ("10", 20), ("9", 20), ("a", 20), ("B", 20), ("0", 30)):
        place.put(f"alleo_employees_{name}.csv", seconds=seconds)

    # when / then
    assert [name[16:-4] for name in place.names()] == ["z", "10", "9", "B", "a", "0"]


# Every source: the content and the data of a file


def test_a_file_has_its_name_bytes_size_and_modification_time(place: Place) -> None:
    """R2: A fetched file has its name, its bytes, its size and its modification time in UTC. Its
    text does not show the bytes, which are personal data."""
    # given
    data = b"\xef\xbb\xbfa,b\r\n\x00\xff\nWilhelmina"
    place.put("alleo_employees_1.csv", data, seconds=7)

    # when
    (file,) = fetch(place.source(PATTERN), LIMIT)

    # then
    assert (file.name, file.data, file.size) == ("alleo_employees_1.csv", data, len(data))
    assert file.modified == NOW + timedelta(seconds=7)
    assert file.modified.utcoffset() == timedelta(0)
    assert "Wilhelmina" not in repr(file)


def test_a_file_that_is_too_large_is_not_received(place: Place) -> None:
    """F6, F7: A file that is larger than the limit is not received. Its size is known. An empty
    file is fetched, so that the run can refuse it."""
    # given
    sizes = (0, LIMIT - 1, LIMIT, LIMIT + 1, 10**6)
    for number, size in enumerate(sizes):
        place.put(f"alleo_employees_{number}.csv", b"x" * size)

    # when
    files = fetch(place.source(PATTERN), LIMIT)

    # then
    assert [file.size for file in files] == [*sizes]
    assert [None if file.data is None else len(file.data) for file in files] == [
        0,
        999,
        1000,
        None,
        None,
    ]


# Every source: reading only, failures and steps


def seen(directory: Path) -> dict[str, tuple[int, int, int, bytes]]:
    """Returns the mode, time, inode and bytes of a directory and of each entry in it."""
    found = {}
    for path in (directory, *sorted(directory.iterdir())):
        about = path.stat()
        data = path.read_bytes() if path.is_file() else b""
        found[path.name] = (about.st_mode, about.st_mtime_ns, about.st_ino, data)
    return found


def test_the_directory_is_not_changed(place: Place) -> None:
    """D5: Pick-ups change nothing in the directory."""
    # given
    place.put("alleo_employees_1.csv", b"one", seconds=1)
    place.put("alleo_employees_2.csv", b"x" * LIMIT * 2, seconds=2)
    place.put("notes.txt", b"other")
    before = seen(place.directory)

    # when
    assert len(place.names()) == 2
    assert len(place.names()) == 2

    # then
    assert seen(place.directory) == before


def test_a_missing_directory_is_reported(place: Place) -> None:
    """R2: When the directory is missing, the problem for the record of the run gives the reason,
    the path and the setting. The steps of a check end with it."""
    # given
    source = place.source(PATTERN)
    place.directory.rmdir()

    # when
    with pytest.raises(SourceUnreachable) as raised:
        fetch(source, LIMIT)

    # then
    assert "No such file" in raised.value.problem
    assert str(place.directory) in raised.value.problem
    assert raised.value.problem.endswith("; check `directory`")
    with pytest.raises(SourceUnreachable, match="No such file"):
        list(source.steps())


def test_a_name_with_control_characters_does_not_count(place: Place) -> None:
    """D2: A file whose name has control characters is not fetched.

    rclone lists such a file under another name, with a symbol (`␊`) for each control character.
    """
    # given
    for sign in ("\n", "\x1b", "\x7f", "\x9b"):
        place.put(f"alleo_employees_{sign}.csv")

    # when
    signs = {unicodedata.category(sign) for name in place.names() for sign in name}

    # then
    assert "Cc" not in signs


def test_a_name_that_is_not_utf8_can_match(place: Place) -> None:
    """D2: A file whose name is not UTF-8 counts if the name matches. Wrong bytes are written as
    `\\xe9`."""
    # given
    place.put(os.fsdecode(b"alleo_employees_caf\xe9.csv"))
    place.put(os.fsdecode(b"caf\xe9.csv"))

    # when / then
    assert place.names() == ["alleo_employees_caf\\xe9.csv"]


def test_a_large_file_is_complete(place: Place) -> None:
    """D4: A large file is fetched with all its bytes."""
    # given
    data = os.urandom(3_000_001)
    place.put("alleo_employees_1.csv", data)

    # when
    (file,) = fetch(place.source(PATTERN), 10_000_000)

    # then
    assert file.data == data


def test_the_steps_show_the_directory_and_the_matching_files(place: Place) -> None:
    """The steps show the directory, the number of matching files, and each file with its size and
    its time."""
    # given
    place.put("alleo_employees_2.csv", b"12345", seconds=1)
    place.put("alleo_employees_1.csv", b"", seconds=2)
    place.put("other.csv")

    # when
    steps = list(place.source(PATTERN).steps())

    # then
    assert [step.what for step in steps][-4:] == ["directory", "matching", "file", "file"]
    told = [step.detail for step in steps][-4:]
    assert str(place.directory) in told[0]
    assert told[1] == f"2 files for {PATTERN}"
    assert told[2] == "alleo_employees_2.csv, 5 bytes, modified 2027-03-01 02:45:01 UTC"


# A local folder alone


def test_a_file_instead_of_a_directory_is_reported(tmp_path: Path) -> None:
    """When the path of the folder is a file, the problem names the path."""
    # given
    path = tmp_path / "outgoing"
    path.write_bytes(b"")

    # when
    with pytest.raises(SourceUnreachable) as raised:
        fetch(FolderSource(path, PATTERN), LIMIT)

    # then
    assert str(path) in raised.value.problem


def test_a_file_that_cannot_be_read_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a file cannot be read, the problem names the file and the setting. The error is
    simulated, because root may read everything."""
    # given
    (tmp_path / "alleo_employees_1.csv").touch()

    def forbidden(path: Path, *_: object) -> Any:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr("os.open", forbidden)

    # when
    with pytest.raises(SourceUnreachable) as raised:
        fetch(FolderSource(tmp_path, PATTERN), LIMIT)

    # then
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
def test_a_file_that_is_replaced_before_it_is_read_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """D2, D4: When another entry takes the place of a listed file, this entry is not read."""
    # given
    path = tmp_path / "alleo_employees_1.csv"
    path.write_bytes(b"content")
    os.utime(path, (0, 0))
    real = os.open

    def replaced(*rest: Any) -> int:
        path.unlink()
        MEANWHILE[change](path)
        return real(*rest)

    monkeypatch.setattr("os.open", replaced)

    # when / then
    with pytest.raises(StillUploading, match=r"alleo_employees_1\.csv"):
        fetch(FolderSource(tmp_path, PATTERN), LIMIT)


@pytest.mark.parametrize("change", ["grows", "shrinks", "is rewritten"])
def test_a_file_that_changes_while_it_is_read_is_not_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """D4: A file that changes while it is read is not complete."""
    # given
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

    # when
    with pytest.raises(StillUploading) as raised:
        fetch(FolderSource(tmp_path, PATTERN), LIMIT)

    # then
    assert raised.value.name == "alleo_employees_1.csv"
    assert len(looks) == 2


def test_a_listing_with_too_many_entries_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6: A directory with more entries than the limit fails the pick-up."""
    # given
    monkeypatch.setattr("adapters.sources.pickup.MAX_ENTRIES", 3)
    for number in range(4):
        (tmp_path / f"{number}.txt").touch()

    # when / then
    with pytest.raises(SourceUnreachable, match="more than 3 entries"):
        fetch(FolderSource(tmp_path, PATTERN), LIMIT)
