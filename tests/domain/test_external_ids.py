"""I10: external ids that stand for nothing, and external ids that a spreadsheet spoilt."""

from __future__ import annotations

import pytest

from domain.fields.cells import PLACEHOLDER_IDS, problem_of
from domain.issues.issue_type import Severity
from tests.given import (
    a_company,
    after,
    codes,
    file_of,
    outcomes,
    plan,
    registered,
    roster_after,
)

HEADER = "email,first_name,last_name,external_id"
MORE = a_company(policy={"placeholder_ids": [" Volgt ", "00000", "N.v.t."]})
"""A company with placeholders of its own."""


def cell(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


@pytest.mark.parametrize("value", PLACEHOLDER_IDS)
@pytest.mark.parametrize("write", [str, str.upper, str.title, " {} ".format])
def test_an_id_that_stands_for_nothing_counts_as_blank(value: str, write: type[str]) -> None:
    """I10: A placeholder in any case counts as a blank external id, with a warning."""
    # given
    written = write(value)

    # when
    found = plan(file_of(HEADER, f"a@x.example,An,Bo,{cell(written)}"))

    # then
    (person,) = after(found)
    (issue,) = found.issues
    assert (issue.code, issue.severity) == ("placeholder-id", Severity.WARNING)
    assert (issue.field, issue.value) == ("external_id", written.strip())
    assert person.external_id is None


def test_the_placeholders_of_the_rule() -> None:
    """I10: These ids stand for nothing in every company."""
    # given
    rule = "- ? . 0 x n/a na #n/a tbd tba none null nil nan unknown onbekend unbekannt"

    # when / then
    assert {*rule.split(), "#nv", "#n/b"} == set(PLACEHOLDER_IDS)


@pytest.mark.parametrize("value", ["Volgt", "VOLGT", "volgt ", "00000", "n.v.t.", "TBD"])
def test_a_company_may_name_more_placeholders(value: str) -> None:
    """I10: The placeholders of a company count beside the usual ones, in any case."""
    # when
    found = plan(file_of(HEADER, f"a@x.example,An,Bo,{value}"), company=MORE)

    # then
    assert codes(found) == ["placeholder-id"]
    assert after(found)[0].external_id is None


@pytest.mark.parametrize(
    "value", ["007", "X1", "0.0", "--", "NA12", "tbd-1", "nul", "1E5", "12E34", "E+05", "A=1", "#7"]
)
def test_other_ids_are_ids(value: str) -> None:
    """I10: An id that only resembles a placeholder or a spoilt id is an id."""
    # when
    found = plan(file_of(HEADER, f"a@x.example,An,Bo,{value}"))

    # then
    assert (codes(found), after(found)[0].external_id) == ([], value)


@pytest.mark.parametrize("value", ["TBD", "n/a", "0", "-", "#N/A", "unbekannt"])
def test_two_people_with_one_placeholder_are_two_people(value: str) -> None:
    """I10: A placeholder is nobody's id, so no account changes hands by it."""
    # given
    ann = registered(f"ann@x.example,Ann,Lee,{value}", HEADER)

    # when
    found = plan(
        file_of(HEADER, f"ann@x.example,Ann,Lee,{value}", f"zoe@x.example,Zoe,May,{value}"),
        known=[ann],
    )

    # then
    assert outcomes(found) == ["unchanged", "registered"]
    assert codes(found) == ["placeholder-id", "placeholder-id"]
    assert [(each.email, each.external_id) for each in after(found, [ann])] == [
        ("ann@x.example", None),
        ("zoe@x.example", None),
    ]


@pytest.mark.parametrize("value", ["TBD", "n/a", "0", "-", "none"])
def test_a_placeholder_leaves_the_known_id_alone(value: str) -> None:
    """I4, I10: A row with a placeholder means the employee with its address, who keeps their id."""
    # given
    ann = registered("ann@x.example,Ann,Lee,E7", HEADER)

    # when
    found = plan(file_of(HEADER, f"ann@x.example,Ann,Lee,{value}"), known=[ann])

    # then
    assert outcomes(found) == ["unchanged"]
    assert after(found, [ann])[0].external_id == "E7"


def test_a_placeholder_is_told_at_every_pick_up() -> None:
    """L10, I10: What a row says of its id is told each time."""
    # given
    row = file_of(HEADER, "ann@x.example,Ann,Lee,TBD")
    roster = roster_after(plan(row))

    # when
    again = plan(row, known=roster)

    # then
    assert (outcomes(again), codes(again)) == (["unchanged"], ["placeholder-id"])


SPOILT = [
    ("1.23E+05", "a number with an exponent"),
    ("1,23E+05", "a number with an exponent"),
    ("1E+09", "a number with an exponent"),
    ("1.2e-07", "a number with an exponent"),
    ("-4.5E+12", "a number with an exponent"),
    ('="0042"', "a formula"),
    ("=0042", "a formula"),
    ("=A1", "a formula"),
    ("'0042", "an apostrophe in front"),
    ("\u20190042", "an apostrophe in front"),
    ("#REF!", "a mark for a value that it cannot show"),
    ("#NAME?", "a mark for a value that it cannot show"),
    ("#VALUE!", "a mark for a value that it cannot show"),
    ("#DIV/0!", "a mark for a value that it cannot show"),
    ("#WAARDE!", "a mark for a value that it cannot show"),
    ("#BEZUG!", "a mark for a value that it cannot show"),
    ("####", "a mark for a value that it cannot show"),
]


@pytest.mark.parametrize(("value", "words"), SPOILT)
def test_an_id_that_a_spreadsheet_spoilt_rejects_the_row(value: str, words: str) -> None:
    """I10: A row whose external id a spreadsheet changed is rejected, and the sentence says how."""
    # given
    ann = registered("ann@x.example,Ann,Lee", "email,first_name,last_name")

    # when
    found = plan(file_of(HEADER, f"ann@x.example,Ann,Day,{cell(value)}"), known=[ann])

    # then
    (issue,) = found.issues
    assert (issue.code, issue.field, issue.value) == ("spoilt-id", "external_id", value)
    assert words in issue.message
    assert (outcomes(found), after(found, [ann])) == (["rejected"], [ann])


def test_two_rows_with_one_spoilt_id_are_told_what_is_wrong_with_it() -> None:
    """I7, I10: Rows with the same spoilt id are rejected for that, and not for being alike."""
    # when
    found = plan(file_of(HEADER, "a@x.example,An,Bo,1.2E+05", "c@x.example,Cy,Do,1.2E+05"))

    # then
    assert (outcomes(found), codes(found)) == (["rejected"] * 2, ["spoilt-id"] * 2)


def test_two_rows_with_one_placeholder_are_not_alike() -> None:
    """I7, I10: Rows do not contradict each other because of a placeholder."""
    # when
    found = plan(file_of(HEADER, "a@x.example,An,Bo,TBD", "c@x.example,Cy,Do,tbd"))

    # then
    assert outcomes(found) == ["registered", "registered"]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("TBD", "placeholder-id"),
        ("volgt", "placeholder-id"),
        ("'7", "spoilt-id"),
        ("=7", "spoilt-id"),
        ("1E+05", "spoilt-id"),
    ],
)
def test_support_is_told_the_same_of_an_id(value: str, code: str) -> None:
    """I10, S6: An id that no row can have is wrong for a support command too."""
    # when
    issue = problem_of("external_id", value, MORE)

    # then
    assert issue is not None
    assert issue.code == code
