"""What is an SFTP server's own: which server it is, who may log in, and how it can fail."""

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
from paramiko.sftp import CMD_READDIR

from adapters.secret import Secret
from adapters.sources.deadlines import Deadlines
from adapters.sources.sftp import SftpSource
from adapters.sources.source import SourceUnreachable, StillUploading
from adapters.sources.ssh_keys import known_keys
from adapters.sources.ssh_transport import Transport
from adapters.worker.log import logging_to
from tests.adapters import hostile, hostile_ssh
from tests.adapters import sshd as openssh
from tests.adapters.failing import LIMIT, assert_nothing_is_waited_for, failure, problem
from tests.adapters.hostile import Line, Server
from tests.adapters.hostile_ssh import SshServer
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
    """A server that does what a test wants."""
    with serving(outgoing.parent) as server:
        yield server


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    """The right password, where the configuration looks for it."""
    monkeypatch.setenv("ACME_SFTP", PASSWORD)


def on(fake: FakeServer | Server, **changes: Any) -> SftpSource:
    """A source on the server in this process that works, but for the `changes`."""
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


# The real server


def test_a_key_opens_the_door(sshd: Sshd, outgoing: Path) -> None:
    """D1"""
    (file,) = sshd.source(outgoing, settle=0.01).fetch(LIMIT)

    assert (file.name, file.data) == (NAME, b"content")


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_whichever_of_a_servers_keys_is_pinned_is_found(
    sshd: Sshd, outgoing: Path, kind: str
) -> None:
    source = sshd.source(outgoing, settle=0, host_key=sshd.fingerprints[kind])

    assert len(source.fetch(LIMIT)) == 1
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
def test_a_key_of_every_type_and_format_is_read(
    sshd: Sshd,
    outgoing: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    case: str,
    passphrase: str,
) -> None:
    key = generate_key(tmp_path / "key", *KEYS[case], passphrase=passphrase)
    authorized = sshd.private_key.with_name("authorized_keys")
    authorized.write_text(authorized.read_text() + key.with_suffix(".pub").read_text())
    monkeypatch.setenv("PASSPHRASE", passphrase)
    secret = Secret(env="PASSPHRASE") if passphrase else None
    source = sshd.source(outgoing, private_key=Secret(file=key), passphrase=secret, settle=0)

    assert len(source.fetch(LIMIT)) == 1


def test_a_key_may_be_in_the_environment(
    sshd: Sshd, outgoing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", sshd.private_key.read_text())

    assert sshd.source(outgoing, private_key=Secret(env="KEY"), settle=0).fetch(LIMIT)


def test_a_key_that_the_server_does_not_know_is_refused(
    sshd: Sshd, outgoing: Path, tmp_path: Path
) -> None:
    key = generate_key(tmp_path / "other")

    told = problem(sshd.source(outgoing, private_key=Secret(file=key)))

    assert "does not let" in told
    assert "`username` and `private_key`" in told


def test_a_password_where_only_keys_are_taken_is_told(sshd: Sshd, outgoing: Path) -> None:
    source = sshd.source(outgoing, private_key=None, password=Secret(env="ACME_SFTP"))

    told = problem(source)

    assert told.endswith("by `password`, only by publickey; set `private_key` instead")


def test_a_key_where_only_passwords_are_taken_is_told(fake: FakeServer, sshd: Sshd) -> None:
    key = Secret(file=sshd.private_key)

    told = problem(on(fake, private_key=key, password=None))

    assert told.endswith("by `private_key`, only by password; set `password` instead")


def test_a_server_that_hangs_up_on_a_log_in_is_not_asked_again(
    tmp_path: Path, outgoing: Path
) -> None:
    """R6: it has said no, and counts who asks again."""
    key = generate_key(tmp_path / "other")
    with openssh.running(tmp_path / "sshd", "MaxAuthTries 1") as server:
        refused = failure(server.source(outgoing, private_key=Secret(file=key), attempts=3))

        assert "ended the log-in" in refused.problem
        assert "(the server closed the connection); check `username` and" in refused.problem
        assert not refused.transient
        log = (tmp_path / "sshd" / "log").read_text()
        assert log.count("Failed publickey") == 1


@pytest.mark.parametrize("case", ["wrong", "missing", "needless"])
def test_a_passphrase_that_does_not_fit_is_told(
    sshd: Sshd, outgoing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    for kind, *more in (("ed25519",), ("rsa", "-m", "PEM"), ("ecdsa", "-m", "PKCS8")):
        words = "" if case == "needless" else "open sesame"
        key = generate_key(tmp_path / f"{kind}_key", kind, *more, passphrase=words)
        monkeypatch.setenv("PASSPHRASE", "hunter2")
        passphrase = None if case == "missing" else Secret(env="PASSPHRASE")
        source = sshd.source(outgoing, private_key=Secret(file=key), passphrase=passphrase)

        told = problem(source)

        assert "`passphrase`" in told
        assert "hunter2" not in told


def test_what_is_no_key_is_told(sshd: Sshd, outgoing: Path, tmp_path: Path) -> None:
    path = tmp_path / "key"
    for text in ("hunter2", "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n"):
        path.write_text(text)

        told = problem(sshd.source(outgoing, private_key=Secret(file=path)))

        assert "`private_key` cannot be read" in told
        assert "hunter2" not in told


def test_the_address_to_connect_from_is_used(sshd: Sshd, outgoing: Path) -> None:
    """D1"""
    assert sshd.source(outgoing, bind="127.0.0.1", settle=0).fetch(LIMIT)
    told = problem(sshd.source(outgoing, bind="192.0.2.1"))
    assert told == "192.0.2.1 is not an address of this machine; check `bind`"


def test_a_directory_that_is_a_file_is_told(sshd: Sshd, outgoing: Path) -> None:
    assert "cannot be listed" in problem(sshd.source(outgoing / NAME))


@pytest.mark.parametrize("kind", ["settles", "does not"])
def test_an_upload_is_waited_for_or_left_for_the_next_time(
    sshd: Sshd, outgoing: Path, kind: str
) -> None:
    """D4"""
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
    try:
        source = sshd.source(outgoing, settle=0.4, settle_limit=limit)
        if kind == "settles":
            assert [file.size for file in source.fetch(LIMIT)] == [4000]
        else:
            with pytest.raises(StillUploading, match=NAME):
                source.fetch(LIMIT)
    finally:
        stop.set()
        writer.join()


def test_a_server_that_has_gone_away_is_told(outgoing: Path) -> None:
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

    assert "Connection refused" in problem(source)
    assert "`host` and `port`" in problem(source)


@pytest.mark.parametrize("host", ["nowhere.invalid", "two..dots", "a" * 80 + ".example"])
def test_a_name_that_leads_nowhere_is_told(fake: FakeServer, host: str) -> None:
    assert "`host`" in problem(on(fake, host=host))


def test_without_a_server_to_test_with_the_package_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)

    with pytest.raises(AssertionError, match="openssh-server"):
        find_sshd()


# The right server, before anything secret is said


@pytest.mark.parametrize("pinned", [None, WRONG])
def test_no_secret_goes_to_a_server_that_is_not_known(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch, pinned: str | None
) -> None:
    monkeypatch.setattr(Secret, "read", lambda *_: pytest.fail("a secret was read"))

    told = problem(on(fake, host_key=pinned))

    assert fake.attempts == []
    assert fake.fingerprints[0] in told
    assert "`host_key`" in told
    assert ("not pinned" in told) == (pinned is None)
    assert (WRONG in told) == (pinned is not None)


def test_a_key_of_another_type_is_looked_for_and_not_trusted(
    outgoing: Path, tmp_path: Path
) -> None:
    keys = [
        paramiko.Ed25519Key.from_private_key_file(str(generate_key(tmp_path / "host"))),
        paramiko.ECDSAKey.generate(),
        paramiko.RSAKey.generate(2048),
    ]
    with serving(outgoing.parent, *keys) as fake:
        for pinned in fake.fingerprints:
            assert on(fake, host_key=pinned).fetch(LIMIT)
        fake.attempts.clear()

        told = problem(on(fake, host_key=WRONG))

        assert fake.fingerprints[0] in told
        assert fake.attempts == []


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is so after a moment."""
    monkeypatch.setattr("adapters.sources.attempts._FIRST_PAUSE_S", 0.4)
    monkeypatch.setattr("adapters.sources.attempts._MAX_JITTER_S", 0)
    monkeypatch.setattr("adapters.sources.attempts._GROWTH", 1)


@pytest.mark.usefixtures("hurried")
def test_a_server_that_talks_to_one_at_a_time_is_asked_for_its_other_keys(
    tmp_path: Path, outgoing: Path
) -> None:
    with openssh.running(tmp_path / "sshd", "MaxStartups 1") as server:
        source = server.source(outgoing, host_key=server.fingerprints["rsa"], settle=0, attempts=4)

        assert len(source.fetch(LIMIT)) == 1


class Once(SshServer):
    """A server that talks on its first connection, and on no other."""

    def _talk_ssh(self, line: Line) -> None:
        if self.connections == 1:
            super()._talk_ssh(line)


@pytest.mark.usefixtures("hurried")
def test_a_line_that_is_lost_is_no_other_key() -> None:
    with closing(Once()) as server:
        refused = failure(on(server, host_key=WRONG))

        assert refused.transient
        assert "does not answer as an SSH server does" in refused.problem
        assert server.connections == 3


def test_a_fingerprint_is_that_of_openssh(sshd: Sshd, tmp_path: Path) -> None:
    assert fingerprint(sshd.private_key).startswith("SHA256:")
    assert len(fingerprint(sshd.private_key)) == len(WRONG)


def test_the_steps_show_the_key_to_pin_and_go_no_further(fake: FakeServer) -> None:
    steps = []
    with pytest.raises(SourceUnreachable, match="not pinned"):
        for step in on(fake, host_key=None).steps():
            steps.append(step)

    assert [step.what for step in steps] == ["resolved", "connected", "host key"]
    assert f'host_key = "{fake.fingerprints[0]}"' in steps[-1].detail
    assert fake.attempts == []


def test_the_steps_are_all_the_way_and_download_nothing(fake: FakeServer) -> None:
    fake.read = lambda *_: pytest.fail("a file was read")

    steps = [step.what for step in on(fake).steps()]

    assert steps[:4] == ["resolved", "connected", "host key", "logged in"]
    assert steps[4:] == ["directory", "matching", "file"]


# Servers that are known from a file


def known_hosts(sshd: Sshd, path: Path, kind: str = "ed25519", host: str = "127.0.0.1") -> Path:
    """A file in which OpenSSH would know the server by one of its keys."""
    key = sshd.private_key.with_name(f"host_{kind}.pub").read_text()
    path.write_text(f"# known\n\n[{host}]:{sshd.port} {key}")
    return path


@pytest.mark.parametrize("hashed", [False, True])
@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_a_server_may_be_known_from_a_file(
    sshd: Sshd, outgoing: Path, tmp_path: Path, kind: str, hashed: bool
) -> None:
    path = known_hosts(sshd, tmp_path / "known_hosts", kind)
    if hashed:
        subprocess.run(["ssh-keygen", "-q", "-H", "-f", path], check=True, capture_output=True)
        assert "127.0.0.1" not in path.read_text()
    source = sshd.source(outgoing, settle=0, host_key=None, known_hosts=path)

    assert len(source.fetch(LIMIT)) == 1
    (step,) = [step for step in source.steps() if step.what == "host key"]
    assert step.detail.startswith(sshd.fingerprints[kind])


def test_a_server_with_another_key_than_in_the_file_is_not_trusted(
    sshd: Sshd, fake: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Secret, "read", lambda *_: pytest.fail("a secret was read"))
    path = known_hosts(sshd, tmp_path / "known_hosts")
    path.write_text(path.read_text().replace(str(sshd.port), str(fake.port)))

    told = problem(on(fake, host_key=None, known_hosts=path))

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
def test_a_file_that_does_not_know_the_server_pins_nothing(
    sshd: Sshd, outgoing: Path, tmp_path: Path, write: Callable[[Sshd, Path], Any], word: str
) -> None:
    path = tmp_path / "known_hosts"
    write(sshd, path)

    told = problem(sshd.source(outgoing, host_key=None, known_hosts=path))

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
def test_a_line_that_names_a_server_pins_its_key(tmp_path: Path, text: str) -> None:
    (path := tmp_path / "known_hosts").write_text(f"{text}\n")

    assert len(known_keys(path, "sftp.ACME.example", 22)) == 1


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
def test_a_line_that_does_not_or_takes_it_back_pins_nothing(tmp_path: Path, text: str) -> None:
    (path := tmp_path / "known_hosts").write_text(f"{text}\n")

    with pytest.raises(SourceUnreachable, match="has no key of sftp"):
        known_keys(path, "sftp.ACME.example", 22)


# Algorithms


WEAK = {
    "Ciphers aes128-cbc,3des-cbc": "no cipher that is safe, only aes128-cbc, 3des-cbc",
    "MACs hmac-sha1,hmac-md5": "no MAC that is safe, only hmac-sha1, hmac-md5",
    "KexAlgorithms diffie-hellman-group14-sha1": "no key exchange that is safe",
    "HostKeyAlgorithms ssh-rsa": "no host key that is safe, only ssh-rsa",
}


@pytest.mark.parametrize("setting", WEAK)
def test_a_server_that_offers_only_weak_algorithms_is_told_what_it_offers(
    tmp_path: Path, outgoing: Path, setting: str
) -> None:
    with openssh.running(tmp_path / "sshd", setting) as server:
        told = problem(server.source(outgoing))

    assert WEAK[setting] in told
    assert "ask the customer" in told


def test_a_server_with_safe_algorithms_that_are_not_ours_is_told_which_to_allow(
    tmp_path: Path, outgoing: Path
) -> None:
    only = "chacha20-poly1305@openssh.com"
    with openssh.running(tmp_path / "sshd", f"Ciphers {only}") as server:
        refused = failure(server.source(outgoing))

    told = f"offers no cipher that we have, only {only}; ask the customer to allow aes128-gcm@"
    assert told in refused.problem
    assert not refused.transient


def test_strong_algorithms_are_agreed_on_with_a_server_that_offers_both(
    tmp_path: Path, outgoing: Path
) -> None:
    both = ("Ciphers 3des-cbc,aes128-cbc,aes256-ctr", "MACs hmac-md5,hmac-sha2-512")
    with openssh.running(tmp_path / "sshd", *both) as server:
        assert server.source(outgoing, settle=0).fetch(LIMIT)


def test_nothing_weak_is_ever_asked_for() -> None:
    """Whatever a later version of the library may prefer."""
    with socket.socket() as sock:
        options = Transport(sock)
        asked = {
            *options.preferred_ciphers,
            *options.preferred_macs,
            *options.preferred_keys,
            *options.preferred_kex,
        }

    assert asked
    weak = ("cbc", "3des", "md5", "sha1", "ssh-rsa", "ssh-dss", "arcfour")
    assert [name for name in sorted(asked) if any(each in name for each in weak)] == []


def test_names_of_algorithms_are_looked_at_before_they_are_repeated() -> None:
    with socket.socket() as sock:
        transport = Transport(sock)
        transport.offered = {
            "kex_algo_list": list(transport.preferred_kex),
            "server_key_algo_list": ["\x1b[2J", "ssh-rsa", "a" * 70, *(f"x{n}" for n in range(99))],
        }

        told = transport.disagreement()

    only = ", ".join(f"x{n}" for n in range(7))
    assert told.startswith(f"no host key that we have, only ssh-rsa, {only}; ask the customer")


# Passwords


def test_a_password_opens_the_door(fake: FakeServer) -> None:
    """D1"""
    (file,) = on(fake).fetch(LIMIT)

    assert file.data == b"content"
    assert fake.attempts == ["none", "password"]


def test_a_wrong_password_is_told_without_it(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_SFTP", "hunter2")

    told = problem(on(fake))

    assert "hunter2" not in told
    assert "check `username` and `password`" in told


def test_one_line_break_at_the_end_of_a_password_file_is_none_of_it(
    fake: FakeServer, tmp_path: Path
) -> None:
    path = tmp_path / "password"
    for end in ("", "\n", "\r\n"):
        path.write_bytes((PASSWORD + end).encode())
        assert on(fake, password=Secret(file=path)).fetch(LIMIT)
    path.write_text(PASSWORD + "\n\n")
    assert "`password`" in problem(on(fake, password=Secret(file=path)))


def test_more_than_one_proof_is_told(fake: FakeServer) -> None:
    fake.methods, fake.asks_for_more = "password,publickey", True

    assert "by `password` alone; it asks for something else besides: set `private_key` too" in (
        problem(on(fake))
    )


def test_a_password_may_be_the_answer_to_a_question(fake: FakeServer) -> None:
    """D1: many servers ask for a password in no other way."""
    fake.methods = "publickey,keyboard-interactive"
    fake.questions = [[], ["Password: "], []]

    assert on(fake).fetch(LIMIT)

    assert fake.answers == [PASSWORD]
    assert fake.attempts == ["none", "interactive"]


def test_a_wrong_answer_is_a_wrong_password(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_SFTP", "hunter2")
    fake.methods = "keyboard-interactive"

    refused = failure(on(fake, attempts=3))

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
def test_more_than_one_question_is_told_and_the_password_given_once(
    fake: FakeServer, questions: list[list[str]], answers: list[str]
) -> None:
    fake.methods, fake.questions = "keyboard-interactive", questions

    refused = failure(on(fake, attempts=3))

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
def test_a_secret_that_is_not_there_is_told(
    fake: FakeServer, tmp_path: Path, prepare: Callable[[Path], Any], word: str
) -> None:
    path = tmp_path / "secret"
    prepare(path)

    told = problem(on(fake, password=Secret(file=path)))

    assert word in told
    assert "`password`" in told
    assert str(path) in told
    assert "hunter2" not in told


def test_a_secret_may_be_a_credential_of_systemd(
    fake: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = on(fake, password=Secret(credential="acme"))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert "the credential acme, which `password` names, is missing" in problem(source)

    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert "No such file" in problem(source)

    (tmp_path / "acme").write_text(PASSWORD + "\n")
    assert source.fetch(LIMIT)


def test_a_variable_that_is_not_set_is_told(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACME_SFTP")
    assert "ACME_SFTP, which `password` names, is not set" in problem(on(fake))
    monkeypatch.setenv("ACME_SFTP", "")
    assert "is empty" in problem(on(fake))


def test_no_secret_prints_itself_or_is_logged(
    fake: FakeServer, sshd: Sshd, outgoing: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key = sshd.source(outgoing, settle=0)
    assert on(fake).fetch(LIMIT)
    assert key.fetch(LIMIT)
    told = caplog.text + repr(on(fake)) + str(on(fake)) + repr(key)

    assert caplog.records
    assert PASSWORD not in told
    assert "PRIVATE KEY" not in told
    assert all(line not in told for line in sshd.private_key.read_text().splitlines()[1:-1])


def test_a_failure_is_not_printed_beside_being_raised(outgoing: Path) -> None:
    """paramiko logs errors, which Python prints where nobody listens."""
    program = f"""
import threading, socket
from adapters.sources.sftp import SftpSource
listening = socket.create_server(("127.0.0.1", 0))
def greet():
    client, _ = listening.accept()
    client.sendall(b"220 this is another server\\r\\n")
    client.close()
threading.Thread(target=greet).start()
source = SftpSource(host="127.0.0.1", port=listening.getsockname()[1], directory="/",
                    pattern="*", username="u", host_key="{WRONG}", attempts=1)
try:
    source.fetch(10)
except Exception as error:
    print(type(error).__name__)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert (done.stdout, done.stderr) == ("SourceUnreachable\n", "")


STRANGERS: dict[str, Callable[[], Server]] = {
    "silent": lambda: Server(Line.say_nothing),
    "another": lambda: Server(hostile.greet(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
    "rude": lambda: SshServer(at=MSG_KEXINIT, act=hostile_ssh.hang_up),
    "large": lambda: SshServer(at=MSG_USERAUTH_SUCCESS, act=hostile_ssh.announce),
}


@pytest.mark.parametrize("case", STRANGERS)
def test_the_log_of_the_worker_has_nothing_of_what_a_server_does(case: str) -> None:
    """R2: the run says it."""
    log = StringIO()
    with closing(STRANGERS[case]()) as server, logging_to(log):
        host_key = hostile_ssh.host_key().fingerprint
        problem(on(server, host_key=host_key, deadlines=Deadlines(greeting=0.3, handshake=0)))

    assert log.getvalue() == ""


def test_nothing_loads_the_protocol_before_it_is_spoken() -> None:
    program = (
        "import sys, cli.main, cli.check, cli.imports, adapters.settings;"
        "print('paramiko' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.stdout == "False\n"


# What a server may do


def test_a_server_without_sftp_is_told(fake: FakeServer) -> None:
    fake.refuse_sftp = True

    assert "no SFTP session" in problem(on(fake))


def test_a_directory_that_may_not_be_listed_is_told(fake: FakeServer) -> None:
    fake.entries = lambda _: paramiko.SFTP_PERMISSION_DENIED

    told = problem(on(fake))

    assert "Permission denied" in told
    assert "`directory`" in told


def test_a_file_that_may_not_be_read_is_told(fake: FakeServer) -> None:
    fake.read = lambda *_: paramiko.SFTP_PERMISSION_DENIED

    told = problem(on(fake))

    assert NAME in told
    assert "Permission denied" in told


@pytest.mark.parametrize("name", ["../x.csv", "/etc/x.csv", "a/b.csv", "..", "\x1b[31m.csv", "\n"])
def test_a_name_that_is_none_never_counts(fake: FakeServer, name: str) -> None:
    """D2"""

    def hostile(entries: list[Any]) -> list[Any]:
        entries[0].filename = name
        return entries

    fake.entries = hostile

    assert on(fake, pattern="*").fetch(LIMIT) == []


def test_a_file_of_no_known_size_is_told(fake: FakeServer) -> None:
    def vague(entries: list[Any]) -> list[Any]:
        entries[0].st_size = None
        return entries

    fake.entries = vague

    assert f"size and time of {NAME}" in problem(on(fake))


def test_a_listing_without_end_ends(fake: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.sources.pickup.MAX_ENTRIES", 50)
    fake.entries = lambda entries: entries * 51

    assert "more than 50 entries" in problem(on(fake))


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(lambda path, offset, size, data: data[:3000], id="in small pieces"),
        pytest.param(lambda path, offset, size, data: data, id="as asked"),
    ],
)
def test_a_server_may_give_less_at_once(
    fake: FakeServer, outgoing: Path, read: Callable[..., Any]
) -> None:
    """D4"""
    content = os.urandom(200_001)
    (outgoing / NAME).write_bytes(content)
    fake.read = read

    (file,) = on(fake).fetch(LIMIT)

    assert file.data == content


@pytest.mark.parametrize("where", ["end", "middle", "start"])
def test_fewer_bytes_than_listed_are_never_a_file(
    fake: FakeServer, outgoing: Path, where: str
) -> None:
    """D4"""
    (outgoing / NAME).write_bytes(b"x" * 200_000)
    missing = {"end": 180_000, "middle": 98_304, "start": 0}[where]

    def truncated(path: Path, offset: int, size: int, data: bytes) -> Any:
        if where == "end" and offset + size > missing:
            return data[: max(0, missing - offset)] or paramiko.SFTP_EOF
        return paramiko.SFTP_EOF if offset == missing else data

    fake.read = truncated

    with pytest.raises(StillUploading, match=NAME):
        on(fake).fetch(LIMIT)


@pytest.mark.parametrize("change", ["truncated", "grown", "replaced", "gone", "a link"])
def test_a_file_that_changes_while_it_is_read_is_not_complete(
    fake: FakeServer, outgoing: Path, change: str
) -> None:
    """D4"""
    path = outgoing / NAME
    path.write_bytes(b"x" * 100_000)
    done = []

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

    with pytest.raises(StillUploading, match=NAME):
        on(fake).fetch(LIMIT)


def test_a_file_that_changes_while_it_is_read_is_read_again_when_it_stands_still(
    fake: FakeServer, outgoing: Path
) -> None:
    """D4"""
    done: list[bytes] = []

    def once(path: Path, offset: int, size: int, data: bytes) -> bytes:
        if not done:
            done.append(data)
            path.write_bytes(b"another content")
        return data

    fake.read = once

    (file,) = on(fake, settle=0.05, settle_limit=10).fetch(LIMIT)

    assert file.data == b"another content"


def test_a_file_that_is_gone_before_it_is_opened_is_still_changing(
    fake: FakeServer, outgoing: Path
) -> None:
    """D4"""

    def taken_away(entries: list[Any]) -> list[Any]:
        (outgoing / NAME).unlink(missing_ok=True)
        return entries

    fake.entries = taken_away

    with pytest.raises(StillUploading, match=NAME):
        on(fake).fetch(LIMIT)


def test_a_file_that_is_too_large_is_not_read(fake: FakeServer, outgoing: Path) -> None:
    """F7"""
    (outgoing / NAME).write_bytes(b"x" * 1_000_000)
    fake.read = lambda *_: pytest.fail("a file was read")

    (file,) = on(fake).fetch(40_000)

    assert (file.data, file.size) == (None, 1_000_000)


def test_nothing_is_written_on_the_server(fake: FakeServer) -> None:
    """D5"""
    assert on(fake).fetch(LIMIT)
    assert list(on(fake).steps())

    assert fake.written == []


# Servers that fall silent, and connections that end


@pytest.mark.parametrize("end", ["fetch", "refusal", "steps"])
def test_the_connection_ends_with_what_it_was_for(fake: FakeServer, end: str) -> None:
    if end == "fetch":
        on(fake).fetch(LIMIT)
    elif end == "refusal":
        problem(on(fake, directory="/nowhere"))
    else:
        steps = on(fake).steps()
        next(steps)
        steps.close()  # type: ignore[attr-defined]

    assert_nothing_is_waited_for()
    patience = time.monotonic() + 10
    while fake.open_connections and time.monotonic() < patience:
        time.sleep(0.02)
    assert fake.open_connections == 0


def test_a_server_that_says_nothing_is_not_waited_for_without_end() -> None:
    """R6"""
    for greeting in (b"", b"SSH-2.0-Silent\r\n"):
        with socket.create_server(("127.0.0.1", 0)) as listening:
            source = SftpSource(
                host="127.0.0.1",
                port=listening.getsockname()[1],
                directory="/",
                pattern="*",
                username="tenure",
                password=Secret(env="ACME_SFTP"),
                attempts=1,
                deadlines=Deadlines(greeting=0.3, handshake=0.3),
            )
            clients: list[socket.socket] = []

            def greet(
                text: bytes = greeting,
                listening: socket.socket = listening,
                clients: list[socket.socket] = clients,
            ) -> None:
                client, _ = listening.accept()
                clients.append(client)
                client.sendall(text)

            thread = threading.Thread(target=greet)
            thread.start()

            started = time.monotonic()
            assert "SSH" in problem(source)
            assert time.monotonic() - started < 5

            thread.join()
            clients[0].close()


class Slow(SshServer):
    """A server that thinks for a moment before it says anything."""

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
def test_nothing_takes_longer_than_the_deadline(case: str, what: str) -> None:
    """R6: far from the deadlines of every part."""
    make, pinned = OVER_TIME[case]
    start = time.monotonic()
    with closing(make()) as server:
        pinned = pinned or hostile_ssh.host_key().fingerprint
        source = on(server, host_key=pinned, attempts=4, deadlines=Deadlines(whole=1))

        with pytest.raises(SourceUnreachable, match="longer than 1 seconds") as raised:
            source.fetch(LIMIT) if what == "fetch" else list(source.steps())
        took = time.monotonic() - start

    assert "`deadline`" in raised.value.problem
    assert 0.9 < took < 3


def test_files_that_settle_after_the_deadline_are_not_waited_for(fake: FakeServer) -> None:
    """R6, D4"""
    start = time.monotonic()

    refused = failure(on(fake, settle=30, deadlines=Deadlines(whole=0.5)))

    assert "longer than 0.5 seconds" in refused.problem
    assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    ("deadlines", "word"),
    [
        (Deadlines(silence=0.3), f"{NAME} on 127.0.0.1 cannot be read (the server stopped"),
        (Deadlines(whole=0.3), "`deadline`"),
    ],
)
def test_a_server_that_falls_silent_is_not_waited_for_without_end(
    fake: FakeServer, deadlines: Deadlines, word: str
) -> None:
    """R6"""
    silent = threading.Event()

    def nothing(*_: Any) -> bytes:
        silent.wait(10)
        return b""

    fake.read = nothing

    started = time.monotonic()
    try:
        assert word in problem(on(fake, deadlines=deadlines))
        assert time.monotonic() - started < 5
    finally:
        silent.set()


def test_a_session_that_is_never_answered_is_not_waited_for_without_end(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6"""
    answered = threading.Event()
    monkeypatch.setattr(
        "tests.adapters.sftp_server._Door.check_channel_subsystem_request",
        lambda *_: answered.wait(10),
    )

    try:
        assert "no SFTP session" in problem(on(fake, deadlines=Deadlines(session=0.3)))
    finally:
        answered.set()
