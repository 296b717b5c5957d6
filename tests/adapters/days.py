"""The days of a company whose source a test fills: a delivery, or none, each day."""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import timedelta
from hashlib import sha256
from typing import Any

from msgspec.structs import replace

from adapters.company_settings import Customer
from adapters.progress import UNWATCHED, Progress
from adapters.sources.source import DeliveredFile, Keeper, PickUp, SourceUnreachable
from adapters.store.store import Store
from adapters.use_cases.clock import pass_clock
from adapters.use_cases.decide_held import approve, discard
from adapters.use_cases.import_delivery import import_delivery, preview_delivery
from adapters.use_cases.support import Request, support
from domain.company_runs.events import FileInfo, RunRecord
from domain.delivery.selection import Selection
from domain.employee.commands import Command, Deactivate
from domain.employee.events import State
from projections.answers.preview import PreviewDocument
from projections.runs import RunDocument
from tests.adapters.steps import NAME, Watch, a_customer, app_of, delivered, person
from tests.given import a_company

HEADER = "email,first_name,last_name,external_id,birthday,group_name,offboarding_date"
ANNA = "anna@acme.example,Anna,Bakker,1,,,"
BAD_ANNA = "anna@acme.example,Anna,Bakker,1,01-02-1990,,"
BRAM = "bram@acme.example,Bram,Smit,2,,,"
BAD_BRAM = "bram@acme.example,Bram,Smit,2,soon,,"
ODD_BRAM = "bram@acme.example,Bram,Smit,2,,Sails,"
DORA = "dora@acme.example,Dora,Dam,3,,,"
LEAVER = "dora@acme.example,Dora,Dam,3,,,2027-03-20"
ROWS = (ANNA, BAD_ANNA, BRAM, BAD_BRAM, ODD_BRAM, DORA, LEAVER)
NO_LIMITS = {
    f"max_{name}": 0
    for name in ("offboardings", "rejected_rows", "shrinkage", "already_left", "cancellations")
}


class Days:
    """The days of Acme. Every delivery comes a day after the one before."""

    def __init__(self, store: Store, **policy: Any) -> None:
        self.store = store
        self.watch = Watch()
        self.pattern, self.place = NAME.format("*"), "a directory"
        self.lies_there: Sequence[DeliveredFile] = ()
        self.unreachable = False
        self._addresses: dict[str, Set[str]] = {}
        company = a_company(policy={**NO_LIMITS, **policy})
        self.customer = replace(a_customer(company), source=self)
        self.partial = self._with(deliveries="partial")
        self.app = app_of(store, self.watch, self.customer)

    def fetch(self, limit: int, keeper: Keeper, progress: Progress = UNWATCHED) -> PickUp:
        """Returns what lies there: the part of a source that an import needs."""
        if self.unreachable:
            raise SourceUnreachable("the server does not answer")
        return PickUp(list(self.lies_there))

    def put(self, *rows: str, ending: str = "\n") -> None:
        """Puts a file of these rows in the place of what lies there, a day later."""
        self.watch.moment += timedelta(days=1)
        text = ("\n".join((HEADER, *rows)) + ending).encode()
        self.lies_there = delivered(text, modified=self.watch.moment)
        self._addresses[sha256(text).hexdigest()] = {row.partition(",")[0] for row in rows}

    def addresses(self, file: FileInfo) -> Set[str]:
        """Returns the addresses in a file that was put there."""
        return self._addresses[file.sha256 or ""]

    def here(self) -> frozenset[str]:
        """Returns the addresses of the employees who are not deactivated."""
        everyone = self.store.roster.employees("acme")
        return frozenset(each.email for each in everyone if each.state is not State.DEACTIVATED)

    def take(self, *rows: str, partial: bool = False, ending: str = "\n") -> RunDocument:
        """Imports a file of these rows. Without rows, the file is refused."""
        self.put(*rows, ending=ending)
        return self._import(self.partial if partial else self.customer)

    def again(self) -> RunDocument:
        """Imports the same file a day later: nobody took it away."""
        self.watch.moment += timedelta(days=1)
        return self._import(self.customer)

    def hold(self, *rows: str) -> RunDocument:
        """Imports a file of these rows whose last line is cut off, so that it is held (D11)."""
        return self.take(*rows, ending="")

    def fail(self) -> RunDocument:
        """Imports while the server does not answer."""
        self.watch.moment += timedelta(days=1)
        self.unreachable = True
        run = self._import(self.customer)
        self.unreachable = False
        return run

    def miss(self) -> RunDocument:
        """Imports while there is no file."""
        self.watch.moment += timedelta(days=1)
        there, self.lies_there = self.lies_there, ()
        run = self._import(self.customer)
        self.lies_there = there
        return run

    def approve(self, *, without: tuple[str, ...] = ()) -> RunDocument | None:
        """Approves the held delivery, if there is one, or all of it but some people."""
        waiting, part = self._waiting(), Selection(without=without)
        if waiting is None:
            return None
        return approve(self.app, self.customer, waiting, "eva", "checked", part)

    def discard(self) -> RunDocument | None:
        """Discards the held delivery, if there is one."""
        waiting = self._waiting()
        return discard(self.app, waiting, "eva", "wrong") if waiting else None

    def preview(self, *rows: str) -> PreviewDocument:
        """Previews a file of these rows."""
        self.put(*rows)
        return preview_delivery(self.app, self.customer, "tester")

    def ask(self, command: Command, who: str) -> RunDocument:
        """Lets support do something for an employee."""
        requests = [Request(person(self.store, who).id, command)]
        return support(self.app, self.customer, requests, "olga", "asked by phone")

    def pass_clock(self) -> None:
        """Lets the clock make what is due."""
        list(pass_clock(self.app, "night"))

    def play(self, step: str, rows: Sequence[str]) -> RunDocument | None:
        """Does what a step of a random story says, and returns the run if there is one."""
        match step:
            case "full":
                return self.take(*rows)
            case "partial":
                return self.take(*rows, partial=True)
            case "refused":
                return self.take()
            case "hold":
                return self.hold(*rows)
            case _:
                run: RunDocument | None = getattr(self, step)()
                return run

    def deactivate(self) -> RunDocument | None:
        """Lets support deactivate the first of those who are here."""
        who = min(self.here(), default=None)
        return self.ask(Deactivate(), who) if who else None

    def _with(self, **policy: Any) -> Customer:
        company = self.customer.company
        return replace(
            self.customer, company=replace(company, policy=replace(company.policy, **policy))
        )

    def _import(self, customer: Customer) -> RunDocument:
        return import_delivery(self.app, customer, "tester")

    def _waiting(self) -> RunRecord | None:
        return next(iter(self.store.runs.waiting("acme")), None)
