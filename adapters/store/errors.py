"""How a store fails; apart, so that who only has to name a failure need not load a database."""

from __future__ import annotations


class Conflict(Exception):
    """Another run changed the company since this one was planned (R4); plan anew."""

    def __init__(self, company: str, version: int) -> None:
        super().__init__(f"company {company} is past version {version}")
        self.company = company
        self.version = version


class StoreUnavailable(Exception):
    """The database cannot be used; `problem` says why, for an operator, and `hint` what to do."""

    def __init__(self, problem: str, hint: str = "check where the database is configured") -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint
