"""A company at one version, as a plan needs it: little of it, or all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice, starmap

from adapters.store.query import Query
from domain.employee import Employee
from domain.private import Private
from domain.reading import Delivered
from domain.roster import Census, Digests, Entry, Roster, namesake_of_row
from domain.row import Row
from domain.run import CompanyStream
from projections import roster, runs

_MOST = 0.1
"""Where more rows than this share of everyone known are to be judged, everyone is read."""
_AT_ONCE = 500


class Snapshot(Private, frozen=True):
    """A company at one version: its stream and everyone it knows."""

    stream: CompanyStream
    roster: Roster


class View:
    """A company at one version, of which only what is asked for is read: a delivery that repeats
    itself needs little. To be asked while the database is held to that version."""

    def __init__(self, query: Query, company: str) -> None:
        self._query = query
        self._company = company
        self.stream = stream_of(query, company)

    @cached_property
    def _everyone(self) -> list[tuple[bytes | None, str, int]]:
        """Everyone's digest and id, and whether they are deactivated."""
        return self._query(roster.DIGESTS, (self._company,))

    def digests(self) -> Digests:
        """What recognises the rows that were accepted last."""
        return Digests(
            {digest: employee for digest, employee, _ in self._everyone if digest is not None},
            frozenset(employee for _, employee, deactivated in self._everyone if deactivated),
        )

    def roster(self) -> Roster:
        """Everyone."""
        with self._query.each(roster.ENTRIES, (self._company,)) as rows:
            return Roster(starmap(Entry, rows), roster.load)

    def gather(self, delivered: Delivered) -> tuple[Delivered, Roster]:
        """The delivery with what is contested in it, and everyone whom it mentions."""
        found = self.roster_for(list(delivered.rows))
        contested = delivered.with_contested(found)
        if contested is delivered:
            return delivered, found
        return contested, self.roster_for(list(contested.rows))

    def roster_for(self, rows: Sequence[Row]) -> Roster:
        """Everyone whom rows mention, or may be mistaken for; or just everyone, where that is less
        work."""
        known = len(self._everyone)
        if len(rows) > known * _MOST:
            return self.roster()
        here = known - sum(1 for _, _, deactivated in self._everyone if deactivated)
        ((pending,),) = self._query(roster.PENDING, (self._company,))
        addresses = {row.address for row in rows}
        external_ids = {row.external_id for row in rows if row.external_id is not None}
        found = {
            entry.employee: entry
            for column, values in (
                ("external_id", external_ids),
                ("address", addresses),
                ("file_address", addresses),
            )
            for entry in self._entries(roster.WITH[column], values)
        }
        # An address that is somebody's may be free once everyone has moved (I2).
        names = {namesake_of_row(row) for row in rows if row.external_id is None}
        found |= {entry.employee: entry for entry in self._entries(roster.WITH_NAMESAKE, names)}
        return Roster(found.values(), roster.load, Census(known, here, pending))

    def _entries(self, statement: str, values: Iterable[str]) -> Iterator[Entry]:
        """Entries by the values of a column, so many at a time."""
        rest = iter(sorted(values))
        while some := list(islice(rest, _AT_ONCE)):
            marks = ", ".join("?" * len(some))
            for row in self._query(f"{statement} IN ({marks})", (self._company, *some)):
                yield Entry(*row)


class Due(Private, frozen=True):
    """Who of a company is due, at one version."""

    stream: CompanyStream
    rows: tuple[tuple[bytes, bytes | None], ...]

    def employees(self) -> list[tuple[Employee, bytes | None]]:
        """Each with the digest of their last row. Only here is anyone's state read, so that one
        company's cannot be another's trouble (R6)."""
        return [(roster.load(state), digest) for state, digest in self.rows]


def stream_of(query: Query, company: str) -> CompanyStream:
    """Where a company stands."""
    rows = query(runs.STREAM, (company,))
    return runs.load_stream(rows[0][0]) if rows else CompanyStream()
