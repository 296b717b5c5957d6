"""Which employee a row means (I1-I6, I8), and how addresses change within one delivery.

People are written in short: `1 ann Anna` is Anna Bakker at ann@acme.example with the external id 1.
Without a name she is Kim, and `-` is no external id. The file calls `1 old>new` by the address
`old`, and support changed it to `new`. `1 ann Ann until 2026-01-25` has a last day. A slash stands
between the files of a delivery, oldest first.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import permutations

import pytest

from domain.delivery.plan import Plan, RowOutcome
from domain.employee.aggregate import Employee
from domain.employee.events import Deactivated, EmailChanged, ExternalIdLinked
from tests.given import a_company, after, cases, codes, kinds, outcomes, plan, registered, then

AT = "@acme.example"
HEADER = "external_id,email,first_name,last_name"
LEAVING = f"{HEADER},offboarding_date"


def row(person: str) -> str:
    """The row of one person."""
    person, _, last_day = person.partition(" until ")
    external_id, address, *name = person.split()
    cells = (external_id.strip("-"), address + AT, "".join(name) or "Kim", "Bakker")
    return ",".join((*cells, last_day) if last_day else cells)


def file(people: str, *more: str, header: str = HEADER) -> str:
    """A file with a row of each of these people, and more rows."""
    columns = LEAVING if " until " in people else header
    return "\n".join((columns, *map(row, filter(None, people.split(", "))), *more, ""))


def known(people: str) -> list[Employee]:
    """The employees that these people are."""
    each = filter(None, people.split(", "))
    return [known_one(person, position) for position, person in enumerate(each, 1)]


def known_one(person: str, position: int = 1) -> Employee:
    said, _, changed = person.partition(">")
    employee = registered(row(said), HEADER, position=position)
    return then(employee, EmailChanged(f"{changed}{AT}")) if changed else employee


def shown(people: Iterable[Employee]) -> list[str]:
    """The people that these employees are."""
    return sorted(
        f"{one.external_id or '-'} {one.email.removesuffix(AT)} {one.details.first_name}"
        for one in people
    )


def are(people: str) -> list[str]:
    """The people of a text, each with a name."""
    each = (person for person in people.split(", ") if person)
    return sorted(person if person.count(" ") == 2 else f"{person} Kim" for person in each)


def rejected(found: Plan) -> list[int]:
    return [each.line for each in found.results if each.outcome is RowOutcome.REJECTED]


def messages(found: Plan) -> str:
    return "\n".join(issue.message for issue in found.issues)


DELIVERIES = """
    I1: a row means the employee with its external id, not the one at its address
        1 ann, 2 ben | 1 ben Anna, 2 ann Benno | changed changed | 1 ben Anna, 2 ann Benno |
          no issue | details-changed email-changed details-changed email-changed
    I1: without an external id, it means the employee at its address
        - ann, 2 ben | - ann Anna | changed | - ann Anna, 2 ben | no issue | details-changed
    I1, I3: with an unknown external id, it means the employee at its address, who is linked
        - ann | 1 ann | changed | 1 ann | no issue | external-id-linked
    I2: a known external id with another address changes the address
        1 ann | 1 anna | changed | 1 anna | no issue | email-changed
    I2: each row of a chain that cannot move is rejected
        1 a, 2 b, 3 c | 1 b, 2 c | rejected rejected | 1 a, 2 b, 3 c | email-taken email-taken
    I2: the address of someone without an external id is taken too
        1 ann, - ben | 1 ben | rejected | 1 ann, - ben | email-taken
    I2, I7: the same, where the file mentions them
        1 ann, - ben | 1 ben, - ben | rejected rejected | 1 ann, - ben |
          duplicate-email duplicate-email
    I2, I7: two who want one free address keep their own, and nobody else gets those
        1 a, 2 b, 3 c | 1 x, 2 x, 3 a | rejected rejected rejected | 1 a, 2 b, 3 c |
          duplicate-email duplicate-email email-taken
    I2, I3: a newcomer gets no address whose own move was rejected
        1 a, 2 b | 9 a, 1 b | rejected rejected | 1 a, 2 b | external-id-conflict email-taken
    I2, D3: two files give one address to two employees, and the older file counts
        1 a, 2 b | 1 x / 2 x | changed rejected | 1 x, 2 b | email-taken | email-changed
    I2, D3: the same in the other order
        1 a, 2 b | 2 x / 1 x | changed rejected | 1 a, 2 x | email-taken | email-changed
    I2, D3: a taken address in the newer file leaves the row of the older file applied
        1 a, 2 b | 1 x / 1 b | changed rejected | 1 x, 2 b | email-taken | email-changed
    I2, D3: both rows are rejected where both addresses are taken
        1 a, 2 b, 3 c, 4 d | 1 b, 4 a / 1 c | rejected rejected rejected | 1 a, 2 b, 3 c, 4 d |
          email-taken email-taken email-taken
    I2, D3: a rejected row of the newer file frees no address of the older file
        1 a, 2 b, 3 c | 1 x, 3 y / 1 y, 2 x | changed changed rejected rejected | 1 x, 2 b, 3 y |
          email-taken email-taken | email-changed email-changed
    D3, I2: of two files with the employee's external id, the newer address counts
        1 ann | 1 ann / 1 anna | skipped changed | 1 anna | superseded-row | email-changed
    D3: of three files about one employee, the last counts
        nobody | 1 ann A / 1 ann B / 1 ann C | skipped skipped registered | 1 ann C |
          superseded-row superseded-row | registered
    D3: files that repeat what is known change nothing
        1 ann | 1 ann / 1 ann | skipped unchanged | 1 ann | superseded-row
    I3, I2: a link, and a change of address in a newer file
        - ann | 1 ann / 1 anna | skipped changed | 1 anna | superseded-row |
          email-changed external-id-linked
    I3, D3: two files link two external ids to one employee, and the older file counts
        - ann | 8 ann / 2 ann | changed rejected | 8 ann | external-id-conflict |
          external-id-linked
    I3, I8: two external ids at both addresses of one employee link neither
        - old>new | 1 old, 2 new | rejected rejected | - new |
          external-id-conflict external-id-conflict
    I4: a row without an external id keeps the one that is known
        1 ann | - ann Anna | changed | 1 ann Anna | no issue | details-changed
    I4, I2: without an external id, it means who is at the address after the older file
        1 a, 2 b | 1 b, 2 a / - a Second | changed skipped changed | 1 b, 2 a Second |
          superseded-row | email-changed details-changed email-changed
    I5, I2: at an address that its employee leaves in the same file, it is a newcomer
        1 a | 1 b, - a Other | changed registered | 1 b, - a Other | no issue |
          email-changed registered
    I4, D3: the newer row counts, where it alone has the external id
        1 ann | - ann Without / 1 ann With | skipped changed | 1 ann With | superseded-row |
          details-changed
    I4, D3: the newer row counts, where the older one alone has the external id
        1 ann | 1 ann With / - ann Without | skipped changed | 1 ann Without | superseded-row |
          details-changed
    I4, I2: an employee keeps the new address when a newcomer gets the old one
        1 ann | - anna / 1 anna, 9 ann | skipped changed registered | 1 anna, 9 ann |
          superseded-row | email-changed registered
    I4, D3: without an external id, it means the newcomer of the older file
        nobody | 1 ann / - ann Anna | skipped registered | 1 ann Anna | superseded-row |
          registered
    I5: an unknown address without an external id is a newcomer, and the known one stays
        - ann | - anna | registered | - ann, - anna | possible-email-change | registered
    I5: who is mentioned changed no address
        - ann | - anna, - ANN | registered unchanged | - ann, - anna | no issue | registered
    I5, I8: who is mentioned by the address that the file uses changed none
        - old>new | - anna, - old | registered unchanged | - new, - anna | no issue | registered
    I5, I8: who is mentioned by the address of support changed none
        - old>new | - anna, - new | registered changed | - new, - anna | no issue |
          registered file-noted
    D3: an older row registers nobody whom a newer file has at a known address
        - ann | - anna / - ann | skipped unchanged | - ann | superseded-row
    I5, D3: who is mentioned in an older file changed no address
        - ann | - ann / - anna | unchanged registered | - ann, - anna | no issue | registered
    I6: an external id and an address that are both unknown are a newcomer
        1 ann | 2 ben | registered | 1 ann, 2 ben | no issue | registered
    I6, D3: two files register two people at one address, and the older file counts
        nobody | 1 x / 2 x | registered rejected | 1 x | external-id-conflict | registered
    I6, D3: the same with the external ids in the other order
        nobody | 2 x / 1 x | registered rejected | 2 x | external-id-conflict | registered
    I6, D3: a newcomer of the older file gets the address before one of the newer file
        nobody | 1 p, 2 q / 1 q, 5 p | registered registered rejected rejected | 1 p, 2 q |
          email-taken external-id-conflict | registered registered
    I6, D3: the same for an external id that sorts before
        nobody | 1 p, 2 q / 1 q, 0a p | registered registered rejected rejected | 1 p, 2 q |
          email-taken external-id-conflict | registered registered
    I8: the old address means the same employee, and is not changed back
        1 old>new | 1 OLD Anna | changed | 1 new Anna | no issue | details-changed
    I8: the same without an external id
        - old>new | - OLD Anna | changed | - new Anna | no issue | details-changed
    I8, I4: the old address means an employee whose external id it lacks
        1 old>new | - old | unchanged | 1 new
    I8, L8: the new address in the file is noted
        1 old>new | 1 new | changed | 1 new | no issue | file-noted
    I8, L8: the same without an external id
        - old>new | - new | changed | - new | no issue | file-noted
    I8: a third address in the file is a change
        1 old>new | 1 third | changed | 1 third | no issue | email-changed
    I8, I2: no other employee gets the old address
        1 old>new, 2 ben | 2 old | rejected | 1 new, 2 ben | email-taken
    I8, I2: no other employee gets the present address
        1 old>new, 2 ben | 1 old, 2 new | unchanged rejected | 1 new, 2 ben | email-taken
    I8, I3: no newcomer gets the old address
        1 old>new | 9 old | rejected | 1 new | external-id-conflict
    I8, I3: no newcomer gets the present address
        1 old>new | 9 new | rejected | 1 new | external-id-conflict
    I8, I2: the old address is free in the file that carries the new one
        1 old>new, 2 ben | 2 old, 1 new | changed changed | 1 new, 2 old | no issue |
          email-changed file-noted
    I8, I2: an employee keeps the address of support before one of a newer file
        1 old>new, 2 ben | 1 new / 2 new | changed rejected | 1 new, 2 ben | email-taken |
          file-noted
    I8, I2: and before one of an older file
        1 old>new, 2 ben | 2 new / 1 new | rejected changed | 1 new, 2 ben | email-taken |
          file-noted
"""
"""Who is known | what the files say | what becomes of their rows | who is known then | the issues,
`several-files` left out | the events."""


@pytest.mark.parametrize(
    ("before", "says", "rows", "becomes", "issues", "events"), cases(DELIVERIES, 6)
)
def test_a_row_means_one_employee(
    before: str, says: str, rows: str, becomes: str, issues: str, events: str
) -> None:
    """I1-I6, I8, D3, L8: A row means the employee with its external id, failing that the one at its
    address, and otherwise a new one. The table says which, and what becomes of both.
    """
    # given
    staff = known(before)

    # when
    found = plan(*map(file, says.split(" / ")), known=staff)

    # then
    assert outcomes(found) == rows.split()
    assert shown(after(found, staff)) == are(becomes)
    assert [code for code in codes(found) if code != "several-files"] == issues.split()
    assert sorted(kinds(found)) == sorted(events.split())


LEFT = """
    I8, D3: a newer file with only the new address lets go of the old one
        - old>new | - old / - new | skipped changed | - new | skipped unchanged
    I8, D3: the old address in a file after one with the new address is a newcomer
        - old>new | - new / - old | changed registered | - new, - old | unchanged unchanged
    I8, D3: a newer row without an external id does not let go of the old address
        1 old>new | 1 old / - new Anna | skipped changed | 1 new Anna | skipped unchanged
    I3, I8: two external ids at both addresses of one employee link neither
        - cleo>s | 7 anna Anna / 7 s, A1 cleo | registered rejected rejected | - s, 7 anna Anna |
          unchanged rejected rejected
    I6, L2: who has left gets no account, and blocks no address
        nobody | 1 ann Ann until 2026-01-25 / 2 ben Ben / 2 ann Ben |
          rejected skipped registered | 2 ann Ben | rejected skipped unchanged
    I4, L2, D3: a newer row without a date registers nobody who has left
        nobody | 1 ann Kim until 2026-01-25 / - ann | skipped skipped | nobody | skipped skipped
    D3, L2: an older row registers nobody whom a newer file reports as left
        nobody | - ann / 7 ann / 7 ben Kim until 2026-01-25 |
          skipped skipped skipped | nobody | skipped skipped skipped
"""
"""Who is known | what the files say | what becomes of their rows | who is known then | what becomes
of the rows when the files are picked up again."""


@pytest.mark.parametrize(("before", "says", "rows", "becomes", "again"), cases(LEFT, 5))
def test_files_that_are_left_mean_the_same_at_the_next_pick_up(
    before: str, says: str, rows: str, becomes: str, again: str
) -> None:
    """D3, I3, I4, I6, I8: Files that stay in the folder yield no events at the next pick-up, and
    mean the same people.
    """
    # given
    files = list(map(file, says.split(" / ")))
    staff = known(before)

    # when
    found = plan(*files, known=staff)
    people = after(found, staff)
    second = plan(*files, known=people)

    # then
    assert (outcomes(found), shown(people)) == (rows.split(), are(becomes))
    assert (outcomes(second), kinds(second)) == (again.split(), [])


# I1: what is compared


@pytest.mark.parametrize(
    "cell",
    [
        "ANN@acme.example",
        "Ann@Acme.Example",
        "  ann@acme.example  ",
        "\u00a0ann@acme.example\u2003",
    ],
)
@pytest.mark.parametrize("external_id", ["1", ""])
def test_addresses_compare_trimmed_and_without_case_and_stay_as_written(
    cell: str, external_id: str
) -> None:
    """I1: An e-mail address that differs only in case or in the white space around it is no change.
    The known spelling stays.
    """
    # given
    staff = known("1 ann")

    # when
    found = plan(file("", f"{external_id},{cell},Kim,Bakker"), known=staff)

    # then
    assert outcomes(found) == ["unchanged"]
    assert shown(after(found, staff)) == are("1 ann")


def test_an_address_is_kept_as_the_first_row_wrote_it() -> None:
    """I1: An e-mail address is stored with the upper and lower case in which the row wrote it."""
    # when
    (ann,) = known("1 Ann.De.Vries")

    # then
    assert ann.email == ann.file_email == "Ann.De.Vries@acme.example"


@pytest.mark.parametrize(
    ("theirs", "other"), [("007", "7"), ("7", "007"), ("ab", "AB"), ("1", "1.0"), ("1", "\u0661")]
)
def test_external_ids_are_compared_character_by_character(theirs: str, other: str) -> None:
    """I1: External ids are compared character by character. An id that only looks similar belongs
    to another employee.
    """
    # given
    staff = known(f"{theirs} ann")

    # when
    found = plan(file(f"{other} ben"), known=staff)

    # then
    assert outcomes(found) == ["registered"]
    assert shown(after(found, staff)) == are(f"{theirs} ann, {other} ben")


# I2: e-mail addresses change

MOVES = {
    "to a free address": ("1 ann", "1 anna"),
    "swap": ("1 a, 2 b", "1 b, 2 a"),
    "chain": ("1 a, 2 b, 3 c", "1 b, 2 c, 3 d"),
    "cycle of three": ("1 a, 2 b, 3 c", "1 b, 2 c, 3 a"),
    "two swaps at once": ("1 a, 2 b, 3 c, 4 d", "1 b, 2 a, 3 d, 4 c"),
    "swap, written in capitals": ("1 a, 2 b", "1 B, 2 A"),
    "a new employee at an address that is left": ("1 a", "1 b, 9 a"),
    "a new employee at the end of a chain": ("1 a, 2 b", "1 b, 2 c, 9 a"),
}


@pytest.mark.parametrize(("before", "says"), MOVES.values(), ids=MOVES)
def test_swaps_and_chains_are_resolved_whatever_the_order_of_rows(before: str, says: str) -> None:
    """I2: Swaps and chains of e-mail addresses in one file are all applied, in any order
    of the rows.
    """
    # given
    staff = known(before)

    # when / then
    for order in permutations(says.split(", ")):
        found = plan(file(", ".join(order)), known=staff)

        assert shown(after(found, staff)) == are(says)
        assert codes(found) == []


BLOCKED = {
    "the holder is absent": ("1 a, 2 b", "1 b", "1 a, 2 b"),
    "the holder repeats it": ("1 a, 2 b", "1 b, 2 b2", "1 b, 2 b2"),
    "a chain that ends at someone who stays": ("1 a, 2 b, 3 c", "1 b, 2 c", "1 a, 2 b, 3 c"),
    "a chain that ends at someone whose row is rejected for another reason": (
        "1 a, 2 b, 3 c",
        "1 b, 2 c, 3 no@address",
        "1 a, 2 b, 3 c",
    ),
    "a long chain falls back whole": (
        "1 a, 2 b, 3 c, 4 d, 5 e",
        "1 b, 2 c, 3 d, 4 e",
        "1 a, 2 b, 3 c, 4 d, 5 e",
    ),
    "a blocked chain beside a swap": (
        "1 a, 2 b, 3 c, 4 d",
        "1 b, 2 a, 3 d",
        "1 b, 2 a, 3 c, 4 d",
    ),
}


@pytest.mark.parametrize(("before", "says", "becomes"), BLOCKED.values(), ids=BLOCKED)
def test_nobody_can_take_an_address_that_another_employee_keeps(
    before: str, says: str, becomes: str
) -> None:
    """I2: A row is rejected when another employee keeps its e-mail address, and so is every row
    that needs the address of a rejected row.
    """
    # given
    staff = known(before)

    # when / then
    for order in permutations(says.split(", ")):
        found = plan(file(", ".join(order)), known=staff)

        assert shown(after(found, staff)) == are(becomes)
        lost = [line for line, person in enumerate(order, 2) if person not in becomes.split(", ")]
        assert rejected(found) == lost


def test_a_taken_address_rejects_the_row_and_names_the_employee_who_has_it() -> None:
    """I2: The issue `email-taken` names the employee who has the address that the row wants."""
    # when
    found = plan(file("1 ben Anna, 2 cas"), known=known("1 ann, 2 ben, 3 cas"))

    # then
    first, second = found.issues
    assert (first.code, first.severity, first.line) == ("email-taken", "error", 2)
    assert (first.field, first.value) == ("email", f"ben{AT}")
    assert f"ben{AT} (external id 2)" in first.message
    assert f"cas{AT} (external id 3)" in second.message


@pytest.mark.parametrize("says", ["ben", "elsewhere"])
def test_a_deactivated_employee_keeps_their_address(says: str) -> None:
    """I2, L6: A deactivated employee keeps the e-mail address, even if a row gives them another
    one. Nobody else can take it.
    """
    # given
    ann, ben = known("1 ann, 2 ben")
    staff = [ann, then(ben, Deactivated())]

    # when
    found = plan(file(f"1 ben, 2 {says}"), known=staff)

    # then
    assert shown(after(found, staff)) == are("1 ann, 2 ben")
    assert ("email-taken" if says == "elsewhere" else "duplicate-email") in codes(found)


# I3: an unknown external id at a known address


def test_another_external_id_at_a_known_address_is_a_conflict_and_names_both() -> None:
    """I3: When the employee at the row's address has another external id, the row is rejected and
    the issue names both ids.
    """
    # when
    found = plan(file("2 ann Anna"), known=known("1 ann"))

    # then
    assert kinds(found) == []
    (issue,) = found.issues
    assert (issue.code, issue.severity) == ("external-id-conflict", "error")
    assert (issue.field, issue.value) == ("external_id", "2")
    assert f"ann{AT} (external id 1)" in issue.message
    assert "external id 2" in issue.message


def test_an_external_id_linked_by_support_counts_like_one_from_a_file() -> None:
    """I3, S6: An external id that support linked identifies the employee like an external id from a
    file.
    """
    # given
    (ann,) = known("- ann")
    staff = [then(ann, ExternalIdLinked("1"))]

    # when / then
    assert codes(plan(file("2 ann"), known=staff)) == ["external-id-conflict"]
    assert outcomes(plan(file("- ann"), known=staff)) == ["unchanged"]
    assert shown(after(plan(file("1 anna"), known=staff), staff)) == are("1 anna")


def test_a_rejected_row_links_no_external_id() -> None:
    """I3, W9, D3: A rejected row does not link its external id, so a newer row with this id and
    another address registers a new employee.
    """
    # given
    staff = known("- ann")
    strict = a_company(policy={"short_notice": "reject"})
    older = file("1 ann Kim until 2027-03-05")
    newer = file("", f"{row('1 ben')},", header=LEAVING)

    # when
    found = plan(older, newer, known=staff, company=strict)

    # then
    assert outcomes(found) == ["skipped", "registered"]
    assert shown(after(found, staff)) == are("- ann, 1 ben")


# I4: no external id at a known address


def test_a_file_without_the_column_keeps_the_external_id() -> None:
    """I4: A row of a file without external ids changes the employee at its address, whose external
    id stays.
    """
    # given
    staff = known("1 ann")

    # when
    found = plan(f"email,first_name,last_name\nann{AT},Anna,Bakker\n", known=staff)

    # then
    assert shown(after(found, staff)) == are("1 ann Anna")


# I5: an unknown address without an external id

BIRTHDAYS = "external_id,email,first_name,last_name,birthday"
NAMESAKES = {
    "same names, no birthdays": ("-", "Kim Bakker", "-", "Kim Bakker", True),
    "same names, same birthday": ("-", "Kim Bakker 1990-01-01", "-", "Kim Bakker 1990-01-01", True),
    "only the known one has a birthday": ("-", "Kim Bakker 1990-01-01", "-", "Kim Bakker", True),
    "only the row has a birthday": ("-", "Kim Bakker", "-", "Kim Bakker 1990-01-01", True),
    "other birthday": ("-", "Kim Bakker 1990-01-01", "-", "Kim Bakker 1990-01-02", False),
    "other first name": ("-", "Kim Bakker", "-", "Tim Bakker", False),
    "other last name": ("-", "Kim Bakker", "-", "Kim Visser", False),
    "the known one has an external id": ("1", "Kim Bakker", "-", "Kim Bakker", False),
    "the row has an external id": ("-", "Kim Bakker", "1", "Kim Bakker", False),
}


@pytest.mark.parametrize(
    ("their_id", "theirs", "row_id", "says", "warned"), NAMESAKES.values(), ids=NAMESAKES
)
def test_a_known_employee_with_the_same_names_gives_a_warning(
    their_id: str, theirs: str, row_id: str, says: str, warned: bool
) -> None:
    """I5: The warning `possible-email-change` is given when a known employee without an external id
    has the same names and no other birthday.
    """

    # given
    def cells(external_id: str, address: str, names: str) -> str:
        return ",".join((external_id.strip("-"), address, *(*names.split(), "")[:3]))

    staff = [registered(cells(their_id, "a@x.example", theirs), BIRTHDAYS)]

    # when
    found = plan(file("", cells(row_id, "b@x.example", says), header=BIRTHDAYS), known=staff)

    # then
    assert outcomes(found) == ["registered"]
    assert codes(found) == (["possible-email-change"] if warned else [])


def test_the_warning_names_the_known_employee() -> None:
    """I5: The warning `possible-email-change` names the known employee who may be the
    same person.
    """
    # when
    (issue,) = plan(file("- anna"), known=known("- ann")).issues

    # then
    assert (issue.severity, issue.field, issue.value) == ("warning", "email", f"anna{AT}")
    assert f"ann{AT}" in issue.message


def test_an_employee_that_a_rejected_row_mentions_is_not_a_possible_email_change() -> None:
    """I5: A known employee that a row of the delivery mentions is not named as a possible e-mail
    change, even if that row is rejected.
    """
    # when
    found = plan(file("- anna", f",ann{AT},,Bakker"), known=known("- ann"))

    # then
    assert codes(found) == ["missing-value"]


# I8: support changed an address that the file still uses


def test_what_the_file_calls_an_employee_is_remembered() -> None:
    """I8, L8: The address that the file uses stays until the file carries another one. A third
    address lets go of both, and the old address after the new one is a change.
    """
    # given
    staff = known("1 old>new")

    # when
    (repeated,) = after(plan(file("1 old Anna"), known=staff))
    (followed,) = after(plan(file("1 new"), known=staff))
    (third,) = after(plan(file("1 third"), known=staff))
    back = plan(file("1 old"), known=[followed])

    # then
    assert repeated.file_email == f"old{AT}"
    assert followed.file_email == f"new{AT}"
    assert third.addresses == {f"third{AT}"}
    assert (kinds(back), shown(after(back))) == (["email-changed"], are("1 old"))


def test_an_employee_who_is_mentioned_by_the_old_address_is_not_absent() -> None:
    """I8, I4, D7: A row with the old address and no external id mentions the employee."""
    assert plan(file("- old"), known=known("1 old>new")).counts.absent == 0


def test_of_both_addresses_in_one_file_the_row_with_the_external_id_is_applied() -> None:
    """I8, I7: When one file has both addresses of an employee, only the row with the external id is
    applied. The other row is rejected.
    """
    # given
    staff = known("1 old>new")

    # when
    found = plan(file("- new Wrong, 1 old Anna"), known=staff)

    # then
    assert outcomes(found) == ["rejected", "changed"]
    assert codes(found) == ["duplicate-employee"]
    assert "Lines 2 and 3" in messages(found)
    assert "only line 3, which has the employee's external id, counts" in messages(found)
    assert shown(after(found, staff)) == are("1 new Anna")


def test_both_addresses_in_one_file_without_an_external_id_are_rejected() -> None:
    """I8, I7: When one file has the same names at both addresses of an employee without an external
    id, both rows are rejected, and the issue does not say that the addresses are equal.
    """
    # when
    found = plan(file("- new, - old"), known=known("- old>new"))

    # then
    assert outcomes(found) == ["rejected", "rejected"]
    assert codes(found) == ["duplicate-employee", "duplicate-employee"]
    assert "Lines 2 and 3 all mean one employee" in messages(found)
    assert "none of them was applied" in messages(found)


def test_support_can_change_an_address_back_and_the_file_stays_unchanged() -> None:
    """I8: After support changed an address back, a file with that address changes nothing."""
    # given
    (changed,) = known("1 old>new")
    ann = then(changed, EmailChanged(f"old{AT}"))

    # when / then
    assert outcomes(plan(file("1 old"), known=[ann])) == ["unchanged"]
    assert ann.addresses == {f"old{AT}"}


def test_a_row_rejected_for_a_deactivated_employee_is_superseded_by_a_newer_row() -> None:
    """D3, L6: An older row that a deactivated employee would reject is superseded by a newer row
    with its external id, at both pick-ups.
    """
    # given
    cleo = then(*known("- cleo"), Deactivated())
    files = (file("A1 cleo Kim until 2027-09-30"), file("A1 fay"))

    # when
    first = plan(*files, known=[cleo])
    again = plan(*files, known=after(first, [cleo]))

    # then
    assert (kinds(first), outcomes(first)) == (["registered"], ["skipped", "registered"])
    assert kinds(again) == []
    assert rejected(again) == []
