"""The employees of a company, and how a plan looks up an employee by identity."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from operator import attrgetter
from uuid import UUID

from domain.addresses import address_of
from domain.employee.aggregate import Employee
from domain.employee.events import State
from domain.employee.statement import Statement
from domain.privacy import Redacted


class Entry(Redacted, frozen=True, gc=False):
    """One employee, with the values for look-up. `state` holds everything else as a snapshot.

    `address` and `file_address` are in the form in which addresses are compared (I1). `namesake` is
    set for an employee without an external id (I5). `digest` recognises the last accepted row. The
    digest is a cache and can be missing. A released employee has empty addresses and no external id
    (I11). The keys of an employee who is `merged_into` another one mean that other one (S11).
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
    file_external_id: str | None = None
    merged_into: str | None = None

    @property
    def addresses(self) -> tuple[str, str]:
        """Returns the present address of the employee, and the address in the file (I8)."""
        return self.address, self.file_address


def namesake_of(employee: Employee) -> str:
    """Returns the key that is the same for all employees with the same names (I5)."""
    return _namesake(employee.details.first_name, employee.details.last_name)


def namesake_key(said: Statement) -> str:
    """Returns the namesake key of the employee in a statement (I5)."""
    return _namesake(str(said.details.first_name), str(said.details.last_name))


def _namesake(first_name: str, last_name: str) -> str:
    return f"{first_name}\n{last_name}".casefold()


class Headcount(Redacted, frozen=True):
    """The numbers of employees of a company.

    `known` counts all employees, `employed` the known employees who are not deactivated, and
    `pending` the employed employees who are pending.
    """

    known: int
    employed: int
    pending: int

    @property
    def active(self) -> int:
        """Returns the number of employees who can log in (B1)."""
        return self.employed - self.pending


class Roster:
    """The employees of a company, at one version of the company's stream.

    A roster holds all employees, or at least all employees that the rows of a delivery mention.
    `headcount` counts, and `employed` has, all employees in both cases. The state of an employee is
    decoded only on request, and an index is built only when it is used.
    """

    def __init__(
        self,
        entries: Iterable[Entry],
        load: Callable[[bytes], Employee],
        headcount: Headcount | None = None,
        employed: Iterable[str] | None = None,
    ) -> None:
        self.entries = list(entries)
        self._load = load
        self._headcount = headcount
        self._employed = employed

    @classmethod
    def of(cls, employees: Iterable[Employee]) -> Roster:
        """Returns a roster of employees that are in memory."""
        at_hand = {employee.id.bytes: employee for employee in employees}
        return cls(
            (entry_of(each, None, key) for key, each in at_hand.items()), at_hand.__getitem__
        )

    def after(self, employees: Iterable[Employee]) -> Roster:
        """Returns the roster to which `employees` are added; they replace their earlier entries."""
        at_hand = {employee.id.bytes: employee for employee in employees}
        changed = {each.id.hex: entry_of(each, None, key) for key, each in at_hand.items()}
        kept = (entry for entry in self.entries if entry.employee not in changed)

        def load(state: bytes) -> Employee:
            return at_hand.get(state) or self._load(state)

        return Roster((*kept, *changed.values()), load, self._headcount, self._employed)

    @cached_property
    def headcount(self) -> Headcount:
        """Returns the numbers of employees."""
        if self._headcount is not None:
            return self._headcount
        employed = sum(1 for entry in self.entries if not entry.deactivated)
        pending = sum(1 for entry in self.entries if entry.pending)
        return Headcount(len(self.entries), employed, pending)

    @cached_property
    def employed(self) -> frozenset[str]:
        """Returns the ids of all employees who are not deactivated."""
        if self._employed is not None:
            return frozenset(self._employed)
        return frozenset(entry.employee for entry in self.entries if not entry.deactivated)

    @cached_property
    def _by_id(self) -> dict[str, Entry]:
        return {entry.employee: entry for entry in self.entries}

    @cached_property
    def _by_address(self) -> dict[str, Entry]:
        """The owner of each address: who has it, before whom the file uses it for."""
        ended = [entry for entry in self.entries if entry.merged_into is not None]
        here = [entry for entry in self.entries if entry.merged_into is None]
        by_address = {address: self._kept(each) for each in ended for address in each.addresses}
        by_address.update((entry.file_address, entry) for entry in here)
        by_address.update((entry.address, entry) for entry in here)
        by_address.pop("", None)
        return by_address

    @cached_property
    def _by_external_id(self) -> dict[str, Entry]:
        ended = [entry for entry in self.entries if entry.merged_into is not None]
        by_id = {entry.external_id: self._kept(entry) for entry in ended if entry.external_id}
        by_id.update(
            (entry.external_id, entry)
            for entry in self.entries
            if entry.external_id is not None and entry.merged_into is None
        )
        return by_id

    @cached_property
    def _by_file_external_id(self) -> dict[str, Entry]:
        return {
            entry.file_external_id: entry
            for entry in self.entries
            if entry.file_external_id is not None and entry.merged_into is None
        }

    @cached_property
    def _ended(self) -> dict[str, list[Entry]]:
        """The employees that were merged into another one, by the id of that one."""
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            if entry.merged_into is not None:
                found.setdefault(self._kept(entry).employee, []).append(entry)
        return found

    def _kept(self, entry: Entry) -> Entry:
        """Returns the employee that the keys of an ended account mean (S11)."""
        while entry.merged_into is not None:
            entry = self._by_id[entry.merged_into]
        return entry

    @cached_property
    def _by_namesake(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {}
        for entry in sorted(self.entries, key=attrgetter("employee")):
            if entry.namesake is not None:
                found.setdefault(entry.namesake, []).append(entry)
        return found

    def with_id(self, employee: UUID) -> Entry | None:
        """Returns the entry of the employee with a Tenure id, or `None`."""
        return self.by_key(employee.hex)

    def by_key(self, employee: str) -> Entry | None:
        """Returns the entry of the employee with a Tenure id in hex digits, or `None`."""
        return self._by_id.get(employee)

    def at_address(self, address: str) -> Entry | None:
        """Returns the entry of the employee with an address, or `None` (I1).

        The employee has the address at present, or the file uses it for the employee (I8).
        """
        return self._by_address.get(address)

    def with_external_id(self, external_id: str | None) -> Entry | None:
        """Returns the entry of the employee with an external id, or `None` (I1)."""
        return self._by_external_id.get(external_id) if external_id is not None else None

    def with_former_external_id(self, external_id: str | None) -> Entry | None:
        """Returns the entry of the employee who had an external id in the file, or `None` (L8).

        Support gave the employee another external id since, or took it away.
        """
        return self._by_file_external_id.get(external_id) if external_id is not None else None

    def ended(self, entry: Entry) -> Sequence[Entry]:
        """Returns the entries of the employees who were merged into the employee of `entry`."""
        return self._ended.get(entry.employee, ())

    def mentioned_by(self, said: Statement) -> Iterator[Entry]:
        """Yields the entries that a statement mentions, by external id or by address."""
        for entry in (
            self.with_external_id(said.external_id),
            self.with_former_external_id(said.external_id),
            self.at_address(said.address),
        ):
            if entry is not None:
                yield entry

    def namesakes(self, key: str) -> list[Entry]:
        """Returns the entries with a namesake key and no external id, in the order of ids (I5)."""
        return self._by_namesake.get(key, [])

    def employee(self, entry: Entry) -> Employee:
        """Returns the employee of an entry."""
        return self._load(entry.state)


def entry_of(employee: Employee, digest: bytes | None, state: bytes) -> Entry:
    """Returns the entry of an employee whose state is stored as `state`."""
    released, merged_into = employee.released, employee.merged_into
    file_external_id = employee.file_external_id
    unnamed = employee.external_id is None and not released and merged_into is None
    return Entry(
        employee.id.hex,
        employee.state is State.PENDING,
        employee.state is State.DEACTIVATED,
        "" if released else address_of(employee.email),
        "" if released else address_of(employee.file_email),
        None if released else employee.external_id,
        namesake_of(employee) if unnamed else None,
        digest,
        state,
        None if released or file_external_id == employee.external_id else file_external_id,
        None if released or merged_into is None else merged_into.hex,
    )
