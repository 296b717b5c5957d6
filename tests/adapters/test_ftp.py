"""Tests of the FTP source: log-in, encryption, data connections, listings and files."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adapters.errors import Contradiction
from adapters.secrets import Secret
from adapters.sources.deadline import Timeouts
from adapters.sources.ftp.source import FtpSource, FtpsSource
from adapters.sources.source import DeliveredFile, SourceUnreachable, StillUploading
from tests.adapters import hostile, hostile_ftp
from tests.adapters import vsftpd as ftpd
from tests.adapters.certificates import Certificate, make_certificate
from tests.adapters.failing import LIMIT, failure, problem, retry_quickly
from tests.adapters.ftp_server import PASSWORD, USER, FtpServer, serving
from tests.adapters.keeper import MemoryKeeper, fetch
from tests.adapters.vsftpd import Vsftpd

NAME = "alleo_employees_1.csv"
READS = {
    *("AUTH", "CWD", "EPRT", "EPSV", "FEAT", "LIST", "MDTM", "MLSD", "NLST", "OPTS", "PASS"),
    *("PASV", "PBSZ", "PORT", "PROT", "PWD", "RETR", "SIZE", "TYPE", "USER"),
}


@pytest.fixture
def outgoing(tmp_path: Path) -> Path:
    """Returns a customer's directory with one file."""
    directory = tmp_path / "outgoing"
    directory.mkdir()
    (directory / NAME).write_bytes(b"content")
    return directory


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    """Returns a valid certificate."""
    return make_certificate(tmp_path / "tls")


@pytest.fixture
def fake(outgoing: Path) -> Iterator[FtpServer]:
    """Returns a server without TLS. A test can change its replies."""
    with serving(outgoing.parent) as server:
        yield server


@pytest.fixture
def safe(outgoing: Path, certificate: Certificate) -> Iterator[FtpServer]:
    """Returns a server that requires TLS. A test can change its replies."""
    demands = {"tls_control_required": True, "tls_data_required": True}
    with serving(outgoing.parent, tls=certificate, **demands) as server:
        yield server


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts the right password into the environment variable of the configuration."""
    monkeypatch.setenv("ACME_FTP", PASSWORD)


def on(server: FtpServer | hostile_ftp.FtpServer, **changes: Any) -> FtpSource:
    """Returns a source for the server in this process, with `changes` to valid settings."""
    usual: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": server.port,
        "directory": "/outgoing",
        "pattern": "alleo_employees_*.csv",
        "username": USER,
        "password": Secret(env="ACME_FTP"),
        "settle": 0,
        "attempts": 1,
    }
    return FtpsSource(**usual | changes) if "ca_file" in changes else FtpSource(**usual | changes)


def on_script(server: hostile_ftp.FtpServer, **changes: Any) -> FtpSource:
    """Returns a source for a server that follows the script of a test."""
    return on(server, username=hostile.USER, **changes)


def on_real(server: Vsftpd, directory: Path, **changes: Any) -> FtpSource:
    """Returns a source for a real server, with `changes` to valid settings."""
    usual: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": server.port,
        "directory": str(directory),
        "pattern": "alleo_employees_*.csv",
        "username": ftpd.USER,
        "password": Secret(env="ACME_FTP"),
        "settle": 0,
        "attempts": 1,
    }
    if server.certificate:
        return FtpsSource(**usual | {"ca_file": server.certificate.ca} | changes)
    return FtpSource(**usual | changes)


def fetched(source: FtpSource) -> dict[str, bytes | None]:
    """Returns the content of each fetched file by the name of the file."""
    return {file.name: file.data for file in fetch(source, LIMIT)}


# Logging in


def test_a_wrong_password_is_reported_and_sent_only_once(
    fake: FtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong password is reported, with the settings to check.

    The source does not send the password again.
    """
    # given
    monkeypatch.setenv("ACME_FTP", "hunter2")

    # when
    refused = failure(on(fake, attempts=4))

    # then
    assert f"does not let {USER} in" in refused.problem
    assert "`username` and `password`" in refused.problem
    assert not refused.transient
    assert len([line for line in fake.commands if line.startswith("PASS")]) == 1


def test_a_missing_password_is_reported_before_connecting(
    fake: FtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing password is reported before the source sends any command."""
    # given
    monkeypatch.delenv("ACME_FTP")

    # when / then
    assert "`password`" in problem(on(fake))
    assert fake.commands == []


BUSY, ACTIVE = "421 Too many connections", {"mode": "active", "timeouts": Timeouts(connect=0.3)}
NOT_LISTED = "/outgoing on 127.0.0.1 cannot be listed"
REPORTED: list[tuple[dict[str, str], dict[str, Any], str, bool]] = [
    ({"USER": BUSY}, {}, "`password`, and `protocol`: the server may require encryption", True),
    ({"PASS": "450 Busy"}, {}, "the server refuses with code 450", True),
    *(({"RETR": f"{code} Busy"}, {}, f"code {code}", True) for code in (421, 425, 426, 450, 451)),
    # D6: a directory that may not be listed does not count as empty.
    *(
        (dict.fromkeys(("MLSD", "LIST", "NLST"), reply), {}, NOT_LISTED, reply[0] == "4")
        for reply in ("550 Permission denied", "550 Can't open directory", "450 Busy", "530 No")
    ),
    ({}, {"directory": "/no"}, "/no on 127.0.0.1 cannot be listed (No such file or d", False),
    ({"PASV": "227 (127,0,0,1,0,1)"}, {}, "(Connection refused); check `mode`, and ask", True),
    ({"PORT": "500 Illegal PORT command"}, {"mode": "active"}, "code 500); check `mode`", False),
    ({"PORT": "200 Fine", "MLSD": "150 It is on its way"}, ACTIVE, "nobody connected", True),
]


@pytest.mark.parametrize(("replies", "changes", "words", "transient"), REPORTED)
def test_a_refusal_is_reported_and_a_transient_one_is_marked(
    fake: FtpServer, replies: dict[str, str], changes: dict[str, Any], words: str, transient: bool
) -> None:
    """R6: A refusal is reported with what to check. Only a refusal that may pass is transient."""
    # given
    fake.replies |= replies

    # when
    refused = failure(on(fake, **changes))

    # then
    assert words in refused.problem
    assert refused.transient == transient


def test_a_busy_server_is_tried_again(fake: FtpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The source logs in again at a busy server until all `attempts` are used."""
    # given
    retry_quickly(monkeypatch)
    fake.replies["USER"] = "421 Too many connections"

    # when
    failure(on(fake, attempts=3))

    # then
    assert len([line for line in fake.commands if line.startswith("USER")]) == 3


def test_no_password_is_sent_to_a_server_that_needs_none(tmp_path: Path, outgoing: Path) -> None:
    """The source sends no password to a server that accepts the user name alone."""
    # given
    options = {"no_anon_password": True, "secure_email_list_enable": False}
    with ftpd.running(tmp_path / "vsftpd", **options) as server:
        # when / then
        assert fetched(on_real(server, outgoing)) == {NAME: b"content"}
        assert "PASS" not in server.log.read_text().replace("PASV", "")


@pytest.mark.parametrize("sign", ["\r", "\n", "\0"])
def test_a_setting_cannot_add_a_second_command(fake: FtpServer, tmp_path: Path, sign: str) -> None:
    """D5: The source sends no setting with a line break or a NUL.

    Such a setting could add a second command.
    """
    # given
    injected = f"x{sign}DELE {NAME}"
    (tmp_path / "secret").write_text(f"{PASSWORD}{sign}DELE {NAME}")

    # when / then
    for source in (on(fake, username=injected), on(fake, directory=injected)):
        with pytest.raises(SourceUnreachable, match="FTP cannot send"):
            fetch(source, LIMIT)
    assert "FTP cannot send" in problem(on(fake, password=Secret(file=tmp_path / "secret")))
    assert fake.written == []


# Encryption


def test_ftps_encrypts_commands_and_files(safe: FtpServer, certificate: Certificate) -> None:
    """D1: With `ftps`, the source encrypts the commands and the data connections."""
    # when / then
    assert fetched(on(safe, ca_file=certificate.ca)) == {NAME: b"content"}
    assert safe.commands[0] == "AUTH TLS"
    assert "PROT P" in safe.commands


@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize("mode", ["passive", "active"])
def test_data_connections_reuse_the_tls_session_of_the_log_in(
    tmp_path: Path, outgoing: Path, mode: str, implicit: bool
) -> None:
    """D1: A data connection reuses the TLS session of the log-in.

    The real server refuses any other session.
    """
    # given
    data = os.urandom(3_000_000)
    (outgoing / NAME).write_bytes(data)
    with ftpd.running(tmp_path / "vsftpd", tls=True, implicit_ssl=implicit) as server:
        # when / then
        assert fetched(on_real(server, outgoing, mode=mode, implicit=implicit)) == {NAME: data}


def test_a_server_that_encrypts_from_the_first_byte_is_recognised(
    tmp_path: Path, outgoing: Path
) -> None:
    """A missing greeting is reported with the advice to set `implicit`.

    A server that encrypts from the first byte waits for the client, and greets afterwards.
    """
    # given
    with ftpd.running(tmp_path / "vsftpd", tls=True, implicit_ssl=True) as server:
        # when
        message = problem(on_real(server, outgoing, timeouts=Timeouts(greeting=0.3)))

    # then
    assert message.endswith("set `implicit = true` if the server encrypts from the first byte")


@pytest.mark.parametrize("greeting", [hostile_ftp.hang_up, hostile_ftp.say("220 Welcome")])
def test_a_server_that_does_not_encrypt_from_the_first_byte_is_reported(
    certificate: Certificate, greeting: hostile_ftp.Act
) -> None:
    """With `implicit`, a server that greets in clear is reported and gets no log-in."""
    # given
    with closing(hostile_ftp.FtpServer({"greeting": greeting})) as server:
        # when
        message = problem(on_script(server, ca_file=certificate.ca, implicit=True))

    # then
    assert "no encrypted connection with 127.0.0.1" in message
    assert message.endswith("check `port` and `implicit`")
    assert not [line for line in server.commands if "USER" in line]


def ask_for_certificate(context: ssl.SSLContext) -> None:
    """Lets a server refuse every client without a certificate."""
    context.verify_mode = ssl.CERT_REQUIRED


def ask_for_certificate_in_tls_1_2(context: ssl.SSLContext) -> None:
    """The same with TLS 1.2, in which the refusal is part of the handshake."""
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    ask_for_certificate(context)


def speak_old_tls(context: ssl.SSLContext) -> None:
    """Lets a server speak TLS 1.1 only."""
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1


def use_old_ciphers(context: ssl.SSLContext) -> None:
    """Lets a server use no encryption that the source accepts."""
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")


DEMANDS = {
    ask_for_certificate: "asks for a client certificate",
    ask_for_certificate_in_tls_1_2: "asks for a client certificate",
    speak_old_tls: "TLS 1.2 or newer; ask the customer to update their server",
    use_old_ciphers: "TLS 1.2 or newer; ask the customer to update their server",
}


@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize("demand", DEMANDS)
def test_a_server_whose_tls_tenure_cannot_use_is_reported(
    certificate: Certificate, implicit: bool, demand: Callable[[ssl.SSLContext], None]
) -> None:
    """A server that asks for a client certificate, or is too old, is reported as that.

    The report does not blame the password, also if the refusal comes after the handshake.
    """
    # given
    server = hostile_ftp.FtpServer(tls=certificate, implicit=implicit, demands=demand)
    with closing(server):
        # when
        refused = failure(on_script(server, ca_file=certificate.ca, implicit=implicit))

    # then
    assert DEMANDS[demand] in refused.problem
    assert "`password`" not in refused.problem
    assert not refused.transient


def test_a_server_that_requires_encryption_is_reported_and_gets_no_password(
    safe: FtpServer,
) -> None:
    """With `ftp`, a server that requires encryption is reported and gets no password."""
    # when / then
    assert "`protocol`: the server may require encryption" in problem(on(safe))
    assert not [line for line in safe.commands if line.startswith("PASS")]


def test_a_server_without_encryption_is_reported_and_gets_no_log_in(
    fake: FtpServer, certificate: Certificate
) -> None:
    """With `ftps`, a server without encryption is reported.

    The server gets neither user name nor password.
    """
    # when
    refused = failure(on(fake, ca_file=certificate.ca))

    # then
    assert "offers no encryption" in refused.problem
    assert not refused.transient
    assert fake.commands == ["AUTH TLS"]


def test_without_a_ca_file_the_system_certificates_are_used(safe: FtpServer) -> None:
    """Without `ca_file`, the source trusts only the certificate authorities of the system."""
    # when / then
    assert "`ca_file`" in problem(on(safe, ca_file=None))


@pytest.mark.parametrize("self_signed", [True, False])
def test_a_ca_file_may_hold_the_servers_own_certificate(
    outgoing: Path, tmp_path: Path, self_signed: bool
) -> None:
    """`ca_file` may contain the certificate of the server itself."""
    # given
    own = make_certificate(tmp_path / "own", self_signed=self_signed)

    with serving(outgoing.parent, tls=own) as server:
        # when / then
        assert fetched(on(server, ca_file=own.cert)) == {NAME: b"content"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("notes.txt", "holds no certificate"),
        ("empty", "holds no certificate"),
        ("nowhere", "No such file"),
        ("pipe", "is not a regular file"),
        (".", "`ca_file`"),
    ],
)
def test_an_unusable_ca_file_is_reported_before_connecting(
    safe: FtpServer, tmp_path: Path, name: str, words: str
) -> None:
    """A `ca_file` that is missing or holds no certificate is reported before connecting."""
    # given
    (tmp_path / "notes.txt").write_text("no certificate")
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "pipe")

    # when / then
    assert words in problem(on(safe, ca_file=tmp_path / name))
    assert safe.commands == []


# Data connections


@pytest.mark.parametrize("mode", ["passive", "active"])
def test_every_connection_comes_from_the_configured_address(
    vsftpd: Vsftpd, outgoing: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """D1: Every connection comes from the address in `bind`.

    The real server accepts data connections only from the address of the log-in.
    """
    # given
    seen = len(vsftpd.log.read_text())

    # when / then
    assert fetched(on_real(vsftpd, outgoing, mode=mode, bind="127.0.0.2")) == {NAME: b"content"}
    log = vsftpd.log.read_text()[seen:]
    assert 'Client "127.0.0.2"' in log
    assert 'Client "127.0.0.1"' not in log


def test_a_server_without_pasv_is_asked_with_epsv(fake: FtpServer) -> None:
    """D1: The source tries EPSV where a server does not know PASV, and stays with EPSV."""
    # given
    fake.replies["PASV"] = "502 Not implemented"

    # when / then
    assert fetched(on(fake)) == {NAME: b"content"}
    assert fake.commands.count("PASV") == 1
    assert fake.commands.count("EPSV") > 1


@pytest.mark.parametrize("mode", ["passive", "active"])
def test_files_are_fetched_over_ipv6(tmp_path: Path, outgoing: Path, mode: str) -> None:
    """D1: The source fetches files over IPv6 in both modes."""
    # given
    if not _has_ipv6():
        pytest.skip("this machine has no IPv6")
    dual: dict[str, Any] = {"listen": False, "listen_ipv6": True, "listen_address6": "::"}

    with ftpd.running(tmp_path / "vsftpd", **dual) as server:
        # when / then
        assert fetched(on_real(server, outgoing, host="::1", mode=mode)) == {NAME: b"content"}


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


ENDINGS: dict[str, hostile_ftp.Act] = {
    "421": hostile_ftp.say("421 Good-bye"),
    "an end": hostile_ftp.hang_up,
    "silence": hostile_ftp.say_nothing,
}


@pytest.mark.parametrize("case", ENDINGS)
def test_a_lost_control_connection_does_not_blame_the_mode(case: str) -> None:
    """The report does not name `mode` when the control connection is lost during PASV."""
    # given
    with closing(hostile_ftp.FtpServer({"PASV": ENDINGS[case]})) as server:
        # when
        refused = failure(on_script(server, timeouts=Timeouts(silence=0.3)))

    # then
    assert "`mode`" not in refused.problem
    assert refused.problem.endswith("; ask the customer whether their server works")
    assert refused.transient


def call_first(session: hostile_ftp.Session) -> None:
    """Lets a client at a foreign address connect to the port before the server does."""
    hostile_ftp.connect(session)
    assert session.active
    stranger = socket.create_connection(session.active, 5, ("127.0.0.3", 0))
    session.server.keep(stranger).sendall(b"type=file;size=1; alleo_employees_0.csv\r\n")


def test_active_mode_does_not_go_with_a_proxy(fake: FtpServer) -> None:
    """D1: A server cannot connect to Tenure through a proxy, so the settings are refused."""
    # when / then
    with pytest.raises(Contradiction, match='expected "passive" with a proxy'):
        on(fake, mode="active", proxy="socks5://127.0.0.1:1080")


def test_a_connection_from_a_foreign_address_is_not_used() -> None:
    """D1: In active mode, the source uses no data connection from a foreign address."""
    # given
    with closing(hostile_ftp.FtpServer({"PORT": call_first})) as server:
        # when / then
        assert fetched(on_script(server, mode="active")) == {NAME: hostile.CONTENT}


# Listings


WAYS: dict[str, tuple[str, ...]] = {
    "MLSD": (),
    "LIST": ("MLSD", "MLST"),
    "NLST": ("MLSD", "MLST", "LIST"),
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, outgoing: Path) -> Iterator[FtpServer]:
    """Returns a server for each of the three listing commands."""
    with serving(outgoing.parent, without=WAYS[request.param]) as server:
        yield server


def test_files_are_found_with_each_listing_command(way: FtpServer, outgoing: Path) -> None:
    """D2: The source finds the regular files, and only them, with each listing command.

    It returns size and time.
    """
    # given
    os.utime(outgoing / NAME, (1_800_000_000, 1_800_000_000))
    (outgoing / "other.csv").touch()
    (outgoing / "alleo_employees_2.csv").mkdir()
    os.mkfifo(outgoing / "alleo_employees_3.csv")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(outgoing / "alleo_employees_4.csv"))

    # when
    (file,) = fetch(on(way), LIMIT)

    # then
    assert (file.name, file.size, file.data) == (NAME, 7, b"content")
    assert file.modified.timestamp() == 1_800_000_000


def test_the_directory_may_be_the_one_of_the_log_in(way: FtpServer, outgoing: Path) -> None:
    """D1: With `.` as directory, the source reads the directory of the log-in and sends no CWD."""
    # given
    (outgoing.parent / NAME).write_bytes(b"above")

    # when / then
    assert fetched(on(way, directory=".")) == {NAME: b"above"}
    assert not [line for line in way.commands if line.startswith("CWD")]


@pytest.mark.parametrize("name", ["alleo employees 1.csv", " led.csv", "a -> b.csv", "é€.csv"])
def test_a_file_with_an_unusual_name_is_fetched(way: FtpServer, outgoing: Path, name: str) -> None:
    """D2: The source fetches a file whose name has blanks, an arrow or non-ASCII characters."""
    # given
    (outgoing / name).write_bytes(b"named")

    # when / then
    assert fetched(on(way, pattern=name)) == {name: b"named"}


EMPTY = [
    "450 No files found",
    "550 No such file or directory",
    "550 No files found or invalid directory or permission problem",
]


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("LIST", "502 Not implemented"),
        *(("MLSD", each) for each in ("500 Unknown command", "501 Bad path", *EMPTY)),
        ("FEAT", "500 Unknown command"),
        ("FEAT", "211-Features:\r\n SIZE\r\n211 End"),
    ],
)
def test_a_server_that_lacks_a_command_is_supported(
    fake: FtpServer, command: str, reply: str
) -> None:
    """D2: Another listing command takes the place of one that a server lacks or refuses. MLSD is
    used if the server knows it, whatever FEAT tells."""
    # given
    fake.replies[command] = reply

    # when / then
    assert fetched(on(fake)) == {NAME: b"content"}
    asked = {line.split()[0] for line in fake.commands}
    assert ("SIZE" in asked) == (command == "MLSD")


@pytest.mark.parametrize("command", ["MLSD", "LIST", "NLST"])
def test_a_truncated_listing_is_reported(command: str) -> None:
    """D3: A truncated listing is reported.

    Without the newest file, the source would return only older files.
    """
    # given
    facts = {"MLSD": True, "LIST": False, "NLST": False}[command]
    acts = {"done": hostile_ftp.say("226 Output truncated to 2 matches")}
    if command == "NLST":
        acts["LIST"] = hostile_ftp.say("502 No")
    with closing(hostile_ftp.FtpServer(acts, facts=facts)) as server:
        # when
        refused = failure(on_script(server))

    # then
    assert "lists only a part of the directory; check `directory`" in refused.problem
    assert not refused.transient


PLACES = {
    "a path in a directory relative to the log-in": (
        *('257 "/home/acme/outgoing" is here', "/home/acme/outgoing", True),
    ),
    "a path with a quotation mark": ('257 "/a""b" is here', '/a"b', True),
    "a path in the directory as configured": ("500 Unknown", "outgoing", True),
    "a path in another directory": ('257 "/home/acme/outgoing" is here', "/home/acme", False),
    "a path that the source cannot resolve": ("500 Unknown", "/home/acme/outgoing", False),
    "a reply to another command": ("250 /home/acme/outgoing", "/home/acme/outgoing", False),
}


@pytest.mark.parametrize("case", PLACES)
def test_a_listed_path_counts_if_it_is_in_the_directory(case: str) -> None:
    """D2: A listed path counts only if its directory is the configured one or the reply to PWD."""
    # given
    reply, place, found = PLACES[case]
    acts = {"LIST": hostile_ftp.say("502 No"), "PWD": hostile_ftp.say(reply)}
    sends: dict[str, hostile_ftp.Send] = {"NLST": f"{place}/{NAME}\r\n".encode()}
    with closing(hostile_ftp.FtpServer(acts, sends, facts=False)) as server:
        # when
        names = list(fetched(on_script(server, directory="outgoing")))

    # then
    assert names == [NAME] * found


def test_an_unknown_list_format_is_replaced_by_nlst(outgoing: Path) -> None:
    """D2: When LIST has an unknown format, the source asks for the names with NLST."""
    # given
    with serving(outgoing.parent, without=WAYS["LIST"]) as server:
        server.sent = lambda command, data: (
            b"1 file, quite small\r\n" if command == "LIST" else data
        )

        # when / then
        assert fetched(on(server)) == {NAME: b"content"}
        assert "NLST" in server.commands


def test_a_link_in_list_is_not_a_file_in_nlst(outgoing: Path) -> None:
    """D2: A link that LIST shows stays excluded when the source then uses NLST."""
    # given
    (outgoing / "alleo_employees_2.csv").symlink_to(NAME)
    with serving(outgoing.parent, without=WAYS["LIST"]) as server:
        server.sent = lambda command, data: data + b"?\r\n" * (command == "LIST")

        # when / then
        assert fetched(on(server)) == {NAME: b"content"}


COMMANDS = ("MLSD", "LIST", "NLST")


@pytest.mark.parametrize("reply", EMPTY)
@pytest.mark.parametrize("known", [COMMANDS, ("LIST", "NLST"), ("NLST",)])
def test_a_refusal_to_list_may_mean_an_empty_directory(
    fake: FtpServer, reply: str, known: tuple[str, ...]
) -> None:
    """D6: A server may report an empty directory by refusing each command that it knows."""
    # given
    fake.replies |= {each: reply if each in known else "502 Unknown" for each in COMMANDS}

    # when / then
    assert fetched(on(fake)) == {}


@pytest.mark.parametrize("reply", EMPTY)
def test_a_refusal_after_some_lines_does_not_mean_an_empty_directory(reply: str) -> None:
    """D6: A listing that breaks off is reported and does not count as empty."""
    # given
    with closing(hostile_ftp.FtpServer({"done": hostile_ftp.say(reply)})) as server:
        # when / then
        assert "/outgoing on 127.0.0.1 cannot be listed" in problem(on_script(server))


NO_ANSWERS = ["502 Not implemented", "213 who knows"]


@pytest.mark.parametrize("command", ["SIZE", "MDTM"])
@pytest.mark.parametrize("reply", NO_ANSWERS)
def test_list_tells_the_size_and_the_time_that_no_command_tells(
    outgoing: Path, command: str, reply: str
) -> None:
    """D4: A server without SIZE or MDTM can be used: LIST tells the size and the time.

    The number of bytes received proves the size.
    """
    # given
    os.utime(outgoing / NAME, (1_700_000_000, 1_700_000_000))
    with serving(outgoing.parent, without=WAYS["LIST"]) as server:
        server.replies[command] = reply

        # when
        (file,) = fetch(on(server), LIMIT)

    # then
    assert (file.size, file.data) == (7, b"content")
    assert abs(file.modified.timestamp() - 1_700_000_000) < 86_400  # LIST shows the day


@pytest.mark.parametrize("size", ["1,234", "1.234", "1'234", "1 234", "1\u00a0234", "1234"])
@pytest.mark.parametrize("line", ["{0} 1 o g {1} Mar  1 02:45 {2}", "03-01-27  02:45AM {1} {2}"])
def test_a_shown_size_may_have_marks_between_thousands(line: str, size: str) -> None:
    """D4: LIST may show a size with a mark or a blank between thousands."""
    # given
    content = b"x" * 1234
    acts = dict.fromkeys(("SIZE", "MDTM"), hostile_ftp.say("502 No"))
    shown = line.format("-rw-r--r--", size, NAME).encode()
    sends: dict[str, hostile_ftp.Send] = {"LIST": shown, "RETR": content}
    with closing(hostile_ftp.FtpServer(acts, sends, facts=False)) as server:
        # when / then
        assert fetched(on_script(server)) == {NAME: content}


def test_a_rounded_size_is_not_believed() -> None:
    """D4: A file does not count if LIST alone tells its size, and other bytes arrive."""
    # given
    acts = dict.fromkeys(("SIZE", "MDTM"), hostile_ftp.say("502 No"))
    shown = hostile_ftp.SHOWN.replace(f" {len(hostile.CONTENT)} ", " 1024 ").encode()
    with closing(hostile_ftp.FtpServer(acts, {"LIST": shown}, facts=False)) as server:
        # when / then
        assert "another number of bytes than the server lists" in problem(on_script(server))


def test_nothing_is_asked_about_a_near_miss(way: FtpServer, outgoing: Path) -> None:
    """D9: A near miss is told by its name, and the server is not asked for its size or time.

    In NLST nothing shows that the name is the one of a regular file, so it is not told.
    """
    # given
    (outgoing / NAME).rename(outgoing / NAME.upper())

    # when
    found = on(way).fetch(LIMIT, MemoryKeeper())

    # then
    told = () if "NLST" in way.commands else (NAME.upper(),)
    assert (found.files, found.near_misses) == ([], told)
    assert not [line for line in way.commands if line.startswith(("SIZE", "MDTM"))]


@pytest.mark.parametrize("command", ["LIST", "NLST", "MLSD"])
def test_a_line_in_another_encoding_does_no_harm(command: str) -> None:
    """D2: Names, owners and months that are not UTF-8 do not hide the file that counts.

    Nor does a second carriage return at the end of a line.
    """
    # given
    sends: dict[str, hostile_ftp.Send] = {
        "MLSD": b"type=file;size=1;modify=20270301024500; caf\xe9.csv\r\n"
        + hostile_ftp.FACTS.encode().replace(b"\r", b"\r\r"),
        "LIST": b"-rw-r--r-- 1 Be\xebindigd g 12 M\xe4r  1 02:45 caf\xe9.csv\r\n"
        + hostile_ftp.SHOWN.encode().replace(b"\r", b"\r\r"),
        "NLST": f"caf\xe9.csv\r\n{NAME}\r\r\n".encode("latin-1"),
    }
    acts = {"LIST": hostile_ftp.say("502 No")} if command == "NLST" else {}
    with closing(hostile_ftp.FtpServer(acts, sends, facts=command == "MLSD")) as server:
        # when
        names = list(fetched(on_script(server)))

    # then
    assert names == [NAME]
    assert command in server.commands
    assert ("NLST" in server.commands) == (command == "NLST")


# Files


def test_a_grown_file_is_fetched_again_over_the_same_connection(fake: FtpServer) -> None:
    """D4: A file that has grown is fetched again over the same control connection."""
    # given
    sizes = iter((500_000, 1))
    fake.sent = lambda command, data: data * next(sizes) if command == "RETR" else data

    # when / then
    assert len(fetch(on(fake, settle=0.05), LIMIT)) == 1
    assert len([line for line in fake.commands if line.startswith("USER")]) == 1


def test_a_file_that_disappears_is_still_uploading(fake: FtpServer) -> None:
    """D4: A file that disappears before the source reads it counts as still uploading."""
    # given
    shown: list[bytes] = []

    def gone(command: str, data: bytes) -> bytes:
        fake.replies["RETR"] = "550 No such file"
        shown.append(data)
        return data if len(shown) < 3 else b""  # MLSD and LIST show the file once

    fake.sent = gone

    # when / then
    with pytest.raises(StillUploading):
        fetch(on(fake), LIMIT)


def then_abort(data: bytes) -> hostile_ftp.Send:
    """Returns a step that sends the data and then resets the connection."""

    def send(line: hostile.Line) -> None:
        line.sendall(data)
        line.over.wait(0.2)  # so that the client reads all the data
        hostile.abort(line.sock)

    return send


LINES = {"MLSD": hostile_ftp.FACTS.encode(), "LIST": hostile_ftp.SHOWN.encode()}
WHOLE = {"RETR": hostile.CONTENT, **LINES}
REFUSED = [{"done": hostile_ftp.after(f"{code} Failure")} for code in (426, 451, 550)]


@pytest.mark.parametrize(
    ("acts", "sends"),
    [
        *(({}, {what: then_abort(data)}) for what, data in WHOLE.items()),
        *((a, {}) for a in REFUSED),
    ],
)
def test_what_came_whole_counts_however_the_transfer_ends(
    acts: dict[str, hostile_ftp.Act], sends: dict[str, hostile_ftp.Send]
) -> None:
    """D4: A listing or a file of which all bytes came counts if the connection is reset then and
    the server confirms. A file counts also if the server refuses then.

    Some servers end every data connection with a reset.
    """
    # given
    with closing(hostile_ftp.FtpServer(acts, sends, facts="LIST" not in sends)) as server:
        # when / then
        assert fetched(on_script(server)) == {NAME: hostile.CONTENT}


@pytest.mark.parametrize(
    ("acts", "sends"),
    [
        *(({}, {what: then_abort(data[:-9])}) for what, data in WHOLE.items()),
        *((acts, {"RETR": hostile.CONTENT[:-1]}) for acts in REFUSED[:2]),
    ],
)
def test_what_breaks_off_is_a_transient_failure(
    acts: dict[str, hostile_ftp.Act], sends: dict[str, hostile_ftp.Send]
) -> None:
    """D4: A listing or a file whose transfer ends before its last byte does not count."""
    # given
    with closing(hostile_ftp.FtpServer(acts, sends, facts="LIST" not in sends)) as server:
        # when / then
        assert failure(on_script(server)).transient


@pytest.mark.parametrize(
    ("end", "silence"),
    [(hostile_ftp.hang_up, 20), (hostile_ftp.reset, 20), (hostile_ftp.say_nothing, 0.3)],
)
def test_a_file_is_kept_if_the_connection_ends_after_its_last_byte(
    end: hostile_ftp.Act, silence: float
) -> None:
    """D4: Bytes that were received whole are kept before the server reports the end of the
    transfer, because they may be the only copy.

    Some servers delete a file that was read, and the connection may break off then.
    """

    # given
    class Keeper(MemoryKeeper):
        def keep(self, file: DeliveredFile, *, alone: bool) -> None:
            super().keep(file, alone=alone)
            kept.set()

    def act(session: hostile_ftp.Session) -> None:
        if session.server.commands[-1].startswith("RETR"):
            in_time.append(kept.wait(5))
            end(session)
        else:
            session.usually("done")

    kept, in_time = threading.Event(), list[bool]()
    keeper = Keeper()
    with closing(hostile_ftp.FtpServer({"done": act})) as server:
        source = on_script(server, settle=0.01, timeouts=Timeouts(silence=silence))

        # when
        with pytest.raises(SourceUnreachable) as raised:
            source.fetch(LIMIT, keeper)

    # then
    assert raised.value.transient
    assert keeper.files[NAME].data == hostile.CONTENT
    assert in_time == [True]


def test_an_error_of_the_keeper_is_not_one_of_the_server(fake: FtpServer) -> None:
    """D4: An error of the store, while it keeps a file, is raised unchanged."""

    # given
    class Full(MemoryKeeper):
        def keep(self, file: DeliveredFile, *, alone: bool) -> None:
            raise OSError(errno.ENOSPC, "full")

    # when / then
    with pytest.raises(OSError, match="full"):
        on(fake, settle=0.01).fetch(LIMIT, Full())


@pytest.mark.parametrize(
    ("text", "late"),
    [("226 Done", True), ("226 Done", False), ("250 Done", True), ("426 No", True), ("200", False)],
)
@pytest.mark.parametrize(
    ("changes", "facts"), [({}, True), ({"mode": "active"}, False), ({"settle": 0.01}, True)]
)
def test_a_second_reply_after_a_transfer_is_ignored(
    text: str, late: bool, changes: dict[str, Any], facts: bool
) -> None:
    """D4: A second reply after a listing or a file is not taken for the next command's reply."""
    # given
    acts = {"done": hostile_ftp.twice(text, late)}
    with closing(hostile_ftp.FtpServer(acts, facts=facts)) as server:
        # when / then
        assert fetched(on_script(server, **changes)) == {NAME: hostile.CONTENT}


def test_the_source_sends_only_reading_commands(way: FtpServer, outgoing: Path) -> None:
    """D5: The source sends only reading commands. The directory stays as it was."""
    # given
    before = [(path.name, path.stat()) for path in outgoing.iterdir()]

    # when
    fetched(on(way))
    list(on(way).steps())

    # then
    assert way.written == []
    assert {line.split()[0] for line in way.commands} <= READS
    after = [(path.name, path.stat()) for path in outgoing.iterdir()]
    assert [name for name, _ in after] == [name for name, _ in before]
    assert [stat.st_mtime_ns for _, stat in after] == [stat.st_mtime_ns for _, stat in before]


# Time limits and closed connections


@pytest.mark.parametrize("mode", ["passive", "active"])
def test_every_connection_is_closed(fake: FtpServer, mode: str) -> None:
    """R6: The source closes every connection after a success and after a failure."""
    # when
    fetched(on(fake, mode=mode))
    list(on(fake, mode=mode).steps())
    fake.replies["RETR"] = "451 Busy"
    failure(on(fake, mode=mode))

    # then
    end = time.monotonic() + 5
    while fake.open_sockets and time.monotonic() < end:
        time.sleep(0.02)
    assert fake.open_sockets == 0


# Steps, place and warnings for an operator


def test_the_steps_go_from_the_name_to_the_files(safe: FtpServer, certificate: Certificate) -> None:
    """The steps of a check go from the host name to the files, and end at the first failure. With
    `ftps`, they show the certificate. They read no file."""
    # given
    to_certificate = ["resolved", "connected", "certificate"]

    # when
    steps = list(on(safe, ca_file=certificate.ca).steps())
    reached: list[str] = []
    with pytest.raises(SourceUnreachable, match="certificate"):
        for step in on(safe, ca_file=None).steps():
            reached.append(step.what)

    # then
    assert [step.what for step in steps] == [
        *(*to_certificate, "logged in", "directory", "matching", "file"),
    ]
    assert steps[1].detail == f"127.0.0.1 port {safe.port}"
    assert steps[2].detail.startswith("is for 127.0.0.1, issued by The tests' authority, valid ")
    assert steps[3].detail == f"as {USER}"
    assert not [line for line in safe.commands if line.startswith("RETR")]
    assert reached == to_certificate[:-1]


def test_a_source_tells_its_place_and_warns_without_encryption(fake: FtpServer) -> None:
    """D1: The place of a source shows user, host, port and directory. The usual port is 21, and 990
    for TLS from the first byte. A source without encryption has a warning."""
    # given
    plain, safe = on(fake, port=None), on(fake, port=None, ca_file=None)

    # when / then
    assert on(fake).place == f"ftp {USER}@127.0.0.1:{fake.port} /outgoing"
    assert plain.place.endswith(":21 /outgoing")
    assert on(fake, port=None, ca_file=None, implicit=True).place.endswith(":990 /outgoing")
    assert [warning for warning in plain.warnings if "without encryption" in warning]
    assert safe.warnings == ()
