"""A company at one version of its stream. A plan reads as little of it as it needs (ADR 0016)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice, starmap
from uuid import UUID

from adapters.store.recorder import Query
from adapters.store.run_queries import state_of
from domain.delivery.digests import Digests
from domain.delivery.parsing import Mentions
from domain.employee.roster import Entry, Headcount, Roster, namesake_of
from projections import roster

_ENTRIES = """
    SELECT employee, starts IS NOT NULL, deactivated, address, coalesce(file_address, address),
        external_id, namesake, digest, state
    FROM roster WHERE company = ?
"""
"""The values of an `Entry`, in the order of its fields."""
_DIGESTS = "SELECT digest, employee, deactivated FROM roster WHERE company = ?"
_PENDING = "SELECT count(*) FROM roster WHERE company = ? AND starts IS NOT NULL"
_AROUND = f"""
    {_ENTRIES} AND (employee = ? OR address = ? OR file_address = ? OR external_id = ?)
"""

MAX_SHARE = 0.1
"""Rows to decide, as a share of the known employees. Above it, the whole roster is read."""
BATCH_VALUES = 500
"""Values that one statement looks up."""


class ReadTransaction:
    """A company at one version.

    Each method reads only what its caller asks for: a delivery that repeats itself needs little.
    The methods may be called while the transaction of `query` is open.
    """

    def __init__(self, query: Query, company: str) -> None:
        self._query = query
        self._company = company
        self.state = state_of(query, company)

    @cached_property
    def _digest_rows(self) -> list[tuple[bytes | None, str, int]]:
        """The digest, the id and the deactivated flag of each employee."""
        return self._query(_DIGESTS, (self._company,))

    def digests(self) -> Digests:
        """Returns the digests that recognise the rows that were accepted last."""
        return Digests(
            {digest: employee for digest, employee, _ in self._digest_rows if digest is not None},
            frozenset(employee for _, employee, deactivated in self._digest_rows if deactivated),
        )

    def everyone(self) -> Roster:
        """Returns the roster of all employees."""
        with self._query.each(_ENTRIES, (self._company,)) as rows:
            return Roster(starmap(Entry, rows), roster.load)

    def roster(self, mentions: Mentions) -> Roster:
        """Returns a roster of the employees in a delivery, or of all if that is less work."""
        known = len(self._digest_rows)
        if mentions.rows > known * MAX_SHARE:
            return self.everyone()
        deactivated = sum(1 for _, _, deactivated in self._digest_rows if deactivated)
        ((pending,),) = self._query(_PENDING, (self._company,))
        entries = {
            entry.employee: entry
            for column, values in (
                ("external_id", mentions.external_ids),
                ("address", mentions.addresses),
                ("file_address", mentions.addresses),
            )
            for entry in self._entries(column, values)
        }
        contested = (entry for key, entry in entries.items() if key in mentions.set_aside)
        names = mentions.namesakes | {namesake_of(roster.load(each.state)) for each in contested}
        entries |= {entry.employee: entry for entry in self._entries("namesake", names)}
        headcount = Headcount(known, known - deactivated, pending)
        return Roster(entries.values(), roster.load, headcount)

    def roster_around(self, employee: UUID, address: str | None, external_id: str | None) -> Roster:
        """Returns a roster of one employee, and of those with the address or the external id."""
        parameters = (self._company, employee.hex, address, address, external_id)
        return Roster(starmap(Entry, self._query(_AROUND, parameters)), roster.load)

    def _entries(self, column: str, values: Iterable[str]) -> Iterator[Entry]:
        """Yields the entries with one of the values there, `BATCH_VALUES` values a statement."""
        rest = iter(sorted(values))
        while batch := list(islice(rest, BATCH_VALUES)):
            marks = ", ".join("?" * len(batch))
            statement = f"{_ENTRIES} AND {column} IN ({marks})"
            yield from starmap(Entry, self._query(statement, (self._company, *batch)))
