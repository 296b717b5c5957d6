"""SSH connections: to the right server, from the right address, and with an end to every wait.

Sentences about failures name the setting to look at. They are written here: neither what a server
says nor the text of a foreign error is passed on, since it could quote anything.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Set
from contextlib import suppress
from io import StringIO
from typing import TYPE_CHECKING

import paramiko
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from adapters.sources.sftp_client import SftpClient, SftpDirectory, explained, kind_of
from adapters.sources.source import SourceUnreachable

if TYPE_CHECKING:
    from adapters.sources.sftp import SftpSource

# Seconds. A server that is there answers in one or two; these leave room for a bad line, and keep
# a dead one from holding up the companies after it (R6).
CONNECT = 20.0
GREETING = 20.0  # its first line
HANDSHAKE = 30.0  # from there to an encrypted connection
LOG_IN = 30.0  # directories behind it may be slow to say yes
SESSION = 30.0  # to open the SFTP session
SILENCE = 60.0  # between two answers; a disk may have to wake up
# From log-in to the end: the largest file by default takes two hours at 75 kB/s.
WHOLE = 7200.0

# paramiko reports in logs what it also raises; without a handler Python prints that.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


_Key = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Connection:
    """An encrypted connection to a server that is not trusted yet."""

    def __init__(self, sock: socket.socket, transport: paramiko.Transport) -> None:
        self._socket = sock
        self._transport = transport
        self._watchdog: threading.Timer | None = None
        key = transport.get_remote_server_key()
        self.fingerprint = key.fingerprint
        self.key_type = key.get_name()
        self.address = str(sock.getpeername()[0])

    def close(self) -> None:
        """Ends the connection, whatever state it is in."""
        if self._watchdog:
            self._watchdog.cancel()
        _close(self._socket, self._transport)

    def log_in(self, source: SftpSource) -> None:
        """Logs in with the one secret that is configured: no agent, no keys of this machine.

        Raises `SourceUnreachable`.
        """
        problem = self._refusal(source)
        if problem:
            raise SourceUnreachable(problem)

    def _refusal(self, source: SftpSource) -> str:
        """Why the server does not let us in, as a text: an error's context may hold secrets."""
        if source.private_key:
            setting, key = "private_key", _private_key(source)
        else:
            assert source.password  # noqa: S101 - the configuration has one of the two
            setting, key = "password", None
            password = source.password.read("password")
        self._transport.auth_timeout = LOG_IN
        who = f"{source.host} does not let {source.username} in"
        try:
            if key:
                more = self._transport.auth_publickey(source.username, key)
            else:
                more = self._transport.auth_password(source.username, password)
        except paramiko.BadAuthenticationType as error:
            known = ("password", "publickey", "keyboard-interactive")
            wanted = " or ".join(each for each in known if each in error.allowed_types)
            return f"{who} by `{setting}`, only by {wanted or 'other means'}"
        except paramiko.AuthenticationException as error:
            if "timeout" in str(error).lower():
                return f"{source.host} did not answer the log-in within {LOG_IN:g} seconds"
            return f"{who}; check `username` and `{setting}`"
        except Exception as error:
            return f"{source.host} ended the log-in of {source.username} ({kind_of(error)})"
        if more or not self._transport.is_authenticated():
            return f"{who} by `{setting}` alone; it asks for more than one proof"
        return ""

    def open_directory(self, source: SftpSource) -> SftpDirectory:
        """The customer's directory. Raises `SourceUnreachable`."""
        self._close_after(SESSION)  # the answer to the subsystem request is waited for without end
        with explained(f"{source.host} gives {source.username} no SFTP session", "`username`"):
            channel = self._transport.open_session(timeout=SESSION)
            channel.settimeout(SILENCE)
            channel.invoke_subsystem("sftp")
            client = SftpClient(channel)
        self._close_after(WHOLE)
        return SftpDirectory(client, source.host, source.directory, source.pattern)

    def _close_after(self, seconds: float) -> None:
        if self._watchdog:
            self._watchdog.cancel()
        self._watchdog = threading.Timer(seconds, _close, (self._socket, self._transport))
        self._watchdog.daemon = True
        self._watchdog.start()


def connect(source: SftpSource) -> Connection:
    """A connection on which the server shows the pinned key, if it has that; else its first.

    A server may have keys of several types and shows one of those that it is asked for: it is
    asked again without the types it has shown. Raises `SourceUnreachable` where there is no
    connection at all.
    """
    first = _connect(source, frozenset())
    if source.host_key in (None, first.fingerprint):
        return first
    shown = {_family(first.key_type)}
    while True:
        try:
            other = _connect(source, shown)
        except SourceUnreachable:
            return first
        if other.fingerprint == source.host_key:
            first.close()
            return other
        other.close()
        if _family(other.key_type) in shown:
            return first
        shown.add(_family(other.key_type))


def require_pinned(source: SftpSource, connection: Connection) -> None:
    """Raises `SourceUnreachable` unless the server shows the key that is pinned."""
    shown = connection.fingerprint
    if not source.host_key:
        raise SourceUnreachable(
            f"the server's host key is not pinned; it shows {shown}: ask the customer whether it "
            "is theirs, and set `host_key`"
        )
    if shown != source.host_key:
        raise SourceUnreachable(
            f"the server's host key is not the pinned one: `host_key` is {source.host_key}, it "
            f"shows {shown}; ask the customer whether they changed it before you do"
        )


def _connect(source: SftpSource, without: Set[str]) -> Connection:
    """One connection, up to and with the server's key; of no type in `without`."""
    sock = _open_socket(source)
    transport: paramiko.Transport | None = None
    try:
        where = f"{source.host} port {source.port}"
        with explained(f"{where} does not greet as an SSH server does", "`host` and `port`"):
            transport = paramiko.Transport(sock)
            transport.banner_timeout = GREETING
            transport.handshake_timeout = HANDSHAKE
            options = transport.get_security_options()
            options.key_types = [each for each in options.key_types if _family(each) not in without]
            transport.start_client(timeout=GREETING + HANDSHAKE)
            return Connection(sock, transport)
    except BaseException:
        _close(sock, transport)
        raise


def _open_socket(source: SftpSource) -> socket.socket:
    where = f"{source.host} port {source.port}"
    local = (source.bind, 0) if source.bind else None
    try:
        return socket.create_connection((source.host, source.port), CONNECT, local)
    except (socket.gaierror, UnicodeError) as error:
        also = " and `bind`" if source.bind else ""
        raise SourceUnreachable(
            f"the name {source.host} leads to no address; check `host`{also}"
        ) from error
    except TimeoutError as error:
        raise SourceUnreachable(
            f"{where} does not answer within {CONNECT:g} seconds; check `host` and `port`, and "
            "whether the customer has allowed our address"
        ) from error
    except OSError as error:
        also = ", `port` and `bind`" if source.bind else " and `port`"
        raise SourceUnreachable(
            f"{where} cannot be reached ({error.strerror or kind_of(error)}); check `host`{also}"
        ) from error


def _close(sock: socket.socket, transport: paramiko.Transport | None) -> None:
    """Closes both: an inactive transport leaves its socket open.

    And the timer of a handshake that failed, which would keep a process from ending.
    """
    with suppress(Exception):
        if transport:
            transport.close()
            transport.packetizer.complete_handshake()
    sock.close()


def _family(key_type: str) -> str:
    """What stands for one key of a server: RSA keys go by several names."""
    return "rsa" if "rsa" in key_type else key_type


def _private_key(source: SftpSource) -> paramiko.PKey:
    """The key to log in with. Raises `SourceUnreachable`."""
    assert source.private_key  # noqa: S101 - asked for only where there is one
    text = source.private_key.read("private_key")
    passphrase = source.passphrase.read("passphrase") if source.passphrase else None
    key, problem = _parsed(text, passphrase)
    if key is None:
        raise SourceUnreachable(problem)
    return key


def _parsed(text: str, passphrase: str | None) -> tuple[paramiko.PKey | None, str]:
    """The key in a text, or why there is none; never an error, whose context would hold it."""
    data, password = text.encode(), passphrase.encode() if passphrase else None
    try:
        if "BEGIN OPENSSH PRIVATE KEY" in text:
            loaded: object = serialization.load_ssh_private_key(data, password)
        else:
            loaded = serialization.load_pem_private_key(data, password)
    except TypeError:
        if passphrase:
            return None, "`private_key` is not encrypted; leave out `passphrase`"
        return None, "`private_key` is encrypted; set `passphrase`"
    except Exception:  # whatever a file holds that is no key
        hint = "check `passphrase` and whether" if passphrase else "check whether"
        return None, f"`private_key` cannot be read; {hint} it is a key in OpenSSH or PEM format"
    kinds: tuple[tuple[type[_Key], type[paramiko.PKey]], ...] = (
        (ed25519.Ed25519PrivateKey, paramiko.Ed25519Key),
        (ec.EllipticCurvePrivateKey, paramiko.ECDSAKey),
        (rsa.RSAPrivateKey, paramiko.RSAKey),
    )
    for kind, key in kinds:
        if isinstance(loaded, kind):
            with suppress(Exception):  # a curve that SSH does not know
                return key.from_private_key(StringIO(_plain(loaded))), ""
    return None, "`private_key` is of a type that is not supported: use Ed25519, ECDSA or RSA"


def _plain(loaded: _Key) -> str:
    """A key in the one format that paramiko reads for all types."""
    return loaded.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    ).decode()
