"""Exit codes, and the form of errors for people: one sentence and a hint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from adapters.errors import Fault, SettingsError
from adapters.store.errors import DAMAGED, KeptFileDamaged, StoreDamaged, StoreUnavailable
from adapters.use_cases.errors import HeldFilesDamaged, NoSource
from cli.terminal.output import text
from cli.terminal.prose import say
from domain.company_runs.rejection import NotHeld, RunRejected, WrongPart
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
NEEDED = 3
"""Somebody is needed, as `tenure status --check` tells monitoring."""
INTERRUPTED = 130
"""After Ctrl-C: 128 plus the number of the signal, as in a shell."""
BROKEN_PIPE = 141
"""After the reader of a pipe has left: 128 plus the number of the signal, as in a shell."""


class CliError(click.ClickException):
    """An error with its explanation: a sentence, a hint, and an exit code.

    Sentence and hint have no full stop at their end. The hint may be a question.
    """

    def __init__(self, sentence: str, hint: str, code: int = USAGE, *others: str) -> None:
        """`others` are the sentences about further errors with the same hint."""
        super().__init__(sentence)
        self.hint = hint
        self.code = code
        self.sentences = (sentence, *others)

    def show(self, file: object = None) -> None:
        """Prints sentences and hint on standard error."""
        for sentence in self.sentences:
            say(f"{click.style('Error:', fg='red')} {text(sentence)}.", err=True)
        end = "" if self.hint.endswith("?") else "."
        say(f"{click.style('Hint:', fg='cyan')} {text(self.hint)}{end}", err=True)


def of_run(run: RunDocument) -> int:
    """Returns the exit code for the outcome of a run."""
    codes = {"refused": REFUSED, "held": HELD, "failed": UNREACHABLE}
    if any(issue.code == "fault" for issue in run.issues):
        return FAULT
    return codes.get(run.outcome, REJECTED if run.counts.rejected else DONE)


_KNOWN = (
    CliError,
    SettingsError,
    StoreUnavailable,
    StoreDamaged,
    KeptFileDamaged,
    RunRejected,
    CommandRejected,
)


def is_known(error: Exception) -> bool:
    """Returns whether the sentence of an error is enough. Other errors need a traceback."""
    return isinstance(error, _KNOWN)


def explain(error: Exception, company: str | None = None) -> int:
    """Prints an error, with the `company` that it is about. Returns its exit code."""
    explained = _cli_error(error)
    if company is not None:
        first, *others = (f"{company}: {sentence}" for sentence in explained.sentences)
        explained = CliError(first, explained.hint, explained.code, *others)
    explained.show()
    return explained.code


def _cli_error(error: Exception) -> CliError:
    match error:
        case CliError():
            return error
        case SettingsError(faults=(Fault(file=None) as fault,)):
            return CliError(str(fault), "correct the environment variable")
        case SettingsError():
            hint = "`tenure init DIR` writes a sample that shows every key"
            first, *others = map(str, error.faults)
            return CliError(first, hint, USAGE, *others)
        case StoreUnavailable():
            return CliError(error.problem, error.hint, UNREACHABLE)
        case StoreDamaged():
            return CliError(str(error), DAMAGED, FAULT)
        case KeptFileDamaged():
            hint = "have the file uploaded again, or drop the copy with `tenure rebuild`"
            return CliError(str(error), hint, FAULT)
        case NoSource():
            return CliError(str(error), f"name the files: `tenure import {error.company} FILE`")
        case NotHeld():
            return CliError(
                str(error), "`tenure runs --held` lists the runs that wait for a decision"
            )
        case HeldFilesDamaged():
            hint = f"`tenure discard {error.run}` ends it; then import the delivery again"
            return CliError(str(error), hint, FAULT)
        case CommandRejected() | WrongPart():
            return CliError(str(error), error.hint)
        case _:
            # The text of an unknown error may quote personal data: a cell, a name.
            sentence = f"an unexpected fault stopped the command ({type(error).__name__})"
            hint = "nothing is half done; `tenure --debug ...` shows where the fault is"
            return CliError(sentence, hint, FAULT)
