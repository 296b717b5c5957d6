"""SFTP sources: how a server is verified, how a source logs in, and how a pick-up can fail."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any

import paramiko
import pytest
from paramiko.common import MSG_KEXINIT, MSG_USERAUTH_SUCCESS
from paramiko.sftp import CMD_READDIR, SFTP_EOF, SFTP_PERMISSION_DENIED

from adapters.observe.log import logging_to
from adapters.secrets import Secret
from adapters.sources.deadline import Timeouts
from adapters.sources.sftp.algorithms import disagreement, use_safe_algorithms
from adapters.sources.sftp.keys import known_keys
from adapters.sources.sftp.paramiko_private import Transport
from adapters.sources.sftp.source import SftpSource
from adapters.sources.source import SourceUnreachable, StillUploading
from tests.adapters import hostile, hostile_ssh
from tests.adapters import sshd as openssh
from tests.adapters.failing import LIMIT, assert_nothing_is_waited_for, failure, problem
from tests.adapters.hostile import Line, Server
from tests.adapters.hostile_ssh import SshServer
from tests.adapters.keeper import fetch
from tests.adapters.sftp_server import PASSWORD, USER, FakeServer, serving
from tests.adapters.sshd import Sshd, find_sshd, fingerprint, generate_key

NAME = "alleo_employees_1.csv"
WRONG = "SHA256:" + "A" * 43


@pytest.fixture
def outgoing(tmp_path: Path) -> Path:
    """A customer's folder with one file."""
    directory = tmp_path / "outgoing"
    directory.mkdir()
    (directory / NAME).write_bytes(b"content")
    return directory


@pytest.fixture
def fake(outgoing: Path) -> Iterator[FakeServer]:
    """An SFTP server in this process. A test can change what the server does."""
    with serving(outgoing.parent) as server:
        yield server


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets the environment variable that holds the right password."""
    monkeypatch.setenv("ACME_SFTP", PASSWORD)


def on(fake: FakeServer | Server, **changes: Any) -> SftpSource:
    """Returns a source for the server in this process. `changes` replace its usual settings."""
    usual: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": fake.port,
        "directory": "/outgoing",
        "pattern": "alleo_employees_*.csv",
        "username": USER,
        "password": Secret(env="ACME_SFTP"),
        "host_key": fake.fingerprints[0] if isinstance(fake, FakeServer) else None,
        "settle": 0,
        "attempts": 1,
    }
    return SftpSource(**{**usual, **changes})


# OpenSSH's sshd


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_each_type_of_host_key_can_be_pinned(sshd: Sshd, outgoing: Path, kind: str) -> None:
    """A source accepts a server when one of the server's host keys is pinned, whatever the type of
    this key."""
    # given
    source = sshd.source(outgoing, settle=0, host_key=sshd.fingerprints[kind])

    # when / then
    assert len(fetch(source, LIMIT)) == 1
    (step,) = [step for step in source.steps() if step.what == "host key"]
    assert step.detail.startswith(sshd.fingerprints[kind])
    assert step.detail.endswith("as pinned")


KEYS = {
    "ed25519": ("ed25519",),
    "ecdsa": ("ecdsa", "-b", "384"),
    "rsa": ("rsa",),
    "ecdsa in PEM": ("ecdsa", "-m", "PEM"),
    "rsa in PEM": ("rsa", "-m", "PEM"),
    "rsa in PKCS 8": ("rsa", "-m", "PKCS8"),
}


@pytest.mark.parametrize("case", KEYS)
@pytest.mark.parametrize("passphrase", ["", "open sesame"])
def test_a_private_key_of_every_type_and_format_logs_in(
    sshd: Sshd,
    outgoing: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    case: str,
    passphrase: str,
) -> None:
    """D1: A private key of every type and format logs in, with a passphrase and without one."""
    # given
    key = generate_key(tmp_path / "key", *KEYS[case], passphrase=passphrase)
    authorized = sshd.private_key.with_name("authorized_keys")
    authorized.write_text(authorized.read_text() + key.with_suffix(".pub").read_text())
    monkeypatch.setenv("PASSPHRASE", passphrase)
    secret = Secret(env="PASSPHRASE") if passphrase else None
    source = sshd.source(outgoing, private_key=Secret(file=key), passphrase=secret, settle=0)

    # when / then
    assert len(fetch(source, LIMIT)) == 1


def test_a_private_key_can_be_in_the_environment(
    sshd: Sshd, outgoing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The private key can be the value of an environment variable."""
    # given
    monkeypatch.setenv("KEY", sshd.private_key.read_text())

    # when / then
    assert fetch(sshd.source(outgoing, private_key=Secret(env="KEY"), settle=0), LIMIT)


def test_a_key_that_the_server_does_not_know_fails(
    sshd: Sshd, outgoing: Path, tmp_path: Path
) -> None:
    """When the server does not know the private key, the problem names the two settings to
    check."""
    # given
    key = generate_key(tmp_path / "other")

    # when
    told = problem(sshd.source(outgoing, private_key=Secret(file=key)))

    # then
    assert "does not let" in told
    assert "`username` and `private_key`" in told


def test_a_password_fails_at_a_server_that_takes_only_keys(sshd: Sshd, outgoing: Path) -> None:
    """When a server takes only keys, the problem says that `private_key` must replace
    `password`."""
    # given
    source = sshd.source(outgoing, private_key=None, password=Secret(env="ACME_SFTP"))

    # when
    told = problem(source)

    # then
    assert told.endswith("by `password`, only by publickey; set `private_key` instead")


def test_a_key_fails_at_a_server_that_takes_only_passwords(fake: FakeServer, sshd: Sshd) -> None:
    """When a server takes only passwords, the problem says that `password` must replace
    `private_key`."""
    # given
    key = Secret(file=sshd.private_key)

    # when
    told = problem(on(fake, private_key=key, password=None))

    # then
    assert told.endswith("by `private_key`, only by password; set `password` instead")


def test_a_log_in_that_the_server_ends_is_not_tried_again(tmp_path: Path, outgoing: Path) -> None:
    """R6: A log-in that the server ends is not tried again. The server counts failed log-ins and
    may block the address that all companies use."""
    # given
    key = generate_key(tmp_path / "other")
    with openssh.running(tmp_path / "sshd", "MaxAuthTries 1") as server:
        # when
        refused = failure(server.source(outgoing, private_key=Secret(file=key), attempts=3))

        # then
        assert "ended the log-in" in refused.problem
        assert "(the server closed the connection); check `username` and" in refused.problem
        assert not refused.transient
        log = (tmp_path / "sshd" / "log").read_text()
        assert log.count("Failed publickey") == 1


@pytest.mark.parametrize("case", ["wrong", "missing", "needless"])
@pytest.mark.parametrize(
    "kind", [("ed25519",), ("rsa", "-m", "PEM"), ("ecdsa", "-m", "PKCS8")], ids=" ".join
)
def test_an_unsuitable_passphrase_is_reported_and_not_shown(
    sshd: Sshd,
    outgoing: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: tuple[str, ...],
    case: str,
) -> None:
    """A passphrase that is wrong, missing or not needed fails the pick-up. The problem names the
    setting and does not show the passphrase."""
    # given
    words = "" if case == "needless" else "open sesame"
    key = generate_key(tmp_path / "key", *kind, passphrase=words)
    monkeypatch.setenv("PASSPHRASE", "hunter2")
    passphrase = None if case == "missing" else Secret(env="PASSPHRASE")
    source = sshd.source(outgoing, private_key=Secret(file=key), passphrase=passphrase)

    # when
    told = problem(source)

    # then
    assert "`passphrase`" in told
    assert "hunter2" not in told


@pytest.mark.parametrize("text", ["hunter2", "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n"])
def test_a_malformed_private_key_is_reported_and_not_shown(
    sshd: Sshd, outgoing: Path, tmp_path: Path, text: str
) -> None:
    """A malformed private key fails the pick-up. The problem names the setting and does not show
    the key."""
    # given
    path = tmp_path / "key"
    path.write_text(text)

    # when
    told = problem(sshd.source(outgoing, private_key=Secret(file=path)))

    # then
    assert "`private_key` cannot be read" in told
    assert "hunter2" not in told


def test_the_address_to_connect_from_is_used(sshd: Sshd, outgoing: Path) -> None:
    """D1: The source connects from the address in `bind`. An address that the machine does not have
    fails the pick-up."""
    # when / then
    assert fetch(sshd.source(outgoing, bind="127.0.0.1", settle=0), LIMIT)
    told = problem(sshd.source(outgoing, bind="192.0.2.1"))
    assert told == "192.0.2.1 is not an address of this machine; check `bind`"


def test_a_directory_that_is_a_file_cannot_be_listed(sshd: Sshd, outgoing: Path) -> None:
    """When `directory` is a file, the problem says that the directory cannot be listed."""
    # when / then
    assert "cannot be listed" in problem(sshd.source(outgoing / NAME))


@pytest.mark.parametrize("kind", ["settles", "does not"])
def test_a_growing_file_is_fetched_when_its_upload_ends_in_time(
    sshd: Sshd, outgoing: Path, kind: str
) -> None:
    """D4: A growing file is fetched when it stops growing within `settle_limit`. Otherwise the
    pick-up fails."""
    # given
    path = outgoing / NAME
    path.write_bytes(b"")
    pieces = 4 if kind == "settles" else 1000
    stop = threading.Event()

    def upload() -> None:
        for _ in range(pieces):
            with path.open("ab") as stream:
                stream.write(b"x" * 1000)
            if stop.wait(0.1):
                return

    writer = threading.Thread(target=upload)
    writer.start()
    limit = 30.0 if kind == "settles" else 1.0

    # when / then
    try:
        source = sshd.source(outgoing, settle=0.4, settle_limit=limit)
        if kind == "settles":
            assert [file.size for file in fetch(source, LIMIT)] == [4000]
        else:
            with pytest.raises(StillUploading, match=NAME):
                fetch(source, LIMIT)
    finally:
        stop.set()
        writer.join()


def test_a_refused_connection_names_the_host_and_the_port(outgoing: Path) -> None:
    """When no server listens at the port, the problem names the settings `host` and `port`."""
    # given
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    source = SftpSource(
        host="127.0.0.1",
        port=port,
        directory="/",
        pattern="*",
        username="tenure",
        password=Secret(env="ACME_SFTP"),
        attempts=1,
    )

    # when / then
    assert "Connection refused" in problem(source)
    assert "`host` and `port`" in problem(source)


@pytest.mark.parametrize("host", ["nowhere.invalid", "two..dots", "a" * 80 + ".example"])
def test_a_host_name_without_an_address_is_reported(fake: FakeServer, host: str) -> None:
    """When a host name has no address, the problem names the setting `host`."""
    # when / then
    assert "`host`" in problem(on(fake, host=host))


def test_a_missing_sshd_fails_with_the_name_of_its_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where sshd is not installed, the tests fail with the name of the package to install."""
    # given
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)

    # when / then
    with pytest.raises(AssertionError, match="openssh-server"):
        find_sshd()


# The host key is checked before a secret is sent


@pytest.mark.parametrize("pinned", [None, WRONG])
def test_no_secret_is_sent_to_an_unknown_server(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch, pinned: str | None
) -> None:
    """A server without a pinned host key, or with another key than the pinned one, gets no secret.
    The problem shows the fingerprint of the server's key."""
    # given
    monkeypatch.setattr(Secret, "read", lambda *_: pytest.fail("a secret was read"))

    # when
    told = problem(on(fake, host_key=pinned))

    # then
    assert fake.attempts == []
    assert fake.fingerprints[0] in told
    assert "`host_key`" in told
    assert ("not pinned" in told) == (pinned is None)
    assert (WRONG in told) == (pinned is not None)


def test_a_server_is_accepted_only_if_one_of_its_host_keys_is_pinned(
    outgoing: Path, tmp_path: Path
) -> None:
    """A server with several host keys is accepted when one of them is pinned. Otherwise the source
    does not log in."""
    # given
    keys = [
        paramiko.Ed25519Key.from_private_key_file(str(generate_key(tmp_path / "host"))),
        paramiko.ECDSAKey.generate(),
        paramiko.RSAKey.generate(2048),
    ]
    with serving(outgoing.parent, *keys) as fake:
        # when / then
        for pinned in fake.fingerprints:
            assert fetch(on(fake, host_key=pinned), LIMIT)
        fake.attempts.clear()

        # when
        told = problem(on(fake, host_key=WRONG))

        # then
        assert fake.fingerprints[0] in told
        assert fake.attempts == []


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the pauses between two attempts short."""
    monkeypatch.setattr("adapters.sources.retry._FIRST_PAUSE_S", 0.4)
    monkeypatch.setattr("adapters.sources.retry._MAX_JITTER_S", 0)
    monkeypatch.setattr("adapters.sources.retry._GROWTH", 1)


@pytest.mark.usefixtures("hurried")
def test_a_server_that_allows_one_connection_is_asked_for_its_other_host_keys(
    tmp_path: Path, outgoing: Path
) -> None:
    """A pinned host key of another type is found also at a server that allows one connection at a
    time."""
    # given
    with openssh.running(tmp_path / "sshd", "MaxStartups 1") as server:
        source = server.source(outgoing, host_key=server.fingerprints["rsa"], settle=0, attempts=4)

        # when / then
        assert len(fetch(source, LIMIT)) == 1


class Once(SshServer):
    """A server that speaks SSH on its first connection only."""

    def _talk_ssh(self, line: Line) -> None:
        if self.connections == 1:
            super()._talk_ssh(line)


@pytest.mark.usefixtures("hurried")
def test_a_lost_connection_is_not_reported_as_a_wrong_host_key() -> None:
    """When the connection is lost while the source asks for other host keys, the failure is
    transient."""
    # given
    with closing(Once()) as server:
        # when
        refused = failure(on(server, host_key=WRONG))

        # then
        assert refused.transient
        assert "does not answer as an SSH server does" in refused.problem
        assert server.connections == 3


def test_a_fingerprint_is_equal_to_that_of_ssh_keygen(sshd: Sshd, tmp_path: Path) -> None:
    """The fingerprint of a key is the one that `ssh-keygen` prints."""
    # given
    (path := tmp_path / "known_hosts").write_text(
        f"sftp.acme.example {sshd.private_key.with_suffix('.pub').read_text()}"
    )

    # when
    (ours,) = known_keys(path, "sftp.acme.example", 22, "`known_hosts`")

    # then
    assert ours == fingerprint(sshd.private_key)
    assert ours.startswith("SHA256:")
    assert len(ours) == len(WRONG)


def test_the_steps_show_the_host_key_to_pin_and_stop(fake: FakeServer) -> None:
    """Without a pinned host key, the steps show the key to pin and stop before the log-in."""
    # given
    steps = []

    # when
    with pytest.raises(SourceUnreachable, match="not pinned"):
        for step in on(fake, host_key=None).steps():
            steps.append(step)

    # then
    assert [step.what for step in steps] == ["resolved", "connected", "host key"]
    assert f'host_key = "{fake.fingerprints[0]}"' in steps[-1].detail
    assert fake.attempts == []


def test_the_steps_reach_the_files_and_download_nothing(fake: FakeServer) -> None:
    """The steps of a working source end with the files, and no file is downloaded."""
    # given
    fake.read = lambda *_: pytest.fail("a file was read")

    # when
    steps = [step.what for step in on(fake).steps()]

    # then
    assert steps[:4] == ["resolved", "connected", "host key", "logged in"]
    assert steps[4:] == ["directory", "matching", "file"]


# Files in the format of known_hosts


def known_hosts(sshd: Sshd, path: Path, kind: str = "ed25519", host: str = "127.0.0.1") -> Path:
    """Writes a known_hosts file that holds one host key of the server."""
    key = sshd.private_key.with_name(f"host_{kind}.pub").read_text()
    path.write_text(f"# known\n\n[{host}]:{sshd.port} {key}")
    return path


@pytest.mark.parametrize("hashed", [False, True])
@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_a_server_can_be_pinned_by_a_known_hosts_file(
    sshd: Sshd, outgoing: Path, tmp_path: Path, kind: str, hashed: bool
) -> None:
    """A known_hosts file pins the host key of a server. The names in the file may be hashed."""
    # given
    path = known_hosts(sshd, tmp_path / "known_hosts", kind)
    if hashed:
        subprocess.run(["ssh-keygen", "-q", "-H", "-f", path], check=True, capture_output=True)
        assert "127.0.0.1" not in path.read_text()
    source = sshd.source(outgoing, settle=0, host_key=None, known_hosts=path)

    # when / then
    assert len(fetch(source, LIMIT)) == 1
    (step,) = [step for step in source.steps() if step.what == "host key"]
    assert step.detail.startswith(sshd.fingerprints[kind])


def test_a_server_with_another_key_than_in_known_hosts_gets_no_secret(
    sshd: Sshd, fake: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server with another key than the one in the known_hosts file gets no secret. The problem
    shows both fingerprints."""
    # given
    monkeypatch.setattr(Secret, "read", lambda *_: pytest.fail("a secret was read"))
    path = known_hosts(sshd, tmp_path / "known_hosts")
    path.write_text(path.read_text().replace(str(sshd.port), str(fake.port)))

    # when
    told = problem(on(fake, host_key=None, known_hosts=path))

    # then
    assert "`known_hosts` has " + sshd.fingerprints["ed25519"] in told
    assert fake.fingerprints[0] in told
    assert fake.attempts == []


def write_other(sshd: Sshd, path: Path) -> None:
    known_hosts(sshd, path, host="sftp.acme.example")


def write_revoked(sshd: Sshd, path: Path) -> None:
    known_hosts(sshd, path)
    line = path.read_text().splitlines()[-1]
    path.write_text(f"{line}\n@revoked {line}\n")


def write_authority(sshd: Sshd, path: Path) -> None:
    path.write_text("@cert-authority * " + sshd.private_key.with_suffix(".pub").read_text().strip())


@pytest.mark.parametrize(
    ("write", "word"),
    [
        pytest.param(write_other, "has no key of", id="another server"),
        pytest.param(write_revoked, "has no key of", id="revoked"),
        pytest.param(write_authority, "has no key of", id="an authority"),
        pytest.param(lambda _, path: path.write_bytes(b"\xff\n[ |1|"), "has no key of", id="junk"),
        pytest.param(lambda _, path: path.unlink(missing_ok=True), "No such file", id="missing"),
        pytest.param(lambda _, path: path.mkdir(), "is not a regular file", id="a directory"),
    ],
)
def test_a_known_hosts_file_without_a_key_of_the_server_fails(
    sshd: Sshd, outgoing: Path, tmp_path: Path, write: Callable[[Sshd, Path], Any], word: str
) -> None:
    """A known_hosts file that is unreadable, or has no valid key of the server, fails the
    pick-up."""
    # given
    path = tmp_path / "known_hosts"
    write(sshd, path)

    # when
    told = problem(sshd.source(outgoing, host_key=None, known_hosts=path))

    # then
    assert "`known_hosts`" in told
    assert word in told


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMfLkfTWteZ1ATuj+ERUJ18jZBJYprLgb8Ie7y987jK4"
KNOWN = "sftp.acme.example " + KEY


@pytest.mark.parametrize(
    "text",
    [
        KNOWN,
        f"  \t{KNOWN}",
        KNOWN.replace(" ", "  "),
        KNOWN.replace(" ", "\t"),
        f"SFTP.Acme.example {KEY}",
        f"other.example,sftp.acme.example {KEY} a comment",
        f"!other.example,sftp.acme.example {KEY}",
    ],
)
def test_a_known_hosts_line_that_names_the_server_pins_its_key(tmp_path: Path, text: str) -> None:
    """A known_hosts line pins the key of each server that the line names."""
    # given
    (path := tmp_path / "known_hosts").write_text(f"{text}\n")

    # when / then
    assert len(known_keys(path, "sftp.ACME.example", 22, "`known_hosts`")) == 1


@pytest.mark.parametrize(
    "text",
    [
        f"{KNOWN}\n@revoked * {KEY}",
        f"{KNOWN}\n@revoked\t{KNOWN}",
        f"{KNOWN}\n  @revoked  *  {KEY.replace(' ', '   ')}",
        f"@revoked {KNOWN}\n{KNOWN}",
        f"{KNOWN}\n@revoked other.example {KEY}",
        f"!sftp.acme.example,sftp.acme.example {KEY}",
        f"!SFTP.acme.example,sftp.acme.example {KEY}",
        f"*.acme.example {KEY}",
        f"#{KNOWN}",
        f"@cert-authority {KNOWN}",
    ],
)
def test_a_known_hosts_line_pins_no_revoked_key_and_no_other_server(
    tmp_path: Path, text: str
) -> None:
    """A revoked key, a comment, a pattern, an excluded name and a certificate authority pin
    nothing."""
    # given
    (path := tmp_path / "known_hosts").write_text(f"{text}\n")

    # when / then
    with pytest.raises(SourceUnreachable, match="has no key of sftp"):
        known_keys(path, "sftp.ACME.example", 22, "`known_hosts`")


# Algorithms


WEAK = {
    "Ciphers aes128-cbc,3des-cbc": "no cipher that is safe, only aes128-cbc, 3des-cbc",
    "MACs hmac-sha1,hmac-md5": "no MAC that is safe, only hmac-sha1, hmac-md5",
    "KexAlgorithms diffie-hellman-group14-sha1": "no key exchange that is safe",
    "HostKeyAlgorithms ssh-rsa": "no host key that is safe, only ssh-rsa",
}


@pytest.mark.parametrize("setting", WEAK)
def test_the_problem_lists_the_weak_algorithms_of_a_server(
    tmp_path: Path, outgoing: Path, setting: str
) -> None:
    """A server that offers only weak algorithms fails the pick-up, and the problem lists these
    algorithms."""
    # given
    with openssh.running(tmp_path / "sshd", setting) as server:
        # when
        told = problem(server.source(outgoing))

    # then
    assert WEAK[setting] in told
    assert "ask the customer" in told


def test_the_problem_lists_the_algorithms_that_the_server_should_allow(
    tmp_path: Path, outgoing: Path
) -> None:
    """A server whose safe algorithms are all unknown fails the pick-up, and the problem lists
    algorithms to allow."""
    # given
    only = "chacha20-poly1305@openssh.com"
    with openssh.running(tmp_path / "sshd", f"Ciphers {only}") as server:
        # when
        refused = failure(server.source(outgoing))

    # then
    told = f"offers no cipher that we have, only {only}; ask the customer to allow aes128-gcm@"
    assert told in refused.problem
    assert not refused.transient


def test_a_server_with_weak_and_strong_algorithms_is_accepted(
    tmp_path: Path, outgoing: Path
) -> None:
    """A server that offers weak and strong algorithms is accepted, because the connection uses
    strong ones."""
    # given
    both = ("Ciphers 3des-cbc,aes128-cbc,aes256-ctr", "MACs hmac-md5,hmac-sha2-512")
    with openssh.running(tmp_path / "sshd", *both) as server:
        # when / then
        assert fetch(server.source(outgoing, settle=0), LIMIT)


def test_no_weak_algorithm_is_requested() -> None:
    """A source requests no weak algorithm, whatever a later version of paramiko prefers."""
    # when
    with socket.socket() as sock:
        options = Transport(sock)
        use_safe_algorithms(options)
        asked = {
            *options.preferred_ciphers,
            *options.preferred_macs,
            *options.preferred_keys,
            *options.preferred_kex,
        }

    # then
    assert asked
    weak = ("cbc", "3des", "md5", "sha1", "ssh-rsa", "ssh-dss", "arcfour")
    assert [name for name in sorted(asked) if any(each in name for each in weak)] == []


def test_the_problem_repeats_only_well_formed_names_of_algorithms() -> None:
    """The problem repeats a few of the server's algorithms at most, and no name that is too long or
    has control characters."""
    # given
    with socket.socket() as sock:
        transport = Transport(sock)
        use_safe_algorithms(transport)
        transport.offered = {
            "kex_algo_list": list(transport.preferred_kex),
            "server_key_algo_list": ["\x1b[2J", "ssh-rsa", "a" * 70, *(f"x{n}" for n in range(99))],
        }

        # when
        told = disagreement(transport)

    # then
    only = ", ".join(f"x{n}" for n in range(7))
    assert told.startswith(f"no host key that we have, only ssh-rsa, {only}; ask the customer")


# Passwords


def test_a_password_logs_in(fake: FakeServer) -> None:
    """D1: A password logs in, and the source fetches the file."""
    # when
    (file,) = fetch(on(fake), LIMIT)

    # then
    assert file.data == b"content"
    assert fake.attempts == ["none", "password"]


def test_a_wrong_password_is_reported_and_not_shown(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the password is wrong, the problem names the settings to check and does not show the
    password."""
    # given
    monkeypatch.setenv("ACME_SFTP", "hunter2")

    # when
    told = problem(on(fake))

    # then
    assert "hunter2" not in told
    assert "check `username` and `password`" in told


def test_one_line_break_at_the_end_of_a_password_file_is_ignored(
    fake: FakeServer, tmp_path: Path
) -> None:
    """One line break at the end of a password file does not belong to the password. A second line
    break does."""
    # given
    path = tmp_path / "password"

    # when / then
    for end in ("", "\n", "\r\n"):
        path.write_bytes((PASSWORD + end).encode())
        assert fetch(on(fake, password=Secret(file=path)), LIMIT)
    path.write_text(PASSWORD + "\n\n")
    assert "`password`" in problem(on(fake, password=Secret(file=path)))


def test_a_password_answers_a_keyboard_interactive_question(fake: FakeServer) -> None:
    """D1: A password logs in with the method keyboard-interactive too. Many servers offer no other
    method for passwords."""
    # given
    fake.methods = "publickey,keyboard-interactive"
    fake.questions = [[], ["Password: "], []]

    # when / then
    assert fetch(on(fake), LIMIT)

    assert fake.answers == [PASSWORD]
    assert fake.attempts == ["none", "interactive"]


def test_a_wrong_keyboard_interactive_answer_is_a_wrong_password(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the server rejects the answer to its question, the problem is a wrong password, and the
    log-in is not tried again."""
    # given
    monkeypatch.setenv("ACME_SFTP", "hunter2")
    fake.methods = "keyboard-interactive"

    # when
    refused = failure(on(fake, attempts=3))

    # then
    assert f"does not let {USER} in; check `username` and `password`" in refused.problem
    assert not refused.transient
    assert fake.answers == ["hunter2"]


@pytest.mark.parametrize(
    ("questions", "answers"),
    [
        ([["Password: ", "Code: "]], []),
        ([["Password: "], ["Code: "]], [PASSWORD]),
        ([["Password: "], ["Password: "]], [PASSWORD]),
    ],
)
def test_a_second_question_fails_and_the_password_is_given_once(
    fake: FakeServer, questions: list[list[str]], answers: list[str]
) -> None:
    """When a server asks a second question, the log-in fails. The password answers one question
    only."""
    # given
    fake.methods, fake.questions = "keyboard-interactive", questions

    # when
    refused = failure(on(fake, attempts=3))

    # then
    assert "by `password` alone; it asks a second question" in refused.problem
    assert not refused.transient
    assert fake.answers == answers


def make_latin(path: Path) -> None:
    path.write_bytes(b"hunter2\xe9")


@pytest.mark.parametrize(
    ("prepare", "word"),
    [
        (lambda path: None, "No such file"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b"\n"), "is empty"),
        (lambda path: path.mkdir(), "is not a regular file"),
        (os.mkfifo, "is not a regular file"),
        (make_latin, "UTF-8"),
        (lambda path: path.write_bytes(b"x" * 2_000_000), "too large"),
    ],
)
def test_an_unusable_secret_file_is_reported(
    fake: FakeServer, tmp_path: Path, prepare: Callable[[Path], Any], word: str
) -> None:
    """When a secret file is missing or unusable, the problem names the setting and the file and
    does not show the content."""
    # given
    path = tmp_path / "secret"
    prepare(path)

    # when
    told = problem(on(fake, password=Secret(file=path)))

    # then
    assert word in told
    assert "`password`" in told
    assert str(path) in told
    assert "hunter2" not in told


def test_a_secret_can_be_a_credential_of_systemd(
    fake: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret can be a credential of systemd. A missing credential fails the pick-up."""
    # given
    source = on(fake, password=Secret(credential="acme"))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)

    # when / then
    assert "the credential acme, which `password` names, is missing" in problem(source)

    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert "No such file" in problem(source)

    (tmp_path / "acme").write_text(PASSWORD + "\n")
    assert fetch(source, LIMIT)


def test_a_variable_that_is_not_set_or_empty_is_reported(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the environment variable of a secret is not set or is empty, the problem says so."""
    # given
    monkeypatch.delenv("ACME_SFTP")

    # when / then
    assert "ACME_SFTP, which `password` names, is not set" in problem(on(fake))

    # given
    monkeypatch.setenv("ACME_SFTP", "")

    # when / then
    assert "is empty" in problem(on(fake))


def test_no_secret_is_printed_or_logged(
    fake: FakeServer, sshd: Sshd, outgoing: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The text of a source and the log, even at level DEBUG, have no password and no private
    key."""
    # given
    caplog.set_level(logging.DEBUG)
    key = sshd.source(outgoing, settle=0)

    # when
    assert fetch(on(fake), LIMIT)
    assert fetch(key, LIMIT)
    told = caplog.text + repr(on(fake)) + str(on(fake)) + repr(key)

    # then
    assert caplog.records
    assert PASSWORD not in told
    assert "PRIVATE KEY" not in told
    assert all(line not in told for line in sshd.private_key.read_text().splitlines()[1:-1])


def test_a_failure_is_raised_and_not_printed(outgoing: Path) -> None:
    """A failure is raised, and nothing is printed. paramiko logs errors, and Python prints a logged
    error when no handler is set."""
    # given
    program = f"""
import threading, socket
from adapters.secrets import Secret
from adapters.sources.sftp.source import SftpSource
from tests.adapters.keeper import fetch
listening = socket.create_server(("127.0.0.1", 0))
def greet():
    client, _ = listening.accept()
    client.sendall(b"220 this is another server\\r\\n")
    client.close()
threading.Thread(target=greet).start()
source = SftpSource(host="127.0.0.1", port=listening.getsockname()[1], directory="/",
                    username="u", password=Secret(env="A"), host_key="{WRONG}", attempts=1)
try:
    fetch(source)
except Exception as error:
    print(type(error).__name__)
"""

    # when
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    # then
    assert (done.stdout, done.stderr) == ("SourceUnreachable\n", "")


STRANGERS: dict[str, Callable[[], Server]] = {
    "silent": lambda: Server(Line.say_nothing),
    "another": lambda: Server(hostile.greet(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
    "rude": lambda: SshServer(at=MSG_KEXINIT, act=hostile_ssh.hang_up),
    "large": lambda: SshServer(at=MSG_USERAUTH_SUCCESS, act=hostile_ssh.announce),
}


@pytest.mark.parametrize("case", STRANGERS)
def test_the_worker_does_not_log_the_faults_of_a_server(case: str) -> None:
    """R2: The record of the run describes the fault of a server, so the log of the worker has no
    line about the fault."""
    # given
    log = StringIO()
    with closing(STRANGERS[case]()) as server, logging_to(log):
        host_key = hostile_ssh.host_key().fingerprint

        # when
        problem(on(server, host_key=host_key, timeouts=Timeouts(greeting=0.3, handshake=0.1)))

    # then
    assert log.getvalue() == ""


def test_paramiko_is_imported_only_when_it_is_used() -> None:
    """The command line and the settings do not import paramiko, because the import is slow."""
    # given
    program = (
        "import sys, cli.main, cli.check, cli.imports, adapters.settings;"
        "print('paramiko' in sys.modules)"
    )

    # when
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    # then
    assert done.stdout == "False\n"


# Refusals, unusual answers and changing files


def test_a_server_without_sftp_is_reported(fake: FakeServer) -> None:
    """When a server opens no SFTP session, the problem says so."""
    # given
    fake.refuse_sftp = True

    # when / then
    assert "no SFTP session" in problem(on(fake))


def test_a_directory_that_cannot_be_listed_is_reported(fake: FakeServer) -> None:
    """When the server refuses to list the directory, the problem gives the reason and names the
    setting."""
    # given
    fake.entries = lambda _: SFTP_PERMISSION_DENIED

    # when
    told = problem(on(fake))

    # then
    assert "Permission denied" in told
    assert "`directory`" in told


def test_a_file_that_cannot_be_read_is_reported(fake: FakeServer) -> None:
    """When the server refuses to read a file, the problem gives the reason and names the file."""
    # given
    fake.read = lambda *_: SFTP_PERMISSION_DENIED

    # when
    told = problem(on(fake))

    # then
    assert NAME in told
    assert "Permission denied" in told


@pytest.mark.parametrize("name", ["../x.csv", "/etc/x.csv", "a/b.csv", "..", "\x1b[31m.csv", "\n"])
def test_a_malformed_name_does_not_count(fake: FakeServer, name: str) -> None:
    """D2: A file whose name is a path or has control characters does not count."""

    # given
    def hostile(entries: list[Any]) -> list[Any]:
        entries[0].filename = name
        return entries

    fake.entries = hostile

    # when / then
    assert fetch(on(fake, pattern="*"), LIMIT) == []


def test_a_listing_with_too_many_entries_fails(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6: A listing with more entries than the limit fails the pick-up."""
    # given
    monkeypatch.setattr("adapters.sources.pickup.MAX_ENTRIES", 50)
    fake.entries = lambda entries: entries * 51

    # when / then
    assert "more than 50 entries" in problem(on(fake))


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(lambda path, offset, size, data: data[:3000], id="in small pieces"),
        pytest.param(lambda path, offset, size, data: data, id="as asked"),
    ],
)
def test_a_server_may_send_a_file_in_small_pieces(
    fake: FakeServer, outgoing: Path, read: Callable[..., Any]
) -> None:
    """D4: A file is complete also when the server sends fewer bytes at once than the source
    requests."""
    # given
    content = os.urandom(200_001)
    (outgoing / NAME).write_bytes(content)
    fake.read = read

    # when
    (file,) = fetch(on(fake), LIMIT)

    # then
    assert file.data == content


@pytest.mark.parametrize("where", ["end", "middle", "start"])
def test_a_file_with_fewer_bytes_than_listed_is_not_complete(
    fake: FakeServer, outgoing: Path, where: str
) -> None:
    """D4: A file of which fewer bytes are received than listed is not complete."""
    # given
    (outgoing / NAME).write_bytes(b"x" * 200_000)
    missing = {"end": 180_000, "middle": 98_304, "start": 0}[where]

    def truncated(path: Path, offset: int, size: int, data: bytes) -> Any:
        if where == "end" and offset + size > missing:
            return data[: max(0, missing - offset)] or SFTP_EOF
        return SFTP_EOF if offset == missing else data

    fake.read = truncated

    # when / then
    assert "another number of bytes than the server lists" in problem(on(fake))


@pytest.mark.parametrize("change", ["truncated", "grown", "replaced", "gone", "a link"])
def test_a_file_that_changes_while_it_is_read_is_not_complete(
    fake: FakeServer, outgoing: Path, change: str
) -> None:
    """D4: A file that changes while it is read is not complete."""
    # given
    path = outgoing / NAME
    path.write_bytes(b"x" * 100_000)
    done: list[str] = []

    def meanwhile(_: Path, offset: int, size: int, data: bytes) -> bytes:
        if not done:
            done.append(change)
            if change == "truncated":
                os.truncate(path, 10)
            elif change == "grown":
                path.write_bytes(b"x" * 100_001)
            else:
                path.unlink()
                if change == "replaced":
                    path.write_bytes(b"y" * 100_000)
                    os.utime(path, (0, 0))
                if change == "a link":
                    path.symlink_to("/etc/passwd")
        return data

    fake.read = meanwhile

    # when / then
    with pytest.raises(StillUploading, match=NAME):
        fetch(on(fake), LIMIT)


def test_a_file_that_changed_while_it_was_read_is_read_again(
    fake: FakeServer, outgoing: Path
) -> None:
    """D4: A file that changes while it is read is read again once it no longer changes."""
    # given
    done: list[bytes] = []

    def once(path: Path, offset: int, size: int, data: bytes) -> bytes:
        if not done:
            done.append(data)
            path.write_bytes(b"another content")
        return data

    fake.read = once

    # when
    (file,) = fetch(on(fake, settle=0.05, settle_limit=10), LIMIT)

    # then
    assert file.data == b"another content"


def test_a_file_that_is_gone_before_it_is_opened_is_not_complete(
    fake: FakeServer, outgoing: Path
) -> None:
    """D4: A file that was listed and is gone before it is opened is not complete."""

    # given
    def taken_away(entries: list[Any]) -> list[Any]:
        (outgoing / NAME).unlink(missing_ok=True)
        return entries

    fake.entries = taken_away

    # when / then
    with pytest.raises(StillUploading, match=NAME):
        fetch(on(fake), LIMIT)


def test_a_file_that_is_too_large_is_not_read(fake: FakeServer, outgoing: Path) -> None:
    """F7: A file that is larger than the limit is listed with its size and is not read."""
    # given
    (outgoing / NAME).write_bytes(b"x" * 1_000_000)
    fake.read = lambda *_: pytest.fail("a file was read")

    # when
    (file,) = fetch(on(fake), 40_000)

    # then
    assert (file.data, file.size) == (None, 1_000_000)


def test_nothing_is_written_on_the_server(fake: FakeServer) -> None:
    """D5: A pick-up and a check write nothing on the server."""
    # when
    assert fetch(on(fake), LIMIT)
    assert list(on(fake).steps())

    # then
    assert fake.written == []


# Silent servers, deadlines and closed connections


@pytest.mark.parametrize("end", ["fetch", "refusal", "steps"])
def test_the_connection_is_closed_after_every_use(fake: FakeServer, end: str) -> None:
    """The connection is closed after a pick-up, after a failure and after a check that stops
    early."""
    # when
    if end == "fetch":
        fetch(on(fake), LIMIT)
    elif end == "refusal":
        problem(on(fake, directory="/nowhere"))
    else:
        steps = on(fake).steps()
        next(steps)
        steps.close()  # type: ignore[attr-defined]

    # then
    assert_nothing_is_waited_for()
    patience = time.monotonic() + 10
    while fake.open_connections and time.monotonic() < patience:
        time.sleep(0.02)
    assert fake.open_connections == 0


@pytest.mark.parametrize("greeting", [b"", b"SSH-2.0-Silent\r\n"])
def test_the_wait_for_a_silent_server_ends(greeting: bytes) -> None:
    """R6: The wait for a server that is silent from the start, or after its greeting, ends."""
    # given
    with socket.create_server(("127.0.0.1", 0)) as listening:
        source = SftpSource(
            host="127.0.0.1",
            port=listening.getsockname()[1],
            directory="/",
            pattern="*",
            username="tenure",
            password=Secret(env="ACME_SFTP"),
            attempts=1,
            timeouts=Timeouts(greeting=0.3, handshake=0.3),
        )
        clients: list[socket.socket] = []

        def greet() -> None:
            client, _ = listening.accept()
            clients.append(client)
            client.sendall(greeting)

        thread = threading.Thread(target=greet)
        thread.start()

        # when / then
        started = time.monotonic()
        assert "SSH" in problem(source)
        assert time.monotonic() - started < 5

        thread.join()
        clients[0].close()


class Slow(SshServer):
    """A server that waits for a moment before it speaks SSH."""

    def _talk_ssh(self, line: Line) -> None:
        self.over.wait(0.7)
        super()._talk_ssh(line)


OVER_TIME: dict[str, tuple[Callable[[], Server], str]] = {
    "silent": (lambda: Server(Line.say_nothing), WRONG),
    "slow to show one key after the other": (Slow, WRONG),
    "dripping": (lambda: SshServer({CMD_READDIR: hostile_ssh.drip_answer}), ""),
}


@pytest.mark.parametrize("case", OVER_TIME)
@pytest.mark.parametrize("what", ["fetch", "check"])
def test_a_pick_up_and_a_check_end_at_the_deadline(case: str, what: str) -> None:
    """R6: A pick-up and a check end at the deadline for the whole, even when no part of them takes
    too long."""
    # given
    make, pinned = OVER_TIME[case]
    start = time.monotonic()
    with closing(make()) as server:
        pinned = pinned or hostile_ssh.host_key().fingerprint
        source = on(server, host_key=pinned, attempts=4, deadline=1)

        # when
        with pytest.raises(SourceUnreachable, match="longer than 1 seconds") as raised:
            fetch(source, LIMIT) if what == "fetch" else list(source.steps())
        took = time.monotonic() - start

    # then
    assert "`deadline`" in raised.value.problem
    assert 0.9 < took < 3


def test_the_wait_for_files_to_settle_ends_at_the_deadline(fake: FakeServer) -> None:
    """R6, D4: The wait for unchanged files ends at the deadline."""
    # given
    start = time.monotonic()
    sizes = iter(range(1000))

    def growing(entries: list[Any]) -> list[Any]:
        entries[0].st_size = next(sizes)
        return entries

    fake.entries = growing

    # when
    refused = failure(on(fake, settle=0.2, deadline=0.5))

    # then
    assert "longer than 0.5 seconds" in refused.problem
    assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        (
            {"timeouts": Timeouts(silence=0.3)},
            f"{NAME} on 127.0.0.1 cannot be read (the server stopped",
        ),
        ({"deadline": 0.3}, "`deadline`"),
    ],
)
def test_the_wait_for_a_server_that_stops_answering_ends(
    fake: FakeServer, limits: dict[str, Any], word: str
) -> None:
    """R6: The wait for a server that stops answering while a file is read ends."""
    # given
    silent = threading.Event()

    def nothing(*_: Any) -> bytes:
        silent.wait(10)
        return b""

    fake.read = nothing

    started = time.monotonic()

    # when / then
    try:
        assert word in problem(on(fake, **limits))
        assert time.monotonic() - started < 5
    finally:
        silent.set()


def test_the_wait_for_an_sftp_session_ends(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6: The wait for a server that does not answer the request for an SFTP session ends."""
    # given
    answered = threading.Event()
    monkeypatch.setattr(
        "tests.adapters.sftp_server._Door.check_channel_subsystem_request",
        lambda *_: answered.wait(10),
    )

    # when / then
    started = time.monotonic()
    try:
        assert "no SFTP session" in problem(on(fake, timeouts=Timeouts(session=0.3)))
        assert time.monotonic() - started < 5
    finally:
        answered.set()
