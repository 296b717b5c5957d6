"""The algorithms of SSH: only safe ones are used, and a sentence tells what a server lacks."""

from __future__ import annotations

import re
from collections.abc import Collection

from adapters.sources.sftp.paramiko_private import Transport

_ALGORITHM = re.compile(r"[A-Za-z0-9@.,=_-]{1,64}")  # chacha20-poly1305@openssh.com
_MAX_NAMES = 8  # of algorithms in one sentence
# Broken or weak algorithms: CBC leaks through its padding, 3DES has blocks of 64 bits, and MD5 and
# SHA-1 have collisions. Names are matched, so that a later paramiko cannot bring one back.
# aes128-cbc, hmac-sha1-96, diffie-hellman-group1-sha1
_WEAK = re.compile(r"-cbc|3des|arcfour|blowfish|cast128|md5|sha1|ssh-rsa|ssh-dss|group1-|-96|none")
# For each kind of algorithm, by paramiko's name: words for people, and paramiko's name of the
# list that the server sends.
_AGREED = {
    "kex": ("key exchange", "kex_algo_list"),
    "keys": ("host key", "server_key_algo_list"),
    "ciphers": ("cipher", "server_encrypt_algo_list"),
    "macs": ("MAC", "server_mac_algo_list"),
}


def use_safe_algorithms(transport: Transport, without: Collection[str] = ()) -> None:
    """Disables weak algorithms, and the host keys of the families in `without`."""
    disabled = {
        kind: [name for name in _supported(transport, kind) if _WEAK.search(name)]
        for kind in (*_AGREED, "pubkeys")
    }
    disabled["keys"] += [name for name in transport.preferred_keys if family(name) in without]
    transport.disabled_algorithms = disabled
    # GCM comes first: it needs no MAC, which takes more time than the cipher.
    options = transport.get_security_options()
    options.ciphers = sorted(options.ciphers, key=lambda name: "-gcm@" not in name)


def disagreement(transport: Transport) -> str:
    """Returns the end of a sentence: the kind of algorithm without an agreement, the server's
    algorithms of this kind, and what to ask the customer.

    Only well-formed names are quoted, because a server may send any text.
    """
    for kind, (words, offer) in _AGREED.items():
        offered, supported = transport.offered.get(offer, []), _supported(transport, kind)
        if not set(offered) & set(supported):
            names = [name for name in offered if _ALGORITHM.fullmatch(name)][:_MAX_NAMES]
            only = ", ".join(names) or "unknown ones"
            if all(map(_WEAK.search, names)):
                return (
                    f"no {words} that is safe, only {only}; ask the customer to update or to "
                    "reconfigure the server"
                )
            wanted = " or ".join(supported[:2])
            return f"no {words} that we have, only {only}; ask the customer to allow {wanted}"
    return "no algorithms that we have; ask the customer to update the server"


def refuses_safe_rsa(transport: Transport) -> bool:
    """Whether the server tells that it accepts no safe signature of an RSA key.

    Servers from before 2016 do not tell what they accept.
    """
    told = transport.server_extensions.get("server-sig-algs")
    return told is not None and b"rsa-sha2-" not in told


def family(key_type: str) -> str:
    """Returns the family of a key type. RSA keys have several types, all for the same key."""
    return "rsa" if "rsa" in key_type else key_type


def _supported(transport: Transport, kind: str) -> list[str]:
    """Returns the algorithms of a kind that paramiko has and that are not disabled."""
    return list(getattr(transport, f"preferred_{kind}"))
