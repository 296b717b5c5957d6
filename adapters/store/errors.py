"""Errors of a store, in a module of their own: to name one, no database driver is loaded."""

from __future__ import annotations


class Conflict(Exception):
    """Another run of the company was stored after this one was planned (R4): plan it again."""

    def __init__(self, company: str, version: int) -> None:
        super().__init__(f"company {company} has changed since version {version}")
        self.company = company
        self.version = version


DAMAGED = "`tenure verify` says what is damaged and what to do about it"
"""The hint where the database finds itself damaged, or contradicts itself."""


class StoreUnavailable(Exception):
    """The database cannot be used. `problem` tells an operator why, and `hint` what to do."""

    def __init__(self, problem: str, hint: str = "check `database` or TENURE_DATABASE") -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint


class CommitInDoubt(Exception):
    """The reply to a COMMIT was lost, and the database did not say in time what came of it."""


class StoreDamaged(Exception):
    """What is stored of a company contradicts itself: an index may hide some of it (ADR 0033)."""

    def __init__(self, company: str) -> None:
        super().__init__(f"the database is damaged: it does not find all that it has of {company}")


class KeptFileDamaged(Exception):
    """The kept file `name` is not as it was received, and cannot be applied (ADR 0025)."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the kept copy of {name} is damaged")
        self.name = name
