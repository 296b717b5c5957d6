"""The question before danger: on a terminal, a person sees what would be done, and agrees first."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TextIO, TypeVar

import click

from adapters.use_cases.errors import ForeseenDiffers
from cli import exit_codes
from cli.terminal.foreseen import print_foreseen, who
from cli.terminal.prose import say
from cli.terminal.run_text import print_issue
from projections.answers.foreseen import Foreseen
from projections.runs import IssueDocument, RunDocument

LISTED_PEOPLE = 10
"""The number of people that a question names. Nobody reads more names before an answer."""
_YES = frozenset({"y", "yes"})
_Rehearsal = TypeVar("_Rehearsal")

yes_option = click.option(
    "--yes", "-y", is_flag=True, help="Do not ask. Without a terminal, nothing is asked."
)


def may_ask(yes: bool) -> bool:
    """Returns whether somebody can be asked. With `yes`, the answer is known.

    The question goes to standard error, so standard output may be a file.
    """
    return not yes and _is_terminal(sys.stdin) and _is_terminal(sys.stderr)


def agreed_run(
    rehearse: Callable[[], _Rehearsal],
    ask: Callable[[_Rehearsal], Foreseen],
    act: Callable[[Foreseen], RunDocument],
) -> RunDocument:
    """Returns the run to which somebody has agreed.

    `rehearse` plans it, `ask` shows the plan, asks, and returns to what somebody agreed, and `act`
    does it. If `act` would do something else by then, nothing is done, and the question is asked
    again.
    """
    while True:
        agreed = ask(rehearse())
        try:
            return act(agreed)
        except ForeseenDiffers as differs:
            say(f"{differs}. This is what would be done now:", err=True)


def ask_about(
    company: str, foreseen: Foreseen, issues: Sequence[IssueDocument], question: str
) -> Foreseen:
    """Shows what a run would do to people of a company, and asks. Returns to what somebody agreed.

    `question` has `{who}` where it names the people. A run that would change nobody needs no
    answer.
    """
    if foreseen.people:
        say(f"{company}:", err=True)
        print_foreseen(foreseen, LISTED_PEOPLE, err=True)
        for issue in issues[:LISTED_PEOPLE]:
            print_issue(issue, err=True)
        ask(question.format(who=who(foreseen)))
    return foreseen


def ask(question: str) -> None:
    """Asks a question on standard error. Ends the command unless the answer is yes."""
    say(f"{question} [y/N]", err=True, end=" ")
    answer = sys.stdin.readline()
    if not answer:  # Ctrl-D: the cursor stands behind the question still
        click.echo(err=True)
    if answer.strip().lower() not in _YES:
        click.echo("Stopped. Nothing was changed.", err=True)
        raise click.exceptions.Exit(exit_codes.INTERRUPTED)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()
