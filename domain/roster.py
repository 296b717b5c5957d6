"""A company's people by identity: what a plan looks them up by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from uuid import UUID

from msgspec.structs import replace

from domain.employee import Employee
from domain.events import State
from domain.private import Private
from domain.row import Row, address_of


class Entry(Private, frozen=True, gc=False):
    """One employee, as the store keeps them for look-up; everything else waits in `state`.

    `address` and `file_address` are as they compare (I1); `namesake` is set for those without an
    external id (I5). `digest` recognises the last accepted row, and may be missing: it is a cache.
    """

    employee: str
    pending: bool
    deactivated: bool
    address: str
    file_address: str
    external_id: str | None
    namesake: str | None
    digest: bytes | None
    state: bytes

    @property
    def addresses(self) -> tuple[str, str]:
        """Every address that means the employee: theirs, and the one the file uses (I8)."""
        return self.address, self.file_address


def namesake_of(first_name: str, last_name: str) -> str:
    """Two people with the same namesake key have the same names (I5)."""
    return f"{first_name}\n{last_name}".casefold()


def namesake_of_row(row: Row) -> str:
    """The namesake key of whom a row names."""
    return namesake_of(str(row.details.first_name), str(row.details.last_name))


class Census(Private, frozen=True):
    """How many a company knows, how many of these are not deactivated, and how many of those are
    pending."""

    known: int
    here: int
    pending: int

    @property
    def able(self) -> int:
        """How many can log in (B1)."""
        return self.here - self.pending


class Digests(Private, frozen=True):
    """Employees by the digest of their last accepted row; `gone` are those who are deactivated."""

    employees: Mapping[bytes, str]
    gone: frozenset[str]


NO_DIGESTS = Digests({}, frozenset())
"""With these, every row of a delivery is read in full."""


class Roster:
    """Those a company knows, at one version of its stream: everyone, or at least everyone whom the
    rows that are to be judged mention. `census` counts everyone in either case.

    Entries are turned into employees only when they are asked for, and indexes are made only when
    they are used.
    """

    def __init__(
        self,
        entries: Iterable[Entry],
        load: Callable[[bytes], Employee],
        census: Census | None = None,
    ) -> None:
        self.entries = list(entries)
        self._load = load
        self._census = census

    @classmethod
    def of(cls, employees: Iterable[Employee]) -> Roster:
        """A roster of employees that are at hand."""
        at_hand = {employee.id.bytes: employee for employee in employees}
        return cls(
            (entry_of(each, None, key) for key, each in at_hand.items()), at_hand.__getitem__
        )

    def without_digests(self) -> Roster:
        """The same people, with every row of a delivery to be read in full."""
        entries = (replace(entry, digest=None) for entry in self.entries)
        return Roster(entries, self._load, self._census)

    @cached_property
    def census(self) -> Census:
        """How many there are."""
        if self._census is not None:
            return self._census
        here = sum(1 for entry in self.entries if not entry.deactivated)
        pending = sum(1 for entry in self.entries if entry.pending)
        return Census(len(self.entries), here, pending)

    @property
    def digests(self) -> Digests:
        """What recognises the rows of those in it."""
        known = [entry for entry in self.entries if entry.digest is not None]
        return Digests(
            {entry.digest: entry.employee for entry in known if entry.digest is not None},
            frozenset(entry.employee for entry in known if entry.deactivated),
        )

    @cached_property
    def _by_address(self) -> dict[str, Entry]:
        by_address = {entry.file_address: entry for entry in self.entries}
        by_address.update((entry.address, entry) for entry in self.entries)
        return by_address

    @cached_property
    def _by_external_id(self) -> dict[str, Entry]:
        return {entry.external_id: entry for entry in self.entries if entry.external_id is not None}

    @cached_property
    def _by_namesake(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            if entry.namesake is not None:
                found.setdefault(entry.namesake, []).append(entry)
        return found

    def with_id(self, employee: UUID) -> Entry | None:
        """Who has an id of ours."""
        return next((entry for entry in self.entries if entry.employee == employee.hex), None)

    def at_address(self, address: str) -> Entry | None:
        """Who is reached at an address, or is called by it in the file (I1, I8)."""
        return self._by_address.get(address)

    def with_external_id(self, external_id: str | None) -> Entry | None:
        """Who has an external id (I1)."""
        return self._by_external_id.get(external_id) if external_id is not None else None

    def mentioned_by(self, row: Row) -> Iterator[Entry]:
        """Everyone whom a row mentions, by external id or by address."""
        for entry in (self.with_external_id(row.external_id), self.at_address(row.address)):
            if entry is not None:
                yield entry

    def namesakes(self, row: Row) -> Iterator[Entry]:
        """Everyone without an external id who has the names in a row (I5)."""
        found = self._by_namesake.get(namesake_of_row(row), ())
        yield from sorted(found, key=lambda entry: entry.employee)

    def employee(self, entry: Entry) -> Employee:
        """The employee behind an entry."""
        return self._load(entry.state)


def entry_of(employee: Employee, digest: bytes | None, state: bytes) -> Entry:
    """The entry of an employee whose state is stored as `state`."""
    namesake = None
    if employee.external_id is None:
        namesake = namesake_of(employee.details.first_name, employee.details.last_name)
    return Entry(
        employee.id.hex,
        employee.state is State.PENDING,
        employee.state is State.DEACTIVATED,
        address_of(employee.email),
        address_of(employee.file_email),
        employee.external_id,
        namesake,
        digest,
        state,
    )
