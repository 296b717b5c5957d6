"""The colours of what an answer says, by what it means to the reader.

Only basic colours are used: each terminal has them, dark or light.
"""

from __future__ import annotations

import click

from domain.company_runs.feed import FeedState
from domain.employee.events import State
from domain.issues.issue_type import Severity
from domain.outcome import Outcome

GOOD, ATTENTION, BAD, QUIET, NEWS = "green", "yellow", "red", "dim", "blue"
"""`dim` is no colour but a weaker form of the text's own: grey is invisible on some terminals."""

OF_SEVERITY = {Severity.ERROR: BAD, Severity.WARNING: ATTENTION, Severity.INFO: NEWS}
OF_STATE = {
    State.ACTIVE: GOOD,
    State.PENDING: NEWS,
    State.OFFBOARDING_SCHEDULED: ATTENTION,
    State.DEACTIVATED: QUIET,
}
OF_FEED = {
    FeedState.NEVER: QUIET,
    FeedState.FRESH: GOOD,
    FeedState.HELD: ATTENTION,
    FeedState.FAILING: BAD,
    FeedState.REFUSED: BAD,
    FeedState.SILENT: ATTENTION,
    FeedState.STALE: ATTENTION,
}
_OF_OUTCOME = {
    Outcome.APPLIED: GOOD,
    Outcome.UNCHANGED: GOOD,
    Outcome.NO_FILE: ATTENTION,
    Outcome.HELD: ATTENTION,
    Outcome.DISCARDED: QUIET,
    Outcome.REFUSED: BAD,
    Outcome.FAILED: BAD,
}


def of_outcome(outcome: Outcome, rejected: int = 0) -> str:
    """Returns the colour of an outcome. Somebody has to look at rejected rows."""
    colour = _OF_OUTCOME[outcome]
    return ATTENTION if rejected and colour == GOOD else colour


def coloured(content: str, colour: str | None) -> str:
    """Returns a text in a colour of this module, or as it is."""
    if colour is None:
        return content
    return click.style(content, dim=True) if colour == QUIET else click.style(content, fg=colour)
