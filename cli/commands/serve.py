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
from adapters.places import find_settings
from adapters.store.opening import Database, PostgresUrl, open_store
from adapters.store.store import Store
from adapters.use_cases.app import App
from adapters.use_cases.observer import Observer, Observers
from adapters.use_cases.status import statuses
from adapters.worker.configuration import Configuration
from adapters.worker.embedded import EmbeddedWorker
from cli import exit_codes
from cli.command import Command
from cli.context import login_name
from cli.names import OneOf
from cli.params import NumberType
from cli.stopping import stopped_by

if TYPE_CHECKING:
    from adapters.observe.log import LogObserver
    from adapters.observe.metrics import Metrics

_NOTIFICATIONS_S = 5.0
"""Time for notifications that are still to be sent when the work has ended."""
_HINTS = {
    errno.EADDRINUSE: "name another port with `--metrics`, or end the program that uses this one",
    errno.EACCES: "name a port above 1023 with `--metrics`",
}
"""By the error number why metrics cannot be served."""
_OTHER_ADDRESS = "name an address of this machine with `--metrics`, or 0.0.0.0 for all of them"


class Address(NamedTuple):
    """The address at which metrics are served."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class AddressType(click.ParamType[Address]):
    """`PORT`, `HOST:PORT` or `[IPv6]:PORT`."""

    name = "address"
    # `9108`, `0.0.0.0:9108`, `localhost:9108`, `[::1]:9108` or `[fe80::1%eth0]:9108`.
    _FORM = re.compile(r"(?:(?:\[([0-9A-Fa-f:.%a-z]+)\]|([^:\[\]\s]+)):)?([0-9]{1,5})", re.ASCII)

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Address:
        """Returns the address. HOST is 127.0.0.1 by default."""
        match = self._FORM.fullmatch(str(value))
        if match is None or int(match[3]) > 65_535:
            self.fail("expected a port, like 9108 or 0.0.0.0:9108 or [::1]:9108.", param, ctx)
        return Address(match[1] or match[2] or "127.0.0.1", int(match[3]))


class Worker(Protocol):
    """A worker of the schedule."""

    def run(self, stop: threading.Event, grace: float) -> bool:
        """Works until `stop` is set. Returns whether all jobs ended within `grace` seconds."""


@click.command("serve", cls=Command)
@click.option(
    "--workers",
    type=NumberType(1, 64),
    metavar="N",
    default=8,
    show_default=True,
    help="How many deliveries are planned at a time. Four times as many are fetched at a time.",
)
@click.option(
    "--grace",
    type=click.FloatRange(0, 3600),
    default=25,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for running jobs when stopped. A job that does not end leaves nothing.",
)
@click.option(
    "--metrics",
    "address",
    type=AddressType(),
    metavar="[HOST:]PORT",
    help="Serve /metrics for Prometheus, /livez and /healthz. HOST is 127.0.0.1 by default.",
)
@click.option(
    "--listen/--no-listen",
    default=True,
    show_default=True,
    help="With PostgreSQL: listen for new jobs, or look for them every five seconds.",
)
@click.option(
    "--log-level",
    type=OneOf("level", ["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="The lowest level of the lines that are logged.",
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
    """Import deliveries and pass the clock when they are due, until the command is stopped.

    It also does what became due while it did not run. SIGTERM or SIGINT stops it. A second signal
    ends it at once. SIGHUP lets it read the configuration again. The log goes to standard error.
    """
    from adapters.observe.log import LogObserver, logging_to

    file = find_settings(context.find_root().obj.get("config"))
    with logging_to(sys.stderr, log_level, colours=context.color is not False):
        log, metrics = LogObserver(), _metrics() if address else None
        with ExitStack() as stack:
            where = stack.enter_context(_served(metrics, address)) if metrics and address else None
            configuration = Configuration(file, _all(log, metrics))
            signal.signal(signal.SIGHUP, lambda *_: configuration.reload())
            database = configuration.current().database
            store = open_store(database)
            stop = stack.enter_context(stopped_by(signal.SIGTERM, signal.SIGINT))
            if metrics:
                metrics.remember(store)
                metrics.watch(lambda: statuses(App(configuration.current(), store)))
            notifier = _notifier(store, configuration, log, metrics)
            notifier.start()
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
            notifier.finish(_NOTIFICATIONS_S)
        log.stopped(in_time=ended)
    if not ended:
        # Threads cannot be stopped. A run that they have not stored yet leaves nothing (R1).
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
    """Returns the worker for this kind of database. Raises `StoreUnavailable`."""
    if isinstance(database, PostgresUrl):
        from adapters.worker.distributed import DistributedWorker

        return DistributedWorker(
            configuration,
            store,
            database.url,
            observer,
            workers,
            login=login_name(),
            listen=listen,
        )
    return EmbeddedWorker(configuration, store, observer, workers, login=login_name())


def _metrics() -> Metrics:
    from adapters.observe.metrics import Metrics

    return Metrics()


def _all(*observers: Observer | None) -> Observers:
    return Observers(*(each for each in observers if each is not None))


def _notifier(
    store: Store, configuration: Configuration, log: LogObserver, metrics: Metrics | None
) -> Notifier:
    """Returns a notifier that uses the configuration of the moment of each notification."""

    def report(result: NotificationResult) -> None:
        log.notified(result)
        if metrics:
            metrics.notified(result.result, result.via)

    return Notifier(
        store,
        report,
        lambda: configuration.current().notify,
        lambda: statuses(App(configuration.current(), store)),
    )


@contextmanager
def _served(metrics: Metrics, address: Address) -> Iterator[Address]:
    """Serves the metrics for the time of the `with`. Raises `CliError` if that is impossible."""
    from adapters.observe.http import serve

    try:
        server = serve(metrics, address.host, address.port)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "no such host"
        raise exit_codes.CliError(
            f"metrics cannot be served at {address}: {reason}",
            _HINTS.get(getattr(error, "errno", 0), _OTHER_ADDRESS),
        ) from None
    with server as (host, port):
        yield Address(host, port)


@contextmanager
def _announced(stop: threading.Event, log: LogObserver, grace: float) -> Iterator[None]:
    """Logs when the command begins to stop.

    A signal handler must not log: it may interrupt a line of the log. So a thread waits for `stop`.
    """

    def announce() -> None:
        stop.wait()
        log.stopping(grace=grace)

    announcer = threading.Thread(target=announce, name="announcer", daemon=True)
    announcer.start()
    yield
    stop.set()
    announcer.join()


COMMANDS = {"serve": serve_command}
