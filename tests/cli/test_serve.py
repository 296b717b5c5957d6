"""`tenure serve` as a process, and what commands report to the channels of notification."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest

from adapters.store.opening import PostgresUrl, open_store
from adapters.use_cases import clock
from adapters.worker.job_schema import migrate_jobs
from cli.commands.serve import Address, AddressType
from cli.context import login_name
from tests.adapters import pgserver
from tests.cli.conftest import ACME, MAIN, PATIENCE, Desk, assert_explained, soon
from tests.given import moment

TEXT = "email,first_name,last_name\nanna@acme.example,Anna,Bakker\n"
REJECTED = f"{TEXT}no address,Bram,Smit\n"


class Served:
    """`tenure serve`, running."""

    def __init__(self, desk: Desk, *arguments: str, look_interval: float = 15) -> None:
        python, flag, code = MAIN
        hasty = f"from adapters.worker import embedded; embedded.LOOK_INTERVAL_S = {look_interval}"
        self.errors = desk.directory / f"errors{len([*desk.directory.glob('errors*')])}"
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [python, flag, f"{hasty}; {code}", "serve", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=desk.directory,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
                start_new_session=True,
            )

    def lines(self) -> list[dict[str, Any]]:
        """Every line of the log so far."""
        text = self.errors.read_text()
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def said(self, event: str) -> dict[str, Any]:
        """The first line of an event, as soon as it is there."""
        found: dict[str, Any] = soon(
            lambda: next((line for line in self.lines() if line["event"] == event), None)
        )
        return found

    def ended(self) -> int:
        """The exit code. Nothing is on standard output, and nothing left running."""
        out, _ = self.process.communicate(timeout=PATIENCE)
        assert out == b""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, 0)
            raise AssertionError("it left something running")
        return self.process.returncode


@pytest.fixture
def serve(desk: Desk) -> Iterator[Callable[..., Served]]:
    begun: list[Served] = []

    def serve(*arguments: str, **options: float) -> Served:
        begun.append(Served(desk, *arguments, **options))
        return begun[-1]

    yield serve
    for each in begun:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(each.process.pid, signal.SIGKILL)
        each.process.wait()
        if each.process.stdout:
            each.process.stdout.close()


def due(desk: Desk, *more: str, source: str = "", database: str = "") -> None:
    """Acme, for whom a slot is due since a minute ago."""
    now = datetime.now(UTC)
    slot = (now - timedelta(minutes=1)).strftime("%H:%M")
    acme = ACME.replace('directory = "outgoing"\n', f'directory = "outgoing"\n    {source}\n')
    first = [f'database = "{database}"'] if database else []
    desk.configure("\n".join((*first, f'[schedule]\npickup = ["{slot}"]', *more)))
    with (desk.directory / "tenure.toml").open("a") as file:
        file.write(acme.replace("\n    ", "\n"))
    where = PostgresUrl(database) if database else desk.directory / "tenure.db"
    with closing(open_store(where)) as store:
        store.schedule.enrol(["acme"], now - timedelta(hours=1))


# A process


def test_serve_imports_a_due_slot_and_ends_on_a_signal(
    desk: Desk, serve: Callable[..., Served]
) -> None:
    """R3, R5: `tenure serve` imports a due slot, logs, counts and notifies it without any cell, and
    ends with code 0 on SIGTERM."""
    # given
    kept = desk.directory / "kept"
    due(desk, f'[notify]\non = ["applied"]\ncommand = ["cp", "/dev/stdin", "{kept}"]')
    desk.deliver(REJECTED)
    running = serve("--metrics", "0")

    # when
    started = running.said("started")
    line = running.said("run ended")
    running.said("notification sent")
    host, _, port = started["metrics"].rpartition(":")
    answers = [asked(host, int(port), path) for path in ("/healthz", "/metrics")]
    running.process.send_signal(signal.SIGTERM)

    # then
    assert running.ended() == 0
    assert (started["store"], started["companies"], started["workers"]) == ("embedded", 1, 8)
    assert (line["company"], line["outcome"], line["issues"]) == (
        "acme",
        "applied",
        {"bad-email": 1},
    )
    assert "anna" not in running.errors.read_text().lower()
    assert "no address" not in running.errors.read_text()
    assert answers[0] == "ok\n"
    assert 'tenure_runs_total{kind="import",outcome="applied"} 1.0' in answers[1]
    assert 'tenure_rows_total{result="rejected"} 1.0' in answers[1]
    assert "tenure_configuration_ok 1.0" in answers[1]
    (run,) = desk.type("runs", "--json").document
    assert (run["by"], run["login"]) == ("schedule", login_name())
    assert [each["event"] for each in running.lines()][-2:] == ["stopping", "stopped"]
    (run,) = desk.type("runs", "--json").document
    assert line["run"] == run["run"]
    told = json.loads(kept.read_text())
    assert (told["run"], told["outcome"]) == (run["run"], "applied")
    assert "no address" not in kept.read_text()


def asked(host: str, port: int, path: str) -> str:
    connection = http.client.HTTPConnection(host, port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def waiting(desk: Desk, serve: Callable[..., Served], *arguments: str) -> Served:
    """A process that is in the midst of a pick-up which takes a minute."""
    due(desk, source="settle = 50")
    desk.deliver(TEXT)
    running = serve("--log-level", "debug", *arguments)
    soon(lambda: any(line.get("due") for line in running.lines()))
    return running


def test_a_pickup_that_does_not_end_in_time_is_given_up(
    desk: Desk, serve: Callable[..., Served]
) -> None:
    """R1: `tenure serve` gives up a pick-up that does not end within the grace period, and leaves
    no run."""
    # given
    running = waiting(desk, serve, "--grace", "0.5")

    # when
    running.process.send_signal(signal.SIGINT)

    # then
    assert running.ended() == 0
    assert running.said("stopped")["level"] == "warning"
    assert desk.type("runs", "--json").document == []


def test_sighup_reads_the_configuration_again(desk: Desk, serve: Callable[..., Served]) -> None:
    """R3: `tenure serve` reads its configuration again on SIGHUP, and goes on."""
    # given
    running = serve(look_interval=0.5)
    running.said("started")

    # when
    desk.configure(ACME + "\n    [company.bravo]\n    name = 'B'\n")
    running.process.send_signal(signal.SIGHUP)

    # then
    assert running.said("misconfigured")["company"] == "bravo"
    running.process.send_signal(signal.SIGTERM)
    assert running.ended() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_serve_at_once(
    desk: Desk, serve: Callable[..., Served], number: signal.Signals
) -> None:
    """R1: A second signal ends `tenure serve` at once with the code of the signal, and leaves no
    run."""
    # given
    running = waiting(desk, serve)
    running.process.send_signal(number)
    running.said("stopping")

    # when
    running.process.send_signal(number)

    # then
    assert running.ended() == 128 + number
    assert desk.type("runs", "--json").document == []


def test_a_company_that_is_misconfigured_is_told_and_the_others_go_on(
    desk: Desk, serve: Callable[..., Served]
) -> None:
    """R6: `tenure serve` logs a company with wrong settings and imports the others."""
    # given
    due(desk)
    with (desk.directory / "tenure.toml").open("a") as file:
        file.write('\n[company."No Key"]\nname = "N"\n')

    # when
    running = serve()

    # then
    assert running.said("misconfigured")["company"] == "No Key"
    assert running.said("run ended")["company"] == "acme"
    running.process.send_signal(signal.SIGTERM)
    assert running.ended() == 0


# What it refuses


def test_a_port_in_use_is_told_in_one_sentence(desk: Desk) -> None:
    """`tenure serve` exits with code 2 and one sentence when the port for metrics is in use."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        # given
        port = taken.getsockname()[1]

        # when
        answer = desk.type("serve", "--metrics", str(port))

    # then
    assert answer.code == 2
    assert_explained(answer, [f"127.0.0.1:{port}", "in use", "another port"])


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid"])
def test_an_address_of_another_machine_is_explained_in_one_sentence(desk: Desk, host: str) -> None:
    """`tenure serve` exits with code 2 and one sentence when the address for metrics is not one of
    this machine."""
    # when
    answer = desk.type("serve", "--metrics", f"{host}:9108")

    # then
    assert answer.code == 2
    assert_explained(answer, [f"{host}:9108", "name an address of this machine"])


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("9108", Address("127.0.0.1", 9108)),
        ("0.0.0.0:9108", Address("0.0.0.0", 9108)),
        ("metrics.example:1", Address("metrics.example", 1)),
        ("[::1]:9108", Address("::1", 9108)),
    ],
)
def test_an_address_for_metrics_is_a_port_with_or_without_a_host(
    typed: str, address: Address
) -> None:
    """An address for metrics is a port alone, which means this machine, or a host and a port."""
    # when / then
    assert AddressType().convert(typed, None, None) == address
    assert str(address) == (typed if ":" in typed else f"127.0.0.1:{typed}")


@pytest.mark.parametrize("typed", ["", "http", "::1:9108", "70000", ":9108", "a b:1", "[::1]"])
def test_a_wrong_address_for_metrics_is_refused(typed: str) -> None:
    """An address for metrics without a usable host and port is refused."""
    with pytest.raises(click.BadParameter):
        AddressType().convert(typed, None, None)


# What commands tell


@pytest.fixture
def told(desk: Desk) -> Callable[[], list[Any]]:
    """What a program was told, run by run; it is configured for all that needs somebody."""
    kept = desk.directory / "told"
    kept.mkdir()
    notifying(desk, ["sh", "-c", f'cat > "{kept}/$$"'])
    return lambda: [json.loads(each.read_text()) for each in kept.iterdir()]


def notifying(desk: Desk, command: list[str]) -> None:
    """Configures a program; a line a word."""
    words = ", ".join(f"'{word}'" for word in command)
    acme = re.sub(r"(?m)^    ", "", ACME)
    desk.write("tenure.toml", f"[notify]\ncommand = [{words}]\nattempts = 1\n{acme}".encode())


def test_importing_all_notifies_before_it_ends(desk: Desk, told: Callable[[], list[Any]]) -> None:
    """`tenure import --all` sends the notification about a run with rejected rows before it
    ends."""
    # given
    desk.deliver(REJECTED)

    # when
    answer = desk.type("import", "--all", "--json")

    # then
    assert (answer.code, answer.err) == (3, "")
    (run,) = answer.document
    ((issue,),) = [each["issues"] for each in told() if each["run"] == run["run"]]
    assert issue == {"severity": "error", "code": "bad-email", "count": 1, "new": 1}


def test_a_good_run_and_an_import_by_hand_are_not_notified(
    desk: Desk, told: Callable[[], list[Any]]
) -> None:
    """No notification is sent for a run that went well, or for an import of one company by hand."""
    # given
    os.utime(desk.deliver(TEXT), (desk.now.timestamp(), desk.now.timestamp()))
    assert desk.type("import", "--all").code == 0
    desk.deliver("no header\n")
    assert desk.type("import", "acme").code == 5

    # then
    assert told() == []


def test_a_failed_notification_is_a_warning(desk: Desk) -> None:
    """A notification that fails is a warning on standard error and does not change the exit
    code."""
    # given
    notifying(desk, ["false"])
    desk.deliver(REJECTED)

    # when
    answer = desk.type("import", "--all", "--json")

    # then
    assert answer.code == 3
    (run,) = answer.document
    assert answer.err == (
        f"Warning: run {run['run']} of acme was not notified by command: "
        "the command false ended with exit code 1.\n"
    )


def test_a_delivery_that_is_held_is_told_once_however_often_it_is_met(
    desk: Desk, told: Callable[[], list[Any]]
) -> None:
    """B3: A held delivery that is met again makes no further run and is notified once."""
    # given
    rows = "".join(f"x{number},Anna,Bakker\n" for number in range(9))
    desk.deliver(TEXT.split("\n")[0] + "\n" + rows)

    # when
    for hour in (10, 11, 12):
        desk.now = moment(f"2027-03-09 {hour}:00")
        assert desk.type("import", "--all").code == 4

    # then
    assert [run["outcome"] for run in told()] == ["held"]


def broken(*_: object, **__: object) -> Any:
    raise ZeroDivisionError("anna@acme.example")


def test_the_clock_names_every_company_that_has_a_fault_and_tells_of_each(
    desk: Desk, told: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6: `tenure clock` names every company that meets a fault, and sends a notification for
    each."""
    # given
    file = desk.directory / "tenure.toml"
    file.write_text(file.read_text() + '[company.bravo]\nname = "Bravo"\nlanguage = "nl"\n')
    text = TEXT.replace("\n", ",onboarding_date\n", 1).replace("Bakker", "Bakker,2027-03-09")
    path = desk.deliver(text)
    for company in ("acme", "bravo"):
        desk.type("import", company, str(path))
    desk.now = moment("2027-03-10 00:00")
    monkeypatch.setattr(clock, "plan_clock", broken)

    # when
    answer = desk.type("clock")

    # then
    assert answer.code == 1
    errors = [line for line in answer.err.splitlines() if line.startswith("Error: ")]
    assert [line.split(": ")[1] for line in errors] == ["acme", "bravo"]
    assert {(run["company"], run["outcome"]) for run in told()} == {
        ("acme", "failed"),
        ("bravo", "failed"),
    }


def test_applied_clock_runs_are_notified_when_the_settings_ask_for_them(
    desk: Desk, told: Callable[[], list[Any]]
) -> None:
    """`tenure clock` sends a notification for an applied run when the settings ask for applied
    runs."""
    # given
    file = desk.directory / "tenure.toml"
    file.write_text(file.read_text().replace("[notify]\n", '[notify]\non = ["applied"]\n'))
    desk.deliver(TEXT.replace("\n", ",onboarding_date\n", 1).replace("Bakker", "Bakker,2027-03-09"))
    desk.type("import", "acme")
    desk.now = moment("2027-03-10 00:00")

    # when
    answer = desk.type("clock", "--json")

    # then
    assert answer.code == 0
    assert [run["run"] for run in told()] == [run["run"] for run in answer.document]


# Over PostgreSQL


@pytest.fixture
def database(postgres: pgserver.Server, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of its own with the schema of the store, for the role that runs the product."""
    name = f"served_{abs(hash(request.node.name)) % 10**8}"
    yield postgres.made(name)
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_two_share_a_database_and_serve_a_slot_once(
    desk: Desk, serve: Callable[..., Served], postgres: pgserver.Server, database: str
) -> None:
    """R3: Two processes of `tenure serve` on one database serve a slot once."""
    # given
    migrate_jobs(postgres.as_owner(database), pgserver.RUNNER)
    due(desk, database=database)
    desk.deliver(TEXT)

    # when
    both = [serve("--workers", "2"), serve("--no-listen")]

    # then
    assert {each.said("started")["store"] for each in both} == {"postgresql"}
    (line,) = soon(lambda: [line for each in both for line in each.lines() if "outcome" in line])
    assert (line["company"], line["outcome"]) == ("acme", "applied")
    for each in both:
        each.process.send_signal(signal.SIGTERM)
    assert [each.ended() for each in both] == [0, 0]
    (run,) = desk.type("runs", "--json").document
    assert run["login"] == login_name()


def test_without_the_schema_for_jobs_it_does_not_begin(
    desk: Desk, serve: Callable[..., Served], database: str
) -> None:
    """`tenure serve` exits with code 6 when the database has no schema for the jobs, and names
    `tenure migrate`."""
    # given
    due(desk, database=database)

    # when
    running = serve()

    # then
    assert running.ended() == 6
    said = running.errors.read_text()
    assert "Error: the database has no schema for the jobs" in said
    assert "tenure migrate" in said
