"""The questions about employees: who they are or were, and what is due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from adapters.escape import is_encodable
from adapters.store.event_store import EventStore
from adapters.store.run_queries import state_of
from domain.company_runs.state import CompanyState
from domain.employee.aggregate import Employee, fold
from domain.employee.statement import address_of
from domain.fields.cells import clean
from domain.ids import uuid_of
from domain.privacy import Redacted
from domain.schedule import Schedule
from projections import roster

_STATES = "SELECT state FROM roster WHERE company = ? ORDER BY employee"
_BY_ID = "SELECT state FROM roster WHERE company = ? AND employee = ?"
_BY_EXTERNAL_ID = "SELECT state FROM roster WHERE company = ? AND external_id = ?"
_BY_ADDRESS = "SELECT state FROM roster WHERE company = ? AND address = ?"
_BY_FILE_ADDRESS = "SELECT state FROM roster WHERE company = ? AND file_address = ?"
DUE = """
    SELECT company, state, digest FROM roster WHERE starts <= ?
    UNION
    SELECT company, state, digest FROM roster WHERE leaves <= ?
"""
_DUE_OF_COMPANY = """
    SELECT company, state, digest FROM roster WHERE starts <= ? AND company = ?
    UNION
    SELECT company, state, digest FROM roster WHERE leaves <= ? AND company = ?
"""
_DUE_COMPANIES = """
    SELECT company FROM roster WHERE starts <= ?
    UNION
    SELECT company FROM roster WHERE leaves <= ?
    ORDER BY company
"""


class Due(Redacted, frozen=True):
    """The employees of a company with something that may be due, at one version.

    Each of the `rows` is an encoded employee, and the digest of the employee's last row.
    """

    state: CompanyState
    rows: tuple[tuple[bytes, bytes | None], ...]

    def employees(self) -> list[tuple[Employee, bytes | None]]:
        """Returns each employee with the digest of the employee's last row.

        Employees are decoded only here, so damaged data of one company does not stop another
        company (R6).
        """
        return [(roster.load(state), digest) for state, digest in self.rows]


class RosterQueries:
    """Asks about employees. Each method asks one state of the database."""

    def __init__(self, events: EventStore) -> None:
        self._events = events
        self._database = events.database

    def employees(self, company: str) -> Iterator[Employee]:
        """Yields all employees of a company, in the order of their registration."""
        with self._database.reading() as query, query.each(_STATES, (company,)) as rows:
            for (state,) in rows:
                yield roster.load(state)

    def as_of(self, company: str, moment: datetime) -> Iterator[Employee]:
        """Yields all employees as they were at `moment`, by when events took effect."""
        for employee in self.employees(company):
            if employee.effective <= moment:
                yield employee
            else:
                past = (each for each in self._events.of(employee.id) if each.effective <= moment)
                earlier = fold(None, past)
                if earlier is not None:
                    yield earlier

    def find(self, company: str, identifier: str) -> list[Employee]:
        """Returns the employees that `identifier` names; none, one or several.

        It may be an id, an external id, an e-mail address, or an address that only the file uses.
        They are tried in this order, until one finds somebody.
        """
        identifier = clean(identifier)
        if "\0" in identifier or not is_encodable(identifier):
            return []
        address = address_of(identifier)
        questions = [
            (_BY_EXTERNAL_ID, identifier),
            (_BY_ADDRESS, address),
            (_BY_FILE_ADDRESS, address),
        ]
        employee = uuid_of(identifier)
        if employee is not None:
            questions.insert(0, (_BY_ID, employee.hex))
        with self._database.reading() as query:
            for statement, value in questions:
                rows = query(statement, (company, value))
                if rows:
                    return [roster.load(state) for (state,) in rows]
        return []

    def due(
        self, schedule: Schedule, until: datetime, company: str | None = None
    ) -> dict[str, Due]:
        """Returns the employees with something that may be due by `until`, by company key.

        If `company` is given, the answer has this company only.
        """
        starts, leaves = roster.last_dates(schedule, until)
        employees: defaultdict[str, list[tuple[bytes, bytes | None]]] = defaultdict(list)
        with self._database.reading() as query:
            if company is None:
                rows = query(DUE, (starts, leaves))
            else:
                rows = query(_DUE_OF_COMPANY, (starts, company, leaves, company))
            for key, state, digest in rows:
                employees[key].append((state, digest))
            states = {key: state_of(query, key) for key in sorted(employees)}
        return {key: Due(state, tuple(employees[key])) for key, state in states.items()}

    def due_companies(self, schedule: Schedule, until: datetime) -> list[str]:
        """Returns the companies in which something may be due by `until`."""
        with self._database.reading() as query:
            rows = query(_DUE_COMPANIES, roster.last_dates(schedule, until))
        return [company for (company,) in rows]
