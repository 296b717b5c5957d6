"""Certificates that are made for one test, valid ones and invalid ones."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HERE = ("127.0.0.1", "localhost")
DAY = timedelta(days=1)
Key = ec.EllipticCurvePrivateKey


class Certificate(NamedTuple):
    """Three PEM files: the authority to trust, the server's certificate, and the server's key."""

    ca: Path
    cert: Path
    key: Path


def make_certificate(
    directory: Path, *names: str, expired: bool = False, self_signed: bool = False
) -> Certificate:
    """Makes a certificate for the `names`, or without `names` for this machine.

    Each call makes a new authority; a `self_signed` certificate is its own authority.
    """
    directory.mkdir(parents=True, exist_ok=True)
    made = Certificate(*(directory / f"{name}.pem" for name in ("ca", "cert", "key")))
    key = ec.generate_private_key(ec.SECP256R1())
    names = names or HERE
    if self_signed:
        _write(made.ca, cert := _sign(_common_name(names[0]), key, None, names, expired))
    else:
        authority_key = ec.generate_private_key(ec.SECP256R1())
        authority = _sign(_common_name("The tests' authority"), authority_key)
        _write(made.ca, authority)
        cert = _sign(
            _common_name(names[0]), key, (authority.subject, authority_key), names, expired
        )
    _write(made.cert, cert)
    made.key.touch(mode=0o600)
    made.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made


def _sign(
    subject: x509.Name,
    key: Key,
    issuer: tuple[x509.Name, Key] | None = None,
    names: Iterable[str] = (),
    expired: bool = False,
) -> x509.Certificate:
    """Returns a certificate for a server, or for an authority if there are no `names`."""
    by, by_key = issuer or (subject, key)
    end = datetime.now(UTC) + (-DAY if expired else DAY)
    public, by_public = key.public_key(), by_key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - 3 * DAY)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(by_public), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False
        )
    else:
        builder = builder.add_extension(_MAY_SIGN, critical=True)
    return builder.sign(by_key, hashes.SHA256())


_MAY_SIGN = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(path: Path, certificate: x509.Certificate) -> None:
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
