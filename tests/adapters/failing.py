"""Checks of a failed pick-up: its problem is one line, and no error contains a secret."""

from __future__ import annotations

import threading
import traceback

import pytest

from adapters.sources import retry
from adapters.sources.source import Source, SourceUnreachable
from tests.adapters.hostile import PASSWORD
from tests.adapters.keeper import fetch

LIMIT = 10_000_000
_SECRETS = (PASSWORD, "PRIVATE KEY")
_SERVERS = 15
"""Seconds of the timers of paramiko's server, which may run in this process."""


def failure(source: Source) -> SourceUnreachable:
    """Returns the error of a source from which no file can be fetched.

    Asserts that the error contains no secret, not even in a variable of its traceback, and that no
    timer is left.
    """
    with pytest.raises(SourceUnreachable) as raised:
        fetch(source, LIMIT)
    shown = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
    behind = "".join(shown.format())
    error: BaseException | None = raised.value
    while error is not None:
        behind += repr(error)
        error = error.__cause__ or error.__context__
    assert [secret for secret in _SECRETS if secret in behind] == []
    assert "\n" not in raised.value.problem
    assert not raised.value.problem.endswith(".")
    assert_nothing_is_waited_for()
    return raised.value


def problem(source: Source) -> str:
    """Returns the problem of a source from which no file can be fetched."""
    return failure(source).problem


def assert_nothing_is_waited_for() -> None:
    """Asserts that no timer of the product is left.

    A timer that is left would keep the process from ending, or would close a socket that another
    connection uses later.
    """
    for each in threading.enumerate():
        if isinstance(each, threading.Timer) and each.interval != _SERVERS:
            each.join(1)
            assert not each.is_alive()


def retry_quickly(monkeypatch: pytest.MonkeyPatch, pause: float = 0) -> None:
    """Makes every pause between two attempts last this number of seconds."""
    monkeypatch.setattr(retry, "FIRST_PAUSE_S", pause)
    monkeypatch.setattr(retry, "MAX_JITTER_S", 0)
    monkeypatch.setattr(retry, "GROWTH", 1)
