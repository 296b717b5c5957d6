"""The colours of what an answer says, by what it means to the reader.

Only the eight basic colours are used: each terminal has them, dark or light.
"""

from __future__ import annotations

from domain.employee.events import State
from domain.issues.issue_type import Severity
from domain.outcome import Outcome

GOOD, ATTENTION, BAD, QUIET, NEWS = "green", "yellow", "red", "bright_black", "blue"

OF_SEVERITY = {Severity.ERROR: BAD, Severity.WARNING: ATTENTION, Severity.INFO: NEWS}
OF_STATE = {
    State.ACTIVE: GOOD,
    State.PENDING: NEWS,
    State.OFFBOARDING_SCHEDULED: ATTENTION,
    State.DEACTIVATED: QUIET,
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
    """Returns the colour of an outcome. Whoever has rejected rows has something to do."""
    colour = _OF_OUTCOME[outcome]
    return ATTENTION if rejected and colour == GOOD else colour
