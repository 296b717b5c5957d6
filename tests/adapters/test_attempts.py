"""What is tried again, how often, and for how long."""

from __future__ import annotations

import pytest

from adapters.sources.attempts import retry
from adapters.sources.deadlines import Deadline
from adapters.sources.source import SourceUnreachable, StillUploading


class Line:
    """Something that works after so many failures, and the pauses that were made."""

    def __init__(self, failures: int, error: Exception) -> None:
        self.failures = failures
        self.error = error
        self.tried = 0
        self.pauses: list[float] = []

    def attempt(self) -> str:
        self.tried += 1
        if self.tried <= self.failures:
            raise self.error
        return "files"

    def fetch(self, attempts: int = 4, seconds: float = 1800) -> str:
        return retry(
            self.attempt, attempts, Deadline(seconds), sleep=lambda time: self.pauses.append(time)
        )


LOST = SourceUnreachable("the line is lost", transient=True)


def test_what_works_is_done_once() -> None:
    line = Line(0, LOST)

    assert line.fetch() == "files"
    assert (line.tried, line.pauses) == (1, [])


def test_what_may_pass_is_tried_again_after_growing_pauses() -> None:
    line = Line(3, LOST)

    assert line.fetch() == "files"
    first, second, third = line.pauses
    assert 2 <= first <= 3
    assert 6 <= second <= 7
    assert 18 <= third <= 19


def test_what_does_not_pass_is_told_after_the_last_attempt() -> None:
    line = Line(99, LOST)

    with pytest.raises(SourceUnreachable) as raised:
        line.fetch(attempts=3)

    assert raised.value is LOST
    assert (line.tried, len(line.pauses)) == (3, 2)


def test_who_reads_the_log_knows_what_it_waits_for(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    Line(1, LOST).fetch()

    (message,) = caplog.messages
    assert message.startswith("trying again in ")
    assert message.endswith(" seconds: the line is lost")


@pytest.mark.parametrize(
    "error",
    [SourceUnreachable("the password is wrong"), StillUploading("a.csv"), ZeroDivisionError()],
)
def test_what_cannot_pass_is_not_tried_again(error: Exception) -> None:
    """D4"""
    line = Line(99, error)

    with pytest.raises(type(error)) as raised:
        line.fetch()

    assert raised.value is error
    assert (line.tried, line.pauses) == (1, [])


def test_what_is_waited_for_is_told_to_be_too_long_when_the_time_is_over() -> None:
    """R6"""
    remaining = Deadline(0.1)
    remaining.sleep(0.01)

    with pytest.raises(SourceUnreachable, match="took longer than 0") as raised:
        remaining.sleep(30)

    assert raised.value.transient
    assert remaining.left() == 0


def test_nothing_is_tried_after_the_time_of_the_pickup() -> None:
    """R6"""
    line = Line(99, LOST)

    with pytest.raises(SourceUnreachable):
        line.fetch(seconds=1.5)

    assert (line.tried, line.pauses) == (1, [])
