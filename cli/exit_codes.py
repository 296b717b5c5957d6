"""Exit codes, and errors as people read them: one sentence and a hint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from adapters.errors import SettingsError
from adapters.store.errors import StoreUnavailable
from adapters.use_cases.errors import HeldFilesDamaged, NobodyFound, NoSource
from cli.output import text
from domain.company_runs.rejection import NotHeld, RunRejected
from domain.employee.rejection import CommandRejected

if TYPE_CHECKING:
    from projections.runs import RunDocument

DONE = 0
FAULT = 1
USAGE = 2
REJECTED = 3
HELD = 4
REFUSED = 5
UNREACHABLE = 6
INTERRUPTED = 130
"""By Ctrl-C: 128 and the number of the signal, as shells have it."""


class CliError(click.ClickException):
    """An error that is explained already: a sentence, a hint, and an exit code."""

    def __init__(self, sentence: str, hint: str, code: int = USAGE) -> None:
        super().__init__(sentence)
        self.hint = hint
        self.code = code

    def show(self, file: object = None) -> None:
        """Says it on standard error."""
        click.echo(f"{click.style('Error:', fg='red')} {text(self.message)}.", err=True)
        click.echo(f"{click.style('Hint:', fg='cyan')} {text(self.hint)}.", err=True)


def of_run(run: RunDocument) -> int:
    """The exit code that tells how a run ended."""
    codes = {"refused": REFUSED, "held": HELD, "failed": UNREACHABLE}
    if any(issue.code == "fault" for issue in run.issues):
        return FAULT
    return codes.get(run.outcome, REJECTED if run.counts.rejected else DONE)


_KNOWN = (CliError, SettingsError, StoreUnavailable, RunRejected, CommandRejected)


def is_known(error: Exception) -> bool:
    """Whether an error tells all there is to tell; only others are worth a traceback."""
    return isinstance(error, _KNOWN)


def explain(error: Exception, company: str | None = None) -> int:
    """Says what went wrong, in `company` where one is named, and returns the exit code."""
    trouble = _trouble(error)
    if company is not None:
        trouble = CliError(f"{company}: {trouble.message}", trouble.hint, trouble.code)
    trouble.show()
    return trouble.code


def _trouble(error: Exception) -> CliError:
    match error:
        case CliError():
            return error
        case SettingsError(key="TENURE_DATABASE"):
            return CliError(str(error), "correct the environment variable")
        case SettingsError():
            return CliError(str(error), "`tenure init DIR` writes a sample that shows every key")
        case StoreUnavailable():
            return CliError(error.problem, error.hint, UNREACHABLE)
        case NoSource():
            return CliError(str(error), f"name the files: `tenure import {error.company} FILE`")
        case NobodyFound():
            several = "name one by id"
            hint = several if error.count else f"`tenure roster {error.company}` lists everyone"
            return CliError(str(error), hint)
        case NotHeld():
            return CliError(str(error), "`tenure runs` lists first what waits for a decision")
        case HeldFilesDamaged():
            hint = f"`tenure discard {error.run}` ends it; then import the delivery again"
            return CliError(str(error), hint, FAULT)
        case CommandRejected():
            return CliError(str(error), error.hint)
        case _:
            # The text of an unknown error may quote what it choked on: a cell, a name.
            sentence = f"an unexpected fault stopped this ({type(error).__name__})"
            hint = "nothing is half done; `tenure --debug ...` shows where it was"
            return CliError(sentence, hint, FAULT)
