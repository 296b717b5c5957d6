"""A real OpenSSH server on a free port of this machine, without root, for the time of the tests."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from adapters.secrets import Secret
from adapters.sources.sftp.source import SftpSource

KEY_TYPES = ("ed25519", "ecdsa", "rsa")
MISSING = "the tests need a real SSH server: install the package openssh-server"


class Sshd(NamedTuple):
    """A running server: its port, its fingerprints, and the user and key that may log in."""

    port: int
    user: str
    fingerprints: dict[str, str]
    private_key: Path

    def source(self, directory: Path, **changes: Any) -> SftpSource:
        """Returns a source on this server, with the usual settings except for `changes`."""
        usual: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.port,
            "directory": str(directory),
            "pattern": "alleo_employees_*.csv",
            "username": self.user,
            "private_key": Secret(file=self.private_key),
            "host_key": self.fingerprints["ed25519"],
            "attempts": 1,
        }
        return SftpSource(**{**usual, **changes})


def find_sshd() -> str:
    """Returns the path of sshd, which is often not on PATH. Raises AssertionError if missing."""
    found = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if not found or not shutil.which("ssh-keygen"):
        raise AssertionError(MISSING)
    return found


def generate_key(path: Path, kind: str = "ed25519", *more: str, passphrase: str = "") -> Path:
    """Makes a key pair, and returns the private key's path; the public key lies beside it."""
    command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "", "-f", str(path), *more]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


def fingerprint(key: Path) -> str:
    """Returns the SHA-256 fingerprint of a key, as OpenSSH prints it."""
    command = ["ssh-keygen", "-l", "-E", "sha256", "-f", f"{key}.pub"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[1]


@contextmanager
def running(directory: Path, *settings: str) -> Iterator[Sshd]:
    """Yields a server whose keys, configuration and log are in `directory`.

    `settings` are further lines of the configuration.
    """
    program = find_sshd()
    directory.mkdir(exist_ok=True)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    hosts = {kind: generate_key(directory / f"host_{kind}", kind) for kind in KEY_TYPES}
    user_key = generate_key(directory / "user_key")
    shutil.copy(f"{user_key}.pub", directory / "authorized_keys")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    config = directory / "sshd_config"
    lines = [
        "ListenAddress 127.0.0.1",
        f"Port {port}",
        *(f"HostKey {key}" for key in hosts.values()),
        f"AuthorizedKeysFile {directory / 'authorized_keys'}",
        "Subsystem sftp internal-sftp",
        "PidFile none",
        "StrictModes no",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "PermitRootLogin prohibit-password",
        "MaxStartups 1000",
        # Without root, only PAM can check that an account is not locked. For root, PAM needs setup.
        f"UsePAM {'no' if os.geteuid() == 0 else 'yes'}",
        *settings,
    ]
    # Newer servers slow down a client that fails to log in; older ones reject the setting.
    for more in (["PerSourcePenalties no"], []):
        config.write_text("\n".join([*lines, *more, ""]))
        if not subprocess.run([program, "-t", "-f", config], capture_output=True).returncode:
            break
    log = directory / "log"
    process = subprocess.Popen([program, "-D", "-f", config, "-E", log], stdin=subprocess.DEVNULL)
    try:
        _wait_for(port, process, log)
        known = {kind: fingerprint(key) for kind, key in hosts.items()}
        yield Sshd(port, getpass.getuser(), known, user_key)
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        assert process.poll() is None, f"sshd ended at once: {log.read_text()}"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"sshd does not answer: {log.read_text()}")
