"""Which records of a delivery have to be read at all, and reading them.

A record that repeats an employee's last accepted row, to the letter, would change nothing, and is
set aside by its digest. That is a short cut and nothing else: without digests every record is
read, and the plan is the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence, Set

from msgspec.structs import replace

from domain.company import Company
from domain.private import Private
from domain.roster import Digests, Roster
from domain.row import Reading, Row, RowReader
from domain.sheet import Sheet


class Delivered(Private, frozen=True):
    """A delivery as far as it had to be read: `readings` are to be judged, in order.

    `repeated` counts the records that were set aside, and `gone` those among them that are about
    somebody deactivated. `repeats` tells their positions by employee; it is left out where nothing
    is to be judged, since nobody will ask.
    """

    sheets: Sequence[Sheet]
    company: Company
    readings: list[Reading]
    repeated: int
    gone: Set[str]
    repeats: Mapping[str, int]

    @property
    def rows(self) -> Iterator[Row]:
        """The rows that were read."""
        return (row for row, _ in self.readings)

    def take_readings(self) -> list[Reading]:
        """The readings, which are not kept here any longer: there may be many."""
        taken = list(self.readings)
        self.readings.clear()
        return taken

    def with_contested(self, roster: Roster) -> Delivered:
        """The delivery with those records read after all of whose employee another row speaks.

        What was set aside names its employee and nobody else, so this reaches no further.
        """
        spoken_of = {entry.employee for row in self.rows for entry in roster.mentioned_by(row)}
        contested = spoken_of & self.repeats.keys()
        if not contested:
            return self
        positions = {self.repeats[employee] for employee in contested}
        readings = [*self.readings, *_read(self.sheets, self.company, positions)]
        readings.sort(key=lambda reading: reading[0].position)
        return replace(
            self,
            readings=readings,
            repeated=self.repeated - len(contested),
            gone=self.gone - contested,
            repeats={
                employee: position
                for employee, position in self.repeats.items()
                if employee not in contested
            },
        )


def read_delivery(sheets: Sequence[Sheet], digests: Digests, company: Company) -> Delivered:
    """What of a delivery has to be read, where rows with these digests repeat what is known.

    `sheets` are in the order of D3. A record is set aside only once for each employee.
    """
    readings: list[Reading] = []
    employees: list[str] = []
    positions: list[int] = []
    # What was recognised is taken out: the same record again is read.
    take, digest_of = dict(digests.employees).pop, hashlib.blake2b
    position = 0
    for sheet in sheets:
        reader, salt = RowReader(sheet, company), _salt(sheet, company)
        first = position + 1
        # Nearly every record goes through here and no further.
        for position, text in enumerate(sheet.texts, first):
            digest = digest_of(salt + text.encode(), digest_size=16).digest()
            employee = take(digest, None)
            if employee is None:
                line = sheet.lines[position - first]
                readings.append(reader.read(line, text, position, digest))
            else:
                employees.append(employee)
                positions.append(position)
    return Delivered(
        sheets=sheets,
        company=company,
        readings=readings,
        repeated=len(employees),
        gone=digests.gone and digests.gone.intersection(employees),
        repeats=dict(zip(employees, positions, strict=True)) if readings else {},
    )


def _read(sheets: Sequence[Sheet], company: Company, positions: Set[int]) -> Iterator[Reading]:
    """The records at some positions of a delivery."""
    position = 0
    for sheet in sheets:
        reader, salt = RowReader(sheet, company), _salt(sheet, company)
        for line, text in sheet.records:
            position += 1
            if position in positions:
                digest = hashlib.blake2b(salt + text.encode(), digest_size=16).digest()
                yield reader.read(line, text, position, digest)


def _salt(sheet: Sheet, company: Company) -> bytes:
    """Makes digests differ where the same text would mean something else."""
    header = hashlib.blake2b(sheet.header.encode(), digest_size=16, key=company.fingerprint())
    return header.digest()
