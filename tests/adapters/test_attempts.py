"""Which failures of a source are tried again, how often, and for how long."""

from __future__ import annotations

import pytest

from adapters.sources.deadline import Deadline
from adapters.sources.retry import retry
from adapters.sources.source import SourceUnreachable, StillUploading


class Line:
    """An action that succeeds after a number of failures, with the pauses between the attempts."""

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


def test_an_attempt_that_succeeds_is_the_last_one() -> None:
    """An attempt that succeeds is the last one."""
    # given
    line = Line(0, LOST)

    # when / then
    assert line.fetch() == "files"
    assert (line.tried, line.pauses) == (1, [])


def test_a_transient_failure_is_tried_again_after_growing_pauses() -> None:
    """A transient failure is tried again. The pauses are about 2, 6 and 18 seconds."""
    # given
    line = Line(3, LOST)

    # when / then
    assert line.fetch() == "files"
    first, second, third = line.pauses
    assert 2 <= first <= 3
    assert 6 <= second <= 7
    assert 18 <= third <= 19


def test_the_failure_is_raised_after_the_last_attempt() -> None:
    """A failure that stays is raised after the last attempt."""
    # given
    line = Line(99, LOST)

    # when
    with pytest.raises(SourceUnreachable) as raised:
        line.fetch(attempts=3)

    # then
    assert raised.value is LOST
    assert (line.tried, len(line.pauses)) == (3, 2)


def test_the_log_has_the_pause_and_the_failure(caplog: pytest.LogCaptureFixture) -> None:
    """Before each pause, the log has the length of the pause and the failure."""
    # given
    caplog.set_level("INFO")

    # when
    Line(1, LOST).fetch()

    # then
    (message,) = caplog.messages
    assert message.startswith("trying again in ")
    assert message.endswith(" seconds: the line is lost")


@pytest.mark.parametrize(
    "error",
    [SourceUnreachable("the password is wrong"), StillUploading("a.csv"), ZeroDivisionError()],
)
def test_a_failure_that_is_not_transient_is_not_tried_again(error: Exception) -> None:
    """D4: A failure that is not transient is raised at once. A file that is still being uploaded
    has its own wait."""
    # given
    line = Line(99, error)

    # when
    with pytest.raises(type(error)) as raised:
        line.fetch()

    # then
    assert raised.value is error
    assert (line.tried, line.pauses) == (1, [])


def test_a_pause_beyond_the_deadline_fails() -> None:
    """R6: A pause that would exceed the deadline ends at the deadline with a transient failure."""
    # given
    remaining = Deadline(0.1)
    remaining.sleep(0.01)

    # when
    with pytest.raises(SourceUnreachable, match="took longer than 0") as raised:
        remaining.sleep(30)

    # then
    assert raised.value.transient
    assert remaining.left() == 0


def test_no_attempt_starts_after_the_deadline() -> None:
    """R6: No attempt starts after the deadline of the pick-up."""
    # given
    line = Line(99, LOST)

    # when
    with pytest.raises(SourceUnreachable):
        line.fetch(seconds=1.5)

    # then
    assert (line.tried, line.pauses) == (1, [])
