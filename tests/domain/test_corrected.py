"""S7, S8, S10, L8: what support corrected stands until the file says something new about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from domain.context import DecisionContext
from domain.employee.aggregate import Employee, value_of
from domain.employee.commands import Command, Correct, Rehire, Release, Relink
from domain.employee.events import Deactivated, ExternalIdLinked, OffboardingScheduled, State
from domain.employee.rejection import CommandRejected
from domain.employee.roster import Roster
from domain.employee.support import plan_support
from domain.fields.details import DetailsChange
from tests.given import (
    TODAY,
    a_company,
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

HEADER = (
    "external_id,email,first_name,prefix,last_name,birthday,marriage_date,language,group_name,"
    "custom_desk,onboarding_date,offboarding_date"
)
SAID = {
    "external_id": "7",
    "email": "ann@acme.example",
    "first_name": "Ann",
    "prefix": "de",
    "last_name": "Vries",
    "birthday": "1990-05-17",
    "language": "nl",
    "group_name": "Sales",
    "custom_desk": "4711",
    "onboarding_date": "2026-01-01",
}
CORRECTIONS = {
    "first_name": ("Anna", "Annie"),
    "prefix": ("van", "ten"),
    "last_name": ("Bakker", "Visser"),
    "birthday": ("1991-05-17", "1992-05-17"),
    "marriage_date": ("2020-02-02", "2021-02-02"),
    "language": ("en", "de"),
    "group_name": ("Engineering", ""),
    "custom_desk": ("12", "13"),
    "custom_new": ("x", "y"),
}
"""Each field with what support makes of it, and with a third value of the file."""
CLEARING = a_company(policy={"blank_cells": "clear"})


def row(**cells: str) -> bytes:
    columns = [*HEADER.split(","), *(name for name in cells if name not in HEADER)]
    return file_of(",".join(columns), ",".join((SAID | cells).get(name, "") for name in columns))


def ann(**cells: str) -> Employee:
    header, text = row(**cells).decode().splitlines()
    return registered(text, header)


def done(command: Command, *known: Employee) -> list[Employee]:
    """All employees after a command for the first of them."""
    where: DecisionContext = context()
    return after(plan_support(command, known[0], Roster.of(known), where), known)


def corrected(field: str, value: str) -> Employee:
    (employee,) = done(Correct(((field, value),)), ann())
    return employee


def shown(employee: Employee, field: str) -> Any:
    if field.startswith("custom_"):
        return employee.details.custom.get(field)
    value = value_of(employee, field)
    return None if value is None else str(value)


@pytest.mark.parametrize("field", CORRECTIONS)
def test_a_correction_stands_while_the_file_repeats_its_value(field: str) -> None:
    """S7, L8: A file that repeats the value that it had before does not undo a correction, at no
    later pick-up and under no policy about blanks."""
    # given
    employee = corrected(field, CORRECTIONS[field][0])
    assert shown(employee, field) == CORRECTIONS[field][0]

    # when / then
    for company in (None, CLEARING):
        found = plan(row(), known=[employee], company=company)
        assert (kinds(found), codes(found)) == ([], [])


@pytest.mark.parametrize("field", [field for field in CORRECTIONS if field != "group_name"])
def test_a_third_value_of_the_file_replaces_a_correction(field: str) -> None:
    """S7, L8: A value that the file did not have before is applied. After that, the first value is
    new again."""
    # given
    employee = corrected(field, CORRECTIONS[field][0])

    # when
    third = plan(row(**{field: CORRECTIONS[field][1]}), known=[employee])
    back = plan(row(**{field: SAID.get(field, "z")}), known=after(third))

    # then
    assert (kinds(third), shown(*after(third), field)) == (
        ["details-changed"],
        CORRECTIONS[field][1],
    )
    expected = [] if field == "marriage_date" else ["details-changed"]
    assert kinds(back) == expected


@pytest.mark.parametrize("field", CORRECTIONS)
def test_a_file_that_takes_a_correction_over_is_noted(field: str) -> None:
    """S7, L8: A file that now has the corrected value has caught up. After that, its former value
    counts as new."""
    # given
    value = CORRECTIONS[field][0]
    employee = corrected(field, value)

    # when
    noted = plan(row(**{field: value}), known=[employee])
    again = plan(row(**{field: value}), known=after(noted))

    # then
    assert (kinds(noted), kinds(again)) == (["file-noted"], [])
    assert after(noted)[0].file_details is None
    if SAID.get(field):
        assert kinds(plan(row(), known=after(noted))) == ["details-changed"]


@pytest.mark.parametrize(
    "field", ["prefix", "birthday", "group_name", "custom_desk", "marriage_date"]
)
def test_a_value_that_support_cleared_does_not_come_back(field: str) -> None:
    """S7, L8, W8: Support can clear a value. The file that repeats it does not set it again."""
    # given
    employee = corrected(field, "")

    # when
    found = plan(row(), known=[employee])

    # then
    assert (shown(employee, field), kinds(found)) == (None, [])


def test_several_corrections_are_one_event_and_stand_each_for_itself() -> None:
    """S7, L8: One command corrects several fields. A new value of the file for one of them leaves
    the others as support made them."""
    # given
    values = (("first_name", "Anna"), ("last_name", "Bakker"), ("custom_desk", "12"))
    (employee,) = done(Correct(values), ann())

    # when
    found = plan(row(last_name="Visser"), known=[employee])
    (result,) = after(found)

    # then
    assert kinds(found) == ["details-changed"]
    assert (result.details.first_name, result.details.last_name) == ("Anna", "Visser")
    assert result.file_details == DetailsChange(first_name="Ann", custom={"custom_desk": "4711"})


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ((("email", "x@acme.example"),), "unknown-field"),
        ((("onboarding_date", "2027-01-01"),), "unknown-field"),
        ((("external_id", "9"),), "unknown-field"),
        ((("shoe_size", "44"),), "unknown-field"),
        ((("last_name", ""),), "needs-value"),
        ((("language", " "),), "needs-value"),
        ((("language", "fr"),), "bad-value"),
        ((("group_name", "Salse"),), "bad-value"),
        ((("birthday", "17-05-1990"),), "bad-value"),
        ((("first_name", "A\nnn"),), "bad-value"),
        ((("first_name", "Anna"), ("birthday", "never")), "bad-value"),
    ],
)
def test_a_correction_must_be_a_value_of_the_field(
    values: tuple[tuple[str, str], ...], code: str
) -> None:
    """S7, W1-W7: A correction is read as a cell of a file is, and is rejected as a whole."""
    # when / then
    with pytest.raises(CommandRejected) as rejected:
        done(Correct(values), ann())
    assert rejected.value.code == code


@pytest.mark.parametrize(
    ("field", "value", "advice"),
    [
        ("language", "fr", "write en, nl or de"),
        ("group_name", "sales", "`groups` have it (did you mean Sales?)"),
        ("group_name", "xyz", "`groups` have it"),
        ("birthday", "1990-02-30", "like 2027-03-31"),
        ("custom_salary", "4250,50", "like 123456.71"),
        ("custom_grade", "4.5", "write digits only"),
        ("first_name", "\u2067Anna", "without invisible characters"),
        ("first_name", "\u200b", "write a value that can be seen"),
        ("custom_desk", "x" * 1001, "write a shorter value"),
    ],
)
def test_support_is_told_how_to_write_a_value(field: str, value: str, advice: str) -> None:
    """S7: The hint about a value that does not fit says how support has to write the value. It does
    not repeat the value, because standard error may end up in logs."""
    # given
    company = a_company(custom_fields={"custom_salary": "decimal", "custom_grade": "integer"})
    command = Correct(((field, value),))

    # when
    with pytest.raises(CommandRejected) as rejected:
        plan_support(command, ann(), Roster.of([ann()]), context(company=company))

    # then
    assert rejected.value.hint.endswith(advice)
    assert value not in f"{rejected.value} {rejected.value.hint}"


# S10: another external id


NUMBERS = {
    "typing mistake": ("70", "7", "70"),
    "new numbers": ("N-0007", "7", "N-0007"),
    "leading zeros": ("007", "7", "007"),
    "the file stays behind": ("8", "7", "7"),
    "the file has none any more": ("8", "7", ""),
    "taken away": (None, "7", ""),
    "taken away, and the file stays behind": (None, "7", "7"),
}


@pytest.mark.parametrize(("new", "before", "said"), NUMBERS.values(), ids=NUMBERS)
def test_another_external_id_stands(new: str | None, before: str, said: str) -> None:
    """S10, L8: Rows with the new number, with the number that the file had before, or without one
    mean the same employee, and none of them undoes the correction."""
    # given
    (employee,) = done(Relink(new), ann(external_id=before))

    # when
    found = plan(row(external_id=said), known=[employee])
    again = plan(row(external_id=said), known=after(found, [employee]))

    # then
    assert codes(found) == []
    assert people(found, [employee]) == {"ann@acme.example": (new, "active")}
    assert kinds(again) == []


@pytest.mark.parametrize("new", ["8", None])
@pytest.mark.parametrize("repeated", [False, True])
def test_a_number_that_support_linked_can_be_taken_away_again(
    new: str | None, repeated: bool
) -> None:
    """S6, S10, L8: After support took a number away that support had linked, a file with this
    number does not bring it back, whether it had the number before or not."""
    # given
    employee = then(ann(external_id=""), ExternalIdLinked("7"))
    if repeated:
        (employee,) = after(plan(row(first_name="Anna"), known=[employee]))
    (employee,) = done(Relink(new), employee)

    # when
    found = plan(row(first_name="Anna"), known=[employee])

    # then
    assert codes(found) == []
    assert people(found, [employee]) == {"ann@acme.example": (new, "active")}


@pytest.mark.parametrize("new", ["8", None])
@pytest.mark.parametrize("ahead", [False, True], ids=["file behind", "file ahead"])
def test_a_number_that_support_took_away_goes_to_its_owner(new: str | None, ahead: bool) -> None:
    """S10, I6: After support took a wrong number from Ann, it belongs to whomever the file gives
    it, with or without Ann's own row in the file."""
    # given
    (employee,) = done(Relink(new), ann())
    bob = row(email="bob@acme.example", first_name="Bob", last_name="Mol", birthday="")
    rows = bob + row(external_id=new or "").split(b"\n", 1)[1] if ahead else bob

    # when
    found = plan(rows, known=[employee])

    # then
    assert codes(found) == []
    assert people(found, [employee]) == {
        "ann@acme.example": (new, "active"),
        "bob@acme.example": ("7", "active"),
    }


# S8: somebody comes back


def left(**cells: str) -> Employee:
    gone = then(ann(**cells), OffboardingScheduled(day("2027-02-26")), line=2)
    return then(gone, Deactivated())


REHIRES: dict[str, tuple[Rehire, dict[str, str], Sequence[str]]] = {
    "as before": (Rehire(TODAY), {}, ["file-noted"]),
    "old date still in the file": (Rehire(TODAY), {"offboarding_date": "2027-02-26"}, []),
    "later": (Rehire(day("2027-04-01")), {"onboarding_date": "2027-04-01"}, ["file-noted"]),
    "new number": (Rehire(TODAY, external_id="8"), {"external_id": "8"}, ["file-noted"]),
    "new address": (
        Rehire(TODAY, email="a.new@acme.example"),
        {"email": "a.new@acme.example"},
        ["file-noted"],
    ),
    "new address in the file": (
        Rehire(TODAY),
        {"email": "a.new@acme.example"},
        ["email-changed", "file-noted"],
    ),
    "new last day": (Rehire(TODAY), {"offboarding_date": "2027-12-31"}, ["offboarding-scheduled"]),
}


@pytest.mark.parametrize(("command", "cells", "expected"), REHIRES.values(), ids=REHIRES)
def test_somebody_who_comes_back_keeps_the_account(
    command: Rehire, cells: dict[str, str], expected: Sequence[str]
) -> None:
    """S8: A rehired employee starts on the new first day without a last day, and the file's old
    date does not end the account again."""
    # given
    (employee,) = done(command, left())
    waits = command.onboarding_date > TODAY
    assert employee.state is (State.PENDING if waits else State.ACTIVE)
    assert (employee.onboarding_date, employee.offboarding_date) == (command.onboarding_date, None)

    # when
    found = plan(row(**cells), known=[employee])
    again = plan(row(**cells), known=after(found, [employee]))

    # then
    assert (kinds(found), codes(found)) == (list(expected), [])
    assert kinds(again) == []
    assert [each.id for each in after(found, [employee])] == [employee.id]


@pytest.mark.parametrize("external_id", [None, "8"])
@pytest.mark.parametrize("email", [None, "a.new@acme.example"])
def test_what_was_released_does_not_come_back_with_a_rehire(
    email: str | None, external_id: str | None
) -> None:
    """S8, I11: A rehired employee gets no released number back: a newcomer can have it. The address
    is the one that support gives, or the former one if nobody has it."""
    # given
    (released,) = done(Release(), left())
    (employee,) = done(Rehire(TODAY, email, external_id), released)
    bob = row(email="bob@acme.example", first_name="Bob", last_name="Mol", birthday="")

    # when
    found = plan(bob, known=[employee])

    # then
    assert codes(found) == []
    assert people(found, [employee]) == {
        email or "ann@acme.example": (external_id, "active"),
        "bob@acme.example": ("7", "active"),
    }


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (Rehire(TODAY), "email-taken"),
        (Rehire(TODAY, email="BEN@acme.example"), "email-taken"),
        (Rehire(TODAY, email="new@acme.example", external_id="7"), "external-id-taken"),
        (Rehire(TODAY, email="new@acme.example", external_id="8\u200b"), "bad-external-id"),
        (Rehire(TODAY, email="nobody"), "bad-email"),
    ],
)
def test_a_rehire_takes_nothing_from_anybody(command: Rehire, code: str) -> None:
    """S8, S1: A rehire gives no address and no number that somebody else has by now."""
    # given
    (released,) = done(Release(), left())
    found = plan(row(first_name="Bob", last_name="Mol", birthday=""), known=[released])
    ben = registered("ben@acme.example,Ben,Smit", position=9)

    # when / then
    with pytest.raises(CommandRejected) as rejected:
        done(command, *after(found, [released]), ben)
    assert (outcomes(found), rejected.value.code) == (["registered"], code)
