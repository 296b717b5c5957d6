"""The log: what it says, in which form, and what it never quotes."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import logging
import os
import pty
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from adapters.errors import SettingsError
from adapters.notify.configured import Channel
from adapters.notify.notifier import NotificationResult
from adapters.settings import Customer, Settings
from adapters.sources.source import SourceUnreachable
from adapters.store.errors import StoreUnavailable
from adapters.use_cases.schedule import DOING, Job
from adapters.worker.log import LogObserver, logging_to
from domain.company_runs.events import FileInfo, RunKind
from domain.issues.catalogue import Severity
from domain.outcome import Counts, Outcome
from domain.schedule import Schedule
from projections.runs import IssueDocument, RunDocument
from tests.given import NOW, a_company

MARK = "zq"


def a_run(
    outcome: Outcome = Outcome.APPLIED,
    kind: RunKind = RunKind.IMPORT,
    company: str = "acme",
    **counts: int,
) -> RunDocument:
    """A run in which every text that a delivery or a person says is marked."""
    issue = IssueDocument(
        Severity.ERROR, "bad-date", f"{MARK}.csv", 4, f"{MARK}@a.example", MARK, MARK, f"a {MARK}"
    )
    return RunDocument(
        run=UUID(int=7),
        company=company,
        kind=kind,
        slot=NOW,
        outcome=outcome,
        started=NOW,
        finished=NOW + timedelta(seconds=1.5),
        by=MARK,
        reason=MARK,
        files=(FileInfo(f"{MARK}.csv", 3, NOW, MARK),),
        counts=Counts(**counts),
        issues=(issue, issue),
        ends=None,
        ended_by=None,
    )


@contextmanager
def logged(level: str = "info") -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What is logged meanwhile, each line as the JSON that it must be."""
    stream = io.StringIO()
    with logging_to(stream, level):
        yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_run_is_one_line_of_json_that_quotes_nobody() -> None:
    with logged() as lines:
        LogObserver().ran(a_run(rows=3, registered=2, rejected=1, events=2))

        (line,) = lines()

    stamp = line.pop("timestamp")
    assert stamp.endswith("Z")
    assert line == {
        "level": "warning",
        "event": "run ended",
        "company": "acme",
        "kind": "import",
        "slot": "2027-03-01T02:45:00Z",
        "outcome": "applied",
        "run": str(UUID(int=7)),
        "seconds": 1.5,
        "counts": {"rows": 3, "registered": 2, "rejected": 1, "events": 2},
        "issues": {"bad-date": 2},
    }


@pytest.mark.parametrize(
    ("outcome", "level"),
    [
        (Outcome.APPLIED, "info"),
        (Outcome.UNCHANGED, "info"),
        (Outcome.NO_FILE, "warning"),
        (Outcome.HELD, "warning"),
        (Outcome.REFUSED, "warning"),
        (Outcome.FAILED, "error"),
    ],
)
def test_how_serious_a_run_is(outcome: Outcome, level: str) -> None:
    with logged() as lines:
        LogObserver().ran(a_run(outcome))

        assert [line["level"] for line in lines()] == [level]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError(f"{MARK} is no date"), None),
        (SourceUnreachable("the log-in is refused"), "the log-in is refused"),
        (StoreUnavailable("the line is lost"), "the line is lost"),
        (SettingsError(Path("a.toml"), "schedule", "expected a table"), "a.toml, schedule: "),
    ],
)
def test_an_error_is_told_in_words_only_where_they_are_ours(
    error: Exception, told: str | None
) -> None:
    with logged() as lines:
        LogObserver().failed(Job("acme", NOW), error)
        (line,) = lines()

    assert (line["level"], line["error"], line["company"]) == (
        "error",
        type(error).__name__,
        "acme",
    )
    assert line.get("problem", "").startswith(told or "")
    assert (told is None) == ("problem" not in line)
    assert MARK not in str(line)


def test_what_lasts_is_not_repeated_at_every_look() -> None:
    away, late = StoreUnavailable("the line is lost"), [Job("acme", NOW - timedelta(hours=1))]
    with logged() as lines:
        log = LogObserver()
        for _ in range(3):
            log.unavailable(away)
        for due in (late, late, [Job("bravo", NOW)], []):
            log.polled(due, NOW)

        events = [line["event"] for line in lines()]

    assert events == ["store unavailable", "store available", "slots overdue", "slots served"]


def test_looks_are_told_to_who_wants_to_know_everything() -> None:
    with logged("debug") as lines:
        LogObserver().polled([Job("acme", NOW), Job("acme")], NOW)

        (line,) = lines()
    assert (line["event"], line["due"], line["overdue"]) == ("polled", 2, 0)


def test_broken_configurations_and_notifications_are_told() -> None:
    with logged() as lines:
        log = LogObserver()
        log.misconfigured("acme", SettingsError(Path("a.toml"), "name", "expected a text"))
        log.notified(
            NotificationResult(
                "failed", Channel.URL, "acme", UUID(int=7), "hooks.example answered 500"
            )
        )
        log.notified(NotificationResult("sent", Channel.COMMAND, "acme", UUID(int=7)))

        first, second, third = lines()
    assert (first["company"], first["problem"]) == ("acme", "a.toml, name: expected a text")
    assert (second["event"], second["via"], second["problem"]) == (
        "notification failed",
        "url",
        "hooks.example answered 500",
    )
    assert (third["level"], third["event"], third["via"]) == (
        "info",
        "notification sent",
        "command",
    )


def settings(*companies: str, warnings: tuple[str, ...] = ()) -> Settings:
    customers = {key: Customer(a_company(), None) for key in companies}
    return Settings(Path("tenure.toml"), Path("x"), Schedule(), customers, warnings=warnings)


@pytest.mark.parametrize("company", [None, "bravo"])
def test_that_a_configuration_is_right_again_is_told_once(company: str | None) -> None:
    """R6: of the whole of it and of one company alike."""
    with logged() as lines:
        log = LogObserver()
        log.configured(settings("acme"))
        log.misconfigured(company, SettingsError(Path("a.toml"), "name", "expected a text"))
        log.configured(settings("acme", "bravo"))
        log.configured(settings("acme", "bravo"))

        told = [(line["event"], line.get("companies")) for line in lines()]
    assert told == [("misconfigured", None), ("configured", 2)]


def test_what_may_not_be_meant_so_is_told() -> None:
    with logged() as lines:
        LogObserver().configured(settings(warnings=("tenure.toml, companies: no file matches x",)))

        (line,) = lines()
    assert (line["level"], line["problem"]) == (
        "warning",
        "tenure.toml, companies: no file matches x",
    )


def test_what_other_workers_do_is_told() -> None:
    with logged("debug") as lines:
        log = LogObserver()
        log.unavailable(StoreUnavailable("the line is lost"))
        log.stood_aside()
        log.took_over(Job("acme", NOW))

        *_, available, aside, over = lines()
    assert (available["event"], aside["event"]) == ("store available", "stood aside")
    assert (over["level"], over["company"], over["slot"]) == (
        "warning",
        "acme",
        "2027-03-01T02:45:00Z",
    )


def fail() -> None:
    raise ValueError(f"{MARK} is no date")


def test_libraries_are_heard_when_they_warn_and_never_quote_an_exception() -> None:
    with logged("debug") as lines:
        library = logging.getLogger("library")
        library.info("nobody hears this")
        try:
            fail()
        except ValueError as error:
            library.exception("it failed: %s", error)
            library.warning(error)
            library.error("it failed\n%s", MARK)
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("old", stacklevel=1)
        said = [(line["logger"], line["event"]) for line in lines()]

    assert said[:3] == [
        ("library", "it failed: ValueError (ValueError)"),
        ("library", "ValueError"),
        ("library", "it failed"),
    ]
    assert "old" in said[3][1]
    assert MARK not in str(said)


def test_a_line_that_is_said_during_a_job_tells_which() -> None:
    with logged() as lines:
        log = logging.getLogger("adapters.sources.attempts")
        log.info("before")
        token = DOING.set(Job("acme", NOW))
        log.info("trying again in 2 seconds: the line is lost")
        LogObserver().failed(Job("bravo"), ValueError())
        DOING.reset(token)

        before, during, ours = lines()
    assert (before.get("company"), before.get("slot")) == (None, None)
    assert (during["company"], during["slot"]) == ("acme", "2027-03-01T02:45:00Z")
    assert (ours["company"], ours.get("slot")) == ("bravo", None)


def test_who_has_nothing_to_say_says_nothing() -> None:
    with logged() as lines:
        library = logging.getLogger("library")
        for text in ("", " \n", "\n after a break"):
            library.warning(text)

        assert [line["event"] for line in lines()] == ["after a break"]


def test_faults_that_nobody_catches_are_told_by_their_type() -> None:
    async def forgotten() -> None:
        asyncio.get_running_loop().create_task(_fail())
        await asyncio.sleep(0.01)
        gc.collect()

    async def _fail() -> None:
        fail()

    with logged() as lines:
        thread = threading.Thread(target=fail, name="looker")
        thread.start()
        thread.join()
        asyncio.run(forgotten())
        said = [line["event"] for line in lines()]

    assert said[0] == "looker died: ValueError"
    assert len(said) == 2
    assert MARK not in str(said)


def test_whoever_else_hears_the_log_gets_it_as_it_was(caplog: pytest.LogCaptureFixture) -> None:
    with logged():
        logging.getLogger("library").warning("%s of %s", 1, 2)

    assert caplog.messages == ["1 of 2"]


def test_all_is_as_before_when_it_ends() -> None:
    root = logging.getLogger()
    before = root.level, list(root.handlers), threading.excepthook

    with logged("debug"):
        assert root.level == logging.WARNING

    assert (root.level, list(root.handlers), threading.excepthook) == before


@pytest.mark.parametrize("colourless", [False, True])
def test_a_terminal_gets_lines_to_read(colourless: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    if colourless:
        monkeypatch.setenv("NO_COLOR", "1")
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal, logging_to(terminal):
        log = LogObserver()
        log.ran(a_run(rows=3, registered=2, events=1))
        log.polled([Job(key, NOW - timedelta(hours=1)) for key in ("acme", "bravo")], NOW)
        logging.getLogger("library").warning("a bell \a and \x1b[2J")
        terminal.flush()
        said = os.read(ours, 100_000).decode()
    os.close(ours)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", said)

    assert re.search(r"\] run ended company=acme kind=import slot=\S+ outcome=applied run=", plain)
    assert "counts='3 rows, 2 registered, 1 event' issues='2 bad-date'" in plain
    assert "companies='acme, bravo'" in plain
    assert "\a" not in said
    assert "\x1b[2J" not in said
    assert ("\x1b[" in said) != colourless
    assert MARK not in said
    assert '{"' not in said
