"""The employees of a company while the files of a delivery are matched, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from msgspec.structs import replace

from domain.delivery.match import Match, Rejected, Superseded, known_match
from domain.employee.roster import Entry, Roster
from domain.privacy import Redacted

_NOTHING: Mapping[str, str] = MappingProxyType({})


class People(Redacted, frozen=True):
    """The roster, with the claims of the earlier files over it.

    `matches` are the employees that rows mean, by key. `keys_by_address` and `keys_by_external_id`
    hold the keys of the matches with a new address or external id. `keys_of_left` holds the keys of
    new employees who left before they got an account, by every address that a row gives them. Such
    an employee does not occupy an address, but a later row with the address is about this employee.
    `caught_up` holds the keys of employees whose former address in the file is free (I8).
    """

    roster: Roster
    matches: Mapping[str, Match] = MappingProxyType({})
    keys_by_address: Mapping[str, str] = _NOTHING
    keys_by_external_id: Mapping[str, str] = _NOTHING
    keys_of_left: Mapping[str, str] = _NOTHING
    caught_up: frozenset[str] = frozenset()
    rejected: tuple[Rejected, ...] = ()
    superseded: tuple[Superseded, ...] = ()

    def with_external_id(self, external_id: str | None) -> Match | None:
        """Returns the employee with an external id, or `None` (I1)."""
        if external_id is None:
            return None
        key = self.keys_by_external_id.get(external_id)
        if key is not None:
            return self.matches[key]
        entry = self.roster.with_external_id(external_id)
        return None if entry is None else self._match_of(entry)

    def with_former_external_id(self, external_id: str | None) -> Match | None:
        """Returns the employee for whom the file had an external id, or `None` (L8, S10)."""
        entry = self.roster.with_former_external_id(external_id)
        return None if entry is None else self._match_of(entry)

    def _match_of(self, entry: Entry) -> Match:
        match = self.matches.get(entry.employee)
        if match is not None:
            return match
        match = known_match(entry, self.roster)
        if match.key in self.caught_up:
            return replace(match, file_address=match.address)
        return match

    def behind(self, address: str) -> Match | None:
        """Returns the employee who has an address, if the file has another one so far (I8)."""
        match = self.matches.get(self.keys_by_address.get(address, ""))
        if match is None:
            entry = self.roster.at_address(address)
            if entry is None or entry.address != address or entry.file_address == address:
                return None
            match = self._match_of(entry)
        return match if match.address == address != match.file_address else None

    def with_caught_up(self, found: Iterable[Match]) -> People:
        """Returns the people after the file has caught up with the addresses of `found` (I8).

        Their former addresses in the file are free.
        """
        behind = {match.key: match for match in found}
        if not behind:
            return self
        matches = {
            key: replace(match, file_address=match.address) if key in behind else match
            for key, match in self.matches.items()
        }
        return replace(self, matches=matches, caught_up=self.caught_up | behind.keys())

    def at_address(self, address: str) -> Match | None:
        """Returns the employee at an address after the earlier claims, or `None` (I1, I8).

        The employee has the address, or the file uses the address for the employee.
        """
        match = self.matches.get(self.keys_by_address.get(address, ""))
        if match is not None and address in match.addresses:
            return match
        entry = self.roster.at_address(address)
        if entry is None:
            return None
        match = self._match_of(entry)
        return match if address in match.addresses else None

    def left_at(self, address: str) -> Match | None:
        """Returns the employee at an address who left before getting an account, or `None`."""
        return self.matches.get(self.keys_of_left.get(address, ""))

    def _is_free(self, address: str) -> bool:
        return self.at_address(address) is None

    def with_matches(
        self,
        matches: Iterable[Match],
        rejected: Iterable[Rejected] = (),
        superseded: Iterable[Superseded] = (),
    ) -> People:
        """Returns the people with these matches; each replaces any earlier match with its key."""
        by_key, by_address = dict(self.matches), dict(self.keys_by_address)
        by_external_id, left = dict(self.keys_by_external_id), dict(self.keys_of_left)
        for match in matches:
            by_key[match.key] = match
            if match.left:
                left.update((row.address, match.key) for row in match.rows)
            elif match.entry is None or match.file_address != match.entry.file_address:
                by_address[match.address] = match.key
            by_address.update((each, match.key) for each in match.kept if self._is_free(each))
            known_id = match.entry.external_id if match.entry is not None else None
            if match.external_id is not None and match.external_id != known_id:
                by_external_id[match.external_id] = match.key
        return People(
            self.roster,
            by_key,
            by_address,
            by_external_id,
            left,
            self.caught_up,
            (*self.rejected, *rejected),
            (*self.superseded, *superseded),
        )
