"""`tenure check`."""

from __future__ import annotations

import click
import msgspec

from adapters.settings import Settings
from adapters.sources.source import SourceUnreachable, Step
from adapters.store.errors import StoreUnavailable
from adapters.store.opening import Database, check_database
from cli import exit_codes
from cli.command import Command
from cli.context import customer_of, json_option, settings_of
from cli.names import COMPANY
from cli.terminal import output, run_text
from cli.terminal.prose import say
from cli.terminal.screen import screen
from domain.issues.issue_type import Severity


class Checked(msgspec.Struct):
    """The result of the check of one company."""

    company: str
    source: str | None = None
    ok: bool = True
    warnings: tuple[str, ...] = ()
    steps: list[Step] = []
    problem: str | None = None


@click.command("check", cls=Command)
@click.argument("company", type=COMPANY, required=False)
@click.option("--connect", is_flag=True, help="Also connect to each source. Downloads nothing.")
@json_option
@click.pass_context
def check_command(context: click.Context, company: str | None, connect: bool, as_json: bool) -> int:
    """Check the configuration of COMPANY, or of every company, and the database.

    With --connect, also connect to the source, step by step, up to the list of matching files.
    """
    settings = settings_of(context)
    for warning in settings.warnings:
        output.print_warning(warning)
    keys = _keys(settings, company)
    codes = [_check_database(settings.database)]
    results = []
    for key in keys:
        checked, error = _check(settings, key, connect)
        results.append(checked)
        if not as_json:
            _print(checked)
        if error:
            codes.append(
                exit_codes.UNREACHABLE
                if isinstance(error, exit_codes.CliError)
                else exit_codes.USAGE
            )
            if not as_json:
                exit_codes.explain(error, key)
    if as_json:
        output.print_json(results)
    else:
        if company is None and settings.notify is not None:
            say(f"notifications: {output.text(settings.notify.in_words())}")
        verdict = _verdict(results) or f"{output.text(settings.file)} has no company"
        say(verdict if codes[0] == exit_codes.DONE else f"the database cannot be used; {verdict}")
    return max(codes)


def _check_database(database: Database) -> int:
    """Prints what is wrong with the database on standard error. Returns the exit code."""
    try:
        for warning in check_database(database):
            output.print_warning(warning)
    except StoreUnavailable as error:
        return exit_codes.explain(error)
    return exit_codes.DONE


def _verdict(results: list[Checked]) -> str:
    """Returns a sentence about the whole configuration; none if there is no company."""
    usable = [checked for checked in results if checked.ok]
    warned = sum(bool(checked.warnings) for checked in usable)
    if len(results) == 1:
        verdict = f"{results[0].company} {'can' if usable else 'cannot'} be used"
        return f"{verdict}, with warnings" if warned else verdict
    number = "all" if len(usable) == len(results) else f"{len(usable)} of"
    verdict = f"{number} {len(results)} companies can be used" if results else ""
    return f"{verdict}, {warned} of them with warnings" if warned else verdict


def _keys(settings: Settings, company: str | None) -> list[str]:
    """Returns the keys of the companies to check."""
    if company is None:
        return sorted({**settings.customers, **settings.broken})
    if company not in settings.broken:
        customer_of(settings, company)
    return [company]


def _check(settings: Settings, key: str, connect: bool) -> tuple[Checked, Exception | None]:
    """Returns the result for one company, and the error that ended its check, if there is one."""
    broken = settings.broken.get(key)
    if broken:
        return Checked(key, ok=False, problem=str(broken)), broken
    source = settings.customers[key].source
    if source is None:
        return Checked(key, warnings=("it has no source: name its files on import",)), None
    checked = Checked(key, source.place, warnings=source.warnings)
    if connect:
        try:
            for step in source.steps():
                checked.steps.append(step)
        except SourceUnreachable as error:
            checked.ok, checked.problem = False, error.problem
            hint = f"correct the source of {key}, or ask the customer, and try again"
            return checked, exit_codes.CliError(error.problem, hint, exit_codes.UNREACHABLE)
    return checked, None


def _print(checked: Checked) -> None:
    company = click.style(checked.company, bold=True)
    if checked.ok or checked.source:
        say(f"{company}: {output.text(checked.source or 'no source')}")
    for warning in checked.warnings:
        say(f"{run_text.severity_of(Severity.WARNING)}  {output.text(warning)}", indent=2)
    for step in checked.steps:
        say(f"{step.what}: {output.text(step.detail)}", indent=2)
    if checked.source and checked.problem and not screen().is_terminal:
        # A reader of a pipe does not see standard error, where the error stands.
        say(f"failed: {output.text(checked.problem)}", indent=2)


COMMANDS = {"check": check_command}
