"""A small FTP server, with TLS or without, that does something else wherever a test wants it to.

It is a script: what it does for each command, and on the connections for data, stands in `USUAL`,
and a test puts something else in its place.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from tests.adapters.certificates import Certificate
from tests.adapters.hostile import CONTENT, MARK, NAME, Line, Server

FACTS = f"type=file;size={len(CONTENT)};modify=20270301024500; {NAME}\r\n"
SHOWN = f"-rw-r--r-- 1 owner group {len(CONTENT)} Mar  1 02:45 {NAME}\r\n"
# A TLS record as long as there are any, most of which is missing.
RECORD = b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb"

Act = Callable[["Session"], None]


class Session:
    """A conversation with a client."""

    def __init__(self, server: FtpServer, line: Line) -> None:
        self.server = server
        self.line = line
        self.argument = ""
        self.encrypts_data = False
        self.listener: socket.socket | None = None
        self.active: tuple[str, int] | None = None

    def reply(self, text: str) -> None:
        """Says something."""
        self.line.sendall(f"{text}\r\n".encode("latin-1"))

    def do(self, what: str) -> None:
        """What the test wants, or what is usual."""
        self.server.acts.get(what, USUAL.get(what, unknown))(self)

    def usually(self, what: str) -> None:
        """What is usual."""
        USUAL.get(what, unknown)(self)

    def talk(self) -> None:
        """Greets, and obeys one command after the other."""
        self.do("greeting")
        while command := self._command():
            self.server.commands.append(command)
            name, _, self.argument = command.partition(" ")
            self.do(name.upper())

    def _command(self) -> str:
        """Byte by byte: nothing is taken from what comes after."""
        heard = b""
        while not heard.endswith(b"\n"):
            if not (byte := self.line.recv(1)):
                return ""
            heard += byte
        return heard.decode("latin-1").strip()

    def encrypt(self, line: Line) -> None:
        """Goes on encrypted."""
        assert self.server.context
        line.sock = self.server.keep(self.server.context.wrap_socket(line.sock, server_side=True))

    def data_line(self) -> Line:
        """A connection for data."""
        if self.active:
            sock = socket.create_connection(self.active, 5, (self.server.connects_from, 0))
        else:
            assert self.listener
            self.listener.settimeout(5)
            sock = self.listener.accept()[0]
            self.listener.close()
        return Line(self.server.keep(sock), self.server.over)

    def transfer(self, what: str) -> None:
        """Sends what `what` is about over a connection for data."""
        self.reply(f"150 {MARK}")
        data = self.data_line()
        try:
            if self.encrypts_data:
                self.do_on(data, "data TLS", self.encrypt)
            with suppress(ConnectionError, ssl.SSLError):  # the client has enough
                self.send(data, self.server.sends.get(what, SENDS[what]))
            if isinstance(data.sock, ssl.SSLSocket):
                data.sock.settimeout(2)
                with suppress(OSError):
                    data.sock = data.sock.unwrap()
        finally:
            data.sock.close()
        self.do("done")

    def send(self, data: Line, what: Send) -> None:
        """Sends data, or does what a test wants."""
        if callable(what):
            what(data)
        else:
            data.sendall(what)

    def do_on(self, data: Line, what: str, usual: Callable[[Line], None]) -> None:
        """What the test wants on a connection for data, or what is usual."""
        send = self.server.sends.get(what)
        if callable(send):
            send(data)
        else:
            usual(data)


def unknown(session: Session) -> None:
    """A command that the server does not have."""
    session.reply(f"500 {MARK}")


def say(text: str) -> Act:
    """A reply."""
    return lambda session: session.reply(text)


def say_nothing(session: Session) -> None:
    """No reply."""
    session.line.say_nothing()


def drip(session: Session) -> None:
    """A reply that never ends, of which a byte comes now and then."""
    session.line.drip_on(f"211-{MARK}\r\n".encode())


def reset(session: Session) -> None:
    """No more connection."""
    session.line.reset()


def hang_up(session: Session) -> None:
    """No more connection."""
    session.line.hang_up()


def flood(text: str) -> Act:
    """A text without end."""
    return lambda session: session.line.flood(text.encode() * 500)


def drip_tls(session: Session) -> None:
    """An encrypted connection that never begins, of which a byte comes now and then."""
    session.reply("234 Go ahead")
    session.line.drip_on(RECORD + bytes(10_000))


def silent_tls(session: Session) -> None:
    """An encrypted connection that never begins."""
    session.reply("234 Go ahead")
    session.line.say_nothing()


def reset_tls(session: Session) -> None:
    """An encrypted connection that ends before it begins."""
    session.reply("234 Go ahead")
    session.line.recv(100)
    session.line.reset()


def hang_up_tls(session: Session) -> None:
    """An encrypted connection that ends before it begins."""
    session.reply("234 Go ahead")
    session.line.recv(100)
    session.line.hang_up()


def encrypt(session: Session) -> None:
    """An encrypted connection, if there is a certificate to show."""
    if session.server.context is None:
        return session.reply(f"502 {MARK}")
    session.reply("234 Go ahead")
    return session.encrypt(session.line)


def encrypt_with(text: str) -> Act:
    """An encrypted connection, before which somebody on the way says more."""

    def act(session: Session) -> None:
        session.reply(f"234 Go ahead\r\n{text}")
        session.encrypt(session.line)

    return act


def protect(session: Session) -> None:
    """Data will be encrypted."""
    session.encrypts_data = True
    session.reply("200 Fine")


def listen(session: Session, host: str = "127.0.0.1", announced: str = "127,0,0,1") -> None:
    """Tells where data comes from."""
    session.listener = session.server.keep(socket.create_server((host, 0)))
    high, low = divmod(session.listener.getsockname()[1], 256)
    session.reply(f"227 {MARK} ({announced},{high},{low})")


def connect(session: Session) -> None:
    """Is told where to connect to."""
    *host, high, low = session.argument.split(",")
    session.active = ".".join(host), int(high) * 256 + int(low)
    session.reply("200 Fine")


def features(session: Session) -> None:
    """Tells what it has."""
    facts = " MLST type*;size*;modify*;\r\n" if session.server.facts else ""
    session.reply(f"211-{MARK}\r\n{facts}211 End")


USUAL: dict[str, Act] = {
    "greeting": say(f"220 {MARK}"),
    "AUTH": encrypt,
    "PBSZ": say("200 Fine"),
    "PROT": protect,
    "USER": say(f"331 {MARK}"),
    "PASS": say(f"230 {MARK}"),
    "FEAT": features,
    "OPTS": say("200 Fine"),
    "TYPE": say("200 Fine"),
    "CWD": say(f"250 {MARK}"),
    "PWD": say(f'257 "/outgoing" {MARK}'),
    "PASV": listen,
    "PORT": connect,
    "MLSD": lambda session: session.transfer("MLSD"),
    "LIST": lambda session: session.transfer("LIST"),
    "NLST": lambda session: session.transfer("NLST"),
    "RETR": lambda session: session.transfer("RETR"),
    "SIZE": say(f"213 {len(CONTENT)}"),
    "MDTM": say("213 20270301024500"),
    "done": say(f"226 {MARK}"),
}
Send = bytes | Callable[[Line], None]
SENDS: dict[str, bytes] = {
    "MLSD": FACTS.encode(),
    "LIST": SHOWN.encode(),
    "NLST": f"{NAME}\r\n".encode(),
    "RETR": CONTENT,
}


class FtpServer(Server):
    """A server that does what a test wants, where it wants it."""

    def __init__(
        self,
        acts: dict[str, Act] | None = None,
        sends: dict[str, Send] | None = None,
        *,
        tls: Certificate | None = None,
        facts: bool = True,
        connects_from: str = "127.0.0.1",
    ) -> None:
        """Without `facts` it has no `MLSD`."""
        self.acts = acts or {}
        self.sends = sends or {}
        self.facts = facts
        self.connects_from = connects_from
        self.commands: list[str] = []
        self.context: ssl.SSLContext | None = None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(tls.cert, tls.key)
        super().__init__(lambda line: Session(self, line).talk())


def flood_data(data: bytes) -> Send:
    """Data without end."""
    return lambda line: line.flood(data)


def in_pieces(lines: Iterable[bytes]) -> Send:
    """Data that is made while it is sent."""

    def send(line: Line) -> None:
        waiting: list[bytes] = []
        for each in lines:
            waiting.append(each)
            if len(waiting) > 500:
                line.sendall(b"".join(waiting))
                waiting.clear()
        line.sendall(b"".join(waiting))

    return send


def deaf() -> tuple[socket.socket, list[socket.socket]]:
    """A port on which nobody answers, not even to say that nobody is there.

    The queue of who waits to be let in is full, and so the machine answers no one.
    """
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    waiting: list[Any] = []
    for _ in range(3):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(listener.getsockname())
        waiting.append(sock)
    return listener, waiting
