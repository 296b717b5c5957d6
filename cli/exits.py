"""Exit codes, and errors as people read them: one sentence and a hint."""

from __future__ import annotations

import click

from cli.output import text
from domain.run import Outcome
from projections.runs import RunDocument

DONE = 0
FAULT = 1
USAGE = 2
REJECTED = 3
REFUSED = 5
UNREACHABLE = 6


class Trouble(click.ClickException):
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
    if run.outcome is Outcome.REFUSED:
        return REFUSED
    if run.outcome is Outcome.FAILED:
        return FAULT if any(issue.code == "fault" for issue in run.issues) else UNREACHABLE
    return REJECTED if run.counts.rejected else DONE


def explain(error: Exception) -> int:
    """Says what went wrong, for errors that no command expects, and returns the exit code."""
    from adapters.settings import SettingsError

    if isinstance(error, SettingsError):
        hint = "`tenure init` writes a sample"
        if error.key:
            hint = "correct the file; the sample that `tenure init` writes shows every key"
        trouble = Trouble(str(error), hint, USAGE)
    elif type(error).__name__ == "StoreUnavailable":
        trouble = Trouble(str(error), "check `database` in the configuration", UNREACHABLE)
    else:
        # The text of an unknown error may quote what it choked on: a cell, a name.
        sentence = f"an unexpected fault ({type(error).__name__}) stopped the command"
        trouble = Trouble(sentence, "nothing was half done; run it again with --debug", FAULT)
    trouble.show()
    return trouble.code
