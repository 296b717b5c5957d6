"""Which employee a row means (I1-I6, I8), and how addresses change within one delivery."""

from __future__ import annotations

from itertools import permutations

import pytest

from domain.delivery.plan import Plan, RowOutcome
from domain.employee.aggregate import Employee
from domain.employee.events import Deactivated, EmailChanged, ExternalIdLinked
from tests.given import NOW, a_company, after, codes, kinds, outcomes, plan, registered, then

AT = "@acme.example"
HEADER = "external_id,email,first_name,last_name"


def known(people: dict[str, str]) -> list[Employee]:
    """Everyone by external id, each called after the first part of their address."""
    return [
        registered(line(external_id, name), HEADER, position=position)
        for position, (external_id, name) in enumerate(people.items(), 1)
    ]


def line(external_id: str, address: str, first_name: str = "Kim") -> str:
    return f"{external_id},{address}{AT},{first_name},Bakker"


def file(*lines: str, header: str = HEADER) -> str:
    return "\n".join((header, *lines, ""))


def addresses(found: Plan, staff: list[Employee]) -> dict[str | None, str]:
    """Who is reached where afterwards, by external id."""
    return {one.external_id: one.email.removesuffix(AT) for one in after(found, staff)}


def rejected(found: Plan) -> list[int]:
    return [each.line for each in found.results if each.outcome is RowOutcome.REJECTED]


def messages(found: Plan) -> str:
    return "\n".join(issue.message for issue in found.issues)


# I1: which employee a row means


def test_a_row_means_the_employee_with_its_external_id_and_not_the_one_with_its_address() -> None:
    """I1: A row means the employee with its external id, even if another employee has its e-mail
    address.
    """
    # given
    staff = known({"1": "ann", "2": "ben"})

    # when
    found = plan(file(line("1", "ben", "Anna"), line("2", "ann", "Benno")), known=staff)

    # then
    names = {one.external_id: one.details.first_name for one in after(found, staff)}
    assert names == {"1": "Anna", "2": "Benno"}


def test_a_row_without_external_id_means_the_employee_with_its_address() -> None:
    """I1: A row without an external id means the employee with its e-mail address."""
    # given
    ann, ben = known({"": "ann", "2": "ben"})

    # when
    found = plan(file(line("", "ann", "Anna")), known=[ann, ben])

    # then
    assert [change.after.id for change in found.changes] == [ann.id]
    assert kinds(found) == ["details-changed"]


def test_a_row_with_an_unknown_external_id_means_the_employee_with_its_address() -> None:
    """I1: A row whose external id is unknown means the employee with its e-mail address."""
    # given
    (ann,) = known({"": "ann"})

    # when
    found = plan(file(line("1", "ann")), known=[ann])

    # then
    assert [change.after.id for change in found.changes] == [ann.id]


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
    (ann,) = known({"1": "ann"})

    # when
    found = plan(file(f"{external_id},{cell},Kim,Bakker"), known=[ann])

    # then
    assert outcomes(found) == ["unchanged"]
    assert addresses(found, [ann]) == {"1": "ann"}


def test_an_address_is_kept_as_the_first_row_wrote_it() -> None:
    """I1: An e-mail address is stored with the upper and lower case in which the row wrote it."""
    # when
    staff = known({"1": "Ann.De.Vries"})

    # then
    assert staff[0].email == "Ann.De.Vries@acme.example"
    assert staff[0].file_email == "Ann.De.Vries@acme.example"


@pytest.mark.parametrize(
    ("theirs", "other"), [("007", "7"), ("7", "007"), ("ab", "AB"), ("1", "1.0"), ("1", "\u0661")]
)
def test_external_ids_are_compared_character_by_character(theirs: str, other: str) -> None:
    """I1: External ids are compared character by character. An id that only looks similar belongs
    to another employee.
    """
    # given
    staff = known({theirs: "ann"})

    # when
    found = plan(file(line(other, "ben")), known=staff)

    # then
    assert outcomes(found) == ["registered"]
    assert addresses(found, staff) == {theirs: "ann", other: "ben"}


# I2: e-mail addresses change


def test_a_known_external_id_with_another_address_changes_the_address() -> None:
    """I2: A row with a known external id and another e-mail address changes the address of this
    employee.
    """
    # given
    (ann,) = known({"1": "ann"})

    # when
    found = plan(file(line("1", "anna")), known=[ann])

    # then
    (change,) = found.changes
    assert kinds(found) == ["email-changed"]
    assert (change.after.id, change.after.email) == (ann.id, f"anna{AT}")
    assert change.after.file_email == f"anna{AT}"


MOVES = {
    "to a free address": ({"1": "ann"}, {"1": "anna"}, {"1": "anna"}),
    "swap": ({"1": "a", "2": "b"}, {"1": "b", "2": "a"}, {"1": "b", "2": "a"}),
    "chain": (
        {"1": "a", "2": "b", "3": "c"},
        {"1": "b", "2": "c", "3": "d"},
        {"1": "b", "2": "c", "3": "d"},
    ),
    "cycle of three": (
        {"1": "a", "2": "b", "3": "c"},
        {"1": "b", "2": "c", "3": "a"},
        {"1": "b", "2": "c", "3": "a"},
    ),
    "two swaps at once": (
        {"1": "a", "2": "b", "3": "c", "4": "d"},
        {"1": "b", "2": "a", "3": "d", "4": "c"},
        {"1": "b", "2": "a", "3": "d", "4": "c"},
    ),
    "swap, written in capitals": (
        {"1": "a", "2": "b"},
        {"1": "B", "2": "A"},
        {"1": "B", "2": "A"},
    ),
    "a new employee at an address that is left": (
        {"1": "a"},
        {"1": "b", "9": "a"},
        {"1": "b", "9": "a"},
    ),
    "a new employee at the end of a chain": (
        {"1": "a", "2": "b"},
        {"1": "b", "2": "c", "9": "a"},
        {"1": "b", "2": "c", "9": "a"},
    ),
}


@pytest.mark.parametrize(("before", "says", "expected"), MOVES.values(), ids=MOVES)
def test_swaps_and_chains_are_resolved_whatever_the_order_of_rows(
    before: dict[str, str], says: dict[str, str], expected: dict[str, str]
) -> None:
    """I2: Swaps and chains of e-mail addresses in one file are all applied, in any order
    of the rows.
    """
    # given
    staff = known(before)

    # when / then
    for order in permutations(says.items()):
        found = plan(file(*(line(*row) for row in order)), known=staff)

        assert addresses(found, staff) == expected
        assert codes(found) == []


BLOCKED = {
    "the holder is absent": ({"1": "a", "2": "b"}, {"1": "b"}, {"1"}),
    "the holder repeats it": ({"1": "a", "2": "b"}, {"1": "b", "2": "b2"}, set()),
    "a chain that ends at someone who stays": (
        {"1": "a", "2": "b", "3": "c"},
        {"1": "b", "2": "c"},
        {"1", "2"},
    ),
    "a chain that ends at someone whose row is rejected for another reason": (
        {"1": "a", "2": "b", "3": "c"},
        {"1": "b", "2": "c", "3": "not an address "},
        {"1", "2", "3"},
    ),
    "a long chain falls back whole": (
        {"1": "a", "2": "b", "3": "c", "4": "d", "5": "e"},
        {"1": "b", "2": "c", "3": "d", "4": "e"},
        {"1", "2", "3", "4"},
    ),
    "a blocked chain beside a swap": (
        {"1": "a", "2": "b", "3": "c", "4": "d"},
        {"1": "b", "2": "a", "3": "d"},
        {"3"},
    ),
}


@pytest.mark.parametrize(("before", "says", "loses"), BLOCKED.values(), ids=BLOCKED)
def test_nobody_can_take_an_address_that_another_employee_keeps(
    before: dict[str, str], says: dict[str, str], loses: set[str]
) -> None:
    """I2: A row is rejected when another employee keeps its e-mail address, and so is every row
    that needs the address of a rejected row.
    """
    # given
    staff = known(before)

    # when / then
    for order in permutations(says.items()):
        found = plan(file(*(line(*row) for row in order)), known=staff)

        rows = dict(zip(range(2, 9), (external_id for external_id, _ in order), strict=False))
        assert {rows[number] for number in rejected(found)} == loses
        kept = {one: before[one] if one in loses else says.get(one, before[one]) for one in before}
        assert addresses(found, staff) == kept


def test_a_taken_address_rejects_the_row_and_names_the_employee_who_has_it() -> None:
    """I2: The issue `email-taken` rejects the whole row and names the employee who has
    the address.
    """
    # given
    staff = known({"1": "ann", "2": "ben"})

    # when
    found = plan(file(line("1", "ben", "Anna")), known=staff)

    # then
    assert kinds(found) == []
    (issue,) = found.issues
    assert (issue.code, issue.severity, issue.line) == ("email-taken", "error", 2)
    assert (issue.field, issue.value) == ("email", f"ben{AT}")
    assert f"ben{AT} (external id 2)" in issue.message


def test_a_taken_address_is_told_of_every_row_of_a_blocked_chain() -> None:
    """I2: Each row of a chain that cannot move gets `email-taken` with the employee who has the
    address that the row wants.
    """
    # given
    staff = known({"1": "a", "2": "b", "3": "c"})

    # when
    found = plan(file(line("1", "b"), line("2", "c")), known=staff)

    # then
    assert codes(found) == ["email-taken", "email-taken"]
    first, second = found.issues
    assert f"b{AT} (external id 2)" in first.message
    assert f"c{AT} (external id 3)" in second.message


def test_the_address_of_someone_without_external_id_is_taken_too() -> None:
    """I2, I7: The e-mail address of an employee without an external id is taken too, whether the
    file mentions this employee or not.
    """
    # given
    staff = known({"1": "ann", "": "ben"})

    # when
    found = plan(file(line("1", "ben"), line("", "ben")), known=staff)
    alone = plan(file(line("1", "ben")), known=staff)

    # then
    assert codes(found) == ["duplicate-email", "duplicate-email"]
    assert codes(alone) == ["email-taken"]


@pytest.mark.parametrize("says", ["ben", "elsewhere"])
def test_a_deactivated_employee_keeps_their_address(says: str) -> None:
    """I2, L6: A deactivated employee keeps the e-mail address, even if a row gives them another
    one. Nobody else can take it.
    """
    # given
    ann, ben = known({"1": "ann", "2": "ben"})
    staff = [ann, then(ben, Deactivated())]

    # when
    found = plan(file(line("1", "ben"), line("2", says)), known=staff)

    # then
    assert addresses(found, staff) == {"1": "ann", "2": "ben"}
    assert ("email-taken" if says == "elsewhere" else "duplicate-email") in codes(found)


def test_two_employees_who_want_one_free_address_keep_their_own() -> None:
    """I2, I7: When two rows want the same free address, both employees keep their own. A third
    employee cannot take one of those.
    """
    # given
    staff = known({"1": "a", "2": "b", "3": "c"})

    # when
    found = plan(file(line("1", "x"), line("2", "x"), line("3", "a")), known=staff)

    # then
    assert codes(found) == ["duplicate-email", "duplicate-email", "email-taken"]
    assert addresses(found, staff) == {"1": "a", "2": "b", "3": "c"}


def test_a_new_employee_cannot_take_an_address_whose_move_was_rejected() -> None:
    """I2, I3: A new employee cannot take the address of an employee whose own change of address was
    rejected.
    """
    # given
    staff = known({"1": "a", "2": "b"})

    # when
    found = plan(file(line("9", "a"), line("1", "b")), known=staff)

    # then
    assert codes(found) == ["external-id-conflict", "email-taken"]
    assert addresses(found, staff) == {"1": "a", "2": "b"}


def test_when_two_files_give_one_address_to_two_employees_the_older_file_wins() -> None:
    """I2, D3: When two files give one free address to two employees, the row of the older file is
    applied and the other is rejected.
    """
    # given
    staff = known({"1": "a", "2": "b"})

    # when / then
    for first, second in (("1", "2"), ("2", "1")):
        found = plan(file(line(first, "x")), file(line(second, "x")), known=staff)

        assert outcomes(found) == ["changed", "rejected"]
        assert codes(found) == ["several-files", "email-taken"]
        assert addresses(found, staff)[first] == "x"


def test_a_rejected_address_in_the_newer_file_leaves_the_row_of_the_older_file_applied() -> None:
    """I2, D3: When the newer file gives an employee a taken address, its row is rejected and the
    row of the older file is applied.
    """
    # given
    staff = known({"1": "a", "2": "b"})

    # when
    found = plan(file(line("1", "x")), file(line("1", "b")), known=staff)

    # then
    assert outcomes(found) == ["changed", "rejected"]
    assert addresses(found, staff) == {"1": "x", "2": "b"}


def test_rows_of_both_files_are_rejected_when_both_addresses_are_taken() -> None:
    """I2, D3: When other employees keep both the address of the older file and that of the newer
    file, both rows are rejected.
    """
    # given
    staff = known({"1": "a", "2": "b", "3": "c", "4": "d"})

    # when
    found = plan(file(line("1", "b"), line("4", "a")), file(line("1", "c")), known=staff)

    # then
    assert outcomes(found) == ["rejected"] * 3
    assert codes(found) == ["several-files", "email-taken", "email-taken", "email-taken"]
    assert addresses(found, staff) == {"1": "a", "2": "b", "3": "c", "4": "d"}


def test_a_rejected_row_of_the_newer_file_frees_no_address_of_the_older_file() -> None:
    """I2, D3: When the newer row is rejected, its employee takes the address of the older file, and
    nobody else can take that one.
    """
    # given
    staff = known({"1": "a", "2": "b", "3": "c"})

    # when
    found = plan(
        file(line("1", "x"), line("3", "y")),
        file(line("1", "y"), line("2", "x")),
        known=staff,
    )

    # then
    assert addresses(found, staff) == {"1": "x", "2": "b", "3": "y"}
    assert codes(found) == ["several-files", "email-taken", "email-taken"]


# I3: an unknown external id at a known address


def test_an_employee_without_external_id_is_linked() -> None:
    """I3: When the employee at the row's address has no external id, the external id of the row is
    linked to this employee.
    """
    # given
    (ann,) = known({"": "ann"})

    # when
    found = plan(file(line("1", "ann")), known=[ann])

    # then
    (change,) = found.changes
    assert kinds(found) == ["external-id-linked"]
    assert (change.after.id, change.after.external_id) == (ann.id, "1")


def test_another_external_id_at_a_known_address_is_a_conflict_and_names_both() -> None:
    """I3: When the employee at the row's address has another external id, the row is rejected and
    the issue names both ids.
    """
    # given
    staff = known({"1": "ann"})

    # when
    found = plan(file(line("2", "ann", "Anna")), known=staff)

    # then
    assert kinds(found) == []
    (issue,) = found.issues
    assert (issue.code, issue.severity) == ("external-id-conflict", "error")
    assert (issue.field, issue.value) == ("external_id", "2")
    assert f"ann{AT} (external id 1)" in issue.message
    assert "external id 2" in issue.message


def test_an_employee_can_be_linked_and_change_address_in_one_delivery() -> None:
    """I3, I2: One file can link an external id to an employee and a newer file of the delivery can
    change the address of this employee.
    """
    # given
    staff = known({"": "ann"})

    # when
    found = plan(file(line("1", "ann")), file(line("1", "anna")), known=staff)

    # then
    assert sorted(kinds(found)) == ["email-changed", "external-id-linked"]
    assert addresses(found, staff) == {"1": "anna"}


def test_when_two_files_link_two_external_ids_to_one_employee_the_older_file_wins() -> None:
    """I3, D3: When two files have different external ids for an employee without one, the older id
    is linked and the newer row is rejected.
    """
    # given
    staff = known({"": "ann"})

    # when
    found = plan(file(line("8", "ann")), file(line("2", "ann")), known=staff)

    # then
    assert outcomes(found) == ["changed", "rejected"]
    assert codes(found) == ["several-files", "external-id-conflict"]
    assert addresses(found, staff) == {"8": "ann"}


def test_two_external_ids_for_the_two_addresses_of_one_employee_link_neither() -> None:
    """I3, I8: When one file has different external ids at both addresses of one employee, both rows
    are rejected.
    """
    # given
    (ann,) = known({"": "old"})
    staff = [then(ann, EmailChanged(f"new{AT}"))]

    # when
    found = plan(file(line("1", "old"), line("2", "new")), known=staff)

    # then
    assert codes(found) == ["external-id-conflict", "external-id-conflict"]
    assert kinds(found) == []


def test_an_external_id_linked_by_support_counts_like_one_from_a_file() -> None:
    """I3, S6: An external id that support linked identifies the employee like an external id from a
    file.
    """
    # given
    (ann,) = known({"": "ann"})
    staff = [then(ann, ExternalIdLinked("1"))]

    # when / then
    assert codes(plan(file(line("2", "ann")), known=staff)) == ["external-id-conflict"]
    assert addresses(plan(file(line("1", "anna")), known=staff), staff) == {"1": "anna"}


# I4: no external id at a known address


@pytest.mark.parametrize(
    "text",
    [
        file(line("", "ann", "Anna")),
        file(f"ann{AT},Anna,Bakker", header="email,first_name,last_name"),
    ],
    ids=["blank cell", "absent column"],
)
def test_a_row_without_an_external_id_keeps_the_external_id(text: str) -> None:
    """I4: A row without an external id at a known address changes this employee and keeps the
    employee's external id.
    """
    # given
    (ann,) = known({"1": "ann"})

    # when
    found = plan(text, known=[ann])

    # then
    (change,) = found.changes
    assert (change.after.id, change.after.external_id) == (ann.id, "1")
    assert change.after.details.first_name == "Anna"


def test_a_row_without_external_id_means_the_employee_who_has_its_address_after_the_moves() -> None:
    """I4, I2: A row without an external id means the employee who has its address after the older
    file has changed the addresses.
    """
    # given
    staff = known({"1": "a", "2": "b"})

    # when
    found = plan(file(line("1", "b"), line("2", "a")), file(line("", "a", "Second")), known=staff)

    # then
    names = {one.external_id: one.details.first_name for one in after(found, staff)}
    assert names == {"1": "Kim", "2": "Second"}
    assert addresses(found, staff) == {"1": "b", "2": "a"}


def test_a_row_without_external_id_at_an_address_that_was_left_is_a_new_employee() -> None:
    """I5, I2: A row without an external id at an address that its employee leaves in the same file
    registers a new employee.
    """
    # given
    staff = known({"1": "a"})

    # when
    found = plan(file(line("1", "b"), line("", "a", "Other")), known=staff)

    # then
    assert sorted(outcomes(found)) == ["changed", "registered"]
    assert addresses(found, staff) == {"1": "b", None: "a"}


def test_the_row_of_the_newer_file_is_applied_with_or_without_an_external_id() -> None:
    """I4, D3: Of two rows about one employee, the row of the newer file is applied, whichever of
    them has the external id.
    """
    # given
    staff = known({"1": "ann"})
    with_id, without = file(line("1", "ann", "With")), file(line("", "ann", "Without"))

    # when / then
    for older, younger, name in ((without, with_id, "With"), (with_id, without, "Without")):
        found = plan(older, younger, known=staff)

        assert outcomes(found) == ["skipped", "changed"]
        assert [one.details.first_name for one in after(found, staff)] == [name]


def test_an_employee_keeps_the_new_address_when_a_new_employee_gets_the_old_one() -> None:
    """I4, I2: An employee who moves by external id keeps the new address, although a new employee
    gets the old one and an older row has the new one.
    """
    # given
    staff = known({"1": "ann"})

    # when
    found = plan(file(line("", "anna")), file(line("1", "anna"), line("9", "ann")), known=staff)

    # then
    assert addresses(found, staff) == {"1": "anna", "9": "ann"}


def test_a_row_without_external_id_means_the_new_employee_of_the_other_file() -> None:
    """I4, D3: A row without an external id means the new employee that an older file registers at
    the same address.
    """
    # when
    found = plan(file(line("1", "ann")), file(line("", "ann", "Anna")))

    # then
    (change,) = found.changes
    assert kinds(found) == ["registered"]
    assert (change.after.external_id, change.after.details.first_name) == ("1", "Anna")


# I5: an unknown address without an external id


def test_an_unknown_address_without_external_id_is_a_new_employee_and_the_old_one_stays() -> None:
    """I5: A row with an unknown address and no external id registers a new employee and changes no
    known one.
    """
    # given
    (ann,) = known({"": "ann"})

    # when
    found = plan(file(line("", "anna")), known=[ann])

    # then
    assert kinds(found) == ["registered"]
    assert [change.before for change in found.changes] == [None]
    assert sorted(one.email for one in after(found, [ann])) == [f"ann{AT}", f"anna{AT}"]


BIRTHDAYS = "external_id,email,first_name,last_name,birthday"
NAMESAKES = {
    "same names, no birthdays": (",a@x.example,Kim,Bakker,", ",b@x.example,Kim,Bakker,", True),
    "same names, same birthday": (
        ",a@x.example,Kim,Bakker,1990-01-01",
        ",b@x.example,Kim,Bakker,1990-01-01",
        True,
    ),
    "only the known one has a birthday": (
        ",a@x.example,Kim,Bakker,1990-01-01",
        ",b@x.example,Kim,Bakker,",
        True,
    ),
    "only the row has a birthday": (
        ",a@x.example,Kim,Bakker,",
        ",b@x.example,Kim,Bakker,1990-01-01",
        True,
    ),
    "other birthday": (
        ",a@x.example,Kim,Bakker,1990-01-01",
        ",b@x.example,Kim,Bakker,1990-01-02",
        False,
    ),
    "other first name": (",a@x.example,Kim,Bakker,", ",b@x.example,Tim,Bakker,", False),
    "other last name": (",a@x.example,Kim,Bakker,", ",b@x.example,Kim,Visser,", False),
    "the known one has an external id": (
        "1,a@x.example,Kim,Bakker,",
        ",b@x.example,Kim,Bakker,",
        False,
    ),
    "the row has an external id": (",a@x.example,Kim,Bakker,", "1,b@x.example,Kim,Bakker,", False),
}


@pytest.mark.parametrize(("theirs", "row", "warned"), NAMESAKES.values(), ids=NAMESAKES)
def test_a_known_employee_with_the_same_names_gives_a_warning(
    theirs: str, row: str, warned: bool
) -> None:
    """I5: The warning `possible-email-change` is given when a known employee without an external id
    has the same names and no other birthday.
    """
    # given
    staff = [registered(theirs, BIRTHDAYS)]

    # when
    found = plan(file(row, header=BIRTHDAYS), known=staff)

    # then
    assert outcomes(found) == ["registered"]
    assert codes(found) == (["possible-email-change"] if warned else [])


def test_the_warning_names_the_known_employee() -> None:
    """I5: The warning `possible-email-change` names the known employee who may be the
    same person.
    """
    # given
    staff = known({"": "ann"})

    # when
    (issue,) = plan(file(line("", "anna")), known=staff).issues

    # then
    assert (issue.severity, issue.field, issue.value) == ("warning", "email", f"anna{AT}")
    assert f"ann{AT}" in issue.message


@pytest.mark.parametrize(
    "row",
    [line("", "ann"), line("", "ANN"), f",ann{AT},,Bakker"],
    ids=["repeated", "in other case", "in a row that is rejected"],
)
def test_an_employee_that_a_row_mentions_is_not_a_possible_email_change(row: str) -> None:
    """I5: A known employee that a row of the delivery mentions is not named as a possible e-mail
    change, even if that row is rejected.
    """
    # given
    staff = known({"": "ann"})

    # when
    found = plan(file(line("", "anna"), row), known=staff)

    # then
    assert "possible-email-change" not in codes(found)


def test_an_older_row_does_not_register_a_person_that_a_newer_file_has_at_another_address() -> None:
    """D3: A row of an older file registers nobody when a newer file has the same person under a
    known address.
    """
    # given
    staff = known({"": "ann"})

    # when
    found = plan(file(line("", "anna")), file(line("", "ann")), known=staff)

    # then
    assert codes(found) == ["several-files", "superseded-row"]
    assert kinds(found) == []


def test_an_employee_that_an_older_file_mentions_is_not_a_possible_email_change() -> None:
    """I5: An employee that an older file of the delivery mentions is not named as a possible e-mail
    change.
    """
    # given
    staff = known({"": "ann"})

    # when
    found = plan(file(line("", "ann")), file(line("", "anna")), known=staff)

    # then
    assert codes(found) == ["several-files"]
    assert kinds(found) == ["registered"]


@pytest.mark.parametrize("address", ["old", "new"])
def test_both_addresses_of_an_employee_count_as_mentioned(
    address: str,
) -> None:
    """I5, I8: A row with either the present address or the address that the file uses mentions the
    employee, so there is no warning.
    """
    # given
    (ann,) = known({"": "old"})
    staff = [then(ann, EmailChanged(f"new{AT}"))]

    # when / then
    assert codes(plan(file(line("", "anna"), line("", address)), known=staff)) == []


# I6: an unknown external id at an unknown address


def test_an_external_id_and_an_address_that_are_both_unknown_are_a_new_employee() -> None:
    """I6: A row whose external id and address are both unknown registers a new employee
    with both.
    """
    # given
    staff = known({"1": "ann"})

    # when
    found = plan(file(line("2", "ben")), known=staff)

    # then
    assert kinds(found) == ["registered"]
    assert codes(found) == []
    assert addresses(found, staff) == {"1": "ann", "2": "ben"}


def test_when_two_files_register_two_people_at_one_address_the_older_file_wins() -> None:
    """I6, D3: When two files register two people at one address, the person of the older file is
    registered and the other row is rejected.
    """
    # when / then
    for first, second in (("1", "2"), ("2", "1")):
        found = plan(file(line(first, "x")), file(line(second, "x")))

        assert outcomes(found) == ["registered", "rejected"]
        assert codes(found) == ["several-files", "external-id-conflict"]
        assert addresses(found, []) == {first: "x"}


@pytest.mark.parametrize("third", ["0", "5"])
def test_a_new_employee_of_the_older_file_keeps_an_address_before_one_of_the_newer_file(
    third: str,
) -> None:
    """I6, D3: A new employee whose newer row is rejected gets the address of the older file before
    a new employee of the newer file does.
    """
    # when
    found = plan(file(line("1", "p"), line("2", "q")), file(line("1", "q"), line(third, "p")))

    # then
    assert addresses(found, []) == {"1": "p", "2": "q"}


# I8: support changed an address that the file still uses


def moved_by_support(external_id: str = "1") -> Employee:
    """The file calls them `old`, support made it `new`."""
    (employee,) = known({external_id: "old"})
    return then(employee, EmailChanged(f"new{AT}"))


@pytest.mark.parametrize("external_id", ["1", ""])
@pytest.mark.parametrize("cell", ["old", "OLD"])
def test_a_row_with_the_old_address_means_the_same_employee_and_does_not_change_it_back(
    external_id: str, cell: str
) -> None:
    """I8: A row with the address from before support changed it means the same employee and does
    not change the address back.
    """
    # given
    ann = moved_by_support(external_id)

    # when
    found = plan(file(line(external_id, cell, "Anna")), known=[ann])

    # then
    (change,) = found.changes
    assert kinds(found) == ["details-changed"]
    assert (change.after.id, change.after.email) == (ann.id, f"new{AT}")
    assert change.after.file_email == f"old{AT}"


def test_the_old_address_without_external_id_means_an_employee_who_has_one() -> None:
    """I8, I4: A row with the old address and no external id means the same employee, who is
    therefore not absent.
    """
    # given
    ann = moved_by_support("1")

    # when
    found = plan(file(line("", "old")), known=[ann])

    # then
    assert outcomes(found) == ["unchanged"]
    assert found.counts.absent == 0


@pytest.mark.parametrize("external_id", ["1", ""])
def test_the_new_address_in_the_file_is_only_noted(
    external_id: str,
) -> None:
    """I8, L8: When the file carries the address that support set, only the address that the file
    uses changes.
    """
    # given
    ann = moved_by_support(external_id)

    # when
    found = plan(file(line(external_id, "new")), known=[ann])

    # then
    (change,) = found.changes
    assert kinds(found) == ["file-noted"]
    assert (change.after.email, change.after.file_email) == (f"new{AT}", f"new{AT}")


def test_the_old_address_is_a_change_after_the_file_carried_the_new_one() -> None:
    """I8: After the file carried the new address, a row with the old address changes the employee's
    address.
    """
    # given
    ann = moved_by_support()
    (followed,) = after(plan(file(line("1", "new")), known=[ann]), [ann])

    # when
    found = plan(file(line("1", "old")), known=[followed])

    # then
    assert kinds(found) == ["email-changed"]
    assert addresses(found, [followed]) == {"1": "old"}


def test_a_third_address_in_the_file_is_a_change() -> None:
    """I8: A row with the external id and a third address changes the address and lets go of both
    earlier ones.
    """
    # given
    ann = moved_by_support()

    # when
    found = plan(file(line("1", "third")), known=[ann])

    # then
    assert kinds(found) == ["email-changed"]
    (change,) = found.changes
    assert change.after.addresses == {f"third{AT}"}


@pytest.mark.parametrize("address", ["old", "new"])
def test_nobody_else_can_take_the_present_or_the_old_address(address: str) -> None:
    """I8, I2, I3: Neither a known nor a new employee can take the present address or the old
    address of an employee.
    """
    # given
    ann = moved_by_support()
    (ben,) = [registered(line("2", "ben"), HEADER, position=7)]

    # when
    change = plan(file(line("2", address)), known=[ann, ben])
    newcomer = plan(file(line("9", address)), known=[ann, ben])

    # then
    assert codes(change) == ["email-taken"]
    assert codes(newcomer) == ["external-id-conflict"]


def test_the_old_address_is_free_in_the_delivery_that_lets_go_of_it() -> None:
    """I8, I2: When a file carries the new address, another employee can take the old address in the
    same file.
    """
    # given
    staff = [moved_by_support(), registered(line("2", "ben"), HEADER, position=7)]

    # when
    found = plan(file(line("2", "old"), line("1", "new")), known=staff)

    # then
    assert addresses(found, staff) == {"1": "new", "2": "old"}
    assert sorted(kinds(found)) == ["email-changed", "file-noted"]


def test_a_file_cannot_move_another_employee_to_the_address_that_support_set() -> None:
    """I8, I2: A row that moves another employee to the address that support set is rejected."""
    # given
    staff = [moved_by_support(), registered(line("2", "ben"), HEADER, position=7)]

    # when
    found = plan(file(line("1", "old"), line("2", "new")), known=staff)

    # then
    assert codes(found) == ["email-taken"]
    assert addresses(found, staff) == {"1": "new", "2": "ben"}


@pytest.mark.parametrize("order", [("1", "2"), ("2", "1")])
def test_the_employee_keeps_the_address_that_support_set_when_the_file_carries_it(
    order: tuple[str, str],
) -> None:
    """I8, I2: The employee keeps the address that support set when the file carries it, even if
    another file of the delivery gives it to somebody else.
    """
    # given
    staff = [moved_by_support(), registered(line("2", "ben"), HEADER, position=7)]
    older, younger = (file(line(external_id, "new")) for external_id in order)

    # when
    found = plan(older, younger, known=staff)

    # then
    assert addresses(found, staff) == {"1": "new", "2": "ben"}
    assert (kinds(found), codes(found)) == (["file-noted"], ["several-files", "email-taken"])


def test_of_both_addresses_in_one_file_the_row_with_the_external_id_is_applied() -> None:
    """I8, I7: When one file has both addresses of an employee, only the row with the external id is
    applied. The other row is rejected.
    """
    # given
    ann = moved_by_support()

    # when
    found = plan(file(line("", "new", "Wrong"), line("1", "old", "Anna")), known=[ann])

    # then
    assert outcomes(found) == ["rejected", "changed"]
    assert codes(found) == ["duplicate-employee"]
    assert "Lines 2 and 3" in messages(found)
    assert "only line 3, which has the employee's external id, counts" in messages(found)
    assert [change.after.details.first_name for change in found.changes] == ["Anna"]


def test_both_addresses_in_one_file_without_an_external_id_are_rejected() -> None:
    """I8, I7: When one file has the same names at both addresses of an employee without an external
    id, both rows are rejected, and the issue does not say that the addresses are equal.
    """
    # given
    ann = moved_by_support("")

    # when
    found = plan(file(line("", "new"), line("", "old")), known=[ann])

    # then
    assert outcomes(found) == ["rejected", "rejected"]
    assert codes(found) == ["duplicate-employee", "duplicate-employee"]
    assert "Lines 2 and 3 all mean one employee" in messages(found)
    assert "none of them was applied" in messages(found)


def test_a_newer_file_with_only_the_new_address_lets_go_of_the_old_one() -> None:
    """I8, D3: A newer file with only the new address lets go of the old one, and a row of the older
    file at the old address registers nobody.
    """
    # given
    ann = moved_by_support("")
    files = file(line("", "old")), file(line("", "new"))

    # when
    found = plan(*files, known=[ann])
    again = plan(*files, known=after(found, [ann]))

    # then
    assert kinds(found) == ["file-noted"]
    assert outcomes(found) == ["skipped", "changed"]
    assert (kinds(again), outcomes(again)) == ([], ["skipped", "unchanged"])


def test_after_a_file_let_go_the_old_address_in_a_newer_file_registers_a_new_employee() -> None:
    """I8, D3: After an older file let go of the old address, a row of a newer file with that
    address registers a new employee.
    """
    # given
    ann = moved_by_support("")
    files = file(line("", "new")), file(line("", "old"))

    # when
    found = plan(*files, known=[ann])
    again = plan(*files, known=after(found, [ann]))

    # then
    assert outcomes(found) == ["changed", "registered"]
    assert kinds(again) == []


def test_a_newer_row_without_external_id_does_not_let_go_of_the_old_address() -> None:
    """I8, D3: When an older row has the external id and the old address, a newer row without an
    external id causes no event at the next pick-up.
    """
    # given
    ann = moved_by_support()
    texts = file(line("1", "old")), file(line("", "new", "Anna"))

    # when
    found = plan(*texts, known=[ann])
    again = plan(*texts, known=after(found, [ann]))

    # then
    assert (kinds(found), kinds(again)) == (["details-changed"], [])
    assert addresses(found, [ann]) == {"1": "new"}


def test_support_can_change_an_address_back_and_the_file_stays_unchanged() -> None:
    """I8: After support changed an address back, a file with that address changes nothing."""
    # given
    ann = then(moved_by_support(), EmailChanged(f"old{AT}"))

    # when
    found = plan(file(line("1", "old")), known=[ann], now=NOW)

    # then
    assert outcomes(found) == ["unchanged"]
    assert ann.addresses == {f"old{AT}"}


def test_a_rejected_row_links_no_external_id() -> None:
    """I3, W9, D3: A rejected row does not link its external id, so a newer row with this id and
    another address registers a new employee.
    """
    # given
    (ann,) = known({"": "ann"})
    strict = a_company(policy={"short_notice": "reject"})
    leaving = "external_id,email,first_name,last_name,offboarding_date"

    # when
    found = plan(
        f"{leaving}\n1,ann{AT},Ann,Last,2027-03-05\n",
        f"{leaving}\n1,ben{AT},Ann,Last,\n",
        known=[ann],
        company=strict,
    )

    # then
    assert outcomes(found) == ["skipped", "registered"]
    assert addresses(found, [ann]) == {None: "ann", "1": "ben"}


def test_a_person_without_an_account_blocks_no_address() -> None:
    """I6, L2: A person who has left gets no account and blocks no address for others, at this
    pick-up and at the next.
    """
    # given
    header = "external_id,email,first_name,last_name,offboarding_date"
    files = (
        f"{header}\n1,ann{AT},Ann,Last,2026-01-25\n",
        f"{header}\n2,ben{AT},Ben,Last,\n",
        f"{header}\n2,ann{AT},Ben,Last,\n",
    )

    # when
    found = plan(*files)
    again = plan(*files, known=after(found))

    # then
    assert addresses(found, []) == {"2": "ann"}
    assert outcomes(found) == ["rejected", "skipped", "registered"]
    assert outcomes(again) == ["rejected", "skipped", "unchanged"]
    assert kinds(again) == []


def test_a_newer_row_without_a_date_does_not_register_a_person_who_has_left() -> None:
    """I4, L2, D3: When the older file says that a person has left, a newer row at the same address
    without a date makes no account.
    """
    # given
    files = (
        f"external_id,email,first_name,last_name,offboarding_date\n1,ann{AT},Ann,Last,2026-01-25\n",
        f"email,first_name,last_name\nann{AT},Ann,Last\n",
    )

    # when
    found = plan(*files)

    # then
    assert outcomes(found) == ["skipped", "skipped"]
    assert codes(found) == ["several-files", "superseded-row", "already-left"]


def test_two_external_ids_at_two_addresses_of_one_employee_link_neither_at_the_next_pick_up() -> (
    None
):
    """I3, I8: Two external ids at both addresses of one employee are linked neither at this pick-up
    nor at the next.
    """
    # given
    (cleo,) = known({"": "cleo"})
    cleo = then(cleo, EmailChanged(f"s{AT}"))
    files = (file(f"7,anna{AT},Anna,Mol"), file(line("7", "s"), line("A1", "cleo")))

    # when
    found = plan(*files, known=[cleo])
    again = plan(*files, known=after(found, [cleo]))

    # then
    assert outcomes(found) == ["registered", "rejected", "rejected"]
    assert kinds(again) == []
    assert outcomes(again) == ["unchanged", "rejected", "rejected"]


def test_an_older_file_registers_nobody_that_a_newer_file_reports_as_left() -> None:
    """D3, L2: An older row registers nobody when newer files say that this person has left, so that
    the next pick-up causes no events.
    """
    # given
    leaving = f"{HEADER},offboarding_date"
    files = (
        file(line("", "ann")),
        file(line("7", "ann")),
        file(f"{line('7', 'ben')},2026-01-25", header=leaving),
    )

    # when
    first = plan(*files)
    again = plan(*files, known=after(first))

    # then
    assert kinds(first) == kinds(again) == []
    assert codes(first)[-1] == "already-left"


def test_a_row_rejected_for_a_deactivated_employee_is_superseded_by_a_newer_row() -> None:
    """D3, L6: An older row that a deactivated employee would reject is superseded by a newer row
    with its external id, at both pick-ups.
    """
    # given
    leaving = f"{HEADER},offboarding_date"
    cleo = then(registered(line("", "cleo"), HEADER), Deactivated())
    files = (
        file(f"{line('A1', 'cleo')},2027-09-30", header=leaving),
        file(line("A1", "fay")),
    )

    # when
    first = plan(*files, known=[cleo])
    again = plan(*files, known=after(first, [cleo]))

    # then
    assert kinds(first) == ["registered"]
    assert outcomes(first) == ["skipped", "registered"]
    assert kinds(again) == []
    assert rejected(first) == rejected(again) == []
