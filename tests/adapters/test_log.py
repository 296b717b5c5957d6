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

from adapters.company_settings import Customer
from adapters.errors import Fault, SettingsError
from adapters.notify.notifier import NotificationResult
from adapters.notify_settings import Channel
from adapters.observe.log import LogObserver, logging_to
from adapters.settings import Settings
from adapters.sources.source import SourceUnreachable
from adapters.store.errors import StoreUnavailable
from adapters.use_cases.schedule import DOING, Job
from domain.company_runs.events import FileInfo, RunKind
from domain.issues.issue_type import Severity
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
        Severity.ERROR,
        "bad-date",
        f"{MARK}.csv",
        4,
        f"{MARK}@a.example",
        MARK,
        MARK,
        f"a {MARK}",
        NOW,
        new=True,
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
        login=MARK,
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
    """R2: The end of a run is one line of JSON with its outcome, counts and issue codes, and
    without personal data."""
    with logged() as lines:
        # when
        LogObserver().ran(a_run(rows=3, registered=2, rejected=1, events=2))

        (line,) = lines()

    # then
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
def test_the_level_of_a_line_follows_the_outcome_of_the_run(outcome: Outcome, level: str) -> None:
    """The line about a run is an error for a failed run, a warning for an outcome that needs
    attention, and otherwise information."""
    # when / then
    with logged() as lines:
        LogObserver().ran(a_run(outcome))

        assert [line["level"] for line in lines()] == [level]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError(f"{MARK} is no date"), ""),
        (SourceUnreachable("the log-in is refused"), "the log-in is refused"),
        (StoreUnavailable("the line is lost"), "the line is lost"),
        (SettingsError(Fault(Path("a.toml"), "name", "expected a text")), "a.toml, name: "),
    ],
)
def test_the_words_of_an_error_are_logged_only_when_tenure_wrote_them(
    error: Exception, told: str
) -> None:
    """The log has the words of an error only when Tenure wrote them; of any other exception it has
    the type alone."""
    # when
    with logged() as lines:
        LogObserver().failed(Job("acme", NOW), error)
        (line,) = lines()

    # then
    assert (line["level"], line["error"], line["company"]) == (
        "error",
        type(error).__name__,
        "acme",
    )
    assert line.get("problem", "").startswith(told)
    assert bool(told) == ("problem" in line)
    assert MARK not in str(line)


def test_a_lasting_state_is_logged_once() -> None:
    """A store that stays away and slots that stay overdue are logged once when they begin and once
    when they end."""
    # given
    away, late = StoreUnavailable("the line is lost"), [Job("acme", NOW - timedelta(hours=1))]

    # when
    with logged() as lines:
        log = LogObserver()
        for _ in range(3):
            log.unavailable(away)
        for due in (late, late, [Job("bravo", NOW)], []):
            log.polled(due, NOW)

        events = [line["event"] for line in lines()]

    # then
    assert events == ["store unavailable", "store available", "slots overdue", "slots served"]


def test_each_look_is_logged_at_the_level_debug() -> None:
    """At the level debug, the log has one line for each look, with the number of due and overdue
    jobs."""
    # when
    with logged("debug") as lines:
        LogObserver().polled([Job("acme", NOW), Job("acme")], NOW)

        (line,) = lines()

    # then
    assert (line["event"], line["due"], line["overdue"]) == ("polled", 2, 0)


def test_broken_configurations_and_notifications_are_told() -> None:
    """The log has a line for a company with wrong settings, for a failed notification, and for a
    sent notification."""
    # when
    with logged() as lines:
        log = LogObserver()
        log.misconfigured("acme", SettingsError(Fault(Path("a.toml"), "name", "expected a text")))
        log.notified(
            NotificationResult(
                "failed", Channel.URL, "acme", UUID(int=7), "hooks.example answered 500"
            )
        )
        log.notified(NotificationResult("sent", Channel.COMMAND, "acme", UUID(int=7)))

        first, second, third = lines()

    # then
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


def settings(*companies: str, unmatched: Path | None = None) -> Settings:
    customers = {key: Customer(a_company(), None) for key in companies}
    return Settings(Path("tenure.toml"), Path("x"), Schedule(), customers, unmatched=unmatched)


@pytest.mark.parametrize("company", [None, "bravo"])
def test_a_configuration_that_is_right_again_is_logged_once(company: str | None) -> None:
    """R6: When the configuration, or one company of it, is right again, the log says so once."""
    # when
    with logged() as lines:
        log = LogObserver()
        log.configured(settings("acme"))
        log.misconfigured(company, SettingsError(Fault(Path("a.toml"), "name", "expected a text")))
        log.configured(settings("acme", "bravo"))
        log.configured(settings("acme", "bravo"))

        told = [(line["event"], line.get("companies")) for line in lines()]

    # then
    assert told == [("misconfigured", None), ("configured", 2)]


def test_a_warning_of_the_configuration_is_logged() -> None:
    """A warning of the configuration is logged as a warning."""
    # when
    with logged() as lines:
        LogObserver().configured(settings(unmatched=Path("x")))

        (line,) = lines()

    # then
    assert (line["level"], line["problem"]) == (
        "warning",
        "tenure.toml, companies: no file matches x",
    )


def test_standing_aside_and_taking_over_are_logged() -> None:
    """The log says when a worker stands aside for another worker, and warns when a worker takes
    over a job of another."""
    # when
    with logged("debug") as lines:
        log = LogObserver()
        log.unavailable(StoreUnavailable("the line is lost"))
        log.stood_aside()
        log.took_over(Job("acme", NOW))

        *_, available, aside, over = lines()

    # then
    assert (available["event"], aside["event"]) == ("store available", "stood aside")
    assert (over["level"], over["company"], over["slot"]) == (
        "warning",
        "acme",
        "2027-03-01T02:45:00Z",
    )


def fail() -> None:
    raise ValueError(f"{MARK} is no date")


def test_libraries_are_heard_when_they_warn_and_never_quote_an_exception() -> None:
    """Warnings and errors of libraries are logged, but never with the words of an exception."""
    # when
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

    # then
    assert said[:3] == [
        ("library", "it failed: ValueError (ValueError)"),
        ("library", "ValueError"),
        ("library", "it failed"),
    ]
    assert "old" in said[3][1]
    assert MARK not in str(said)


def test_a_line_during_a_job_names_the_company_and_the_slot() -> None:
    """A line that is logged during a job names the company and the slot of the job, unless it names
    another company itself."""
    # when
    with logged() as lines:
        log = logging.getLogger("adapters.sources.retry")
        log.info("before")
        token = DOING.set(Job("acme", NOW))
        log.info("trying again in 2 seconds: the line is lost")
        LogObserver().failed(Job("bravo"), ValueError())
        DOING.reset(token)

        before, during, ours = lines()

    # then
    assert (before.get("company"), before.get("slot")) == (None, None)
    assert (during["company"], during["slot"]) == ("acme", "2027-03-01T02:45:00Z")
    assert (ours["company"], ours.get("slot")) == ("bravo", None)


def test_an_empty_message_makes_no_line() -> None:
    """A message without text makes no line, and an empty line before a text is passed over."""
    # when / then
    with logged() as lines:
        library = logging.getLogger("library")
        for text in ("", " \n", "\n after a break"):
            library.warning(text)

        assert [line["event"] for line in lines()] == ["after a break"]


def test_uncaught_faults_are_logged_by_their_type() -> None:
    """An exception that nobody catches, in a thread or in an asynchronous task, is logged by its
    type and without its words."""

    # given
    async def forgotten() -> None:
        asyncio.get_running_loop().create_task(_fail())
        await asyncio.sleep(0.01)
        gc.collect()

    async def _fail() -> None:
        fail()

    # when
    with logged() as lines:
        thread = threading.Thread(target=fail, name="looker")
        thread.start()
        thread.join()
        asyncio.run(forgotten())
        said = [line["event"] for line in lines()]

    # then
    assert said[0] == "looker died: ValueError"
    assert len(said) == 2
    assert MARK not in str(said)


def test_other_log_handlers_get_messages_unchanged(caplog: pytest.LogCaptureFixture) -> None:
    """Another handler of the log gets the messages of libraries unchanged."""
    # when
    with logged():
        logging.getLogger("library").warning("%s of %s", 1, 2)

    # then
    assert caplog.messages == ["1 of 2"]


def test_the_settings_of_the_log_are_restored_at_the_end() -> None:
    """After logging ends, the level, the handlers and the hook for threads are as before."""
    # given
    root = logging.getLogger()
    before = root.level, list(root.handlers), threading.excepthook

    # when
    with logged("debug"):
        assert root.level == logging.WARNING

    # then
    assert (root.level, list(root.handlers), threading.excepthook) == before


@pytest.mark.parametrize("colourless", [False, True])
def test_a_terminal_gets_lines_to_read(colourless: bool) -> None:
    """On a terminal, the log has readable lines instead of JSON, in colour unless nobody wants
    colours, and without control characters from messages."""
    # given
    ours, theirs = pty.openpty()

    # when
    with os.fdopen(theirs, "w") as terminal, logging_to(terminal, colours=not colourless):
        log = LogObserver()
        log.ran(a_run(rows=3, registered=2, events=1))
        log.polled([Job(key, NOW - timedelta(hours=1)) for key in ("acme", "bravo")], NOW)
        logging.getLogger("library").warning("a bell \a and \x1b[2J")
        terminal.flush()
        said = ""
        while said.count("\n") < 3:
            said += os.read(ours, 100_000).decode()
    os.close(ours)

    # then
    plain = re.sub(r"\x1b\[[0-9;]*m", "", said)

    assert re.search(r"\] run ended company=acme kind=import slot=\S+ outcome=applied run=", plain)
    assert "counts='3 rows, 2 registered, 1 event' issues='2 bad-date'" in plain
    assert "companies='acme, bravo'" in plain
    assert "\a" not in said
    assert "\x1b[2J" not in said
    assert ("\x1b[" in said) != colourless
    assert MARK not in said
    assert '{"' not in said
