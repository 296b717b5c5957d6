"""A company at one version of its stream, as a plan needs it: little of it, or all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice, starmap
from uuid import UUID

from adapters.store.query import Query
from domain.company_runs.state import CompanyState
from domain.delivery.digests import Digests
from domain.delivery.parsing import Mentions
from domain.employee.aggregate import Employee
from domain.employee.roster import Entry, Headcount, Roster, namesake_of
from domain.privacy import Redacted
from projections import roster, runs

MAX_SHARE = 0.1
"""Where the rows to be decided are more than this share of the people known, everyone is read."""
BATCH_VALUES = 500


class ReadTransaction:
    """A company at one version, of which only what is asked for is read: a delivery that repeats
    itself needs little.

    A read transaction may be asked while the database is held to that version.
    """

    def __init__(self, query: Query, company: str) -> None:
        self._query = query
        self._company = company
        self.state = state_of(query, company)

    @cached_property
    def _digest_rows(self) -> list[tuple[bytes | None, str, int]]:
        """The digest and id of everyone, and whether they are deactivated."""
        return self._query(roster.DIGESTS, (self._company,))

    def digests(self) -> Digests:
        """What recognises the rows that were accepted last."""
        return Digests(
            {digest: employee for digest, employee, _ in self._digest_rows if digest is not None},
            frozenset(employee for _, employee, deactivated in self._digest_rows if deactivated),
        )

    def everyone(self) -> Roster:
        """The roster of everyone."""
        with self._query.each(roster.ENTRIES, (self._company,)) as rows:
            return Roster(starmap(Entry, rows), roster.load)

    def roster(self, mentions: Mentions) -> Roster:
        """A roster of those that a delivery mentions; or of everyone, where that is less work."""
        known = len(self._digest_rows)
        if mentions.rows > known * MAX_SHARE:
            return self.everyone()
        deactivated = sum(1 for _, _, deactivated in self._digest_rows if deactivated)
        ((pending,),) = self._query(roster.PENDING, (self._company,))
        found = {
            entry.employee: entry
            for column, values in (
                ("external_id", mentions.external_ids),
                ("address", mentions.addresses),
                ("file_address", mentions.addresses),
            )
            for entry in self._entries(roster.WITH[column], values)
        }
        contested = (entry for key, entry in found.items() if key in mentions.set_aside)
        names = mentions.namesakes | {namesake_of(roster.load(each.state)) for each in contested}
        found |= {entry.employee: entry for entry in self._entries(roster.WITH_NAMESAKE, names)}
        headcount = Headcount(known, known - deactivated, pending)
        return Roster(found.values(), roster.load, headcount)

    def roster_around(self, employee: UUID, address: str | None, external_id: str | None) -> Roster:
        """A roster of one employee, and of those who have an address or an external id."""
        parameters = (self._company, employee.hex, address, address, external_id)
        return Roster(starmap(Entry, self._query(roster.AROUND, parameters)), roster.load)

    def _entries(self, statement: str, values: Iterable[str]) -> Iterator[Entry]:
        """Entries by the values of a column, so many values in each statement."""
        rest = iter(sorted(values))
        while some := list(islice(rest, BATCH_VALUES)):
            marks = ", ".join("?" * len(some))
            for row in self._query(f"{statement} IN ({marks})", (self._company, *some)):
                yield Entry(*row)


class Due(Redacted, frozen=True):
    """The people of a company for whom something may be due, at one version."""

    state: CompanyState
    rows: tuple[tuple[bytes, bytes | None], ...]

    def employees(self) -> list[tuple[Employee, bytes | None]]:
        """Each employee with the digest of their last row.

        Only here is the state of anybody read, so that one company's cannot be another's trouble
        (R6).
        """
        return [(roster.load(state), digest) for state, digest in self.rows]


def state_of(query: Query, company: str) -> CompanyState:
    """The state of a company, as its last run left it."""
    rows = query(runs.STATE, (company,))
    return runs.load_state(rows[0][0]) if rows else CompanyState()
