"""The reasons for which a run is rejected: nothing is changed, and no record is stored."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID


class RunRejected(Exception):
    """The request is rejected: there is no run, and nothing was changed."""


class SlotServed(RunRejected):
    """The pick-up slot was served already by another worker (R3)."""

    def __init__(self, company: str, slot: datetime) -> None:
        super().__init__(f"the slot {slot:%Y-%m-%d %H:%M} of {company} was served already")
        self.company = company
        self.slot = slot


class AlreadyHeld(RunRejected):
    """The same delivery is held already by `run` (B3)."""

    def __init__(self, run: UUID) -> None:
        super().__init__(f"run {run} holds this delivery already")
        self.run = run


class NotHeld(RunRejected):
    """The run does not wait for a decision (B2). `ended_by` names the run that ended it."""

    def __init__(self, run: UUID, ended_by: UUID | None = None) -> None:
        super().__init__(
            f"run {run} was decided already, by run {ended_by}"
            if ended_by
            else f"run {run} is not held"
        )
        self.run = run
        self.ended_by = ended_by


class WrongPart(RunRejected):
    """The part of a held delivery that is approved does not exist (B5). `hint` says what to do."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.hint = hint
