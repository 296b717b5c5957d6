"""Finds the records of a delivery that have to be read, and reads them.

A record that repeats an employee's last accepted row exactly would change nothing. Its digest
recognises it, and it is set aside.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from itertools import accumulate

from msgspec.structs import replace

from domain.company import Company
from domain.delivery.digests import NO_DIGESTS, Digests, digest_of, salt_of
from domain.delivery.records import Sheet
from domain.delivery.row import Row, RowReader
from domain.employee.roster import Roster, namesake_key
from domain.privacy import Redacted


class Mentions(Redacted, frozen=True):
    """The keys by which rows may mean an employee: the domain asks a store for these employees.

    The domain needs all employees with one of the external ids or addresses. It also needs all
    employees without an external id who have a namesake key in `namesakes`, or the names of an
    employee who is mentioned and whose own record was set aside (`set_aside`): that record is read
    after all, and may then mean a new employee (I5). `rows` is the number of rows.
    """

    rows: int
    addresses: Set[str]
    external_ids: Set[str]
    namesakes: Set[str]
    set_aside: Collection[str]


class ParsedDelivery(Redacted, frozen=True):
    """A delivery of which only the necessary records were read.

    `rows` are the rows to decide, in order. `recognised` is the number of records that were set
    aside, and `deactivated` are those of their employees who are deactivated. `positions` maps an
    employee to the position of the record that was set aside; it is empty if there is no row to
    decide, because it is not needed then. `employees` are the ids of the employees whose record was
    set aside at first.
    """

    sheets: Sequence[Sheet]
    company: Company
    rows: Sequence[Row]
    recognised: int
    deactivated: Set[str]
    positions: Mapping[str, int]
    employees: Sequence[str] = ()

    def mentions(self) -> Mentions:
        """Returns the keys by which the rows may mean an employee."""
        rows = self.rows
        return Mentions(
            rows=len(rows),
            addresses={row.address for row in rows},
            external_ids={row.external_id for row in rows if row.external_id is not None},
            namesakes={namesake_key(row) for row in rows if row.external_id is None},
            set_aside=self.positions.keys(),
        )

    def with_contested(self, roster: Roster) -> ParsedDelivery:
        """Returns the delivery with more records read: those whose employee another row mentions.

        A record that was set aside mentions only its own employee, so that no further record has to
        be read because of it.
        """
        mentioned = {entry.employee for row in self.rows for entry in roster.mentioned_by(row)}
        contested = mentioned & self.positions.keys()
        if not contested:
            return self
        read = _read_at(self.sheets, self.company, [self.positions[each] for each in contested])
        return replace(
            self,
            rows=sorted([*self.rows, *read], key=lambda row: row.position),
            recognised=self.recognised - len(contested),
            deactivated=self.deactivated - contested,
            positions={
                employee: position
                for employee, position in self.positions.items()
                if employee not in contested
            },
        )


def parse_delivery(sheets: Sequence[Sheet], digests: Digests, company: Company) -> ParsedDelivery:
    """Returns the rows of a delivery, without the records that `digests` recognise.

    `sheets` are in the order of D3. At most one record is set aside for each employee. No record is
    set aside if there are several files, because a row of one file may contest any row of another.
    """
    rows: list[Row] = []
    employees: list[str] = []
    positions: list[int] = []
    # A digest that was found is removed, so that a second identical record is read.
    take = dict((NO_DIGESTS if len(sheets) > 1 else digests).employees).pop
    blake2b = hashlib.blake2b
    position = 0
    for sheet in sheets:
        reader, salt = RowReader(sheet, company), salt_of(sheet, company)
        first = position + 1
        # This is the whole work for nearly every record, so `digest_of` is written out here.
        for position, text in enumerate(sheet.texts, first):
            digest = blake2b(salt + text.encode(), digest_size=16).digest()
            employee = take(digest, None)
            if employee is None:
                line = sheet.lines[position - first]
                rows.append(reader.read(line, text, position, digest))
            else:
                employees.append(employee)
                positions.append(position)
    deactivated = digests.deactivated
    return ParsedDelivery(
        sheets=sheets,
        company=company,
        rows=rows,
        recognised=len(employees),
        deactivated=deactivated and deactivated.intersection(employees),
        positions=dict(zip(employees, positions, strict=True)) if rows else {},
        employees=employees,
    )


def _read_at(sheets: Sequence[Sheet], company: Company, positions: Iterable[int]) -> Iterator[Row]:
    """Yields the rows at some positions of a delivery."""
    ends = list(accumulate(len(sheet.texts) for sheet in sheets))
    readers = [(RowReader(sheet, company), salt_of(sheet, company)) for sheet in sheets]
    for position in positions:
        number = bisect_right(ends, position - 1)
        sheet, (reader, salt) = sheets[number], readers[number]
        index = position - 1 - (ends[number] - len(sheet.texts))
        text = sheet.texts[index]
        yield reader.read(sheet.lines[index], text, position, digest_of(salt, text))
