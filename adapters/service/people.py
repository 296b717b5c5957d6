"""Whom somebody means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.service.errors import NobodyFound

if TYPE_CHECKING:
    from adapters.service.run import Shell
    from domain.employee import Employee


def find_one(shell: Shell, company: str, who: str) -> Employee:
    """The employee whom `who` names: an id, an external id or an e-mail address.

    Raises `NobodyFound` where that is nobody, or not one.
    """
    found = shell.store.find(company, who)
    if len(found) != 1:
        raise NobodyFound(company, len(found))
    return found[0]
