"""Which records of a delivery have to be read at all, and reading them.

A record that repeats an employee's last accepted row, to the letter, would change nothing, and is
set aside by its digest. That is a short cut and nothing else: without digests every record is
read, and the plan is the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from domain.company import Company
from domain.roster import Roster
from domain.row import Reading, RowReader
from domain.sheet import Sheet


class Repeat(NamedTuple):
    """A record that was set aside, and what reads it if it must be read after all."""

    reader: RowReader
    line: int
    text: str
    position: int
    digest: bytes

    def __repr__(self) -> str:
        return "<Repeat>"

    def read(self) -> Reading:
        """What it says."""
        return self.reader.read(self.line, self.text, self.position, self.digest)


def read_delivery(
    sheets: Iterable[Sheet], roster: Roster, company: Company
) -> tuple[list[Reading], dict[str, Repeat]]:
    """Every row that has to be judged, in order, and the records set aside, by employee.

    A record is set aside only while no other row speaks of the same employee.
    """
    readings: list[Reading] = []
    repeats: dict[str, Repeat] = {}
    known = roster.by_digest
    position = 0
    for sheet in sheets:
        reader = RowReader(sheet, company)
        salt = _salt(sheet, company)
        for line, text in sheet.records:
            position += 1
            digest = hashlib.blake2b(salt + text.encode(), digest_size=16).digest()
            entry = known.get(digest)
            if entry is None or entry.employee in repeats:
                readings.append(reader.read(line, text, position, digest))
            else:
                repeats[entry.employee] = Repeat(reader, line, text, position, digest)
    if repeats and readings:
        _read_contested(readings, repeats, roster)
    return readings, repeats


def _read_contested(readings: list[Reading], repeats: dict[str, Repeat], roster: Roster) -> None:
    """Reads the records that were set aside although another row speaks of their employee.

    What was set aside names its employee and nobody else, so this reaches no further.
    """
    spoken_of = {entry.employee for row, _ in readings for entry in roster.mentioned_by(row)}
    for employee in spoken_of & repeats.keys():
        readings.append(repeats.pop(employee).read())
    readings.sort(key=lambda reading: reading[0].position)


def _salt(sheet: Sheet, company: Company) -> bytes:
    """Makes digests differ where the same text would mean something else."""
    header = hashlib.blake2b(sheet.header.encode(), digest_size=16, key=company.fingerprint())
    return header.digest()
