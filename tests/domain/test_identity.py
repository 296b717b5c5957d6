"""Whom a row means (I1-I6, I8), and how addresses move within one delivery."""

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


# I1: whom a row means


def test_a_row_means_the_employee_with_its_external_id_and_not_the_one_with_its_address() -> None:
    """I1: the external id speaks first."""
    staff = known({"1": "ann", "2": "ben"})

    found = plan(file(line("1", "ben", "Anna"), line("2", "ann", "Benno")), known=staff)

    names = {one.external_id: one.details.first_name for one in after(found, staff)}
    assert names == {"1": "Anna", "2": "Benno"}


def test_a_row_without_external_id_means_the_employee_with_its_address() -> None:
    """I1: failing an external id, the e-mail decides."""
    ann, ben = known({"": "ann", "2": "ben"})

    found = plan(file(line("", "ann", "Anna")), known=[ann, ben])

    assert [change.after.id for change in found.changes] == [ann.id]
    assert kinds(found) == ["details-changed"]


def test_a_row_with_an_unknown_external_id_means_the_employee_with_its_address() -> None:
    """I1: an external id nobody has leaves it to the e-mail."""
    (ann,) = known({"": "ann"})

    found = plan(file(line("1", "ann")), known=[ann])

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
    """I1: a difference of case or white space alone is no change."""
    (ann,) = known({"1": "ann"})

    found = plan(file(f"{external_id},{cell},Kim,Bakker"), known=[ann])

    assert outcomes(found) == ["unchanged"]
    assert addresses(found, [ann]) == {"1": "ann"}


def test_addresses_compare_case_folded_and_not_lower_cased() -> None:
    """I1: case folding, which makes one of sharp s and double s."""
    staff = known({"": "straße"})

    found = plan(file(line("", "STRASSE", "Anna")), known=staff)

    assert kinds(found) == ["details-changed"]


def test_an_address_is_kept_as_the_first_row_wrote_it() -> None:
    """I1: comparing without case does not lower the case of what is kept."""
    staff = known({"1": "Ann.De.Vries"})

    assert staff[0].email == "Ann.De.Vries@acme.example"
    assert staff[0].file_email == "Ann.De.Vries@acme.example"


@pytest.mark.parametrize(
    ("theirs", "other"), [("007", "7"), ("7", "007"), ("ab", "AB"), ("1", "1.0"), ("1", "\u0661")]
)
def test_external_ids_compare_exactly(theirs: str, other: str) -> None:
    """I1: external ids are text; what merely looks alike is somebody else."""
    staff = known({theirs: "ann"})

    found = plan(file(line(other, "ben")), known=staff)

    assert outcomes(found) == ["registered"]
    assert addresses(found, staff) == {theirs: "ann", other: "ben"}


# I2: e-mails move


def test_a_known_external_id_with_another_address_changes_the_address() -> None:
    """I2: the e-mail changes, the employee stays the same one."""
    (ann,) = known({"1": "ann"})

    found = plan(file(line("1", "anna")), known=[ann])

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
    """I2: one delivery is one move of everybody."""
    staff = known(before)

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
def test_an_address_that_someone_keeps_cannot_be_had(
    before: dict[str, str], says: dict[str, str], loses: set[str]
) -> None:
    """I2: rejected where the holder keeps it, and so is whoever counted on a rejected row."""
    staff = known(before)

    for order in permutations(says.items()):
        found = plan(file(*(line(*row) for row in order)), known=staff)

        rows = dict(zip(range(2, 9), (external_id for external_id, _ in order), strict=False))
        assert {rows[number] for number in rejected(found)} == loses
        kept = {one: before[one] if one in loses else says.get(one, before[one]) for one in before}
        assert addresses(found, staff) == kept


def test_a_taken_address_rejects_the_whole_row_and_names_the_other() -> None:
    """I2: `email-taken`, with whom the address belongs to."""
    staff = known({"1": "ann", "2": "ben"})

    found = plan(file(line("1", "ben", "Anna")), known=staff)

    assert kinds(found) == []
    (issue,) = found.issues
    assert (issue.code, issue.severity, issue.line) == ("email-taken", "error", 2)
    assert (issue.field, issue.value) == ("email", f"ben{AT}")
    assert f"ben{AT} (external id 2)" in issue.message


def test_a_taken_address_is_told_of_every_row_of_a_blocked_chain() -> None:
    """I2: each names who has the address it wants."""
    staff = known({"1": "a", "2": "b", "3": "c"})

    found = plan(file(line("1", "b"), line("2", "c")), known=staff)

    assert codes(found) == ["email-taken", "email-taken"]
    first, second = found.issues
    assert f"b{AT} (external id 2)" in first.message
    assert f"c{AT} (external id 3)" in second.message


def test_the_address_of_someone_without_external_id_is_taken_too() -> None:
    """I2: whoever keeps the address, whether they have an external id or not."""
    staff = known({"1": "ann", "": "ben"})

    found = plan(file(line("1", "ben"), line("", "ben")), known=staff)
    alone = plan(file(line("1", "ben")), known=staff)

    assert codes(found) == ["duplicate-email", "duplicate-email"]
    assert codes(alone) == ["email-taken"]


@pytest.mark.parametrize("says", ["ben", "elsewhere"])
def test_who_is_deactivated_keeps_their_address_whatever_the_file_says(says: str) -> None:
    """I2: a deactivated employee is changed by no file (L6), so their address is not free."""
    ann, ben = known({"1": "ann", "2": "ben"})
    staff = [ann, then(ben, Deactivated())]

    found = plan(file(line("1", "ben"), line("2", says)), known=staff)

    assert addresses(found, staff) == {"1": "ann", "2": "ben"}
    assert ("email-taken" if says == "elsewhere" else "duplicate-email") in codes(found)


def test_two_who_want_one_free_address_both_keep_their_own_and_so_does_who_follows() -> None:
    """I2, I7: nobody leaves by a row that is rejected."""
    staff = known({"1": "a", "2": "b", "3": "c"})

    found = plan(file(line("1", "x"), line("2", "x"), line("3", "a")), known=staff)

    assert codes(found) == ["duplicate-email", "duplicate-email", "email-taken"]
    assert addresses(found, staff) == {"1": "a", "2": "b", "3": "c"}


def test_a_new_employee_cannot_have_an_address_whose_holder_could_not_leave() -> None:
    """I2, I3: the newcomer counted on a row that was rejected."""
    staff = known({"1": "a", "2": "b"})

    found = plan(file(line("9", "a"), line("1", "b")), known=staff)

    assert codes(found) == ["external-id-conflict", "email-taken"]
    assert addresses(found, staff) == {"1": "a", "2": "b"}


def test_of_two_files_that_give_one_address_to_two_employees_the_older_has_its_way() -> None:
    """I2, D3: the row of the younger file is rejected."""
    staff = known({"1": "a", "2": "b"})

    for first, second in (("1", "2"), ("2", "1")):
        found = plan(file(line(first, "x")), file(line(second, "x")), known=staff)

        assert outcomes(found) == ["changed", "rejected"]
        assert codes(found) == ["several-files", "email-taken"]
        assert addresses(found, staff)[first] == "x"


def test_a_rejected_row_of_the_younger_file_leaves_the_older_one_standing() -> None:
    """I2, D3: what the younger file cannot have, the older one's row decides."""
    staff = known({"1": "a", "2": "b"})

    found = plan(file(line("1", "x")), file(line("1", "b")), known=staff)

    assert outcomes(found) == ["changed", "rejected"]
    assert addresses(found, staff) == {"1": "x", "2": "b"}


def test_the_row_of_the_older_file_may_be_rejected_as_well() -> None:
    """I2, D3: both addresses are kept by others."""
    staff = known({"1": "a", "2": "b", "3": "c", "4": "d"})

    found = plan(file(line("1", "b"), line("4", "a")), file(line("1", "c")), known=staff)

    assert outcomes(found) == ["rejected"] * 3
    assert codes(found) == ["several-files", "email-taken", "email-taken", "email-taken"]
    assert addresses(found, staff) == {"1": "a", "2": "b", "3": "c", "4": "d"}


def test_an_address_of_the_older_file_that_is_taken_back_frees_nothing() -> None:
    """I2, D3: the contest is decided again among what is left."""
    staff = known({"1": "a", "2": "b", "3": "c"})

    found = plan(
        file(line("1", "x"), line("3", "y")),
        file(line("1", "y"), line("2", "x")),
        known=staff,
    )

    assert addresses(found, staff) == {"1": "x", "2": "b", "3": "y"}
    assert codes(found) == ["several-files", "email-taken", "email-taken"]


# I3: an unknown external id at a known address


def test_an_employee_without_external_id_is_linked() -> None:
    """I3: the same employee, who has an external id from now on."""
    (ann,) = known({"": "ann"})

    found = plan(file(line("1", "ann")), known=[ann])

    (change,) = found.changes
    assert kinds(found) == ["external-id-linked"]
    assert (change.after.id, change.after.external_id) == (ann.id, "1")


def test_another_external_id_at_a_known_address_is_a_conflict_and_names_both() -> None:
    """I3: rejected, whatever else the row says."""
    staff = known({"1": "ann"})

    found = plan(file(line("2", "ann", "Anna")), known=staff)

    assert kinds(found) == []
    (issue,) = found.issues
    assert (issue.code, issue.severity) == ("external-id-conflict", "error")
    assert (issue.field, issue.value) == ("external_id", "2")
    assert f"ann{AT} (external id 1)" in issue.message
    assert "external id 2" in issue.message


def test_who_is_linked_may_move_in_the_same_delivery() -> None:
    """I3, I2: one file links, the next one moves."""
    staff = known({"": "ann"})

    found = plan(file(line("1", "ann")), file(line("1", "anna")), known=staff)

    assert sorted(kinds(found)) == ["email-changed", "external-id-linked"]
    assert addresses(found, staff) == {"1": "anna"}


def test_of_two_files_that_link_one_employee_the_older_has_its_way() -> None:
    """I3, D3: the second external id then meets an employee who has one."""
    staff = known({"": "ann"})

    found = plan(file(line("8", "ann")), file(line("2", "ann")), known=staff)

    assert outcomes(found) == ["changed", "rejected"]
    assert codes(found) == ["several-files", "external-id-conflict"]
    assert addresses(found, staff) == {"8": "ann"}


def test_two_external_ids_for_the_two_addresses_of_one_employee_link_neither() -> None:
    """I3, I8: one file cannot mean two ids for one person."""
    (ann,) = known({"": "old"})
    staff = [then(ann, EmailChanged(f"new{AT}"))]

    found = plan(file(line("1", "old"), line("2", "new")), known=staff)

    assert codes(found) == ["external-id-conflict", "external-id-conflict"]
    assert kinds(found) == []


def test_a_link_by_support_counts_like_one_by_file() -> None:
    """I3: whoever linked it, the external id is known."""
    (ann,) = known({"": "ann"})
    staff = [then(ann, ExternalIdLinked("1"))]

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
def test_a_row_without_external_id_leaves_the_external_id(text: str) -> None:
    """I4: that employee, and their external id stays."""
    (ann,) = known({"1": "ann"})

    found = plan(text, known=[ann])

    (change,) = found.changes
    assert (change.after.id, change.after.external_id) == (ann.id, "1")
    assert change.after.details.first_name == "Anna"


def test_a_row_without_external_id_means_whoever_has_its_address_after_the_moves() -> None:
    """I4, I2: external ids speak first, in a file and across files."""
    staff = known({"1": "a", "2": "b"})

    found = plan(file(line("1", "b"), line("2", "a")), file(line("", "a", "Second")), known=staff)

    names = {one.external_id: one.details.first_name for one in after(found, staff)}
    assert names == {"1": "Kim", "2": "Second"}
    assert addresses(found, staff) == {"1": "b", "2": "a"}


def test_a_row_without_external_id_at_an_address_that_was_left_is_a_new_employee() -> None:
    """I5, I2: nobody has that address once everyone has moved."""
    staff = known({"1": "a"})

    found = plan(file(line("1", "b"), line("", "a", "Other")), known=staff)

    assert sorted(outcomes(found)) == ["changed", "registered"]
    assert addresses(found, staff) == {"1": "b", None: "a"}


def test_rows_with_and_without_external_id_stand_in_the_order_of_their_files() -> None:
    """I4, D3: the later one stands, whichever of them has an external id."""
    staff = known({"1": "ann"})
    with_id, without = file(line("1", "ann", "With")), file(line("", "ann", "Without"))

    for older, younger, name in ((without, with_id, "With"), (with_id, without, "Without")):
        found = plan(older, younger, known=staff)

        assert outcomes(found) == ["skipped", "changed"]
        assert [one.details.first_name for one in after(found, staff)] == [name]


def test_who_moved_by_external_id_stays_there_although_someone_new_has_the_old_address() -> None:
    """I4, I2: an older row without external id at the new address changes nothing of that."""
    staff = known({"1": "ann"})

    found = plan(file(line("", "anna")), file(line("1", "anna"), line("9", "ann")), known=staff)

    assert addresses(found, staff) == {"1": "anna", "9": "ann"}


def test_a_row_without_external_id_means_the_new_employee_of_the_other_file() -> None:
    """I4, D3: also where their external id is as new as they are."""
    found = plan(file(line("1", "ann")), file(line("", "ann", "Anna")))

    (change,) = found.changes
    assert kinds(found) == ["registered"]
    assert (change.after.external_id, change.after.details.first_name) == ("1", "Anna")


# I5: nobody is known by that


def test_an_unknown_address_without_external_id_is_a_new_employee_and_the_old_one_stays() -> None:
    """I5: nothing tells that they are one."""
    (ann,) = known({"": "ann"})

    found = plan(file(line("", "anna")), known=[ann])

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
def test_a_namesake_without_external_id_may_be_the_same_person(
    theirs: str, row: str, warned: bool
) -> None:
    """I5: said where names fit, and birthdays don't speak against it."""
    staff = [registered(theirs, BIRTHDAYS)]

    found = plan(file(row, header=BIRTHDAYS), known=staff)

    assert outcomes(found) == ["registered"]
    assert codes(found) == (["possible-email-change"] if warned else [])


def test_the_namesake_is_named() -> None:
    """I5: a warning that says who it might be."""
    staff = known({"": "ann"})

    (issue,) = plan(file(line("", "anna")), known=staff).issues

    assert (issue.severity, issue.field, issue.value) == ("warning", "email", f"anna{AT}")
    assert f"ann{AT}" in issue.message


@pytest.mark.parametrize(
    "row",
    [line("", "ann"), line("", "ANN"), f",ann{AT},,Bakker"],
    ids=["repeated", "in other case", "in a row that is rejected"],
)
def test_a_namesake_whose_address_is_in_the_delivery_is_someone_else(row: str) -> None:
    """I5: whoever is still in the export did not get another address."""
    staff = known({"": "ann"})

    found = plan(file(line("", "anna"), row), known=staff)

    assert "possible-email-change" not in codes(found)


def test_a_namesake_in_a_newer_file_of_the_delivery_is_the_same_person() -> None:
    """D3: a row of an older file registers nobody whom a newer file's row has, by names and
    birthday, under another address."""
    # given
    staff = known({"": "ann"})

    # when
    found = plan(file(line("", "anna")), file(line("", "ann")), known=staff)

    # then
    assert codes(found) == ["several-files", "superseded-row"]
    assert kinds(found) == []


def test_a_namesake_in_an_older_file_of_the_delivery_is_someone_else() -> None:
    """I5: the delivery, not the file, tells that both are there, so nothing is suspected."""
    # given
    staff = known({"": "ann"})

    # when
    found = plan(file(line("", "ann")), file(line("", "anna")), known=staff)

    # then
    assert codes(found) == ["several-files"]
    assert kinds(found) == ["registered"]


@pytest.mark.parametrize("address", ["old", "new"])
def test_a_namesake_whose_address_support_changed_is_someone_else_by_either(
    address: str,
) -> None:
    """I5, I8: the address that the file uses counts as theirs, and so does their own."""
    (ann,) = known({"": "old"})
    staff = [then(ann, EmailChanged(f"new{AT}"))]

    assert codes(plan(file(line("", "anna"), line("", address)), known=staff)) == []


# I6: nobody is known by either


def test_an_external_id_and_an_address_that_are_both_unknown_are_a_new_employee() -> None:
    """I6: registered with both."""
    staff = known({"1": "ann"})

    found = plan(file(line("2", "ben")), known=staff)

    assert kinds(found) == ["registered"]
    assert codes(found) == []
    assert addresses(found, staff) == {"1": "ann", "2": "ben"}


def test_of_two_files_that_register_two_people_at_one_address_the_older_has_its_way() -> None:
    """I6, D3: whatever their external ids are."""
    for first, second in (("1", "2"), ("2", "1")):
        found = plan(file(line(first, "x")), file(line(second, "x")))

        assert outcomes(found) == ["registered", "rejected"]
        assert codes(found) == ["several-files", "external-id-conflict"]
        assert addresses(found, []) == {first: "x"}


@pytest.mark.parametrize("third", ["0", "5"])
def test_a_newcomer_who_falls_back_on_the_older_file_goes_before_one_of_the_younger(
    third: str,
) -> None:
    """I6, D3: the older file wins here too, whatever the external ids are."""
    found = plan(file(line("1", "p"), line("2", "q")), file(line("1", "q"), line(third, "p")))

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
    """I8: the row is about them, and its address is no news."""
    ann = moved_by_support(external_id)

    found = plan(file(line(external_id, cell, "Anna")), known=[ann])

    (change,) = found.changes
    assert kinds(found) == ["details-changed"]
    assert (change.after.id, change.after.email) == (ann.id, f"new{AT}")
    assert change.after.file_email == f"old{AT}"


def test_the_old_address_without_external_id_means_an_employee_who_has_one() -> None:
    """I8, I4: by the old address alone."""
    ann = moved_by_support("1")

    found = plan(file(line("", "old")), known=[ann])

    assert outcomes(found) == ["unchanged"]
    assert found.counts.absent == 0


@pytest.mark.parametrize("external_id", ["1", ""])
def test_the_new_address_in_the_file_is_noted_and_changes_nothing_that_shows(
    external_id: str,
) -> None:
    """I8, L8: the file followed support."""
    ann = moved_by_support(external_id)

    found = plan(file(line(external_id, "new")), known=[ann])

    (change,) = found.changes
    assert kinds(found) == ["file-noted"]
    assert (change.after.email, change.after.file_email) == (f"new{AT}", f"new{AT}")


def test_once_the_file_followed_the_old_address_is_a_change() -> None:
    """I8: until the file carries something else, and then it is news again."""
    ann = moved_by_support()
    (followed,) = after(plan(file(line("1", "new")), known=[ann]), [ann])

    found = plan(file(line("1", "old")), known=[followed])

    assert kinds(found) == ["email-changed"]
    assert addresses(found, [followed]) == {"1": "old"}


def test_a_third_address_in_the_file_is_a_change() -> None:
    """I8: the file carries something else."""
    ann = moved_by_support()

    found = plan(file(line("1", "third")), known=[ann])

    assert kinds(found) == ["email-changed"]
    (change,) = found.changes
    assert change.after.addresses == {f"third{AT}"}


@pytest.mark.parametrize("address", ["old", "new"])
def test_neither_address_can_be_had_by_somebody_else(address: str) -> None:
    """I8, I2, I3: both mean the employee, so neither is free."""
    ann = moved_by_support()
    (ben,) = [registered(line("2", "ben"), HEADER, position=7)]

    change = plan(file(line("2", address)), known=[ann, ben])
    newcomer = plan(file(line("9", address)), known=[ann, ben])

    assert codes(change) == ["email-taken"]
    assert codes(newcomer) == ["external-id-conflict"]


def test_the_old_address_is_free_once_the_file_follows() -> None:
    """I8, I2: in the very delivery in which it does."""
    staff = [moved_by_support(), registered(line("2", "ben"), HEADER, position=7)]

    found = plan(file(line("2", "old"), line("1", "new")), known=staff)

    assert addresses(found, staff) == {"1": "new", "2": "old"}
    assert sorted(kinds(found)) == ["email-changed", "file-noted"]


def test_the_address_that_support_gave_is_taken_from_who_moves_there_by_file() -> None:
    """I8, I2: a swap with the file's own view does not undo support."""
    staff = [moved_by_support(), registered(line("2", "ben"), HEADER, position=7)]

    found = plan(file(line("1", "old"), line("2", "new")), known=staff)

    assert codes(found) == ["email-taken"]
    assert addresses(found, staff) == {"1": "new", "2": "ben"}


@pytest.mark.parametrize("order", [("1", "2"), ("2", "1")])
def test_the_address_that_support_gave_stays_when_the_file_follows(order: tuple[str, str]) -> None:
    """I8, I2: it is kept by its holder, even from a row of an older file."""
    staff = [moved_by_support(), registered(line("2", "ben"), HEADER, position=7)]
    older, younger = (file(line(external_id, "new")) for external_id in order)

    found = plan(older, younger, known=staff)

    assert addresses(found, staff) == {"1": "new", "2": "ben"}
    assert (kinds(found), codes(found)) == (["file-noted"], ["several-files", "email-taken"])


def test_of_both_addresses_in_one_file_the_row_with_external_id_stands() -> None:
    """I8, I7: the other one means the same employee and is rejected."""
    ann = moved_by_support()

    found = plan(file(line("", "new", "Wrong"), line("1", "old", "Anna")), known=[ann])

    assert outcomes(found) == ["rejected", "changed"]
    assert codes(found) == ["duplicate-email"]
    assert "Lines 2 and 3" in messages(found)
    assert [change.after.details.first_name for change in found.changes] == ["Anna"]


def test_of_both_addresses_in_one_file_without_external_id_none_stands() -> None:
    """I8, I7: nobody can tell which one is right."""
    ann = moved_by_support("")

    found = plan(file(line("", "new", "One"), line("", "old", "Two")), known=[ann])

    assert outcomes(found) == ["rejected", "rejected"]
    assert codes(found) == ["duplicate-email", "duplicate-email"]


def test_a_newer_file_with_the_address_of_support_has_caught_up() -> None:
    """I8, D3: a file that has only the new address uses it from then on, and a row of the older
    file at the old address registers nobody."""
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


def test_after_a_file_has_caught_up_the_old_address_of_a_newer_file_is_somebody_new() -> None:
    """I8, D3: as importing the files one after the other would have it."""
    # given
    ann = moved_by_support("")
    files = file(line("", "new")), file(line("", "old"))

    # when
    found = plan(*files, known=[ann])
    again = plan(*files, known=after(found, [ann]))

    # then
    assert outcomes(found) == ["changed", "registered"]
    assert kinds(again) == []


def test_in_two_files_the_row_with_external_id_speaks_for_the_address() -> None:
    """I8, D3: a later row without one only follows, today and at the next pick-up."""
    ann = moved_by_support()
    texts = file(line("1", "old")), file(line("", "new", "Anna"))

    found = plan(*texts, known=[ann])
    again = plan(*texts, known=after(found, [ann]))

    assert (kinds(found), kinds(again)) == (["details-changed"], [])
    assert addresses(found, [ann]) == {"1": "new"}


def test_support_can_undo_its_change_and_the_file_says_nothing_new() -> None:
    """I8: back at the address that the file never stopped using."""
    ann = then(moved_by_support(), EmailChanged(f"old{AT}"))

    found = plan(file(line("1", "old")), known=[ann], now=NOW)

    assert outcomes(found) == ["unchanged"]
    assert ann.addresses == {f"old{AT}"}


def test_a_rejected_row_links_nobody() -> None:
    """I3, W9, D3: the row that would link Ann is rejected, so the newer file tells of someone new;
    beside that newer row the older one says nothing."""
    (ann,) = known({"": "ann"})
    strict = a_company(policy={"short_notice": "reject"})
    leaving = "external_id,email,first_name,last_name,offboarding_date"

    found = plan(
        f"{leaving}\n1,ann{AT},Ann,Last,2027-03-05\n",
        f"{leaving}\n1,ben{AT},Ann,Last,\n",
        known=[ann],
        company=strict,
    )

    assert outcomes(found) == ["skipped", "registered"]
    assert addresses(found, [ann]) == {None: "ann", "1": "ben"}


def test_a_newcomer_who_has_left_keeps_no_address_from_anyone() -> None:
    """I6, L2: no account is made, so the address is free, now as at the next pick-up."""
    header = "external_id,email,first_name,last_name,offboarding_date"
    files = (
        f"{header}\n1,ann{AT},Ann,Last,2026-01-25\n",
        f"{header}\n2,ben{AT},Ben,Last,\n",
        f"{header}\n2,ann{AT},Ben,Last,\n",
    )

    found = plan(*files)
    again = plan(*files, known=after(found))

    assert addresses(found, []) == {"2": "ann"}
    assert outcomes(found) == ["rejected", "skipped", "registered"]
    assert outcomes(again) == ["rejected", "skipped", "unchanged"]
    assert kinds(again) == []


def test_a_row_without_external_id_can_be_about_a_newcomer_who_has_left() -> None:
    """I4, L2, D3: the older file tells that Ann has left, and the newer one does not deny it."""
    files = (
        f"external_id,email,first_name,last_name,offboarding_date\n1,ann{AT},Ann,Last,2026-01-25\n",
        f"email,first_name,last_name\nann{AT},Ann,Last\n",
    )

    found = plan(*files)

    assert outcomes(found) == ["skipped", "skipped"]
    assert codes(found) == ["several-files", "superseded-row", "already-left"]


def test_two_ids_at_two_addresses_of_one_employee_link_neither_now_or_later() -> None:
    """I3, I8: what could be either is nobody's, at this pick-up and at the next."""
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


def test_whom_an_older_file_would_link_is_not_registered_beside_a_newcomer_who_has_left() -> None:
    """D3, L2: or the next pick-up would link them, and lock them out."""
    leaving = f"{HEADER},offboarding_date"
    files = (
        file(line("", "ann")),
        file(line("7", "ann")),
        file(f"{line('7', 'ben')},2026-01-25", header=leaving),
    )

    first = plan(*files)
    again = plan(*files, known=after(first))

    assert kinds(first) == kinds(again) == []
    assert codes(first)[-1] == "already-left"


def test_a_row_that_is_refused_at_one_address_counts_where_its_external_id_is_new() -> None:
    """D3, L6: the row that the deactivated employee's state rejects says nothing beside the newer
    row of its external id, at this pick-up and at the next."""
    leaving = f"{HEADER},offboarding_date"
    cleo = then(registered(line("", "cleo"), HEADER), Deactivated())
    files = (
        file(f"{line('A1', 'cleo')},2027-09-30", header=leaving),
        file(line("A1", "fay")),
    )

    first = plan(*files, known=[cleo])
    again = plan(*files, known=after(first, [cleo]))

    assert kinds(first) == ["registered"]
    assert outcomes(first) == ["skipped", "registered"]
    assert kinds(again) == []
    assert rejected(first) == rejected(again) == []
