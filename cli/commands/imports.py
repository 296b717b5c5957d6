"""`tenure import`, and what it has in common with `tenure preview`: the files."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from functools import partial
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import TypeAlias

import click

from adapters.company_settings import Customer
from adapters.progress import UNWATCHED, Stage
from adapters.side_by_side import side_by_side
from adapters.sources.source import DeliveredFile, SourceUnreachable, StillUploading, in_order
from adapters.use_cases.app import App
from adapters.use_cases.import_delivery import import_delivery, rehearse_import
from adapters.use_cases.observer import Observer
from adapters.use_cases.schedule import Job, do_job, due_slots, look_for_slots, rehearse_job
from adapters.worker.capacity import Capacity
from cli import exit_codes
from cli.command import Command
from cli.context import by_option, customer_of, dry_run_option, json_option, open_app
from cli.csv_file import read_named
from cli.names import COMPANY, FILE
from cli.notify import notifying
from cli.params import NumberType
from cli.stopping import stopped_by
from cli.terminal import output, run_text
from domain.outcome import Outcome
from projections.runs import RunDocument

Imports: TypeAlias = dict[str, Callable[[], RunDocument | None]]
"""For each company, a function that imports its delivery, or returns `None` if nothing is due."""
Import: TypeAlias = Future[RunDocument | None]
_STOP_CHECK_S = 0.2
"""How often the command checks for Ctrl-C."""

files_argument = click.argument("files", nargs=-1, type=FILE, metavar="[FILE]...")


partial_option = click.option(
    "--partial",
    is_flag=True,
    help="The FILEs do not have all employees: who is missing from them is not absent.",
)


@click.command("import", cls=Command)
@click.argument("company", type=COMPANY, required=False)
@files_argument
@click.option(
    "--all", "all_companies", is_flag=True, help="Import for every company that has a source."
)
@click.option(
    "--due",
    is_flag=True,
    help="With --all: only where a slot of the schedule is due, and once for each slot.",
)
@click.option(
    "--workers",
    type=NumberType(1, 64),
    metavar="N",
    default=8,
    show_default=True,
    help="With --all: how many deliveries are planned at a time. Four times as many are fetched at "
    "a time.",
)
@partial_option
@dry_run_option
@by_option
@json_option
@click.pass_context
def import_command(
    context: click.Context,
    company: str | None,
    files: tuple[str, ...],
    all_companies: bool,
    due: bool,
    workers: int,
    partial: bool,
    dry_run: bool,
    by: str,
    as_json: bool,
) -> int:
    """Apply a delivery to COMPANY.

    The delivery comes from the company's source, or consists of the FILEs.
    """
    if all_companies == (company is not None):
        raise click.UsageError("Give one COMPANY, or --all.")
    if due and not all_companies:
        raise click.UsageError("--due needs --all.")
    require_files(partial, files)
    with open_app(context) as app:
        if all_companies:
            capacity = Capacity(workers)
            app = app._replace(planning=capacity.planning)
            if dry_run:
                imports = _rehearsals(app, by, due=due)
                return _import_all(app, imports, capacity.pickups, as_json, Observer())
            with notifying(app) as (told, notifier):
                imports = _due(told, by) if due else _every(told, by)
                return _import_all(told, imports, capacity.pickups, as_json, notifier)
        customer = customer_of(app.settings, company or "")
        make = rehearse_import if dry_run else import_delivery
        run = make(app, customer, by, read_files(files, customer), partial=partial)
    run_text.answer_run(run, as_json)
    return exit_codes.of_run(run)


def require_files(partial: bool, files: tuple[str, ...]) -> None:
    """Raises `UsageError` for `--partial` without files: a source has its setting (D12)."""
    if partial and not files:
        raise click.UsageError(
            '--partial needs FILEs. For the source, set deliveries = "partial" in the policy.'
        )


def _every(app: App, by: str) -> Imports:
    """Returns an import for each company that has a source."""
    app = _as_one_of_many(app)
    return {key: partial(import_delivery, app, customer, by) for key, customer in _with_source(app)}


def _due(app: App, by: str) -> Imports:
    """Returns an import for each company with a due slot."""
    jobs, app = due_slots(app), _as_one_of_many(app)
    return {job.company: partial(do_job, app, job, by) for job in jobs}


def _rehearsals(app: App, by: str, *, due: bool) -> Imports:
    """Returns, for the same companies, functions that store nothing."""
    app = _as_one_of_many(app)
    if due:
        return {job.company: partial(rehearse_job, app, job, by) for job in look_for_slots(app)}
    return {key: partial(rehearse_import, app, customer, by) for key, customer in _with_source(app)}


def _with_source(app: App) -> Iterator[tuple[str, Customer]]:
    return ((key, each) for key, each in app.settings.customers.items() if each.source)


def _as_one_of_many(app: App) -> App:
    """Returns the app for one of several companies: all of them together are one stage."""
    return app._replace(progress=UNWATCHED)


def _import_all(app: App, imports: Imports, pickups: int, as_json: bool, observer: Observer) -> int:
    """Imports with `pickups` imports at a time. The failure of one does not stop the others (R6).

    Returns the exit code. Raises `KeyboardInterrupt` after Ctrl-C, when the running imports have
    ended and the answer is printed.
    """
    runs: list[RunDocument] = []
    faults: list[tuple[str, Exception]] = list(app.settings.broken.items())
    for warning in app.settings.warnings:
        output.print_warning(warning)
    with stopped_by(signal.SIGINT) as stop:
        for company, done in _as_they_end(app, imports, pickups, stop):
            try:
                run = done.result()
            except Exception as fault:
                faults.append((company, fault))
                observer.failed(Job(company), fault)
            else:
                if run is not None:
                    runs.append(run)
                    observer.ran(run)
        code = _answer(sorted(runs, key=attrgetter("company")), faults, as_json)
    if stop.is_set():
        raise KeyboardInterrupt
    return code


def _as_they_end(
    app: App, imports: Imports, pickups: int, stop: threading.Event
) -> Iterator[tuple[str, Import]]:
    """Yields each company with its import as soon as it has ended.

    After `stop` is set, no import begins. The running ones may end.
    """
    with (
        app.progress.stage(Stage.IMPORT, len(imports)) as advance,
        side_by_side(imports, pickups) as importing,
    ):
        left, stopping = set(importing), False
        while left:
            ended, left = wait(left, _STOP_CHECK_S, FIRST_COMPLETED)
            for done in ended:
                advance(1)
                yield importing[done], done
            if stop.is_set() and not stopping:
                stopping = True
                left = {future for future in left if not future.cancel()}
                companies = output.counted(len(left), "companies")
                output.print_beside(f"Still importing for {companies}. Ctrl-C again ends at once.")


def _answer(runs: list[RunDocument], faults: list[tuple[str, Exception]], as_json: bool) -> int:
    """Prints every run. Repeats on standard error what somebody has to look at: cron mails that.

    Returns the exit code.
    """
    if as_json:
        output.print_json(runs)
    else:
        for run in runs:
            run_text.print_run(run)
        if not runs and not faults:
            output.print_nothing("Nothing to import.")
    for run in runs:
        if run.run is not None and run.outcome in (Outcome.FAILED, Outcome.REFUSED, Outcome.HELD):
            run_text.print_failure(run)
    codes = [exit_codes.of_run(run) for run in runs]
    codes += [
        exit_codes.explain(fault, company) for company, fault in sorted(faults, key=itemgetter(0))
    ]
    return max(codes, default=exit_codes.DONE)


def read_files(names: tuple[str, ...], customer: Customer) -> list[DeliveredFile] | None:
    """Returns the files that the command line names, or `None` if it names none."""
    if not names:
        return None
    repeated = [
        name for name, count in Counter(Path(name).name for name in names).items() if count > 1
    ]
    if repeated:
        raise exit_codes.CliError(
            f"two files have the name {repeated[0]}",
            "rename one: the history names files by this name",
        )
    return in_order(read_named(name, customer.company.limits.file) for name in names)


@contextmanager
def explaining_source(company: str) -> Iterator[None]:
    """Raises `CliError` instead of an error of the source of a company."""
    try:
        yield
    except SourceUnreachable as error:
        raise _unreachable(error.problem, company) from error
    except StillUploading as error:
        raise _unreachable(f"{error.name} is still changing", company) from error


def _unreachable(problem: str, company: str) -> exit_codes.CliError:
    return exit_codes.CliError(problem, f"check the source of {company}", exit_codes.UNREACHABLE)


COMMANDS = {"import": import_command}
