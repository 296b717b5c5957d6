"""Hostile and broken FTP servers: every pick-up from such a server ends, and applies nothing.

Each test runs a whole import in another process, which reports the time, memory, threads and
sockets that the import used.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from adapters.sources.ftp.source import FtpSource, FtpsSource
from tests.adapters import hostile, hostile_ftp
from tests.adapters.certificates import Certificate, make_certificate
from tests.adapters.hostile import CONTENT, MARK, NAME, Line, Server, Told
from tests.adapters.hostile_ftp import Act, FtpServer, Send, Session, flood_data, say
from tests.torture.ground import (
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
    TORTURE,
    UNEXPECTED,
    Case,
    Ground,
    Talk,
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

NO_FTP = "does not greet as an FTP server does"
NO_SESSION = "gives tenure no session"
NO_DATA = "there is no data connection with 127.0.0.1"
NO_TLS = "no encrypted connection with 127.0.0.1"
UNTOLD = f"127.0.0.1 does not tell size and time of {NAME}"


def over_ftp(server: Server, **changes: Any) -> FtpSource:
    """Returns a source that picks up from this FTP server; with `ca_file`, over TLS."""
    kind = FtpsSource if "ca_file" in changes else FtpSource
    return kind(**settings(server) | changes)


def ftp(
    ground: Ground,
    acts: dict[str, Act] | None = None,
    sends: dict[str, Send] | None = None,
    *,
    facts: bool = True,
    people: int = 0,
    **changes: Any,
) -> Told:
    """Returns the result of an import from an FTP server with this behaviour."""
    server = FtpServer(acts, sends, facts=facts)
    return ground.meet(server, over_ftp(server, **changes), people=people)


@pytest.mark.parametrize("mode", ["passive", "active"])
@pytest.mark.parametrize("encrypted", [True, False])
def test_a_delivery_from_this_ftp_server_is_applied(
    ground: Ground, certificate: Certificate, mode: str, encrypted: bool
) -> None:
    """D1: A delivery is applied when no test changes the server. So the other tests fail for the
    fault that they add, and for no other reason."""
    # given
    server = FtpServer(tls=certificate, facts=encrypted)
    ca_file = {"ca_file": certificate.ca} if encrypted else {}

    # when
    told = ground.meet(server, over_ftp(server, mode=mode, **ca_file), people=1)

    # then
    assert told.outcomes == ("applied",)


# What ends a pick-up: at each stage


STAGES = {
    "greeting": ("greeting", NO_FTP),
    "USER": ("log_in", NO_LOG_IN),
    "PASS": ("log_in", NO_LOG_IN),
    "FEAT": ("session", NO_SESSION),
    "OPTS": ("session", NO_SESSION),
    "TYPE": ("session", NO_SESSION),
    "CWD": ("session", NO_SESSION),
    "PWD": ("session", NO_SESSION),
    "PASV": ("silence", NO_LISTING),
    "MLSD": ("silence", NO_LISTING),
    "LIST": ("silence", NO_LISTING),
    "SIZE": ("silence", NO_LISTING),
    "MDTM": ("silence", NO_LISTING),
    "RETR": ("silence", NO_READING),
    "done": ("silence", NO_LISTING),
}
"""For each stage: the name of its deadline, and the words that report a missing reply."""
WITHOUT_FACTS = ("SIZE", "MDTM")


def server_at(stage: str, act: Act) -> Callable[[], Server]:
    return partial(FtpServer, {stage: act}, facts=stage not in WITHOUT_FACTS)


def silent(stage: str, act: Act) -> Case:
    """Returns the case of a server that stops answering at a stage, or sends single bytes."""
    deadline, words = STAGES[stage]
    if deadline == "silence" and act is hostile_ftp.drip:
        limits = calm(silence=MOMENT, whole=1)
        return Case(server_at(stage, act), (TOO_LONG, "`deadline`"), limits, 1)
    told = SILENT if deadline == "silence" else IN_TIME
    return Case(server_at(stage, act), (words, told), soon(deadline), MOMENT)


def closed(stage: str, act: Act) -> Case:
    """Returns the case of a server that closes the connection at a stage."""
    deadline, words = STAGES[stage]
    words = "the log-in of tenure" if deadline == "log_in" else words
    words = NO_LISTING if stage in ("CWD", "PWD") else words
    return Case(server_at(stage, act), (words, "broke off"))


ENDS = {
    **{f"silent: {stage}": silent(stage, hostile_ftp.say_nothing) for stage in STAGES},
    **{f"hangs up: {stage}": closed(stage, hostile_ftp.hang_up) for stage in STAGES},
    **with_torture({f"dripping: {stage}": silent(stage, hostile_ftp.drip) for stage in STAGES}, 5),
    **with_torture(
        # A reset at the greeting may come before the connection is open.
        {f"resets: {stage}": closed(stage, hostile_ftp.reset) for stage in list(STAGES)[1:]},
        5,
    ),
}


def endless(text: str) -> Act:
    """Returns an act that sends a reply that never ends."""

    def act(session: Session) -> None:
        session.line.sendall(b"211-\r\n")
        session.line.flood(text.encode() * 500)

    return act


ENDLESS = with_torture(
    {
        f"an endless reply of {text!r} to {command}": Case(
            partial(FtpServer, {command: endless(text)}), (UNEXPECTED,)
        )
        for command in ("USER", "PASS", "FEAT", "CWD", "PASV", "RETR")
        for text in (f" {MARK}\r\n", f"211-{MARK}\r\n", MARK * 3)
    },
    4,
)
GREETINGS: dict[str, tuple[Talk, str]] = {
    "a line without end": (lambda line: line.flood(b"2" * 65536), NO_FTP),
    "lines without end": (lambda line: line.flood(f"220-{MARK}\r\n".encode() * 99), NO_FTP),
    "in a moment, again and again": (
        lambda line: line.flood(f"120 {MARK}\r\n".encode() * 99),
        NO_FTP,
    ),
    "SSH": (hostile.greet(f"SSH-2.0-{MARK}\r\n".encode()), UNEXPECTED),
    "HTTP": (hostile.greet(f"HTTP/1.1 400 {MARK}\r\n\r\n".encode()), "an unexpected reply"),
    "SMTP": (then(f"220 {MARK} ESMTP\r\n".encode(), hostile.greet(b"")), "the log-in"),
    "500 to everything": (hostile.greet(f"500 {MARK}\r\n".encode()), "with code 500"),
    "too many connections": (hostile.greet(f"421 {MARK}\r\n".encode()), "with code 421"),
    "no text": (hostile.greet(b"\xff\xfe\0\r\n" * 50), UNEXPECTED),
    "TLS at once": (lambda line: line.flood(hostile_ftp.RECORD * 900), NO_FTP),
}
STRANGERS = {
    f"greets with {name}": Case(partial(Server, talk), (words,), soon("greeting", "log_in"), MOMENT)
    for name, (talk, words) in GREETINGS.items()
} | {
    f"the deadline of the whole: {talk.__name__}": Case(
        partial(Server, talk), ("`deadline`",), {**calm(whole=MOMENT), "attempts": 4}, MOMENT
    )
    for talk in (Line.say_nothing, Line.drip_on)
}
REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "no log-in": ({"USER": "530"}, "does not let tenure in (the server refuses with code 530)"),
    "wrong password": ({"PASS": "530"}, "`username` and `password`"),
    "too many": ({"PASS": "421"}, "with code 421"),
    "an account": ({"PASS": "332"}, "without an account"),
    "nothing works": (dict.fromkeys(("FEAT", "TYPE", "CWD", "PASV"), "500"), "with code 500"),
    "no directory": ({"CWD": "550"}, "or no permission); check `directory`"),
    "no reading": (
        {"RETR": "550"},
        f"{NO_READING} (the server refuses with code 550); check what `username` may read",
    ),
    "no listing": (dict.fromkeys(("MLSD", "LIST", "NLST"), "550 Denied"), NO_LISTING),
    "no connection": (
        {"MLSD": "425"},
        f"{NO_DATA} (the server refuses with code 425); check `mode`",
    ),
    "a reply to another command": ({"CWD": "331"}, UNEXPECTED),
    "no code": ({"CWD": "hm"}, UNEXPECTED),
    "an invalid code": ({"CWD": "999"}, UNEXPECTED),
    "lost on the way": ({"done": "426"}, f"{NO_LISTING} (the server refuses with code 426)"),
    "listed, but not really": ({"done": "226 failed to open directory:"}, "no permission"),
    **{
        f"the data port {port}": ({"PASV": f"227 {MARK} ({port})"}, f"{NO_DATA} {UNEXPECTED}")
        for port in ("127,0,0,1,0,0", "127,0,0,1,256,1", MARK, "(|||0|)", "(|||99999|)")
    },
}
REFUSALS = {
    f"refusal: {name}": Case(
        partial(FtpServer, {at: say(f"{code} {MARK}") for at, code in replies.items()}), (words,)
    )
    for name, (replies, words) in REFUSED.items()
}


# Listings and files


def facts(
    name: str = NAME, size: object = len(CONTENT), kind: str = "file", modify: str = ""
) -> bytes:
    """Returns a line of an `MLSD` listing."""
    moment = modify or "20270301024500"
    return f"type={kind};size={size};modify={moment}; {name}\r\n".encode("utf-8", "surrogateescape")


def untold(command: str, fact: str, value: object) -> Case:
    """Returns the case of a server that tells an invalid size or time of its file."""
    acts = {command: say(f"213 {value}".encode().decode("latin-1")), "LIST": hostile_ftp.unknown}
    return Case(partial(FtpServer, acts, {"MLSD": facts(**{fact: value})}), (UNTOLD,))  # type: ignore[arg-type]


def reset_after(data: bytes) -> Send:
    """Returns a function that sends data, and then ends the connection with a reset."""

    def send(line: Line) -> None:
        line.sendall(data)
        line.reset()

    return send


SIZES: tuple[object, ...] = ("-1", "", "x", "1e9", "٣", 10**18, 2**64, "9" * 5000)
MOMENTS = ("0", "20270230000000", "x", "99999999999999", "2" * 400)
FLOODED = {
    f"an endless {command} of {line[:9]!r}": Case(
        partial(FtpServer, {}, {command: flood_data(line)}),
        (NO_LISTING if line[:2] == b"xx" else "more than 100000 entries",),
        {},
        10,
    )
    for command in ("MLSD", "LIST")
    for line in (b"x" * 65536, facts("x") * 500, facts() * 500, b"\r\n" * 9000)
}
FILES = {
    **with_torture(FLOODED, 3),
    **{f"the size {str(size)[:20]!r}": untold("SIZE", "size", size) for size in SIZES},
    **{f"the time {moment[:20]!r}": untold("MDTM", "modify", moment) for moment in MOMENTS},
    "a data connection that is lost": Case(
        partial(FtpServer, {}, {"RETR": reset_after(b"email")}), (NO_READING,)
    ),
    "only a foreign data connection": Case(
        partial(FtpServer, connects_from="127.0.0.2"),
        ("only a foreign address connected", "`mode`"),
        {**soon("connect"), "mode": "active"},
        MOMENT,
    ),
}


def quiet(stage: str, talk: Talk, mode: str) -> Case:
    """Returns the case of a data connection that is silent, or carries single bytes."""
    # The listed size is so large that the single bytes do not exceed it.
    sends: dict[str, Send] = {"MLSD": facts(size=1000), stage: talk}
    words = (NO_READING if stage == "RETR" else NO_LISTING, SILENT)
    server = partial(FtpServer, {}, sends)
    if talk is Line.drip_on:
        return Case(server, (TOO_LONG,), calm(whole=1, silence=MOMENT) | {"mode": mode}, 1)
    return Case(server, words, soon("silence") | {"mode": mode}, 1)


QUIET = with_torture(
    {
        f"{talk.__name__} on the data connection of {stage}, {mode}": quiet(stage, talk, mode)
        for talk in (Line.say_nothing, Line.drip_on)
        for mode in ("passive", "active")
        for stage in ("MLSD", "LIST", "RETR")
    },
    2,
)
CASES = {**ENDS, **ENDLESS, **STRANGERS, **REFUSALS, **FILES, **QUIET}


@pytest.mark.torture
@pytest.mark.parametrize("name", CASES)
def test_a_pick_up_from_a_hostile_ftp_server_ends(ground: Ground, name: str) -> None:
    """R6: Whatever an FTP server does, the pick-up ends in time with a message that names the
    step and no text of the server, and takes little memory. Nothing is applied."""
    # given
    case = CASES[name]
    server = case.server()

    # when
    told = ground.meet(server, over_ftp(server, **case.settings), case.within)

    # then
    unreachable(told, *case.words)


def test_a_data_port_that_does_not_answer_is_given_up(ground: Ground) -> None:
    """R6: The pick-up ends at the deadline for connecting when the data port does not answer."""
    # given
    listener, waiting = hostile_ftp.deaf()
    high, low = divmod(listener.getsockname()[1], 256)
    server = FtpServer({"PASV": say(f"227 (127,0,0,1,{high},{low})")})

    # when
    told = ground.meet(server, over_ftp(server, **soon("connect")), MOMENT)
    for sock in (listener, *waiting):
        sock.close()

    # then
    unreachable(told, "there is no data connection: 127.0.0.1 port", "does not answer within 0.5")


@pytest.mark.parametrize("elsewhere", ["127,0,0,2", "999,999,999,999"])
def test_the_data_connection_goes_to_the_server_only(ground: Ground, elsewhere: str) -> None:
    """D1: The client opens the data connection to the server itself, and ignores another address in
    the server's reply. Otherwise a server could make the client connect to a machine that the
    server cannot reach."""
    # given
    traps = []

    def act(session: Session) -> None:
        hostile_ftp.listen(session, announced=elsewhere)
        assert session.listener
        port = session.listener.getsockname()[1]
        traps.append(session.server.keep(socket.create_server(("127.0.0.2", port))))
        traps[-1].setblocking(False)

    server = FtpServer({"PASV": act})
    called = []

    # when
    with closing(server):
        told = ground.meet(Server(Line.say_nothing), over_ftp(server), people=1)
        for trap in traps:
            with suppress(BlockingIOError):
                called.append(trap.accept())

    # then
    assert (told.outcomes, called) == (("applied",), [])
    assert traps


# Encryption


HANDSHAKES: dict[str, tuple[Act, str]] = {
    "silence": (hostile_ftp.silent_tls, IN_TIME),
    "a byte now and then": (hostile_ftp.drip_tls, IN_TIME),
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
    source = over_ftp(server, **soon("handshake"), ca_file=certificate.ca)

    # when / then
    unreachable(ground.meet(server, source, MOMENT), "no encrypted connection", words)
    assert server.commands == ["AUTH TLS"]


FTPS_STAGES = {
    "AUTH": ("handshake", "offers no encryption"),
    "PBSZ": ("session", NO_SESSION),
    "PROT": ("session", NO_SESSION),
}


@pytest.mark.torture
@pytest.mark.parametrize(
    ("stage", "act", "said"),
    with_torture(
        {
            (stage, act): (stage, act, said)
            for stage in FTPS_STAGES
            for act, said in (
                (hostile_ftp.say_nothing, IN_TIME),
                (hostile_ftp.reset, BROKE_OFF),
                (hostile_ftp.drip, IN_TIME),
                (hostile_ftp.hang_up, BROKE_OFF),
            )
        },  # type: ignore[type-var]
        3,
    ).values(),
)
def test_an_ftps_server_that_does_not_answer_is_reported(
    ground: Ground, certificate: Certificate, stage: str, act: Act, said: str
) -> None:
    """R6: The pick-up ends in time when an FTP server does not answer the commands for
    encryption."""
    # given
    deadline, words = FTPS_STAGES[stage]
    server = FtpServer({stage: act}, tls=certificate)

    # when
    source = over_ftp(server, **soon(deadline), ca_file=certificate.ca)

    # then
    unreachable(ground.meet(server, source, MOMENT), words, said)


@pytest.mark.parametrize("talk", [Line.say_nothing, Line.drip_on])
@pytest.mark.parametrize("mode", ["passive", "active"])
def test_a_data_connection_that_does_not_begin_tls_is_given_up(
    ground: Ground, certificate: Certificate, talk: Talk, mode: str
) -> None:
    """R6: The pick-up ends at the deadline for the handshake of a data connection."""
    # given
    slow = lambda line: line.drip_on(hostile_ftp.RECORD + bytes(9000))  # noqa: E731
    sends: dict[str, Send] = {"data TLS": talk if talk is Line.say_nothing else slow}
    server = FtpServer({}, sends, tls=certificate)
    source = over_ftp(server, **soon("handshake"), mode=mode, ca_file=certificate.ca)

    # when / then
    unreachable(ground.meet(server, source, 1), f"{NO_TLS} within 0.5 seconds; ask the")


CERTIFICATES: dict[str, tuple[dict[str, Any], tuple[str, ...], str]] = {
    "another address": ({}, ("other.example",), "for another name"),
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
    trusted = certificate.ca if case in ("signed by itself", "unknown") else wrong.ca
    host = "localhost" if case == "another name" else "127.0.0.1"
    server = FtpServer(tls=wrong)

    # when / then
    unreachable(ground.meet(server, over_ftp(server, host=host, ca_file=trusted)), words)
    assert server.commands == ["AUTH TLS"]


def test_replies_sent_before_encryption_begins_are_ignored(
    ground: Ground, certificate: Certificate
) -> None:
    """D1: The client ignores replies that arrive before the encryption begins. A machine between
    client and server could have sent those replies."""
    # given
    acts = {
        "AUTH": hostile_ftp.encrypt_with(f"331 {MARK}\r\n230 {MARK}"),
        "PASS": say(f"530 {MARK}"),
    }
    server = FtpServer(acts, tls=certificate)

    # when
    told = ground.meet(server, over_ftp(server, ca_file=certificate.ca))

    # then: a client that believed the replies would go on after the refused password
    unreachable(told, "127.0.0.1")


@pytest.mark.parametrize(
    ("command", "reply", "words"),
    [
        ("PBSZ", f"534 {MARK}", "allow `PROT P`"),
        ("PROT", f"534 {MARK}", "allow `PROT P`"),
        ("PROT", "200 Fine", NO_TLS),
    ],
)
def test_an_ftps_server_that_does_not_encrypt_files_is_refused(
    ground: Ground, certificate: Certificate, command: str, reply: str, words: str
) -> None:
    """The pick-up ends when an `ftps` server encrypts the log-in but not the files, whether it says
    so or not."""
    # given
    server = FtpServer({command: say(reply)}, tls=certificate)

    # when / then
    unreachable(ground.meet(server, over_ftp(server, ca_file=certificate.ca)), words)


CHANGED: dict[str, Send] = {
    "fewer bytes": CONTENT[:-1],
    "one more byte": CONTENT + b"x",
    "no bytes": b"",
    "no end": flood_data(b"x" * 65536),
}


@pytest.mark.parametrize("encrypted", [True, False])
@pytest.mark.parametrize("case", CHANGED)
def test_a_file_that_differs_from_its_ftp_listing_is_not_applied(
    ground: Ground, certificate: Certificate, case: str, encrypted: bool
) -> None:
    """D4: A file that has another size than its FTP listing says is not applied."""
    # given
    server = FtpServer({}, {"RETR": CHANGED[case]}, tls=certificate)
    trusted = {"ca_file": certificate.ca} if encrypted else {}

    # when / then
    unreachable(ground.meet(server, over_ftp(server, **trusted)), OTHER_BYTES)


# Listings and files: what is refused, accepted, or does not count


WHOLE = 30 if TORTURE else 2
TIMES = 5 if TORTURE else 1
LONGEST = "alleo_employees_" + "x" * 235 + ".csv"
ARROWS = "alleo_employees_.csv" + " -> .csv" * 29
HEAVY: dict[str, tuple[str, str, int]] = {
    "long names": ("MLSD", facts(LONGEST.replace("xxxxxx", "%06d", 1)).decode(), 19_990),
    "links to links": ("LIST", f"lrwxrwxrwx 1 o g 9 Mar  1 02:45 %06d/../{ARROWS}\r\n", 20_000),
    "hard to read": ("LIST", f"-rw-rw-rw- %06d {'1 ' * 4000}\r\n", 200),
    "links in links": ("LIST", f"lrwxrwxrwx 1 o g 9 Mar  1 02:45 {ARROWS}%06d\r\n", 20_000),
    "arrows alone": ("LIST", f"lrwxrwxrwx 1 o g 9 Mar  1 02:45 %06d{' -> ' * 2000}\r\n", 500),
    "harder to read": ("LIST", f"-rw-rw-rw- %06d{'1' * 4000},{' ' * 4000}\r\n", 20),
}


@pytest.mark.torture
@pytest.mark.parametrize("case", with_torture(HEAVY, 2))
def test_a_listing_that_is_slow_to_parse_ends_within_the_deadline(
    ground: Ground, case: str
) -> None:
    """R6: The deadline of the whole pick-up and the limit of memory also hold while the lines of a
    listing are parsed."""
    # given
    command, line, number = HEAVY[case]
    lines = hostile_ftp.in_pieces((line % each).encode() for each in range(number * TIMES))
    acts = dict.fromkeys(("SIZE", "MDTM"), say(f"213 {MARK}"))
    server = FtpServer(acts, {command: lines})

    # when
    told = ground.meet(server, over_ftp(server, **calm(whole=WHOLE)), WHOLE, people=None)

    # then
    assert told.outcomes == (("applied",) if told.people else ("failed",))


@pytest.mark.parametrize("size", [2**40, 10**18 - 1])
def test_a_huge_file_over_ftp_is_refused_and_not_read(ground: Ground, size: int) -> None:
    """F7, R2: A file whose listed size exceeds the limit is refused and not read. The run's record
    has the listed size."""
    # when / then
    too_large(ftp(ground, {"RETR": hostile_ftp.reset}, {"MLSD": facts(size=size)}), size)


@pytest.mark.parametrize("modify", ["00010101000000", "99991231235959.999999999"])
def test_the_earliest_and_the_latest_modification_time_are_accepted(
    ground: Ground, modify: str
) -> None:
    """R2: A file with the earliest or the latest possible modification time is applied."""
    # when / then
    assert ftp(ground, {}, {"MLSD": facts(modify=modify)}, people=1).outcomes == ("applied",)


def test_a_file_replaced_over_ftp_while_it_is_read_is_not_applied(ground: Ground) -> None:
    """D4: A file that is replaced while it is read over FTP is not applied."""
    # given
    looks = iter(range(99))

    def listing(line: Line) -> None:
        line.sendall(facts(modify=f"202703010245{next(looks):02}"))

    # when / then
    still_uploading(ftp(ground, {}, {"MLSD": listing}))


@pytest.mark.parametrize("command", ["MLSD", "LIST"])
@pytest.mark.parametrize("case", BAD_NAMES)
def test_a_bad_file_name_over_ftp_does_not_count(ground: Ground, case: str, command: str) -> None:
    """D2: An entry of an FTP listing does not count when its name is a path, is empty or has
    control characters. A name that is too long ends the pick-up."""
    # given
    name = BAD_NAMES[case].decode("utf-8", "surrogateescape")
    line = facts(name) if command == "MLSD" else hostile_ftp.SHOWN.replace(NAME, name).encode()
    sends: dict[str, Send] = {command: line, "NLST": name.encode()}
    acts = dict.fromkeys(("SIZE", "RETR"), hostile_ftp.reset)

    # when
    told = ftp(ground, acts, sends, facts=command == "MLSD")

    # then
    if case == "100 kB":
        unreachable(told, NO_LISTING)
    else:
        no_file(told)


@pytest.mark.parametrize(
    "sends",
    [
        *({"MLSD": facts(kind=kind)} for kind in ("dir", "OS.unix=symlink", "cdir", "pipe", "")),
        # LIST shows that the entry is no regular file, although MLSD says so.
        *({"LIST": sign.encode() + hostile_ftp.SHOWN.encode()[1:]} for sign in "ldpsbc"),
    ],
)
def test_an_entry_that_is_not_a_file_over_ftp_does_not_count(
    ground: Ground, sends: dict[str, Send]
) -> None:
    """D2: An entry does not count when its type in `MLSD` is not `file`, or when `LIST` shows that
    it is not a regular file."""
    # when / then
    no_file(ftp(ground, {"RETR": hostile_ftp.reset}, sends))
