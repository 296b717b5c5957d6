"""Connections to servers: directly, through real proxies, and through hostile proxies."""

from __future__ import annotations

import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.errors import Contradiction
from adapters.secrets import Secret
from adapters.sources.deadline import Deadline
from adapters.sources.endpoint import Endpoint
from adapters.sources.ftp.source import FtpSource, FtpsSource
from adapters.sources.server import ServerSource
from adapters.sources.source import SourceUnreachable
from tests.adapters import proxies, vsftpd
from tests.adapters.certificates import make_certificate
from tests.adapters.hostile import MARK, Line, Server
from tests.adapters.keeper import fetch
from tests.adapters.sshd import Sshd

GREETING = b"220 hello\r\n"
PROXY = Secret(env="ACME_PROXY")
METHOD = b"\x05\x00"  # SOCKS 5: no log-in is needed
GRANTED = METHOD + b"\x00\x01\x7f\x00\x00\x01\x00\x16"
HTTP_GRANTED = b"HTTP/1.1 200 OK\r\n\r\n"
CHECK = (
    "check `host`, `port` and `proxy`, and whether the customer has allowed the address of the "
    "proxy"
)


@contextmanager
def running(kind: str, directory: Path, sshd: Sshd) -> Iterator[str]:
    """Yields the URL of a real proxy."""
    match kind:
        case "socks5" | "socks5h":
            with proxies.microsocks() as place:
                yield f"{kind}://{place}"
        case "socks5 with a log-in":
            with proxies.microsocks("p@ss:word") as place:
                yield f"socks5://{proxies.USER}:p%40ss%3Aword@{place}"
        case "socks4":
            with proxies.openssh(sshd) as place:
                yield f"socks4://{place}"
        case "http":
            with proxies.tinyproxy(directory) as place:
                yield f"http://{place}/"
        case "http with a log-in":
            with proxies.tinyproxy(directory, "secret") as place:
                yield f"http://{proxies.USER}:secret@{place}"


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Secret]:
    """Returns a function from the URL of a proxy to the secret that has the URL."""

    def use(url: str) -> Secret:
        monkeypatch.setenv("ACME_PROXY", url)
        return PROXY

    return use


def connect(endpoint: Endpoint, seconds: float = 5, deadline: float = 10) -> socket.socket:
    """Returns a connection to a server."""
    return endpoint.connect(endpoint.resolve(), seconds, Deadline(deadline))


def failure(endpoint: Endpoint, seconds: float = 5, deadline: float = 10) -> SourceUnreachable:
    """Returns the failure to connect to a server."""
    with pytest.raises(SourceUnreachable) as raised:
        connect(endpoint, seconds, deadline)
    return raised.value


# Without a proxy


@pytest.fixture
def silent() -> Iterator[int]:
    """A port of 127.0.0.1 whose queue is full, so that no further connection is answered."""
    with ExitStack() as opened:
        listening = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        opened.enter_context(socket.create_connection(listening.getsockname(), 5))
        yield int(listening.getsockname()[1])


def test_a_silent_address_leaves_time_for_the_next_one(silent: int) -> None:
    """R6: The addresses of a server share the time, so that the second is tried if the first is
    silent. An address that refuses takes no time."""
    # given
    addresses = ["127.0.0.3", "127.0.0.1", "127.0.0.2"]
    with socket.create_server(("127.0.0.2", silent)):
        # when
        endpoint = Endpoint("acme.example", silent)
        with endpoint.connect(addresses, 1, Deadline(10)) as sock:
            # then
            assert endpoint.peer(sock) == "127.0.0.2"


def test_a_silent_server_or_proxy_is_told(silent: int) -> None:
    """R6: A server or a proxy that does not answer is told with the settings to check. If the
    deadline of the pick-up comes first, the deadline is told."""
    # given
    direct = Endpoint("127.0.0.1", silent)
    through = Endpoint("127.0.0.1", 22, proxy=f"socks5://127.0.0.1:{silent}")
    late = f"127.0.0.1 port {silent} does not answer within 0.3 seconds; check"

    # when
    failures = [failure(each, seconds=0.3) for each in (direct, through)]
    ended = [failure(each, deadline=0.3) for each in (direct, through)]

    # then
    assert [each.problem for each in failures] == [
        f"{late} `host` and `port`, and whether the customer has allowed our address",
        f"the proxy {late} `proxy`, and whether the operator of the proxy has allowed our address",
    ]
    assert all(each.problem.startswith("the pick-up took longer than 0.3") for each in ended)
    assert all(each.transient for each in (*failures, *ended))


# Real proxies


@pytest.fixture(params=["sftp", "ftp", "ftps"])
def source(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sshd: Sshd
) -> Iterator[ServerSource]:
    """A source for each kind of server, in whose directory one file is."""
    monkeypatch.setenv("ACME_FTP", vsftpd.PASSWORD)
    (tmp_path / "alleo_employees_1.csv").write_bytes(b"content")
    if request.param == "sftp":
        yield sshd.source(tmp_path, settle=0)
        return
    tls = make_certificate(tmp_path / "tls") if request.param == "ftps" else None
    with vsftpd.running(tmp_path / "vsftpd", tls=tls or False) as server:
        kind = FtpsSource if tls else FtpSource
        yield kind(
            host="127.0.0.1",
            port=server.port,
            directory=str(tmp_path),
            username=vsftpd.USER,
            password=Secret(env="ACME_FTP"),
            settle=0,
            attempts=1,
            **({"ca_file": tls.ca} if tls else {}),
        )


@pytest.mark.parametrize(
    "kind", ["socks5", "socks5 with a log-in", "socks4", "http", "http with a log-in"]
)
def test_a_file_is_fetched_through_a_proxy(
    source: ServerSource, kind: str, use: Callable[[str], Secret], tmp_path: Path, sshd: Sshd
) -> None:
    """D1: Files of every kind of server are fetched through every kind of proxy. The test of the
    connection tells that the proxy resolves the name and makes the connection."""
    with running(kind, tmp_path / "proxy", sshd) as url:
        # given
        through = replace(source, proxy=use(url))

        # when
        (file,) = fetch(through)
        resolved, connected, *_ = through.steps()

    # then
    assert file.data == b"content"
    assert resolved.detail == "the proxy resolves 127.0.0.1"
    assert connected.detail.startswith(f"127.0.0.1 port {source.endpoint.port}, through the proxy")


@pytest.mark.parametrize("kind", ["socks5h", "http"])
def test_the_proxy_resolves_the_name_of_the_server(
    kind: str, use: Callable[[str], Secret], tmp_path: Path, sshd: Sshd
) -> None:
    """D1: The proxy is asked for the name of the server, which may be known only there."""
    with running(kind, tmp_path, sshd) as url:
        # given
        endpoint = Endpoint("files.acme.invalid", 22, proxy=use(url))

        # when
        failed = failure(endpoint)

    # then
    assert endpoint.resolve() == ["files.acme.invalid"]
    assert failed.problem.endswith(f" cannot connect to files.acme.invalid port 22; {CHECK}")
    assert failed.transient


@pytest.mark.parametrize("log_in", ["", "tenure:hunter2@"])
@pytest.mark.parametrize("scheme", ["socks5", "http"])
def test_a_refused_log_in_is_told(
    scheme: str, log_in: str, use: Callable[[str], Secret], tmp_path: Path
) -> None:
    """D1: A missing and a wrong password of a proxy are told, are not quoted, and are not tried
    again."""
    # given
    started = (
        proxies.microsocks("secret")
        if scheme == "socks5"
        else proxies.tinyproxy(tmp_path, "secret")
    )
    with started as place:
        # when
        failed = failure(Endpoint("127.0.0.1", 22, proxy=use(f"{scheme}://{log_in}{place}")))

    # then
    assert failed.problem.startswith("the proxy 127.0.0.1 port ")
    assert failed.problem.endswith(
        " refuses our log-in; check the user name and the password in `proxy`"
    )
    assert not failed.transient


def test_a_forbidden_connection_is_told(use: Callable[[str], Secret], tmp_path: Path) -> None:
    """D1: A port to which the proxy connects nobody is told, and is not tried again."""
    with proxies.tinyproxy(tmp_path, allowed=443) as place:
        # when
        failed = failure(Endpoint("127.0.0.1", 22, proxy=use(f"http://{place}")))

    # then
    assert failed.problem.endswith(
        " refuses to connect to 127.0.0.1 port 22; check `proxy`, and ask the operator of the "
        "proxy to allow this connection"
    )
    assert not failed.transient


FREE = 1  # a port at which nobody listens
NO_NAMES = ("a..example", "a b", "x" * 64, "a\r\nb", f"{'a.' * 150}b")


@pytest.mark.parametrize(
    ("endpoint", "problem", "transient"),
    [
        (
            Endpoint("127.0.0.1", FREE),
            "127.0.0.1 port 1 cannot be reached (Connection refused); check `host` and `port`",
            True,
        ),
        (
            Endpoint("127.0.0.1", 22, "192.0.2.1"),
            "192.0.2.1 is not an address of this machine; check `bind`",
            False,
        ),
        (
            Endpoint("127.0.0.1", 22, proxy=f"socks5://127.0.0.1:{FREE}"),
            "the proxy 127.0.0.1 port 1 cannot be reached (Connection refused); check `proxy`",
            True,
        ),
        (
            Endpoint("127.0.0.1", 22, proxy="http://proxy.invalid:3128"),
            "the name proxy.invalid has no known address; check `proxy`",
            False,
        ),
        *(
            (Endpoint(host, 22), f"the name {host} has no known address; check `host`", False)
            for host in ("nowhere.invalid", *NO_NAMES)
        ),
        *(
            (
                Endpoint(host, 22, proxy=f"socks5://127.0.0.1:{FREE}"),
                f"the name {host} has no known address; check `host`",
                False,
            )
            for host in NO_NAMES
        ),
    ],
)
def test_a_server_or_a_proxy_that_is_not_there_is_told(
    endpoint: Endpoint, problem: str, transient: bool
) -> None:
    """D1: The problem names the settings of a server, of a proxy or of an address that is not
    there. The proxy is not asked for a host that cannot be the name of one."""
    # when
    failed = failure(endpoint)

    # then
    assert (failed.problem, failed.transient) == (problem, transient)


# What is asked, and what is read


def test_bytes_behind_the_reply_of_an_http_proxy_are_the_server_s() -> None:
    """D1: A reply may come in pieces, and the greeting of the server may come together with the
    reply. The proxy is asked for the name in ASCII, from the address in `bind`."""
    # given
    asked: list[bytes] = []
    clients: list[str] = []

    def talk(line: Line) -> None:
        clients.append(line.getpeername()[0])
        asked.append(line.recv(4096))
        line.sendall(b"HTTP/1.1 200 Connection est")
        time.sleep(0.05)  # the pieces come apart
        line.sendall(b"ablished\r\nVia: proxy\r\n\r\n" + GREETING)
        line.recv(1)

    with closing(Server(talk)) as proxy:
        endpoint = Endpoint("bücher.example", 21, "127.0.0.2", f"http://127.0.0.1:{proxy.port}")

        # when
        with connect(endpoint) as sock:
            # then
            assert sock.recv(100) == GREETING
            assert endpoint.peer(sock) == "xn--bcher-kva.example"

    assert asked[0].startswith(b"CONNECT xn--bcher-kva.example:21 HTTP/1.1\r\n")
    assert b"Authorization" not in asked[0]
    assert clients == ["127.0.0.2"]


def test_bytes_behind_the_reply_of_a_socks_proxy_are_the_server_s() -> None:
    """D1: The reply of a SOCKS proxy may have a name of any length. The next byte is the
    server's."""

    # given
    def talk(line: Line) -> None:
        line.recv(100)
        line.sendall(METHOD)
        line.recv(100)
        line.sendall(METHOD + b"\x00\x03\x05proxy\x00\x16" + GREETING)
        line.recv(1)

    with closing(Server(talk)) as proxy:
        endpoint = Endpoint("acme.invalid", 21, proxy=f"socks5://127.0.0.1:{proxy.port}")

        # when
        with connect(endpoint) as sock:
            # then
            assert sock.recv(100) == GREETING


# Hostile proxies

MARKED = MARK.encode()
LATE, BROKEN, MALFORMED, REFUSED, LOG_IN = (
    f"does not connect in time to 127.0.0.1 port 22; {CHECK}",
    f"broke off the connection to 127.0.0.1 port 22; {CHECK}",
    "as a proxy for {} does; check `proxy`",
    "to allow this connection",
    "refuses our log-in; check the user name and the password in `proxy`",
)


def after(*replies: bytes) -> Callable[[Callable[[Line], object]], Callable[[Line], None]]:
    """Returns a function that makes a talk: a reply for each request, and then what `act` does."""

    def making(act: Callable[[Line], object]) -> Callable[[Line], None]:
        def talk(line: Line) -> None:
            line.recv(4096)
            for reply in replies:
                line.sendall(reply)
                line.recv(4096)
            act(line)

        return talk

    return making


def say(data: bytes) -> Callable[[Line], None]:
    """Returns an act: data, and then silence."""

    def act(line: Line) -> None:
        line.sendall(data)
        line.say_nothing()

    return act


@pytest.mark.parametrize(
    ("scheme", "talk", "problem"),
    [
        ("http", after()(Line.say_nothing), LATE),
        ("http", after()(Line.drip_on), LATE),
        ("http", after()(say(HTTP_GRANTED[:-2])), LATE),
        ("http", after()(lambda line: line.flood(b"x" * 4096)), MALFORMED),
        ("http", after()(lambda line: line.flood(b"HTTP/1.1 200 OK\r\nX: y\r\n")), MALFORMED),
        ("http", after()(Line.hang_up), BROKEN),
        ("http", after()(Line.reset), BROKEN),
        ("http", after()(say(b"SSH-2.0-" + MARKED + b"\r\n\r\n")), MALFORMED),
        ("http", after()(say(b"HTTP/1.1 " + MARKED + b" OK\r\n\r\n")), MALFORMED),
        ("http", after()(say(b"HTTP/1.1 403 authentication " + MARKED + b"\r\n\r\n")), REFUSED),
        ("http", after()(say(b"HTTP/1.1 407 " + MARKED + b"\r\n\r\n")), LOG_IN),
        ("socks5", after()(Line.say_nothing), LATE),
        ("socks5", after()(Line.hang_up), BROKEN),
        ("socks5", after()(say(MARKED)), MALFORMED),
        ("socks5", after()(say(b"\x05\x02")), LOG_IN),
        ("socks5", after()(say(b"\x05\xff")), LOG_IN),
        ("socks5", after()(say(b"\x05\x77")), LOG_IN),
        ("socks5", after(METHOD)(Line.say_nothing), LATE),
        ("socks5", after(METHOD)(lambda line: line.sendall(GRANTED[:-1])), BROKEN),
        ("socks5", after(METHOD)(lambda line: line.drip_on(METHOD + b"\x00\x03\xff" * 9)), LATE),
        ("socks5", after(METHOD)(say(METHOD + b"\x00\x03\x07" + b"\xff" * 9)), MALFORMED),
        ("socks5", after(METHOD)(say(METHOD + b"\x00\x07" + MARKED)), MALFORMED),
        ("socks5", after(METHOD)(say(b"\x05\x02\x00")), REFUSED),
        ("socks5", after(METHOD)(Line.reset), BROKEN),
        (
            "socks4",
            after()(say(b"\x00\x5b" + MARKED)),
            f"cannot connect to 127.0.0.1 port 22; {CHECK}",
        ),
        ("socks4", after()(say(b"\x00\x5d" + MARKED)), LOG_IN),
        ("socks4", after()(say(MARKED * 2)), MALFORMED),
        ("socks4", after()(Line.say_nothing), LATE),
    ],
)
def test_a_hostile_proxy_ends_in_time_and_is_not_quoted(
    scheme: str, talk: Callable[[Line], None], problem: str, use: Callable[[str], Secret]
) -> None:
    """R6: Whatever a proxy answers, connecting ends in time, with a sentence that quotes neither
    the proxy nor the password. No thread is left."""
    # given
    before = set(threading.enumerate())
    with closing(Server(talk)) as proxy:
        url = f"{scheme}://{proxies.USER}:{MARK}@127.0.0.1:{proxy.port}"
        url = url if problem != LOG_IN else f"{scheme}://127.0.0.1:{proxy.port}"
        began = time.monotonic()

        # when
        failed = failure(Endpoint("127.0.0.1", 22, proxy=use(url)), seconds=0.5)

        # then
        assert time.monotonic() - began < 1.5
    assert failed.problem.endswith(problem.format(scheme))
    assert failed.transient == (CHECK in problem)
    assert MARK not in "".join(traceback.format_exception(failed)) + repr(failed.__context__)
    assert set(threading.enumerate()) <= before


# The setting


@pytest.mark.parametrize(
    "url",
    [
        f"https://{MARK}:3128",
        f"{MARK}",
        f"socks5://{MARK}",
        f"socks5://h:{MARK}",
        "socks5://:1080",
        f"socks5://[{MARK}:1080",
        f"http://h:3128/{MARK}",
        f"http://h:3128?{MARK}",
        f"http://h:3128\n{MARK}",
        f"socks5://{MARK}@h:1080",
        f"socks5://tenure:{MARK}#@h:1080",
        f"socks5://tenure:{MARK}%C3%A9@h:1080",
        f"socks5://tenure:{MARK * 40}@h:1080",
        f"http://a%3Ab:{MARK}@h:3128",
    ],
)
def test_a_wrong_url_of_a_proxy_is_refused_and_not_quoted(
    url: str, use: Callable[[str], Secret], sshd: Sshd
) -> None:
    """D1: A wrong URL is refused in the configuration, and in a secret when it is used. It is not
    quoted."""
    # when
    with pytest.raises(Contradiction) as raised:
        sshd.source(Path("/"), proxy=url)
    failed = failure(Endpoint("127.0.0.1", 22, proxy=use(url)))

    # then
    expected = 'expected a URL like "socks5://host:1080" or "http://host:3128"'
    assert raised.value.expected == {"proxy": expected}
    assert expected in failed.problem
    assert MARK not in "".join(traceback.format_exception(failed)) + repr(failed.__context__)


def test_a_password_of_a_proxy_is_refused_outside_a_secret(
    use: Callable[[str], Secret], sshd: Sshd
) -> None:
    """D1: The URL of a proxy may have a user name and a password only in a secret, and the source
    does not show them."""
    # given
    url = f"socks5://tenure:{MARK}@h:1080"

    # when
    with pytest.raises(Contradiction) as raised:
        sshd.source(Path("/"), proxy=url)
    source = sshd.source(Path("/"), proxy=use(url))

    # then
    assert raised.value.expected["proxy"].endswith(
        ", without a user name and a password; keep a URL that has them in a secret: proxy = { env "
        '= "NAME" }'
    )
    assert MARK not in str(raised.value) + repr(source) + source.place + repr(source.endpoint)
