"""The rows of newer files about known people, found by names and birthday (D3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from domain.delivery.likeness import names_of
from domain.delivery.row import Row
from domain.employee.roster import Roster
from domain.privacy import Redacted

_Key = tuple[str, str, date | None]


class NewerRows(Redacted, frozen=True):
    """Rows that mention somebody known, by what tells that two rows are about one person.

    A key leads to the newest two rows that differ in address or external id, each with the number
    of its file, newest first: of two such rows one differs from any third row.
    """

    by_key: dict[_Key, tuple[tuple[int, Row], ...]]

    def same_person(self, row: Row, file: int) -> Row | None:
        """The row of a newer file that has the person of `row` under another address or number.

        Where only the newer row has a number, one name or the birthday tells: a person that the
        customer's number identifies may have got another name. Elsewhere both names must be the
        same. Two rows with two different birthdays are about two people.
        """
        if not self.by_key:
            return None
        for key in _asked(row):
            for number, newer in self.by_key.get(key, ()):
                another = (newer.address, newer.external_id) != (row.address, row.external_id)
                if number > file and another:
                    return newer
        return None


def newer_rows(files: Sequence[Sequence[Row]], roster: Roster) -> NewerRows:
    """The index of all rows of `files`, oldest file first, that mention somebody in `roster`."""
    by_key: dict[_Key, tuple[tuple[int, Row], ...]] = {}
    for number in range(len(files) - 1, 0, -1):  # no row of the oldest file is newer than another
        for row in files[number]:
            if next(roster.mentioned_by(row), None) is None:
                continue
            for key in _answered(row):
                found = by_key.get(key, ())
                identity = (row.address, row.external_id)
                if len(found) < 2 and all(
                    (each.address, each.external_id) != identity for _, each in found
                ):
                    by_key[key] = (*found, (number, row))
    return NewerRows(by_key)


def _answered(row: Row) -> Iterator[_Key]:
    """The keys under which a newer row is found."""
    birthday = _birthday(row)
    for name in _names(row, alone=row.external_id is not None):
        yield "name", name, birthday
        yield "name of any birthday", name, None
    if row.external_id is not None and birthday is not None:
        yield "birthday", "", birthday


def _asked(row: Row) -> Iterator[_Key]:
    """The keys under which an older row looks for its person."""
    birthday = _birthday(row)
    for name in _names(row, alone=row.external_id is None):
        if birthday is None:
            yield "name of any birthday", name, None
        else:
            yield "name", name, birthday
            yield "name", name, None
    if row.external_id is None and birthday is not None:
        yield "birthday", "", birthday


def _names(row: Row, *, alone: bool) -> Iterator[str]:
    """Both names together, and each of them `alone`."""
    first, last = names_of(row)
    yield f"{first} {last}"
    if alone:
        yield f"{first} …"
        yield f"… {last}"


def _birthday(row: Row) -> date | None:
    return row.details.birthday or None
