"""A real vsftpd on a free port of this machine, without root, for the time of the tests.

Its only user is anonymous, with a password, because an account of the system would need PAM's
files, which only root may write. It sees all files that the user who runs the tests may read.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from tests.adapters.certificates import Certificate, make_certificate

USER, PASSWORD = "anonymous", "correct horse battery staple"
MISSING = "the tests need a real FTP server: install the package vsftpd"


class Vsftpd(NamedTuple):
    """A running server: its port, the directory of a log-in, its certificate, and its log."""

    port: int
    root: Path
    certificate: Certificate | None
    log: Path
    """The file with every command and every reply, in order."""


def find_vsftpd() -> str:
    """Returns the path of vsftpd, often not on PATH. Raises AssertionError if missing."""
    found = shutil.which("vsftpd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if not found:
        raise AssertionError(MISSING)
    return found


@contextmanager
def running(
    directory: Path, *, tls: bool | Certificate = False, **options: str | int | bool
) -> Iterator[Vsftpd]:
    """Yields a server whose configuration and log are in `directory`; `options` are vsftpd's own.

    A log-in begins in a new directory `root` there, and can reach all files by absolute paths. With
    `tls` all connections must be encrypted, and data must reuse the TLS session of the commands.
    """
    program = find_vsftpd()
    directory.mkdir(exist_ok=True)
    certificate = make_certificate(directory / "tls") if tls is True else tls or None
    (root := directory / "root").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    (passwords := directory / "passwords").write_text(f"{PASSWORD}\n")
    account = pwd.getpwuid(os.geteuid()).pw_name
    log, errors = directory / "log", directory / "errors"
    settings: dict[str, str | Path | int | bool] = {
        "listen": True,
        "listen_address": "127.0.0.1",
        "listen_port": port,
        "background": False,
        "run_as_launching_user": True,
        "ftp_username": account,
        "nopriv_user": account,
        "local_enable": False,
        "anonymous_enable": True,
        "anon_root": root,
        "anon_world_readable_only": False,
        "secure_email_list_enable": True,
        "email_password_file": passwords,
        "delay_failed_login": 0,
        "hide_ids": True,
        "use_localtime": False,
        "port_enable": True,
        "connect_from_port_20": False,
        # A container may forbid vsftpd's own sandbox.
        "seccomp_sandbox": False,
        "xferlog_enable": True,
        "vsftpd_log_file": log,
        "log_ftp_protocol": True,
        **(_encrypted(certificate) if certificate else {}),
        **options,
    }
    config = directory / "vsftpd.conf"
    config.write_text("".join(f"{name}={_spelled(value)}\n" for name, value in settings.items()))
    with errors.open("wb") as stream:
        process = subprocess.Popen(
            [program, config],
            # vsftpd writes errors to standard input, where it expects a client.
            stdin=stream,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        _wait_for(port, process, errors, greets=not options.get("implicit_ssl"))
        yield Vsftpd(port, root, certificate, log)
    finally:
        # vsftpd has a process for each client, which would outlive vsftpd itself.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)


def _encrypted(certificate: Certificate) -> dict[str, str | Path | int | bool]:
    return {
        "ssl_enable": True,
        "allow_anon_ssl": True,
        "force_anon_logins_ssl": True,
        "force_anon_data_ssl": True,
        "require_ssl_reuse": True,
        "ssl_sslv2": False,
        "ssl_sslv3": False,
        "ssl_ciphers": "HIGH",
        "rsa_cert_file": certificate.cert,
        "rsa_private_key_file": certificate.key,
    }


def _spelled(value: str | Path | int | bool) -> str:
    return ("NO", "YES")[value] if isinstance(value, bool) else str(value)


def _wait_for(port: int, process: subprocess.Popen[bytes], errors: Path, *, greets: bool) -> None:
    """Waits for the greeting, or for the connection if the server waits for TLS first."""
    for _ in range(200):
        assert process.poll() is None, f"vsftpd ended at once: {errors.read_text()}"
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as client:
                if not greets or (greeting := client.recv(100)).startswith(b"220 "):
                    return
                raise AssertionError(f"vsftpd does not work: {greeting!r} {errors.read_text()}")
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"vsftpd does not answer: {errors.read_text()}")
