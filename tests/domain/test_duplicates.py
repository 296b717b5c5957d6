"""The same address or the same external id twice in one file (I7)."""

from __future__ import annotations

import pytest

from domain.delivery.plan import Plan
from tests.given import after, codes, kinds, outcomes, plan, registered

HEADER = "external_id,email,first_name,last_name,birthday"
ANN = "1,ann@acme.example,Ann,Bakker,1990-01-01"
BEN = "2,ben@acme.example,Ben,Visser,"


def file(*lines: str, header: str = HEADER) -> str:
    return "\n".join((header, *lines, ""))


def by_line(found: Plan) -> dict[int | None, list[str]]:
    told: dict[int | None, list[str]] = {}
    for issue in found.issues:
        told.setdefault(issue.line, []).append(issue.code)
    return told


# Identical rows


@pytest.mark.parametrize(
    "again",
    [
        ANN,
        "1 , ann@acme.example,\tAnn,Bakker ,1990-01-01",
        '"1","ann@acme.example","Ann","Bakker","1990-01-01"',
        "1,ANN@Acme.Example,Ann,Bakker,1990-01-01",
        "1,ann@acme.example,Ann,\u00a0Bakker\u2003,1990-01-01",
    ],
    ids=["to the letter", "padded", "quoted", "address in other case", "Unicode white space"],
)
def test_an_identical_row_is_skipped(again: str) -> None:
    """I7, W1, I1: A row that is identical to an earlier row is skipped with a warning that names
    the earlier line. White space, quotes and the case of the address do not matter.
    """
    # when
    found = plan(file(ANN, BEN, again))

    # then
    assert outcomes(found) == ["registered", "registered", "skipped"]
    (issue,) = found.issues
    assert (issue.code, issue.severity, issue.line) == ("duplicate-row", "warning", 4)
    assert "line 2" in issue.message


def test_rows_are_identical_after_normalisation() -> None:
    """I7, W1: Two rows are identical when they write the same character in two Unicode forms."""
    # when
    found = plan(
        file(
            "1,zoe@acme.example,Zoe\u0308,Bakker,",
            "1,zoe@acme.example,Zo\u00eb,Bakker,",
        )
    )

    # then
    assert outcomes(found) == ["registered", "skipped"]
    assert codes(found) == ["duplicate-row"]


def test_the_first_of_identical_rows_is_applied() -> None:
    """I7: The first of several identical rows is applied, with its spelling of the address, and its
    line stands in the events.
    """
    # when
    found = plan(file("1,Ann@acme.example,Ann,Bakker,", "1,ANN@acme.example,Ann,Bakker,"))

    # then
    (change,) = found.changes
    assert change.after.email == "Ann@acme.example"
    assert [recorded.line for recorded in change.events] == [2]


def test_every_repetition_of_a_row_names_the_first_row() -> None:
    """I7: When a row is repeated several times, each repetition is skipped with an issue that names
    the line of the first row.
    """
    # when
    found = plan(file(ANN, ANN, ANN))

    # then
    assert outcomes(found) == ["registered", "skipped", "skipped"]
    assert codes(found) == ["duplicate-row", "duplicate-row"]
    assert all("line 2" in issue.message for issue in found.issues)


def test_identical_rows_without_an_external_id_are_skipped_too() -> None:
    """I7: A repeated row without an external id is skipped too."""
    # given
    row = ",ann@acme.example,Ann,Bakker,"

    # when / then
    assert outcomes(plan(file(row, row))) == ["registered", "skipped"]


def test_identical_rows_change_a_known_employee_once() -> None:
    """I7: Two identical rows about a known employee change this employee once."""
    # given
    ann = registered(ANN, HEADER)
    row = ANN.replace("Ann", "Anna")

    # when
    found = plan(file(row, row), known=[ann])

    # then
    assert outcomes(found) == ["changed", "skipped"]
    assert kinds(found) == ["details-changed"]


def test_of_identical_rows_with_an_error_the_first_is_rejected_and_the_second_skipped() -> None:
    """I7, W9: When identical rows contain an error, the first is rejected with that error and the
    second is skipped as a repetition.
    """
    # given
    row = "1,ann@acme.example,Ann,Bakker,1990-02-30"

    # when
    found = plan(file(row, row))

    # then
    assert outcomes(found) == ["rejected", "skipped"]
    assert by_line(found) == {2: ["bad-date"], 3: ["duplicate-row"]}


# Rows that contradict each other


@pytest.mark.parametrize(
    "other",
    [
        ANN.replace("Ann", "Anna"),
        ANN.replace("1990-01-01", "1990-01-02"),
        ANN.replace("1990-01-01", ""),
        ANN.replace("Ann", "ANN"),
    ],
    ids=["name", "date", "blank", "case of a name"],
)
def test_different_rows_with_one_address_are_all_rejected(other: str) -> None:
    """I7: All rows with the same e-mail address are rejected when they differ in any cell, and the
    other rows are not.
    """
    # given
    rows = (ANN.removeprefix("1"), BEN, other.removeprefix("1"))

    # when
    found = plan(file(*rows))

    # then
    assert outcomes(found) == ["rejected", "registered", "rejected"]
    assert by_line(found) == {2: ["duplicate-email"], 4: ["duplicate-email"]}
    assert {issue.severity for issue in found.issues} == {"error"}


def test_different_rows_with_one_external_id_are_all_rejected() -> None:
    """I7: All rows with the same external id are rejected when they differ, and the issues name the
    external id.
    """
    # when
    found = plan(file(ANN, BEN, "1,anna@acme.example,Ann,Bakker,1990-01-01"))

    # then
    assert outcomes(found) == ["rejected", "registered", "rejected"]
    assert by_line(found) == {2: ["duplicate-external-id"], 4: ["duplicate-external-id"]}
    assert [(issue.field, issue.value) for issue in found.issues] == [("external_id", "1")] * 2


def test_each_contradiction_names_the_lines_of_all_its_rows() -> None:
    """I7: The issue of each contradicting row names the lines of all of them."""
    # when
    found = plan(file(*(f",ann@acme.example,Ann{n},Bakker," for n in "abc")))

    # then
    assert codes(found) == ["duplicate-email"] * 3
    assert all("Lines 2, 3 and 4 " in issue.message for issue in found.issues)
    assert [(issue.field, issue.value) for issue in found.issues] == [
        ("email", "ann@acme.example")
    ] * 3


@pytest.mark.parametrize(
    ("rows", "listed"),
    [
        (2, "Lines 2 and 3 all"),
        (10, "Lines 2, 3, 4, 5, 6, 7, 8, 9, 10 and 11 all"),
        (11, "Lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 1 more all"),
        (12, "Lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more all"),
        (1_000, "Lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 990 more all"),
    ],
)
def test_a_contradiction_names_ten_lines_at_most(rows: int, listed: str) -> None:
    """W12, I7: The issue about contradictory rows names ten lines, and how many more there are."""
    # when
    found = plan(file(*(f"{number},a@x.example,An,No{number}," for number in range(1, rows + 1))))

    # then
    assert {issue.code for issue in found.issues} == {"duplicate-email"}
    assert len(found.issues) == rows
    assert all(issue.message.startswith(listed) for issue in found.issues)


def test_addresses_that_differ_in_case_are_one_address() -> None:
    """I7, I1: Two different rows whose addresses differ only in upper and lower case contradict
    each other.
    """
    # when
    found = plan(file(",ann@acme.example,Ann,Bakker,", ",ANN@acme.example,Anna,Bakker,"))

    # then
    assert codes(found) == ["duplicate-email", "duplicate-email"]


@pytest.mark.parametrize(("one", "other"), [("7", "007"), ("x", "X")])
def test_external_ids_are_compared_character_by_character(one: str, other: str) -> None:
    """I7, I1: Rows whose external ids differ in a leading zero or in case do not contradict each
    other.
    """
    # when
    found = plan(file(f"{one},a@x.example,Ann,Bakker,", f"{other},b@x.example,Ben,Visser,"))

    # then
    assert outcomes(found) == ["registered", "registered"]


def test_rows_without_an_external_id_do_not_contradict_each_other() -> None:
    """I7: Two rows with a blank external id do not count as rows with the same external id."""
    # when
    found = plan(file(",a@x.example,Ann,Bakker,", ",b@x.example,Ben,Visser,"))

    # then
    assert outcomes(found) == ["registered", "registered"]
    assert codes(found) == []


def test_rows_without_an_address_do_not_contradict_each_other() -> None:
    """I7, W2: Two rows with a blank address are each rejected for the missing value, and not as
    duplicates.
    """
    # when
    found = plan(file("1,,Ann,Bakker,", "2,,Ben,Visser,"))

    # then
    assert codes(found) == ["missing-value", "missing-value"]


def test_a_row_that_contradicts_two_others_gets_both_issues() -> None:
    """I7, W9: A row that shares its address with one row and its external id with another gets both
    issues.
    """
    # when
    found = plan(
        file(
            "1,ann@acme.example,Ann,Bakker,",
            "2,ann@acme.example,Ann,Bakker,",
            "1,anna@acme.example,Ann,Bakker,",
        )
    )

    # then
    assert outcomes(found) == ["rejected"] * 3
    assert by_line(found) == {
        2: ["duplicate-email", "duplicate-external-id"],
        3: ["duplicate-email"],
        4: ["duplicate-external-id"],
    }


def test_identical_rows_are_rejected_when_a_third_row_has_their_external_id() -> None:
    """I7: When a different row has the external id of two identical rows, all three are
    rejected.
    """
    # when
    found = plan(file(ANN, ANN, "1,anna@acme.example,Ann,Bakker,1990-01-01"))

    # then
    assert outcomes(found) == ["rejected"] * 3
    assert codes(found) == ["duplicate-external-id"] * 3
    assert all("Lines 2, 3 and 4 " in issue.message for issue in found.issues)


def test_identical_rows_are_rejected_when_a_third_row_has_their_address() -> None:
    """I7: When a different row has the address of two identical rows, all three are rejected."""
    # given
    row = ",ann@acme.example,Ann,Bakker,"

    # when
    found = plan(file(row, row, ",ann@acme.example,Anna,Bakker,"))

    # then
    assert codes(found) == ["duplicate-email"] * 3


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        (",ann@acme.example,Ann,Bakker,1990-02-30", "bad-date"),
        (",ann@acme.example,,Bakker,", "missing-value"),
    ],
)
def test_a_row_with_an_error_also_contradicts_another_row(broken: str, problem: str) -> None:
    """I7, W9: A row with an error of its own still contradicts a correct row with the same address.
    It gets both issues.
    """
    # when
    found = plan(file(broken, ",ann@acme.example,Ann,Bakker,"))

    # then
    assert outcomes(found) == ["rejected", "rejected"]
    assert by_line(found) == {2: [problem, "duplicate-email"], 3: ["duplicate-email"]}


def test_rows_with_the_same_malformed_address_do_not_contradict_each_other() -> None:
    """W3, W9: Two rows with the same malformed address get `bad-email` alone: one wrong value is
    told once.
    """
    # when
    found = plan(file("1,ann,Ann,Bakker,", "2,ann,Anna,Bakker,"))

    # then
    assert by_line(found) == {2: ["bad-email"], 3: ["bad-email"]}


def test_the_external_id_of_a_row_with_a_malformed_address_counts() -> None:
    """I7, W3: A row with a malformed address still contradicts a correct row with the same external
    id.
    """
    # when
    found = plan(file("1,ann,Ann,Bakker,", "1,ann@acme.example,Ann,Bakker,"))

    # then
    assert by_line(found) == {
        2: ["bad-email", "duplicate-external-id"],
        3: ["duplicate-external-id"],
    }


def test_rows_rejected_as_duplicates_change_nobody() -> None:
    """I7, W9: Rows that are rejected as duplicates do not change their employee, who is not absent
    either. The other rows are applied.
    """
    # given
    ann, ben = registered(ANN, HEADER, position=1), registered(BEN, HEADER, position=2)

    # when
    found = plan(
        file(
            ANN.replace("Ann", "Anna"),
            ANN.replace("Ann", "Anne"),
            BEN.replace("Ben", "Benno"),
        ),
        known=[ann, ben],
    )

    # then
    names = [one.details.first_name for one in after(found, [ann, ben])]
    assert names == ["Ann", "Benno"]
    assert found.counts.absent == 0


def test_the_same_address_in_two_files_is_no_duplicate() -> None:
    """I7, D3: Rows with the same address in two files do not contradict each other. The later row
    supersedes the earlier one.
    """
    # when
    found = plan(file(ANN), file(ANN.replace("Ann", "Anna")))

    # then
    assert outcomes(found) == ["skipped", "registered"]
    assert codes(found) == ["several-files", "superseded-row"]


def test_duplicates_are_counted_within_each_file() -> None:
    """I7: Contradicting rows are found within each file, and the lines in the issues are lines of
    that file.
    """
    # given
    twice = (",ann@acme.example,Ann,Bakker,", ",ann@acme.example,Anna,Bakker,")

    # when
    found = plan(file(*twice), file(BEN, *twice))

    # then
    told = [(issue.file, issue.line, issue.message[:15]) for issue in found.issues[1:]]
    first, second = "alleo_employees_0.csv", "alleo_employees_1.csv"
    assert told == [
        (first, 2, "Lines 2 and 3 a"),
        (first, 3, "Lines 2 and 3 a"),
        (second, 3, "Lines 3 and 4 a"),
        (second, 4, "Lines 3 and 4 a"),
    ]


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")], ids="-".join)
def test_two_addresses_for_one_external_id_contradict_each_other(order: tuple[str, str]) -> None:
    """I7: Two rows that differ only in the address contradict each other, in either order."""
    # when
    found = plan(file(*(f"1,{name}@acme.example,Ann,Bakker,1990-01-01" for name in order)))

    # then
    assert outcomes(found) == ["rejected", "rejected"]
    assert codes(found) == ["duplicate-external-id", "duplicate-external-id"]
