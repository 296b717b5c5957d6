"""Whom the rows of a delivery mean, resolved for all of them at once (I1-I8, D3).

Rows claim employees. External ids speak first, then e-mail addresses as they stand after the
moves that external ids bring about; so the order of rows never matters, and swaps and chains of
addresses need no special case. What a row cannot have is rejected, and an older file's row about
the same employee, if there is one, stands in its place.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from domain.claim import Claim
from domain.duplicates import sentence_of_lines
from domain.employee import Employee
from domain.issues import Finding, finding
from domain.roster import Entry, Roster
from domain.row import Row
from domain.terms import Terms


class Identity:
    """Resolves the accepted rows of a delivery; afterwards `take_claims` and `rejected` tell.

    `rejected` pairs a row with every finding about it.
    """

    def __init__(self, rows: Iterable[Row], roster: Roster, terms: Terms) -> None:
        self._roster = roster
        self._terms = terms
        self._known: dict[str, Claim] = {}
        self._new: list[Claim] = []
        self._moved: dict[str, Claim] = {}
        self._left: dict[str, Claim] = {}
        self.rejected: list[tuple[Row, Sequence[Finding]]] = []

        self._named: defaultdict[str, list[Row]] = defaultdict(list)
        nameless: defaultdict[str, list[Row]] = defaultdict(list)
        self._files: dict[str, int] = {}
        self._addresses: set[str] = set()
        for row in rows:
            self._files.setdefault(row.file, len(self._files))
            self._addresses.add(row.address)
            if row.external_id is not None:
                self._named[row.external_id].append(row)
            else:
                nameless[row.address].append(row)
        unknown = self._claim_known()
        unlinked = self._link(unknown)
        self._move()
        self._register(unlinked)
        self._attach(nameless)
        self._named.clear()
        self._moved.clear()

    def take_claims(self) -> Iterator[Claim]:
        """Every employee that at least one row speaks of, once: nothing is kept of whom was taken,
        for there may be many."""
        claims = [*self._known.values(), *self._new]
        self._known.clear()
        self._new.clear()
        while claims:
            claim = claims.pop()
            if claim.rows:
                yield claim

    # External ids speak first

    def _claim_known(self) -> dict[str, list[Row]]:
        """Claims everyone whose external id is known; returns the rows with unknown ones."""
        unknown = {}
        for external_id, rows in self._named.items():
            entry = self._roster.with_external_id(external_id)
            if entry is None:
                unknown[external_id] = rows
            else:
                self._claim(entry, rows)
        return unknown

    def _link(self, unknown: dict[str, list[Row]]) -> dict[str, list[Row]]:
        """Claims whoever has no external id yet at an address of the rows (I3); returns the rest.

        Where several external ids would be linked to one employee, the oldest file has its way;
        within one file none has, nor where another id in it is at the employee's other address.
        """
        wanted: defaultdict[str, list[tuple[int, str, Entry]]] = defaultdict(list)
        unlinked = {}
        for external_id, rows in unknown.items():
            unlinked[external_id], found = self._linkable(rows)
            if found is not None and not self._disputed(*found):
                row, entry = found
                wanted[entry.employee].append((self._files[row.file], external_id, entry))
        for wishes in wanted.values():
            oldest, external_id, entry = min(wishes, key=lambda wish: wish[:2])
            if sum(1 for order, _, _ in wishes if order == oldest) == 1:
                self._claim(entry, unlinked.pop(external_id))
        return unlinked

    def _linkable(self, rows: list[Row]) -> tuple[list[Row], tuple[Row, Entry] | None]:
        """The first row at the address of somebody without an external id, and who that is.

        Also the rows that are left. One that is rejected links nobody, and is none of them (W9);
        where another file says the same external id elsewhere, it is about whoever that is.
        """
        refused: list[tuple[Row, Sequence[Finding]]] = []
        for row in rows:
            entry = self._roster.at_address(row.address)
            if entry is None or entry.external_id is not None:
                continue
            findings = self._terms.objections(self._roster.employee(entry), row)
            if not any(each.rejects for each in findings):
                return rows, (row, entry)
            refused.append((row, findings))
        if len(refused) < len(rows):
            return rows, None
        self.rejected += refused
        return [], None

    def _disputed(self, row: Row, entry: Entry) -> bool:
        """Whether the row's file means the employee by their other address and an id, too (I8)."""
        others = {*entry.addresses} - {row.address}
        return any((row.file, address) in self._named_places for address in others)

    @cached_property
    def _named_places(self) -> set[tuple[str, str]]:
        """Files and addresses of all rows with an external id; few rosters make anyone ask."""
        return {(row.file, row.address) for rows in self._named.values() for row in rows}

    def _claim(self, entry: Entry, rows: list[Row]) -> Claim:
        claim = self._known.get(entry.employee)
        if claim is None:
            claim = Claim([], entry, self._roster.employee(entry))
            self._known[entry.employee] = claim
        claim.rows += self._unopposed(claim, rows)
        return claim

    def _unopposed(self, claim: Claim, rows: Iterable[Row]) -> list[Row]:
        """The rows that nothing in the employee's own state rejects (L4, L6)."""
        return [row for row in rows if self._accepts(claim.employee, row)]

    def _accepts(self, employee: Employee | None, row: Row) -> bool:
        findings = self._terms.objections(employee, row)
        if findings and any(each.rejects for each in findings):
            self.rejected.append((row, findings))
            return False
        return True

    # Then addresses move (I2)

    def _move(self) -> None:
        """Grants every address that is free, or that its holder leaves; rejects the others.

        At first every claim is assumed to get what it wants. A claim whose address is kept by
        its holder loses its row, and so keeps its own address, which may cost another claim its
        row in turn. What is left over when nobody loses any more has room for everyone.
        """
        self._settle()
        while self._decide_contests():
            self._settle()

    def _settle(self) -> None:
        waiting = deque(claim for claim in self._known.values() if claim.target is not None)
        wanting: defaultdict[str, list[Claim]] = defaultdict(list)
        for claim in waiting:
            wanting[claim.rows[-1].address].append(claim)
        while waiting:
            claim = waiting.popleft()
            keeper = self._keeper_against(claim)
            if keeper is None:
                continue
            self._take_from(claim, "email-taken", keeper)
            if claim.target is not None:
                wanting[claim.target].append(claim)
                waiting.append(claim)
            for address in claim.entry.addresses if claim.entry else ():
                waiting.extend(wanting[address])

    def _keeper_against(self, claim: Claim) -> Entry | None:
        """Who has the address that `claim` wants, and keeps it."""
        target = claim.target
        if target is None:
            return None
        holder = self._roster.at_address(target)
        if holder is None or holder is claim.entry or not self._keeps(holder, target):
            return None
        return holder

    def _keeps(self, holder: Entry, address: str) -> bool:
        claim = self._known.get(holder.employee)
        target = claim.target if claim else None
        return target is None or target == address

    def _decide_contests(self) -> bool:
        """Where two files give one address to two employees, the older file has its way.

        Afterwards `_moved` tells who got what; whether anyone lost is the answer.
        """
        self._moved = {}
        lost = False
        moving = [claim for claim in self._known.values() if claim.target is not None]
        for claim in sorted(moving, key=lambda claim: self._files[claim.rows[-1].file]):
            winner = self._moved.setdefault(claim.rows[-1].address, claim)
            if winner is not claim:
                self._take_from(claim, "email-taken", winner)
                lost = True
        return lost

    def _holder(self, address: str) -> Claim | Entry | None:
        """Who has an address once everyone has moved."""
        moved = self._moved.get(address)
        if moved is not None:
            return moved
        entry = self._roster.at_address(address)
        if entry is None or not self._keeps(entry, address):
            return None
        return self._known.get(entry.employee, entry)

    # Then the new ones, and those who are known by address alone

    def _register(self, unlinked: dict[str, list[Row]]) -> None:
        """New employees with an external id of their own (I6), at addresses that are free.

        Those who have left already get no account (L2), and so keep no address from anyone else
        with an external id: they come last. A row without one at their address is about them.
        """
        asking = deque(self._newcomer(rows) for rows in unlinked.values())
        while asking:
            leaving: list[Claim] = []
            while asking:
                claim = asking.popleft()
                if claim.rows and self._terms.has_left(claim.said):
                    leaving.append(claim)
                elif claim.rows:
                    loser = self._grant(claim)
                    if loser is not None:
                        asking.append(loser)
            for claim in leaving:
                address = claim.rows[-1].address
                holder = self._holder(address)
                if holder is None:
                    self._moved[address] = claim
                else:
                    self._take_from(claim, "external-id-conflict", holder)
                    asking.append(claim)
        self._new.extend(claim for claim in self._moved.values() if claim.entry is None)
        self._remember_left()

    def _remember_left(self) -> None:
        """Where else newcomers were, in older files, who have left by the newest one.

        Whoever an older row would be linked with there (I3) must not be registered by another one:
        at the next pick-up it would be that newcomer, who has left.
        """
        rows = [
            (row, claim)
            for claim in self._new
            if self._terms.has_left(claim.said)
            for row in claim.rows[:-1]
        ]
        for row, claim in sorted(rows, key=lambda each: each[0].position):
            self._left.setdefault(row.address, claim)

    def _grant(self, claim: Claim) -> Claim | None:
        """Gives a newcomer the address of its last row, and returns whoever loses by that.

        The older file's newcomer displaces the younger one's. Who loses falls back on the row
        before and asks again, so the order of asking does not matter.
        """
        address = claim.rows[-1].address
        holder = self._holder(address)
        if holder is None:
            self._moved[address] = claim
            return None
        loser = claim
        rival = holder if isinstance(holder, Claim) and holder.entry is None else None
        if rival is not None and self._precedence(claim) < self._precedence(rival):
            self._moved[address] = claim
            loser, holder = rival, claim
        self._take_from(loser, "external-id-conflict", holder)
        return loser

    def _newcomer(self, rows: list[Row]) -> Claim:
        claim = Claim([], None, None)
        claim.rows += self._unopposed(claim, rows)
        return claim

    def _precedence(self, claim: Claim) -> tuple[int, str]:
        """The older file first; within a file any order will do, as long as it is always one."""
        row = claim.rows[-1]
        return self._files[row.file], row.external_id or ""

    def _attach(self, nameless: dict[str, list[Row]]) -> None:
        """Rows without an external id mean whoever has their address by now (I4, I5)."""
        known: defaultdict[str, list[Row]] = defaultdict(list)
        for address, rows in nameless.items():
            holder = self._holder(address)
            if holder is None and address in self._left:
                left = self._left[address]
                left.rows[:0] = self._unopposed(left, rows)
            elif holder is None:
                self._new.append(self._newcomer(rows))
            elif isinstance(holder, Entry):
                known[holder.employee] += rows
                self._claim(holder, [])
            elif holder.entry is not None:
                known[holder.entry.employee] += rows
            else:
                self._stack(holder, rows)
        for employee, rows in known.items():
            self._stack(self._known[employee], rows)

    def _stack(self, claim: Claim, rows: list[Row]) -> None:
        """Adds rows to a claim: a file speaks once of an employee, and best by external id."""
        named = {row.file: row for row in claim.rows}
        by_file: defaultdict[str, list[Row]] = defaultdict(list)
        for row in rows:
            by_file[row.file].append(row)
        for file, found in by_file.items():
            together = [*found, named[file]] if file in named else found
            if len(together) == 1:
                claim.rows += self._unopposed(claim, found)
                continue
            lines = sentence_of_lines(together)
            for row in found:
                self.rejected.append(
                    (row, [finding("duplicate-email", "email", row.email, lines=lines)])
                )
        claim.rows.sort(key=lambda row: row.position)
        if claim.entry is not None:
            claim.file_address_in_use = claim.entry.file_address in self._addresses

    def _take_from(self, claim: Claim, code: str, holder: Claim | Entry) -> None:
        """Rejects the claim's last row: its address is somebody else's."""
        row = claim.rows.pop()
        other = self._name(holder)
        if code == "email-taken":
            rejection = finding(code, "email", row.email, other=other)
        else:
            rejection = finding(code, "external_id", row.external_id, other=other)
        self.rejected.append((row, [rejection]))

    def _name(self, holder: Claim | Entry) -> str:
        """How a sentence to HR calls an employee: by address, and external id if there is one.

        Whoever moves in this delivery is called by the address they move to.
        """
        if isinstance(holder, Entry):
            email, external_id = self._roster.employee(holder).email, holder.external_id
        elif holder.employee is None or holder.target is not None:
            email, external_id = holder.rows[-1].email, holder.rows[-1].external_id
        else:
            email, external_id = holder.employee.email, holder.employee.external_id
        return f"{email} (external id {external_id})" if external_id else email
