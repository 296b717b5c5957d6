"""The same address or the same external id twice in one file (I7)."""

from __future__ import annotations

import pytest

from tests.given import after, cases, outcomes, plan, registered

HEADER = "external_id,email,first_name,last_name,birthday"
ANN = "1,ann@acme.example,Ann,Bakker,1990-01-01"
BEN = "2,ben@acme.example,Ben,Visser,"


def file(*lines: str, header: str = HEADER) -> str:
    return "\n".join((header, *lines, ""))


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


# Rows that contradict each other

TOGETHER = """
    I7: an identical row is skipped
        1,ann@x.example,Ann,Bakker, / 1,ann@x.example,Ann,Bakker, |
          registered skipped | 3 duplicate-row
    I7: without an external id too
        ,ann@x.example,Ann,Bakker, / ,ann@x.example,Ann,Bakker, |
          registered skipped | 3 duplicate-row
    I7, W1: rows in two Unicode forms are identical
        1,zoe@x.example,Zoe\u0308,Bakker, / 1,zoe@x.example,Zo\u00eb,Bakker, |
          registered skipped | 3 duplicate-row
    I7, W9: of identical rows with an error, the second is skipped
        1,ann@x.example,Ann,Bakker,1990-02-30 / 1,ann@x.example,Ann,Bakker,1990-02-30 |
          rejected skipped | 2 bad-date, 3 duplicate-row
    I7: rows with one address that differ in a name are rejected, and no other row is
        ,ann@x.example,Ann,Bakker, / ,ben@x.example,Ben,Visser, / ,ann@x.example,Anna,Bakker, |
          rejected registered rejected | 2 duplicate-email, 4 duplicate-email
    I7: in the case of a name
        ,ann@x.example,Ann,Bakker, / ,ann@x.example,ANN,Bakker, |
          rejected rejected | 2 duplicate-email, 3 duplicate-email
    I7: in a date
        ,ann@x.example,Ann,Bakker,1990-01-01 / ,ann@x.example,Ann,Bakker,1990-01-02 |
          rejected rejected | 2 duplicate-email, 3 duplicate-email
    I7: in a blank
        ,ann@x.example,Ann,Bakker,1990-01-01 / ,ann@x.example,Ann,Bakker, |
          rejected rejected | 2 duplicate-email, 3 duplicate-email
    I7, I1: addresses that differ in case are one address
        ,ann@x.example,Ann,Bakker, / ,ANN@x.example,Anna,Bakker, |
          rejected rejected | 2 duplicate-email, 3 duplicate-email
    I7: rows with one external id that differ are rejected
        1,ann@x.example,Ann,Bakker, / 2,ben@x.example,Ben,Visser, / 1,anna@x.example,Ann,Bakker, |
          rejected registered rejected | 2 duplicate-external-id, 4 duplicate-external-id
    I7: in either order of the addresses
        1,anna@x.example,Ann,Bakker, / 1,ann@x.example,Ann,Bakker, |
          rejected rejected | 2 duplicate-external-id, 3 duplicate-external-id
    I7, I1: a leading zero makes another external id
        7,ann@x.example,Ann,Bakker, / 007,ben@x.example,Ben,Visser, | registered registered
    I7, I1: so does the case
        y,ann@x.example,Ann,Bakker, / Y,ben@x.example,Ben,Visser, | registered registered
    I7: two blank external ids are no contradiction
        ,ann@x.example,Ann,Bakker, / ,ben@x.example,Ben,Visser, | registered registered
    I7, W2: nor are two blank addresses
        1,,Ann,Bakker, / 2,,Ben,Visser, | rejected rejected | 2 missing-value, 3 missing-value
    W3, W9: nor are two malformed ones
        1,ann,Ann,Bakker, / 2,ann,Anna,Bakker, | rejected rejected | 2 bad-email, 3 bad-email
    I7, W3: but the external id of a row with a malformed address counts
        1,ann,Ann,Bakker, / 1,ann@x.example,Ann,Bakker, | rejected rejected |
          2 bad-email, 2 duplicate-external-id, 3 duplicate-external-id
    I7, W9: a row that contradicts two others gets both issues
        1,ann@x.example,Ann,Bakker, / 2,ann@x.example,Ann,Bakker, / 1,anna@x.example,Ann,Bakker, |
          rejected rejected rejected |
          2 duplicate-email, 2 duplicate-external-id, 3 duplicate-email, 4 duplicate-external-id
    I7: identical rows are rejected when a third row has their external id
        1,ann@x.example,Ann,Bakker, / 1,ann@x.example,Ann,Bakker, / 1,anna@x.example,Ann,Bakker, |
          rejected rejected rejected |
          2 duplicate-external-id, 3 duplicate-external-id, 4 duplicate-external-id
    I7: or their address
        ,ann@x.example,Ann,Bakker, / ,ann@x.example,Ann,Bakker, / ,ann@x.example,Anna,Bakker, |
          rejected rejected rejected | 2 duplicate-email, 3 duplicate-email, 4 duplicate-email
    I7, W9: a row with an error of its own contradicts as well
        ,ann@x.example,Ann,Bakker,1990-02-30 / ,ann@x.example,Ann,Bakker, | rejected rejected |
          2 bad-date, 2 duplicate-email, 3 duplicate-email
    I7, W9: so does one that lacks a name
        ,ann@x.example,,Bakker, / ,ann@x.example,Ann,Bakker, | rejected rejected |
          2 missing-value, 2 duplicate-email, 3 duplicate-email
"""
"""The rows of a file | what becomes of them | the issues by line."""


@pytest.mark.parametrize(("rows", "become", "issues"), cases(TOGETHER, 3))
def test_rows_with_one_address_or_external_id_are_identical_or_contradict_each_other(
    rows: str, become: str, issues: str
) -> None:
    """I7, I1, W1-W3, W9: Rows of one file that share an address or an external id are identical and
    count once, or they differ and none of them counts.
    """
    # when
    found = plan(file(*rows.split(" / ")))

    # then
    assert outcomes(found) == become.split()
    assert [f"{issue.line} {issue.code}" for issue in found.issues] == [
        each for each in issues.split(", ") if each
    ]


@pytest.mark.parametrize(
    ("rows", "field", "value"),
    [
        ([f",ann@x.example,Ann{n},Bakker," for n in "abc"], "email", "ann@x.example"),
        ([f"1,{n}@x.example,Ann,Bakker," for n in "abc"], "external_id", "1"),
    ],
)
def test_each_contradiction_names_the_lines_of_all_its_rows(
    rows: list[str], field: str, value: str
) -> None:
    """I7: The issue of each contradicting row names the lines of all rows, and what they share."""
    # when
    found = plan(file(*rows))

    # then
    assert all("Lines 2, 3 and 4 " in issue.message for issue in found.issues)
    told = {(issue.severity, issue.field, issue.value) for issue in found.issues}
    assert told == {("error", field, value)}


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
