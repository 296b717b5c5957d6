"""A small FTP server, with TLS or without, each act of which a test can replace.

`USUAL` contains the act for each command, and `SENDS` contains the data of each transfer. A test
replaces some of them.
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
# The beginning of a TLS record of the largest length; most of the record is missing.
RECORD = b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb"

Act = Callable[["Session"], None]


class Session:
    """A session with one client."""

    def __init__(self, server: FtpServer, line: Line) -> None:
        self.server = server
        self.line = line
        self.argument = ""
        self.late = ""
        self.encrypts_data = False
        self.listener: socket.socket | None = None
        self.active: tuple[str, int] | None = None

    def reply(self, text: str) -> None:
        """Sends one line."""
        self.line.sendall(f"{text}\r\n".encode("latin-1"))

    def do(self, what: str) -> None:
        """Performs the test's act for `what`, or else the usual act."""
        self.server.acts.get(what, USUAL.get(what, unknown))(self)

    def usually(self, what: str) -> None:
        """Performs the usual act for `what`."""
        USUAL.get(what, unknown)(self)

    def talk(self) -> None:
        """Sends the greeting, and performs one command after the other."""
        if self.server.implicit:
            self.encrypt(self.line)
        self.do("greeting")
        while command := self._command():
            self.server.commands.append(command)
            if self.late:
                self.reply(self.late)
                self.late = ""
            name, _, self.argument = command.partition(" ")
            self.do(name.upper())

    def _command(self) -> str:
        """Returns the next command, or an empty text after the last one.

        Reads byte by byte, so that the bytes after the command stay in the socket.
        """
        heard = b""
        while not heard.endswith(b"\n"):
            if not (byte := self.line.recv(1)):
                return ""
            heard += byte
        return heard.decode("latin-1").strip()

    def encrypt(self, line: Line) -> None:
        """Encrypts the connection from now on."""
        assert self.server.context
        line.sock = self.server.keep(self.server.context.wrap_socket(line.sock, server_side=True))

    def data_line(self) -> Line:
        """Returns a new connection for data."""
        if self.active:
            sock = socket.create_connection(self.active, 5, (self.server.connects_from, 0))
        else:
            assert self.listener
            self.listener.settimeout(5)
            sock = self.listener.accept()[0]
            self.listener.close()
        return Line(self.server.keep(sock), self.server.over)

    def transfer(self, what: str) -> None:
        """Sends the data of the command `what` over a new connection."""
        self.reply(f"150 {MARK}")
        data = self.data_line()
        try:
            if self.encrypts_data:
                self.do_on(data, "data TLS", self.encrypt)
            with suppress(ConnectionError, ssl.SSLError):  # the client closed the connection
                self.send(data, self.server.sends.get(what, SENDS[what]))
            if isinstance(data.sock, ssl.SSLSocket):
                data.sock.settimeout(2)
                with suppress(OSError):
                    data.sock = data.sock.unwrap()
        finally:
            data.sock.close()
        self.do("done")

    def send(self, data: Line, what: Send) -> None:
        """Sends the bytes `what`, or calls the function `what` with the connection."""
        if callable(what):
            what(data)
        else:
            data.sendall(what)

    def do_on(self, data: Line, what: str, usual: Callable[[Line], None]) -> None:
        """Performs the test's act for `what` on a connection for data, or else the usual act."""
        send = self.server.sends.get(what)
        if callable(send):
            send(data)
        else:
            usual(data)


def unknown(session: Session) -> None:
    """Replies that the server does not know the command."""
    session.reply(f"500 {MARK}")


def say(text: str) -> Act:
    """Returns an act that sends a reply."""
    return lambda session: session.reply(text)


def say_nothing(session: Session) -> None:
    """Sends no reply until the test is over."""
    session.line.say_nothing()


def drip(session: Session) -> None:
    """Sends a reply that never ends, byte by byte with pauses."""
    session.line.drip_on(f"211-{MARK}\r\n".encode())


def reset(session: Session) -> None:
    """Ends the connection with a reset."""
    session.line.reset()


def hang_up(session: Session) -> None:
    """Ends the connection."""
    session.line.hang_up()


def flood(text: str) -> Act:
    """Returns an act that sends a text without end."""
    return lambda session: session.line.flood(text.encode() * 500)


def drip_tls(session: Session) -> None:
    """Agrees to TLS, and sends a handshake that never ends, byte by byte with pauses."""
    session.reply("234 Go ahead")
    session.line.drip_on(RECORD + bytes(10_000))


def silent_tls(session: Session) -> None:
    """Agrees to TLS, and then sends nothing."""
    session.reply("234 Go ahead")
    session.line.say_nothing()


def reset_tls(session: Session) -> None:
    """Agrees to TLS, and resets the connection during the handshake."""
    session.reply("234 Go ahead")
    session.line.recv(100)
    session.line.reset()


def hang_up_tls(session: Session) -> None:
    """Agrees to TLS, and ends the connection during the handshake."""
    session.reply("234 Go ahead")
    session.line.recv(100)
    session.line.hang_up()


def encrypt(session: Session) -> None:
    """Encrypts the connection, or replies 502 if the server has no certificate."""
    if session.server.context is None:
        return session.reply(f"502 {MARK}")
    session.reply("234 Go ahead")
    return session.encrypt(session.line)


def encrypt_with(text: str) -> Act:
    """Returns an act that sends `text` in clear before it encrypts the connection.

    An attacker between server and client can insert such a text.
    """

    def act(session: Session) -> None:
        session.reply(f"234 Go ahead\r\n{text}")
        session.encrypt(session.line)

    return act


def protect(session: Session) -> None:
    """Encrypts the connections for data from now on."""
    session.encrypts_data = True
    session.reply("200 Fine")


def listen(session: Session, host: str = "127.0.0.1", announced: str = "127,0,0,1") -> None:
    """Listens for a connection for data, and replies with its address."""
    session.listener = session.server.keep(socket.create_server((host, 0)))
    high, low = divmod(session.listener.getsockname()[1], 256)
    session.reply(f"227 {MARK} ({announced},{high},{low})")


def connect(session: Session) -> None:
    """Takes the address to which the server connects for data."""
    *host, high, low = session.argument.split(",")
    session.active = ".".join(host), int(high) * 256 + int(low)
    session.reply("200 Fine")


def after(text: str) -> Act:
    """Returns an act for `done` that sends `text` after files, and the usual reply otherwise."""

    def act(session: Session) -> None:
        is_file = session.server.commands[-1].startswith("RETR")
        session.reply(text if is_file else f"226 {MARK}")

    return act


def twice(text: str, late: bool) -> Act:
    """Returns an act for `done` that sends a second reply, at once or after the next command."""

    def act(session: Session) -> None:
        session.reply(f"226 {MARK}")
        if late:
            session.late = text
        else:
            session.reply(text)

    return act


def features(session: Session) -> None:
    """Replies with the features of the server."""
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
    "MLSD": lambda session: session.transfer("MLSD") if session.server.facts else unknown(session),
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
    """A server whose acts and data a test can replace."""

    def __init__(
        self,
        acts: dict[str, Act] | None = None,
        sends: dict[str, Send] | None = None,
        *,
        tls: Certificate | None = None,
        implicit: bool = False,
        demands: Callable[[ssl.SSLContext], object] | None = None,
        facts: bool = True,
        connects_from: str = "127.0.0.1",
    ) -> None:
        """Starts the server, which has `MLSD` only with `facts`.

        With `implicit` it encrypts from the first byte. `demands` changes its settings of TLS.
        """
        self.acts = acts or {}
        self.sends = sends or {}
        self.implicit = implicit
        self.facts = facts
        self.connects_from = connects_from
        self.commands: list[str] = []
        self.context: ssl.SSLContext | None = None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(tls.cert, tls.key)
            if demands:
                demands(self.context)
        super().__init__(lambda line: Session(self, line).talk())


def flood_data(data: bytes) -> Send:
    """Returns a function that sends data without end."""
    return lambda line: line.flood(data)


def in_pieces(lines: Iterable[bytes]) -> Send:
    """Returns a function that sends lines while they are made."""

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
    """Returns a socket that neither accepts nor refuses a client, and the clients in its queue.

    The queue of waiting clients is full, and therefore the machine does not answer a new client.
    """
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    waiting: list[Any] = []
    for _ in range(3):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(listener.getsockname())
        waiting.append(sock)
    return listener, waiting
