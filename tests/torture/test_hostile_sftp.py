"""Hostile and broken SFTP servers: every pick-up from such a server ends, and applies nothing.

Each test runs a whole import in another process, which reports the time, memory, threads and
sockets that the import used.
"""

from __future__ import annotations

import struct
from functools import partial
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

from adapters.sources.sftp.source import SftpSource
from tests.adapters import hostile, hostile_ssh
from tests.adapters.hostile import CONTENT, MARK, NAME, Line, Server, Told
from tests.adapters.hostile_ssh import (
    Act,
    Answer,
    Ask,
    SshServer,
    always,
    attributes,
    content,
    listing,
    names,
    packet,
    refuse,
    string,
)
from tests.torture.ground import (
    AT_ONCE,
    BAD_NAMES,
    BROKE_OFF,
    IN_TIME,
    MOMENT,
    NO_LISTING,
    NO_LOG_IN,
    NO_READING,
    OTHER_BYTES,
    SILENT,
    TOO_LONG,
    UNEXPECTED,
    Case,
    Ground,
    calm,
    no_file,
    settings,
    soon,
    still_uploading,
    then,
    too_large,
    unreachable,
    with_torture,
)

KEX_REPLY = 31
QUESTIONS = 60
BYTES = len(CONTENT)
NO_GREETING = "does not answer as an SSH server does"
NO_SESSION = "gives tenure no SFTP session"
ENDED = "ended the log-in of tenure"
HASTY = calm(greeting=MOMENT / 2, handshake=MOMENT / 2)
TOO_MANY = "more than 100000 entries"


def over_ssh(server: Server, **changes: Any) -> SftpSource:
    """Returns a source that picks up from this SFTP server."""
    pinned = {"host_key": hostile_ssh.host_key().fingerprint}
    return SftpSource(**settings(server) | pinned | changes)


def sftp(ground: Ground, answers: dict[int, Answer], **changes: Any) -> Told:
    """Returns the result of an import from an SFTP server with these answers."""
    server = SshServer(answers)
    return ground.meet(server, over_ssh(server, **changes), people=None)


def test_a_delivery_from_this_sftp_server_is_applied(ground: Ground) -> None:
    """D1: A delivery is applied when no test changes the server. So the other tests fail for the
    fault that they add, and for no other reason."""
    # when
    told = sftp(ground, {})

    # then
    assert (told.outcomes, told.people) == (("applied",), 1)


# What ends a pick-up: at each stage of SSH


SSH_STAGES: dict[str, tuple[int, dict[str, Any], str]] = {
    "key exchange begins": (MSG_KEXINIT, HASTY, NO_GREETING),
    "key exchange": (KEX_REPLY, HASTY, NO_GREETING),
    "new keys": (MSG_NEWKEYS, HASTY, NO_GREETING),
    "log-in begins": (MSG_SERVICE_ACCEPT, soon("log_in"), NO_LOG_IN),
    "log-in": (MSG_USERAUTH_SUCCESS, soon("log_in"), NO_LOG_IN),
    "session": (MSG_CHANNEL_OPEN_SUCCESS, soon("session"), NO_SESSION),
    "subsystem": (MSG_CHANNEL_SUCCESS, soon("session"), NO_SESSION),
}
"""For each stage: the server's message, the deadlines, and the words that report its absence."""


def silent(stage: str, act: Act) -> Case:
    """Returns the case of a server that stops answering at a stage of SSH."""
    at, limits, words = SSH_STAGES[stage]
    return Case(partial(SshServer, at=at, act=act), (words, IN_TIME), limits, MOMENT)


def closed(stage: str, act: Act) -> Case:
    """Returns the case of a server that closes the connection at a stage of SSH."""
    at, _, words = SSH_STAGES[stage]
    logging_in = words == NO_LOG_IN
    told = logging_in and act is hostile_ssh.disconnect
    said = "(the server closed the connection)" if told else BROKE_OFF
    return Case(partial(SshServer, at=at, act=act), (ENDED if logging_in else words, said))


STAGES = {
    **{f"silent: {stage}": silent(stage, hostile_ssh.say_nothing) for stage in SSH_STAGES},
    **{f"disconnects: {stage}": closed(stage, hostile_ssh.disconnect) for stage in SSH_STAGES},
    **with_torture(
        {f"dripping: {stage}": silent(stage, hostile_ssh.drip) for stage in SSH_STAGES}, 4
    ),
    **with_torture(
        {
            f"{act.__name__}: {stage}": closed(stage, act)
            for stage in SSH_STAGES
            for act in (hostile_ssh.reset, hostile_ssh.hang_up)
        },
        5,
    ),
}


# At each request of SFTP


REQUESTS = {
    "open directory": (CMD_OPENDIR, NO_LISTING),
    "list": (CMD_READDIR, NO_LISTING),
    "open": (CMD_OPEN, NO_READING),
    "stat": (CMD_FSTAT, NO_READING),
    "read": (CMD_READ, NO_READING),
    "close": (CMD_CLOSE, NO_LISTING),
}


def unanswered(request: str, answer: Answer) -> Case:
    """Returns the case of a server that is silent, or sends single bytes, after a request."""
    kind, words = REQUESTS[request]
    server = partial(SshServer, {kind: answer})
    if answer is hostile_ssh.drip_answer:
        return Case(server, (TOO_LONG, "`deadline`"), calm(silence=MOMENT, whole=1), 1)
    return Case(server, (words, SILENT), soon("silence"), MOMENT)


def broken_off(request: str, answer: Answer) -> Case:
    kind, words = REQUESTS[request]
    return Case(partial(SshServer, {kind: answer}), (words, BROKE_OFF))


UNANSWERED = {
    **{f"silent: {each}": unanswered(each, hostile_ssh.stop_talking) for each in REQUESTS},
    **{f"resets: {each}": broken_off(each, hostile_ssh.reset_instead) for each in REQUESTS},
    **with_torture(
        {
            f"{answer.__name__}: {each}": unanswered(each, answer)
            for each in REQUESTS
            for answer in (hostile_ssh.drip_answer, hostile_ssh.drip_below)
        },
        5,
    ),
    **with_torture(
        {f"hangs up: {each}": broken_off(each, hostile_ssh.hang_up_instead) for each in REQUESTS}, 4
    ),
    **{
        f"no session: {answer.__name__}": Case(
            partial(SshServer, {CMD_INIT: answer}), (NO_SESSION, IN_TIME), soon("session"), MOMENT
        )
        for answer in (hostile_ssh.stop_talking, hostile_ssh.drip_answer)
    },
}


# Servers of another protocol, and floods


OPENING = b"SSH-2.0-x\r\n"
GREETINGS: dict[str, tuple[Any, str]] = {
    "silence": (Line.say_nothing, IN_TIME),
    "a byte now and then": (Line.drip_on, IN_TIME),
    "a line now and then": (lambda line: line.drip_on(b"x\n"), IN_TIME),
    "a line without end": (lambda line: line.flood(b"x" * 65536), BROKE_OFF),
    "lines without end": (lambda line: line.flood(f"{MARK}\r\n".encode() * 9), BROKE_OFF),
    "an end": (Line.hang_up, BROKE_OFF),
    "SSH without a version": (hostile.greet(f"SSH-{MARK}-x\r\n".encode()), ""),
    "SSH 1.5": (hostile.greet(f"SSH-1.5-{MARK}\r\n".encode()), ""),
    "HTTP": (hostile.greet(f"HTTP/1.1 400 {MARK}\r\n\r\n".encode()), ""),
    "no text": (hostile.greet(b"\xff\xfe\0\r\n" * 50), ""),
    "only the greeting": (then(OPENING, Line.say_nothing), IN_TIME),
    "a packet of 4 GiB": (then(OPENING, lambda line: line.flood(b"\xff" * 65536)), BROKE_OFF),
    "an empty packet": (then(OPENING, lambda line: line.flood(b"\0" * 65536)), ""),
    "junk": (then(OPENING, lambda line: line.flood(bytes(range(256)) * 99)), ""),
}
STRANGERS = {
    f"greets with {name}": Case(
        partial(Server, talk), (NO_GREETING, "127.0.0.1 port", words), HASTY, MOMENT
    )
    for name, (talk, words) in GREETINGS.items()
}


def flood(at: int, act: Act, words: str, limits: dict[str, Any] | None = None, **more: Any) -> Case:
    return Case(partial(SshServer, at=at, act=act, **more), (words,), limits or {})


FLOODS = {
    "promises": flood(MSG_SERVICE_ACCEPT, hostile_ssh.before(hostile_ssh.PROMISES), ""),
    "4 GiB": flood(MSG_SERVICE_ACCEPT, hostile_ssh.announce, BROKE_OFF),
    "banners": flood(
        MSG_USERAUTH_SUCCESS, hostile_ssh.flood(hostile_ssh.BANNER), NO_LOG_IN, soon("log_in")
    ),
    "padding": flood(
        MSG_USERAUTH_SUCCESS, hostile_ssh.flood(hostile_ssh.PADDING), NO_LOG_IN, soon("log_in")
    ),
    "questions": flood(
        MSG_CHANNEL_SUCCESS, hostile_ssh.flood(hostile_ssh.QUESTION), NO_SESSION, soon("session")
    ),
    "output": flood(MSG_CHANNEL_SUCCESS, hostile_ssh.flood(hostile_ssh.OUTPUT), NO_SESSION),
    "errors": flood(MSG_CHANNEL_SUCCESS, hostile_ssh.flood(hostile_ssh.ERRORS), NO_SESSION),
    "new keys": flood(MSG_CHANNEL_SUCCESS, hostile_ssh.instead(hostile_ssh.NEW_KEYS), NO_SESSION),
    "no algorithms": flood(MSG_KEXINIT, hostile_ssh.instead(hostile_ssh.NO_ALGORITHMS), "only"),
    "four billion questions at the log-in": flood(
        QUESTIONS, hostile_ssh.instead(hostile_ssh.PROMPTS), ENDED, methods="keyboard-interactive"
    ),
    **{
        f"{name} between two looks": Case(
            partial(
                SshServer,
                {
                    CMD_CLOSE: hostile_ssh.then(
                        refuse(0), lambda transport, each=each: transport.flood_with(each)
                    )
                },
            ),
            (NO_LISTING, BROKE_OFF),
            {"settle": 1},
            1 + AT_ONCE,
        )
        for name, each in (("output", hostile_ssh.OUTPUT), ("errors", hostile_ssh.ERRORS))
    },
}
LOG_INS = {
    f"log-in by {methods}": Case(partial(SshServer, methods=methods), (words,))
    for methods, words in (
        (f"{MARK},publickey", "by `password`, only by publickey"),
        (MARK, "by `password`, only by other means"),
    )
} | {
    "no channel": Case(partial(SshServer, sessions=False), (NO_SESSION,)),
    "a refused password": Case(
        SshServer, ("does not let nobody in", "`username` and `password`"), {"username": "nobody"}
    ),
}


# Malformed answers


def raw(data: bytes) -> Answer:
    """Returns a function that answers with exactly these bytes."""
    return lambda ask: [data]


def numbered(kind: int, *parts: bytes) -> Answer:
    """Returns a function that answers with a packet under the number of the request."""
    return always(lambda ask: packet(kind, ask.number, *parts))


def sized(listed: int, opened: int | None = None) -> dict[int, Answer]:
    """Returns answers with a size in the listing, and a size of the open file."""
    about = attributes(listed if opened is None else opened)
    return {
        CMD_READDIR: listing((NAME.encode(), attributes(listed))),
        CMD_FSTAT: numbered(CMD_ATTRS, about),
    }


def one_name(name: bytes, about: bytes | None = None) -> dict[int, Answer]:
    """Returns answers whose listing has one name."""
    return {CMD_READDIR: listing((name, attributes() if about is None else about))}


def same(data: bytes, times: int = 1) -> Answer:
    """Returns a function that answers every request to read with the same data."""
    return always(lambda ask: packet(CMD_DATA, ask.number, string(data)) * times)


UNKNOWN = b"\x7f" * 4
ANSWERS: dict[str, tuple[dict[int, Answer], str]] = {
    "session: 4 GiB": ({CMD_INIT: raw(b"\xff" * 4)}, NO_SESSION),
    "session: an empty packet": ({CMD_INIT: raw(b"\0" * 4)}, NO_SESSION),
    "session: no version": ({CMD_INIT: raw(packet(CMD_VERSION))}, NO_SESSION),
    "session: something else": ({CMD_INIT: raw(packet(CMD_DATA))}, NO_SESSION),
    "listing: 4 GiB": ({CMD_READDIR: raw(b"\xff" * 4)}, NO_LISTING),
    "listing: something else": ({CMD_READDIR: numbered(CMD_DATA)}, NO_LISTING),
    "listing: no number": ({CMD_READDIR: raw(packet(CMD_NAME))}, NO_LISTING),
    "listing: unknown number": ({CMD_READDIR: raw(packet(CMD_NAME, UNKNOWN))}, NO_LISTING),
    "listing: 4 billion names": (
        {CMD_READDIR: always(lambda ask: names(ask, number=2**32 - 1))},
        TOO_MANY,
    ),
    "listing: not allowed": ({CMD_OPENDIR: refuse(3)}, "Permission denied); check `directory`"),
    "listing: not there": ({CMD_OPENDIR: refuse(2)}, "No such file"),
    "listing: an unknown code": ({CMD_OPENDIR: refuse(2**32 - 1)}, "with code"),
    "listing: no kind": (
        one_name(NAME.encode(), struct.pack(">I", 0)),
        "does not tell kind, size and time",
    ),
    "listing: 4 billion attributes": (
        one_name(NAME.encode(), hostile_ssh.EXTENDED),
        f"{NO_LISTING} {UNEXPECTED}",
    ),
    "reading: 4 billion attributes": (
        {CMD_FSTAT: numbered(CMD_ATTRS, hostile_ssh.EXTENDED)},
        f"{NO_READING} {UNEXPECTED}",
    ),
    "reading: 4 GiB": ({CMD_READ: raw(b"\xff" * 4)}, NO_READING),
    "reading: something else": ({CMD_READ: numbered(CMD_HANDLE)}, NO_READING),
    "reading: unknown number": (
        {CMD_READ: raw(packet(CMD_DATA, UNKNOWN, string("x")))},
        NO_READING,
    ),
    "reading: not allowed": ({CMD_OPEN: refuse(3)}, f"{NO_READING} (Permission denied)"),
    "reading: refused": ({CMD_READ: refuse(4)}, "the server refuses with code 4"),
    "reading: twice the same": ({**sized(100_000), CMD_READ: same(b"x", 2)}, NO_READING),
    "a name that is not UTF-8": (
        {**one_name(b"alleo_employees_\xff.csv"), CMD_OPEN: refuse(3)},
        r"alleo_employees_\xff.csv on 127.0.0.1 cannot be read",
    ),
    # D4: another number of bytes arrives than the server lists.
    "fewer bytes": ({CMD_READ: content(CONTENT[:-1])}, OTHER_BYTES),
    "one more byte": ({CMD_READ: content(CONTENT + b"x")}, OTHER_BYTES),
    "bytes without end": ({CMD_READ: content(CONTENT * 5000)}, OTHER_BYTES),
    "no bytes": ({CMD_READ: refuse(1)}, OTHER_BYTES),
    "an end in the middle": (
        {
            **sized(200_000),
            CMD_READ: lambda ask: (
                refuse(1) if ask.wanted[0] == 98_304 else content(b"x" * 200_000)
            )(ask),
        },
        OTHER_BYTES,
    ),
    "more than it is asked for": ({CMD_READ: same(b"x" * 900_000)}, OTHER_BYTES),
    "empty pieces": ({CMD_READ: same(b"")}, OTHER_BYTES),
}
LONG_PATH = b"x" * 400_000 + b"/alleo_employees_1.csv"
MALFORMED = {
    **{name: Case(partial(SshServer, each), (words,)) for name, (each, words) in ANSWERS.items()},
    "endless answers": Case(
        partial(SshServer, {**sized(10**8), CMD_READ: same(b"x")}), (TOO_LONG,), calm(whole=1), 1
    ),
    "a file handle of a megabyte": Case(
        partial(
            SshServer,
            {
                **sized(10**8),
                CMD_OPEN: numbered(CMD_HANDLE, string(b"h" * 1_000_000)),
                CMD_READ: hostile_ssh.stop_talking,
            },
        ),
        (),
        calm(silence=MOMENT, whole=3),
        3,
    ),
    **{
        f"an endless listing of {name[-20:]!r}": Case(
            partial(
                SshServer,
                {CMD_READDIR: always(lambda ask, many=many: names(ask, *many))},
            ),
            (words,),
            calm(whole=3),
            3,
        )
        for name, many, words in (
            (NAME.encode(), [(NAME.encode(), attributes())] * 500, TOO_MANY),
            (LONG_PATH, [(LONG_PATH, attributes())] * 2, "took longer than"),
        )
    },
}
CASES = {**STAGES, **UNANSWERED, **STRANGERS, **FLOODS, **LOG_INS, **MALFORMED}


@pytest.mark.torture
@pytest.mark.parametrize("name", CASES)
def test_a_pick_up_from_a_hostile_sftp_server_ends(ground: Ground, name: str) -> None:
    """R6: Whatever an SFTP server does, the pick-up ends in time with a message that names the
    step, and takes little memory. Nothing is applied."""
    # given
    case = CASES[name]
    server = case.server()

    # when
    told = ground.meet(server, over_ssh(server, **case.settings), case.within)

    # then
    unreachable(told, *case.words)


@pytest.mark.parametrize("size", [2**40, 2**63, 2**64 - 1])
def test_a_huge_file_over_sftp_is_refused_and_not_read(ground: Ground, size: int) -> None:
    """F7, R2: A file whose listed size exceeds the limit is refused and not read. The run's record
    has the listed size."""
    # when / then
    too_large(sftp(ground, {**sized(size), CMD_OPEN: hostile_ssh.reset_instead}), size)


def restless() -> Answer:
    """Returns a function that lists the file with another time at each look."""
    looks = iter(range(99))

    def answer(ask: Ask) -> Any:
        number = next(looks)
        if number % 2:
            return [hostile_ssh.status(ask, 1)]
        return [names(ask, (NAME.encode(), attributes(modified=1 + number)))]

    return answer


CHANGING: dict[str, dict[int, Answer]] = {
    "shrinks": sized(BYTES, BYTES - 1),
    "grows": sized(BYTES, BYTES + 1),
    "is gone": {CMD_OPEN: refuse(2)},
    "is a link by now": {CMD_FSTAT: numbered(CMD_ATTRS, attributes(mode=hostile_ssh.LINK))},
    "is replaced": {CMD_READDIR: restless()},
}


@pytest.mark.parametrize("case", CHANGING)
def test_a_file_that_differs_from_its_sftp_listing_is_not_applied(
    ground: Ground, case: str
) -> None:
    """D4: A file that differs from its SFTP listing is not applied, and the run ends as
    `still-uploading`."""
    # when / then
    still_uploading(sftp(ground, CHANGING[case]))


NO_FILES = {name: one_name(each) for name, each in BAD_NAMES.items()} | {
    kind: one_name(NAME.encode(), attributes(mode=mode))
    for kind, mode in (
        ("a link", hostile_ssh.LINK),
        ("a pipe", hostile_ssh.FIFO),
        ("a directory", hostile_ssh.FOLDER),
    )
}


@pytest.mark.parametrize("case", NO_FILES)
def test_an_entry_over_sftp_that_is_no_file_or_has_a_bad_name_does_not_count(
    ground: Ground, case: str
) -> None:
    """D2: An entry of an SFTP listing does not count when it is a link, a pipe or a directory, or
    when its name is a path, is empty, is too long or has control characters."""
    # when / then
    no_file(sftp(ground, NO_FILES[case], pattern="*"))
