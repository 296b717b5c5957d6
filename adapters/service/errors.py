"""How a use case fails, apart from its store and its source."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID


class NoRun(Exception):
    """What was asked makes no run: it is declined, and nothing was done."""


class NoSource(NoRun):
    """There is nowhere to fetch from: files of this company are named, never fetched."""

    def __init__(self, company: str) -> None:
        super().__init__(f"company {company} has no source")
        self.company = company


class SlotServed(NoRun):
    """Another worker was first: the pick-up slot was served already (R3)."""

    def __init__(self, company: str, slot: datetime) -> None:
        super().__init__(f"the slot {slot:%Y-%m-%d %H:%M} of {company} was served already")
        self.company = company
        self.slot = slot


class NobodyFound(NoRun):
    """Nobody in the company answers to what was asked, or (`count`) several do."""

    def __init__(self, company: str, count: int = 0) -> None:
        super().__init__(
            f"{count} employees of {company} answer to that"
            if count
            else f"nobody in {company} has that e-mail address, external id or id"
        )
        self.company = company
        self.count = count


class NotWaiting(NoRun):
    """The run is not one that waits for a decision; `ended_by` names the one that ended it."""

    def __init__(self, run: UUID, ended_by: UUID | None = None) -> None:
        super().__init__(
            f"run {run} was decided already, by run {ended_by}"
            if ended_by
            else f"run {run} is not held"
        )
        self.run = run
        self.ended_by = ended_by


class HeldFilesDamaged(NoRun):
    """What a run holds is not there as it was received, and cannot be applied."""

    def __init__(self, run: UUID) -> None:
        super().__init__(f"the files that run {run} holds are not there as received")
        self.run = run
