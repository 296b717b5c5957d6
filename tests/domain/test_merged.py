"""S11: two accounts of one person become one."""

from __future__ import annotations

import pytest

from domain.employee.aggregate import Employee
from domain.employee.commands import ChangeEmail, Link, Merge, Release
from domain.employee.events import Deactivated, EmailChanged, OffboardingScheduled, Released, State
from domain.employee.rejection import CommandRejected
from domain.employee.roster import Roster
from domain.employee.support import SupportPlan, plan_support
from tests.given import (
    after,
    codes,
    context,
    day,
    file_of,
    kinds,
    moment,
    outcomes,
    plan,
    registered,
    then,
)

HEADER = "external_id,email,first_name,last_name,birthday,offboarding_date"
PERSON = "Ann,de Vries,1990-05-17,"
ZOE = "Zoe,Mol,1999-09-09,"


def account(key: str, position: int = 1, last_day: str = "") -> Employee:
    return registered(f"{key},{PERSON}{last_day}", HEADER, position=position)


def merged(kept: Employee, ended: Employee) -> SupportPlan:
    return plan_support(Merge(ended.id), kept, Roster.of([kept, ended]), context())


def both(kept: str = "7,ann@acme.example", ended: str = "8,a.vries@acme.example") -> list[Employee]:
    """The kept account and the ended one."""
    accounts = [account(kept), account(ended, 2)]
    return after(merged(*accounts), accounts)


NUMBERS = {
    "both have one": ("7", "8", "7"),
    "the kept one alone": ("7", "", "7"),
    "the ended one alone": ("", "8", "8"),
    "none": ("", "", None),
}
ROWS = {
    "number of the kept one": "{kept},third@acme.example",
    "number of the ended one": "{ended},third@acme.example",
    "both keys of the kept one": "{kept},ann@acme.example",
    "both keys of the ended one": "{ended},a.vries@acme.example",
    "address of the kept one": ",ann@acme.example",
    "address of the ended one": ",a.vries@acme.example",
    "number of the one, address of the other": "{kept},a.vries@acme.example",
    "number of the other, address of the one": "{ended},ann@acme.example",
}


CASES = {
    f"{name}, {which}": (key.format(kept=kept, ended=ended), kept, ended, number)
    for which, (kept, ended, number) in NUMBERS.items()
    for name, key in ROWS.items()
    if not key.format(kept=kept, ended=ended).startswith(",third")  # no key of either account
}


@pytest.mark.parametrize(("key", "kept", "ended", "number"), CASES.values(), ids=CASES)
def test_a_row_with_either_key_means_the_kept_account(
    key: str, kept: str, ended: str, number: str | None
) -> None:
    """S11: A row with a number or an address of either account means the kept one. A key of the
    ended account is no new value: only a third address changes the address."""
    # given
    accounts = both(f"{kept},ann@acme.example", f"{ended},a.vries@acme.example")
    third = "third" in key

    # when
    found = plan(file_of(HEADER, f"{key},{PERSON}"), known=accounts)
    again = plan(file_of(HEADER, f"{key},{PERSON}"), known=after(found, accounts))

    # then
    one, other = after(found, accounts)
    assert (kinds(found), codes(found)) == (["email-changed"] if third else [], [])
    assert (one.email, one.external_id) == (
        "third@acme.example" if third else "ann@acme.example",
        number,
    )
    assert (other.state, other.merged_into) == (State.DEACTIVATED, one.id)
    assert kinds(again) == []


@pytest.mark.parametrize("key", ["8,x@acme.example", ",a.vries@acme.example", "7,x@acme.example"])
def test_another_person_gets_neither_account(key: str) -> None:
    """S11, I9: A newcomer with a key of either account is rejected, and told how support releases a
    key of the ended account."""
    # given
    accounts = both()

    # when
    found = plan(file_of(HEADER, f"{key},{ZOE}"), known=accounts)

    # then
    assert codes(found) == ["other-person"]
    command = f"`tenure support release acme {accounts[1].id}`"
    assert (command in found.issues[0].message) == (not key.startswith("7"))


def test_a_released_key_of_the_ended_account_is_free() -> None:
    """S11, S9: After support released the ended account, its keys mean nobody any more."""
    # given
    accounts = both()
    roster = Roster.of(accounts)
    accounts = after(plan_support(Release(), accounts[1], roster, context()), accounts)

    # when
    found = plan(file_of(HEADER, f"8,a.vries@acme.example,{ZOE}"), known=accounts)

    # then
    assert (outcomes(found), codes(found)) == (["registered"], [])


@pytest.mark.parametrize("reverse", [False, True])
def test_two_rows_of_one_person_count_once(reverse: bool) -> None:
    """S11, I7: If a file still has both, the row with the number of the kept account counts."""
    # given
    rows = [f"7,ann@acme.example,{PERSON}", f"8,a.vries@acme.example,{PERSON}2027-06-30"]

    # when
    found = plan(file_of(HEADER, *(rows[::-1] if reverse else rows)), known=both())

    # then
    assert sorted(outcomes(found)) == ["rejected", "unchanged"]
    assert codes(found) == ["duplicate-employee"]
    assert kinds(found) == []


def test_an_account_can_be_merged_again() -> None:
    """S11: Keys of an account that was merged, and of the account that it was merged into, all mean
    the account that is kept last."""
    # given
    first, second = both()
    third = account("9,av@acme.example", 3)
    everybody = [third, first, second]
    known = after(plan_support(Merge(first.id), third, Roster.of(everybody), context()), everybody)

    # when
    rows = [
        f"{key},{PERSON}"
        for key in ("7,ann@acme.example", "8,a.vries@acme.example", "9,av@acme.example")
    ]
    found = [plan(file_of(HEADER, row), known=known) for row in rows]

    # then
    assert [codes(each) for each in found] == [[]] * 3
    assert [
        [result.employee and result.employee.id for result in each.results] for each in found
    ] == [[third.id]] * 3


def test_an_ended_account_lets_nobody_in_and_stays_as_it_was() -> None:
    """S11: The ended account keeps its values. The clock and other commands leave it alone."""
    # given
    kept, ended = account("7,ann@acme.example"), account("8,a.vries@acme.example", 2, "2027-06-30")

    # when
    one, other = after(merged(kept, ended), [kept, ended])

    # then
    assert (one.state, one.offboarding_date, one.absorbed) == (State.ACTIVE, None, (ended.id,))
    assert (other.state, other.offboarding_date) == (State.DEACTIVATED, day("2027-06-30"))
    with pytest.raises(CommandRejected) as rejected:
        plan_support(ChangeEmail("x@acme.example"), other, Roster.of([one, other]), context())
    assert (rejected.value.code, rejected.value.facts) == ("is-merged", {"kept": one.id})


TAKEN = {
    "address": (ChangeEmail("a.vries@acme.example"), "email-taken"),
    "number": (Link("8"), "external-id-taken"),
}


@pytest.mark.parametrize(("command", "code"), TAKEN.values(), ids=TAKEN)
def test_a_key_of_the_ended_account_is_not_free_for_others(
    command: ChangeEmail | Link, code: str
) -> None:
    """S11, S1, S6: Nobody else gets an address or a number of the ended account."""
    # given
    ben = registered("ben@acme.example,Ben,Smit", position=9)

    # when / then
    with pytest.raises(CommandRejected) as rejected:
        plan_support(command, ben, Roster.of([ben, *both()]), context())
    assert rejected.value.code == code


CLOSED = then(account("8,a.vries@acme.example", 2), Deactivated())
REFUSED = {
    "itself": (account("7,ann@acme.example"), account("7,ann@acme.example"), "same-employee"),
    "a closed account kept": (CLOSED, account("7,ann@acme.example"), "keeps-the-closed-one"),
    "a released account kept": (
        then(CLOSED, Released()),
        then(account("7,ann@acme.example"), Deactivated()),
        "is-released",
    ),
    "into an ended account": (both()[1], account("9,av@acme.example", 3), "is-merged"),
    "an ended account again": (account("9,av@acme.example", 3), both()[1], "is-merged"),
}


@pytest.mark.parametrize(("kept", "ended", "code"), REFUSED.values(), ids=REFUSED)
def test_accounts_that_cannot_be_merged(kept: Employee, ended: Employee, code: str) -> None:
    """S11: The kept account must be another one, must not have ended, and must not be the one of
    the two that is closed."""
    # when / then
    with pytest.raises(CommandRejected) as rejected:
        merged(kept, ended)
    assert rejected.value.code == code


ENDED = {
    "active": account("8,a.vries@acme.example", 2),
    "pending": then(
        registered(
            f"8,a.vries@acme.example,{PERSON}2027-05-01",
            HEADER.replace("offboarding", "onboarding"),
            position=2,
        )
    ),
    "leaving": then(account("8,a.vries@acme.example", 2), OffboardingScheduled(day("2027-06-30"))),
    "closed": CLOSED,
    "released": then(CLOSED, Released()),
    "moved by support": then(
        account("8,old@acme.example", 2), EmailChanged("a.vries@acme.example")
    ),
}


@pytest.mark.parametrize("ended", ENDED.values(), ids=ENDED)
def test_an_account_in_any_state_can_end(ended: Employee) -> None:
    """S11, I11: An account in any state can be the one that ends. What was released before means
    nobody, also after the merger. A repeated command changes nothing."""
    # given
    kept = account("7,ann@acme.example")

    # when
    found = merged(kept, ended)
    known = after(found, [kept, ended])
    later = plan(
        file_of(HEADER, f"8,a.vries@acme.example,{PERSON}"),
        known=known,
        now=moment("2028-01-01 12:00"),
    )

    # then
    assert kinds(found) == ["merged", "merged"]
    assert kinds(merged(*known)) == []
    assert outcomes(later) == (["registered"] if ended.released else ["unchanged"])


def test_a_row_that_looks_like_the_ended_account_means_the_kept_one() -> None:
    """S11, I9: The kept account is known by the names of the ended one, too."""
    # given
    before = registered(f"7,ann@acme.example,{PERSON}", HEADER)
    married = registered("8,a.mol@acme.example,Anna,Mol,,", HEADER, position=2)
    people = after(merged(before, married), [before, married])

    # when
    found = plan(file_of(HEADER, "8,a.mol@acme.example,Anna,Mol,,"), known=people)

    # then
    assert outcomes(found) == ["changed"]
    assert [change.after.id for change in found.changes] == [before.id]
