"""`tenure serve`."""

from __future__ import annotations

import errno
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple, Protocol

import click

from adapters.notify.notifier import NotificationResult, Notifier
from adapters.settings import find_settings
from adapters.store.opening import Database, PostgresUrl, open_store
from adapters.store.store import Store
from adapters.use_cases.observer import Observer, Observers
from adapters.worker.configuration import Configuration
from adapters.worker.embedded import EmbeddedWorker
from cli import exit_codes
from cli.stopping import stopped_by

if TYPE_CHECKING:
    from adapters.worker.log import LogObserver
    from adapters.worker.metrics import Metrics

_LAST_WORDS = 5.0
"""Seconds for notifications that are still to be sent when the work is done."""
_ADVICE = {
    errno.EADDRINUSE: "name another port with `--metrics`, or end what uses this one",
    errno.EACCES: "name a port above 1023 with `--metrics`",
}
"""By why metrics cannot be served."""
_OTHER_ADDRESS = "name an address of this machine with `--metrics`, or 0.0.0.0 for all that it has"


class Address(NamedTuple):
    """Where metrics are served."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class AddressType(click.ParamType[Address]):
    """`PORT`, `HOST:PORT` or `[IPv6]:PORT`."""

    name = "address"
    _FORM = re.compile(r"(?:(?:\[([0-9A-Fa-f:.%a-z]+)\]|([^:\[\]\s]+)):)?([0-9]{1,5})", re.ASCII)

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Address:
        """The address."""
        found = self._FORM.fullmatch(str(value))
        if found is None or int(found[3]) > 65_535:
            self.fail("expected a port, like 9108 or 0.0.0.0:9108 or [::1]:9108.", param, ctx)
        return Address(found[1] or found[2] or "127.0.0.1", int(found[3]))


class Worker(Protocol):
    """What does the schedule's work."""

    def run(self, stop: threading.Event, grace: float) -> bool:
        """Works until `stop` is set; tells whether all that ran ended within `grace` seconds."""


@click.command("serve")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="How many deliveries are planned side by side; four times as many may be waited for.",
)
@click.option(
    "--grace",
    type=click.FloatRange(0, 3600),
    default=25,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait, when stopped, for what runs; what does not end leaves nothing.",
)
@click.option(
    "--metrics",
    "address",
    type=AddressType(),
    metavar="[HOST:]PORT",
    help="Serve /metrics for Prometheus, /livez and /healthz; HOST is 127.0.0.1 by default.",
)
@click.option(
    "--listen/--no-listen",
    default=True,
    show_default=True,
    help="Over PostgreSQL: whether to hear of new jobs at once, or to look every five seconds.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="The least serious lines that are logged.",
)
@click.pass_context
def serve_command(
    context: click.Context,
    workers: int,
    grace: float,
    address: Address | None,
    listen: bool,
    log_level: str,
) -> int:
    """Pick up deliveries and pass the clock when they are due, until stopped.

    Catches up with what was missed while it did not run. SIGTERM or SIGINT stops it; a second one
    ends it at once. The log goes to standard error.
    """
    from adapters.worker.log import LogObserver, logging_to

    file = find_settings(context.find_root().obj.get("config"))
    with logging_to(sys.stderr, log_level):
        log, metrics = LogObserver(), _metrics() if address else None
        with ExitStack() as stack:
            where = stack.enter_context(_served(metrics, address)) if metrics and address else None
            configuration = Configuration(file, _all(log, metrics))
            database = configuration.current().database
            store = open_store(database)
            stop = stack.enter_context(stopped_by(signal.SIGTERM, signal.SIGINT))
            if metrics:
                metrics.remember(store)
            notifier = _notifier(store, configuration, log, metrics)
            observers = _all(log, metrics, notifier)
            worker = _worker(database, configuration, store, observers, workers, listen)
            log.started(
                version=version("tenure"),
                store="postgresql" if isinstance(database, PostgresUrl) else "embedded",
                companies=len(configuration.current().customers),
                workers=workers,
                metrics=str(where) if where else None,
            )
            with _announced(stop, log, grace):
                ended = worker.run(stop, grace)
            notifier.finish(_LAST_WORDS)
        log.stopped(in_time=ended)
    if not ended:
        # Threads cannot be stopped; what they have not stored is not stored.
        os._exit(exit_codes.DONE)
    store.close()
    return exit_codes.DONE


def _worker(
    database: Database,
    configuration: Configuration,
    store: Store,
    observer: Observer,
    workers: int,
    listen: bool,
) -> Worker:
    """What does the work over this kind of database. Raises `StoreUnavailable`."""
    if isinstance(database, PostgresUrl):
        from adapters.worker.distributed import DistributedWorker

        url = database.url
        return DistributedWorker(configuration, store, url, observer, workers, listen=listen)
    return EmbeddedWorker(configuration, store, observer, workers)


def _metrics() -> Metrics:
    from adapters.worker.metrics import Metrics

    return Metrics()


def _all(*observers: Observer | None) -> Observers:
    return Observers(*(each for each in observers if each is not None))


def _notifier(
    store: Store, configuration: Configuration, log: LogObserver, metrics: Metrics | None
) -> Notifier:
    """Tells whom the configuration names at that moment."""

    def told(what: NotificationResult) -> None:
        log.notified(what)
        if metrics:
            metrics.notified(what.result, what.via)

    return Notifier(store, told, lambda: configuration.current().notify)


@contextmanager
def _served(metrics: Metrics, address: Address) -> Iterator[Address]:
    """The metrics, served meanwhile."""
    from adapters.worker.metrics_server import serve

    try:
        server = serve(metrics, address.host, address.port)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "no such host"
        raise exit_codes.CliError(
            f"metrics cannot be served at {address}: {why}",
            _ADVICE.get(getattr(error, "errno", 0), _OTHER_ADDRESS),
        ) from None
    with server as (host, port):
        yield Address(host, port)


@contextmanager
def _announced(stop: threading.Event, log: LogObserver, grace: float) -> Iterator[None]:
    """Says when it begins to stop: a signal's handler may not, for it may interrupt a line."""

    def say() -> None:
        stop.wait()
        log.stopping(grace=grace)

    announcer = threading.Thread(target=say, name="announcer", daemon=True)
    announcer.start()
    yield
    stop.set()
    announcer.join()


COMMANDS = {"serve": serve_command}
