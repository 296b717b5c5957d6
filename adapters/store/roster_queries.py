"""The questions about employees: who they are or were, and what is due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from adapters.escape import is_encodable
from adapters.store.event_store import EventStore, decode_event
from adapters.store.recorder import Query
from adapters.store.run_queries import state_of
from domain.addresses import address_of
from domain.company_runs.state import CompanyState
from domain.employee.aggregate import Employee
from domain.fields.cells import clean
from domain.ids import uuid_of
from domain.privacy import Redacted
from domain.schedule import Schedules
from projections import roster

_STATES = "SELECT state FROM roster WHERE company = ? ORDER BY employee"
_ALL = "SELECT company, state FROM roster ORDER BY company, employee"
_OF_ONE = "SELECT company, state FROM roster WHERE company = ? ORDER BY employee"
_WITH_KEY = """
    SELECT company, state FROM roster
    WHERE employee = ? OR external_id = ? OR file_external_id = ? OR address = ?
        OR file_address = ? OR address = ''
"""
"""No index has a key without its company, so all rows are looked at, but few are decoded. Released
employees have an empty address (I11).
"""
_WAITING = {
    "starts": "SELECT company, state FROM roster WHERE starts >= ? AND starts <= ?",
    "leaves": "SELECT company, state FROM roster WHERE leaves >= ? AND leaves <= ?",
}
_BEGINNING = """
    SELECT state FROM roster
    WHERE company = ? AND address <> ''
        AND (substr(address, 1, ?) = ? OR substr(external_id, 1, ?) = ?)
    ORDER BY deactivated, address LIMIT ?
"""
_BY_ID = "SELECT state FROM roster WHERE company = ? AND employee = ?"
_BY_EXTERNAL_ID = "SELECT state FROM roster WHERE company = ? AND external_id = ?"
_BY_ADDRESS = "SELECT state FROM roster WHERE company = ? AND address = ?"
_BY_FILE_ADDRESS = "SELECT state FROM roster WHERE company = ? AND file_address = ?"
_RELEASED = "SELECT state FROM roster WHERE company = ? AND address = ''"
_READDRESSED = """
    SELECT originator_id, originator_version, topic, state FROM stored_events
    WHERE topic IN ('registered', 'email-changed', 'file-noted') AND originator_id IN (
        SELECT originator_id FROM stored_events WHERE topic IN ('email-changed', 'file-noted')
    )
"""
"""The events with an address, of the employees that had several. No index has former addresses."""
_OF_COMPANY = " AND originator_id IN (SELECT employee FROM roster WHERE company = ?)"
DUE = """
    SELECT company, starts, leaves, state, digest FROM roster WHERE starts <= ?
    UNION
    SELECT company, starts, leaves, state, digest FROM roster WHERE leaves <= ?
"""
_DUE_OF_COMPANY = """
    SELECT company, starts, leaves, state, digest FROM roster WHERE starts <= ? AND company = ?
    UNION
    SELECT company, starts, leaves, state, digest FROM roster WHERE leaves <= ? AND company = ?
"""
DUE_COMPANIES = """
    SELECT company, min(starts), NULL FROM roster WHERE starts <= ? GROUP BY company
    UNION ALL
    SELECT company, NULL, min(leaves) FROM roster WHERE leaves <= ? GROUP BY company
"""


class Due(Redacted, frozen=True):
    """The employees of a company with something that may be due, at one version.

    Each of the `rows` is an encoded employee, and the digest of the employee's last row.
    """

    state: CompanyState
    rows: tuple[tuple[bytes, bytes | None], ...]

    def employees(self) -> list[tuple[Employee, bytes | None]]:
        """Returns each employee with the digest of the last row, in the order of registration.

        Employees are decoded only here, so damaged data of one company does not stop another
        company (R6).
        """
        loaded = [(roster.load(state), digest) for state, digest in self.rows]
        return sorted(loaded, key=lambda each: each[0].id)


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

    def with_ids(self, company: str, ids: Iterable[UUID]) -> dict[UUID, Employee]:
        """Returns the employees of a company with these ids, by id. Few ids are asked for."""
        with self._database.reading() as query:
            found = [e for each in set(ids) for e in _loaded(query, _BY_ID, company, each.hex)]
        return {employee.id: employee for employee in found}

    def everybody(
        self, company: str | None = None, may_fit: Callable[[bytes], bool] | None = None
    ) -> Iterator[tuple[str, Employee]]:
        """Yields all employees of a company, or of all, each with the key of the company.

        `may_fit` gets a snapshot, and can spare its decoding.
        """
        statement, parameters = (_ALL, ()) if company is None else (_OF_ONE, (company,))
        with self._database.reading() as query, query.each(statement, parameters) as rows:
            for key, state in rows:
                if may_fit is None or may_fit(state):
                    yield key, roster.load(state)

    def with_key(self, key: str, company: str | None = None) -> Iterator[tuple[str, Employee]]:
        """Yields who may have a key, in a company or in all: an id, an external id or an address.

        All released employees are among them: only their snapshots have their addresses.
        """
        if "\0" in key or not is_encodable(key):
            return
        employee, address = uuid_of(key), address_of(key)
        keys = (employee.hex if employee else key, key, key, address, address)
        with self._database.reading() as query:
            rows = query(_WITH_KEY, keys)
        for found, state in rows:
            if company in (None, found):
                yield found, roster.load(state)

    def beginning_with(self, company: str, part: str, limit: int) -> list[Employee]:
        """Returns the employees whose address or external id begins with `part`.

        Returns at most `limit` employees. Released employees have neither (I11).
        """
        if "\0" in part or not is_encodable(part):
            return []
        address = address_of(part) if "@" in part else part.lower()
        parts = (len(address), address, len(part), part)
        with self._database.reading() as query:
            rows = query(_BEGINNING, (company, *parts, limit))
        return [roster.load(state) for (state,) in rows]

    def waiting(
        self, what: Literal["starts", "leaves"], first: date, last: date
    ) -> list[tuple[str, Employee]]:
        """Returns the employees whose first or last day is in a range, if the clock waits for it.

        Each comes with the key of the company.
        """
        with self._database.reading() as query:
            rows = query(_WAITING[what], (first.isoformat(), last.isoformat()))
        return [(company, roster.load(state)) for company, state in rows]

    def find(self, company: str, identifier: str) -> list[Employee]:
        """Returns the employees that `identifier` names; none, one or several.

        It may be an id, an external id, an e-mail address, or an address that only the file uses.
        They are tried in this order, until one finds somebody. A value of an account that ended
        means the account that was kept (S11), unless somebody else has the value.
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
        with self._database.reading() as query:
            if employee is not None and (found := _loaded(query, _BY_ID, company, employee.hex)):
                return found
            for statement, value in questions:
                if value and (found := _loaded(query, statement, company, value)):
                    return _kept(query, company, found)
        return []

    def find_former(self, company: str, address: str) -> list[Employee]:
        """Returns the employees that had an e-mail address, which means none of them any more.

        Released employees are looked at first (I11). The last resort is to read the events.
        """
        wanted = address_of(clean(address))
        with self._database.reading() as query:
            released = [
                each
                for each in _loaded(query, _RELEASED, company)
                if wanted in (address_of(each.email), address_of(each.file_email))
            ]
            if released:
                return released
            found = [
                each
                for employee in self._owners(query, wanted, _READDRESSED + _OF_COMPANY, company)
                for each in _loaded(query, _BY_ID, company, employee.hex)
            ]
            return _kept(query, company, found)

    def former_owners(self, address: str) -> set[UUID]:
        """Returns the ids of all employees who had an e-mail address according to their events."""
        with self._database.reading() as query:
            return self._owners(query, address, _READDRESSED)

    def _owners(self, query: Query, address: str, statement: str, *parameters: str) -> set[UUID]:
        with query.each(statement, parameters) as rows:
            recorded = (decode_event(*row) for row in rows)
            return {
                each.originator_id
                for each in recorded
                if (email := getattr(each.event, "email", None)) and address_of(email) == address
            }

    def due(
        self, schedules: Schedules, until: datetime, company: str | None = None
    ) -> dict[str, Due]:
        """Returns the employees with something that may be due by `until`, by company key.

        If `company` is given, the answer has this company only.
        """
        deadlines = roster.Deadlines(schedules, until)
        starts, leaves = deadlines.latest
        employees: defaultdict[str, list[tuple[bytes, bytes | None]]] = defaultdict(list)
        with self._database.reading() as query:
            if company is None:
                rows = query(DUE, (starts, leaves))
            else:
                rows = query(_DUE_OF_COMPANY, (starts, company, leaves, company))
            for key, first_day, last_day, state, digest in rows:
                if deadlines.include(key, first_day, last_day):
                    employees[key].append((state, digest))
            states = {key: state_of(query, key) for key in sorted(employees)}
        return {key: Due(state, tuple(employees[key])) for key, state in states.items()}

    def due_companies(self, schedules: Schedules, until: datetime) -> list[str]:
        """Returns the companies in which something may be due by `until`."""
        with self._database.reading() as query:
            return sorted(companies_due(query, schedules, until))


def companies_due(query: Query, schedules: Schedules, until: datetime) -> set[str]:
    """Returns the companies in which something may be due by `until`."""
    deadlines = roster.Deadlines(schedules, until)
    rows = query(DUE_COMPANIES, deadlines.latest)
    return {company for company, *dates in rows if deadlines.include(company, *dates)}


def _loaded(query: Query, statement: str, *parameters: str) -> list[Employee]:
    return [roster.load(state) for (state,) in query(statement, parameters)]


def _kept(query: Query, company: str, found: list[Employee]) -> list[Employee]:
    """Returns the employees whose account did not end, or else those that the others mean (S11)."""
    here = [each for each in found if each.merged_into is None]
    if here or not found:
        return here
    ids = {each.merged_into.hex for each in found if each.merged_into is not None}
    following = [each for key in sorted(ids) for each in _loaded(query, _BY_ID, company, key)]
    return _kept(query, company, following)
