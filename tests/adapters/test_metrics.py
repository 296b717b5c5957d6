"""What is counted, and whether the process says that it is well."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from adapters.errors import SettingsError
from adapters.settings import Customer, Settings
from adapters.sources.folder import FolderSource
from adapters.store.errors import StoreUnavailable
from adapters.store.store import Store
from adapters.use_cases.app import App
from adapters.use_cases.import_delivery import import_delivery
from adapters.use_cases.schedule import Job
from adapters.worker import metrics_server as module
from adapters.worker.metrics import Metrics
from adapters.worker.metrics_server import serve
from domain.company_runs.events import RunKind, RunRecord
from domain.outcome import Outcome
from domain.schedule import Schedule
from tests.adapters.steps import delivered
from tests.adapters.test_log import MARK, a_run
from tests.given import NOW, a_company

BROKEN = SettingsError(Path("tenure.toml"), "name", "expected a text")


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
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers["Content-Type"]
    finally:
        connection.close()


# What is counted


def test_runs_are_counted_by_kind_and_outcome_from_nought(metrics: Metrics) -> None:
    metrics.ran(a_run())
    metrics.ran(a_run(kind=RunKind.CLOCK))
    metrics.ran(a_run(Outcome.HELD))

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
    """R2: a held run counts what it would do."""
    metrics.ran(a_run(rows=4, registered=1, changed=1, unchanged=1, rejected=1, events=3))
    metrics.ran(a_run(Outcome.UNCHANGED, rows=5, unchanged=4, skipped=1))
    metrics.ran(a_run(Outcome.HELD, rows=9, registered=9, events=9))

    found = {
        result: value(metrics, "tenure_rows_total", result=result)
        for result in ("registered", "changed", "unchanged", "rejected", "skipped")
    }
    assert found == {"registered": 1, "changed": 1, "unchanged": 5, "rejected": 1, "skipped": 1}
    assert value(metrics, "tenure_events_total") == 3


def test_a_success_is_remembered_for_who_is_configured(metrics: Metrics) -> None:
    name = "tenure_last_success_timestamp_seconds"
    metrics.configured(settings("acme", "bravo"))
    metrics.ran(a_run(Outcome.NO_FILE))
    for other in (Outcome.FAILED, Outcome.HELD, Outcome.REFUSED):
        metrics.ran(a_run(other, company="bravo"))
    metrics.ran(a_run(kind=RunKind.CLOCK, company="bravo"))

    assert value(metrics, name, company="acme") == NOW.timestamp() + 1.5
    since = value(metrics, name, company="bravo")
    assert since is not None
    assert abs(since - time.time()) < 60
    metrics.configured(settings("bravo"))
    assert value(metrics, name, company="bravo") == since
    assert value(metrics, name, company="acme") is None
    metrics.configured(settings("bravo", broken=("acme",)))
    assert value(metrics, name, company="acme") == NOW.timestamp() + 1.5


def test_earlier_successes_are_looked_up_in_the_store(metrics: Metrics, store: Store) -> None:
    at = NOW
    app = App(settings("acme", "bravo"), store, lambda: at)
    customer = app.settings.customers["acme"]
    text = "email,first_name,last_name\nanna@acme.example,Anna,Bakker\n"
    import_delivery(app, customer, "test", delivered(text))
    at = NOW + timedelta(hours=1)
    import_delivery(app, customer, "test", delivered("no header\n"))
    metrics.configured(app.settings)

    metrics.remember(store)

    name = "tenure_last_success_timestamp_seconds"
    assert value(metrics, name, company="acme") == NOW.timestamp()


def test_a_company_that_never_succeeds_is_told_as_long_as_it_is_known(
    metrics: Metrics, store: Store
) -> None:
    """However often the process begins anew, and however many runs came after."""
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

    metrics.remember(store)

    name = "tenure_last_success_timestamp_seconds"
    assert value(metrics, name, company="acme") == long_ago.timestamp()
    assert value(metrics, name, company="bravo") == long_ago.timestamp()


def test_a_company_whose_runs_cannot_be_read_keeps_no_other_from_being_told(
    metrics: Metrics, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6"""
    at = NOW - timedelta(days=366)
    app = App(settings("acme", "bravo"), store, lambda: at)
    text = "email,first_name,last_name\nanna@acme.example,Anna,Bakker\n"
    import_delivery(app, app.settings.customers["bravo"], "test", delivered(text))
    real = store.runs

    def runs(company: str | None, limit: int) -> list[RunRecord]:
        if company == "acme":
            raise msgspec.DecodeError("Anna")
        return real(company, limit)

    monkeypatch.setattr(store, "runs", runs)
    metrics.configured(app.settings)

    metrics.remember(store)

    name = "tenure_last_success_timestamp_seconds"
    assert value(metrics, name, company="bravo") == at.timestamp()
    assert value(metrics, name, company="acme") is not None


def test_slots_are_overdue_after_a_quarter_of_an_hour(metrics: Metrics) -> None:
    """The clock's work has no slot."""
    for minutes, count in ((15, 0), (16, 2), (0, 0)):
        slot = NOW - timedelta(minutes=minutes)
        metrics.polled([Job("acme", slot), Job("bravo", slot), Job("acme")], NOW)

        assert value(metrics, "tenure_slots_overdue") == count


def test_troubles_are_counted(metrics: Metrics) -> None:
    metrics.failed(Job("acme", NOW), ValueError())
    metrics.took_over(Job("acme", NOW))
    metrics.notified("sent", "url")
    metrics.notified("dropped", "command")

    assert value(metrics, "tenure_jobs_failed_total") == 1
    assert value(metrics, "tenure_jobs_taken_over_total") == 1
    name = "tenure_notifications_total"
    assert value(metrics, name, result="sent", via="url") == 1
    assert value(metrics, name, result="sent", via="command") == 0
    assert value(metrics, name, result="failed", via="url") == 0
    assert value(metrics, name, result="dropped", via="command") == 1


def test_store_and_configuration_are_told_as_they_are_now(metrics: Metrics) -> None:
    metrics.configured(settings("acme", broken=("bravo",)))
    metrics.misconfigured("bravo", BROKEN)
    metrics.polled([], NOW)
    names = ("store_available", "configuration_ok", "companies_misconfigured")
    assert [value(metrics, f"tenure_{name}") for name in names] == [1, 1, 1]

    metrics.misconfigured(None, BROKEN)
    metrics.unavailable(StoreUnavailable("the line is lost"))
    assert [value(metrics, f"tenure_{name}") for name in names] == [0, 0, 1]

    metrics.configured(settings("acme"))
    metrics.polled([], NOW)
    assert [value(metrics, f"tenure_{name}") for name in names] == [1, 1, 0]


# What is served


def test_metrics_are_served_as_prometheus_reads_them_and_name_nobody(
    metrics: Metrics, port: int
) -> None:
    metrics.configured(settings("acme"))
    metrics.ran(a_run(rows=1, registered=1, events=1))

    status, body, kind = asked(port, "/metrics")

    families = {family.name for family in text_string_to_metric_families(body)}
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert {"tenure_runs", "tenure_build_info", "tenure_last_success_timestamp_seconds"} <= families
    assert MARK not in body
    assert "_created" not in body


def test_it_is_well_while_it_looks_and_the_store_answers(
    metrics: Metrics, port: int, watch: Watch
) -> None:
    assert asked(port, "/healthz")[:2] == (503, "starting\n")
    metrics.unavailable(StoreUnavailable("the line is lost"))
    assert asked(port, "/healthz")[:2] == (503, "store\n")
    metrics.polled([], NOW)
    assert asked(port, "/healthz")[:2] == (200, "ok\n")
    watch.seconds += 89
    assert asked(port, "/healthz")[:2] == (200, "ok\n")
    watch.seconds += 2
    assert asked(port, "/healthz")[:2] == (503, "stale\n")
    metrics.polled([], NOW)
    metrics.unavailable(StoreUnavailable("the line is lost"))
    assert asked(port, "/healthz")[:2] == (503, "store\n")


def test_who_stands_aside_is_well_and_tells_of_nothing_overdue(metrics: Metrics, port: int) -> None:
    """R6: another worker looks, and tells that."""
    metrics.polled([Job("acme", NOW - timedelta(hours=1))], NOW)
    assert value(metrics, "tenure_slots_overdue") == 1

    metrics.stood_aside()

    assert asked(port, "/healthz")[:2] == (200, "ok\n")
    assert value(metrics, "tenure_slots_overdue") == 0


def test_it_lives_as_long_as_it_turns_be_the_store_there_or_not(
    metrics: Metrics, port: int, watch: Watch
) -> None:
    """A new process would help the store as little."""
    assert asked(port, "/livez")[:2] == (200, "ok\n")
    for _ in range(3):
        watch.seconds += 60
        metrics.unavailable(StoreUnavailable("the line is lost"))
        assert asked(port, "/livez")[:2] == (200, "ok\n")
        assert asked(port, "/healthz")[0] == 503
    watch.seconds += 91
    assert asked(port, "/livez")[:2] == (503, "stale\n")
    metrics.stood_aside()
    assert asked(port, "/livez")[:2] == (200, "ok\n")


def test_nothing_else_is_there(port: int) -> None:
    assert asked(port, "/")[0] == 404
    assert asked(port, "/metrics/x")[0] == 404
    assert asked(port, "/metrics", "POST")[0] == 501
    assert asked(port, "/metrics", "HEAD")[:2] == (200, "")


def test_who_is_slow_holds_nobody_up_and_is_sent_away(
    metrics: Metrics, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CONNECTION", 0.5)
    metrics.polled([], NOW)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as slow:
        slow.sendall(b"GET /metr")
        assert asked(port, "/healthz")[0] == 200
        assert slow.recv(100) == b""
    assert asked(port, "/healthz")[0] == 200


def test_a_system_that_gives_no_more_threads_takes_nobodys_place(
    metrics: Metrics, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it happens."""
    metrics.polled([], NOW)

    def none(_: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(module.threading.Timer, "start", none)
        for _ in range(module._CLIENTS + 1):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
                assert client.recv(100) == b""

    assert asked(port, "/healthz")[0] == 200


def test_only_so_many_are_answered_side_by_side(port: int) -> None:
    slow = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(module._CLIENTS)]
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as more:
            assert more.recv(100) == b""
    finally:
        for each in slow:
            each.close()


def test_an_address_of_the_newer_kind_will_do(metrics: Metrics) -> None:
    try:
        server = serve(metrics, "::1", 0)
    except OSError:
        pytest.skip("this machine speaks no IPv6")
    with server as (host, _):
        assert host == "::1"


def test_a_port_in_use_is_an_error_at_once(metrics: Metrics, port: int) -> None:
    with pytest.raises(OSError, match="in use"):
        serve(metrics, "127.0.0.1", port)
