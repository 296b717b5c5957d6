"""D1: SFTP through another SSH server, with two real OpenSSH servers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace
from paramiko.common import MSG_CHANNEL_OPEN_SUCCESS, MSG_SERVICE_ACCEPT

from adapters.errors import Contradiction
from adapters.secrets import Secret
from adapters.sources.deadline import Timeouts
from adapters.sources.sftp.source import Jump, SftpSource
from adapters.sources.source import SourceUnreachable
from tests.adapters import hostile_ssh, proxies
from tests.adapters import sshd as openssh
from tests.adapters.failing import failure, problem
from tests.adapters.hostile import PASSWORD, USER, Line, Server
from tests.adapters.hostile_ssh import SshServer
from tests.adapters.keeper import fetch
from tests.adapters.sshd import Sshd

NAME = "alleo_employees_1.csv"
WRONG = "SHA256:" + "A" * 43


class Hosts(NamedTuple):
    """The customer's server, and the server through which it is reached."""

    target: Sshd
    jump: Sshd


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    directory = tmp_path_factory.mktemp("hosts")
    with (
        openssh.running(directory / "target") as target,
        openssh.running(directory / "jump", "PermitOpen any") as jump,
    ):
        yield Hosts(target, jump)


@pytest.fixture
def outgoing(tmp_path: Path) -> Path:
    """A customer's folder with one file."""
    (directory := tmp_path / "outgoing").mkdir()
    (directory / NAME).write_bytes(b"content" * 100_000)
    return directory


def way(jump: Sshd, **changes: Any) -> Jump:
    """The settings of the server on the way. `changes` replace the usual ones."""
    usual: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": jump.port,
        "username": jump.user,
        "private_key": Secret(file=jump.private_key),
        "host_key": jump.fingerprints["ed25519"],
    }
    return Jump(**usual | changes)


def through(hosts: Hosts, outgoing: Path, *, jump: Jump | None = None, **changes: Any) -> Any:
    return hosts.target.source(outgoing, jump=jump or way(hosts.jump), settle=0, **changes)


def test_a_proxy_leads_to_the_server_on_the_way(hosts: Hosts, outgoing: Path) -> None:
    """D1: With `proxy` and `jump`, the proxy leads to the server on the way."""
    # given
    with proxies.microsocks() as proxy:
        source = through(hosts, outgoing, proxy=f"socks5://{proxy}")

        # when
        steps = {step.what: step.detail for step in source.steps()}

    # then
    assert "file" in steps
    assert steps["jump connected"].endswith(f"port {hosts.jump.port}, through the proxy")


def test_a_check_tells_each_step_of_the_way(hosts: Hosts, outgoing: Path) -> None:
    """D1: `check --connect` tells each step to the other server and to the customer's."""
    # when
    steps = {step.what: step.detail for step in through(hosts, outgoing).steps()}

    # then
    assert list(steps) == [
        *("jump resolved", "jump connected", "jump host key", "jump logged in"),
        *("connected", "host key", "logged in", "directory", "matching", "file"),
    ]
    assert steps["connected"].endswith(f"{hosts.target.port}, through the jump host")
    for host, step in ((hosts.jump, "jump host key"), (hosts.target, "host key")):
        assert steps[step].startswith(host.fingerprints["ed25519"])
        assert steps[step].endswith("as pinned")


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_every_host_key_of_both_servers_can_be_pinned(
    hosts: Hosts, outgoing: Path, kind: str
) -> None:
    """D1: With `jump` too, each server is asked for each type of host key until it shows the pinned
    one."""
    # given
    jump = way(hosts.jump, host_key=hosts.jump.fingerprints[kind])

    # when / then
    pinned = hosts.target.fingerprints[kind]
    assert len(fetch(through(hosts, outgoing, jump=jump, host_key=pinned))) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"host_key": WRONG}, "the server's host key is not the pinned one: `host_key` has"),
        ({"host_key": None}, "and set `host_key`"),
        ({"jump": {"host_key": WRONG}}, "is not the pinned one: `jump.host_key` has"),
        ({"jump": {"host_key": None}}, "and set `jump.host_key`"),
        ({"jump": {"host_key": None, "known_hosts": Path("/none")}}, "which `jump.known_hosts`"),
    ],
)
def test_the_host_key_of_each_server_is_checked(
    hosts: Hosts,
    outgoing: Path,
    changes: dict[str, Any],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """D1: Neither server is trusted without its pinned host key, and the problem names the
    setting. No secret is read before the server on the way has shown the pinned key."""
    # given
    on_the_way = changes.get("jump", {})
    if on_the_way:
        monkeypatch.setattr(Secret, "read", lambda *_: pytest.fail("a secret was read"))
    jump = way(hosts.jump, **on_the_way)

    # when / then
    assert words in problem(through(hosts, outgoing, **changes | {"jump": jump}))


def test_forwarding_that_is_not_allowed_is_reported(
    hosts: Hosts, outgoing: Path, tmp_path: Path
) -> None:
    """D1: When the server on the way does not forward, the problem says what to ask for."""
    # given
    with openssh.running(tmp_path / "sshd", "AllowTcpForwarding no") as strict:
        # when
        refused = failure(through(hosts, outgoing, jump=way(strict), attempts=3))

    # then
    assert "ask the customer to let" in refused.problem
    assert not refused.transient


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"port": 1}, "127.0.0.1 port 1 cannot be reached from 127.0.0.1; check `host` and `port`"),
        ({"host": "nowhere.invalid"}, "nowhere.invalid port"),
        ({"jump": {"port": 1}}, "check `jump.host` and `jump.port`"),
        ({"jump": {"host": "nowhere.invalid"}}, "check `jump.host`"),
        ({"jump": {"username": "nobody"}}, "check `jump.username` and `jump.private_key`"),
    ],
)
def test_a_server_that_cannot_be_reached_is_named(
    hosts: Hosts, outgoing: Path, changes: dict[str, Any], words: str
) -> None:
    """D1: The problem names the server that cannot be reached or refuses the log-in, and its
    settings."""
    # given
    jump = way(hosts.jump, **changes.get("jump", {}))

    # when / then
    assert words in problem(through(hosts, outgoing, **changes | {"jump": jump}))


def left(before: set[threading.Thread]) -> set[threading.Thread]:
    """Returns the threads that are new and still run after at most two seconds."""
    end = time.monotonic() + 2
    while set(threading.enumerate()) - before and time.monotonic() < end:
        time.sleep(0.01)
    return set(threading.enumerate()) - before


@pytest.mark.parametrize("end", ["whole", "steps"])
def test_both_connections_are_closed(hosts: Hosts, outgoing: Path, end: str) -> None:
    """D1, R6: A source with `jump` fetches files through another SSH server. After a pick-up, and
    after a check that ends early, no thread of either connection is left."""
    # given
    source, before = through(hosts, outgoing, bind="127.0.0.1"), set(threading.enumerate())

    # when
    if end == "whole":
        (file,) = fetch(source)
        assert (file.name, file.data) == (NAME, b"content" * 100_000)
    else:
        with closing(source.steps()) as steps:
            assert next(step for step in steps if step.what == "host key")

    # then
    assert left(before) == set()


def mute(at: int) -> SshServer:
    return SshServer(at=at, act=hostile_ssh.say_nothing)


@pytest.mark.parametrize(
    ("where", "at", "limits", "words"),
    [
        ("jump", MSG_SERVICE_ACCEPT, {"log_in": 0.3}, "check `jump.username`"),
        (
            "jump",
            MSG_CHANNEL_OPEN_SUCCESS,
            {"connect": 0.3},
            "within 0.3 seconds; check `host` and",
        ),
        ("target", None, {"greeting": 0.2, "handshake": 0.1}, "check `host`, `port` and"),
        ("target", MSG_SERVICE_ACCEPT, {"log_in": 0.3}, "check `username`"),
        ("target", MSG_CHANNEL_OPEN_SUCCESS, {"session": 0.3}, "no SFTP session"),
    ],
)
def test_a_silent_server_on_either_side_ends_in_time(
    hosts: Hosts,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    at: int | None,
    limits: dict[str, float],
    words: str,
) -> None:
    """R6: A pick-up through another server ends in time when one of the two falls silent."""
    # given
    monkeypatch.setenv("ACME_SFTP", PASSWORD)
    silent = Server(Line.say_nothing) if at is None else mute(at)
    login = {
        "username": USER,
        "password": Secret(env="ACME_SFTP"),
        "host_key": hostile_ssh.host_key().fingerprint,
    }
    account = {"port": silent.port, **login}
    jump = way(hosts.jump) if where == "target" else Jump(host="127.0.0.1", **account)  # type: ignore[arg-type]
    source = SftpSource(
        host="127.0.0.1",
        directory="/",
        **account,  # type: ignore[arg-type]
        jump=jump,
        attempts=1,
        timeouts=replace(Timeouts(), **limits),
    )
    before = set(threading.enumerate())
    start = time.monotonic()

    # when
    with closing(silent):
        told = problem(source)

    # then
    assert words in told
    assert time.monotonic() - start < 4
    assert left(before) == set()


def test_a_connection_that_breaks_off_on_the_way_is_transient(hosts: Hosts, outgoing: Path) -> None:
    """R6: When the connection to the server on the way is lost, the failure is transient."""
    # given
    with closing(Relay(hosts.jump.port)) as relay:
        source = through(hosts, outgoing, jump=way(hosts.jump, port=relay.port))
        steps = source.steps()
        assert next(step for step in steps if step.what == "logged in")

        # when
        relay.cut()
        with pytest.raises(SourceUnreachable) as raised:
            list(steps)

    # then
    assert raised.value.transient
    assert "(the connection broke off)" in raised.value.problem


class Relay(Server):
    """Passes all bytes on to a port of this machine, until the test cuts the connection."""

    def __init__(self, port: int) -> None:
        self._target = port
        super().__init__(self._pass_on)

    def _pass_on(self, line: Line) -> None:
        other = self.keep(socket.create_connection(("127.0.0.1", self._target)))
        self.spawn(lambda: self._copy(other, line.sock))
        self._copy(line.sock, other)

    def _copy(self, source: socket.socket, to: socket.socket) -> None:
        while data := source.recv(65_536):
            to.sendall(data)

    def cut(self) -> None:
        for sock in self._socks:
            sock.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"private_key": None}, ""),
        ({"private_key": None, "password": Secret(env="A"), "passphrase": Secret(env="B")}, "pass"),
        ({"known_hosts": Path("known_hosts")}, "known_hosts"),
    ],
)
def test_settings_of_the_way_that_do_not_fit_together_are_refused(
    hosts: Hosts, changes: dict[str, Any], key: str
) -> None:
    """D1: The settings of `jump` must fit together as those of the source itself."""
    # when / then
    with pytest.raises(Contradiction) as raised:
        way(hosts.jump, **changes)
    (wrong,) = raised.value.expected
    assert wrong.startswith(key)


def test_the_warnings_name_the_settings_of_the_way(hosts: Hosts, outgoing: Path) -> None:
    """D1: The warnings of a source tell problems of `jump` too."""
    # given
    jump = way(hosts.jump, host_key=None, private_key=Secret(env="NOT_SET_ANYWHERE"))

    # when
    warnings = " ".join(through(hosts, outgoing, jump=jump).warnings)

    # then
    assert "no jump.host_key is pinned" in warnings
    assert "NOT_SET_ANYWHERE, which `jump.private_key` names, is not set" in warnings
