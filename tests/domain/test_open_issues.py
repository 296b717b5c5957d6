"""The identity of an issue, and what a run changes about open issues (Q1)."""

from __future__ import annotations

import pytest

from domain.issues.identity import issue_key
from domain.issues.issue import Issue, make_issue


def bad_date(email: str | None = "anna@acme.example", **values: str) -> Issue:
    """An issue about a row of Anna."""
    field, value = values.get("field", "birthday"), values.get("value", "soon")
    issue = make_issue("bad-date", field, value, no_date="")
    return issue.at(values.get("file", "monday.csv"), 2, email)


@pytest.mark.parametrize(
    "same",
    [
        bad_date(file="tuesday.csv"),
        bad_date().at("monday.csv", 9, "anna@acme.example"),
        bad_date("ANNA@Acme.example"),
    ],
)
def test_file_line_and_letter_case_make_no_other_issue(same: Issue) -> None:
    """Q1, I1: Code, person, field and value make an issue one. File and line do not count, and
    addresses are compared as always.
    """
    # when / then
    assert issue_key(same) == issue_key(bad_date())


@pytest.mark.parametrize(
    "other",
    [
        make_issue("bad-email", "birthday", "soon").at("monday.csv", 2, "anna@acme.example"),
        bad_date("bram@acme.example"),
        bad_date(None),
        bad_date(field="marriage_date"),
        bad_date(value="soon "),
        bad_date(value=""),
    ],
)
def test_another_code_person_field_or_value_is_another_issue(other: Issue) -> None:
    """Q1: An issue with another code, person, field or value is another issue."""
    # when / then
    assert issue_key(other) != issue_key(bad_date())


def test_the_key_of_an_issue_tells_nothing_about_the_person() -> None:
    """Q1: The key of an issue has 32 hex digits, and no part of the address or the value."""
    # when
    key = issue_key(bad_date())

    # then
    assert len(key) == 32
    assert set(key) <= set("0123456789abcdef")
