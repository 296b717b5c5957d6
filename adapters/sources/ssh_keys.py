"""Keys of SSH: the private one to log in with, and those that a server may show."""

from __future__ import annotations

from contextlib import suppress
from io import StringIO
from pathlib import Path

import paramiko
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from adapters.secret import Secret, read_regular
from adapters.sources.source import SourceUnreachable

_Key = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def known_keys(file: Path, host: str, port: int) -> frozenset[str]:
    """The fingerprints that a known_hosts file has for a server.

    Hashed names are found as well. A key that is `@revoked` is pinned for nobody, whomever that
    line names, and `@cert-authority` pins nothing. Raises `SourceUnreachable` where there is none.
    """
    named = (host if port == 22 else f"[{host}]:{port}").lower()
    data, trouble = read_regular(file)
    if trouble:
        raise SourceUnreachable(f"the file {file}, which `known_hosts` names, {trouble}")
    revoked: set[str] = set()
    keys: set[str] = set()
    for line in data.decode("utf-8", "replace").splitlines():
        marker, rest = _marked(line)
        entry = _entry(rest)
        if entry and marker == "@revoked":
            revoked.add(entry.key.fingerprint)
        elif entry and not marker and _names(entry, named):
            keys.add(entry.key.fingerprint)
    if not keys - revoked:
        raise SourceUnreachable(
            f"the file {file}, which `known_hosts` names, has no key of {named}"
        )
    return frozenset(keys - revoked)


def _marked(line: str) -> tuple[str, str]:
    """The marker of a line, mostly none, and the rest of it, with one blank between words."""
    words = line.split()
    marker = words.pop(0) if line.lstrip().startswith("@") else ""
    return marker, " ".join(words)


def _entry(line: str) -> paramiko.hostkeys.HostKeyEntry | None:
    """What a line says; nothing where it cannot be read, as OpenSSH has it too."""
    with suppress(Exception):
        entry = paramiko.hostkeys.HostKeyEntry.from_line(line)
        if entry and entry.key:
            return entry
    return None


def _names(entry: paramiko.hostkeys.HostKeyEntry, named: str) -> bool:
    """Whether a line is about a server; its names may be hashed, patterns name nobody."""
    names = [name if name.startswith("|1|") else name.lower() for name in entry.hostnames]
    if f"!{named}" in names:
        return False
    return any(
        name == named
        or (name.startswith("|1|") and paramiko.HostKeys.hash_host(named, name) == name)
        for name in names
    )


def private_key(secret: Secret, passphrase: Secret | None) -> paramiko.PKey:
    """The key to log in with. Raises `SourceUnreachable`."""
    # The secrets have no names here: whoever raises is looked at.
    key, problem = _parsed(
        secret.read("private_key"), passphrase.read("passphrase") if passphrase else None
    )
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
