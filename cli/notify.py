"""Notifications of commands that a scheduler calls: they are sent before the command ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from adapters.notify.notifier import NotificationResult, Notifier
from adapters.use_cases.app import App
from cli import output

_TIMEOUT_S = 120.0
"""Seconds that a command waits at most for its notifications."""


@contextmanager
def notifying(app: App) -> Iterator[Notifier]:
    """Tells whom the configuration names, beside the work and for a while after it.

    Whom it cannot tell it warns of; that changes nothing else about the command.
    """
    results: list[NotificationResult] = []
    notifier = Notifier(app.store, results.append, lambda: app.settings.notify)
    patience = _TIMEOUT_S
    try:
        yield notifier
    except KeyboardInterrupt:
        patience = 0.0
        raise
    finally:
        notifier.finish(patience)
        for told in results:
            if told.problem is not None:
                _warn(told)


def _warn(told: NotificationResult) -> None:
    about = f"run {told.run} of {told.company}" if told.run else f"a run of {told.company}"
    output.print_warning(f"{about} was not told by {told.via}: {told.problem}")
