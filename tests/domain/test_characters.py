"""W11: an invisible character that spoils a cell is named."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.characters import in_words, is_unseen, unseen
from domain.company import Company
from domain.issues.issue import Issue
from tests.given import a_company, after, codes, outcomes, plan, registered

ROW = {
    "email": "anna@acme.example",
    "external_id": "E7",
    "first_name": "Anna",
    "prefix": "de",
    "last_name": "Bakker",
    "birthday": "1990-05-17",
    "onboarding_date": "2020-01-01",
    "language": "en",
    "group_name": "Sales",
    "custom_note": "x",
    "custom_salary": "12.50",
    "custom_floor": "31",
    "custom_medical": "2027-05-01",
}
TYPED = {"custom_salary": "decimal", "custom_floor": "integer", "custom_medical": "date"}
INVISIBLE = ["\u200b", "\ufeff", "\u00ad", "\u2060", "\u200d", "\u180e"]
SHAPELESS = ["\u3164", "\uffa0", "\u2800", "\u034f", "\ufe0f", "\U000e0101"]
TURNING = ["\u061c", "\u200e", "\u200f", "\u202a", "\u202e", "\u2066", "\u2069"]


def issues_of(company: Company | None = None, **cells: str) -> list[Issue]:
    """The issues about a row with these cells."""
    row = ROW | cells
    text = f"{','.join(row)}\n{','.join(row.values())}\n"
    company = company or a_company(custom_fields=TYPED)
    return list(plan(text, company=company).issues)


@pytest.mark.parametrize("character", [*INVISIBLE, *SHAPELESS, "\u00a0", "\u202e"])
@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("birthday", "bad-date"),
        ("onboarding_date", "bad-date"),
        ("custom_medical", "bad-date"),
        ("custom_salary", "bad-decimal"),
        ("custom_floor", "bad-integer"),
        ("language", "unknown-language"),
        ("group_name", "unknown-group"),
    ],
)
def test_an_invisible_character_that_spoils_a_cell_is_named(
    field: str, code: str, character: str
) -> None:
    """W11: The issue about a date, a number, a language or a group with an invisible character in
    it names the character.
    """
    # given
    value = ROW[field][:1] + character + ROW[field][1:]

    # when
    (issue,) = issues_of(**{field: value})

    # then
    assert (issue.code, issue.field, issue.value) == (code, field, value)
    assert f"(it holds the invisible character U+{ord(character):04X})" in issue.message


def test_a_group_is_named_so_under_a_strict_policy_too() -> None:
    """W6, W11: The character is named where an unknown group rejects the row."""
    # given
    strict = a_company(policy={"unknown_group": "reject"}, custom_fields=TYPED)

    # when
    (issue,) = issues_of(strict, group_name="Sales\u200b")

    # then
    assert issue.rejects
    assert "U+200B" in issue.message


@pytest.mark.parametrize("character", [*INVISIBLE, *SHAPELESS, *TURNING])
@pytest.mark.parametrize("field", ["email", "external_id"])
def test_an_identity_holds_no_invisible_character(field: str, character: str) -> None:
    """W1, W11: An invisible character in an e-mail address or an external id rejects the row, so
    that it does not make two people of one.
    """
    # given
    value = ROW[field][:2] + character + ROW[field][2:]

    # when
    (issue,) = issues_of(**{field: value})

    # then
    assert (issue.code, issue.field) == ("bad-text", field)
    assert f"the invisible character U+{ord(character):04X}" in issue.message


def test_a_space_that_looks_like_another_is_named_in_an_address() -> None:
    """W3, W11: A no-break space in an e-mail address is named by the issue `bad-email`."""
    # when
    (issue,) = issues_of(email="anna\u00a0b@acme.example")

    # then
    assert issue.code == "bad-email"
    assert "U+00A0" in issue.message


@pytest.mark.parametrize("field", ["first_name", "last_name"])
@pytest.mark.parametrize(
    "name",
    ["\u200b", "\u200b\u200b", "\ufeff \u2060", "\u3164", "\u2800", "\u200e", "\u00ad"],
)
def test_a_name_of_nothing_but_invisible_characters_is_missing(field: str, name: str) -> None:
    """W2, W11: A name that nobody can see is missing, and the issue names the character."""
    # when
    (issue,) = issues_of(**{field: name})

    # then
    assert (issue.code, issue.field, issue.rejects) == ("missing-value", field, True)
    assert f"(it holds the invisible character U+{ord(name[0]):04X})" in issue.message


@pytest.mark.parametrize("prefix", ["\u200b", "\ufeff\u2060", "\u3164", "\u200e", "\u00ad \u00ad"])
@pytest.mark.parametrize(("policy", "expected"), [("keep", "de"), ("clear", None)])
def test_a_prefix_of_nothing_but_invisible_characters_is_blank(
    prefix: str, policy: str, expected: str | None
) -> None:
    """W8, W11: A prefix that nobody can see is a blank cell."""
    # given
    header = "email,first_name,prefix,last_name"
    known = registered("a@x.example,An,de,Bo", header)
    company = a_company(policy={"blank_cells": policy})

    # when
    (person,) = after(
        plan(f"{header}\na@x.example,An,{prefix},Bo\n", known=[known], company=company), [known]
    )

    # then
    assert person.details.prefix == expected


@pytest.mark.parametrize("character", TURNING)
@pytest.mark.parametrize("field", ["first_name", "prefix", "last_name"])
def test_a_name_must_not_turn_the_text_around_it(field: str, character: str) -> None:
    """W11: A character that changes the direction of text rejects a row where it stands in a name,
    because it would turn round the text of a whole line.
    """
    # when
    (issue,) = issues_of(**{field: f"Bak{character}ker"})

    # then
    assert (issue.code, issue.field) == ("bad-text", field)
    assert f"the invisible character U+{ord(character):04X}" in issue.message


@pytest.mark.parametrize(
    "name",
    [
        "نوشین\u200cفر",
        "शर\u094d\u200dमा",
        "Zoë",
        "李\ufe00",
        "An\u200bna",
        "d\u2019Arc",
        "O\u00adHara",
    ],
)
def test_other_invisible_characters_in_names_are_kept(name: str) -> None:
    """W11: Names are kept as written where a script needs invisible characters in them."""
    # when
    (person,) = after(plan(f"email,first_name,last_name\na@x.example,{name},Bo\n"))

    # then
    assert person.details.first_name == unicodedata.normalize("NFC", name)


@given(st.text(max_size=8))
def test_a_text_has_unseen_characters_or_everybody_can_read_it(text: str) -> None:
    """W11: A text is unseen when all its characters are, apart from plain spaces."""
    # when
    found = list(unseen(text))

    # then
    assert is_unseen(text) == (text != "" and len(found) == len(text.replace(" ", "")))
    assert all(each in text and each != " " and in_words(each) for each in found)


def test_only_the_first_invisible_character_is_named() -> None:
    """W11, W12: A cell full of invisible characters gets a message of the usual length."""
    # when
    found = issues_of(birthday="\u200b\u200c" * 400)

    # then
    assert codes(found) == ["bad-date"]
    assert "U+200B" in found[0].message
    assert len(found[0].message) < 300


def test_a_row_with_a_spoilt_group_is_applied() -> None:
    """W6, W11: A warning about an invisible character does not stop the row."""
    # when
    found = plan("email,first_name,last_name,group_name\na@x.example,An,Bo,Sal\u200bes\n")

    # then
    assert (outcomes(found), codes(found)) == (["registered"], ["unknown-group"])
