"""Delivers a notification to a program, on its standard input."""

from __future__ import annotations

import os
import signal
import subprocess
import threading

from adapters.notify.failure import NotDelivered, in_time
from adapters.notify_settings import Notify
from adapters.watchdog import Overdue, watchdog

_ALWAYS = ("HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER")
"""Variables that every program gets. Other variables may contain passwords of customers."""


def run_command(notify: Notify, body: bytes, stop: threading.Event) -> None:
    """Runs the program with `body`, the JSON of a run, on its standard input.

    Ignores the output of the program, which may quote the input. Raises `NotDelivered`.
    """
    program = os.path.basename(notify.command[0])  # noqa: PTH119 - a word, not a file
    names = (*_ALWAYS, *notify.environment)
    environment = {name: os.environ[name] for name in names if name in os.environ}
    try:
        process = subprocess.Popen(  # noqa: S603 - no shell, and configured by the operator
            notify.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise NotDelivered(f"the command {program} cannot be run ({reason})") from None
    with process:
        code = _feed(process, body, notify.timeout, stop)
    if code is None:
        problem = f"the command {program} did not end {in_time(notify.timeout)}"
        raise NotDelivered(problem, transient=True)
    if code:
        raise NotDelivered(f"the command {program} ended with exit code {code}", transient=True)


def _feed(
    process: subprocess.Popen[bytes], body: bytes, timeout: float, stop: threading.Event
) -> int | None:
    """Writes the input of a process, waits for its end and returns its exit code.

    Kills the process and returns `None` after `timeout` seconds, or when `stop` is set.
    """
    try:
        with watchdog(timeout, lambda: _kill(process), stop):
            process.communicate(body)
    except Overdue:
        return None
    return process.returncode


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kills a program and every program that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
