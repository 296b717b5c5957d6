"""D1: How a source logs in at real SFTP servers, and at a server that wants two proofs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from paramiko.common import MSG_EXT_INFO

from adapters.secrets import Secret
from adapters.sources.sftp.source import SftpSource
from adapters.sources.source import SourceUnreachable
from tests.adapters import asyncssh_server, hostile_ssh, rclone, sftp_server
from tests.adapters.failing import problem
from tests.adapters.hostile_ssh import SshServer
from tests.adapters.keeper import fetch
from tests.adapters.sftp_server import FakeServer
from tests.adapters.sshd import generate_key

NAME = "alleo_employees_1.csv"
LIMIT = 1_000


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A customer's directory with one file, and the password in the environment."""
    monkeypatch.setenv("ACME_SFTP", rclone.PASSWORD)
    directory = tmp_path / "root"
    directory.mkdir()
    (directory / NAME).write_bytes(b"content")
    return directory


@pytest.fixture
def user_key(tmp_path: Path) -> Path:
    return generate_key(tmp_path / "user_key")


def source(port: int, fingerprint: str, **changes: Any) -> SftpSource:
    """Returns a source that logs in with a password. `changes` replace its usual settings."""
    usual: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "directory": "/",
        "pattern": "alleo_employees_*.csv",
        "username": "tenure",
        "password": Secret(env="ACME_SFTP"),
        "host_key": fingerprint,
        "attempts": 1,
        "settle": 0,
    }
    return SftpSource(**usual | changes)


def fetched(place: SftpSource) -> list[str]:
    return [file.name for file in fetch(place, LIMIT)]


# Servers that close the connection on a second service request


@pytest.mark.parametrize("keys", [False, True])
def test_a_source_logs_in_at_a_server_written_in_go(root: Path, tmp_path: Path, keys: bool) -> None:
    """D1: The right password or key logs in at a server that answers a second service request with
    a disconnect."""
    # given
    with rclone.running(tmp_path / "rclone", root, keys=keys) as server:
        key = {"password": None, "private_key": Secret(file=server.private_key)} if keys else {}

        # when / then
        assert fetched(source(server.port, server.fingerprint, **key)) == [NAME]


@pytest.mark.parametrize(
    ("ways", "with_key"),
    [
        (("password",), False),
        (("keyboard-interactive",), False),
        (("publickey", "password"), False),
        (("publickey",), True),
        (("password",), True),
        (("keyboard-interactive",), True),
    ],
)
def test_a_source_logs_in_at_asyncssh(
    root: Path, user_key: Path, ways: tuple[str, ...], with_key: bool
) -> None:
    """D1: A source with a password, or with a key and a password, logs in at asyncssh's server with
    each method."""
    # given
    key = {"private_key": Secret(file=user_key)} if with_key else {}
    with asyncssh_server.running(root, *ways, public_key=Path(f"{user_key}.pub")) as server:
        # when / then
        assert fetched(source(server.port, server.fingerprint, **key)) == [NAME]


def test_a_wrong_password_is_reported_as_a_wrong_password(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D1: At a strict server too, the problem of a wrong password names the password."""
    # given
    monkeypatch.setenv("ACME_SFTP", "wrong")

    # when
    with (
        asyncssh_server.running(root, "password") as server,
        pytest.raises(SourceUnreachable) as raised,
    ):
        fetch(source(server.port, server.fingerprint), LIMIT)

    # then
    assert raised.value.problem == (
        "127.0.0.1 does not let tenure in; check `username` and `password`"
    )


# Servers that want a key and a password


@pytest.fixture
def fake(root: Path) -> Iterator[FakeServer]:
    with sftp_server.serving(root) as server:
        yield server


@pytest.mark.parametrize(
    "needs",
    [
        ("publickey", "password"),
        ("publickey", "keyboard-interactive"),
        ("password", "publickey"),
        ("keyboard-interactive", "publickey"),
        ("publickey",),
        ("password",),
        ("keyboard-interactive",),
    ],
    ids=" then ".join,
)
def test_a_key_and_a_password_are_given_in_the_order_of_the_server(
    fake: FakeServer, user_key: Path, needs: tuple[str, ...]
) -> None:
    """D1: A source with a key and a password gives what the server asks for, in this order. It
    requests the service that logs in once, because many servers end a connection that asks
    again."""
    # given
    fake.needs = list(needs)

    # when
    names = fetched(source(fake.port, fake.fingerprints[0], private_key=Secret(file=user_key)))

    # then
    assert names == [NAME]
    assert fake.services == 1
    assert fake.attempts == ["none", *(need.removeprefix("keyboard-") for need in needs)]


@pytest.mark.parametrize(
    ("needs", "configured", "hint"),
    [
        (("publickey", "password"), "private_key", "set `password` too"),
        (("password", "publickey"), "password", "set `private_key` too"),
    ],
)
def test_a_missing_second_proof_names_the_setting_to_add(
    fake: FakeServer, user_key: Path, needs: tuple[str, ...], configured: str, hint: str
) -> None:
    """D1: When the server wants two proofs and one is configured, the problem names the setting to
    add."""
    # given
    fake.needs = list(needs)
    proofs = {"private_key": Secret(file=user_key), "password": Secret(env="ACME_SFTP")}
    one = {name: proofs[name] if name == configured else None for name in proofs}

    # when
    with pytest.raises(SourceUnreachable) as raised:
        fetch(source(fake.port, fake.fingerprints[0], **one), LIMIT)

    # then
    assert hint in raised.value.problem


# Servers that accept RSA keys only with SHA-1 signatures


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (b"ssh-ed25519,ssh-rsa", "accepts RSA keys only with SHA-1 signatures (ssh-rsa)"),
        (None, "the server may accept RSA keys only with SHA-1 signatures"),
    ],
)
def test_a_server_that_accepts_only_sha1_signatures_is_reported(
    tmp_path: Path, told: bytes | None, words: str
) -> None:
    """D1: When a server tells that it accepts RSA keys only with SHA-1 signatures, the problem
    blames neither the key nor the user. When it tells nothing, the problem says both."""
    # given
    key = Secret(file=generate_key(tmp_path / "rsa", "rsa"))
    extensions = [hostile_ssh.signatures(told)] if told else []
    act = hostile_ssh.instead(*extensions)
    with closing(SshServer(at=MSG_EXT_INFO, act=act, methods="publickey")) as server:
        fingerprint = hostile_ssh.host_key().fingerprint

        # when
        said = problem(source(server.port, fingerprint, private_key=key, password=None))

    # then
    assert words in said
    assert said.endswith("ask the customer to update the server, or to accept an Ed25519 key")
    assert ("check `username` and `private_key`" in said) == (told is None)


# Two pinned keys, while a customer replaces the host key of a server


@pytest.mark.parametrize(
    ("position", "comment"),
    [(0, ", as pinned"), (1, "; take the first one out once it is not used")],
)
def test_either_of_two_pinned_keys_is_accepted(
    fake: FakeServer, position: int, comment: str
) -> None:
    """D1: A list of two fingerprints accepts the old key and the new key. `check --connect` says
    that the first key can be removed when the server has the second one."""
    # given
    pinned = ["SHA256:" + "A" * 43]
    pinned.insert(position, fake.fingerprints[0])

    # when
    steps = {step.what: step.detail for step in source(fake.port, tuple(pinned)).steps()}  # type: ignore[arg-type]

    # then
    assert steps["host key"].endswith(comment)
    assert steps["matching"].startswith("1 file")


# Servers that let each file be read once
