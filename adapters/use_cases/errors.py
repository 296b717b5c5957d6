"""How a use case fails, apart from its store, its source, and what the company's state rejects."""

from __future__ import annotations

from uuid import UUID

from domain.company_runs.rejection import RunRejected


class NoSource(RunRejected):
    """The company has no source: its files are named, never fetched."""

    def __init__(self, company: str) -> None:
        super().__init__(f"company {company} has no source")
        self.company = company


class NobodyFound(RunRejected):
    """Nobody in the company answers to what was asked, or (`count`) several people do."""

    def __init__(self, company: str, count: int = 0) -> None:
        super().__init__(
            f"{count} employees of {company} answer to that"
            if count
            else f"nobody in {company} has that e-mail address, external id or id"
        )
        self.company = company
        self.count = count


class HeldFilesDamaged(RunRejected):
    """The files that a run holds are not stored as they were received, and cannot be applied."""

    def __init__(self, run: UUID) -> None:
        super().__init__(f"the files that run {run} holds are not there as received")
        self.run = run
