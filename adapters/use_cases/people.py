"""Whom somebody means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.use_cases.errors import NobodyFound

if TYPE_CHECKING:
    from adapters.use_cases.app import App
    from domain.employee.aggregate import Employee


def find_one(app: App, company: str, who: str) -> Employee:
    """The employee whom `who` names: an id, an external id or an e-mail address.

    Raises `NobodyFound` where that is nobody, or not one.
    """
    found = app.store.find(company, who)
    if len(found) != 1:
        raise NobodyFound(company, len(found))
    return found[0]
