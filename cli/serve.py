"""`tenure serve`."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click

from adapters.settings import find_settings
from adapters.store.opening import open_store
from adapters.worker.configuration import Configuration
from adapters.worker.embedded import EmbeddedWorker
from adapters.worker.observer import Observers
from cli import exits


@click.command("serve")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="How many companies are worked on side by side.",
)
@click.option(
    "--grace",
    type=click.FloatRange(0, 3600),
    default=25,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait, when stopped, for what runs; what does not end leaves nothing.",
)
@click.pass_context
def serve_command(context: click.Context, workers: int, grace: float) -> int:
    """Pick up deliveries and pass the clock when they are due, until stopped.

    Catches up with what was missed while it did not run. SIGTERM or SIGINT stops it; a second one
    at once.
    """
    observers = Observers()
    file = find_settings(context.find_root().obj.get("config"))
    configuration = Configuration(file, observers)
    store = open_store(configuration.current().database)
    worker = EmbeddedWorker(configuration, store, observers, workers)
    with _stopped_by_signals() as stop:
        ended = worker.run(stop, grace)
    if not ended:
        # Threads cannot be stopped; what they have not stored is not stored.
        os._exit(exits.DONE)
    store.close()
    return exits.DONE


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """Set by the first signal to stop; the second ends the process."""
    stop = threading.Event()

    def stopping(number: int, _: FrameType | None) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    before = {each: signal.signal(each, stopping) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


COMMANDS = {"serve": serve_command}
