"""Tests of uploads during a pick-up: a source returns a complete file, or no file."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from adapters.secrets import Secret
from adapters.sources.folder import FolderSource
from adapters.sources.ftp.source import FtpSource
from adapters.sources.source import Source, StillUploading
from tests.adapters import vsftpd
from tests.adapters.keeper import fetch
from tests.adapters.sshd import Sshd
from tests.adapters.vsftpd import Vsftpd
from tests.torture.ground import TORTURE

NAME = "alleo_employees_1.csv"
LIMIT = 10_000_000
CASES = 300 if TORTURE else 24
AT_ONCE = 12
PAUSE = 0.4 if TORTURE else 0.15  # seconds between two pieces at most
# Servers report times in whole seconds, so two writes in one second have the same time. The source
# therefore waits longer than one second and the longest pause together.
SETTLE = {"folder": 3 * PAUSE, "sftp": 1 + 3 * PAUSE, "ftp": 1 + 3 * PAUSE}


class Upload(NamedTuple):
    """A file that a test overwrites, with its old and its new content."""

    path: Path
    chance: random.Random
    old: bytes
    new: bytes

    def pause(self) -> None:
        time.sleep(self.chance.uniform(0, PAUSE))

    def pieces(self) -> list[tuple[int, bytes]]:
        """Returns the new content in pieces, each with its position."""
        cuts = sorted(self.chance.sample(range(1, len(self.new)), self.chance.randint(2, 8)))
        edges = [0, *cuts, len(self.new)]
        return [(start, self.new[start:end]) for start, end in pairwise(edges)]


def append(upload: Upload) -> None:
    """Deletes the file, creates it again, and appends the pieces."""
    upload.path.unlink()
    for _, piece in upload.pieces():
        with upload.path.open("ab") as stream:
            stream.write(piece)
        upload.pause()


def truncate(upload: Upload) -> None:
    """Empties the file, and appends the pieces."""
    with upload.path.open("r+b", buffering=0) as stream:
        stream.truncate(0)
        for _, piece in upload.pieces():
            upload.pause()
            stream.write(piece)


def rewrite(upload: Upload) -> None:
    """Overwrites the file in place. The length of the file changes only at the end."""
    with upload.path.open("r+b", buffering=0) as stream:
        for start, piece in upload.pieces():
            stream.seek(start)
            stream.write(piece)
            upload.pause()
        stream.truncate(len(upload.new))


def replace(upload: Upload) -> None:
    """Writes another file, and renames it to the name of the file."""
    temporary = upload.path.with_name("upload.part")
    temporary.write_bytes(upload.new)
    upload.pause()
    temporary.rename(upload.path)


WRITERS: list[Callable[[Upload], None]] = [append, truncate, rewrite, replace]


def content(chance: random.Random, length: int | None = None) -> bytes:
    """Returns the content of a delivery with random rows."""
    rows = [f"{chance.getrandbits(64):x}@acme.example,Anna,Ek" for _ in range(40)]
    data = "\n".join(["Email,First name,Last name", *rows]).encode()
    return data if length is None else data[:length].ljust(length, b"x")


def fetch_during_upload(case: int, source: Source, path: Path) -> str:
    """Fetches a file during an upload, and says which content the source returned.

    The answer is "before", "after" or "nothing", or "TORN" with the writer for a mixed content.
    """
    chance = random.Random(case)
    old = content(chance)
    new = content(chance, len(old) if chance.random() < 0.5 else None)
    path.write_bytes(old)
    upload = Upload(path, chance, old, new)
    writer = WRITERS[case % len(WRITERS)]

    def write() -> None:
        upload.pause()
        time.sleep(chance.uniform(0, SETTLE["ftp"]))
        writer(upload)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        files = fetch(source, LIMIT)
    except StillUploading:
        return "nothing"
    finally:
        thread.join()
    if not files:
        return "nothing"
    return {old: "before", new: "after"}.get(files[0].data or b"", f"TORN by {writer.__name__}")


@pytest.mark.torture
@pytest.mark.parametrize("protocol", ["folder", "sftp", "ftp"])
def test_a_file_is_never_fetched_in_part(
    protocol: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D4: A source never returns a mixture of the old and the new content of a file."""
    # given
    monkeypatch.setenv("ACME_FTP", vsftpd.PASSWORD)
    server: Any = None
    if protocol != "folder":
        server = request.getfixturevalue({"sftp": "sshd", "ftp": "vsftpd"}[protocol])

    def one(case: int) -> str:
        directory = tmp_path / str(case)
        directory.mkdir()
        return fetch_during_upload(case, on(server, directory, SETTLE[protocol]), directory / NAME)

    # when
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(one, range(CASES // 3)))

    # then
    assert [each for each in outcomes if each.startswith("TORN")] == []
    assert {"before", "after"} & set(outcomes)


def on(server: Sshd | Vsftpd | None, directory: Path, settle: float) -> Source:
    """Returns a source that waits until the files do not change any more."""
    limit = settle * 4
    if server is None:
        return FolderSource(directory, "alleo_employees_*.csv", settle, limit)
    if isinstance(server, Sshd):
        return server.source(directory, settle=settle, settle_limit=limit)
    return FtpSource(
        host="127.0.0.1",
        port=server.port,
        directory=str(directory),
        pattern="alleo_employees_*.csv",
        username=vsftpd.USER,
        password=Secret(env="ACME_FTP"),
        settle=settle,
        settle_limit=limit,
        attempts=1,
    )
