"""What is counted, and whether the process says that it is well."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from adapters.company_settings import Customer
from adapters.errors import Fault, SettingsError
from adapters.observe import http
from adapters.observe.http import serve
from adapters.observe.metrics import Metrics
from adapters.settings import Settings
from adapters.sources.folder import FolderSource
from adapters.store.errors import StoreUnavailable
from adapters.store.store import Store
from adapters.use_cases.app import App
from adapters.use_cases.import_delivery import import_delivery
from adapters.use_cases.schedule import Job
from adapters.use_cases.status import statuses
from domain.company_runs.events import FileInfo, RunKind, RunRecord
from domain.company_runs.feed import FeedState
from domain.outcome import Outcome
from domain.schedule import Schedule
from projections.answers.status import StatusDocument
from tests.adapters.steps import delivered
from tests.adapters.test_log import MARK, a_run
from tests.given import NOW, a_company

HEADER = "email,first_name,last_name,birthday\n"
BROKEN = SettingsError(Fault(Path("tenure.toml"), "name", "expected a text"))


class Watch:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def settings(*keys: str, broken: tuple[str, ...] = ()) -> Settings:
    source = FolderSource(Path("outgoing"), "*.csv", 0, 0)
    return Settings(
        Path("tenure.toml"),
        Path("tenure.db"),
        Schedule(),
        {key: Customer(replace(a_company(), key=key), source) for key in keys},
        dict.fromkeys(broken, BROKEN),
    )


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def metrics(watch: Watch) -> Metrics:
    return Metrics(watch)


@pytest.fixture
def port(metrics: Metrics) -> Iterator[int]:
    with serve(metrics, "127.0.0.1", 0) as (_, port):
        yield port


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def asked(port: int, path: str, method: str = "GET") -> tuple[int, str, str]:
    """Status, body and type of an answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers["Content-Type"]
    finally:
        connection.close()


# What is counted


def test_runs_are_counted_by_kind_and_outcome_from_nought(metrics: Metrics) -> None:
    """Runs are counted by kind and outcome, and an outcome without runs shows zero."""
    # when
    metrics.ran(a_run())
    metrics.ran(a_run(kind=RunKind.CLOCK))
    metrics.ran(a_run(Outcome.HELD))

    # then
    for kind, outcome, count in (
        ("import", "applied", 1),
        ("clock", "applied", 1),
        ("import", "held", 1),
        ("import", "refused", 0),
    ):
        assert value(metrics, "tenure_runs_total", kind=kind, outcome=outcome) == count
    assert value(metrics, "tenure_run_duration_seconds_count", kind="import") == 2
    assert value(metrics, "tenure_run_duration_seconds_sum", kind="clock") == 1.5


def test_rows_and_events_are_counted_when_they_are_applied(metrics: Metrics) -> None:
    """R2: Rows and events of a run are counted only when they are applied; a held run, which counts
    what it would do, adds nothing."""
    # when
    metrics.ran(a_run(rows=4, registered=1, changed=1, unchanged=1, rejected=1, events=3))
    metrics.ran(a_run(Outcome.UNCHANGED, rows=5, unchanged=4, skipped=1))
    metrics.ran(a_run(Outcome.HELD, rows=9, registered=9, events=9))

    # then
    found = {
        result: value(metrics, "tenure_rows_total", result=result)
        for result in ("registered", "changed", "unchanged", "rejected", "skipped")
    }
    assert found == {"registered": 1, "changed": 1, "unchanged": 5, "rejected": 1, "skipped": 1}
    assert value(metrics, "tenure_events_total") == 3


def test_the_last_success_is_told_for_configured_companies(metrics: Metrics) -> None:
    """The time of the last success is told for each configured company, also one with wrong
    settings, and a company without a success counts from the start of the process."""
    # when
    name = "tenure_last_success_timestamp_seconds"
    metrics.configured(settings("acme", "bravo"))
    metrics.ran(a_run())
    for other in (Outcome.FAILED, Outcome.HELD, Outcome.REFUSED):
        metrics.ran(a_run(other, company="bravo"))
    metrics.ran(a_run(kind=RunKind.CLOCK, company="bravo"))

    # then
    assert value(metrics, name, company="acme") == NOW.timestamp() + 1.5
    since = value(metrics, name, company="bravo")
    assert since is not None
    assert abs(since - time.time()) < 60
    metrics.configured(settings("bravo"))
    assert value(metrics, name, company="bravo") == since
    assert value(metrics, name, company="acme") is None
    metrics.configured(settings("bravo", broken=("acme",)))
    assert value(metrics, name, company="acme") == NOW.timestamp() + 1.5


def test_a_company_without_success_counts_from_its_first_run(
    metrics: Metrics, store: Store
) -> None:
    """A company whose last success lies behind many failed runs keeps that time after a restart,
    and a company that never succeeded counts from its first run."""
    # given
    at = long_ago = NOW - timedelta(days=366)
    app = App(settings("acme", "bravo"), store, lambda: at)
    for minutes in range(25):
        at = long_ago + timedelta(minutes=minutes)
        for key in ("acme", "bravo"):
            good = key == "acme" and not minutes
            text = "email,first_name,last_name\nanna@acme.example,Anna,Bakker\n"
            customer = app.settings.customers[key]
            import_delivery(app, customer, "test", delivered(text if good else "no header\n"))
    metrics.configured(app.settings)

    # when
    metrics.remember(store)

    # then
    name = "tenure_last_success_timestamp_seconds"
    assert value(metrics, name, company="acme") == long_ago.timestamp()
    assert value(metrics, name, company="bravo") == long_ago.timestamp()


def test_a_company_whose_runs_cannot_be_read_keeps_no_other_from_being_told(
    metrics: Metrics, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6: When the runs of one company cannot be read, the last success of the other companies is
    still told."""
    # given
    at = NOW - timedelta(days=366)
    app = App(settings("acme", "bravo"), store, lambda: at)
    text = "email,first_name,last_name\nanna@acme.example,Anna,Bakker\n"
    import_delivery(app, app.settings.customers["bravo"], "test", delivered(text))
    real = store.runs.latest

    def latest(company: str | None, limit: int) -> list[RunRecord]:
        if company == "acme":
            raise msgspec.DecodeError("Anna")
        return real(company, limit)

    monkeypatch.setattr(store.runs, "latest", latest)
    metrics.configured(app.settings)

    # when
    metrics.remember(store)

    # then
    name = "tenure_last_success_timestamp_seconds"
    assert value(metrics, name, company="bravo") == at.timestamp()
    assert value(metrics, name, company="acme") is not None


def test_slots_are_overdue_after_a_quarter_of_an_hour(metrics: Metrics) -> None:
    """A slot that is due for more than 15 minutes counts as overdue, and clock work, which has no
    slot, does not."""
    # when / then
    for minutes, count in ((15, 0), (16, 2), (0, 0)):
        slot = NOW - timedelta(minutes=minutes)
        metrics.polled([Job("acme", slot), Job("bravo", slot), Job("acme")], NOW)

        assert value(metrics, "tenure_slots_overdue") == count


def test_troubles_are_counted(metrics: Metrics) -> None:
    """Failed jobs, jobs taken over from another worker, and the results of notifications are
    counted."""
    # when
    metrics.failed(Job("acme", NOW), ValueError())
    metrics.took_over(Job("acme", NOW))
    metrics.notified("sent", "url")
    metrics.notified("postponed", "command")

    # then
    assert value(metrics, "tenure_jobs_failed_total") == 1
    assert value(metrics, "tenure_jobs_taken_over_total") == 1
    name = "tenure_notifications_total"
    assert value(metrics, name, result="sent", via="url") == 1
    assert value(metrics, name, result="sent", via="command") == 0
    assert value(metrics, name, result="failed", via="url") == 0
    assert value(metrics, name, result="postponed", via="command") == 1


def test_store_and_configuration_are_told_as_they_are_now(metrics: Metrics) -> None:
    """The metrics tell whether the store is available and the configuration is right, as they are
    now."""
    # given
    metrics.configured(settings("acme", broken=("bravo",)))
    metrics.misconfigured("bravo", BROKEN)
    metrics.polled([], NOW)
    names = ("store_available", "configuration_ok", "companies_misconfigured")

    # then
    assert [value(metrics, f"tenure_{name}") for name in names] == [1, 1, 1]

    # when
    metrics.misconfigured(None, BROKEN)
    metrics.unavailable(StoreUnavailable("the line is lost"))

    # then
    assert [value(metrics, f"tenure_{name}") for name in names] == [0, 0, 1]

    # when
    metrics.configured(settings("acme"))
    metrics.polled([], NOW)

    # then
    assert [value(metrics, f"tenure_{name}") for name in names] == [1, 1, 0]


# What is served


def test_metrics_are_served_as_prometheus_reads_them_and_name_nobody(
    metrics: Metrics, port: int
) -> None:
    """The metrics are served in the format that Prometheus reads, and contain no personal data."""
    # given
    metrics.configured(settings("acme"))
    metrics.ran(a_run(rows=1, registered=1, events=1))

    # when
    status, body, kind = asked(port, "/metrics")

    # then
    families = {family.name for family in text_string_to_metric_families(body)}
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert {"tenure_runs", "tenure_build_info", "tenure_last_success_timestamp_seconds"} <= families
    assert MARK not in body
    assert "_created" not in body


def test_healthz_is_ok_while_the_worker_looks_and_the_store_answers(
    metrics: Metrics, port: int, watch: Watch
) -> None:
    """`/healthz` answers `ok` while the worker looked within the last 90 seconds and the store
    answers, and otherwise 503 with the reason."""
    # when / then: before the first look
    assert asked(port, "/healthz")[:2] == (503, "starting\n")

    # when: the store is away
    metrics.unavailable(StoreUnavailable("the line is lost"))

    # then
    assert asked(port, "/healthz")[:2] == (503, "store\n")

    # when: the worker looked
    metrics.polled([], NOW)

    # then
    assert asked(port, "/healthz")[:2] == (200, "ok\n")

    # when: the last look is almost too old
    watch.seconds += 89

    # then
    assert asked(port, "/healthz")[:2] == (200, "ok\n")

    # when: the last look is too old
    watch.seconds += 2

    # then
    assert asked(port, "/healthz")[:2] == (503, "stale\n")

    # when: the worker looked, and then the store is away
    metrics.polled([], NOW)
    metrics.unavailable(StoreUnavailable("the line is lost"))

    # then
    assert asked(port, "/healthz")[:2] == (503, "store\n")


def test_a_worker_that_stands_aside_is_healthy_and_tells_nothing_overdue(
    metrics: Metrics, port: int
) -> None:
    """R6: A worker that stands aside for another worker is healthy and tells no overdue slot,
    because the other worker does."""
    # given
    metrics.polled([Job("acme", NOW - timedelta(hours=1))], NOW)
    assert value(metrics, "tenure_slots_overdue") == 1

    # when
    metrics.stood_aside()

    # then
    assert asked(port, "/healthz")[:2] == (200, "ok\n")
    assert value(metrics, "tenure_slots_overdue") == 0


def test_livez_is_ok_while_the_worker_loops_with_or_without_the_store(
    metrics: Metrics, port: int, watch: Watch
) -> None:
    """`/livez` answers `ok` while the worker loops, also without the store, because a restart would
    not bring the store back."""
    # when / then: before the first look
    assert asked(port, "/livez")[:2] == (200, "ok\n")

    # when / then: the store is away
    for _ in range(3):
        watch.seconds += 60
        metrics.unavailable(StoreUnavailable("the line is lost"))
        assert asked(port, "/livez")[:2] == (200, "ok\n")
        assert asked(port, "/healthz")[0] == 503

    # when: the worker does not loop any more
    watch.seconds += 91

    # then
    assert asked(port, "/livez")[:2] == (503, "stale\n")

    # when: the worker stands aside
    metrics.stood_aside()

    # then
    assert asked(port, "/livez")[:2] == (200, "ok\n")


def test_other_paths_and_methods_are_not_served(port: int) -> None:
    """Other paths are answered with 404, and other methods than GET and HEAD with 501."""
    # when / then
    assert asked(port, "/")[0] == 404
    assert asked(port, "/metrics/x")[0] == 404
    assert asked(port, "/metrics", "POST")[0] == 501
    assert asked(port, "/metrics", "HEAD")[:2] == (200, "")


def test_a_slow_client_holds_up_no_other_and_is_disconnected(
    metrics: Metrics, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that sends its request slowly does not hold up other clients, and is
    disconnected."""
    # given
    monkeypatch.setattr(http, "CONNECTION_S", 0.5)
    metrics.polled([], NOW)

    # when / then
    with socket.create_connection(("127.0.0.1", port), timeout=10) as slow:
        slow.sendall(b"GET /metr")
        assert asked(port, "/healthz")[0] == 200
        assert slow.recv(100) == b""
    assert asked(port, "/healthz")[0] == 200


def test_a_client_without_a_thread_frees_its_place(
    metrics: Metrics, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the system gives no more threads, a client is disconnected and its place becomes free,
    however often this happens."""
    # given
    metrics.polled([], NOW)
    start = threading.Thread.start

    def one_for_each_client(thread: threading.Thread) -> None:
        if threading.current_thread().name != "metrics":
            raise RuntimeError("can't start new thread")
        start(thread)

    # when
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", one_for_each_client)
        for _ in range(http.MAX_CLIENTS + 1):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
                assert client.recv(100) == b""

    # then
    assert asked(port, "/healthz")[0] == 200


def test_the_number_of_clients_at_once_is_limited(port: int) -> None:
    """When as many clients are connected as the server answers at once, the next client is
    disconnected."""
    # given
    slow = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(http.MAX_CLIENTS)]

    # when / then
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as more:
            assert more.recv(100) == b""
    finally:
        for each in slow:
            each.close()


def test_the_metrics_can_be_served_on_an_ipv6_address(metrics: Metrics) -> None:
    """The metrics can be served on an IPv6 address."""
    # when
    try:
        server = serve(metrics, "::1", 0)
    except OSError:
        pytest.skip("this machine speaks no IPv6")

    # then
    with server as (host, _):
        assert host == "::1"


def test_a_port_in_use_is_an_error_at_once(metrics: Metrics, port: int) -> None:
    """A port that is in use gives an error when the server starts."""
    # when / then
    with pytest.raises(OSError, match="in use"):
        serve(metrics, "127.0.0.1", port)


# The feeds


def feeds(metrics: Metrics, name: str) -> dict[str, float]:
    """Returns the values of a metric of the feeds, by its one label; empty if it is not told."""
    return {
        next(iter(sample.labels.values()), ""): sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == f"tenure_{name}"
    }


def test_the_feeds_are_told_by_state_and_by_what_somebody_has_to_look_at(
    metrics: Metrics, store: Store
) -> None:
    """Q1, Q3: The metrics tell how many feeds are in each state, what somebody has to look at, how
    many deliveries wait and since when, how old deliveries are, and what is open."""
    # given
    app = App(settings("acme", "bravo", "zenith", broken=("wrong",)), store, lambda: NOW)
    rows = [f"p{number}@x.example,P{number},S,1-1-1990" for number in range(6)]
    sound, wrong = HEADER + "anna@x.example,A,B,\n", HEADER + "\n".join(rows) + "\n"
    import_delivery(app, app.settings.customers["acme"], "test", delivered(sound))
    import_delivery(app, app.settings.customers["bravo"], "test", delivered(wrong))

    # when
    metrics.watch(lambda: statuses(app))

    # then
    states = feeds(metrics, "feeds")
    assert {state: count for state, count in states.items() if count} == {
        "fresh": 1,
        "held": 1,
        "never": 2,
    }
    assert set(states) == {state.value for state in FeedState}
    needs = feeds(metrics, "companies_needing_somebody")
    assert {need: count for need, count in needs.items() if count} == {
        "held": 1,
        "settings": 1,
        "issues": 1,
    }
    assert feeds(metrics, "held_deliveries") == {"": 1}
    assert feeds(metrics, "oldest_held_delivery_timestamp_seconds") == {"": NOW.timestamp()}
    assert feeds(metrics, "open_issues")["error"] == 6
    assert feeds(metrics, "oldest_delivery_timestamp_seconds") == {"": NOW.timestamp() + 1}
    assert set(feeds(metrics, "deliveries_older_than")) == {"1", "2", "7", "30"}


def test_a_store_that_does_not_answer_hides_no_other_metric(metrics: Metrics, watch: Watch) -> None:
    """A store that fails or hangs leaves the feeds out after five minutes, and delays no answer for
    more than a few seconds; every other metric is told."""
    # given
    answers = iter([[], StoreUnavailable("the line is lost")])
    hangs = threading.Event()

    def read() -> list[StatusDocument]:
        answer = next(answers, None)
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            hangs.wait()
        return answer or []

    metrics.watch(read)
    assert feeds(metrics, "feeds")["fresh"] == 0

    # when / then: the store fails
    watch.seconds += 200
    assert feeds(metrics, "feeds")["fresh"] == 0

    # when / then: the store hangs, and what was read is too old
    watch.seconds += 200
    assert feeds(metrics, "feeds") == {}
    assert feeds(metrics, "events_total") == {"": 0}
    hangs.set()


def test_an_import_of_a_stale_file_or_of_none_is_no_success(metrics: Metrics) -> None:
    """Q3: An import without a file, or of a file older than `stale_after`, does not count as the
    company's last success."""
    # given
    metrics.configured(settings("acme"))
    name = "tenure_last_success_timestamp_seconds"
    since = value(metrics, name, company="acme")
    old = FileInfo("a.csv", 1, NOW - timedelta(days=8), "00")

    # when
    metrics.ran(a_run(Outcome.NO_FILE))
    metrics.ran(replace(a_run(Outcome.UNCHANGED), files=(old,)))

    # then
    assert value(metrics, name, company="acme") == since

    # when
    new = replace(old, modified=NOW - timedelta(days=6))
    metrics.ran(replace(a_run(Outcome.UNCHANGED), files=(new,)))

    # then
    assert value(metrics, name, company="acme") == NOW.timestamp() + 1.5
