"""The watchdog, which ends what takes too long."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing

import pytest

from adapters.watchdog import Overdue, hang_up, watchdog


def test_a_wait_that_takes_too_long_is_ended() -> None:
    """R6: A block that takes too long is ended, raises `Overdue`, and leaves no thread."""
    # given
    before = threading.enumerate()
    near, far = socket.socketpair()
    with near, far:
        began = time.monotonic()

        # when
        with pytest.raises(Overdue), watchdog(0.2, lambda: hang_up(near)):
            near.recv(1)

        # then
        assert 0.2 <= time.monotonic() - began < 2
    assert threading.enumerate() == before


@pytest.mark.parametrize("seconds", [0.0, 0.1])
def test_a_block_is_overdue_whatever_its_error_is(seconds: float) -> None:
    """R6: An error that comes from ending the block is reported as `Overdue`, with its cause."""
    # given
    ended = threading.Event()

    # when
    with pytest.raises(Overdue) as raised, watchdog(seconds, ended.set):
        assert ended.wait(10)
        raise ConnectionResetError

    # then
    assert isinstance(raised.value.__cause__, ConnectionResetError)


def test_a_block_ends_when_it_is_told_to_stop() -> None:
    """R6: A block ends soon after `stop` is set, long before its time is over."""
    # given
    stop, ended = threading.Event(), threading.Event()
    began = time.monotonic()

    # when
    with pytest.raises(Overdue), watchdog(60, ended.set, stop):
        stop.set()
        assert ended.wait(10)

    # then
    assert time.monotonic() - began < 2


def test_nothing_is_ended_after_a_block_that_was_in_time() -> None:
    """R6: After a block that was in time, nothing is ended and no thread is left. An error of the
    block is raised unchanged."""
    # given
    before = threading.enumerate()
    calls: list[str] = []

    # when
    with watchdog(0.1, lambda: calls.append("first")):
        pass
    error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError) as raised, watchdog(0.1, lambda: calls.append("second")):
        raise error

    # then
    assert raised.value is error
    assert threading.enumerate() == before
    time.sleep(0.2)  # until the time of both blocks is over
    assert calls == []


def test_a_closed_socket_can_be_hung_up() -> None:
    """R6: A connection that is closed already is no fault."""
    # given
    with closing(socket.socket()) as sock:
        # when / then
        hang_up(sock)
    hang_up(sock)
