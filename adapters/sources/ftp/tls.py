"""The TLS of FTP: which servers are trusted, the handshake, and why it fails."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import NamedTuple

from adapters.secrets import read_regular
from adapters.sources.ftp.session import Session
from adapters.sources.source import SourceUnreachable

_ASK_FOR_CA_FILE = "ask the customer whether it is theirs, and for a file to set as `ca_file`"


class Encryption(NamedTuple):
    """How the connections with a server are encrypted.

    `context` verifies the certificate. With `implicit`, both sides encrypt from the first byte;
    otherwise the client asks for TLS.
    """

    context: ssl.SSLContext
    implicit: bool

    def encrypt(
        self, sock: socket.socket, session: Session, resumed: ssl.SSLSession | None = None
    ) -> ssl.SSLSocket:
        """Encrypts a connection and verifies the server. Raises `SourceUnreachable`.

        A data connection has `resumed`, the TLS session of the control connection: many servers
        require that, as a proof that both have the same client. A failure there is not due to a
        setting.
        """
        what, seconds = f"no encrypted connection with {session.host}", session.timeouts.handshake
        settings = f"`port` and `{'implicit' if self.implicit else 'protocol'}`"
        with session.stage(what, seconds, settings, known=bool(resumed)):
            session.sockets.forget(sock)
            encrypted = self.context.wrap_socket(
                sock, server_hostname=session.host, session=resumed, do_handshake_on_connect=False
            )
            session.sockets.keep(encrypted)
            _shake_hands(encrypted, session.host)
        return encrypted


def _shake_hands(sock: ssl.SSLSocket, host: str) -> None:
    try:
        sock.do_handshake()
    except ssl.SSLCertVerificationError as error:
        raise SourceUnreachable(_distrust(host, error.verify_code)) from error
    except ssl.SSLError as error:
        check_client_certificate(error, host)
        if error.reason == "SSLV3_ALERT_HANDSHAKE_FAILURE":
            # TLS 1.2 has one alert for two problems. The cipher is agreed on at the beginning, and
            # the client's certificate is asked for afterwards.
            raise (_no_client_certificate(host) if sock.cipher() else _too_old(host)) from error
        if error.reason in ("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION"):
            raise _too_old(host) from error
        raise


def check_client_certificate(error: ssl.SSLError, host: str) -> None:
    """Raises `SourceUnreachable` if the server refuses a client that has no certificate.

    With TLS 1.3, this alert comes after the handshake. Every alert about a certificate is about the
    client's, because the server knows no other one that it could refuse.
    """
    reason = error.reason or ""
    if "ALERT" in reason and "CERTIFICATE" in reason:
        raise _no_client_certificate(host) from error


def _no_client_certificate(host: str) -> SourceUnreachable:
    return SourceUnreachable(
        f"{host} asks for a client certificate, which Tenure does not have; ask the customer to "
        "allow a log-in without one"
    )


def _too_old(host: str) -> SourceUnreachable:
    return SourceUnreachable(
        f"{host} supports no encryption that is safe today, which needs TLS 1.2 or newer; ask the "
        "customer to update their server"
    )


def trust_in(ca_file: Path | None) -> ssl.SSLContext:
    """Returns the TLS context that verifies a server. Raises `SourceUnreachable`.

    `ca_file` may contain an issuer, or the certificate of the server itself. Its certificates are
    trusted without the strict checks that newer versions of Python add.
    """
    context = ssl.create_default_context() if ca_file is None else _context_of(ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _context_of(ca_file: Path) -> ssl.SSLContext:
    """Returns a context that trusts the certificates in a file. Raises `SourceUnreachable`."""
    data, problem = read_regular(ca_file)
    text = data.decode("ascii", "ignore")  # certificates are ASCII; other text is a comment
    try:
        # Without a certificate, Python would trust the issuers of the system.
        if not problem and "-----BEGIN" in text:
            return ssl.create_default_context(cadata=text)
    except (ssl.SSLError, ValueError):
        pass
    problem = problem or "holds no certificate"
    raise SourceUnreachable(f"the file {ca_file}, which `ca_file` names, {problem}")


def describe_certificate(sock: ssl.SSLSocket, host: str) -> str:
    """Returns words for the verified certificate: host, issuer, and end of validity."""
    from cryptography import x509

    try:
        certificate = x509.load_der_x509_certificate(sock.getpeercert(binary_form=True) or b"")
        names = (x509.NameOID.ORGANIZATION_NAME, x509.NameOID.COMMON_NAME)
        issuer = [
            str(attribute.value)
            for oid in names
            for attribute in certificate.issuer.get_attributes_for_oid(oid)
        ]
        until = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
    except ValueError:
        return f"is for {host}, and trusted"
    by = f", issued by {_printable(' '.join(issuer))}" if issuer else ""
    return f"is for {host}{by}, valid until {until}"


def _printable(text: str) -> str:
    """Returns a text of a certificate, shortened, with `?` for each unprintable character."""
    return "".join(char if char.isprintable() else "?" for char in text[:100])


def _distrust(host: str, code: int) -> str:
    """Returns a sentence that says why a certificate is not accepted, and what to do.

    `code` is the error code of OpenSSL (X509_V_ERR_…).
    """
    match code:
        case 62 | 64:  # another host name, or another address
            words = "is for another name; check `host`, or ask the customer for one for that name"
        case 9:
            words = "is not valid yet; ask the customer about it"
        case 10:
            words = "has expired; ask the customer to renew it"
        case 66 | 67 | 68:  # a short key, or a signature with SHA-1
            words = "has a key or a signature that is too weak; ask the customer for a new one"
        case 18:
            words = f"is signed by itself; {_ASK_FOR_CA_FILE}"
        case 2 | 19 | 20 | 21:
            words = f"is by an issuer that is not trusted here; {_ASK_FOR_CA_FILE}"
        case _:
            words = f"is not valid (code {code}); ask the customer"
    return f"the certificate that {host} shows {words}"
