"""I9, I12: a row about another person than the employee it names changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from domain.company import Company
from domain.delivery.plan import Plan
from domain.employee.aggregate import Employee
from domain.employee.events import Deactivated, DetailsCorrected, EmailChanged, OffboardingScheduled
from domain.fields.details import DetailsChange
from tests.given import (
    NOW,
    a_company,
    after,
    codes,
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
ANN = "7,ann@acme.example,Ann,de Vries,1990-05-17"
BEN = "8,ben@acme.example,Ben,Smit,1985-02-03"
ZOE = "Zoe,Mol,1999-09-09"
LENIENT = a_company(policy={"other_person": "warn"})


def known(row: str = ANN, last_day: object = "", position: int = 1) -> Employee:
    return registered(f"{row},{last_day}", HEADER, position=position)


def closed(last_day: str = "2027-02-26") -> Employee:
    ann = then(known(), OffboardingScheduled(day(last_day)), line=2)
    return then(ann, Deactivated(), at=NOW - timedelta(days=2))


def delivered(*rows: str, known: Sequence[Employee] = (), company: Company | None = None) -> Plan:
    lines = (row if row.count(",") == HEADER.count(",") else f"{row}," for row in rows)
    return plan(file_of(HEADER, *lines), known=known, company=company)


ALIKE = {
    "first name": "Ann,Mol,",
    "last name": "Zoe,de Vries,",
    "birthday": "Zoe,Mol,1990-05-17",
    "case": "ANN,Mol,",
    "diacritics": "Änn,Mol,",
    "no particle": "Zoe,Vries,",
    "another particle": "Zoe,van der Vries,",
    "spaces": "Zoe,De  Vries,",
    "another birthday": "Ann,Mol,1999-09-09",
}
UNLIKE = {
    "no birthday": "Zoe,Mol,",
    "another birthday": ZOE,
    "exchanged names": "de Vries,Ann,",
    "part of a name": "Anna,Vriesman,",
    "particle alone": "Zoe,de Mol,",
    "names that look like none": "-,.,",
}
NAMED_BY = {
    "external id": "7,zoe@acme.example",
    "both": "7,ann@acme.example",
    "address": ",ann@acme.example",
    "address in capitals": ",ANN@acme.example",
}


@pytest.mark.parametrize("key", NAMED_BY.values(), ids=NAMED_BY)
@pytest.mark.parametrize("person", ALIKE.values(), ids=ALIKE)
def test_a_row_that_looks_like_the_employee_is_applied(key: str, person: str) -> None:
    """I9: One name or the birthday is enough, without case, diacritics, particles and spaces."""
    # when
    found = delivered(f"{key},{person}", known=[known()])

    # then
    assert (outcomes(found), codes(found)) == (["changed"], [])


@pytest.mark.parametrize("key", NAMED_BY.values(), ids=NAMED_BY)
@pytest.mark.parametrize("person", UNLIKE.values(), ids=UNLIKE)
def test_a_row_about_another_person_is_rejected(key: str, person: str) -> None:
    """I9, I12: Where both names differ and no birthday agrees, nothing of the row is applied, and
    the issue names what is known and what the row says."""
    # given
    row = f"{key},{person},2027-06-30"

    # when
    found = delivered(row, known=[known()])

    # then
    assert (outcomes(found), codes(found), kinds(found)) == (["rejected"], ["other-person"], [])
    (issue,) = found.issues
    by_id = key.startswith("7")
    assert (issue.severity, issue.field) == ("error", "external_id" if by_id else "email")
    assert issue.value == key.split(",")[0 if by_id else 1]
    assert "Ann de Vries, born 1990-05-17, ann@acme.example (external id 7)" in issue.message
    assert " ".join(person.split(",")[:2]) in issue.message


@pytest.mark.parametrize(
    "leaver", [closed(), then(known(), Deactivated())], ids=["file", "support"]
)
@pytest.mark.parametrize("last_day", ["", "2027-02-26", "2027-06-30"])
@pytest.mark.parametrize("company", [None, LENIENT], ids=["strict", "lenient"])
@pytest.mark.parametrize("key", NAMED_BY.values(), ids=NAMED_BY)
def test_a_newcomer_never_gets_the_account_of_a_leaver(
    key: str, company: Company | None, last_day: str, leaver: Employee
) -> None:
    """I9, L6: A newcomer at the address or number of a deactivated employee is rejected as another
    person under every policy, and is not told to reactivate the leaver."""
    # when
    found = delivered(f"{key},{ZOE},{last_day}", known=[leaver], company=company)

    # then
    assert (outcomes(found), codes(found)) == (["rejected"], ["other-person"])
    assert "`tenure support release acme ann@acme.example`" in found.issues[0].message


@pytest.mark.parametrize("key", NAMED_BY.values(), ids=NAMED_BY)
def test_a_company_may_let_other_persons_through(key: str) -> None:
    """I9: Policy `other_person = "warn"` applies the row and warns once."""
    # when
    found = delivered(f"{key},{ZOE}", known=[known()], company=LENIENT)
    again = delivered(f"{key},{ZOE}", known=after(found), company=LENIENT)

    # then
    assert (outcomes(found), codes(found)) == (["changed"], ["other-person"])
    assert found.issues[0].severity == "warning"
    assert (kinds(again), codes(again)) == ([], [])


@pytest.mark.parametrize(
    "person", ["Ann,Mol,", "Zoe,Bakker,", "Zoe,Mol,1990-05-17", "Eva,de Vries,"]
)
def test_what_the_file_said_before_a_correction_is_known_too(person: str) -> None:
    """I9, S7: After support corrected names and birthday, a row may look like the employee as the
    file had them, or as they are now."""
    # given
    change = DetailsChange(first_name="Eva", last_name="Bakker", birthday=day("1991-01-01"))

    # when / then
    assert outcomes(
        delivered(f"7,ann@acme.example,{person}", known=[then(known(), DetailsCorrected(change))])
    ) == ["changed"]


MISTAKES = {
    "reused number": (["7,zoe@acme.example,Zoe,Mol,"], ["other-person"]),
    "mistyped number of a newcomer": ([f"{ANN}", "8,zoe@acme.example,Zoe,Mol,"], ["other-person"]),
    "exchanged numbers": (
        ["8,ann@acme.example,Ann,de Vries,", "7,ben@acme.example,Ben,Smit,"],
        ["other-person"] * 2,
    ),
    "exchanged numbers and addresses": (
        ["8,ben@acme.example,Ann,de Vries,", "7,ann@acme.example,Ben,Smit,"],
        ["other-person"] * 2,
    ),
    "exchanged addresses without numbers": (
        [",ben@acme.example,Ann,de Vries,", ",ann@acme.example,Ben,Smit,"],
        ["other-person"] * 2,
    ),
    "number of the one, address of the other": (
        ["7,ben@acme.example,Zoe,Mol,"],
        ["other-person"] * 2,
    ),
    "another company's file": (
        [
            "7,x@other.example,Xander,Ek,",
            "8,y@other.example,Yara,Pol,",
            "9,z@other.example,Zoe,Mol,",
        ],
        ["other-person"] * 2,
    ),
    "a new number and new names at an address": (
        ["9,ann@acme.example,Zoe,Mol,"],
        ["external-id-conflict", "other-person"],
    ),
}


@pytest.mark.parametrize(("rows", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistaken_number_or_address_gives_nobody_the_account_of_another(
    rows: Sequence[str], expected: Sequence[str]
) -> None:
    """I9: Numbers that are mistyped, exchanged or used again change no account."""
    # given
    staff = [known(), known(BEN, position=2)]

    # when
    found = delivered(*rows, known=staff)

    # then
    assert codes(found) == expected
    assert [change for change in found.changes if change.before is not None] == []


@pytest.mark.parametrize("by", ["number", "address"])
@pytest.mark.parametrize("shift", [1, 2, 50, 100, 199])
def test_a_sheet_whose_names_slipped_changes_nobody(by: str, shift: int) -> None:
    """I9: Names and birthdays that slipped by some rows against numbers and addresses reject every
    row."""
    # given
    names = [f"First{n},Last{n},{1960 + n % 40}-0{n % 9 + 1}-1{n // 90}" for n in range(200)]
    keys = [f"{n + 1 if by == 'number' else ''},p{n}@acme.example" for n in range(200)]
    first = delivered(*map(",".join, zip(keys, names, strict=True)))
    slipped = [*names[shift:], *names[:shift]]

    # when
    found = delivered(*map(",".join, zip(keys, slipped, strict=True)), known=after(first))

    # then
    assert (found.counts.registered, found.counts.rejected, kinds(found)) == (0, 200, [])
    assert set(codes(found)) == {"other-person"}
    assert codes(found.concerns) == ["many-rejected-rows"]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(
    ("home", "other"),
    [
        ("Ann,Mol,", "Zoe,Mol,"),
        ("Zoe,de Vries,", "Zoe,Mol,"),
        ("Ann,de Vries,", "Ann,Mol,"),
        ("Ann,de Vries,", "Zoe,Vries,"),
        ("Ann,de Vries,", "Zoe,Mol,1990-05-17"),
    ],
)
def test_a_row_at_home_tells_who_the_employee_is(home: str, other: str, reverse: bool) -> None:
    """I9, L10: If a row without a number has the employee at the known address, another row with
    the employee's number and another address must have both names. Otherwise one file would give
    the account away in two steps.
    """
    # given
    rows = [f",ann@acme.example,{home}", f"7,zoe@acme.example,{other}"]
    rows = rows[::-1] if reverse else rows

    # when
    found = delivered(*rows, known=[known()])
    again = delivered(*rows, known=after(found, [known()]))

    # then
    assert (codes(found), codes(again)) == (["other-person"], ["other-person"])
    assert people(found, [known()]) == {"ann@acme.example": ("7", "active")}
    assert kinds(again) == []


INHERITED = {
    "leaver's number": "7,zoe@acme.example",
    "leaver's address": ",ann@acme.example",
    "both": "7,ann@acme.example",
}


@pytest.mark.parametrize("last_day", ["2027-06-30", "2027-03-01", "2027-02-01"])
@pytest.mark.parametrize("key", INHERITED.values(), ids=INHERITED)
def test_a_newcomer_inherits_no_date(key: str, last_day: str) -> None:
    """I12: A newcomer never gets the last day of whoever had the number or the address, neither
    from the employee nor from an older file of the same delivery."""
    # given
    older = file_of(HEADER, f"{ANN},{last_day}")
    newer = file_of(HEADER, f"{key},{ZOE},")

    # when
    found = plan(older, newer)
    on_employee = plan(newer, known=after(plan(older)))

    # then
    for each in (found, on_employee):
        assert [
            change.after.offboarding_date
            for change in each.changes
            if change.after.details.first_name == "Zoe"
        ] in ([], [None])


@pytest.mark.parametrize("number", ["", "5"])
@pytest.mark.parametrize("file_id", ["", "7"])
@pytest.mark.parametrize("reverse", [False, True])
def test_a_file_that_has_the_new_address_frees_the_old_one(
    number: str, file_id: str, reverse: bool
) -> None:
    """I8: Support changed Ann's address. A file that has the new one has caught up: it may give the
    old one to a newcomer, in the same delivery and in later ones."""
    # given
    ann = then(known(f"{file_id},old@acme.example,Ann,de Vries,"), EmailChanged("new@acme.example"))
    rows = [f"{file_id},new@acme.example,Ann,de Vries,", f"{number},old@acme.example,Zoe,Mol,"]

    # when
    found = delivered(*(rows[::-1] if reverse else rows), known=[ann])
    again = delivered(*rows, known=after(found))

    # then
    assert (codes(found), kinds(again), codes(again)) == ([], [], [])
    assert people(found) == {
        "new@acme.example": (file_id or None, "active"),
        "old@acme.example": (number or None, "active"),
    }


@pytest.mark.parametrize("number", ["", "5"])
@pytest.mark.parametrize("file_id", ["", "7"])
def test_an_old_address_without_the_new_one_in_the_file_is_not_free(
    number: str, file_id: str
) -> None:
    """I8, I9: As long as the file lacks Ann's new address, a newcomer at the old one is rejected
    and told how support releases it."""
    # given
    ann = then(known(f"{file_id},old@acme.example,Ann,de Vries,"), EmailChanged("new@acme.example"))

    # when
    found = delivered(f"{number},old@acme.example,Zoe,Mol,", known=[ann])

    # then
    assert outcomes(found) == ["rejected"]
    assert "other-person" in codes(found)
    assert "`tenure support release acme new@acme.example`" in found.issues[-1].message


@pytest.mark.parametrize("pat", ["", "1"])
@pytest.mark.parametrize("sam", ["", "2"])
@pytest.mark.parametrize("known_before", [False, True])
def test_an_address_that_hr_mixed_up_goes_to_its_owner_once_the_file_follows(
    pat: str, sam: str, known_before: bool
) -> None:
    """I8, I2: HR gave Pat the address of Sam, support corrected Pat's, and the file follows: Sam
    gets the address."""
    # given
    staff = [then(known(f"{pat},a@acme.example,Pat,Mol,"), EmailChanged("b@acme.example"))]
    if known_before and sam:
        staff.append(known(f"{sam},s@acme.example,Sam,Ek,", position=2))

    # when
    found = delivered(
        f"{pat},b@acme.example,Pat,Mol,", f"{sam},a@acme.example,Sam,Ek,", known=staff
    )

    # then
    assert codes(found) == []
    assert people(found, staff)["a@acme.example"] == (sam or None, "active")
    assert people(found, staff)["b@acme.example"] == (pat or None, "active")


STRICT = a_company(policy={"short_notice": "reject"})
EVERYTHING_WRONG = {
    "address of another": (
        "7,ben@acme.example,Ann,de Vries,,2027-03-02",
        ["short-notice", "email-taken"],
    ),
    "another person": (f"7,ann@acme.example,{ZOE},2027-03-02", ["other-person", "short-notice"]),
    "another person and address": (
        f"7,ben@acme.example,{ZOE},2027-03-02",
        ["other-person", "short-notice", "other-person"],
    ),
    "unknown number at an address": (
        "9,ann@acme.example,Ann,de Vries,,2027-03-02",
        ["short-notice", "external-id-conflict"],
    ),
    "bad cell": (f"7,ann@acme.example,Zoe,{'M' * 9},,2027-02-30", ["bad-date", "other-person"]),
    "bad name": (
        "7,ben@acme.example,,Mol,,2027-03-02",
        ["missing-value", "short-notice", "email-taken"],
    ),
}


@pytest.mark.parametrize(("row", "expected"), EVERYTHING_WRONG.values(), ids=EVERYTHING_WRONG)
def test_every_problem_of_a_rejected_row_is_listed(row: str, expected: Sequence[str]) -> None:
    """W9: Problems of reading, of matching and of dates are all listed."""
    # when
    found = delivered(row, known=[known(), known(BEN, position=2)], company=STRICT)

    # then
    assert (outcomes(found), codes(found)) == (["rejected"], expected)


@pytest.mark.parametrize("number", ["", "7"])
def test_the_matching_value_is_shown_as_evidence(number: str) -> None:
    """I9: The evidence names the value that matched, and the fields that agree."""
    # when
    (result,) = delivered(f"{number},ann@acme.example,Ann,Mol,1990-05-17", known=[known()]).results

    # then
    assert result.evidence is not None
    by = "external_id" if number else "email"
    assert result.evidence.words == f"{by}, first_name, birthday"
