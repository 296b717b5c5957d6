"""SSH keys: the private key for the log-in, and the host keys by which a server is recognised."""

from __future__ import annotations

from collections.abc import Set
from contextlib import suppress
from io import StringIO
from pathlib import Path

import paramiko
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from adapters.secrets import Secret, read_regular
from adapters.sources.failures import read_secret
from adapters.sources.sftp.host import SshHost
from adapters.sources.source import SourceUnreachable

_Key = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def pinned_keys(host: SshHost) -> frozenset[str]:
    """Returns the fingerprints of the trusted host keys; none if nothing is pinned.

    Raises `SourceUnreachable` if `known_hosts` cannot be used.
    """
    if host.known_hosts is None:
        return frozenset(host.host_keys)
    setting = host.settings("known_hosts")
    return known_keys(host.known_hosts, host.endpoint.host, host.endpoint.port, setting)


def pinning(host: SshHost, shown: str, pinned: Set[str]) -> str:
    """Returns the end of a sentence: whether the key that the server has shown is pinned."""
    if shown in host.host_keys[1:]:
        return ", the second of the pinned keys; take the first one out once it is not used"
    if shown in pinned:
        return ", as pinned"
    if pinned:
        return ", not the key that is pinned"
    return f', to be pinned by {host.prefix}host_key = "{shown}"'


def require_pinned(host: SshHost, shown: str, pinned: Set[str]) -> None:
    """Raises `SourceUnreachable` unless the key that the server has shown is pinned."""
    whose = "the server's host key" if not host.prefix else f"the host key of {host.name}"
    if not pinned:
        raise SourceUnreachable(
            f"{whose} is not pinned; the server shows {shown}: ask the customer whether this key "
            f"is theirs, and set {host.settings('host_key')}"
        )
    if shown not in pinned:
        setting = host.settings("known_hosts" if host.known_hosts else "host_key")
        raise SourceUnreachable(
            f"{whose} is not the pinned one: {setting} has {' and '.join(sorted(pinned))}, and the "
            f"server shows {shown}; do not change the setting before the customer says that the "
            "new key is theirs"
        )


def known_keys(file: Path, host: str, port: int, setting: str) -> frozenset[str]:
    """Returns the fingerprints (`SHA256:…`) that a known_hosts file has for a server.

    The names in the file may be hashed. A key in a `@revoked` line is revoked for all servers. A
    `@cert-authority` line is ignored. Raises `SourceUnreachable`, which names `setting`, if the
    file cannot be read or has no key of the server.
    """
    server = (host if port == 22 else f"[{host}]:{port}").lower()
    data, problem = read_regular(file)
    if problem:
        raise SourceUnreachable(f"the file {file}, which {setting} names, {problem}")
    revoked: set[str] = set()
    keys: set[str] = set()
    for line in data.decode("utf-8", "replace").splitlines():
        marker, rest = _split_marker(line)
        entry = _parse_entry(rest)
        if entry and marker == "@revoked":
            revoked.add(entry.key.fingerprint)
        elif entry and not marker and _is_for(entry, server):
            keys.add(entry.key.fingerprint)
    if not keys - revoked:
        raise SourceUnreachable(f"the file {file}, which {setting} names, has no key of {server}")
    return frozenset(keys - revoked)


def _split_marker(line: str) -> tuple[str, str]:
    """Returns the marker of a line, or `""`, and the rest, with one blank between the words."""
    words = line.split()
    marker = words.pop(0) if line.lstrip().startswith("@") else ""
    return marker, " ".join(words)


def _parse_entry(line: str) -> paramiko.hostkeys.HostKeyEntry | None:
    """Parses a line. Returns `None` for a malformed line, which OpenSSH ignores too."""
    with suppress(Exception):
        entry = paramiko.hostkeys.HostKeyEntry.from_line(line)
        if entry and entry.key:
            return entry
    return None


def _is_for(entry: paramiko.hostkeys.HostKeyEntry, server: str) -> bool:
    """Whether an entry names a server. Its names may be hashed; patterns do not count."""
    names = [name if name.startswith("|1|") else name.lower() for name in entry.hostnames]
    if f"!{server}" in names:
        return False
    return any(
        name == server
        or (name.startswith("|1|") and paramiko.HostKeys.hash_host(server, name) == name)
        for name in names
    )


def private_key(host: SshHost, secret: Secret) -> paramiko.PKey:
    """Returns the key for the log-in, which `secret` has. Raises `SourceUnreachable`."""
    # No local variable holds a secret here: a traceback could show the variables of this frame.
    key, problem = _parse_key(
        read_secret(secret, f"{host.prefix}private_key"),
        read_secret(host.passphrase, f"{host.prefix}passphrase") if host.passphrase else None,
        host,
    )
    if key is None:
        raise SourceUnreachable(problem)
    return key


def _parse_key(
    text: str, passphrase: str | None, host: SshHost
) -> tuple[paramiko.PKey | None, str]:
    """Returns the key in a text, or `None` and a sentence about the problem.

    Raises no error, because its context would contain the key.
    """
    setting, words = host.settings("private_key"), host.settings("passphrase")
    data, password = text.encode(), passphrase.encode() if passphrase else None
    try:
        if "BEGIN OPENSSH PRIVATE KEY" in text:
            loaded: object = serialization.load_ssh_private_key(data, password)
        else:
            loaded = serialization.load_pem_private_key(data, password)
    except TypeError:
        if passphrase:
            return None, f"{setting} is not encrypted; leave out {words}"
        return None, f"{setting} is encrypted; set {words}"
    except Exception:  # cryptography raises many kinds of errors for a malformed key
        hint = f"check {words} and whether" if passphrase else "check whether"
        return None, f"{setting} cannot be read; {hint} it is a key in OpenSSH or PEM format"
    kinds: tuple[tuple[type[_Key], type[paramiko.PKey]], ...] = (
        (ed25519.Ed25519PrivateKey, paramiko.Ed25519Key),
        (ec.EllipticCurvePrivateKey, paramiko.ECDSAKey),
        (rsa.RSAPrivateKey, paramiko.RSAKey),
    )
    for kind, key in kinds:
        if isinstance(loaded, kind):
            with suppress(Exception):  # SSH does not have all elliptic curves
                return key.from_private_key(StringIO(_to_openssh(loaded))), ""
    return None, f"{setting} is of a type that is not supported: use Ed25519, ECDSA or RSA"


def _to_openssh(loaded: _Key) -> str:
    """Returns a key in the only format that paramiko reads for all types of keys."""
    return loaded.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    ).decode()
