"""S9, I11: after a release, an address and an external id mean nobody any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from domain.employee.aggregate import Employee
from domain.employee.commands import ChangeEmail, Command, Link, Reactivate, Release, Relink
from domain.employee.events import (
    Deactivated,
    EmailChanged,
    EmployeeEvent,
    ExternalIdChanged,
    OffboardingScheduled,
    State,
)
from domain.employee.rejection import CommandRejected
from domain.employee.roster import Roster
from domain.employee.support import plan_support
from tests.given import (
    NOW,
    after,
    codes,
    context,
    day,
    file_of,
    kinds,
    outcomes,
    people,
    plan,
    registered,
    then,
)

HEADER = "external_id,email,first_name,last_name,birthday,offboarding_date"
ANN = "7,ann@acme.example,Ann,de Vries,1990-05-17,"
ZOE = "Zoe,Mol,1999-09-09,"


def leaver(*events: EmployeeEvent) -> Employee:
    ann = then(registered(ANN, HEADER), OffboardingScheduled(day("2027-02-26")), line=2)
    return then(ann, *events, Deactivated(), at=NOW - timedelta(days=2))


def released(employee: Employee) -> Employee:
    (ann,) = plan_support(Release(), employee, Roster.of([employee]), context()).changes
    return ann.after


LEAVERS = {
    "by the file": leaver(),
    "by support": then(registered(ANN, HEADER), Deactivated()),
    "with another address in the file": leaver(EmailChanged("new@acme.example")),
    "with another number in the file": leaver(ExternalIdChanged("70")),
    "without a number": leaver(ExternalIdChanged(None)),
}
KEYS = {
    "address": ",ann@acme.example",
    "number": "7,zoe@acme.example",
    "both": "7,ann@acme.example",
    "present address": ",new@acme.example",
    "present number": "70,zoe@acme.example",
}


@pytest.mark.parametrize("gone", LEAVERS.values(), ids=LEAVERS)
@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_newcomer_gets_what_was_released(key: str, gone: Employee) -> None:
    """S9, I11, I12: A newcomer gets an account with the released address and number, without any
    date of the leaver. The leaver stays as they are, and the row is recognised from then on."""
    # given
    ann = released(gone)
    number, email = key.split(",")

    # when
    found = plan(file_of(HEADER, f"{key},{ZOE}"), known=[ann])
    again = plan(file_of(HEADER, f"{key},{ZOE}"), known=after(found, [ann]))

    # then
    assert (outcomes(found), codes(found)) == (["registered"], [])
    (zoe,) = (change.after for change in found.changes)
    assert (zoe.email, zoe.external_id, zoe.offboarding_date) == (email, number or None, None)
    assert (outcomes(again), kinds(again)) == (["unchanged"], [])
    assert (ann.state, ann.email, ann.details.first_name) == (
        State.DEACTIVATED,
        gone.email,
        "Ann",
    )


@pytest.mark.parametrize("row", [ANN, f"{ANN}2027-06-30", f"{ANN}2027-02-26"])
def test_rows_about_somebody_released_are_about_a_new_person(row: str) -> None:
    """I11, L2: A row with the names of somebody released means nobody known: it registers an
    employee, or nobody at all if the last day has passed."""
    # when
    found = plan(file_of(HEADER, row), known=[released(leaver())])

    # then
    left = row.endswith("2027-02-26")
    assert codes(found) == (["already-left"] if left else [])
    assert outcomes(found) == (["skipped"] if left else ["registered"])


MOVED: dict[str, tuple[Sequence[EmployeeEvent], str]] = {
    "address": ([EmailChanged("new@acme.example")], ",ann@acme.example"),
    "number": ([ExternalIdChanged("70")], "7,zoe@acme.example"),
    "number taken away": ([ExternalIdChanged(None)], "7,zoe@acme.example"),
    "both": (
        [EmailChanged("new@acme.example"), ExternalIdChanged("70")],
        "7,ann@acme.example",
    ),
    "address of somebody leaving": (
        [EmailChanged("new@acme.example"), OffboardingScheduled(day("2027-06-30"))],
        ",ann@acme.example",
    ),
}


@pytest.mark.parametrize(("events", "key"), MOVED.values(), ids=MOVED)
def test_only_the_former_keys_of_somebody_here_are_released(
    events: Sequence[EmployeeEvent], key: str
) -> None:
    """S9, I8: Of somebody who is not deactivated, support releases the address and the number that
    only the file still has. The present ones stay."""
    # given
    before = then(registered(ANN, HEADER), *events)
    ann = released(before)

    # when
    found = plan(file_of(HEADER, f"{key},{ZOE}"), known=[ann])

    # then
    assert (outcomes(found), codes(found)) == (["registered"], [])
    assert people(found, [ann])[before.email] == (before.external_id, before.state)


@pytest.mark.parametrize(
    "command",
    [Reactivate(), ChangeEmail("x@acme.example"), Link("9"), Relink("9"), Relink(None)],
)
def test_somebody_released_comes_back_by_a_rehire_alone(command: Command) -> None:
    """S9: Nothing gives keys to somebody released, apart from a rehire."""
    # given
    ann = released(leaver())

    # when / then
    with pytest.raises(CommandRejected) as rejected:
        plan_support(command, ann, Roster.of([ann]), context())
    assert rejected.value.code == "is-released"
    assert "tenure support rehire" in rejected.value.hint
