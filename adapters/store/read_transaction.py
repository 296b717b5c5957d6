"""A company at one version of its stream. A plan reads as little of it as it needs (ADR 0016)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from datetime import datetime
from functools import cached_property
from itertools import chain, islice, starmap, zip_longest
from typing import Any, NamedTuple
from uuid import UUID

from adapters.store.errors import StoreDamaged
from adapters.store.recorder import Query
from adapters.store.run_queries import state_of
from adapters.store.standing import absent_of
from domain.delivery.digests import Digests
from domain.delivery.facts import Absentee
from domain.delivery.parsing import Mentions
from domain.employee.commands import NO_KEYS, LookupKeys
from domain.employee.roster import Entry, Headcount, Roster, namesake_of
from projections import recent, roster
from projections.absence import AbsentRow

_ENTRIES = """
    SELECT employee, starts IS NOT NULL, deactivated, address, coalesce(file_address, address),
        external_id, namesake, digest, state, file_external_id, merged_into
    FROM roster WHERE company = ?
"""
"""The values of an `Entry`, in the order of its fields."""
_IDS = "SELECT employee FROM roster WHERE company = ?"
_KEY_COLUMNS = ("external_id", "file_external_id", "address", "file_address")
_DIGESTS = "SELECT digest, employee, deactivated FROM roster WHERE company = ?"
_PENDING = "SELECT count(*) FROM roster WHERE company = ? AND starts IS NOT NULL"
_RECENT = "SELECT measure, employee FROM recent WHERE company = ? AND at > ?"
_OPEN = """
    SELECT key FROM open_issues
    WHERE company = ? AND lasting = 1
        AND (severity = 'error' OR code IN ('already-left', 'left-out'))
"""
_AROUND = f"""
    {_ENTRIES} AND (
        employee IN (?, ?) OR address = ? OR file_address = ? OR external_id = ?
        OR file_external_id = ?
    )
"""

MAX_SHARE = 0.1
"""Rows to decide, as a share of the known employees. Above it, the whole roster is read."""
BATCH_VALUES = 500
"""Values that one statement looks up by index."""
SCAN_VALUES = 10_000
"""Values of each kind that one statement compares with all employees. SQLite takes 32,766 in all.
"""


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
        statement = f"{_ENTRIES} ORDER BY employee"
        with (
            self._query.in_key_order(),
            self._query.each(statement, (self._company,)) as rows,
        ):
            return Roster(starmap(Entry, rows), roster.load)

    def roster(self, mentions: Mentions) -> Roster:
        """Returns a roster of the employees in a delivery, or of all if that is less work.

        Raises `StoreDamaged` if an index of the database hides one of them.
        """
        known, keys = len(self._digest_rows), _Keys(mentions.addresses, mentions.external_ids)
        if mentions.rows > known * MAX_SHARE:
            everyone = self.everyone()
            self._require_nobody_else(everyone.entries, keys, everyone=True)
            return everyone
        ((pending,),) = self._query(_PENDING, (self._company,))
        entries = {
            entry.employee: entry
            for column, values in keys.columns
            for entry in self._entries(column, values)
        }
        self._require_nobody_else(entries.values(), keys)
        entries |= {entry.employee: entry for entry in self._kept(entries.values())}
        contested = (entry for key, entry in entries.items() if key in mentions.set_aside)
        names = mentions.namesakes | {namesake_of(roster.load(each.state)) for each in contested}
        entries |= {entry.employee: entry for entry in self._entries("namesake", names)}
        employed = [key for _, key, deactivated in self._digest_rows if not deactivated]
        headcount = Headcount(known, len(employed), pending)
        return Roster(entries.values(), roster.load, headcount, employed)

    def recent(self, after: datetime) -> Mapping[str, frozenset[str]]:
        """Returns the ids of the employees that files changed later than `after`, by measure."""
        return recent.people(self._query(_RECENT, (self._company, recent.moment(after))))

    def open_issues(self) -> frozenset[str]:
        """Returns the keys of the issues for which the safeguard counts no row again (B1, B5).

        The last applied delivery said them. Those of a held delivery do not count.
        """
        return frozenset(key for (key,) in self._query(_OPEN, (self._company,)))

    def absentees(
        self, absent: Set[str], number: int, after: int, now: datetime
    ) -> tuple[Absentee, ...]:
        """Returns the `absent` employees that the last `after` full deliveries lack (Q4).

        The present delivery has this `number`, and is one of these deliveries.
        """
        if not absent:
            return ()
        known = absent_of(self._query, self._company)
        new = AbsentRow(self._company, "", now.isoformat(), number)
        rows = {employee: known.get(employee, new) for employee in absent}
        since = {
            employee: datetime.fromisoformat(row.since)
            for employee, row in rows.items()
            if number - row.delivery + 1 >= after
        }
        entries = self._entries("employee", since)
        return tuple(Absentee(roster.load(each.state), since[each.employee]) for each in entries)

    def roster_around(self, employee: UUID, keys: LookupKeys = NO_KEYS) -> Roster:
        """Returns a roster of one employee, and of those that the keys mean.

        Raises `StoreDamaged` if an index of the database hides one of them.
        """
        address, external_id = keys.address, keys.external_id
        other = None if keys.employee is None else keys.employee.hex
        keys_of_others = (address, address, external_id, external_id)
        parameters = (self._company, employee.hex, other, *keys_of_others)
        entries = list(starmap(Entry, self._query(_AROUND, parameters)))
        known = _Keys({address} if address else set(), {external_id} if external_id else set())
        self._require_nobody_else(entries, known)
        return Roster((*entries, *self._kept(entries)), roster.load)

    def _kept(self, entries: Iterable[Entry]) -> list[Entry]:
        """Returns the employees that ended accounts among `entries` mean, if they are missing."""
        known = {entry.employee: entry for entry in entries}
        missing = {each.merged_into for each in known.values() if each.merged_into} - known.keys()
        if not missing:
            return []
        kept = list(self._entries("employee", missing))
        return [*kept, *self._kept((*known.values(), *kept))]

    def _entries(self, column: str, values: Iterable[str]) -> Iterator[Entry]:
        return starmap(Entry, self._by_index(_ENTRIES, column, values))

    def _by_index(
        self, select: str, column: str, values: Iterable[str]
    ) -> Iterator[tuple[Any, ...]]:
        """Yields the rows with one of the values there, `BATCH_VALUES` values a statement."""
        for batch in _batches(values, BATCH_VALUES):
            statement = f"{select} AND {column} IN ({_marks(batch)})"
            yield from self._query(statement, (self._company, *batch))

    def _require_nobody_else(
        self, entries: Collection[Entry], keys: _Keys, *, everyone: bool = False
    ) -> None:
        """Raises `StoreDamaged` if somebody has one of the keys who is not among the entries.

        Keys that no entry has are asked for again: in the indexes alone, and in the table without
        them. So no index alone decides that somebody is new (ADR 0033). `everyone` says that the
        entries are the table without the indexes.
        """
        if not self.state.changed:
            return  # nobody was ever registered
        unknown = keys.without(entries)
        found = chain(
            *(self._by_index(_IDS, column, values) for column, values in unknown.columns),
            () if everyone else self._without_index(unknown),
        )
        if {employee for (employee,) in found} - {entry.employee for entry in entries}:
            raise StoreDamaged(self._company)

    def _without_index(self, keys: _Keys) -> Iterator[tuple[Any, ...]]:
        """Yields the ids of the employees with one of the keys, from the table in key order."""
        batches = (_batches(values, SCAN_VALUES) for _, values in keys.columns)
        for of_columns in zip_longest(*batches, fillvalue=()):
            asked = [pair for pair in zip(_KEY_COLUMNS, of_columns, strict=True) if pair[1]]
            # `|| ''` hides a column from its index.
            equal = " OR ".join(f"{name} || '' IN ({_marks(values)})" for name, values in asked)
            parameters = chain.from_iterable(values for _, values in asked)
            statement = f"{_IDS} AND ({equal}) ORDER BY employee"
            with self._query.in_key_order():
                rows = self._query(statement, (self._company, *parameters))
            yield from rows


class _Keys(NamedTuple):
    """Addresses and external ids, by which rows and commands name employees."""

    addresses: Set[str]
    external_ids: Set[str]

    @property
    def columns(self) -> Iterator[tuple[str, Set[str]]]:
        """Yields each column that may have one of the keys, and the keys for it."""
        values = (self.external_ids, self.external_ids, self.addresses, self.addresses)
        return zip(_KEY_COLUMNS, values, strict=True)

    def without(self, entries: Collection[Entry]) -> _Keys:
        """Returns the keys that none of the entries has at present."""
        return _Keys(
            self.addresses - {entry.address for entry in entries},
            self.external_ids - {entry.external_id for entry in entries},
        )


def _batches(values: Iterable[str], size: int) -> Iterator[Sequence[str]]:
    rest = iter(sorted(values))
    while batch := list(islice(rest, size)):
        yield batch


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))
