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


# Rows that say the same


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
def test_a_row_that_repeats_another_is_read_once(again: str) -> None:
    """I7: identical after W1, with addresses compared as in I1, collapse into the first."""
    found = plan(file(ANN, BEN, again))

    assert outcomes(found) == ["registered", "registered", "skipped"]
    (issue,) = found.issues
    assert (issue.code, issue.severity, issue.line) == ("duplicate-row", "warning", 4)
    assert "line 2" in issue.message


def test_rows_are_identical_after_normalisation() -> None:
    """I7, W1: two spellings of one character are one character."""
    found = plan(
        file(
            "1,zoe@acme.example,Zoe\u0308,Bakker,",
            "1,zoe@acme.example,Zo\u00eb,Bakker,",
        )
    )

    assert outcomes(found) == ["registered", "skipped"]
    assert codes(found) == ["duplicate-row"]


def test_of_identical_rows_the_first_stands() -> None:
    """I7: with its own way to write the address, and its own line."""
    found = plan(file("1,Ann@acme.example,Ann,Bakker,", "1,ANN@acme.example,Ann,Bakker,"))

    (change,) = found.changes
    assert change.after.email == "Ann@acme.example"
    assert [recorded.line for recorded in change.events] == [2]


def test_a_row_said_many_times_is_read_once() -> None:
    """I7: every repetition names the row that stands."""
    found = plan(file(ANN, ANN, ANN))

    assert outcomes(found) == ["registered", "skipped", "skipped"]
    assert codes(found) == ["duplicate-row", "duplicate-row"]
    assert all("line 2" in issue.message for issue in found.issues)


def test_rows_without_external_id_collapse_as_well() -> None:
    """I7: identical by address alone."""
    row = ",ann@acme.example,Ann,Bakker,"

    assert outcomes(plan(file(row, row))) == ["registered", "skipped"]


def test_identical_rows_about_someone_known_change_them_once() -> None:
    """I7: collapsing is about rows, whomever they mean."""
    ann = registered(ANN, HEADER)
    row = ANN.replace("Ann", "Anna")

    found = plan(file(row, row), known=[ann])

    assert outcomes(found) == ["changed", "skipped"]
    assert kinds(found) == ["details-changed"]


def test_identical_rows_with_a_problem_are_one_rejected_row_and_its_repetition() -> None:
    """I7, W9: the problem is told where it stands first."""
    row = "1,ann@acme.example,Ann,Bakker,1990-02-30"

    found = plan(file(row, row))

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
def test_rows_with_one_address_that_differ_are_all_rejected(other: str) -> None:
    """I7: nobody can tell which one is right."""
    rows = (ANN.removeprefix("1"), BEN, other.removeprefix("1"))

    found = plan(file(*rows))

    assert outcomes(found) == ["rejected", "registered", "rejected"]
    assert by_line(found) == {2: ["duplicate-email"], 4: ["duplicate-email"]}
    assert {issue.severity for issue in found.issues} == {"error"}


def test_rows_with_one_external_id_that_differ_are_all_rejected() -> None:
    """I7: the same for external ids."""
    found = plan(file(ANN, BEN, "1,anna@acme.example,Ann,Bakker,1990-01-01"))

    assert outcomes(found) == ["rejected", "registered", "rejected"]
    assert by_line(found) == {2: ["duplicate-external-id"], 4: ["duplicate-external-id"]}
    assert [(issue.field, issue.value) for issue in found.issues] == [("external_id", "1")] * 2


def test_the_lines_of_all_rows_are_named() -> None:
    """I7: each rejection tells where the others are."""
    found = plan(file(*(f",ann@acme.example,Ann{n},Bakker," for n in "abc")))

    assert codes(found) == ["duplicate-email"] * 3
    assert all("Lines 2, 3 and 4 " in issue.message for issue in found.issues)
    assert [(issue.field, issue.value) for issue in found.issues] == [
        ("email", "ann@acme.example")
    ] * 3


def test_addresses_that_differ_in_case_are_one_address() -> None:
    """I7, I1: compared as everywhere else."""
    found = plan(file(",ann@acme.example,Ann,Bakker,", ",ANN@acme.example,Anna,Bakker,"))

    assert codes(found) == ["duplicate-email", "duplicate-email"]


@pytest.mark.parametrize(("one", "other"), [("7", "007"), ("x", "X")])
def test_external_ids_that_only_look_alike_are_two(one: str, other: str) -> None:
    """I7, I1: compared exactly."""
    found = plan(file(f"{one},a@x.example,Ann,Bakker,", f"{other},b@x.example,Ben,Visser,"))

    assert outcomes(found) == ["registered", "registered"]


def test_rows_without_external_id_share_none() -> None:
    """I7: a blank is not a value that two rows could have in common."""
    found = plan(file(",a@x.example,Ann,Bakker,", ",b@x.example,Ben,Visser,"))

    assert outcomes(found) == ["registered", "registered"]
    assert codes(found) == []


def test_rows_without_an_address_share_none() -> None:
    """I7, W2: each is rejected for what it lacks, and for nothing else."""
    found = plan(file("1,,Ann,Bakker,", "2,,Ben,Visser,"))

    assert codes(found) == ["missing-value", "missing-value"]


def test_a_row_may_contradict_two_others_and_says_both() -> None:
    """I7, W9: one shares its address, the other its external id."""
    found = plan(
        file(
            "1,ann@acme.example,Ann,Bakker,",
            "2,ann@acme.example,Ann,Bakker,",
            "1,anna@acme.example,Ann,Bakker,",
        )
    )

    assert outcomes(found) == ["rejected"] * 3
    assert by_line(found) == {
        2: ["duplicate-email", "duplicate-external-id"],
        3: ["duplicate-email"],
        4: ["duplicate-external-id"],
    }


def test_a_repetition_that_shares_its_external_id_with_a_third_row_is_rejected_too() -> None:
    """I7: two of three are identical, and still the three contradict each other."""
    found = plan(file(ANN, ANN, "1,anna@acme.example,Ann,Bakker,1990-01-01"))

    assert outcomes(found) == ["rejected"] * 3
    assert codes(found) == ["duplicate-external-id"] * 3
    assert all("Lines 2, 3 and 4 " in issue.message for issue in found.issues)


def test_two_of_three_identical_rows_do_not_outvote_the_third() -> None:
    """I7: all of them are rejected, by address as well."""
    row = ",ann@acme.example,Ann,Bakker,"

    found = plan(file(row, row, ",ann@acme.example,Anna,Bakker,"))

    assert codes(found) == ["duplicate-email"] * 3


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        (",ann@acme.example,Ann,Bakker,1990-02-30", "bad-date"),
        (",ann@acme.example,,Bakker,", "missing-value"),
    ],
)
def test_rows_with_problems_of_their_own_count(broken: str, problem: str) -> None:
    """I7, W9: the good row is rejected as well, and the bad one tells all."""
    found = plan(file(broken, ",ann@acme.example,Ann,Bakker,"))

    assert outcomes(found) == ["rejected", "rejected"]
    assert by_line(found) == {2: [problem, "duplicate-email"], 3: ["duplicate-email"]}


def test_a_malformed_address_counts_as_it_is_written() -> None:
    """I7: also where the problem is the address itself."""
    found = plan(file("1,ann,Ann,Bakker,", "2,ann,Anna,Bakker,"))

    assert by_line(found) == {
        2: ["bad-email", "duplicate-email"],
        3: ["bad-email", "duplicate-email"],
    }


def test_the_external_id_of_a_row_with_a_malformed_address_counts() -> None:
    """I7: the row that could be read otherwise is rejected as well."""
    found = plan(file("1,ann,Ann,Bakker,", "1,ann@acme.example,Ann,Bakker,"))

    assert by_line(found) == {
        2: ["bad-email", "duplicate-external-id"],
        3: ["duplicate-external-id"],
    }


def test_rejected_duplicates_change_nobody() -> None:
    """I7, W9: not the employee they mean, while the other rows go on."""
    ann, ben = registered(ANN, HEADER, position=1), registered(BEN, HEADER, position=2)

    found = plan(
        file(
            ANN.replace("Ann", "Anna"),
            ANN.replace("Ann", "Anne"),
            BEN.replace("Ben", "Benno"),
        ),
        known=[ann, ben],
    )

    names = [one.details.first_name for one in after(found, [ann, ben])]
    assert names == ["Ann", "Benno"]
    assert found.counts.absent == 0


def test_the_same_address_in_two_files_is_no_duplicate() -> None:
    """I7: in one file; across files the later row stands (D3)."""
    found = plan(file(ANN), file(ANN.replace("Ann", "Anna")))

    assert outcomes(found) == ["skipped", "registered"]
    assert codes(found) == ["several-files", "superseded-row"]


def test_duplicates_of_each_file_are_its_own() -> None:
    """I7: lines are counted and named within the file they are in."""
    twice = (",ann@acme.example,Ann,Bakker,", ",ann@acme.example,Anna,Bakker,")

    found = plan(file(*twice), file(BEN, *twice))

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
    """I7: two rows that differ in nothing but the address are not identical, whichever address
    comes first."""
    # when
    found = plan(file(*(f"1,{name}@acme.example,Ann,Bakker,1990-01-01" for name in order)))

    # then
    assert outcomes(found) == ["rejected", "rejected"]
    assert codes(found) == ["duplicate-external-id", "duplicate-external-id"]
