"""What is an FTP server's own: who may log in, encryption, connections for data, and listings."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from adapters.secret import Secret
from adapters.sources.deadlines import Deadlines
from adapters.sources.ftp import FtpSource
from adapters.sources.ftp_client import FtpClient
from adapters.sources.source import SourceUnreachable, StillUploading
from tests.adapters import hostile, hostile_ftp
from tests.adapters import vsftpd as ftpd
from tests.adapters.certificates import Certificate, make_certificate
from tests.adapters.failing import LIMIT, failure, problem
from tests.adapters.ftp_server import PASSWORD, USER, FtpServer, serving
from tests.adapters.vsftpd import Vsftpd

NAME = "alleo_employees_1.csv"
READS = {
    *("AUTH", "CWD", "EPRT", "EPSV", "FEAT", "LIST", "MDTM", "MLSD", "NLST", "OPTS", "PASS"),
    *("PASV", "PBSZ", "PORT", "PROT", "PWD", "RETR", "SIZE", "TYPE", "USER"),
}


@pytest.fixture
def outgoing(tmp_path: Path) -> Path:
    """A customer's folder with one file."""
    directory = tmp_path / "outgoing"
    directory.mkdir()
    (directory / NAME).write_bytes(b"content")
    return directory


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    """A right one."""
    return make_certificate(tmp_path / "tls")


@pytest.fixture
def fake(outgoing: Path) -> Iterator[FtpServer]:
    """A server that does what a test wants, and does not speak TLS."""
    with serving(outgoing.parent) as server:
        yield server


@pytest.fixture
def safe(outgoing: Path, certificate: Certificate) -> Iterator[FtpServer]:
    """A server that does what a test wants, and takes nothing that is not encrypted."""
    demands = {"tls_control_required": True, "tls_data_required": True}
    with serving(outgoing.parent, tls=certificate, **demands) as server:
        yield server


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    """The right password, where the configuration looks for it."""
    monkeypatch.setenv("ACME_FTP", PASSWORD)


def on(server: FtpServer | hostile_ftp.FtpServer, **changes: Any) -> FtpSource:
    """A source on the server in this process that works, but for the `changes`."""
    usual: dict[str, Any] = {
        "protocol": "ftps" if "ca_file" in changes else "ftp",
        "host": "127.0.0.1",
        "port": server.port,
        "directory": "/outgoing",
        "pattern": "alleo_employees_*.csv",
        "username": USER,
        "password": Secret(env="ACME_FTP"),
        "settle": 0,
        "attempts": 1,
    }
    return FtpSource(**{**usual, **changes})


def on_script(server: hostile_ftp.FtpServer, **changes: Any) -> FtpSource:
    """A source on a server that answers word by word what a test wants."""
    return on(server, username=hostile.USER, **changes)


def on_real(server: Vsftpd, directory: Path, **changes: Any) -> FtpSource:
    """A source on a real server that works, but for the `changes`."""
    usual: dict[str, Any] = {
        "protocol": "ftps" if server.certificate else "ftp",
        "host": "127.0.0.1",
        "port": server.port,
        "directory": str(directory),
        "pattern": "alleo_employees_*.csv",
        "username": ftpd.USER,
        "password": Secret(env="ACME_FTP"),
        "ca_file": server.certificate.ca if server.certificate else None,
        "settle": 0,
        "attempts": 1,
    }
    return FtpSource(**{**usual, **changes})


def fetched(source: FtpSource) -> dict[str, bytes | None]:
    """What is fetched, by name."""
    return {file.name: file.data for file in source.fetch(LIMIT)}


# Logging in


def test_a_password_opens_the_door(fake: FtpServer) -> None:
    """D1"""
    assert fetched(on(fake)) == {NAME: b"content"}


def test_a_wrong_password_is_told_and_not_tried_again(
    fake: FtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_FTP", "hunter2")

    refused = failure(on(fake, attempts=4))

    assert f"does not let {USER} in" in refused.problem
    assert "`username` and `password`" in refused.problem
    assert not refused.transient
    assert len([line for line in fake.commands if line.startswith("PASS")]) == 1


def test_a_wrong_password_is_told_by_a_real_server_too(
    vsftpd: Vsftpd, outgoing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_FTP", "hunter2")

    assert "code 530); check `username` and `password`" in problem(on_real(vsftpd, outgoing))


def test_a_password_that_is_not_there_is_told_before_anyone_is_asked(
    fake: FtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACME_FTP")

    assert "`password`" in problem(on(fake))
    assert fake.commands == []


@pytest.mark.parametrize("command", ["USER", "PASS"])
@pytest.mark.parametrize("code", [421, 450])
def test_a_server_that_is_busy_may_not_be_in_a_moment(
    fake: FtpServer, command: str, code: int
) -> None:
    """R6"""
    fake.replies[command] = f"{code} Too many connections"

    refused = failure(on(fake))

    assert refused.transient
    assert f"the server refuses with code {code}" in refused.problem


def test_a_server_that_is_busy_in_the_clear_may_want_encryption(fake: FtpServer) -> None:
    fake.replies["USER"] = "421 Sorry, cleartext sessions are not accepted"

    refused = failure(on(fake))

    assert "`username` and `password`, and `protocol`: the server may" in refused.problem
    assert refused.transient


def test_a_busy_server_is_tried_again(fake: FtpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """R6"""
    monkeypatch.setattr("adapters.sources.attempts._FIRST_PAUSE_S", 0)
    monkeypatch.setattr("adapters.sources.attempts._MAX_JITTER_S", 0)
    monkeypatch.setattr("adapters.sources.attempts._GROWTH", 0)
    fake.replies["USER"] = "421 Too many connections"

    failure(on(fake, attempts=3))

    assert len([line for line in fake.commands if line.startswith("USER")]) == 3


def test_a_server_that_wants_an_account_as_well_is_told(fake: FtpServer) -> None:
    fake.replies["PASS"] = "332 Need account for login"

    assert "without an account" in problem(on(fake))


def test_a_server_that_wants_no_password_gets_none(tmp_path: Path, outgoing: Path) -> None:
    options = {"no_anon_password": True, "secure_email_list_enable": False}
    with ftpd.running(tmp_path / "vsftpd", **options) as server:
        assert fetched(on_real(server, outgoing)) == {NAME: b"content"}
        assert "PASS" not in server.log.read_text().replace("PASV", "")


@pytest.mark.parametrize(
    "reply",
    [
        f"530 {PASSWORD} is wrong",
        f"421 {PASSWORD}",
        f"120 {PASSWORD}",
        f"332 {PASSWORD}",
        f"{PASSWORD}",
        f"530-{PASSWORD}\r\n530 {PASSWORD}",
    ],
)
def test_a_password_that_a_server_repeats_is_not_told(fake: FtpServer, reply: str) -> None:
    fake.replies["PASS"] = reply

    failure(on(fake))


@pytest.mark.parametrize("sign", ["\r", "\n", "\0"])
def test_nothing_that_is_sent_can_be_two_commands(
    fake: FtpServer, tmp_path: Path, sign: str
) -> None:
    """D5"""
    injected = f"x{sign}DELE {NAME}"
    (tmp_path / "secret").write_text(f"{PASSWORD}{sign}DELE {NAME}")

    for source in (on(fake, username=injected), on(fake, directory=injected)):
        with pytest.raises(SourceUnreachable, match="FTP cannot send"):
            source.fetch(LIMIT)
    assert "FTP cannot send" in problem(on(fake, password=Secret(file=tmp_path / "secret")))
    assert fake.written == []


# Encryption


def test_over_tls_everything_is_encrypted(safe: FtpServer, certificate: Certificate) -> None:
    """D1"""
    assert fetched(on(safe, ca_file=certificate.ca)) == {NAME: b"content"}

    assert safe.commands[0] == "AUTH TLS"
    assert "PROT P" in safe.commands


@pytest.mark.parametrize("mode", ["passive", "active"])
def test_a_real_server_sees_one_session_go_on(tmp_path: Path, outgoing: Path, mode: str) -> None:
    """D1: it refuses data over a session that is not the one of the log-in."""
    data = os.urandom(3_000_000)
    (outgoing / NAME).write_bytes(data)
    with ftpd.running(tmp_path / "vsftpd", tls=True) as server:
        assert fetched(on_real(server, outgoing, mode=mode)) == {NAME: data}


def test_a_server_that_wants_encryption_is_told_and_gets_no_password(safe: FtpServer) -> None:
    assert "`protocol`: the server may require encryption" in problem(on(safe))
    assert not [line for line in safe.commands if line.startswith("PASS")]


def test_a_server_without_encryption_gets_nothing_secret(
    fake: FtpServer, certificate: Certificate
) -> None:
    refused = failure(on(fake, ca_file=certificate.ca))

    assert "offers no encryption" in refused.problem
    assert not refused.transient
    assert fake.commands == ["AUTH TLS"]


@pytest.mark.parametrize("command", ["PBSZ", "PROT"])
def test_a_server_that_does_not_encrypt_files_is_told(
    safe: FtpServer, certificate: Certificate, command: str
) -> None:
    safe.replies[command] = "534 No"

    assert "allow `PROT P`" in problem(on(safe, ca_file=certificate.ca))


DISTRUSTED: dict[str, tuple[Callable[[Path], Certificate], str]] = {
    "another name": (lambda path: make_certificate(path, "other.example"), "for another name"),
    "expired": (lambda path: make_certificate(path, expired=True), "has expired"),
    "signed by itself": (lambda path: make_certificate(path, self_signed=True), "by itself"),
    "unknown issuer": (lambda path: make_certificate(path), "not trusted here"),
}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("case", DISTRUSTED)
def test_a_wrong_certificate_is_told_and_nothing_secret_is_sent(
    outgoing: Path, tmp_path: Path, certificate: Certificate, case: str, host: str
) -> None:
    make, told = DISTRUSTED[case]
    wrong = make(tmp_path / "wrong")
    known = case in ("another name", "expired")

    with serving(outgoing.parent, tls=wrong) as server:
        ca_file = wrong.ca if known else certificate.ca
        refused = failure(on(server, host=host, ca_file=ca_file, attempts=4))

        assert told in refused.problem
        assert not refused.transient
        assert server.commands == ["AUTH TLS"]


def test_without_a_ca_file_the_system_says_whom_to_trust(safe: FtpServer) -> None:
    assert "`ca_file`" in problem(on(safe, protocol="ftps"))


@pytest.mark.parametrize("self_signed", [True, False])
def test_a_ca_file_may_hold_the_servers_own_certificate(
    outgoing: Path, tmp_path: Path, self_signed: bool
) -> None:
    own = make_certificate(tmp_path / "own", self_signed=self_signed)

    with serving(outgoing.parent, tls=own) as server:
        assert fetched(on(server, ca_file=own.cert)) == {NAME: b"content"}


def test_a_ca_file_that_is_none_is_told(safe: FtpServer, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no certificate")

    assert "holds no certificate" in problem(on(safe, ca_file=tmp_path / "notes.txt"))
    assert "No such file" in problem(on(safe, ca_file=tmp_path / "nowhere"))
    assert "`ca_file`" in problem(on(safe, ca_file=tmp_path))
    (tmp_path / "empty").touch()
    assert "holds no certificate" in problem(on(safe, ca_file=tmp_path / "empty"))
    os.mkfifo(tmp_path / "pipe")
    assert "is not a regular file" in problem(on(safe, ca_file=tmp_path / "pipe"))
    assert safe.commands == []


def test_encryption_that_is_never_agreed_on_ends(safe: FtpServer, certificate: Certificate) -> None:
    """R6"""
    safe.replies["AUTH"] = "234 Go ahead"
    deadlines = Deadlines(handshake=0.3)

    refused = failure(on(safe, ca_file=certificate.ca, deadlines=deadlines))

    assert "within 0.3 seconds" in refused.problem
    assert refused.transient


# Connections for data


@pytest.mark.parametrize("mode", ["passive", "active"])
def test_files_come_in_either_mode(vsftpd: Vsftpd, outgoing: Path, mode: str) -> None:
    """D1"""
    assert fetched(on_real(vsftpd, outgoing, mode=mode)) == {NAME: b"content"}


@pytest.mark.parametrize("mode", ["passive", "active"])
def test_every_connection_is_from_the_address_that_is_configured(
    vsftpd: Vsftpd, outgoing: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """D1: a real server takes data connections only from where the log-in came from."""
    seen = len(vsftpd.log.read_text())

    assert fetched(on_real(vsftpd, outgoing, mode=mode, bind="127.0.0.2")) == {NAME: b"content"}
    assert 'Client "127.0.0.1"' not in vsftpd.log.read_text()[seen:]


def test_an_address_elsewhere_is_not_called(tmp_path: Path, outgoing: Path) -> None:
    """D1: a server behind a router tells an address that leads nowhere, or to others."""
    with ftpd.running(tmp_path / "vsftpd", pasv_address="192.0.2.7") as server:
        assert fetched(on_real(server, outgoing)) == {NAME: b"content"}
        assert "(192,0,2,7," in server.log.read_text()


def test_a_server_without_one_command_for_passive_mode_is_asked_the_other(fake: FtpServer) -> None:
    fake.replies["PASV"] = "502 Not implemented"

    assert fetched(on(fake)) == {NAME: b"content"}
    assert fake.commands.count("PASV") == 1
    assert fake.commands.count("EPSV") > 1


@pytest.mark.parametrize("mode", ["passive", "active"])
def test_a_server_may_be_called_by_ipv6(tmp_path: Path, outgoing: Path, mode: str) -> None:
    """D1"""
    if not _has_ipv6():
        pytest.skip("this machine has no IPv6")
    dual = {"listen": False, "listen_ipv6": True, "listen_address6": "::"}

    with ftpd.running(tmp_path / "vsftpd", **dual) as server:
        assert fetched(on_real(server, outgoing, host="::1", mode=mode)) == {NAME: b"content"}


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def test_where_nobody_answers_is_told(fake: FtpServer) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    fake.replies["PASV"] = f"227 (127,0,0,1,{port // 256},{port % 256})"

    refused = failure(on(fake))

    assert "no data connection with 127.0.0.1 (Connection refused); check `mode`" in refused.problem
    assert refused.transient


@pytest.mark.parametrize("mode", ["passive", "active"])
def test_a_server_that_makes_no_connection_is_told(fake: FtpServer, mode: str) -> None:
    fake.replies["MLSD"] = "425 Can't open data connection"

    refused = failure(on(fake, mode=mode))

    assert "`mode`" in refused.problem
    assert refused.transient


ELSEWHERE: dict[str, hostile_ftp.Act] = {
    "421": hostile_ftp.say("421 Good-bye"),
    "an end": hostile_ftp.hang_up,
    "silence": hostile_ftp.say_nothing,
}


@pytest.mark.parametrize("case", ELSEWHERE)
def test_a_server_that_ends_the_conversation_has_nothing_against_the_mode(case: str) -> None:
    with closing(hostile_ftp.FtpServer({"PASV": ELSEWHERE[case]})) as server:
        refused = failure(on_script(server, deadlines=Deadlines(silence=0.3)))

    assert "`mode`" not in refused.problem
    assert refused.problem.endswith("; ask the customer whether their server works")
    assert refused.transient


def test_a_mode_that_a_server_refuses_is_told(fake: FtpServer) -> None:
    fake.replies["PORT"] = "500 Illegal PORT command"

    assert "code 500); check `mode`" in problem(on(fake, mode="active"))


class Stranger:
    """Somebody at another address who connects wherever we listen, before the server can."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.let_in: list[bytes] = []
        self._threads: list[threading.Thread] = []
        told = FtpClient.sendport

        def overheard(client: FtpClient, host: str, port: int) -> str:
            sock = socket.create_connection((host, port), 5, ("127.0.0.3", 0))
            self._threads.append(threading.Thread(target=self._listen, args=(sock,)))
            self._threads[-1].start()
            return told(client, host, port)

        monkeypatch.setattr(FtpClient, "sendport", overheard)

    def _listen(self, sock: socket.socket) -> None:
        with closing(sock), suppress(ConnectionError):
            sock.sendall(b"type=file;size=1;modify=20270301024500; alleo_employees_0.csv\r\n")
            self.let_in.append(sock.recv(100))

    def leave(self) -> None:
        for thread in self._threads:
            thread.join(10)


def test_a_stranger_is_not_taken_for_the_server(
    vsftpd: Vsftpd, outgoing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D1"""
    stranger = Stranger(monkeypatch)

    assert fetched(on_real(vsftpd, outgoing, mode="active")) == {NAME: b"content"}

    stranger.leave()
    assert set(stranger.let_in) <= {b""}


def test_that_only_a_stranger_came_is_told(
    fake: FtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = Stranger(monkeypatch)
    fake.replies |= {"PORT": "200 Fine", "MLSD": "150 It is on its way"}

    refused = failure(on(fake, mode="active", deadlines=Deadlines(connect=0.3)))

    stranger.leave()
    assert "only a foreign address connected" in refused.problem
    assert refused.transient


def test_that_nobody_came_is_told(fake: FtpServer) -> None:
    fake.replies |= {"PORT": "200 Fine", "MLSD": "150 It is on its way"}

    told = problem(on(fake, mode="active", deadlines=Deadlines(connect=0.3)))

    assert "nobody connected" in told
    assert "`mode`" in told


# Listings


WAYS: dict[str, tuple[str, ...]] = {
    "MLSD": (),
    "LIST": ("MLSD", "MLST"),
    "NLST": ("MLSD", "MLST", "LIST"),
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, outgoing: Path) -> Iterator[FtpServer]:
    """Servers that list in one way only."""
    with serving(outgoing.parent, without=WAYS[request.param]) as server:
        yield server


def test_files_are_found_however_they_are_listed(way: FtpServer, outgoing: Path) -> None:
    """D2"""
    os.utime(outgoing / NAME, (1_800_000_000, 1_800_000_000))
    (outgoing / "other.csv").touch()
    (outgoing / "alleo_employees_2.csv").mkdir()
    os.mkfifo(outgoing / "alleo_employees_3.csv")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(outgoing / "alleo_employees_4.csv"))

    (file,) = on(way).fetch(LIMIT)

    assert (file.name, file.size, file.data) == (NAME, 7, b"content")
    assert file.modified.timestamp() == 1_800_000_000


def test_an_empty_directory_has_no_file(way: FtpServer, outgoing: Path) -> None:
    """D6"""
    (outgoing / NAME).unlink()

    assert fetched(on(way)) == {}


def test_where_a_log_in_lands_may_be_the_directory(way: FtpServer, outgoing: Path) -> None:
    """D1"""
    (outgoing.parent / NAME).write_bytes(b"above")

    assert fetched(on(way, directory=".")) == {NAME: b"above"}
    assert not [line for line in way.commands if line.startswith("CWD")]


@pytest.mark.parametrize("name", ["alleo employees 1.csv", " led.csv", "a -> b.csv", "é€.csv"])
def test_a_name_of_any_kind_is_fetched(way: FtpServer, outgoing: Path, name: str) -> None:
    """D2"""
    (outgoing / name).write_bytes(b"named")

    assert fetched(on(way, pattern=name)) == {name: b"named"}


@pytest.mark.parametrize("way", ["MLSD", "LIST"], indirect=True)
def test_a_link_is_no_file_even_where_a_server_says_so(way: FtpServer, outgoing: Path) -> None:
    """D2"""
    (outgoing / "alleo_employees_2.csv").symlink_to(NAME)
    (outgoing / "alleo_employees_3 -> x.csv").symlink_to("/etc/passwd")

    assert fetched(on(way)) == {NAME: b"content"}


def test_a_server_that_only_tells_facts_is_believed(fake: FtpServer) -> None:
    fake.replies["LIST"] = "502 Not implemented"

    assert fetched(on(fake)) == {NAME: b"content"}


@pytest.mark.parametrize("reply", ["500 Unknown command", "501 Bad path", "550 Not here"])
def test_facts_that_are_promised_but_not_told_are_found_elsewhere(
    fake: FtpServer, reply: str
) -> None:
    """D2"""
    fake.replies["MLSD"] = reply

    assert fetched(on(fake)) == {NAME: b"content"}


@pytest.mark.parametrize("command", ["MLSD", "LIST", "NLST"])
def test_a_listing_that_is_cut_off_is_not_taken_for_all_there_is(command: str) -> None:
    """D3: an older file would be applied after a newer one, or none at all."""
    facts = {"MLSD": True, "LIST": False, "NLST": False}[command]
    acts = {"done": hostile_ftp.say("226 Output truncated to 2 matches")}
    if command == "NLST":
        acts["LIST"] = hostile_ftp.say("502 No")
    with closing(hostile_ftp.FtpServer(acts, facts=facts)) as server:
        refused = failure(on_script(server))

    assert "lists only a part of /outgoing; check `directory`" in refused.problem
    assert not refused.transient


PLACES = {
    "a path in a directory that counts from where the log-in lands": (
        *('257 "/home/acme/outgoing" is here', "/home/acme/outgoing", True),
    ),
    "a path with a quotation mark": ('257 "/a""b" is here', '/a"b', True),
    "a path in the directory as it is set": ("500 Unknown", "outgoing", True),
    "a path elsewhere": ('257 "/home/acme/outgoing" is here', "/home/acme", False),
    "a path of which nobody knows where": ("500 Unknown", "/home/acme/outgoing", False),
    "an answer to something else": ("250 /home/acme/outgoing", "/home/acme/outgoing", False),
}


@pytest.mark.parametrize("case", PLACES)
def test_a_path_counts_where_the_server_says_that_it_is(case: str) -> None:
    """D2"""
    reply, place, found = PLACES[case]
    acts = {"LIST": hostile_ftp.say("502 No"), "PWD": hostile_ftp.say(reply)}
    sends: dict[str, hostile_ftp.Send] = {"NLST": f"{place}/{NAME}\r\n".encode()}
    with closing(hostile_ftp.FtpServer(acts, sends, facts=False)) as server:
        names = list(fetched(on_script(server, directory="outgoing")))

    assert names == [NAME] * found


def test_a_listing_in_words_of_its_own_is_asked_for_as_names(outgoing: Path) -> None:
    """D2"""
    with serving(outgoing.parent, without=WAYS["LIST"]) as server:
        server.sent = lambda command, data: (
            b"1 file, quite small\r\n" if command == "LIST" else data
        )

        assert fetched(on(server)) == {NAME: b"content"}
        assert "NLST" in server.commands


def test_what_a_listing_shows_as_no_file_stays_none(outgoing: Path) -> None:
    """D2"""
    (outgoing / "alleo_employees_2.csv").symlink_to(NAME)
    with serving(outgoing.parent, without=WAYS["LIST"]) as server:
        server.sent = lambda command, data: data + b"?\r\n" * (command == "LIST")

        assert fetched(on(server)) == {NAME: b"content"}


@pytest.mark.parametrize("path", ["./", "/outgoing/"])
def test_names_may_come_as_paths(outgoing: Path, path: str) -> None:
    """D2"""
    with serving(outgoing.parent, without=WAYS["NLST"]) as server:
        server.sent = lambda command, data: (path.encode() if command == "NLST" else b"") + data

        assert fetched(on(server)) == {NAME: b"content"}


def test_paths_elsewhere_do_not_count(outgoing: Path) -> None:
    """D2"""
    with serving(outgoing.parent, without=WAYS["NLST"]) as server:
        server.sent = lambda command, data: b"../" + data

        assert fetched(on(server)) == {}


@pytest.mark.parametrize("code", [450, 550])
def test_a_refusal_may_say_that_there_is_nothing(outgoing: Path, code: int) -> None:
    """D6"""
    with serving(outgoing.parent, without=WAYS["NLST"]) as server:
        server.replies["NLST"] = f"{code} No files found"

        assert fetched(on(server)) == {}


def test_a_directory_that_may_not_be_listed_is_not_empty(outgoing: Path) -> None:
    """D6"""
    with serving(outgoing.parent, without=WAYS["LIST"]) as server:
        server.replies |= {"LIST": "550 Permission denied", "NLST": "550 Permission denied"}

        assert "no permission); check `directory`" in problem(on(server))


def test_an_empty_listing_that_failed_is_not_empty(
    vsftpd: Vsftpd, outgoing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D6: nothing is forbidden to root, who may be running this, so the reply is played."""
    told = FtpClient.voidresp

    def voidresp(client: FtpClient) -> str:
        reply = told(client)
        if reply == "226 Directory send OK.":
            return "226 Transfer done (but failed to open directory)."
        return reply

    monkeypatch.setattr(FtpClient, "voidresp", voidresp)

    assert "no permission); check `directory`" in problem(on_real(vsftpd, outgoing))


def test_a_directory_that_is_not_there_is_told(fake: FtpServer) -> None:
    told = problem(on(fake, directory="/nowhere"))

    assert "/nowhere on 127.0.0.1 cannot be listed (No such file" in told
    assert told.endswith("check `directory`")


@pytest.mark.parametrize("command", ["SIZE", "MDTM"])
@pytest.mark.parametrize("reply", ["502 Not implemented", "550 No", "213 who knows", "213"])
def test_a_server_that_does_not_tell_size_and_time_is_not_trusted(
    outgoing: Path, command: str, reply: str
) -> None:
    """D4"""
    with serving(outgoing.parent, without=WAYS["LIST"]) as server:
        server.replies[command] = reply

        assert "does not tell size and time of alleo_employees_1.csv" in problem(on(server))


# Files


@pytest.mark.parametrize("protocol", ["ftp", "ftps"])
@pytest.mark.parametrize(
    "change", [lambda data: data + b"x", lambda data: data * 500_000, lambda data: data[:-1]]
)
def test_a_file_that_does_not_come_as_listed_is_still_uploading(
    outgoing: Path, certificate: Certificate, protocol: str, change: Callable[[bytes], bytes]
) -> None:
    """D4"""
    with serving(outgoing.parent, tls=certificate) as server:
        server.sent = lambda command, data: change(data) if command == "RETR" else data

        with pytest.raises(StillUploading) as raised:
            on(server, protocol=protocol, ca_file=certificate.ca).fetch(LIMIT)

        assert raised.value.name == NAME


def test_a_conversation_goes_on_after_a_file_that_had_grown(fake: FtpServer) -> None:
    """D4"""
    sizes = iter((500_000, 1))
    fake.sent = lambda command, data: data * next(sizes) if command == "RETR" else data

    assert len(on(fake, settle=0.05).fetch(LIMIT)) == 1
    assert len([line for line in fake.commands if line.startswith("USER")]) == 1


def test_a_file_over_the_limit_is_not_fetched(fake: FtpServer) -> None:
    """F7"""
    (file,) = on(fake).fetch(6)

    assert (file.size, file.data) == (7, None)
    assert not [line for line in fake.commands if line.startswith("RETR")]


def test_a_file_that_is_gone_is_still_uploading(fake: FtpServer) -> None:
    """D4"""

    def gone(command: str, data: bytes) -> bytes:
        fake.replies["RETR"] = "550 No such file"
        shown.append(data)
        return data if len(shown) < 3 else b""  # by MLSD and LIST, and then no more

    shown: list[bytes] = []
    fake.sent = gone

    with pytest.raises(StillUploading):
        on(fake).fetch(LIMIT)


def test_a_file_that_may_not_be_read_is_told(fake: FtpServer) -> None:
    fake.replies |= {"RETR": "550 Permission denied", "SIZE": "550 Permission denied"}

    refused = failure(on(fake))

    assert "cannot be read (the server refuses with code 550)" in refused.problem
    assert refused.problem.endswith("; check what `username` may read")
    assert not refused.transient


def then_abort(data: bytes) -> hostile_ftp.Send:
    """Data, and a reset instead of an end."""

    def send(line: hostile.Line) -> None:
        line.sendall(data)
        line.over.wait(0.2)  # for all of it to be taken
        hostile.abort(line.sock)

    return send


def test_a_reset_after_the_last_byte_is_an_end_if_the_server_says_so() -> None:
    """D4: some servers end every connection in this way."""
    content = hostile.CONTENT
    with closing(hostile_ftp.FtpServer({}, {"RETR": then_abort(content)})) as server:
        assert fetched(on_script(server)) == {NAME: content}


def test_a_reset_before_the_last_byte_is_no_end() -> None:
    """D4"""
    sends = {"RETR": then_abort(hostile.CONTENT[:-1])}
    with closing(hostile_ftp.FtpServer({}, sends)) as server, pytest.raises(StillUploading):
        on_script(server).fetch(LIMIT)


def test_a_reset_that_the_server_tells_of_is_a_lost_line() -> None:
    """D4, R6"""
    sends = {"RETR": then_abort(hostile.CONTENT)}
    acts: dict[str, hostile_ftp.Act] = {"done": lambda session: told(session)}

    def told(session: hostile_ftp.Session) -> None:
        is_file = server.commands[-1].startswith("RETR")
        session.reply("426 Connection closed" if is_file else "226 Done")

    with closing(hostile_ftp.FtpServer(acts, sends)) as server:
        refused = failure(on_script(server))

    assert f"{NAME} on 127.0.0.1 cannot be read" in refused.problem
    assert refused.transient


@pytest.mark.parametrize("code", [421, 425, 426, 450, 451])
def test_a_file_that_is_busy_may_not_be_in_a_moment(fake: FtpServer, code: int) -> None:
    """R6"""
    fake.replies["RETR"] = f"{code} Busy"

    assert failure(on(fake)).transient


def test_nothing_but_reading_is_asked_of_a_server(way: FtpServer, outgoing: Path) -> None:
    """D5"""
    before = [(path.name, path.stat()) for path in outgoing.iterdir()]

    fetched(on(way))
    list(on(way).steps())

    assert way.written == []
    assert {line.split()[0] for line in way.commands} <= READS
    after = [(path.name, path.stat()) for path in outgoing.iterdir()]
    assert [name for name, _ in after] == [name for name, _ in before]
    assert [stat.st_mtime_ns for _, stat in after] == [stat.st_mtime_ns for _, stat in before]


# An end to everything


def test_what_does_not_greet_as_ftp_is_told() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]

        def greet() -> None:
            with closing(listener.accept()[0]) as client:
                client.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")

        greeting = threading.Thread(target=greet)
        greeting.start()
        told = problem(_nowhere(port))
        greeting.join(10)

    assert f"127.0.0.1 port {port} does not greet as an FTP server does" in told


def test_silence_instead_of_a_greeting_ends() -> None:
    """R6"""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        refused = failure(_nowhere(listener.getsockname()[1], greeting=0.2))

    assert "within 0.2 seconds; check `host`, `port` and `protocol`" in refused.problem
    assert refused.transient


def _nowhere(port: int, **deadlines: float) -> FtpSource:
    return FtpSource(
        protocol="ftp",
        host="127.0.0.1",
        port=port,
        directory=".",
        pattern="*",
        username=USER,
        password=Secret(env="ACME_FTP"),
        attempts=1,
        deadlines=Deadlines(**deadlines),
    )


STAGES = {
    "USER": Deadlines(log_in=0.2),
    "PASS": Deadlines(log_in=0.2),
    "FEAT": Deadlines(session=0.2),
    "CWD": Deadlines(session=0.2),
    "MLSD": Deadlines(whole=0.3),
    "RETR": Deadlines(whole=0.3),
    "SIZE": Deadlines(silence=0.2),
}


@pytest.mark.parametrize("command", STAGES)
def test_a_reply_that_never_ends_ends_the_conversation(outgoing: Path, command: str) -> None:
    """R6"""
    without = WAYS["LIST"] if command == "SIZE" else ()
    with serving(outgoing.parent, without=without) as server:
        server.replies[command] = "211-There is more to come"
        start = time.monotonic()

        refused = failure(on(server, deadlines=STAGES[command]))

        assert refused.transient
        assert time.monotonic() - start < 2


@pytest.mark.parametrize("mode", ["passive", "active"])
@pytest.mark.parametrize("tells", [True, False])
def test_data_that_never_ends_ends_the_conversation(
    fake: FtpServer, monkeypatch: pytest.MonkeyPatch, mode: str, tells: bool
) -> None:
    """R6: a byte now and then is no silence."""
    dripping = Dripping(monkeypatch, tells)
    with closing(dripping):
        high, low = divmod(dripping.port, 256)
        fake.replies |= {
            "PASV": f"227 (127,0,0,1,{high},{low})",
            "PORT": "200 Fine",
            "MLSD": "150 It is on its way",
        }
        start = time.monotonic()

        refused = failure(on(fake, mode=mode, deadlines=Deadlines(whole=0.5)))

    assert "longer than 0.5 seconds" in refused.problem
    assert time.monotonic() - start < 2


class Dripping:
    """Who sends a byte now and then, or none, over every connection for data."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tells: bool) -> None:
        self._tells = tells
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()
        told = FtpClient.sendport

        def overheard(client: FtpClient, host: str, port: int) -> str:
            threading.Thread(
                target=self._drip, args=(socket.create_connection((host, port), 5),)
            ).start()
            return told(client, host, port)

        monkeypatch.setattr(FtpClient, "sendport", overheard)

    def _accept(self) -> None:
        with suppress(OSError):
            self._drip(self._listener.accept()[0])

    def _drip(self, sock: socket.socket) -> None:
        with closing(sock), suppress(OSError):
            while not self._over.wait(0.05):
                sock.sendall(b"x" * self._tells)

    def close(self) -> None:
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._listener.close()


def test_a_reply_of_any_number_of_lines_is_not_read(fake: FtpServer) -> None:
    """R6"""
    fake.replies["FEAT"] = "211-Features:\r\n" + " MORE\r\n" * 2000 + "211 End"

    assert "the server sent an unexpected reply" in problem(on(fake))


@pytest.mark.parametrize("mode", ["passive", "active"])
def test_every_connection_is_closed(fake: FtpServer, mode: str) -> None:
    """R6"""
    fetched(on(fake, mode=mode))
    list(on(fake, mode=mode).steps())
    fake.replies["RETR"] = "451 Busy"
    failure(on(fake, mode=mode))

    end = time.monotonic() + 5
    while fake.open_sockets and time.monotonic() < end:
        time.sleep(0.02)
    assert fake.open_sockets == 0


# What an operator sees


def test_the_steps_lead_to_the_files(fake: FtpServer) -> None:
    steps = list(on(fake).steps())

    assert [step.what for step in steps] == [
        *("resolved", "connected", "logged in", "directory", "matching", "file"),
    ]
    assert steps[1].detail == f"127.0.0.1 port {fake.port}"
    assert steps[2].detail == f"as {USER}"
    assert not [line for line in fake.commands if line.startswith("RETR")]


def test_the_steps_show_the_certificate(safe: FtpServer, certificate: Certificate) -> None:
    steps = list(on(safe, ca_file=certificate.ca).steps())

    assert [step.what for step in steps][:4] == [
        *("resolved", "connected", "certificate", "logged in"),
    ]
    assert steps[2].detail.startswith("is for 127.0.0.1, issued by The tests' authority, valid ")


def test_the_steps_end_where_it_does_not_go_on(safe: FtpServer) -> None:
    met = []

    with pytest.raises(SourceUnreachable, match="certificate"):
        for step in on(safe, protocol="ftps").steps():
            met.append(step.what)

    assert met == ["resolved", "connected"]


def test_a_source_tells_its_place(fake: FtpServer) -> None:
    assert on(fake).place == f"ftp {USER}@127.0.0.1:{fake.port} /outgoing"


def test_what_is_not_encrypted_is_warned_of(fake: FtpServer) -> None:
    (warning,) = on(fake).warnings

    assert "without encryption" in warning
    assert on(fake, protocol="ftps").warnings == ()
