"""A notification as a program gets it: on its standard input."""

from __future__ import annotations

import os
import signal
import subprocess
import threading

from adapters.notify.configured import Notify
from adapters.notify.failure import NotDelivered, in_time

_ALWAYS = ("HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER")
"""Variables that every program may know; the others may be customers' passwords."""
_TICK = 0.1
"""Seconds within which it is noticed that everything is to stop."""


def run_command(notify: Notify, body: bytes, stop: threading.Event) -> None:
    """Runs the program with the JSON on its standard input. What it says is not listened to: it
    may quote what it was told. Raises `NotDelivered`."""
    name = os.path.basename(notify.command[0])  # noqa: PTH119 - a word, not a file
    wanted = (*_ALWAYS, *notify.environment)
    environment = {each: os.environ[each] for each in wanted if each in os.environ}
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
        why = getattr(error, "strerror", None) or type(error).__name__
        raise NotDelivered(f"the command {name} cannot be run ({why})") from None
    with process:
        code = _fed(process, body, notify.timeout, stop)
    if code is None:
        problem = f"the command {name} did not end {in_time(notify.timeout)}"
        raise NotDelivered(problem, transient=True)
    if code:
        raise NotDelivered(f"the command {name} ended with exit code {code}", transient=True)


def _fed(
    process: subprocess.Popen[bytes], body: bytes, timeout: float, stop: threading.Event
) -> int | None:
    """The exit code of a process that is given its input; none where it took too long, or all is to
    stop. Then nothing of it is left."""
    over = threading.Event()
    watch = threading.Thread(target=_kill_when, args=(process, over, timeout, stop), daemon=True)
    watch.start()
    try:
        process.communicate(body)
    finally:
        in_time = not over.is_set()
        over.set()
        watch.join()
    return process.returncode if in_time else None


def _kill_when(
    process: subprocess.Popen[bytes], over: threading.Event, timeout: float, stop: threading.Event
) -> None:
    left = timeout
    while left > 0 and not stop.is_set():
        if over.wait(min(_TICK, left)):
            return
        left -= _TICK
    if not over.is_set():
        over.set()
        _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ends a program and whatever it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
