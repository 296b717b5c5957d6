"""Verifies certificates of servers, and explains why a certificate is not accepted."""

from __future__ import annotations

import ssl
from pathlib import Path

from adapters.secret import read_regular
from adapters.sources.source import SourceUnreachable

# Error codes of OpenSSL (X509_V_ERR_…).
_OTHER_NAME = (62, 64)  # the certificate is for another host name, or for another address
_TOO_EARLY, _EXPIRED = 9, 10
_SELF_SIGNED = 18
_ISSUER_UNKNOWN = (2, 19, 20, 21)


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


def describe_certificate(data: bytes, host: str) -> str:
    """Returns words for a trusted certificate in DER form: host, issuer, and end of validity."""
    from cryptography import x509

    try:
        certificate = x509.load_der_x509_certificate(data)
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


def distrust(host: str, code: int) -> str:
    """Returns a sentence that says why a certificate is not accepted, and what to do.

    `code` is the error code of OpenSSL.
    """
    if code in _OTHER_NAME:
        return (
            f"the certificate that {host} shows is for another name; check `host`, or ask the "
            "customer for a certificate for that name"
        )
    if code == _EXPIRED:
        return f"the certificate that {host} shows has expired; ask the customer to renew it"
    if code == _TOO_EARLY:
        return f"the certificate that {host} shows is not valid yet; ask the customer about it"
    if code == _SELF_SIGNED or code in _ISSUER_UNKNOWN:
        by = "signed by itself" if code == _SELF_SIGNED else "by an issuer that is not trusted here"
        return (
            f"the certificate that {host} shows is {by}; ask the customer whether it is theirs, "
            "and for a file to set as `ca_file`"
        )
    return f"the certificate that {host} shows is not valid (code {code}); ask the customer"
