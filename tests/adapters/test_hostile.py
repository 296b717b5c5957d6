"""Hostile and broken servers: every pick-up from such a server ends, and applies nothing.

Each test runs a whole import in another process (`hostile.py`). That process reports the result
of the import and the time, memory, threads and sockets that the import used. Every reply of a
hostile server contains a secret word, and no message of Tenure may repeat that word.
"""

from __future__ import annotations

import os
import resource
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from paramiko.common import (
    MSG_CHANNEL_OPEN_SUCCESS,
    MSG_CHANNEL_SUCCESS,
    MSG_KEXINIT,
    MSG_NEWKEYS,
    MSG_SERVICE_ACCEPT,
    MSG_USERAUTH_SUCCESS,
)
from paramiko.sftp import (
    CMD_ATTRS,
    CMD_CLOSE,
    CMD_DATA,
    CMD_FSTAT,
    CMD_HANDLE,
    CMD_INIT,
    CMD_NAME,
    CMD_OPEN,
    CMD_OPENDIR,
    CMD_READ,
    CMD_READDIR,
    CMD_VERSION,
)

from adapters.secrets import Secret
from adapters.sources.deadline import Timeouts
from adapters.sources.ftp.source import FtpSource, FtpsSource
from adapters.sources.sftp.source import SftpSource
from tests.adapters import hostile, hostile_ftp, hostile_ssh
from tests.adapters.certificates import Certificate, make_certificate
from tests.adapters.hostile import (
    MARK,
    MEMORY,
    NAME,
    PASSWORD,
    SLACK,
    USER,
    VARIABLE,
    Line,
    Server,
    Told,
    Victim,
)
from tests.adapters.hostile_ftp import FtpServer
from tests.adapters.hostile_ssh import Act, Answer, SshServer

TORTURE = bool(os.environ.get("TENURE_TORTURE"))
MOMENT = 0.5
AT_ONCE = 1.5
"""Seconds in which a pick-up ends that waits for no deadline."""
ENDS = ("SourceUnreachable", ("failed",), ("unreachable",))
KEX_REPLY = 31

Talk = Callable[[Line], None]


def calm(**changes: float) -> dict[str, Any]:
    """Returns time limits that no test reaches. A test changes the limit under test to `MOMENT`.

    `whole` is the deadline of the pick-up.
    """
    limits = dict.fromkeys(Timeouts.__struct_fields__, 5.0) | {"whole": 10} | changes
    return {"deadline": limits.pop("whole"), "timeouts": Timeouts(**limits)}


def each(stages: Iterable[str], always: Sequence[Any], *others: Any) -> list[tuple[str, Any]]:
    """Returns pairs of a stage and a behaviour. Each stage gets the behaviours in `always`. Every
    fourth stage, or each stage in the long variant, also gets the behaviours in `others`.
    """
    names = list(stages)
    some = names if TORTURE else names[::4]
    tried = [(name, way) for name in names for way in always]
    return tried + [(name, way) for name in some for way in others]


@pytest.fixture(scope="module")
def victim() -> Iterator[Victim]:
    """The process that runs the pick-ups."""
    with hostile.victim() as process:
        yield process


class Ground:
    """Runs imports from hostile servers, and checks what must hold after each import."""

    def __init__(self, victim: Victim, database: Path) -> None:
        self._victim = victim
        self._database = database

    def meet(self, server: Server, source: Any, within: float, people: int | None = 0) -> Told:
        """Imports from the source and returns the result.

        The import must end `within` this number of seconds, plus `SLACK`. The import must register
        this number of `people`; `None` means any number.
        """
        with closing(server):
            told = self._victim.pick_up(source, self._database, within)
        assert told.seconds < within + SLACK
        assert told.peak < MEMORY
        assert (told.threads, told.sockets) == ((), 0)
        assert self._victim.printed() == ""
        assert MARK not in told.problem
        assert [word for word in (PASSWORD, MARK) if word in told.behind] == []
        assert "\n" not in told.problem
        assert "\x1b" not in told.problem
        assert not told.fault
        assert told.people == people or people is None
        assert len(told.outcomes) == 1
        return told


@pytest.fixture
def ground(victim: Victim, tmp_path: Path) -> Ground:
    """A ground with an empty database."""
    return Ground(victim, tmp_path / "tenure.db")


def unreachable(told: Told, *words: str) -> None:
    """Asserts that the run failed as `unreachable`, and that the message has these words."""
    assert (told.failure, told.outcomes, told.issues) == ENDS
    for word in words:
        assert word in told.problem


def still_uploading(told: Told) -> None:
    """Asserts that the run failed because a file was changing (D4)."""
    assert (told.failure, told.outcomes) == ("StillUploading", ("failed",))
    assert told.issues == ("still-uploading",)


def too_large(told: Told, size: int) -> None:
    """Asserts that the run was refused because of a file over the limit, and that the file was
    not read (F7)."""
    assert told.files == ((NAME, size, False),)
    assert (told.failure, told.outcomes, told.issues) == ("", ("refused",), ("too-large",))


def no_file(told: Told) -> None:
    """Asserts that no file counted (D2, D6)."""
    assert (told.files, told.failure) == ((), "")
    assert (told.outcomes, told.issues) == (("no-file",), ("no-file",))


# SFTP


def over_ssh(server: Server, limits: dict[str, Any] | None = None, **changes: Any) -> SftpSource:
    """The settings of a source that picks up from this SFTP server."""
    usual: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": server.port,
        "directory": "/outgoing",
        "pattern": "alleo_employees_*.csv",
        "username": USER,
        "password": Secret(env=VARIABLE),
        "host_key": hostile_ssh.host_key().fingerprint,
        "settle": 0,
        "attempts": 1,
        **(limits or calm()),
    }
    return SftpSource(**{**usual, **changes})


def sftp(ground: Ground, answers: dict[int, Answer], **changes: Any) -> Told:
    """The result of an import from an SFTP server with these answers, which ends at once."""
    server = SshServer(answers)
    return ground.meet(server, over_ssh(server, **changes), AT_ONCE)


def test_a_delivery_from_an_sftp_server_is_applied(victim: Victim, tmp_path: Path) -> None:
    """D1: A delivery from the SFTP server of this module is applied when no test changes the
    server. So the other tests fail for the fault that they add, and for no other reason."""
    # when
    with closing(SshServer()) as server:
        told = victim.pick_up(over_ssh(server), tmp_path / "tenure.db", AT_ONCE)

    # then
    assert (told.outcomes, told.people) == (("applied",), 1)
    assert (told.threads, told.sockets) == ((), 0)


NO_GREETING = "does not answer as an SSH server does"
NO_LOG_IN = "did not answer the log-in within 0.5 seconds"
NO_SESSION = "gives tenure no SFTP session"
NO_LISTING = "/outgoing on 127.0.0.1 cannot be listed"
NO_READING = f"{NAME} on 127.0.0.1 cannot be read"
BROKE_OFF = "(the connection broke off)"
HUNG_UP = "(the server closed the connection)"
SILENT = "(the server stopped answering)"
TOO_LONG = "took longer than 1 seconds"

HASTY = calm(greeting=MOMENT / 2, handshake=MOMENT / 2)
SSH_STAGES = {
    "key exchange begins": (MSG_KEXINIT, HASTY, NO_GREETING),
    "key exchange": (KEX_REPLY, HASTY, NO_GREETING),
    "new keys": (MSG_NEWKEYS, HASTY, NO_GREETING),
    "log-in begins": (MSG_SERVICE_ACCEPT, calm(log_in=MOMENT), NO_LOG_IN),
    "log-in": (MSG_USERAUTH_SUCCESS, calm(log_in=MOMENT), NO_LOG_IN),
    "session": (MSG_CHANNEL_OPEN_SUCCESS, calm(session=MOMENT), NO_SESSION),
    "subsystem": (MSG_CHANNEL_SUCCESS, calm(session=MOMENT), NO_SESSION),
}
"""For each stage: the server's message, the deadlines, and the words that report its absence."""
SFTP_STAGES = {
    "open directory": (CMD_OPENDIR, NO_LISTING),
    "list": (CMD_READDIR, NO_LISTING),
    "open": (CMD_OPEN, NO_READING),
    "stat": (CMD_FSTAT, NO_READING),
    "read": (CMD_READ, NO_READING),
    "close": (CMD_CLOSE, NO_LISTING),
}


@pytest.mark.torture
@pytest.mark.parametrize(
    ("stage", "act"), each(SSH_STAGES, [hostile_ssh.say_nothing], hostile_ssh.drip)
)
def test_an_ssh_server_that_stops_answering_is_given_up(
    ground: Ground, stage: str, act: Act
) -> None:
    """R6: The pick-up ends at the deadline of the stage when an SSH server is silent or sends a
    byte now and then."""
    # given
    at, deadlines, words = SSH_STAGES[stage]
    server = SshServer(at=at, act=act)

    # when
    told = ground.meet(server, over_ssh(server, deadlines), MOMENT)

    # then
    unreachable(told, words, "within 0.5 seconds")


@pytest.mark.torture
@pytest.mark.parametrize(
    ("stage", "act"),
    each(SSH_STAGES, [hostile_ssh.reset, hostile_ssh.disconnect], hostile_ssh.hang_up),
)
def test_an_ssh_server_that_closes_the_connection_is_reported(
    ground: Ground, stage: str, act: Act
) -> None:
    """R6: An SSH server that closes the connection ends the pick-up at once, and the message names
    the stage."""
    # given
    at, _, words = SSH_STAGES[stage]
    server = SshServer(at=at, act=act)

    # when
    told = ground.meet(server, over_ssh(server), AT_ONCE)

    # then
    log_in = words == NO_LOG_IN
    said = HUNG_UP if log_in and act is hostile_ssh.disconnect else BROKE_OFF
    unreachable(told, "ended the log-in of tenure" if log_in else words, said)


@pytest.mark.torture
@pytest.mark.parametrize(
    ("stage", "answer"),
    each(
        SFTP_STAGES,
        [hostile_ssh.stop_talking],
        hostile_ssh.drip_answer,
        hostile_ssh.drip_below,
    ),
)
def test_an_sftp_server_that_stops_answering_is_given_up(
    ground: Ground, stage: str, answer: Answer
) -> None:
    """R6: A silent SFTP server ends the pick-up at the deadline for silence. A server that sends a
    byte now and then ends the pick-up at the deadline of the whole pick-up."""
    # given
    kind, words = SFTP_STAGES[stage]
    silent = answer is not hostile_ssh.drip_answer
    deadlines = calm(silence=MOMENT, whole=10 if silent else 1)
    server = SshServer({kind: answer})

    # when
    told = ground.meet(server, over_ssh(server, deadlines), MOMENT if silent else 1)

    # then
    unreachable(told, *((words, SILENT) if silent else (TOO_LONG, "`deadline`")))


@pytest.mark.parametrize("answer", [hostile_ssh.stop_talking, hostile_ssh.drip_answer])
def test_an_sftp_session_that_does_not_begin_is_given_up(ground: Ground, answer: Answer) -> None:
    """R6: The pick-up ends at the deadline for the session when the SFTP session does not begin."""
    # given
    server = SshServer({CMD_INIT: answer})

    # when
    told = ground.meet(server, over_ssh(server, calm(session=MOMENT)), MOMENT)

    # then
    unreachable(told, NO_SESSION, "within 0.5 seconds")


@pytest.mark.parametrize("stage", SFTP_STAGES)
@pytest.mark.parametrize("answer", [hostile_ssh.reset_instead, hostile_ssh.hang_up_instead])
def test_an_sftp_server_that_closes_the_connection_is_reported(
    ground: Ground, stage: str, answer: Answer
) -> None:
    """R6: An SFTP server that closes the connection ends the pick-up at once, and the message names
    the step that failed."""
    # given
    kind, words = SFTP_STAGES[stage]

    # when / then
    unreachable(sftp(ground, {kind: answer}), words, BROKE_OFF)


def then(first: bytes, talk: Talk) -> Talk:
    """Sends the first bytes, and then goes on with `talk`."""

    def both(line: Line) -> None:
        line.sendall(first)
        talk(line)

    return both


OPENING = b"SSH-2.0-x\r\n"
GREETINGS: dict[str, tuple[Talk, str]] = {
    "silence": (Line.say_nothing, "within 0.5 seconds"),
    "a byte now and then": (Line.drip_on, "within 0.5 seconds"),
    "a line now and then": (lambda line: line.drip_on(b"x\n"), "within 0.5 seconds"),
    "a line without end": (lambda line: line.flood(b"x" * 65536), BROKE_OFF),
    "lines without end": (lambda line: line.flood(f"{MARK}\r\n".encode() * 9), BROKE_OFF),
    "an end": (Line.hang_up, BROKE_OFF),
    "a reset": (Line.reset, BROKE_OFF),
    "SSH without a version": (hostile.greet(f"SSH-{MARK}-x\r\n".encode()), ""),
    "SSH 1.5": (hostile.greet(f"SSH-1.5-{MARK}\r\n".encode()), ""),
    "HTTP": (hostile.greet(f"HTTP/1.1 400 {MARK}\r\n\r\n".encode()), ""),
    "SMTP": (hostile.greet(f"220 {MARK} ESMTP\r\n".encode()), ""),
    "FTP": (hostile.greet(f"220 {MARK}\r\n".encode()), ""),
    "no text": (hostile.greet(b"\xff\xfe\0\r\n" * 50), ""),
    "only the greeting": (then(OPENING, Line.say_nothing), "within 0.5 seconds"),
    "a packet of 4 GiB": (then(OPENING, lambda line: line.flood(b"\xff" * 65536)), BROKE_OFF),
    "an empty packet": (then(OPENING, lambda line: line.flood(b"\0" * 65536)), ""),
    "junk": (then(OPENING, lambda line: line.flood(bytes(range(256)) * 99)), ""),
}


@pytest.mark.parametrize("greeting", GREETINGS)
def test_a_server_that_does_not_greet_as_ssh_is_reported(ground: Ground, greeting: str) -> None:
    """R6: A server that does not greet as an SSH server does is reported with its host and port."""
    # given
    talk, words = GREETINGS[greeting]
    server = Server(talk)

    # when
    told = ground.meet(server, over_ssh(server, HASTY), MOMENT)

    # then
    if greeting == "a reset" and "cannot be reached" in told.problem:
        words = "Connection reset"  # the reset came before the connection was open
    unreachable(told, f"127.0.0.1 port {server.port}", words)
    assert NO_GREETING in told.problem or words == "Connection reset"


FLOODS: dict[str, tuple[int, Act, dict[str, Any], str]] = {
    "promises": (MSG_SERVICE_ACCEPT, hostile_ssh.before(hostile_ssh.PROMISES), calm(), ""),
    "4 GiB": (MSG_SERVICE_ACCEPT, hostile_ssh.announce, calm(), BROKE_OFF),
    "banners": (
        MSG_USERAUTH_SUCCESS,
        hostile_ssh.flood(hostile_ssh.BANNER),
        calm(log_in=MOMENT),
        NO_LOG_IN,
    ),
    "padding": (
        MSG_USERAUTH_SUCCESS,
        hostile_ssh.flood(hostile_ssh.PADDING),
        calm(log_in=MOMENT),
        NO_LOG_IN,
    ),
    "questions": (
        MSG_CHANNEL_SUCCESS,
        hostile_ssh.flood(hostile_ssh.QUESTION),
        calm(session=MOMENT),
        NO_SESSION,
    ),
    "output": (MSG_CHANNEL_SUCCESS, hostile_ssh.flood(hostile_ssh.OUTPUT), calm(), NO_SESSION),
    "errors": (MSG_CHANNEL_SUCCESS, hostile_ssh.flood(hostile_ssh.ERRORS), calm(), NO_SESSION),
    "new keys": (
        MSG_CHANNEL_SUCCESS,
        hostile_ssh.instead(hostile_ssh.NEW_KEYS),
        calm(),
        NO_SESSION,
    ),
    "no algorithms": (MSG_KEXINIT, hostile_ssh.instead(hostile_ssh.NO_ALGORITHMS), calm(), "only"),
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_of_ssh_messages_ends_the_pick_up(ground: Ground, flood: str) -> None:
    """R6: SSH messages that the client did not ask for end the pick-up, and take little time and
    memory."""
    # given
    at, act, deadlines, words = FLOODS[flood]
    server = SshServer(at=at, act=act)

    # when
    told = ground.meet(server, over_ssh(server, deadlines), AT_ONCE)

    # then
    unreachable(told, words)


def test_a_log_in_with_too_many_questions_fails(ground: Ground) -> None:
    """R6: A server may ask questions at the log-in, and announces how many. A log-in with four
    billion questions fails."""
    # given
    ask = hostile_ssh.instead(hostile_ssh.PROMPTS)
    server = SshServer(at=60, act=ask, methods="keyboard-interactive")

    # when
    told = ground.meet(server, over_ssh(server, calm(log_in=MOMENT)), MOMENT)

    # then
    unreachable(told, "ended the log-in of tenure", BROKE_OFF)


@pytest.mark.parametrize("message", [hostile_ssh.OUTPUT, hostile_ssh.ERRORS])
def test_a_flood_between_two_looks_ends_the_pick_up(ground: Ground, message: bytes) -> None:
    """R6, D4: Data that the server sends between the two looks ends the pick-up. The client reads
    no data in that time."""
    # given
    flooding = hostile_ssh.then(
        hostile_ssh.refuse(0), lambda transport: transport.flood_with(message)
    )
    server = SshServer({CMD_CLOSE: flooding})

    # when
    told = ground.meet(server, over_ssh(server, settle=1), 1 + AT_ONCE)

    # then
    unreachable(told, NO_LISTING, BROKE_OFF)


# SFTP: host keys, algorithms and log-in


@pytest.mark.parametrize(
    ("pinned", "words"),
    [("SHA256:" + "A" * 43, "is not the pinned one"), (None, "is not pinned")],
)
def test_a_server_without_a_pinned_host_key_is_refused(
    ground: Ground, pinned: str | None, words: str
) -> None:
    """A server is refused when its host key is not the pinned one, or when no host key is
    pinned."""
    # given
    server = SshServer()

    # when / then
    unreachable(ground.meet(server, over_ssh(server, host_key=pinned), AT_ONCE), words)


@pytest.mark.parametrize("kind", ["ciphers", "macs", "kex"])
def test_a_server_with_weak_algorithms_is_refused(ground: Ground, kind: str) -> None:
    """A server that offers only an unsafe algorithm is refused, and the message names the
    algorithm."""
    # given
    weak = {"ciphers": "3des-cbc", "macs": "hmac-md5", "kex": "diffie-hellman-group14-sha1"}[kind]
    server = SshServer(offers={kind: (weak,), "ciphers": (_CIPHERS[kind],)})

    # when
    told = ground.meet(server, over_ssh(server), AT_ONCE)

    # then
    unreachable(told, "that is safe, only", weak)


_CIPHERS = {"ciphers": "3des-cbc", "macs": "aes128-ctr", "kex": "aes128-ctr"}


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ({"methods": "publickey"}, "by `password`, only by publickey"),
        ({"methods": f"{MARK},publickey"}, "by `password`, only by publickey"),
        ({"methods": MARK}, "by `password`, only by other means"),
        ({"sessions": False}, NO_SESSION),
    ],
)
def test_a_server_without_password_log_in_or_session_is_reported(
    ground: Ground, behaviour: dict[str, Any], words: str
) -> None:
    """The message names the missing method of log-in or the missing session. The message does not
    repeat a method that the client does not know."""
    # given
    server = SshServer(**behaviour)

    # when / then
    unreachable(ground.meet(server, over_ssh(server), AT_ONCE), words)


def test_a_refused_password_is_reported_and_not_repeated(ground: Ground) -> None:
    """The message about a refused log-in names the user and the settings, and does not repeat the
    password."""
    # given
    server = SshServer()

    # when
    told = ground.meet(server, over_ssh(server, username="nobody"), AT_ONCE)

    # then
    unreachable(told, "does not let nobody in", "`username` and `password`")


# SFTP: answers


def handle(size: int) -> Answer:
    """Answers with a file handle of this size."""
    return hostile_ssh.always(
        lambda ask: hostile_ssh.packet(CMD_HANDLE, ask.number, hostile_ssh.string(b"h" * size))
    )


def raw(data: bytes) -> Answer:
    """Answers with exactly these bytes."""
    return lambda ask: [data]


def numbered(kind: int, *parts: bytes) -> Answer:
    """Answers with this kind of packet, under the number of the request."""
    return hostile_ssh.always(lambda ask: hostile_ssh.packet(kind, ask.number, *parts))


def everything(*sizes: int) -> dict[int, Answer]:
    """Answers with a size in the listing and with a size of the open file. One number is both."""
    listed, opened = (*sizes, *sizes)[:2]
    return {
        CMD_READDIR: hostile_ssh.listing((NAME.encode(), hostile_ssh.attributes(listed))),
        CMD_FSTAT: numbered(CMD_ATTRS, hostile_ssh.attributes(opened)),
    }


BROKEN: dict[str, tuple[dict[int, Answer], str]] = {
    "session: 4 GiB": ({CMD_INIT: raw(b"\xff" * 4)}, NO_SESSION),
    "session: an empty packet": ({CMD_INIT: raw(b"\0" * 4)}, NO_SESSION),
    "session: no version": (
        {CMD_INIT: raw(hostile_ssh.packet(CMD_VERSION))},
        NO_SESSION,
    ),
    "session: something else": ({CMD_INIT: raw(hostile_ssh.packet(CMD_DATA))}, NO_SESSION),
    "listing: 4 GiB": ({CMD_READDIR: raw(b"\xff" * 4)}, NO_LISTING),
    "listing: something else": ({CMD_READDIR: numbered(CMD_DATA)}, NO_LISTING),
    "listing: no number": ({CMD_READDIR: raw(hostile_ssh.packet(CMD_NAME))}, NO_LISTING),
    "listing: unknown number": (
        {CMD_READDIR: raw(hostile_ssh.packet(CMD_NAME, b"\x7f" * 4))},
        NO_LISTING,
    ),
    "listing: 4 billion names": (
        {CMD_READDIR: hostile_ssh.always(lambda ask: hostile_ssh.names(ask, number=2**32 - 1))},
        "more than 100000 entries",
    ),
    "listing: not allowed": ({CMD_OPENDIR: hostile_ssh.refuse(3)}, "Permission denied"),
    "listing: not there": ({CMD_OPENDIR: hostile_ssh.refuse(2)}, "No such file"),
    "listing: an unknown code": ({CMD_OPENDIR: hostile_ssh.refuse(2**32 - 1)}, "with code"),
    "listing: no kind": (
        {CMD_READDIR: hostile_ssh.listing((NAME.encode(), struct.pack(">I", 0)))},
        "does not tell kind, size and time",
    ),
    "listing: 4 billion attributes": (
        {CMD_READDIR: hostile_ssh.listing((NAME.encode(), hostile_ssh.EXTENDED))},
        f"{NO_LISTING} (the server sent an unexpected reply)",
    ),
    "reading: 4 billion attributes": (
        {CMD_FSTAT: numbered(CMD_ATTRS, hostile_ssh.EXTENDED)},
        f"{NO_READING} (the server sent an unexpected reply)",
    ),
    "reading: 4 GiB": ({CMD_READ: raw(b"\xff" * 4)}, NO_READING),
    "reading: something else": ({CMD_READ: numbered(CMD_HANDLE)}, NO_READING),
    "reading: unknown number": (
        {CMD_READ: raw(hostile_ssh.packet(CMD_DATA, b"\x7f" * 4, hostile_ssh.string("x")))},
        NO_READING,
    ),
    "reading: not allowed": ({CMD_OPEN: hostile_ssh.refuse(3)}, "Permission denied"),
    "reading: refused": ({CMD_READ: hostile_ssh.refuse(4)}, "the server refuses with code 4"),
    "reading: twice the same": (
        {
            **everything(100_000),
            CMD_READ: hostile_ssh.always(
                lambda ask: hostile_ssh.packet(CMD_DATA, ask.number, hostile_ssh.string("x")) * 2
            ),
        },
        NO_READING,
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_malformed_sftp_answer_is_reported(ground: Ground, case: str) -> None:
    """R6: A malformed answer or a refusal of an SFTP server ends the pick-up, and the message names
    the step that failed."""
    # given
    answers, words = BROKEN[case]

    # when / then
    unreachable(sftp(ground, answers), words)


def test_endless_sftp_answers_are_given_up(ground: Ground) -> None:
    """R6: The pick-up ends at the deadline of the whole pick-up when valid answers never end. No
    deadline for a single answer would end the pick-up."""
    # given
    pieces = hostile_ssh.always(
        lambda ask: hostile_ssh.packet(CMD_DATA, ask.number, hostile_ssh.string("x"))
    )
    server = SshServer({**everything(10**8), CMD_READ: pieces})

    # when
    told = ground.meet(server, over_ssh(server, calm(whole=1)), 1)

    # then
    unreachable(told, TOO_LONG)


@pytest.mark.parametrize(
    ("name", "number", "words"),
    [
        (b"x.csv", 500, "more than 100000 entries"),
        (b"alleo_employees_1.csv", 500, "more than 100000 entries"),
        (b"x" * 20, 500, "more than 100000 entries"),
        (b"x" * 400_000 + b"/alleo_employees_1.csv", 2, "took longer than"),
    ],
)
def test_an_endless_sftp_listing_is_given_up(
    ground: Ground, name: bytes, number: int, words: str
) -> None:
    """R6: The pick-up ends when an SFTP listing has more than 100,000 entries. Long paths do not
    fill the memory."""
    # given
    many = [(name, hostile_ssh.attributes())] * number
    answer = hostile_ssh.always(lambda ask: hostile_ssh.names(ask, *many))
    server = SshServer({CMD_READDIR: answer})

    # when
    told = ground.meet(server, over_ssh(server, calm(whole=3)), 3)

    # then
    unreachable(told, words)


def test_a_long_file_handle_does_not_fill_the_memory(ground: Ground) -> None:
    """R6: A file handle of one megabyte does not fill the memory, although many read requests
    repeat the handle."""
    # given
    answers = {**everything(10**8), CMD_OPEN: handle(1_000_000), CMD_READ: hostile_ssh.stop_talking}
    server = SshServer(answers)

    # when
    told = ground.meet(server, over_ssh(server, calm(silence=MOMENT, whole=3)), 3)

    # then
    unreachable(told, "")


@pytest.mark.parametrize("size", [2**40, 2**63 - 1, 2**63, 2**64 - 1])
def test_a_huge_file_over_sftp_is_refused_and_not_read(ground: Ground, size: int) -> None:
    """F7, R2: A file whose listed size exceeds the limit is refused and not read. The run's record
    holds the listed size."""
    # when / then
    too_large(sftp(ground, {**everything(size), CMD_OPEN: hostile_ssh.reset_instead}), size)


BYTES = len(hostile.CONTENT)
CHANGING: dict[str, dict[int, Answer]] = {
    "shrinks": everything(BYTES, BYTES - 1),
    "grows": everything(BYTES, BYTES + 1),
    "is gone": {CMD_OPEN: hostile_ssh.refuse(2)},
    "is a link by now": {
        CMD_FSTAT: numbered(CMD_ATTRS, hostile_ssh.attributes(mode=hostile_ssh.LINK))
    },
}
OTHER_SIZES: dict[str, Answer] = {
    "fewer bytes": hostile_ssh.content(hostile.CONTENT[:-1]),
    "one more byte": hostile_ssh.content(hostile.CONTENT + b"x"),
    "bytes without end": hostile_ssh.content(hostile.CONTENT * 5000),
    "no bytes": hostile_ssh.refuse(1),
    "more than it is asked for": numbered(CMD_DATA, hostile_ssh.string(b"x" * 900_000)),
    "empty pieces": numbered(CMD_DATA, hostile_ssh.string(b"")),
}


@pytest.mark.parametrize("case", CHANGING)
def test_a_file_that_differs_from_its_sftp_listing_is_not_applied(
    ground: Ground, case: str
) -> None:
    """D4: A file that differs from its SFTP listing is not applied, and the run ends as
    `still-uploading`."""
    # when / then
    still_uploading(sftp(ground, CHANGING[case]))


@pytest.mark.parametrize("case", OTHER_SIZES)
def test_a_file_of_another_size_than_listed_over_sftp_is_not_applied(
    ground: Ground, case: str
) -> None:
    """D4: A file that the server sends with another number of bytes than it lists is not applied,
    and the message says so."""
    # when / then
    unreachable(sftp(ground, {CMD_READ: OTHER_SIZES[case]}), "another number of bytes")


def test_a_file_replaced_over_sftp_while_it_is_read_is_not_applied(ground: Ground) -> None:
    """D4: A file that is replaced while it is read over SFTP is not applied."""
    # given
    looks = iter(range(99))

    def answer(ask: hostile_ssh.Ask) -> Any:
        number = next(looks)
        if number % 2:
            return [hostile_ssh.status(ask, 1)]
        about = hostile_ssh.attributes(modified=1 + number)
        return [hostile_ssh.names(ask, (NAME.encode(), about))]

    # when / then
    still_uploading(sftp(ground, {CMD_READDIR: answer}))


NO_NAMES = {
    "up": b"../alleo_employees_1.csv",
    "up in the middle": b"alleo_employees_/../../etc/passwd.csv",
    "absolute": b"/etc/alleo_employees_1.csv",
    "zero byte": b"alleo_employees_\0.csv",
    "line break": b"alleo_employees_\n.csv",
    "escape": b"alleo_employees_\x1b[2J.csv",
    "escape of eight bits": "alleo_employees_\x9b2J.csv".encode(),
    "100 kB": b"alleo_employees_" + b"x" * 100_000 + b".csv",
    "nothing": b"",
    "here": b".",
}


@pytest.mark.parametrize("case", NO_NAMES)
def test_an_invalid_file_name_over_sftp_does_not_count(ground: Ground, case: str) -> None:
    """D2: An entry of an SFTP listing does not count when its name is a path, is empty, is too long
    or has control characters."""
    # given
    entries = [(NO_NAMES[case], hostile_ssh.attributes())]

    # when / then
    no_file(sftp(ground, {CMD_READDIR: hostile_ssh.listing(*entries)}, pattern="*"))


@pytest.mark.parametrize("mode", [hostile_ssh.LINK, hostile_ssh.FIFO, hostile_ssh.FOLDER])
def test_a_link_pipe_or_directory_over_sftp_does_not_count(ground: Ground, mode: int) -> None:
    """D2: A link, a pipe or a directory in an SFTP listing does not count."""
    # given
    entries = [(NAME.encode(), hostile_ssh.attributes(mode=mode))]

    # when / then
    no_file(sftp(ground, {CMD_READDIR: hostile_ssh.listing(*entries)}))


def test_a_file_name_that_is_not_utf8_is_shown_with_escapes(ground: Ground) -> None:
    """A message shows the bytes of a file name that are not UTF-8 as escapes, such as `\\xff`."""
    # given
    entries = [(b"alleo_employees_\xff.csv", hostile_ssh.attributes())]
    answers = {
        CMD_READDIR: hostile_ssh.listing(*entries),
        CMD_OPEN: hostile_ssh.refuse(hostile_ssh.DENIED_CODE),
    }

    # when / then
    unreachable(sftp(ground, answers), r"alleo_employees_\xff.csv on 127.0.0.1 cannot be read")


# FTP, encrypted or not


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate that the client accepts."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


def over_ftp(server: FtpServer, limits: dict[str, Any] | None = None, **changes: Any) -> FtpSource:
    """The settings of a source that picks up from this FTP server; with `ca_file`, over TLS."""
    usual: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": server.port,
        "directory": "/outgoing",
        "pattern": "alleo_employees_*.csv",
        "username": USER,
        "password": Secret(env=VARIABLE),
        "settle": 0,
        "attempts": 1,
        **(limits or calm()),
    }
    return FtpsSource(**usual | changes) if "ca_file" in changes else FtpSource(**usual | changes)


def ftp(
    ground: Ground,
    acts: dict[str, hostile_ftp.Act],
    sends: dict[str, hostile_ftp.Send] | None = None,
    *,
    facts: bool = True,
    **changes: Any,
) -> Told:
    """The result of an import from an FTP server with this behaviour, which ends at once."""
    server = FtpServer(acts, sends, facts=facts)
    return ground.meet(server, over_ftp(server, **changes), AT_ONCE)


@pytest.mark.parametrize("mode", ["passive", "active"])
@pytest.mark.parametrize("facts", [True, False])
@pytest.mark.parametrize("encrypted", [True, False])
def test_a_delivery_from_an_ftp_server_is_applied(
    ground: Ground, certificate: Certificate, mode: str, facts: bool, encrypted: bool
) -> None:
    """D1: A delivery from the FTP server of this module is applied when no test changes the server.
    So the other tests fail for the fault that they add, and for no other reason."""
    # given
    server = FtpServer(tls=certificate, facts=facts)
    ca_file: dict[str, Any] = {"ca_file": certificate.ca} if encrypted else {}

    # when
    told = ground.meet(server, over_ftp(server, mode=mode, **ca_file), AT_ONCE, people=1)

    # then
    assert told.outcomes == ("applied",)


NO_FTP = "does not greet as an FTP server does"
NO_FTP_SESSION = "gives tenure no session"
NO_DATA = "there is no data connection with 127.0.0.1"
NO_TLS = "offers no encryption"
UNTOLD = f"127.0.0.1 does not tell size and time of {NAME}"
FTP_STAGES = {
    "greeting": ("greeting", NO_FTP),
    "USER": ("log_in", NO_LOG_IN),
    "PASS": ("log_in", NO_LOG_IN),
    "FEAT": ("session", NO_FTP_SESSION),
    "OPTS": ("session", NO_FTP_SESSION),
    "TYPE": ("session", NO_FTP_SESSION),
    "CWD": ("session", NO_FTP_SESSION),
    "PWD": ("session", NO_FTP_SESSION),
    "PASV": ("silence", NO_LISTING),
    "MLSD": ("silence", NO_LISTING),
    "LIST": ("silence", NO_LISTING),
    "SIZE": ("silence", NO_LISTING),
    "MDTM": ("silence", NO_LISTING),
    "RETR": ("silence", NO_READING),
    "done": ("silence", NO_LISTING),
}
"""For each stage: the name of its deadline, and the words that report a missing reply."""
FTPS_STAGES = {
    "AUTH": ("handshake", NO_TLS),
    "PBSZ": ("session", NO_FTP_SESSION),
    "PROT": ("session", NO_FTP_SESSION),
}


def soon(deadline: str) -> dict[str, Any]:
    """The limits of `calm` with one of them set to `MOMENT`."""
    return calm(**{deadline: MOMENT})


@pytest.mark.torture
@pytest.mark.parametrize(
    ("stage", "act"), each(FTP_STAGES, [hostile_ftp.say_nothing], hostile_ftp.drip)
)
def test_an_ftp_server_that_stops_answering_is_given_up(
    ground: Ground, stage: str, act: hostile_ftp.Act
) -> None:
    """R6: The pick-up ends at a deadline when an FTP server is silent or sends a byte now and
    then."""
    # given
    deadline, words = FTP_STAGES[stage]
    endless = deadline == "silence" and act is hostile_ftp.drip
    deadlines = calm(silence=MOMENT, whole=1) if endless else soon(deadline)
    server = FtpServer({stage: act}, facts=stage not in ("SIZE", "MDTM"))

    # when
    told = ground.meet(server, over_ftp(server, deadlines), 1 if endless else MOMENT)

    # then
    unreachable(told, *((TOO_LONG, "`deadline`") if endless else (words,)))
    assert endless or (SILENT if deadline == "silence" else "within 0.5 seconds") in told.problem


@pytest.mark.parametrize("act", [hostile_ftp.say_nothing, hostile_ftp.drip])
@pytest.mark.parametrize("stage", FTPS_STAGES)
def test_an_ftps_server_that_stops_answering_is_given_up(
    ground: Ground, certificate: Certificate, stage: str, act: hostile_ftp.Act
) -> None:
    """R6: The pick-up ends at the deadline of the stage when an FTP server stops answering the
    commands for encryption."""
    # given
    deadline, words = FTPS_STAGES[stage]
    server = FtpServer({stage: act}, tls=certificate)

    # when
    told = ground.meet(server, over_ftp(server, soon(deadline), ca_file=certificate.ca), MOMENT)

    # then
    unreachable(told, words, "within 0.5 seconds")


@pytest.mark.torture
@pytest.mark.parametrize(
    ("stage", "act"), each(FTP_STAGES, [hostile_ftp.reset], hostile_ftp.hang_up)
)
def test_an_ftp_server_that_closes_the_connection_is_reported(
    ground: Ground, stage: str, act: hostile_ftp.Act
) -> None:
    """R6: An FTP server that closes the connection ends the pick-up at once, and the message names
    the step that failed."""
    # given
    deadline, words = FTP_STAGES[stage]
    words = NO_LISTING if stage in ("CWD", "PWD") else words

    # when
    told = ftp(ground, {stage: act}, facts=stage not in ("SIZE", "MDTM"))

    # then
    if act is hostile_ftp.reset and "cannot be reached" in told.problem:
        words = "Connection reset"  # the reset came before the connection was open
    unreachable(told, "the log-in of tenure" if deadline == "log_in" else words)
    assert "broke off" in told.problem or "Connection reset" in told.problem


@pytest.mark.parametrize("act", [hostile_ftp.reset, hostile_ftp.hang_up])
@pytest.mark.parametrize("stage", FTPS_STAGES)
def test_an_ftps_server_that_closes_the_connection_is_reported(
    ground: Ground, certificate: Certificate, stage: str, act: hostile_ftp.Act
) -> None:
    """R6: An FTP server that closes the connection at a command for encryption ends the pick-up at
    once, and the message names the step that failed."""
    # given
    words = "offers no encryption" if stage == "AUTH" else NO_FTP_SESSION
    server = FtpServer({stage: act}, tls=certificate)

    # when
    told = ground.meet(server, over_ftp(server, ca_file=certificate.ca), AT_ONCE)

    # then
    unreachable(told, words, BROKE_OFF)


HANDSHAKES: dict[str, tuple[hostile_ftp.Act, str]] = {
    "silence": (hostile_ftp.silent_tls, "within 0.5 seconds"),
    "a byte now and then": (hostile_ftp.drip_tls, "within 0.5 seconds"),
    "a reset": (hostile_ftp.reset_tls, BROKE_OFF),
    "an end": (hostile_ftp.hang_up_tls, BROKE_OFF),
    "no TLS": (hostile_ftp.flood(f"234 {MARK}\r\n"), "not speak TLS here)"),
}


@pytest.mark.parametrize("case", HANDSHAKES)
def test_a_failed_tls_handshake_is_reported(
    ground: Ground, certificate: Certificate, case: str
) -> None:
    """R6: A failed TLS handshake ends the pick-up, and the client sends no log-in without
    encryption."""
    # given
    act, words = HANDSHAKES[case]
    server = FtpServer({"AUTH": act})
    source = over_ftp(server, soon("handshake"), ca_file=certificate.ca)

    # when / then
    unreachable(ground.meet(server, source, MOMENT), "no encrypted connection", words)
    assert server.commands == ["AUTH TLS"]


@pytest.mark.torture
@pytest.mark.parametrize(
    ("stage", "talk"),
    each(("MLSD", "LIST", "RETR", "data TLS"), [Line.say_nothing], Line.drip_on),
)
@pytest.mark.parametrize("mode", ["passive", "active"])
def test_an_ftp_data_connection_without_data_is_given_up(
    ground: Ground, certificate: Certificate, stage: str, talk: Talk, mode: str
) -> None:
    """R6: The pick-up ends at a deadline when a data connection is silent or carries a byte now and
    then."""
    # given
    silent, encrypted = talk is Line.say_nothing, stage == "data TLS"
    slow = (lambda line: line.drip_on(hostile_ftp.RECORD + bytes(9000))) if encrypted else talk
    server = FtpServer({}, {stage: talk if silent else slow}, tls=certificate)
    short = {"handshake" if encrypted else "silence": MOMENT}
    deadlines = calm(whole=10 if silent else 1, **short)
    trusted = {"ca_file": certificate.ca} if encrypted else {}
    # The listed size is so large that the single bytes do not exceed it.
    server.sends["MLSD"] = server.sends.get("MLSD") or (
        f"type=file;size=1000;modify=20270301024500; {NAME}\r\n".encode()
    )

    # when
    told = ground.meet(server, over_ftp(server, deadlines, mode=mode, **trusted), 1)

    # then
    if encrypted:
        unreachable(told, "no encrypted connection with 127.0.0.1 within 0.5 seconds; ask the")
    elif silent:
        unreachable(told, NO_READING if stage == "RETR" else NO_LISTING, SILENT)
    else:
        unreachable(told, TOO_LONG)


FTP_GREETINGS: dict[str, tuple[Talk, str]] = {
    "a line without end": (lambda line: line.flood(b"2" * 65536), NO_FTP),
    "lines without end": (lambda line: line.flood(f"220-{MARK}\r\n".encode() * 99), NO_FTP),
    "in a moment, again and again": (
        lambda line: line.flood(f"120 {MARK}\r\n".encode() * 99),
        NO_FTP,
    ),
    "SSH": (hostile.greet(f"SSH-2.0-{MARK}\r\n".encode()), "(the server sent an unexpected reply)"),
    "HTTP": (hostile.greet(f"HTTP/1.1 400 {MARK}\r\n\r\n".encode()), "an unexpected reply"),
    "SMTP": (then(f"220 {MARK} ESMTP\r\n".encode(), hostile.greet(b"")), "the log-in"),
    "500 to everything": (hostile.greet(f"500 {MARK}\r\n".encode()), "with code 500"),
    "too many connections": (hostile.greet(f"421 {MARK}\r\n".encode()), "with code 421"),
    "no text": (hostile.greet(b"\xff\xfe\0\r\n" * 50), "(the server sent an unexpected reply)"),
    "TLS at once": (lambda line: line.flood(hostile_ftp.RECORD * 900), NO_FTP),
}


@pytest.mark.parametrize("greeting", FTP_GREETINGS)
def test_a_server_that_does_not_greet_as_ftp_is_reported(ground: Ground, greeting: str) -> None:
    """R6: The pick-up ends when a server does not greet as an FTP server does."""
    # given
    talk, words = FTP_GREETINGS[greeting]
    server = Server(talk)
    source = over_ftp(server, calm(greeting=MOMENT, log_in=MOMENT))

    # when / then
    unreachable(ground.meet(server, source, MOMENT), words)


@pytest.mark.parametrize("over", [over_ssh, over_ftp])
@pytest.mark.parametrize("talk", [Line.say_nothing, Line.drip_on])
def test_the_deadline_of_a_pick_up_includes_connecting(
    ground: Ground, talk: Talk, over: Callable[..., Any]
) -> None:
    """R6: The setting `deadline` limits the seconds of the whole pick-up, with connecting and with
    every attempt."""
    # given
    server = Server(talk)
    source = over(server, calm(whole=MOMENT), attempts=4)

    # when / then
    unreachable(ground.meet(server, source, MOMENT), "`deadline`")


REFUSALS = {
    "no log-in": ({"USER": "530"}, "does not let tenure in (the server refuses with code 530)"),
    "wrong password": ({"PASS": "530"}, "`username` and `password`"),
    "too many": ({"PASS": "421"}, "with code 421"),
    "an account": ({"PASS": "332"}, "without an account"),
    "nothing works": (dict.fromkeys(("FEAT", "TYPE", "CWD", "PASV"), "500"), "with code 500"),
    "no directory": ({"CWD": "550"}, "or no permission); check `directory`"),
    "no reading": ({"RETR": "550"}, f"{NO_READING} (the server refuses with code 550)"),
    "no listing": (dict.fromkeys(("MLSD", "LIST", "NLST"), "550 Denied"), NO_LISTING),
    "no connection": ({"MLSD": "425"}, NO_DATA),
    "a reply to another command": ({"CWD": "331"}, "(the server sent an unexpected reply)"),
    "no code": ({"CWD": "hm"}, "(the server sent an unexpected reply)"),
    "an invalid code": ({"CWD": "999"}, "(the server sent an unexpected reply)"),
    "lost on the way": ({"done": "426"}, f"{NO_LISTING} (the server refuses with code 426)"),
    "listed, but not really": ({"done": "226 failed to open directory:"}, "no permission"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_over_ftp_is_reported_with_its_code_only(ground: Ground, case: str) -> None:
    """The message about a refusal names the server's reply code, and does not repeat the server's
    text."""
    # given
    replies, words = REFUSALS[case]
    acts = {name: hostile_ftp.say(f"{code} {MARK}") for name, code in replies.items()}

    # when / then
    unreachable(ftp(ground, acts), words)


@pytest.mark.parametrize("text", [f" {MARK}\r\n", f"211-{MARK}\r\n", MARK * 3])
@pytest.mark.parametrize("command", ["USER", "PASS", "FEAT", "CWD", "PASV", "RETR"])
def test_an_endless_ftp_reply_is_given_up(ground: Ground, command: str, text: str) -> None:
    """R6: The pick-up ends when a reply of an FTP server never ends."""

    # given
    def act(session: hostile_ftp.Session) -> None:
        session.line.sendall(b"211-\r\n")
        session.line.flood(text.encode() * 500)

    # when
    told = ftp(ground, {command: act})

    # then
    unreachable(told, "(the server sent an unexpected reply)")


# FTP: data connections


@pytest.mark.parametrize(
    "numbers",
    ["127,0,0,1,0,0", "127,0,0,1,256,1", "127,0,0,1,1,999", f"{MARK}", "(|||0|)", "(|||99999|)"],
)
def test_an_invalid_data_port_is_reported(ground: Ground, numbers: str) -> None:
    """The pick-up ends when the server's reply to `PASV` names no valid port."""
    # when
    told = ftp(ground, {"PASV": hostile_ftp.say(f"227 {MARK} ({numbers})")})

    # then
    unreachable(told, f"{NO_DATA} (the server sent an unexpected reply)")


def test_a_data_port_that_does_not_answer_is_given_up(ground: Ground) -> None:
    """R6: The pick-up ends at the deadline for connecting when the data port does not answer."""
    # given
    listener, waiting = hostile_ftp.deaf()
    high, low = divmod(listener.getsockname()[1], 256)
    server = FtpServer({"PASV": hostile_ftp.say(f"227 (127,0,0,1,{high},{low})")})

    # when
    told = ground.meet(server, over_ftp(server, soon("connect")), MOMENT)
    for sock in (listener, *waiting):
        sock.close()

    # then
    unreachable(told, "there is no data connection: 127.0.0.1 port", "does not answer within 0.5")


@pytest.mark.parametrize("elsewhere", ["127,0,0,2", "192,0,2,1", "999,999,999,999"])
def test_the_data_connection_goes_to_the_server_only(ground: Ground, elsewhere: str) -> None:
    """D1: The client opens the data connection to the server itself, and ignores another address in
    the server's reply. Otherwise a server could make the client connect to a machine that the
    server cannot reach."""
    # given
    traps = []

    def act(session: hostile_ftp.Session) -> None:
        hostile_ftp.listen(session, announced=elsewhere)
        assert session.listener
        port = session.listener.getsockname()[1]
        traps.append(session.server.keep(socket.create_server(("127.0.0.2", port))))
        traps[-1].setblocking(False)

    server = FtpServer({"PASV": act})
    called = []

    # when
    with closing(server):
        told = ground.meet(Server(Line.say_nothing), over_ftp(server), AT_ONCE, people=1)
        for trap in traps:
            with suppress(BlockingIOError):
                called.append(trap.accept())

    # then
    assert (told.outcomes, called) == (("applied",), [])
    assert traps


def test_a_data_connection_from_another_address_is_refused(ground: Ground) -> None:
    """D1: In active mode, the client accepts data connections from the server's address only."""
    # given
    server = FtpServer(connects_from="127.0.0.2")

    # when
    told = ground.meet(server, over_ftp(server, soon("connect"), mode="active"), MOMENT)

    # then
    unreachable(told, "only a foreign address connected", "`mode`")


# FTP: encryption


CERTIFICATES: dict[str, tuple[dict[str, Any], tuple[str, ...], str]] = {
    "another name": ({}, ("other.example",), "for another name"),
    "expired": ({"expired": True}, (), "has expired"),
    "signed by itself": ({"self_signed": True}, (), "signed by itself"),
    "unknown": ({}, (), "by an issuer that is not trusted here"),
}


@pytest.mark.parametrize("case", CERTIFICATES)
def test_a_server_with_an_invalid_certificate_gets_no_log_in(
    ground: Ground, certificate: Certificate, tmp_path: Path, case: str
) -> None:
    """The client sends no user name and no password to a server with an invalid certificate."""
    # given
    how, names, words = CERTIFICATES[case]
    wrong = make_certificate(tmp_path / "wrong", *names, **how)
    trusted = wrong.ca if case in ("another name", "expired") else certificate.ca
    server = FtpServer(tls=wrong)

    # when
    told = ground.meet(server, over_ftp(server, ca_file=trusted), AT_ONCE)

    # then
    unreachable(told, words)
    assert server.commands == ["AUTH TLS"]


def test_an_ftps_server_without_encryption_gets_no_log_in(
    ground: Ground, certificate: Certificate
) -> None:
    """The client sends no user name and no password to an `ftps` server that offers no
    encryption."""
    # given
    server = FtpServer()

    # when
    told = ground.meet(server, over_ftp(server, ca_file=certificate.ca), AT_ONCE)

    # then
    unreachable(told, "offers no encryption (the server refuses with code 502)")
    assert server.commands == ["AUTH TLS"]


def test_an_ftps_server_that_does_not_encrypt_files_is_refused(
    ground: Ground, certificate: Certificate
) -> None:
    """The pick-up ends when an `ftps` server encrypts the log-in but not the files."""
    # given
    server = FtpServer({"PROT": hostile_ftp.say(f"534 {MARK}")}, tls=certificate)

    # when
    told = ground.meet(server, over_ftp(server, ca_file=certificate.ca), AT_ONCE)

    # then
    unreachable(told, "encrypts the log-in, but not the files", "`PROT P`")


def test_replies_sent_before_encryption_begins_are_ignored(
    ground: Ground, certificate: Certificate
) -> None:
    """D1: The client ignores replies that arrive before the encryption begins. A machine between
    client and server could have sent those replies."""
    # given
    acts = {
        "AUTH": hostile_ftp.encrypt_with(f"331 {MARK}\r\n230 {MARK}"),
        "PASS": hostile_ftp.say(f"530 {MARK}"),
    }
    server = FtpServer(acts, tls=certificate)

    # when
    told = ground.meet(server, over_ftp(server, ca_file=certificate.ca), AT_ONCE)

    # then
    unreachable(told, "127.0.0.1")
    assert "no encrypted connection" in told.problem or "with code 530" in told.problem


def test_an_unencrypted_data_connection_of_an_ftps_server_is_refused(
    ground: Ground, certificate: Certificate
) -> None:
    """The pick-up ends when an `ftps` server sends the data without encryption."""
    # given
    acts: dict[str, hostile_ftp.Act] = {"PROT": hostile_ftp.say("200 Fine")}
    server = FtpServer(acts, tls=certificate)

    # when
    told = ground.meet(server, over_ftp(server, ca_file=certificate.ca), AT_ONCE)

    # then
    unreachable(told, "no encrypted connection with 127.0.0.1")


# FTP: listings and files


def facts(name: str = NAME, size: object = BYTES, kind: str = "file", modify: str = "") -> bytes:
    """A line of an `MLSD` listing."""
    moment = modify or "20270301024500"
    return f"type={kind};size={size};modify={moment}; {name}\r\n".encode("utf-8", "surrogateescape")


@pytest.mark.parametrize("line", [b"x" * 65536, facts("x") * 500, facts() * 500, b"\r\n" * 9000])
@pytest.mark.parametrize("command", ["MLSD", "LIST"])
def test_an_endless_ftp_listing_is_given_up(ground: Ground, command: str, line: bytes) -> None:
    """R6: The pick-up ends when an FTP listing has more than 100,000 entries or a line without an
    end."""
    # given
    server = FtpServer({}, {command: hostile_ftp.flood_data(line)})

    # when
    told = ground.meet(server, over_ftp(server), 5)

    # then
    unreachable(told, NO_LISTING if line[:2] == b"xx" else "more than 100000 entries")


WHOLE = 30 if TORTURE else 2
TIMES = 5 if TORTURE else 1
LONGEST = "alleo_employees_" + "x" * 235 + ".csv"
ARROWS = "alleo_employees_.csv" + " -> .csv" * 29
HEAVY: dict[str, tuple[str, str, int]] = {
    "long names": ("MLSD", facts(LONGEST.replace("xxxxxx", "%06d", 1)).decode(), 19_990),
    "links to links": ("LIST", f"lrwxrwxrwx 1 o g 9 Mar  1 02:45 %06d/../{ARROWS}\r\n", 20_000),
    "links in links": ("LIST", f"lrwxrwxrwx 1 o g 9 Mar  1 02:45 {ARROWS}%06d\r\n", 20_000),
    "arrows alone": ("LIST", f"lrwxrwxrwx 1 o g 9 Mar  1 02:45 %06d{' -> ' * 2000}\r\n", 500),
    "hard to read": ("LIST", f"-rw-rw-rw- %06d {'1 ' * 4000}\r\n", 200),
    "harder to read": ("LIST", f"-rw-rw-rw- %06d{'1' * 4000},{' ' * 4000}\r\n", 20),
}


@pytest.mark.torture
@pytest.mark.parametrize("case", HEAVY)
def test_a_listing_that_is_slow_to_parse_ends_within_the_deadline(
    ground: Ground, case: str
) -> None:
    """R6: The deadline of the whole pick-up and the limit of memory also hold while the lines of a
    listing are parsed."""
    # given
    command, line, number = HEAVY[case]
    lines = hostile_ftp.in_pieces((line % each).encode() for each in range(number * TIMES))
    server = FtpServer({}, {command: lines})
    server.acts["SIZE"] = server.acts["MDTM"] = hostile_ftp.say(f"213 {MARK}")

    # when
    told = ground.meet(server, over_ftp(server, calm(whole=WHOLE)), WHOLE, people=None)

    # then
    assert told.outcomes == (("applied",) if told.people else ("failed",))


@pytest.mark.parametrize("size", [2**40, 10**18 - 1])
def test_a_huge_file_over_ftp_is_refused_and_not_read(ground: Ground, size: int) -> None:
    """F7, R2: A file whose listed size exceeds the limit is refused and not read. The run's record
    holds the listed size."""
    # when
    told = ftp(ground, {"RETR": hostile_ftp.reset}, {"MLSD": facts(size=size)})

    # then
    too_large(told, size)


SIZES: list[object] = ["-1", "", "x", "1e9", "٣", 10**18, 2**64, "9" * 5000]
TIMES_OF_CHANGE = ["0", "20270230000000", "x", "99999999999999", "2" * 400]


@pytest.mark.parametrize(
    ("command", "fact", "value"),
    [
        *(("SIZE", "size", size) for size in SIZES),
        *(("MDTM", "modify", modify) for modify in TIMES_OF_CHANGE),
    ],
)
def test_an_invalid_size_or_time_of_a_file_over_ftp_is_reported(
    ground: Ground, command: str, fact: str, value: Any
) -> None:
    """D4: The pick-up ends when the server gives no valid size or no valid modification time of a
    file."""
    # given
    acts = {command: hostile_ftp.say(f"213 {value}".encode().decode("latin-1"))}
    acts["LIST"] = hostile_ftp.unknown

    # when / then
    unreachable(ftp(ground, acts, {"MLSD": facts(**{fact: value})}), UNTOLD)


@pytest.mark.parametrize("modify", ["00010101000000", "99991231235959.999999999"])
def test_the_earliest_and_the_latest_modification_time_are_accepted(
    ground: Ground, modify: str
) -> None:
    """R2: A file with the earliest or the latest possible modification time is applied."""
    # given
    server = FtpServer({}, {"MLSD": facts(modify=modify)})

    # when
    told = ground.meet(server, over_ftp(server), AT_ONCE, people=1)

    # then
    assert told.outcomes == ("applied",)


FTP_CHANGING: dict[str, hostile_ftp.Send] = {
    "has fewer bytes": hostile.CONTENT[:-1],
    "has one more byte": hostile.CONTENT + b"x",
    "has no bytes": b"",
    "never ends": hostile_ftp.flood_data(b"x" * 65536),
}


@pytest.mark.parametrize("encrypted", [True, False])
@pytest.mark.parametrize("case", FTP_CHANGING)
def test_a_file_that_differs_from_its_ftp_listing_is_not_applied(
    ground: Ground, certificate: Certificate, case: str, encrypted: bool
) -> None:
    """D4: A file that has another size than its FTP listing says is not applied."""
    # given
    server = FtpServer({}, {"RETR": FTP_CHANGING[case]}, tls=certificate)
    trusted: dict[str, Any] = {"ca_file": certificate.ca} if encrypted else {}

    # when / then
    told = ground.meet(server, over_ftp(server, **trusted), AT_ONCE)
    unreachable(told, "has another number of bytes than the server lists")


def test_a_file_replaced_over_ftp_while_it_is_read_is_not_applied(ground: Ground) -> None:
    """D4: A file that is replaced while it is read over FTP is not applied."""
    # given
    looks = iter(range(99))

    def listing(line: Line) -> None:
        line.sendall(facts(modify=f"202703010245{next(looks):02}"))

    # when / then
    still_uploading(ftp(ground, {}, {"MLSD": listing}))


def test_a_file_is_not_applied_when_its_data_connection_is_lost(ground: Ground) -> None:
    """D4: A file is not applied when the data connection is lost before the file has ended."""
    # when
    told = ftp(ground, {}, {"RETR": lambda line: (line.sendall(b"email"), line.reset())[1]})  # type: ignore[func-returns-value]

    # then
    unreachable(told, NO_READING)


@pytest.mark.parametrize("command", ["MLSD", "LIST"])
@pytest.mark.parametrize("case", NO_NAMES)
def test_an_invalid_file_name_over_ftp_does_not_count(
    ground: Ground, case: str, command: str
) -> None:
    """D2: An entry of an FTP listing does not count when its name is a path, is empty or has
    control characters. A name that is too long ends the pick-up."""
    # given
    name = NO_NAMES[case].decode("utf-8", "surrogateescape")
    line = facts(name) if command == "MLSD" else hostile_ftp.SHOWN.replace(NAME, name).encode()

    # when
    told = ftp(
        ground,
        {"SIZE": hostile_ftp.reset, "RETR": hostile_ftp.reset},
        {command: line, "NLST": name.encode()},
        facts=command == "MLSD",
    )

    # then
    if case == "100 kB":
        unreachable(told, NO_LISTING)
    else:
        no_file(told)


@pytest.mark.parametrize("kind", ["dir", "OS.unix=symlink", "cdir", "pipe", ""])
def test_an_entry_that_is_not_a_file_over_ftp_does_not_count(ground: Ground, kind: str) -> None:
    """D2: An entry of an `MLSD` listing does not count when its type is not `file`."""
    # when / then
    no_file(ftp(ground, {"RETR": hostile_ftp.reset}, {"MLSD": facts(kind=kind)}))


@pytest.mark.parametrize("sign", "ldpsbc")
def test_an_entry_that_list_shows_as_no_file_does_not_count(ground: Ground, sign: str) -> None:
    """D2: An entry does not count when `LIST` shows that the entry is not a regular file, even if
    `MLSD` calls the entry a file."""
    # given
    shown = sign.encode() + hostile_ftp.SHOWN.encode()[1:]

    # when / then
    no_file(ftp(ground, {"RETR": hostile_ftp.reset}, {"LIST": shown}))


# The client's disk


@pytest.mark.torture
@pytest.mark.parametrize("room", [0, 1, 300, 600, 900] if TORTURE else [0, 300])
def test_a_full_disk_ends_an_import_with_nothing_applied(tmp_path: Path, room: int) -> None:
    """R1: An import on a full disk applies nothing, and a later import applies the whole delivery.
    The database may still grow by `room` kilobytes."""
    # given
    outgoing = tmp_path / "outgoing"
    outgoing.mkdir()
    rows = "".join(f"p{number}@acme.example,First{number},Last\n" for number in range(3000))
    (tmp_path / "tenure.toml").write_text(
        '[company.acme]\nname = "Acme BV"\nlanguage = "nl"\n'
        '[company.acme.source]\nprotocol = "folder"\ndirectory = "outgoing"\n'
    )
    assert tenure(tmp_path, "import", "acme").returncode == 0  # this run creates the database
    (outgoing / NAME).write_text("email,first_name,last_name\n" + rows)
    size = (tmp_path / "tenure.db").stat().st_size

    # when
    full = tenure(tmp_path, "import", "acme", largest=room * 1024 + (size if room else 0))

    # then
    assert full.returncode == 6, full.stderr
    assert "Traceback" not in full.stderr
    assert tenure(tmp_path, "roster", "acme", "--json").stdout.count("@acme.example") == 0
    assert tenure(tmp_path, "verify").returncode == 0
    assert tenure(tmp_path, "import", "acme").returncode == 0
    assert tenure(tmp_path, "roster", "acme", "--json").stdout.count("@acme.example") == 3000


def tenure(
    directory: Path, *arguments: str, largest: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs `tenure` in another process, in which no file may be larger than `largest` bytes."""

    def limit() -> None:
        if largest is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    return subprocess.run(
        [sys.executable, "-c", "from cli.main import run; run()", *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=limit,
    )
