"""Errors of the use cases. Those of the store, the sources and the company stand in theirs."""

from __future__ import annotations

from uuid import UUID

from domain.company_runs.rejection import RunRejected
from projections.answers.past import PRESENT, Past


class NoSource(RunRejected):
    """The company has no source, so its files cannot be fetched. They have to be named."""

    def __init__(self, company: str) -> None:
        super().__init__(f"company {company} has no source")
        self.company = company


class NobodyFound(RunRejected):
    """An identifier names no employee of the company, or (`count`) several employees.

    The text of the error does not have the identifier, which may be personal data. With `past`, the
    employees are those who were known then.
    """

    def __init__(
        self, company: str, count: int = 0, identifier: str = "", past: Past = PRESENT
    ) -> None:
        if count:
            problem = f"{count} employees of {company} have or had that {_IDENTIFIER}"
        elif past.is_present:
            problem = f"nobody in {company} has that {_IDENTIFIER}"
        else:
            problem = f"nobody in {company} was known by that {_IDENTIFIER} {past.in_words}"
        super().__init__(problem)
        self.company = company
        self.count = count
        self.identifier = identifier


_IDENTIFIER = "e-mail address, external id or id"


class ForeseenDiffers(RunRejected):
    """What the run would do is not what somebody agreed to: something has changed meanwhile."""

    def __init__(self, company: str) -> None:
        super().__init__(f"something has changed in {company} meanwhile, and nothing was done")


class HeldFilesDamaged(RunRejected):
    """The stored files of a held run are missing or altered, and cannot be applied."""

    def __init__(self, run: UUID) -> None:
        super().__init__(f"the files that run {run} holds are missing or altered")
        self.run = run
