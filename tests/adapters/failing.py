"""How a pick-up fails: in one sentence, with nothing secret in it or behind it."""

from __future__ import annotations

import threading
import traceback

import pytest

from adapters.sources.source import Source, SourceUnreachable
from tests.adapters.hostile import PASSWORD

LIMIT = 10_000_000
_SECRETS = (PASSWORD, "PRIVATE KEY")
_SERVERS = 15
"""Seconds of the timers that paramiko's server has, which may be in this process."""


def failure(source: Source) -> SourceUnreachable:
    """How nothing can be fetched, and that nothing is left behind."""
    with pytest.raises(SourceUnreachable) as raised:
        source.fetch(LIMIT)
    behind = "".join(traceback.format_exception(raised.value))
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
    """Why nothing can be fetched."""
    return failure(source).problem


def assert_nothing_is_waited_for() -> None:
    """No timer of ours is left, which would keep the process from ending, or close what is
    another's by then."""
    for each in threading.enumerate():
        if isinstance(each, threading.Timer) and each.interval != _SERVERS:
            each.join(1)
            assert not each.is_alive()
