"""Which employee one row means, after the earlier files (I1, I3, I8, L8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from domain.delivery.evidence import is_same_person, person_of
from domain.delivery.match import Match
from domain.delivery.people import People
from domain.delivery.row import Row


class AcceptedFile(NamedTuple):
    """The rows of one file that can be applied.

    `start` is the position of the first row. `named` are the rows with an external id, and
    `nameless` the rows without one.
    """

    number: int
    start: int
    named: Sequence[Row]
    nameless: Sequence[Row]
    by_address: Mapping[str, Row]
    by_external_id: Mapping[str, Row]


def accepted_file(number: int, rows: Sequence[Row]) -> AcceptedFile:
    """Returns the rows of the file with this number; the oldest file has number 0."""
    return AcceptedFile(
        number=number,
        start=min((row.position for row in rows), default=0),
        named=[row for row in rows if row.external_id is not None],
        nameless=[row for row in rows if row.external_id is None],
        by_address={row.address: row for row in rows},
        by_external_id={row.external_id: row for row in rows if row.external_id is not None},
    )


def caught_up(people: People, file: AcceptedFile) -> Iterator[Match]:
    """Yields the employees whose present address the file has, and had not so far (I8).

    The former address of such an employee is free, unless the file has the employee there: in a row
    with the employee's external id, or with the same names.
    """
    for address in file.by_address:
        match = people.behind(address)
        if match is None:
            continue
        former = file.by_address.get(match.file_address)
        if former is None or not _is_of(former, match):
            yield match


def has_row_at_home(file: AcceptedFile, row: Row, match: Match) -> bool:
    """Returns whether a file has the employee at home, and `row` has another address.

    At home is a row without an external id, with an address of the employee and the same names. If
    `row` has one of the names only, it is about somebody else who has the external id by mistake:
    the row at home says who the employee is.
    """
    if row.external_id is None or row.address in match.addresses:
        return False
    others = (file.by_address.get(each) for each in (match.address, match.file_address))
    return any(
        other is not None and other.external_id is None and _is_same(other, match)
        for other in others
    )


def meant_by_external_id(row: Row, people: People, file: AcceptedFile) -> Match | None:
    """Returns the employee that a row with an external id means, or `None` (I1, I3, L8)."""
    return _alike(
        row, _holder(row, people) or _formerly(row, people, file) or _linked(row, people, file)
    )


def meant_by_address(row: Row, people: People) -> Match | None:
    """Returns the employee that a row without an external id means, or `None` (I4, I8)."""
    return _alike(row, people.at_address(row.address) or people.left_at(row.address))


def meant_alone(row: Row, people: People) -> Match | None:
    """Returns the employee that a row means, or `None`, without the other rows of its file."""
    if row.external_id is None:
        return meant_by_address(row, people)
    return meant_by_external_id(row, people, accepted_file(0, ()))


def _alike(row: Row, match: Match | None) -> Match | None:
    """Returns `match`, or `None` if it is another person who left without an account (I12).

    Nobody holds the address and the external id of such a person.
    """
    if match is not None and match.left and not match.evidence(row).looks_alike:
        return None
    return match


def _holder(row: Row, people: People) -> Match | None:
    """Returns the employee who has the external id of a row, or `None`.

    After a rekey, a file may still have the external id for the employee who had it before. The row
    means the one of the two whose other values it has (S12).
    """
    match = people.with_external_id(row.external_id)
    if match is None:
        return None
    former = people.with_former_external_id(row.external_id)
    if former is not None and former.closeness(row) > match.closeness(row):
        return former
    return match


def _formerly(row: Row, people: People, file: AcceptedFile) -> Match | None:
    """Returns the employee for whom the file had the external id of a row, or `None` (L8).

    Support gave the employee another external id since. The row means the employee only if the row
    has the address of the employee, or the same names: the number may be somebody else's by now.
    """
    match = people.with_former_external_id(row.external_id)
    if match is None:
        return None
    other = file.by_external_id.get(match.external_id or "")
    holder = None if other is None else _holder(other, people)
    if holder is not None and holder.key == match.key:
        return None
    at_home = row.address in match.addresses and match.evidence(row).looks_alike
    return match if at_home or _is_same(row, match) else None


def _linked(row: Row, people: People, file: AcceptedFile) -> Match | None:
    """Returns the employee without an external id at the address of a row, or `None` (I3).

    The row has an unknown external id. No employee is linked if another row of the file has the
    other address of the employee.
    """
    match = people.at_address(row.address) or people.left_at(row.address)
    if match is None or match.external_id is not None:
        return None
    disputed = any(other in file.by_address for other in match.addresses if other != row.address)
    return None if disputed else match


def _is_of(row: Row, match: Match) -> bool:
    if match.external_id is not None and row.external_id is not None:
        return row.external_id == match.external_id
    return _is_same(row, match)


def _is_same(row: Row, match: Match) -> bool:
    return is_same_person(person_of(row.details), match.known)
