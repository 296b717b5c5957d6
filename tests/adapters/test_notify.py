"""Telling somebody how a run ended: by a program, by a server, and by neither."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from adapters.company_settings import Customer
from adapters.notify import delivering, notifier
from adapters.notify.command import run_command
from adapters.notify.delivering import deliver
from adapters.notify.failure import NotDelivered, in_time
from adapters.notify.notifier import NotificationResult, Notifier
from adapters.notify.webhook import post
from adapters.notify_settings import Channel, Notify
from adapters.secrets import Secret
from adapters.settings import Settings
from adapters.store.commit import Commit
from adapters.store.store import Store
from adapters.use_cases.app import App
from adapters.use_cases.execute import fault_of, record_failure, start_run
from adapters.use_cases.import_delivery import import_delivery
from adapters.use_cases.schedule import Job, due_slots
from adapters.use_cases.status import statuses
from domain.company_runs.events import RunContext, RunKind
from domain.ids import run_id
from domain.outcome import Outcome
from domain.schedule import Schedule
from projections.runs import RunDocument
from tests.adapters.certificates import Certificate, make_certificate
from tests.adapters.conftest import OpenStore
from tests.adapters.proxies import USER, tinyproxy
from tests.adapters.steps import delivered
from tests.adapters.test_log import MARK
from tests.given import NOW, a_company

BODY = b'{"outcome": "refused"}'
PATIENCE = 20.0
HUGE = b"x" * 5_000_000


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses of no length, and no proxy."""
    for name in ("FIRST_PAUSE_S", "MAX_JITTER_S"):
        monkeypatch.setattr(delivering, name, 0.0)
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def soon(what: Callable[[], object]) -> None:
    """Waits until something is so."""
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


# By a program


def python(code: str) -> tuple[str, ...]:
    return sys.executable, "-c", code


def keeping(file: Path) -> tuple[str, ...]:
    """A program that keeps what it is given."""
    return python(f"import sys; open({str(file)!r}, 'wb').write(sys.stdin.buffer.read())")


def test_a_program_gets_the_run_on_its_standard_input(
    tmp_path: Path, stop: threading.Event
) -> None:
    """A notification program gets the run on its standard input, however large the run is."""
    # when
    run_command(Notify(command=keeping(tmp_path / "got")), HUGE, stop)

    # then
    assert (tmp_path / "got").read_bytes() == HUGE


def test_a_program_need_not_read(tmp_path: Path, stop: threading.Event) -> None:
    """A notification program that does not read its standard input is no failure."""
    # given
    kept = tmp_path / "kept"

    # when
    run_command(Notify(command=python(f"open({str(kept)!r}, 'w')")), HUGE, stop)

    # then
    assert kept.exists()


def test_a_program_knows_no_secrets_but_those_it_is_given(
    tmp_path: Path, stop: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notification program gets only the usual environment variables and the ones that its
    settings name."""
    # given
    monkeypatch.setenv("ACME_SFTP", "secret")
    monkeypatch.setenv("CHAT_TOKEN", "given")
    kept = tmp_path / "kept"
    code = f"import json, os; json.dump(dict(os.environ), open({str(kept)!r}, 'w'))"

    # when
    run_command(Notify(command=python(code), environment=("CHAT_TOKEN", "MISSING")), BODY, stop)

    # then
    known = json.loads(kept.read_text())
    assert known["PATH"] == os.environ["PATH"]
    assert known["CHAT_TOKEN"] == "given"
    assert "ACME_SFTP" not in known
    assert "MISSING" not in known


def test_the_output_of_a_program_is_discarded(
    stop: threading.Event, capfd: pytest.CaptureFixture[str]
) -> None:
    """The output of a notification program is discarded, and a failure names only its exit code."""
    # given
    command = python("import sys; print(sys.stdin.read()); sys.stderr.write('x'); sys.exit(3)")

    # when / then
    with pytest.raises(NotDelivered) as raised:
        run_command(Notify(command=command), MARK.encode(), stop)

    assert raised.value.problem.endswith("ended with exit code 3")
    assert MARK not in str(raised.value)
    assert capfd.readouterr() == ("", "")


def test_a_missing_program_is_tried_once(stop: threading.Event) -> None:
    """A notification program that does not exist is tried once, and the failure names the
    program."""
    # when / then
    with pytest.raises(NotDelivered) as raised:
        deliver(Channel.COMMAND, Notify(command=("no-such-program",)), BODY, stop)

    assert not raised.value.transient
    assert "no-such-program cannot be run" in raised.value.problem


def test_a_program_that_fails_is_tried_again(tmp_path: Path, stop: threading.Event) -> None:
    """A notification program that fails is tried again until it succeeds, or only once when one
    attempt is asked for."""
    # given
    log = tmp_path / "log"
    code = f"import sys; f = open({str(log)!r}, 'a'); f.write('x'); sys.exit(f.tell() < 3)"

    # when
    deliver(Channel.COMMAND, Notify(command=python(code)), BODY, stop)

    # then
    assert log.read_text() == "xxx"

    # when / then
    with pytest.raises(NotDelivered):
        deliver(
            Channel.COMMAND, Notify(command=python(code.replace("< 3", "< 9"))), BODY, stop, True
        )
    assert log.read_text() == "xxxx"


def gone(pid: int) -> bool:
    """Whether a process has ended, or is but a name in the table."""
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True


@pytest.mark.parametrize("body", [BODY, HUGE])
def test_a_program_that_takes_too_long_is_ended_with_all_it_started(
    tmp_path: Path, stop: threading.Event, body: bytes
) -> None:
    """A notification program that takes longer than its time limit is ended together with all
    processes that it started."""
    # given
    script = f"sleep 60 & echo $! > {tmp_path}/child; echo $$ > {tmp_path}/parent; wait"
    began = time.monotonic()

    # when / then
    with pytest.raises(NotDelivered) as raised:
        run_command(Notify(command=("sh", "-c", script), timeout=0.7), body, stop)

    assert time.monotonic() - began < 10
    assert raised.value.problem == "the command sh did not end within 0.7 seconds"
    for name in ("child", "parent"):
        soon(lambda name=name: gone(int((tmp_path / name).read_text())))  # type: ignore[misc]


# By a server


class Hook(NamedTuple):
    """A server that answers as it is told, and remembers what it was asked."""

    url: str
    answers: list[int]
    asked: list[tuple[str, dict[str, str], bytes]]


@contextmanager
def serving(tls: Certificate | None = None) -> Iterator[Hook]:
    """Yields a server that runs. A line of its answers is no header and no end of the headers."""
    answers: list[int] = []
    asked: list[tuple[str, dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append((self.path, dict(self.headers), body))
            self.send_response(answers.pop(0) if answers else 204, f"OK\r\n{MARK}")
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            with suppress(OSError):  # the client does not wait for the body
                self.wfile.write(MARK.encode() * 100)
                self.rfile.read(1)

        def do_GET(self) -> None:
            asked.append((self.path, {}, b""))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls.cert, tls.key)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        scheme = "https" if tls else "http"
        try:
            yield Hook(f"{scheme}://127.0.0.1:{server.server_port}/{MARK}?{MARK}", answers, asked)
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def hook() -> Iterator[Hook]:
    with serving() as hook:
        yield hook


@pytest.fixture
def secure_hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    """A server with TLS, which the system trusts."""
    tls = make_certificate(tmp_path / "tls")
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.ca))
    with serving(tls) as hook:
        yield hook


def test_a_server_gets_the_run_as_json(hook: Hook, stop: threading.Event) -> None:
    """A notification server gets the run as JSON, without an authorization unless one is set."""
    # when
    deliver(Channel.URL, Notify(url=hook.url), BODY, stop)

    # then
    ((path, headers, body),) = hook.asked
    assert (path, body) == (f"/{MARK}?{MARK}", BODY)
    assert headers["Content-Type"] == "application/json"
    assert "Authorization" not in headers


def test_url_and_authorization_are_read_where_they_are_kept(
    hook: Hook, stop: threading.Event, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The URL and the authorization of a notification server are read from a file or an environment
    variable, and do not show in the settings."""
    # given
    monkeypatch.setenv("HOOK_AUTH", f"Bearer {MARK}")
    (tmp_path / "url").write_text(f"{hook.url}\n")
    notify = Notify(url=Secret(file=tmp_path / "url"), authorization=Secret(env="HOOK_AUTH"))

    # when
    deliver(Channel.URL, notify, BODY, stop)

    # then
    assert [headers["Authorization"] for _, headers, _ in hook.asked] == [f"Bearer {MARK}"]
    assert MARK not in repr(notify)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_a_temporary_failure_of_the_server_is_tried_again(
    hook: Hook, stop: threading.Event, status: int
) -> None:
    """A notification is sent again while the server answers with a status that can pass, such as
    429 or 503."""
    # given
    hook.answers[:] = [status] * 4

    # when
    deliver(Channel.URL, Notify(url=hook.url), BODY, stop)

    # then
    assert len(hook.asked) == 5


@pytest.mark.parametrize("status", [302, 307, 400, 401, 404, 413])
def test_a_lasting_failure_of_the_server_is_not_tried_again_and_no_redirect_followed(
    hook: Hook, stop: threading.Event, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """A notification is not sent again when the server answers with a lasting error or a redirect,
    and neither the failure nor the log quotes the URL."""
    # given
    hook.answers[:] = [status]

    # when / then
    with pytest.raises(NotDelivered) as raised:
        deliver(Channel.URL, Notify(url=hook.url), BODY, stop)

    assert len(hook.asked) == 1
    assert raised.value.problem.startswith(f"127.0.0.1 answered {status}")
    assert MARK not in str(raised.value) + repr(raised.value.__context__) + caplog.text


def test_a_notification_fails_after_the_configured_attempts(
    hook: Hook, stop: threading.Event
) -> None:
    """A notification fails after the configured number of attempts."""
    # given
    hook.answers[:] = [500] * 9

    # when / then
    with pytest.raises(NotDelivered, match="answered 500"):
        deliver(Channel.URL, Notify(url=hook.url, attempts=3), BODY, stop)

    assert len(hook.asked) == 3


def test_an_unreachable_server_is_a_temporary_failure(stop: threading.Event) -> None:
    """A notification server that cannot be reached is a failure that can pass, and the failure
    names the host alone."""
    # when / then
    with pytest.raises(NotDelivered) as raised:
        post(Notify(url=f"http://127.0.0.1:1/{MARK}"), BODY)

    assert raised.value.transient
    assert raised.value.problem == "127.0.0.1 cannot be reached (Connection refused)"


TLS_RECORD = b"\x16\x03\x03\x40\x00" + b"\x02" * 100


@pytest.mark.parametrize(
    ("scheme", "proxied", "lookup_s", "bytes_"),
    [
        ("http", False, 0, b"H" * 100),
        ("http", False, 0.3, b"H" * 100),
        ("https", False, 0, TLS_RECORD),
        ("https", True, 0, b"H" * 100),
    ],
    ids=["answer", "late connection", "handshake", "proxy"],
)
def test_a_server_that_answers_byte_by_byte_is_given_up(
    scheme: str, proxied: bool, lookup_s: float, bytes_: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notification server or a proxy that answers byte by byte is given up after the time limit:
    in the midst of the encryption too, and where the time was over before it was connected."""
    # given
    over, look_up = threading.Event(), socket.getaddrinfo

    def look_up_slowly(*about: Any, **named: Any) -> Any:
        time.sleep(lookup_s)
        return look_up(*about, **named)

    with socket.create_server(("127.0.0.1", 0)) as listening:

        def dribble() -> None:
            with suppress(OSError), listening.accept()[0] as connection:
                for byte in bytes_:
                    connection.sendall(bytes([byte]))
                    if over.wait(0.05):
                        return

        listening.settimeout(5)
        thread = threading.Thread(target=dribble)
        thread.start()
        here = f"127.0.0.1:{listening.getsockname()[1]}"
        monkeypatch.setattr(socket, "getaddrinfo", look_up_slowly)
        if proxied:
            monkeypatch.setenv("https_proxy", here)
        notify = Notify(url=f"{scheme}://{'hooks.example' if proxied else here}/", timeout=0.5)

        # when
        began = time.monotonic()
        try:
            with pytest.raises(NotDelivered) as raised:
                post(notify, BODY)
        finally:
            over.set()
            thread.join()

    # then
    assert raised.value.problem.endswith(" did not answer within 0.5 seconds")
    assert time.monotonic() - began < 2.5


def test_the_addresses_of_a_server_share_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """All addresses of a notification server together get the time limit, so that a second address
    is tried where the first is silent."""
    # given
    with ExitStack() as opened:
        full = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        opened.enter_context(socket.create_connection(full.getsockname(), 5))
        port = full.getsockname()[1]
        silent = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
        refusing = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.2", port))
        addresses = [silent] * 4
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
        notify = Notify(url=f"https://hooks.example:{port}/", timeout=0.6)

        # when / then
        began = time.monotonic()
        with pytest.raises(NotDelivered, match=r"did not answer within 0\.6 seconds"):
            post(notify, BODY)
        assert time.monotonic() - began < 1.2

        # when / then
        addresses[1:] = [refusing]
        with pytest.raises(NotDelivered, match="Connection refused"):
            post(notify, BODY)


@pytest.mark.parametrize("kept", ["", f"ftp://h/{MARK}", f"http://hooks.example/{MARK}", "x\ny"])
def test_a_useless_url_is_not_quoted(kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty or wrong notification URL is a lasting failure that names the setting and does not
    quote the URL."""
    # given
    monkeypatch.setenv("HOOK_URL", kept)

    # when / then
    with pytest.raises(NotDelivered) as raised:
        post(Notify(url=Secret(env="HOOK_URL")), BODY)

    assert "notify.url" in raised.value.problem
    assert MARK not in raised.value.problem
    assert not raised.value.transient


def test_an_authorization_with_a_line_break_is_refused(
    hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An authorization with a line break is refused before the server is asked, and is not
    quoted."""
    # given
    monkeypatch.setenv("HOOK_AUTH", f"Bearer {MARK}\nX-Other: 1")

    # when / then
    with pytest.raises(NotDelivered) as raised:
        post(Notify(url=hook.url, authorization=Secret(env="HOOK_AUTH")), BODY)

    assert MARK not in raised.value.problem
    assert hook.asked == []


def test_this_machine_is_reached_without_a_proxy(
    hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notification server on the same machine is reached without a proxy, also when one is
    set."""
    # given
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    # when
    post(Notify(url=hook.url), BODY)

    # then
    assert len(hook.asked) == 1


def test_a_server_without_tls_is_explained_and_asked_once(
    hook: Hook, stop: threading.Event
) -> None:
    """A notification server that does not speak TLS, although the URL begins with `https`, is
    explained as a lasting failure."""
    # given
    url = hook.url.replace("http://", "https://")

    # when / then
    with pytest.raises(NotDelivered) as raised:
        deliver(Channel.URL, Notify(url=url), BODY, stop)

    assert raised.value.problem == "127.0.0.1 does not speak TLS, which https:// asks for"
    assert not raised.value.transient


def test_a_server_with_an_untrusted_certificate_is_sent_nothing(tmp_path: Path) -> None:
    """A notification server with an untrusted certificate is a lasting failure, and the failure
    says so."""
    # given
    untrusted = make_certificate(tmp_path, self_signed=True)

    # when / then
    with serving(untrusted) as hook, pytest.raises(NotDelivered) as raised:
        post(Notify(url=hook.url), BODY)

    assert raised.value.problem.startswith("the certificate that 127.0.0.1 shows is not trusted (")
    assert not raised.value.transient
    assert hook.asked == []


def test_a_server_is_reached_through_the_proxy_that_the_environment_names(
    secure_hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notification server is reached through the proxy that `https_proxy` names, with a log-in,
    unless `no_proxy` names the server. A proxy that refuses is told and is not quoted."""
    # given
    notify = Notify(url=secure_hook.url)
    with tinyproxy(tmp_path / "proxy", "secret") as proxy:
        # when / then
        monkeypatch.setenv("https_proxy", f"http://{USER}:secret@{proxy}")
        post(notify, BODY)
        assert [body for *_, body in secure_hook.asked] == [BODY]

        # when / then
        monkeypatch.setenv("https_proxy", f"http://{USER}:wrong@{proxy}")
        with pytest.raises(NotDelivered) as raised:
            post(notify, BODY)
        through = "127.0.0.1 cannot be reached through the proxy that https_proxy names"
        assert raised.value.problem == f"{through} (OSError)"

        # when / then
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        post(notify, BODY)
        assert len(secure_hook.asked) == 2


@pytest.mark.parametrize(
    ("seconds", "words"), [(1.0, "within 1 second"), (0.5, "within 0.5 seconds")]
)
def test_one_second_is_no_plural(seconds: float, words: str) -> None:
    """A time limit of one second is written in the singular."""
    assert in_time(seconds) == words


def test_the_http_client_is_imported_only_when_it_is_used() -> None:
    """The command line and the notifier do not import the HTTP client, because the import is
    slow."""
    # given
    program = (
        "import sys, cli.main, cli.commands.serve, cli.commands.imports, adapters.notify.notifier;"
        "print('urllib3' in sys.modules)"
    )

    # when
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    # then
    assert done.stdout == "False\n"


# Beside the work


class Post:
    """Stands for what delivers."""

    def __init__(self) -> None:
        self.open = {channel: threading.Event() for channel in Channel}
        for each in self.open.values():
            each.set()
        self.sent: list[tuple[Channel, bytes, bool]] = []
        self.errors: dict[Channel, Exception] = {}

    def __call__(
        self, channel: Channel, _: Notify, body: bytes, stop: threading.Event, once: bool
    ) -> None:
        while not self.open[channel].wait(0.01):
            if stop.is_set():
                raise NotDelivered("it was stopped")
        self.sent.append((channel, body, once))
        if channel in self.errors:
            raise self.errors[channel]


class Desk:
    """A process that runs imports of Acme, and notifiers beside it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.post = Post()
        self.told: list[NotificationResult] = []
        self.notify: Notify | None = Notify(command=("tell",))
        self.notifier = self.another()

    @property
    def app(self) -> App:
        customers = {"acme": Customer(a_company(), None)}
        settings = Settings(
            Path("tenure.toml"), Path("x"), Schedule(), customers, notify=self.notify
        )
        return App(settings, self.store, lambda: NOW, notifies=True)

    def another(self) -> Notifier:
        return Notifier(
            self.store,
            self.told.append,
            lambda: self.notify,
            lambda: statuses(self.app),
            deliver=self.post,
        )

    def refused(self) -> RunDocument:
        """A run that somebody is told of, if the file before was not refused, too."""
        app = self.app
        return import_delivery(app, app.settings.customers["acme"], "test", delivered(f"{MARK}\n"))

    def failed(self) -> RunDocument:
        """A run that somebody is told of, whatever was before."""
        run = start_run(self.app, RunKind.SUPPORT, "acme", MARK, MARK)
        return record_failure(self.app, run, fault_of(ValueError(MARK)))


@pytest.fixture
def here(store: Store) -> Iterator[Desk]:
    desk = Desk(store)
    yield desk
    for each in desk.post.open.values():
        each.set()
    desk.notifier.finish(PATIENCE)


def results(told: Sequence[NotificationResult]) -> list[str]:
    return [each.result for each in told]


def is_waiting(store: Store) -> bool:
    """Whether a notice is in the store that any process may take. Takes it for no time."""
    now = datetime.now(UTC)
    return store.notices.take(Channel.COMMAND, now, now) is not None


def is_left(store: Store) -> bool:
    """Whether a notice is in the store, also one that a process has taken."""
    later = datetime.now(UTC) + timedelta(hours=23)
    return store.notices.take(Channel.COMMAND, later, later) is not None


def test_a_notification_tells_the_run_in_codes_and_counts(here: Desk) -> None:
    """Q2: A notification says why it is sent, which run of which company it is about, and how many
    issues of each code there are. It is sent once, and has nothing from a file and nobody's name.
    """
    # given
    run = here.refused()

    # when
    here.notifier.start()
    here.notifier.ran(run)
    here.notifier.finish(PATIENCE)

    # then
    ((channel, body, once),) = here.post.sent
    assert (channel, once) == (Channel.COMMAND, False)
    told = json.loads(body)
    assert MARK not in body.decode()
    assert {key: told[key] for key in ("notification", "company", "run", "outcome")} == {
        "notification": "run",
        "company": "acme",
        "run": str(run.run),
        "outcome": "refused",
    }
    assert told["reasons"] == ["refused", "error", "feed"]
    assert (told["was"], told["feed"]) == ("never", "refused")
    error = {"severity": "error", "code": "missing-column", "count": 1, "new": 1}
    assert told["issues"][0] == error
    assert here.told == [NotificationResult("sent", Channel.COMMAND, "acme", run.run)]
    assert not is_left(here.store)


def test_a_run_that_no_setting_names_is_not_notified(here: Desk) -> None:
    """No notice is stored without settings for notifications, for a run that brings no reason which
    the settings name, or by a command that does not notify."""
    # when
    for notify in (None, Notify(on=frozenset({"held"}), command=("tell",))):
        here.notify = notify
        here.failed()
    here.notify = Notify(command=("tell",))
    app = here.app._replace(notifies=False)
    import_delivery(app, app.settings.customers["acme"], "test", delivered(f"{MARK}\n"))

    # then
    assert not is_left(here.store)


def test_the_notices_of_a_process_that_died_are_sent_by_the_next(here: Desk) -> None:
    """A run that was stored by a process that ended before it told anybody is told by the next
    process."""
    # given
    run = here.failed()
    now = datetime.now(UTC)
    assert here.store.notices.take(Channel.COMMAND, now, now) is not None

    # when
    here.notifier.start()
    here.notifier.finish(PATIENCE)

    # then
    assert here.told == [NotificationResult("sent", Channel.COMMAND, "acme", run.run)]


def test_a_notice_that_a_process_has_taken_is_left_to_it(here: Desk) -> None:
    """A notice that another process is about to send is left alone until its time is over, unless
    that time is so long that the clock of the other process must be wrong."""
    # given
    here.failed()
    now = datetime.now(UTC)
    taken = here.store.notices.take(Channel.COMMAND, now, now + timedelta(minutes=5))
    assert taken is not None

    # then
    assert not is_waiting(here.store)

    # when
    here.store.notices.put_back(taken)
    ahead = here.store.notices.take(Channel.COMMAND, now, now + timedelta(days=9))

    # then
    assert ahead is not None
    assert is_waiting(here.store)


@pytest.mark.stores("memory", "sqlite", "postgresql")
def test_several_notifiers_send_each_notification_once(open_store: OpenStore) -> None:
    """Of several processes that share a database, one sends each notification."""
    # given
    first, second = Desk(open_store()), Desk(open_store())
    runs = [first.failed().run for _ in range(12)]

    # when
    for desk in (first, second):
        desk.notifier.start()
    for desk in (first, second):
        desk.notifier.finish(PATIENCE)

    # then
    told = first.told + second.told
    assert sorted(str(each.run) for each in told) == sorted(map(str, runs))
    assert set(results(told)) == {"sent"}


def test_work_does_not_wait_for_notifications(here: Desk) -> None:
    """Work does not wait for slow notifications. They wait in the store."""
    # given
    here.post.open[Channel.COMMAND].clear()
    here.notifier.start()

    # when
    began = time.monotonic()
    for _ in range(10):
        here.notifier.ran(here.failed())

    # then
    assert time.monotonic() - began < 5
    here.post.open[Channel.COMMAND].set()
    here.notifier.finish(PATIENCE)
    assert results(here.told) == ["sent"] * 10


def test_the_notifier_ends_in_time_and_the_next_one_sends_the_rest(here: Desk) -> None:
    """The notifier ends within the given time. The notification that is under way is reported as
    postponed, and the next notifier sends it and all others."""
    # given
    here.post.open[Channel.COMMAND].clear()
    here.notifier.start()
    for _ in range(3):
        here.notifier.ran(here.failed())

    # when
    began = time.monotonic()
    here.notifier.finish(0.3)

    # then
    assert time.monotonic() - began < 5
    assert results(here.told) == ["postponed"]

    # when
    here.post.open[Channel.COMMAND].set()
    following = here.another()
    following.start()
    following.finish(PATIENCE)

    # then
    assert results(here.told) == ["postponed", "sent", "sent", "sent"]


def test_after_a_failure_notifications_are_tried_once_until_one_succeeds(here: Desk) -> None:
    """A failed notification is reported, and the following ones are tried only once each until one
    succeeds. A failed one is not tried again."""
    # given
    here.post.errors[Channel.COMMAND] = NotDelivered("the command tell ended with exit code 1")
    for _ in range(2):
        here.failed()

    # when
    here.notifier.start()
    soon(lambda: len(here.told) == 2)
    here.post.errors.clear()
    for _ in range(2):
        here.notifier.ran(here.failed())
    here.notifier.finish(PATIENCE)

    # then
    assert [once for *_, once in here.post.sent] == [False, True, True, False]
    assert results(here.told) == ["failed", "failed", "sent", "sent"]
    assert here.told[0].problem == "the command tell ended with exit code 1"
    assert not is_left(here.store)


def test_a_failing_program_does_not_affect_the_server(here: Desk) -> None:
    """A notification program that fails does not reduce the attempts or the successes of the
    notification server."""
    # given
    here.notify = Notify(command=("tell",), url="https://hooks.example")
    here.post.errors[Channel.COMMAND] = NotDelivered("the command tell ended with exit code 1")
    for _ in range(3):
        here.failed()

    # when
    here.notifier.start()
    here.notifier.finish(PATIENCE)

    # then
    tried = {
        channel: [once for by, _, once in here.post.sent if by is channel] for channel in Channel
    }
    assert tried == {Channel.COMMAND: [False, True, True], Channel.URL: [False, False, False]}
    became = {
        channel: [told.result for told in here.told if told.via is channel] for channel in Channel
    }
    assert became == {Channel.COMMAND: ["failed"] * 3, Channel.URL: ["sent"] * 3}


def test_a_slow_program_does_not_hold_up_the_server(here: Desk) -> None:
    """A slow notification program does not hold up the notifications to the server."""
    # given
    here.notify = Notify(command=("tell",), url="https://hooks.example")
    here.post.open[Channel.COMMAND].clear()
    for _ in range(3):
        here.failed()

    # when
    here.notifier.start()
    soon(lambda: len(here.told) == 3)

    # then
    assert {told.via for told in here.told} == {Channel.URL}
    here.notifier.finish(0)
    assert [told.via for told in here.told[3:]] == [Channel.COMMAND]


def test_a_fault_while_notifying_is_reported_and_not_quoted(here: Desk) -> None:
    """A fault while a notification is delivered is reported without its words, and the next
    notification is delivered."""
    # given
    here.post.errors[Channel.COMMAND] = ValueError(MARK)
    here.failed()

    # when
    here.notifier.start()
    soon(lambda: here.told)
    here.post.errors.clear()
    here.notifier.ran(here.failed())
    here.notifier.finish(PATIENCE)

    # then
    assert results(here.told) == ["failed", "sent"]
    assert MARK not in str(here.told)


def test_a_notification_that_cannot_be_stopped_is_postponed(here: Desk) -> None:
    """A notification that is still under way when the notifier's time is over, and that cannot be
    stopped, is reported as postponed, and is sent by the next notifier."""
    # given
    begun, over = threading.Event(), threading.Event()

    def endless(*_: object) -> None:
        begun.set()
        over.wait(PATIENCE)
        raise NotDelivered("it took too long")

    notifier = Notifier(here.store, here.told.append, lambda: here.notify, deliver=endless)
    notifier.start()
    notifier.ran(here.failed())
    assert begun.wait(PATIENCE)

    # when
    notifier.finish(0.1)

    # then
    assert results(here.told) == ["postponed"]
    assert is_waiting(here.store)
    over.set()


def fail(here: Desk, kind: RunKind, number: int = 0) -> RunDocument:
    """A fault, which leaves a run."""
    run = run_id(int(NOW.timestamp() * 1000) + number, 9)
    return record_failure(
        here.app, RunContext(run, kind, "acme", NOW, "test"), fault_of(ValueError(MARK))
    )


def test_the_run_that_a_fault_left_is_notified(here: Desk) -> None:
    """R2: When a job fails, the failed run that the job left is notified; a job that left no run is
    not."""
    # given
    run = fail(here, RunKind.IMPORT)

    # when
    here.notifier.start()
    here.notifier.failed(Job("acme", NOW), ValueError(MARK))
    here.notifier.failed(Job("bravo", NOW), ValueError(MARK))
    here.notifier.finish(PATIENCE)

    # then
    assert here.told == [NotificationResult("sent", Channel.COMMAND, "acme", run.run)]


def test_a_clock_that_fails_again_and_again_is_notified_once(here: Desk) -> None:
    """A clock run that fails again and again is notified once, also if imports come in between,
    and again after a clock run succeeded."""
    # given
    told = [fail(here, RunKind.CLOCK, 1)]
    fail(here, RunKind.CLOCK, 2)
    told.append(here.failed())
    fail(here, RunKind.CLOCK, 3)
    here.store.commit(clock_that_succeeded(here.store))
    told.append(fail(here, RunKind.CLOCK, 5))

    # when
    here.notifier.start()
    here.notifier.finish(PATIENCE)

    # then
    assert sorted(str(each.run) for each in here.told) == sorted(str(run.run) for run in told)


def clock_that_succeeded(store: Store) -> Commit:
    """The commit of a clock run that went well."""
    run = RunContext(run_id(int(NOW.timestamp() * 1000) + 4, 9), RunKind.CLOCK, "acme", NOW, "test")
    return Commit((run.ended(Outcome.APPLIED, NOW),), store.runs.company_state("acme"))


def test_notices_that_nobody_sends_are_deleted_after_30_days(here: Desk) -> None:
    """A notice that no process has sent for 30 days is deleted when the schedule looks for work."""
    # given
    here.failed()

    # when / then
    due_slots(here.app._replace(now=lambda: NOW + timedelta(days=29)))
    assert is_waiting(here.store)
    due_slots(here.app._replace(now=lambda: NOW + timedelta(days=31)))
    assert not is_left(here.store)


# The daily digest


def at(moment: str, here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a notifier send what is due at a moment."""
    monkeypatch.setattr(notifier, "utc_now", lambda: datetime.fromisoformat(f"{moment}:00+00:00"))
    sender = here.another()
    sender.start()
    sender.finish(PATIENCE)


def test_a_digest_is_sent_once_a_day(here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Q2: With `digest`, one message a day lists the companies that need somebody, with the state
    of the feed and the open errors by code. However many processes there are, it is sent once.
    """
    # given
    here.notify = Notify(on=frozenset(), command=("tell",), digest="08:00")
    here.refused()

    # when
    moments = ["2027-03-01T07:59", "2027-03-01T08:00", "2027-03-01T09:00", "2027-03-02T08:01"]
    counts = []
    for moment in moments:
        at(moment, here, monkeypatch)
        counts.append(len(here.post.sent))

    # then
    assert counts == [0, 1, 1, 2]
    assert here.store.verify(lambda _: None).problems == ()
    told = json.loads(here.post.sent[0][1])
    assert told["notification"] == "digest"
    (company,) = told["companies"]
    assert {key: company[key] for key in ("company", "feed", "needs", "errors")} == {
        "company": "acme",
        "feed": "refused",
        "needs": ["feed", "issues"],
        "errors": {"missing-column": 1},
    }
    assert MARK not in here.post.sent[0][1].decode()


def test_no_digest_is_sent_if_nobody_is_needed(here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Q2: If no company needs somebody, there is no digest."""
    # given
    here.notify = Notify(on=frozenset(), command=("tell",), digest="08:00")

    # when
    for moment in ("2027-03-01T07:00", "2027-03-01T08:00"):
        at(moment, here, monkeypatch)

    # then
    assert here.post.sent == []


def test_a_digest_that_failed_is_sent_on_the_next_day(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A digest that cannot be sent is reported, and the next one is sent on the next day."""
    # given
    here.notify = Notify(on=frozenset(), command=("tell",), digest="08:00")
    here.refused()
    at("2027-03-01T07:00", here, monkeypatch)
    here.post.errors[Channel.COMMAND] = NotDelivered("it was refused")

    # when
    for moment in ("2027-03-01T08:00", "2027-03-01T09:00", "2027-03-02T08:00"):
        at(moment, here, monkeypatch)

    # then
    assert [(each.result, each.run) for each in here.told] == [("failed", None), ("failed", None)]
