"""SFTP sources: how a server is verified, how a source logs in, and how a pick-up can fail."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any

import paramiko
import pytest
from paramiko.common import MSG_KEXINIT, MSG_USERAUTH_SUCCESS
from paramiko.sftp import CMD_READDIR

from adapters.observe.log import logging_to
from adapters.secrets import Secret, SecretUnreadable
from adapters.sources.deadline import Timeouts
from adapters.sources.sftp.algorithms import disagreement, use_safe_algorithms
from adapters.sources.sftp.keys import known_keys
from adapters.sources.sftp.paramiko_private import Transport
from adapters.sources.sftp.source import SftpSource
from adapters.sources.source import SourceUnreachable
from tests.adapters import hostile, hostile_ssh
from tests.adapters import sshd as openssh
from tests.adapters.failing import (
    LIMIT,
    assert_nothing_is_waited_for,
    failure,
    problem,
    retry_quickly,
)
from tests.adapters.hostile import Line, Server
from tests.adapters.hostile_ssh import SshServer
from tests.adapters.keeper import fetch
from tests.adapters.sftp_server import PASSWORD, USER, FakeServer, serving
from tests.adapters.sshd import Sshd, fingerprint, generate_key

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


@pytest.mark.parametrize(
    ("kind", "passphrase"),
    [
        (("ed25519",), ""),
        (("ed25519",), "open sesame"),
        (("ecdsa", "-b", "384"), "open sesame"),
        (("ecdsa", "-m", "PEM"), ""),
        (("rsa",), ""),
        (("rsa", "-m", "PEM"), "open sesame"),
        (("rsa", "-m", "PKCS8"), "open sesame"),
    ],
)
def test_a_private_key_of_every_type_and_format_logs_in(
    sshd: Sshd,
    outgoing: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: tuple[str, ...],
    passphrase: str,
) -> None:
    """D1: A private key of every type and format logs in, with a passphrase and without one."""
    # given
    key = generate_key(tmp_path / "key", *kind, passphrase=passphrase)
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


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("private_key", "does not let {user} in; check `username` and `private_key`"),
        ("password", "by `password`, only by publickey; set `private_key` instead"),
    ],
)
def test_a_log_in_that_the_server_does_not_accept_names_the_settings(
    sshd: Sshd, outgoing: Path, tmp_path: Path, setting: str, words: str
) -> None:
    """D1: The problem of a refused log-in names the settings to check, or the one to set instead
    where the server takes only keys."""
    # given
    key = Secret(file=generate_key(tmp_path / "other"))
    log_in = {"private_key": None, "password": Secret(env="ACME_SFTP")}
    log_in = log_in if setting == "password" else {"private_key": key}

    # when / then
    told = problem(sshd.source(outgoing, **log_in))
    assert told.endswith(words.format(user=sshd.user))


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


@pytest.mark.parametrize(
    ("kind", "passphrase", "configured"),
    [
        (("ed25519",), "open sesame", True),
        (("ed25519",), "open sesame", False),
        (("ed25519",), "", True),
        (("rsa", "-m", "PEM"), "open sesame", True),
        (("rsa", "-m", "PEM"), "", True),
        (("ecdsa", "-m", "PKCS8"), "open sesame", True),
        (("ecdsa", "-m", "PKCS8"), "open sesame", False),
    ],
)
def test_an_unsuitable_passphrase_is_reported_and_not_shown(
    sshd: Sshd,
    outgoing: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: tuple[str, ...],
    passphrase: str,
    configured: bool,
) -> None:
    """A passphrase that is wrong, missing or not needed fails the pick-up. The problem names the
    setting and does not show the passphrase."""
    # given
    key = generate_key(tmp_path / "key", *kind, passphrase=passphrase)
    monkeypatch.setenv("PASSPHRASE", "hunter2")
    secret = Secret(env="PASSPHRASE") if configured else None

    # when
    told = problem(sshd.source(outgoing, private_key=Secret(file=key), passphrase=secret))

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
    retry_quickly(monkeypatch, 0.4)


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


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMfLkfTWteZ1ATuj+ERUJ18jZBJYprLgb8Ie7y987jK4"
KNOWN = "sftp.acme.example " + KEY


def known_hosts(sshd: Sshd, path: Path, kind: str = "ed25519", host: str = "127.0.0.1") -> Path:
    """Writes a known_hosts file that holds one host key of the server."""
    key = sshd.private_key.with_name(f"host_{kind}.pub").read_text()
    path.write_text(f"# known\n\n[{host}]:{sshd.port} {key}")
    return path


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


@pytest.mark.parametrize(
    ("write", "word"),
    [
        (lambda path: path.write_text(f"other.example {KEY}\n"), "has no key of"),
        (lambda path: path.write_bytes(b"\xff\n[ |1|"), "has no key of"),
        (lambda path: path.unlink(missing_ok=True), "No such file"),
        (lambda path: path.mkdir(), "is not a regular file"),
    ],
)
def test_a_known_hosts_file_without_a_key_of_the_server_fails(
    sshd: Sshd, outgoing: Path, tmp_path: Path, write: Callable[[Path], Any], word: str
) -> None:
    """A known_hosts file that is unreadable, or has no key of the server, fails the pick-up."""
    # given
    path = tmp_path / "known_hosts"
    write(path)

    # when
    told = problem(sshd.source(outgoing, host_key=None, known_hosts=path))

    # then
    assert "`known_hosts`" in told
    assert word in told


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_a_server_can_be_pinned_by_a_known_hosts_file_with_hashed_names(
    sshd: Sshd, outgoing: Path, tmp_path: Path, kind: str
) -> None:
    """A known_hosts file pins the host key of a server. The names in the file may be hashed."""
    # given
    path = known_hosts(sshd, tmp_path / "known_hosts", kind)
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", path], check=True, capture_output=True)
    source = sshd.source(outgoing, settle=0, host_key=None, known_hosts=path)

    # when / then
    (step,) = [step for step in source.steps() if step.what == "host key"]
    assert step.detail.startswith(sshd.fingerprints[kind])


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


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_one_line_break_at_the_end_of_a_password_file_is_ignored(tmp_path: Path, end: str) -> None:
    """One line break at the end of a secret file does not belong to the secret. A second one
    does."""
    # given
    (one := tmp_path / "one").write_bytes(f"secret{end}".encode())
    (two := tmp_path / "two").write_bytes(b"secret\n\n")

    # when / then
    assert Secret(file=one).read("password") == "secret"
    assert Secret(file=two).read("password") == "secret\n"


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


@pytest.mark.parametrize(
    ("prepare", "word"),
    [
        (lambda path: None, "No such file"),
        (lambda path: path.write_bytes(b"\n"), "is empty"),
        (lambda path: path.mkdir(), "is not a regular file"),
        (os.mkfifo, "is not a regular file"),
        (lambda path: path.write_bytes(b"hunter2\xe9"), "UTF-8"),
        (lambda path: path.write_bytes(b"x" * 2_000_000), "too large"),
    ],
)
def test_an_unusable_secret_file_is_reported(
    tmp_path: Path, prepare: Callable[[Path], Any], word: str
) -> None:
    """When a secret file is missing or unusable, the problem names the setting and the file and
    does not show the content."""
    # given
    path = tmp_path / "secret"
    prepare(path)

    # when
    with pytest.raises(SecretUnreadable) as raised:
        Secret(file=path).read("password")

    # then
    assert word in raised.value.problem
    assert f"the file {path}, which `password` names" in raised.value.problem
    assert "hunter2" not in "".join(traceback.format_exception(raised.value))


def test_a_secret_can_be_a_credential_of_systemd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret can be a credential of systemd. A missing credential is reported."""
    # given
    secret = Secret(credential="acme")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)

    # when / then
    with pytest.raises(SecretUnreadable, match="acme, which `password` names, is missing"):
        secret.read("password")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(SecretUnreadable, match="No such file"):
        secret.read("password")
    (tmp_path / "acme").write_text(f"{PASSWORD}\n")
    assert secret.read("password") == PASSWORD


@pytest.mark.parametrize(("text", "word"), [(None, "is not set"), ("", "is empty")])
def test_a_variable_that_is_not_set_or_empty_is_reported(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch, text: str | None, word: str
) -> None:
    """When the environment variable of a secret is not set or is empty, the problem says so."""
    # given
    monkeypatch.delenv("ACME_SFTP")
    if text is not None:
        monkeypatch.setenv("ACME_SFTP", text)

    # when / then
    assert f"ACME_SFTP, which `password` names, {word}" in problem(on(fake))


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
        "import sys, cli.main, cli.commands.check, cli.commands.imports, adapters.settings;"
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


@pytest.mark.parametrize("size", [3000, 10**9])
def test_a_server_may_send_a_file_in_small_pieces(
    fake: FakeServer, outgoing: Path, size: int
) -> None:
    """D4: A file is complete also when the server sends fewer bytes at once than the source
    requests."""
    # given
    content = os.urandom(200_001)
    (outgoing / NAME).write_bytes(content)
    fake.read = lambda path, offset, length, data: data[:size]

    # when
    (file,) = fetch(on(fake), LIMIT)

    # then
    assert file.data == content


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


class Slow(SshServer):
    """A server that waits for a moment before it speaks SSH."""

    def _talk_ssh(self, line: Line) -> None:
        self.over.wait(0.7)
        super()._talk_ssh(line)


OVER_TIME: dict[str, tuple[Callable[[], Server], str]] = {
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
