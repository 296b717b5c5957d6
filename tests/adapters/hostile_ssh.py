"""An SSH server with a small SFTP server, each answer of which a test can replace.

paramiko follows the protocol, except for one message. In place of that message the server performs
an act of the test.
"""

from __future__ import annotations

import stat
import struct
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple

import paramiko
from paramiko.common import (
    MSG_CHANNEL_DATA,
    MSG_CHANNEL_EXTENDED_DATA,
    MSG_DISCONNECT,
    MSG_EXT_INFO,
    MSG_IGNORE,
    MSG_KEXINIT,
    MSG_USERAUTH_BANNER,
    MSG_USERAUTH_INFO_REQUEST,
    cMSG_GLOBAL_REQUEST,
)
from paramiko.sftp import (
    CMD_ATTRS,
    CMD_CLOSE,
    CMD_DATA,
    CMD_FSTAT,
    CMD_HANDLE,
    CMD_INIT,
    CMD_LSTAT,
    CMD_NAME,
    CMD_OPEN,
    CMD_OPENDIR,
    CMD_READ,
    CMD_READDIR,
    CMD_REALPATH,
    CMD_STAT,
    CMD_STATUS,
    CMD_VERSION,
)

from tests.adapters.hostile import BYTE, CONTENT, MARK, NAME, PASSWORD, USER, Line, Server

MANY = 2**32 - 1
EOF_CODE, NO_FILE_CODE, DENIED_CODE, FAILURE_CODE, UNSUPPORTED_CODE = 1, 2, 3, 4, 8
FILE, LINK, FIFO, FOLDER = (
    kind | 0o644 for kind in (stat.S_IFREG, stat.S_IFLNK, stat.S_IFIFO, stat.S_IFDIR)
)


# The transport


Act = Callable[["Transport", bytes], None]


class Transport(paramiko.Transport):
    """A transport that performs `act` in place of the first message of the kind `at`."""

    def __init__(self, line: Line, at: int | None, act: Act | None) -> None:
        super().__init__(line)  # type: ignore[arg-type]
        self.line = line
        self.mute = False
        self._at, self._act = at, act

    def _send_message(self, data: Any) -> None:
        raw = data.asbytes()
        if raw[0] == self._at and self._act:
            act, self._act = self._act, None
            act(self, raw)
        else:
            self.send_raw(raw)

    def send_raw(self, data: bytes) -> None:
        """Sends a message, unless the transport is mute."""
        if not self.mute:
            super()._send_message(paramiko.Message(data))  # type: ignore[misc]

    def flood_with(self, message: bytes) -> None:
        """Sends a message again and again until the connection ends."""
        while not self.line.over.is_set() and self.is_active():
            self.send_raw(message)


def say_nothing(transport: Transport, message: bytes) -> None:
    """Makes the transport mute, so that it sends nothing more."""
    transport.mute = True


def drip(transport: Transport, message: bytes) -> None:
    """Sends the message and then single bytes without end, each after a pause."""
    transport.line.slow = True
    transport.send_raw(message)
    with suppress(OSError):  # the client closed the connection
        transport.line.drip_on()


def reset(transport: Transport, message: bytes) -> None:
    """Ends the connection with a reset."""
    transport.line.reset()


def hang_up(transport: Transport, message: bytes) -> None:
    """Ends the connection."""
    transport.line.hang_up()


def disconnect(transport: Transport, message: bytes) -> None:
    """Ends the connection with the disconnect message of the protocol, and a reason."""
    transport.send_raw(struct.pack(">BI", MSG_DISCONNECT, 2) + string(MARK) + string(""))


def instead(*messages: bytes) -> Act:
    """Returns an act that sends other messages."""

    def act(transport: Transport, message: bytes) -> None:
        for each in messages:
            transport.send_raw(each)

    return act


def before(first: bytes) -> Act:
    """Returns an act that sends another message first."""
    return lambda transport, message: instead(first, message)(transport, b"")


def flood(message: bytes) -> Act:
    """Returns an act that sends another message without end."""
    return lambda transport, _: transport.flood_with(message)


def announce(transport: Transport, message: bytes) -> None:
    """Announces a packet of 4 GiB; with this cipher the length of a packet is not encrypted."""
    transport.line.flood(b"\xff" * 65536)


def string(text: str | bytes) -> bytes:
    """Returns a text in the format of SSH: its length in 4 bytes, then its bytes."""
    data = text.encode() if isinstance(text, str) else text
    return struct.pack(">I", len(data)) + data


PROMISES = struct.pack(">BI", MSG_EXT_INFO, MANY) + string(MARK) + string(MARK)
BANNER = bytes([MSG_USERAUTH_BANNER]) + string(f"{MARK}\r\n" * 3000) + string("")
PADDING = bytes([MSG_IGNORE]) + string(MARK * 4000)
QUESTION = cMSG_GLOBAL_REQUEST + string(f"{MARK}@example.com") + b"\x01"
PROMPTS = bytes([MSG_USERAUTH_INFO_REQUEST]) + string(MARK) * 2 + string("") + b"\xff" * 4
NEW_KEYS = bytes([MSG_KEXINIT]) + b"\0" * 16 + string(MARK) * 10 + b"\0" * 5
NO_ALGORITHMS = bytes([MSG_KEXINIT]) + b"\0" * 16 + string(f"{MARK}\x1b[2J,") * 10 + b"\0" * 5


def signatures(names: bytes) -> bytes:
    """Returns the message by which a server tells which signatures it accepts."""
    return struct.pack(">BI", MSG_EXT_INFO, 1) + string("server-sig-algs") + string(names)


def data_beyond(kind: int) -> bytes:
    """Returns a message with data on the first channel, as output or as errors."""
    code = struct.pack(">I", 1) if kind == MSG_CHANNEL_EXTENDED_DATA else b""
    return struct.pack(">BI", kind, 0) + code + string(MARK.encode() * 4000)


OUTPUT, ERRORS = data_beyond(MSG_CHANNEL_DATA), data_beyond(MSG_CHANNEL_EXTENDED_DATA)


class Door(paramiko.ServerInterface):
    """The rules for the log-in: the methods, and the user and password that are accepted."""

    def __init__(self, methods: str, answers: bool) -> None:
        self._methods, self._answers = methods, answers

    def get_allowed_auths(self, username: str) -> str:
        return self._methods

    def check_auth_password(self, username: str, password: str) -> int:
        known = "password" in self._methods and (username, password) == (USER, PASSWORD)
        return paramiko.AUTH_SUCCESSFUL if known else paramiko.AUTH_FAILED

    def check_auth_interactive(self, username: str, submethods: str) -> Any:
        return paramiko.InteractiveQuery(MARK, MARK, MARK)

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED if self._answers else 1

    def check_channel_direct_tcpip_request(self, chanid: int, origin: Any, destination: Any) -> int:
        return self.check_channel_request("direct-tcpip", chanid)

    def check_channel_subsystem_request(self, channel: paramiko.Channel, name: str) -> bool:
        return super().check_channel_subsystem_request(channel, name)


# SFTP


class Ask(NamedTuple):
    """A request: its number, its content, and the SFTP server that received it."""

    number: bytes
    body: bytes
    sftp: Sftp

    @property
    def wanted(self) -> tuple[int, int]:
        """Returns the offset and the number of bytes of a request to read."""
        offset, size = struct.unpack(">QI", self.body[-12:])
        return offset, size


Answer = Callable[[Ask], Iterable[bytes]]


def packet(kind: int, *parts: bytes) -> bytes:
    """Returns an SFTP packet."""
    content = b"".join(parts)
    return struct.pack(">IB", len(content) + 1, kind) + content


def status(ask: Ask, code: int) -> bytes:
    """Returns a status answer: success, or an error code."""
    return packet(CMD_STATUS, ask.number, struct.pack(">I", code), string(MARK), string(""))


def attributes(
    size: int | None = len(CONTENT), mode: int | None = FILE, modified: int | None = 1
) -> bytes:
    """Returns the attributes of a file in the format of SFTP, without those that are `None`."""
    flags, packed = 0, b""
    for flag, form, values in ((1, ">Q", [size]), (4, ">I", [mode]), (8, ">II", [1, modified])):
        if None not in values:
            flags, packed = flags | flag, packed + struct.pack(form, *values)
    return struct.pack(">I", flags) + packed


EXTENDED = struct.pack(">II", 0x80000000, MANY)


def names(ask: Ask, *entries: tuple[bytes, bytes], number: int | None = None) -> bytes:
    """Returns an answer with directory entries; `number` replaces their right number."""
    listed = b"".join(string(name) + string(MARK) + about for name, about in entries)
    count = len(entries) if number is None else number
    return packet(CMD_NAME, ask.number, struct.pack(">I", count), listed)


def content(data: bytes = CONTENT) -> Answer:
    """Returns a function that answers requests to read from `data`."""

    def answer(ask: Ask) -> Iterable[bytes]:
        offset, size = ask.wanted
        piece = data[offset : offset + size]
        yield packet(CMD_DATA, ask.number, string(piece)) if piece else status(ask, EOF_CODE)

    return answer


def listing(*entries: tuple[bytes, bytes]) -> Answer:
    """Returns a function that answers with the entries, and then with the end."""

    def answer(ask: Ask) -> Iterable[bytes]:
        ask.sftp.listed = not ask.sftp.listed
        yield names(ask, *entries) if ask.sftp.listed else status(ask, EOF_CODE)

    return answer


def at_most(number: int, otherwise: Answer, data: bytes) -> Answer:
    """Returns a function that answers requests to read from `data` while not more than `number` of
    them wait, and answers by `otherwise` if more do."""
    reading = content(data)
    return lambda ask: (otherwise if ask.sftp.waiting() >= number else reading)(ask)


def always(make: Callable[[Ask], bytes]) -> Answer:
    """Returns a function that makes one answer for each request."""
    return lambda ask: [make(ask)]


def refuse(code: int) -> Answer:
    """Returns a function that answers with the status `code`."""
    return always(lambda ask: status(ask, code))


def then(answer: Answer, act: Callable[[Transport], None]) -> Answer:
    """Returns a function that answers, and then performs `act` in a thread."""

    def both(ask: Ask) -> Iterable[bytes]:
        yield from answer(ask)
        threading.Thread(target=_quietly, args=(act, ask.sftp.line_of), daemon=True).start()

    return both


def _quietly(act: Callable[[Transport], None], transport: Transport) -> None:
    with suppress(OSError, EOFError, paramiko.SSHException):
        act(transport)


def stop_talking(ask: Ask) -> Iterable[bytes]:
    """Waits until the test is over, and returns no answer."""
    ask.sftp.over.wait(60)
    return []


def drip_answer(ask: Ask) -> Iterable[bytes]:
    """Yields an answer byte by byte, with pauses."""
    for byte in packet(CMD_STATUS, ask.number, b"\0" * 1000):
        yield bytes([byte])
        if ask.sftp.over.wait(BYTE):
            return


def drip_below(ask: Ask) -> Iterable[bytes]:
    """Yields an answer whose encrypted bytes are sent one by one, with pauses."""
    ask.sftp.line_of.line.slow = True
    yield packet(CMD_STATUS, ask.number, b"\0" * 1000)


def reset_instead(ask: Ask) -> Iterable[bytes]:
    """Ends the connection with a reset, in place of an answer."""
    ask.sftp.line_of.line.reset()
    return []


def hang_up_instead(ask: Ask) -> Iterable[bytes]:
    """Ends the connection, in place of an answer."""
    ask.sftp.line_of.line.hang_up()
    return []


USUAL: dict[int, Answer] = {
    CMD_INIT: lambda ask: [packet(CMD_VERSION, struct.pack(">I", 3))],
    CMD_OPENDIR: always(lambda ask: packet(CMD_HANDLE, ask.number, string("folder"))),
    CMD_READDIR: listing((NAME.encode(), attributes())),
    CMD_OPEN: always(lambda ask: packet(CMD_HANDLE, ask.number, string("file"))),
    CMD_FSTAT: always(lambda ask: packet(CMD_ATTRS, ask.number, attributes())),
    CMD_READ: content(),
    CMD_CLOSE: refuse(0),
    **dict.fromkeys((CMD_LSTAT, CMD_STAT, CMD_REALPATH), refuse(UNSUPPORTED_CODE)),
}


class Sftp(paramiko.SubsystemHandler):
    """A small SFTP server that answers one request after the other."""

    def __init__(
        self,
        channel: paramiko.Channel,
        name: str,
        server: paramiko.ServerInterface,
        answers: dict[int, Answer],
        over: threading.Event,
    ) -> None:
        super().__init__(channel, name, server)
        self.daemon = True
        self.listed = False
        self.over = over
        self.line_of: Any = channel.get_transport()
        self._answers = USUAL | answers
        self._channel = channel
        self._received = b""

    def waiting(self) -> int:
        """Returns the number of requests that arrive in a moment, besides the present one."""
        self.over.wait(0.005)
        while self._channel.recv_ready():
            self._received += self._channel.recv(65_536)
        number, left = 0, self._received
        while len(left) > 4:
            number, left = number + 1, left[4 + int.from_bytes(left[:4]) :]
        return number

    def start_subsystem(self, name: str, transport: Any, channel: paramiko.Channel) -> None:
        with suppress(OSError, EOFError, struct.error):
            while True:
                size, kind = struct.unpack(">IB", self._read(5))
                body = self._read(size - 1)
                for part in self._answers[kind](Ask(body[:4], body[4:], self)):
                    channel.sendall(part)

    def _read(self, size: int) -> bytes:
        while len(self._received) < size:
            data = self._channel.recv(65_536)
            if not data:
                raise EOFError
            self._received += data
        data, self._received = self._received[:size], self._received[size:]
        return data


# The server


@cache
def host_key() -> paramiko.PKey:
    """Returns the host key that all of these servers show."""
    return paramiko.ECDSAKey.generate()


class SshServer(Server):
    """A server whose answers and messages a test can replace."""

    def __init__(
        self,
        answers: dict[int, Answer] | None = None,
        *,
        at: int | None = None,
        act: Act | None = None,
        methods: str = "password",
        sessions: bool = True,
        offers: dict[str, tuple[str, ...]] | None = None,
    ) -> None:
        self._answers = answers or {}
        self._at, self._act = at, act
        self._door = Door(methods, sessions)
        self._offers = offers or {}
        super().__init__(self._talk_ssh)

    def _talk_ssh(self, line: Line) -> None:
        transport = Transport(line, self._at, self._act)
        for kind, offered in self._offers.items():
            setattr(transport, f"_preferred_{kind}", offered)
        transport.add_server_key(host_key())
        transport.set_subsystem_handler("sftp", Sftp, self._answers, self.over)
        try:
            transport.start_server(event=threading.Event(), server=self._door)
            while transport.is_alive() and not self.over.wait(0.02):
                pass
        finally:
            line.slow = False
            transport.close()
            transport.packetizer.complete_handshake()
            with suppress(RuntimeError):
                transport.join(10)
