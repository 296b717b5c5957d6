"""Notifications of a command that a scheduler calls. They are sent before the command ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from adapters.notify.notifier import NotificationResult, Notifier
from adapters.use_cases.app import App
from adapters.use_cases.status import statuses
from cli.terminal import output

_TIMEOUT_S = 120.0
"""How long a command waits for its notifications."""


@contextmanager
def notifying(app: App) -> Iterator[tuple[App, Notifier]]:
    """Yields the app whose runs are notified, and their notifier.

    The notifier sends notifications during the command and for a while after it. Prints a warning
    for each notification that was not sent. The exit code stays the same.
    """
    results: list[NotificationResult] = []
    notifier = Notifier(
        app.store, results.append, lambda: app.settings.notify, lambda: statuses(app)
    )
    notifier.start()
    timeout_s = _TIMEOUT_S
    try:
        yield app._replace(notifies=True), notifier
    except KeyboardInterrupt:
        timeout_s = 0.0
        raise
    finally:
        notifier.finish(timeout_s)
        for result in results:
            if result.problem is not None:
                _warn(result)


def _warn(result: NotificationResult) -> None:
    later = "; the next command that notifies will try it" if result.result == "postponed" else ""
    what = f"run {result.run} of {result.company}" if result.run else "the digest"
    output.print_warning(f"{what} was not notified by {result.via}: {result.problem}{later}")
