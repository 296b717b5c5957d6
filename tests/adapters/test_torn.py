"""Uploads that are under way while they are picked up: all of a file is fetched, or nothing."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from adapters.secret import Secret
from adapters.sources.folder import FolderSource
from adapters.sources.ftp import FtpSource
from adapters.sources.source import Source, StillUploading
from tests.adapters import vsftpd
from tests.adapters.sshd import Sshd
from tests.adapters.vsftpd import Vsftpd

NAME = "alleo_employees_1.csv"
LIMIT = 10_000_000
CASES = 300 if os.environ.get("TENURE_TORTURE") else 24
AT_ONCE = 12
PAUSE = 0.4  # seconds between two pieces at most
# Servers tell times in whole seconds, so that two writes within one look the same: what is waited
# for is that second, and the longest pause.
SETTLE = {"folder": 3 * PAUSE, "sftp": 1 + 3 * PAUSE, "ftp": 1 + 3 * PAUSE}


class Upload(NamedTuple):
    """A file that somebody writes: what it held before, and what it will hold."""

    path: Path
    chance: random.Random
    old: bytes
    new: bytes

    def pause(self) -> None:
        time.sleep(self.chance.uniform(0, PAUSE))

    def pieces(self) -> list[tuple[int, bytes]]:
        """The new content in pieces, each with where it belongs."""
        cuts = sorted(self.chance.sample(range(1, len(self.new)), self.chance.randint(2, 8)))
        edges = [0, *cuts, len(self.new)]
        return [(start, self.new[start:end]) for start, end in pairwise(edges)]


def append(upload: Upload) -> None:
    """The file is made anew, and grows."""
    upload.path.unlink()
    for _, piece in upload.pieces():
        with upload.path.open("ab") as stream:
            stream.write(piece)
        upload.pause()


def truncate(upload: Upload) -> None:
    """The file is emptied, and grows."""
    with upload.path.open("r+b", buffering=0) as stream:
        stream.truncate(0)
        for _, piece in upload.pieces():
            upload.pause()
            stream.write(piece)


def rewrite(upload: Upload) -> None:
    """The file is written over in its place, and as long as it was until the end."""
    with upload.path.open("r+b", buffering=0) as stream:
        for start, piece in upload.pieces():
            stream.seek(start)
            stream.write(piece)
            upload.pause()
        stream.truncate(len(upload.new))


def replace(upload: Upload) -> None:
    """Another file takes its place."""
    beside = upload.path.with_name("upload.part")
    beside.write_bytes(upload.new)
    upload.pause()
    beside.rename(upload.path)


WAYS: list[Callable[[Upload], None]] = [append, truncate, rewrite, replace]


def content(chance: random.Random, length: int | None = None) -> bytes:
    """A delivery that no part of another is."""
    rows = [f"{chance.getrandbits(64):x}@acme.example,Anna,Ek" for _ in range(40)]
    data = "\n".join(["Email,First name,Last name", *rows]).encode()
    return data if length is None else data[:length].ljust(length, b"x")


def torn(case: int, source: Source, path: Path) -> str:
    """What comes of fetching in the middle of an upload: the file before, after, or nothing."""
    chance = random.Random(case)
    old = content(chance)
    new = content(chance, len(old) if chance.random() < 0.5 else None)
    path.write_bytes(old)
    upload = Upload(path, chance, old, new)
    way = WAYS[case % len(WAYS)]

    def write() -> None:
        upload.pause()
        time.sleep(chance.uniform(0, SETTLE["ftp"]))
        way(upload)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        files = source.fetch(LIMIT)
    except StillUploading:
        return "nothing"
    finally:
        writer.join()
    if not files:
        return "nothing"
    return {old: "before", new: "after"}.get(files[0].data or b"", f"TORN by {way.__name__}")


@pytest.mark.torture
@pytest.mark.parametrize("protocol", ["folder", "sftp", "ftp"])
def test_nothing_that_is_torn_is_ever_fetched(
    protocol: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D4"""
    monkeypatch.setenv("ACME_FTP", vsftpd.PASSWORD)
    server: Any = None
    if protocol != "folder":
        server = request.getfixturevalue({"sftp": "sshd", "ftp": "vsftpd"}[protocol])

    def one(case: int) -> str:
        directory = tmp_path / str(case)
        directory.mkdir()
        return torn(case, on(server, directory, SETTLE[protocol]), directory / NAME)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(one, range(CASES // 3)))

    assert [each for each in found if each.startswith("TORN")] == []
    assert {"before", "after"} & set(found)


def on(server: Sshd | Vsftpd | None, directory: Path, settle: float) -> Source:
    """A source that waits for what changes."""
    limit = settle * 4
    if server is None:
        return FolderSource(directory, "alleo_employees_*.csv", settle, limit)
    if isinstance(server, Sshd):
        return server.source(directory, settle=settle, settle_limit=limit)
    return FtpSource(
        protocol="ftp",
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
