"""Errors of a store, in a module of their own: to name one, no database driver is loaded."""

from __future__ import annotations


class Conflict(Exception):
    """Another run of the company was stored after this one was planned (R4): plan it again."""

    def __init__(self, company: str, version: int) -> None:
        super().__init__(f"company {company} has changed since version {version}")
        self.company = company
        self.version = version


class StoreUnavailable(Exception):
    """The database cannot be used. `problem` tells an operator why, and `hint` what to do."""

    def __init__(self, problem: str, hint: str = "check `database` or TENURE_DATABASE") -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint


class KeptFileDamaged(Exception):
    """The kept file `name` is not as it was received, and cannot be applied (ADR 0025)."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the kept copy of {name} is damaged")
        self.name = name
