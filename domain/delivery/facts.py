"""What is known of a delivery beside its rows, and what the next delivery is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from domain.employee.aggregate import Employee
from domain.privacy import Redacted


class Figure(msgspec.Struct, frozen=True, array_like=True):
    """What a measure of the safeguard counted, and the number of which a share is taken (B1)."""

    count: int
    base: int


class DeliveryFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """The facts of a delivery that was read.

    `columns` are the fields with a value in any row. `complete` is true if the last line of every
    file ends with a line end (D11). A `partial` delivery does not have all employees (D12). `named`
    is true if the command line named the files (D10). `stale` is true if the newest file is older
    than the company allows (Q3). `figures` has what each measure of the safeguard counted, if it
    counted anything (B1), by the name of the measure.
    """

    columns: tuple[str, ...] = ()
    complete: bool = True
    partial: bool = False
    named: bool = False
    stale: bool = False
    figures: Mapping[str, Figure] = {}


class LastDelivery(msgspec.Struct, frozen=True):
    """The full delivery that was applied last: what a later delivery is compared with (B1, D10).

    `newest` is the modification time of the newest file. `run` applied the delivery at `at`.
    """

    rows: int
    newest: datetime
    columns: tuple[str, ...] = ()
    complete: bool = True
    run: UUID | None = None
    at: datetime | None = None


class Absentee(Redacted, frozen=True):
    """An employee whom the last deliveries lack, and the moment of the first of them (Q4).

    There are as many deliveries as the company's policy asks for, the present one included.
    """

    employee: Employee
    since: datetime


class Comparison(Redacted, frozen=True):
    """What a delivery is compared with, and what is known of its bytes.

    `last` is the full delivery that was applied last. `newest` is the modification time of the
    newest file of this delivery, and `repeated` is true if its bytes were applied earlier, and
    others since (D10). `recent` has the ids of employees whom the changes of the last days concern,
    by the name of the measure, and `since` is the moment from which on these count (B1).
    `open_issues` has the keys of the issues that the last applied delivery left open: of rejected
    rows, of people who left, and of changes that were left out (B1, B5). `concerned` tells how many
    employees here have a value in a field that no row has any more. `absentees` are the
    employees about whom the policy decides if this delivery lacks them, too. `facts` are known
    before the rows are decided.
    """

    last: LastDelivery | None = None
    newest: datetime | None = None
    repeated: bool = False
    recent: Mapping[str, frozenset[str]] = {}
    since: datetime | None = None
    open_issues: frozenset[str] = frozenset()
    concerned: Mapping[str, int] = {}
    absentees: tuple[Absentee, ...] = ()
    facts: DeliveryFacts = DeliveryFacts()

    @property
    def measured(self) -> LastDelivery | None:
        """Returns the delivery whose rows and columns are compared with this one's (D12)."""
        return None if self.facts.partial else self.last

    @property
    def is_cut_off(self) -> bool:
        """Returns whether the last delivery ended with a line end, and this one does not (D11)."""
        return self.last is not None and self.last.complete and not self.facts.complete


NOTHING_TO_COMPARE = Comparison()
"""The comparison of a first delivery."""
