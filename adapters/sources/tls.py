"""Whom we trust: certificates of servers, and sentences about those that will not do."""

from __future__ import annotations

import ssl
from pathlib import Path

from adapters.secret import read_regular
from adapters.sources.source import SourceUnreachable

_OTHER_NAME = (62, 64)  # codes of OpenSSL's, for a host name and for an address
_TOO_EARLY, _EXPIRED = 9, 10
_SELF_SIGNED = 18
_ISSUER_UNKNOWN = (2, 19, 20, 21)


def trust_in(ca_file: Path | None) -> ssl.SSLContext:
    """What proves a server to be the one we want. Raises `SourceUnreachable`.

    Whoever is trusted by `ca_file` is so without the formal demands that some versions of Python
    make of an issuer, and need not be one: it may hold the server's own certificate.
    """
    context = ssl.create_default_context() if ca_file is None else _context_of(ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _context_of(ca_file: Path) -> ssl.SSLContext:
    data, trouble = read_regular(ca_file)
    text = data.decode("ascii", "ignore")  # whatever else stands there is a remark
    try:
        if not trouble and "-----BEGIN" in text:  # nothing at all would mean the system's
            return ssl.create_default_context(cadata=text)
    except (ssl.SSLError, ValueError):
        pass
    trouble = trouble or "holds no certificate"
    raise SourceUnreachable(f"the file {ca_file}, which `ca_file` names, {trouble}")


def distrust(host: str, code: int) -> str:
    """Why a certificate is not accepted, and what to do."""
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
