"""D1, D4: Pick-ups from SFTP servers that lack a request, list little, or bear few requests.

The servers are scripted after public reports about servers of many makes.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import closing
from typing import Any

import pytest
from paramiko.sftp import (
    CMD_ATTRS,
    CMD_CLOSE,
    CMD_FSTAT,
    CMD_INIT,
    CMD_LSTAT,
    CMD_OPEN,
    CMD_OPENDIR,
    CMD_READ,
    CMD_READDIR,
    CMD_REALPATH,
    CMD_STAT,
)

from adapters.secrets import Secret
from adapters.sources.deadline import Timeouts
from adapters.sources.sftp.source import SftpSource
from adapters.sources.source import PickUp, SourceUnreachable
from tests.adapters.failing import problem, retry_quickly
from tests.adapters.hostile import CONTENT, NAME, PASSWORD, USER
from tests.adapters.hostile_ssh import (
    DENIED_CODE,
    FAILURE_CODE,
    LINK,
    NO_FILE_CODE,
    USUAL,
    Answer,
    Ask,
    SshServer,
    always,
    at_most,
    attributes,
    content,
    hang_up_instead,
    host_key,
    listing,
    names,
    packet,
    refuse,
    stop_talking,
)
from tests.adapters.keeper import MemoryKeeper

DATA = bytes(range(256)) * 6_000  # 47 requests
NOTHING = attributes(None, None, None)


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_SFTP", PASSWORD)


def on(server: SshServer, **changes: Any) -> SftpSource:
    """Returns a source on the server. `changes` replace its usual settings."""
    usual: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": server.port,
        "directory": "/outgoing",
        "username": USER,
        "password": Secret(env="ACME_SFTP"),
        "host_key": host_key().fingerprint,
        "settle": 0,
        "attempts": 1,
    }
    return SftpSource(**usual | changes)


def picked_up(answers: dict[int, Answer], **changes: Any) -> PickUp:
    """Returns the pick-up from a server with these answers."""
    with closing(SshServer(answers)) as server:
        return on(server, **changes).fetch(10**9, MemoryKeeper())


def recorded(log: list[int], answers: dict[int, Answer]) -> dict[int, Answer]:
    """Returns the answers, each of which also records the kind of its request."""
    known = USUAL | answers

    def record(kind: int) -> Answer:
        def answer(ask: Ask) -> Iterable[bytes]:
            log.append(kind)
            return known[kind](ask)

        return answer

    return {kind: record(kind) for kind in known}


def stat(about: bytes) -> Answer:
    return always(lambda ask: packet(CMD_ATTRS, ask.number, about))


# Requests for pieces


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        *((number, hang_up_instead) for number in (1, 8, 32)),
        (2, refuse(FAILURE_CODE)),
        (4, stop_talking),
    ],
)
def test_a_server_that_bears_few_requests_is_asked_for_fewer(
    number: int, fault: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D1: A server that breaks off, falls silent or refuses when many requests wait gets fewer at
    the same time, until the whole file arrives. This lasts no longer than one silence and the
    pauses."""
    # given
    monkeypatch.setattr("adapters.sources.server.PAUSE_S", 0)
    answers = {
        CMD_READDIR: listing((NAME.encode(), attributes(len(DATA)))),
        CMD_FSTAT: stat(attributes(len(DATA))),
        CMD_READ: at_most(number, fault, DATA),
    }
    start = time.monotonic()

    # when
    (file,) = picked_up(answers, timeouts=Timeouts(silence=2)).files

    # then
    assert file.data == DATA
    assert time.monotonic() - start < 7


@pytest.mark.parametrize(
    ("fault", "words", "halvings", "attempts"),
    [
        (refuse(DENIED_CODE), "Permission denied", 0, 1),
        (refuse(FAILURE_CODE), "the server refuses with code 4", 6, 1),
        (hang_up_instead, "the connection broke off", 6, 2),
    ],
)
def test_a_file_that_cannot_be_read_with_one_request_either_is_reported(
    fault: Answer,
    words: str,
    halvings: int,
    attempts: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """D1: When the server answers no request for a piece, the problem says so. The requests are
    halved once in the pick-up, beside its attempts. A pause and a line in the log come before each
    further log-in."""
    # given
    caplog.set_level("INFO", "adapters")
    monkeypatch.setattr("adapters.sources.server.PAUSE_S", 0.05)
    retry_quickly(monkeypatch)
    start = time.monotonic()
    answers = {
        CMD_READDIR: listing((NAME.encode(), attributes(len(DATA)))),
        CMD_READ: fault,
    }

    # when / then
    with closing(SshServer(answers)) as server:
        assert words in problem(on(server, attempts=2))
        assert server.connections == halvings + attempts
    assert time.monotonic() - start > 0.05 * halvings
    assert len(caplog.messages) == halvings + attempts - 1


# Requests that a server lacks, and their order


def test_nothing_comes_between_opening_and_reading() -> None:
    """D4: A file is opened and read, then one byte beyond its end is asked for, and it is closed
    last. Some servers allow nothing else between opening and reading."""
    # given
    log: list[int] = []
    listed = [CMD_OPENDIR, CMD_READDIR, CMD_READDIR, CMD_CLOSE]

    # when
    picked_up(recorded(log, {}))

    # then
    read = [CMD_OPEN, CMD_READ, CMD_READ, CMD_FSTAT, CMD_CLOSE]
    assert log == [CMD_INIT, *listed, *read, *listed]


@pytest.mark.parametrize("lacking", [(CMD_FSTAT,), (CMD_CLOSE,), (CMD_FSTAT, CMD_CLOSE)])
@pytest.mark.parametrize("code", [FAILURE_CODE, NO_FILE_CODE])
def test_a_server_without_a_request_that_is_not_needed_is_read(
    lacking: tuple[int, ...], code: int
) -> None:
    """D4: A file that was received whole counts, although the server refuses to read beyond its
    end, FSTAT or CLOSE, for instance because it removes a file that was read."""

    # given
    def read(ask: Ask) -> Iterable[bytes]:
        return (content() if ask.wanted[0] < len(CONTENT) else refuse(code))(ask)

    # when
    (file,) = picked_up(dict.fromkeys(lacking, refuse(code)) | {CMD_READ: read}).files

    # then
    assert file.data == CONTENT


def test_a_file_with_too_few_bytes_is_closed_before_it_is_read_again() -> None:
    """D4: A file that was not received whole is closed, because some servers lock an open file."""
    # given
    log: list[int] = []
    answers = recorded(log, {CMD_READ: content(CONTENT[:-1])})

    # when
    with pytest.raises(SourceUnreachable, match="another number of bytes"):
        picked_up(answers, settle=0.05, settle_limit=0.2)

    # then
    assert log.count(CMD_CLOSE) == log.count(CMD_OPENDIR) + log.count(CMD_OPEN)


# Listings that say little


LITTLE = {
    "no kind": attributes(mode=0o666),
    "no mode": attributes(mode=None),
    "no size": attributes(size=None),
    "no time": attributes(modified=None),
    "nothing": NOTHING,
}


@pytest.mark.parametrize("case", LITTLE)
@pytest.mark.parametrize("asked", [CMD_LSTAT, CMD_STAT])
def test_the_server_is_asked_for_what_its_listing_lacks(case: str, asked: int) -> None:
    """D2, D4: When a listing lacks kind, size or time of a file, LSTAT tells, or STAT."""
    # given
    answers = {
        CMD_READDIR: listing((NAME.encode(), LITTLE[case])),
        asked: stat(attributes(modified=86_400)),
    }

    # when
    (file,) = picked_up(answers).files

    # then
    assert (file.data, file.modified.timestamp()) == (CONTENT, 86_400)


@pytest.mark.parametrize(
    "answers",
    [
        {CMD_LSTAT: stat(attributes(mode=LINK)), CMD_STAT: stat(attributes())},
        {CMD_LSTAT: refuse(NO_FILE_CODE)},
    ],
    ids=["a link", "gone"],
)
def test_a_link_that_is_listed_without_its_kind_does_not_count(answers: dict[int, Answer]) -> None:
    """D2: A link, or a file that is gone, does not count, although its listing lacks the kind."""
    # given
    listed = {CMD_READDIR: listing((NAME.encode(), NOTHING))}

    # when / then
    assert picked_up(listed | answers).files == []


def test_a_server_that_never_tells_the_kind_is_reported() -> None:
    """D2: When neither the listing nor STAT tells the kind of a file, the problem names it."""
    # given
    answers = {
        CMD_READDIR: listing((NAME.encode(), attributes(mode=0o666))),
        CMD_STAT: stat(attributes(mode=0o666)),
    }

    # when / then
    with closing(SshServer(answers)) as server:
        assert f"does not tell kind, size and time of {NAME}" in problem(on(server))


def real(path: str) -> Answer:
    """Returns a function that answers with the path of a directory from the root."""
    return always(lambda ask: names(ask, (path.encode(), NOTHING)))


@pytest.mark.parametrize(
    ("directory", "path"),
    [
        ("/outgoing", f"/outgoing/{NAME}"),
        ("/outgoing/", f"/outgoing/{NAME}"),
        ("/outgoing", f"./{NAME}"),
        ("outgoing", f"outgoing/{NAME}"),
        ("outgoing", f"/home/acme/outgoing/{NAME}"),
        ("/", f"/{NAME}"),
    ],
)
def test_a_name_that_is_a_path_in_the_directory_counts(directory: str, path: str) -> None:
    """D2: Some servers list paths in place of names. The path of a file of the directory counts."""
    # given
    answers = {
        CMD_READDIR: listing((path.encode(), attributes())),
        CMD_REALPATH: real("/home/acme/outgoing"),
    }

    # when
    (file,) = picked_up(answers, directory=directory).files

    # then
    assert (file.name, file.data) == (NAME, CONTENT)


def test_an_answer_without_entries_ends_a_listing() -> None:
    """R6: A server may repeat an answer without entries forever, so it ends the listing."""
    # when / then
    assert picked_up({CMD_READDIR: always(lambda ask: names(ask))}).files == []


def test_the_path_of_the_directory_is_asked_once() -> None:
    """D2: The server is asked for the path of the directory once, and only if it lists paths."""
    # given
    log: list[int] = []
    entry = (f"./{NAME}".encode(), attributes())

    # when
    picked_up(recorded(log, {CMD_READDIR: listing(entry, entry)}), settle=0.05)
    paths = log.count(CMD_REALPATH)
    picked_up(recorded(log, {}))

    # then
    assert (paths, log.count(CMD_REALPATH)) == (1, 1)


@pytest.mark.parametrize("about", [attributes(), attributes(None, None, None)])
def test_a_near_miss_is_told(about: bytes) -> None:
    """D9: A name that matches the pattern in another case is a near miss, also as a path. Nothing
    is asked about it."""
    # given
    entries = [(b"Alleo_Employees_1.CSV", about), (b"/outgoing/ALLEO_employees_2.csv", about)]
    answers = {CMD_READDIR: listing(*entries), CMD_LSTAT: hang_up_instead}

    # when
    found = picked_up(answers)

    # then
    assert found.near_misses == ("ALLEO_employees_2.csv", "Alleo_Employees_1.CSV")
    assert found.files == []
