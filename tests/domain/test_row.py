"""W1-W9, L3, F7 and F8: how the cells of a row are read, which issues they get, what they do."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from domain.company import Company
from domain.delivery.plan import Plan
from domain.delivery.records import read_sheet
from domain.delivery.row import Row, RowReader
from domain.employee.aggregate import Employee
from domain.employee.events import State
from domain.fields.cells import clean, problem_of
from domain.fields.table import COLUMNS, MANDATORY
from domain.issues.catalogue import CATALOGUE
from domain.issues.issue import Issue
from domain.issues.issue_type import Severity
from tests.given import FILE, a_company, after, codes, day, kinds, outcomes, plan, registered

ANNA = {"email": "anna@acme.example", "first_name": "Anna", "last_name": "Bakker"}
DATES = (
    "onboarding_date",
    "offboarding_date",
    "probation_period_end_date",
    "birthday",
    "work_anniversary",
    "marriage_date",
)
TYPED = {
    "custom_note": "text",
    "custom_salary": "decimal",
    "custom_floor": "integer",
    "custom_medical": "date",
}
LATER = "2027-09-30"
"""Far enough ahead of today to need no word of its own."""


def a_file(*rows: dict[str, str], quoting: Any = csv.QUOTE_MINIMAL) -> bytes:
    """A file of rows that all have the columns of the first."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=quoting, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows(row.values() for row in rows)
    return text.getvalue().encode()


def reading(
    cells: dict[str, str], company: Company | None = None, quoting: Any = csv.QUOTE_MINIMAL
) -> Row:
    """What a row of these cells says."""
    company = company or a_company()
    sheet = read_sheet(FILE, a_file(cells, quoting=quoting), company)
    (line,), (text,) = sheet.lines, sheet.texts
    return RowReader(sheet, company).read(line, text, 1, b"")


def read(company: Company | None = None, /, **cells: str) -> Row:
    """What Anna's row says when it has these cells too."""
    return reading(ANNA | cells, company)


def accepted(company: Company | None = None, /, **cells: str) -> Row:
    """What Anna's row says with these cells, and nothing is wrong with it."""
    row = read(company, **cells)
    findings = row.issues
    assert codes_of(findings) == []
    return row


def objection(company: Company | None = None, /, **cells: str) -> Issue:
    """The one thing that is wrong with Anna's row when it has these cells."""
    (finding,) = read(company, **cells).issues
    return finding


def codes_of(findings: list[Issue]) -> list[str]:
    return [each.code for each in findings]


def planned(
    *known: Employee, company: Company | None = None, **cells: str
) -> tuple[Plan, list[Employee]]:
    """The plan for Anna's row with these cells, and everyone there is once it is applied."""
    result = plan(a_file(ANNA | cells), known=known, company=company)
    return result, after(result, known)


def anna(company: Company | None = None, /, **cells: str) -> Employee:
    """Anna, as her row registered her."""
    row = ANNA | cells
    return registered(",".join(row.values()), ",".join(row), company=company)


# W1: text

SPACES = [" ", "   ", "\t", "\u00a0", "\u2003", "\u3000", "\u202f", "\n", "\r\n", " \u00a0\t"]


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("field", ["email", "first_name", "external_id", "group_name", "custom_a"])
def test_white_space_around_a_cell_is_removed(field: str, space: str) -> None:
    """W1: White space around a cell is removed, Unicode white space and line breaks too."""
    # given
    cells = ANNA | {"external_id": "007", "group_name": "Sales", "custom_a": "x"}

    # when
    row = reading(cells | {field: f"{space}{cells[field]}{space}"})

    # then
    assert codes_of(row.issues) == []
    plain = reading(cells)
    assert (replace(row, text=plain.text), row.cells) == (plain, plain.cells)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(" anna@acme.example,Anna,Bakker", id="at the beginning"),
        pytest.param("anna@acme.example,Anna,Bakker ", id="at the end"),
        pytest.param("anna@acme.example ,Anna,Bakker", id="before a comma"),
        pytest.param("anna@acme.example, Anna,Bakker", id="after a comma"),
    ],
)
def test_a_row_without_quotes_is_trimmed_as_well(line: str) -> None:
    """W1: White space around the cells of a row without quotes is removed, wherever in the row it
    stands.
    """
    # when
    (person,) = after(plan(f"email,first_name,last_name\n{line}\n".encode()))

    # then
    assert (person.email, person.details.first_name, person.details.last_name) == (
        "anna@acme.example",
        "Anna",
        "Bakker",
    )


@pytest.mark.parametrize("name", ["Anna  Maria", "van\u00a0der Berg", "d'Arc", "X\u00c6 A-12"])
def test_white_space_inside_a_cell_is_kept(name: str) -> None:
    """W1: White space and marks inside a cell are kept as they are written."""
    assert accepted(last_name=name).details.last_name == name


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Zoe\u0308", "Zo\u00eb"),
        ("A\u030angstro\u0308m", "\u00c5ngstr\u00f6m"),
        ("\u212b", "\u00c5"),
        ("\u1112\u1161\u11ab", "\ud55c"),
    ],
)
def test_a_cell_is_normalised(written: str, normal: str) -> None:
    """W1: The text of a cell is stored in the Unicode form NFC."""
    # when
    row = accepted(
        email=f"{written}@acme.example", first_name=written, external_id=written, custom_a=written
    )

    # then
    assert (row.email, row.details.first_name) == (f"{normal}@acme.example", normal)
    assert (row.external_id, row.details.custom) == (normal, {"custom_a": normal})


def test_another_unicode_form_of_a_name_is_no_change() -> None:
    """W1: A known name in another Unicode form is no change."""
    # given
    zoe = anna(first_name="Zo\u00eb")

    # when
    result, _ = planned(zoe, first_name="Zoe\u0308")

    # then
    assert (outcomes(result), codes(result)) == (["unchanged"], [])


CONTROLS = ["\x01", "\a", "\b", "\x1b", "\x7f", "\x80", "\x9f"]
BREAKS = ["\n", "\r\n", "\r", "\t", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"]
BREAKABLE = ["\n", "\r\n", "\r", "\t"]


@pytest.mark.parametrize("character", CONTROLS)
@pytest.mark.parametrize("field", [*COLUMNS, *TYPED])
def test_a_control_character_rejects_the_row(field: str, character: str) -> None:
    """W1: A control character in any cell, also in a custom text field, rejects the row with
    `bad-text`, and the issue names the character.
    """
    # given
    value = f"a{character}b"

    # when
    found = objection(a_company(custom_fields=TYPED), **{field: value})

    # then
    assert (found.code, found.field, found.value) == ("bad-text", field, value)
    assert found.rejects
    assert f"U+{ord(character):04X}" in found.message


@pytest.mark.parametrize("character", BREAKS)
@pytest.mark.parametrize("field", [*COLUMNS, "custom_salary", "custom_floor", "custom_medical"])
def test_a_line_break_or_tab_rejects_the_row(field: str, character: str) -> None:
    """W1: A line break or a tab inside a cell other than custom text rejects the row with
    `bad-text`.
    """
    # given
    value = f"a{character}b"

    # when
    found = objection(a_company(custom_fields=TYPED), **{field: value})

    # then
    assert (found.code, found.field, found.value) == ("bad-text", field, value)
    assert ("a tab" if character == "\t" else "a line break") in found.message


@pytest.mark.parametrize("character", BREAKABLE)
@pytest.mark.parametrize("declared", [{}, {"custom_note": "text"}])
def test_custom_text_keeps_line_breaks_and_tabs(declared: dict[str, str], character: str) -> None:
    """W1: A custom text field, declared or not, keeps the line breaks and tabs inside it."""
    # given
    value = f"one{character}two"

    # when
    row = accepted(a_company(custom_fields=declared), custom_note=f" {value}\n")

    # then
    assert row.details.custom == {"custom_note": value}


# W2: mandatory cells


@pytest.mark.parametrize("blank", ["", " ", "\u00a0", "\n"])
@pytest.mark.parametrize("field", MANDATORY)
@pytest.mark.parametrize("policy", ["keep", "clear"])
def test_a_mandatory_cell_must_not_be_blank(field: str, blank: str, policy: str) -> None:
    """W2: A blank e-mail address, first name or last name rejects the row with `missing-value`,
    whatever the policy for blank cells is.
    """
    # when
    found = objection(a_company(policy={"blank_cells": policy}), birthday="", **{field: blank})

    # then
    assert (found.code, found.field, found.value) == ("missing-value", field, None)
    assert found.rejects


# W3: e-mail addresses


@pytest.mark.parametrize(
    "email",
    [
        "anna@acme.example",
        "Anna.Bakker@Acme.Example",
        "a@b.nl",
        "anna+hr@acme.example",
        "o'brien_99@mail.acme-group.example",
        "anna!#$%&*/=?^`{|}~-@acme.example",
        "j\u00fcrgen@m\u00fcller.example",
        "anna@xn--mller-kva.example",
        "a" * 64 + "@acme.example",
    ],
)
def test_an_email_address_is_kept_as_written(email: str) -> None:
    """W3: A cell with the form of an e-mail address is accepted and stored as written."""
    assert accepted(email=email).email == email


@pytest.mark.parametrize(
    "email",
    [
        "anna",
        "anna@",
        "@acme.example",
        "anna@acme",
        "anna.acme.example",
        "anna@@acme.example",
        "anna@b@acme.example",
        "anna bakker@acme.example",
        "anna@acme .example",
        "anna@acme..example",
        "anna@.example",
        "anna@acme.example.",
        "anna@-acme.example",
        "anna@acme-.example",
        ".anna@acme.example",
        "anna.@acme.example",
        "an..na@acme.example",
        "Anna <anna@acme.example>",
        "mailto:anna@acme.example",
        "anna@acme.example;ben@acme.example",
        "anna@acme.example,ben@acme.example",
        '"anna"@acme.example',
        "anna@acme.example?",
        "a" * 65 + "@acme.example",
        "anna@" + "b" * 64 + ".example",
        "-",
        "n/a",
    ],
)
def test_a_cell_without_the_form_of_an_email_address_is_rejected(email: str) -> None:
    """W3: A cell without the form of an e-mail address rejects the row with `bad-email`, and the
    issue shows the cell.
    """
    # when
    result, people = planned(email=email)

    # then
    (issue,) = result.issues
    assert (issue.code, issue.field, issue.value) == ("bad-email", "email", email)
    assert (issue.severity, issue.line, issue.email) == (Severity.ERROR, 2, email)
    assert people == []


# W4: dates


@pytest.mark.parametrize("field", DATES)
@pytest.mark.parametrize("text", ["1900-01-01", "2199-12-31", "2028-02-29", "2000-02-29", LATER])
def test_a_calendar_date_is_read(field: str, text: str) -> None:
    """W4: Every date column accepts real calendar dates from 1900 to 2199 that are written
    `YYYY-MM-DD`.
    """
    # when
    row = accepted(**{field: f" {text} "})

    # then
    said = getattr(row, field) if hasattr(row, field) else getattr(row.details, field)
    assert said == date.fromisoformat(text)


NO_DATES = [
    "20260102",
    "2026-W01-1",
    "2026W011",
    "2026-001",
    "2026-02-30",
    "2027-02-29",
    "1900-02-29",
    "2026-04-31",
    "2026-13-01",
    "2026-00-10",
    "2026-01-00",
    "0000-00-00",
    "1899-12-31",
    "2200-01-01",
    "9999-12-31",
    "26-01-02",
    "2026-1-2",
    "02-01-2026",
    "2026/01/02",
    "2026.01.02",
    "2026-01-02T00:00:00",
    "2026-01-02 00:00",
    "+2026-01-02",
    "-2026-01-02",
    "2026--01-02",
    "2026\u201301\u201302",
    "\uff12\uff10\uff12\uff16-01-02",
    "\u0662\u0660\u0662\u0666-\u0660\u0661-\u0660\u0662",
    "46024",
    "tomorrow",
    "-",
]


@pytest.mark.parametrize("text", NO_DATES)
def test_a_cell_that_is_not_a_calendar_date_is_rejected(text: str) -> None:
    """W4: Another notation, a day that does not exist or a year out of range rejects the row with
    `bad-date`.
    """
    # when
    result, people = planned(birthday=text)

    # then
    (issue,) = result.issues
    assert (issue.code, issue.field, issue.value) == ("bad-date", "birthday", text)
    assert (issue.severity, issue.line, issue.email) == (Severity.ERROR, 2, ANNA["email"])
    assert people == []


# W5: languages


@pytest.mark.parametrize(
    ("cell", "language"),
    [
        ("en", "en"),
        ("nl", "nl"),
        ("de", "de"),
        ("EN", "en"),
        ("Nl", "nl"),
        ("dE", "de"),
        (" DE ", "de"),
    ],
)
def test_a_language_may_be_written_in_any_case(cell: str, language: str) -> None:
    """W5: The languages `en`, `nl` and `de` are accepted in upper and lower case, for new and for
    known employees.
    """
    # when
    _, (new,) = planned(language=cell)
    _, (known,) = planned(anna(language="en"), language=cell)

    # then
    assert (new.details.language, known.details.language) == (language, language)


UNKNOWN_LANGUAGES = ["fr", "english", "nl-NL", "en_GB", "e n", "?"]


@pytest.mark.parametrize("cell", UNKNOWN_LANGUAGES)
def test_a_new_employee_with_an_unknown_language_gets_the_companys(cell: str) -> None:
    """W5: A new employee with an unknown language gets the company's language and the warning
    `unknown-language`.
    """
    # when
    result, (new,) = planned(language=cell)

    # then
    (issue,) = result.issues
    assert (issue.code, issue.field, issue.value) == ("unknown-language", "language", cell)
    assert issue.severity is Severity.WARNING
    assert (outcomes(result), new.details.language) == (["registered"], "nl")


@pytest.mark.parametrize("cell", UNKNOWN_LANGUAGES)
def test_a_known_employee_with_an_unknown_language_keeps_the_known_one(cell: str) -> None:
    """W5: A known employee keeps the known language when the row has an unknown one. The rest of
    the row applies.
    """
    # when
    result, (person,) = planned(anna(language="de"), language=cell, first_name="Anne")

    # then
    assert codes(result) == ["unknown-language"]
    assert (person.details.language, person.details.first_name) == ("de", "Anne")


def test_a_blank_language_gives_no_warning() -> None:
    """W5: A blank language gives no warning. A new employee gets the company's language, and a
    known employee keeps the known one.
    """
    # when
    blank, (new,) = planned(language="")
    absent, (other,) = planned()
    again, (known,) = planned(anna(language="de"), language="")

    # then
    assert codes(blank) == codes(absent) == codes(again) == []
    assert (new.details.language, other.details.language) == ("nl", "nl")
    assert known.details.language == "de"


# W6: groups


@pytest.mark.parametrize("cell", ["Sales", "Engineering", " Sales "])
def test_a_group_of_the_company_is_stored(cell: str) -> None:
    """W6: A group that is exactly one of the company's groups is stored."""
    # when
    result, (new,) = planned(group_name=cell)

    # then
    assert (codes(result), new.details.group_name) == ([], cell.strip())


UNKNOWN_GROUPS = [
    ("sales", "Sales"),
    ("SALES", "Sales"),
    ("Sale", "Sales"),
    ("Saels", "Sales"),
    ("Sales.", "Sales"),
    ("Enginering", "Engineering"),
    ("Legal", None),
    ("?", None),
]


@pytest.mark.parametrize(("cell", "suggested"), UNKNOWN_GROUPS)
def test_a_new_employee_with_an_unknown_group_gets_no_group(
    cell: str, suggested: str | None
) -> None:
    """W6: A new employee with an unknown group gets no group, and the warning `unknown-group`
    suggests the most similar one.
    """
    # when
    result, (new,) = planned(group_name=cell)

    # then
    (issue,) = result.issues
    assert (issue.code, issue.field, issue.value) == ("unknown-group", "group_name", cell)
    assert issue.severity is Severity.WARNING
    assert (f"did you mean {suggested}?" in issue.message) == (suggested is not None)
    assert "did you mean None" not in issue.message
    assert (outcomes(result), new.details.group_name) == (["registered"], None)


@pytest.mark.parametrize("policy", ["keep", "clear"])
def test_a_known_employee_with_an_unknown_group_keeps_the_known_one(policy: str) -> None:
    """W6: A known employee keeps the known group when the row has an unknown one, whatever the
    policy for blank cells is.
    """
    # given
    company = a_company(policy={"blank_cells": policy})

    # when
    result, (person,) = planned(anna(group_name="Engineering"), company=company, group_name="Saels")

    # then
    assert (codes(result), person.details.group_name) == (["unknown-group"], "Engineering")


def test_a_misspelt_group_does_not_stop_an_offboarding() -> None:
    """W6: When the group of a row is misspelt, the offboarding date of the row still applies."""
    # when
    _, (person,) = planned(anna(group_name="Sales"), group_name="Seles", offboarding_date=LATER)

    # then
    assert person.state is State.OFFBOARDING_SCHEDULED
    assert person.offboarding_date == day(LATER)


@pytest.mark.parametrize(("cell", "suggested"), UNKNOWN_GROUPS)
def test_an_unknown_group_rejects_the_row_where_the_policy_says_so(
    cell: str, suggested: str | None
) -> None:
    """W6: With the policy `unknown_group = "reject"`, an unknown group rejects the row."""
    # given
    company = a_company(policy={"unknown_group": "reject"})
    known = anna()

    # when
    result, people = planned(known, company=company, group_name=cell, offboarding_date=LATER)

    # then
    (issue,) = result.issues
    assert (issue.code, issue.severity) == ("unknown-group", Severity.ERROR)
    assert (f"did you mean {suggested}?" in issue.message) == (suggested is not None)
    assert "keeps theirs" not in issue.message
    assert (outcomes(result), people) == (["rejected"], [known])


def test_the_policy_reject_accepts_known_groups_and_blanks() -> None:
    """W6: With the policy `unknown_group = "reject"`, a known group and a blank cell are still
    accepted.
    """
    # given
    company = a_company(policy={"unknown_group": "reject"})

    # when / then
    assert accepted(company, group_name="Sales").details.group_name == "Sales"
    assert accepted(company, group_name="").details.group_name is UNSET


# W7: custom fields


@pytest.mark.parametrize(
    ("field", "cell"),
    [
        ("custom_salary", "123456.71"),
        ("custom_salary", "100.50"),
        ("custom_salary", "0.10000000000000000000000000001"),
        ("custom_salary", "-3"),
        ("custom_salary", "+007.0"),
        ("custom_floor", "0"),
        ("custom_floor", "007"),
        ("custom_floor", "-12"),
        ("custom_floor", "123456789012345678901234567890"),
        ("custom_medical", "2026-01-02"),
        ("custom_note", "1,5"),
        ("custom_note", "2026-02-30"),
        ("custom_anything", "1.000,50 \u20ac"),
    ],
)
def test_a_custom_value_that_fits_is_kept_exactly(field: str, cell: str) -> None:
    """W7: A custom value that fits its declared type is stored exactly as written. A custom field
    without a declaration is text.
    """
    # when
    result, (new,) = planned(company=a_company(custom_fields=TYPED), **{field: f" {cell} "})

    # then
    assert (codes(result), new.details.custom) == ([], {field: cell})


@pytest.mark.parametrize(
    ("code", "field", "cell"),
    [
        *(
            ("bad-decimal", "custom_salary", cell)
            for cell in ["1,5", "1.000,50", "1,000.50", "12e3", ".5", "5.", "1.2.3", "NaN", "inf"]
        ),
        *(
            ("bad-decimal", "custom_salary", cell)
            for cell in ["\u20ac5", "1 000", "1_000", "--1", "0x10", "\u0663", "x", "-", "5%"]
        ),
        *(
            ("bad-integer", "custom_floor", cell)
            for cell in ["1.0", "1,000", "1e3", "1_0", "\u00b2", "\u0663", "--1", "first", "1 2"]
        ),
        *(("bad-date", "custom_medical", cell) for cell in NO_DATES),
    ],
)
def test_a_custom_value_that_does_not_fit_is_rejected(code: str, field: str, cell: str) -> None:
    """W7: A custom value that does not fit its declared type rejects the row with the code of the
    type.
    """
    # given
    known = anna()

    # when
    result, people = planned(known, company=a_company(custom_fields=TYPED), **{field: cell})

    # then
    (issue,) = result.issues
    assert (issue.code, issue.field, issue.value) == (code, field, cell)
    assert (issue.severity, issue.line) == (Severity.ERROR, 2)
    assert (outcomes(result), people) == (["rejected"], [known])


def test_a_custom_column_in_any_spelling_is_stored_under_one_name() -> None:
    """W7, F4: A custom column in any spelling belongs to its declaration and is stored
    under one name.
    """
    # given
    company = a_company(custom_fields={"custom_shoe_size": "decimal"})

    # when
    row = read(company, **{"Custom Shoe-Size": "39.5", "CUSTOM_NICK NAME": "Annie"})

    # then
    assert codes_of(row.issues) == []
    assert row.details.custom == {"custom_shoe_size": "39.5", "custom_nick_name": "Annie"}


# W8: blanks

FULL = {
    "prefix": "de",
    "onboarding_date": "2026-01-01",
    "offboarding_date": LATER,
    "probation_period_end_date": "2026-03-01",
    "birthday": "1990-05-17",
    "work_anniversary": "2020-01-01",
    "marriage_date": "2015-06-06",
    "language": "de",
    "group_name": "Sales",
    "external_id": "007",
    "custom_note": "x",
    "custom_salary": "10.5",
}
CLEARABLE = (
    "prefix",
    "probation_period_end_date",
    "birthday",
    "work_anniversary",
    "marriage_date",
    "group_name",
)
CLEARS = {"blank_cells": "clear"}


@pytest.mark.parametrize("blank", ["", "  ", "\u00a0"])
def test_blank_cells_keep_what_is_known(blank: str) -> None:
    """W8, L5: Blank cells keep every known value. A blank where a file gave a last day is told."""
    # given
    known = anna(**FULL)

    # when
    result, (person,) = planned(known, **dict.fromkeys(FULL, blank))

    # then
    assert (codes(result), kinds(result)) == (["offboarding-kept"], ["file-noted"])
    assert shown(person) == shown(known)


@pytest.mark.parametrize("policy", ["keep", "clear"])
def test_absent_columns_keep_what_is_known(policy: str) -> None:
    """W8: Absent columns keep every known value under either policy for blank cells."""
    # given
    known = anna(**FULL)

    # when
    result, people = planned(known, company=a_company(policy={"blank_cells": policy}))

    # then
    assert (outcomes(result), codes(result), people) == (["unchanged"], [], [known])


@pytest.mark.parametrize("field", CLEARABLE)
def test_a_blank_cell_clears_a_descriptive_field_under_the_policy_clear(field: str) -> None:
    """W8: A blank cell clears a descriptive field under the policy `blank_cells = "clear"`, and
    only this field.
    """
    # given
    known = anna(**FULL)

    # when
    kept, (before,) = planned(known, **FULL | {field: ""})
    result, (person,) = planned(known, company=a_company(policy=CLEARS), **FULL | {field: ""})

    # then
    assert (kinds(kept), getattr(before.details, field)) == ([], getattr(known.details, field))
    assert (codes(result), kinds(result)) == ([], ["details-changed"])
    assert getattr(known.details, field) is not None
    assert getattr(person.details, field) is None
    assert without(person, field) == without(known, field)


def test_a_blank_cell_clears_a_custom_field_under_the_policy_clear() -> None:
    """W8: A blank cell clears a custom field under the policy `blank_cells = "clear"`, and only
    this field.
    """
    # given
    known = anna(**FULL)
    cells = FULL | {"custom_note": ""}

    # when
    _, (kept,) = planned(known, **cells)
    _, (cleared,) = planned(known, company=a_company(policy=CLEARS), **cells)

    # then
    assert kept.details.custom == {"custom_note": "x", "custom_salary": "10.5"}
    assert cleared.details.custom == {"custom_salary": "10.5"}


@pytest.mark.parametrize(
    "field", ["external_id", "language", "onboarding_date", "offboarding_date"]
)
def test_a_blank_cell_never_clears_the_external_id_the_language_or_a_date_of_the_lifecycle(
    field: str,
) -> None:
    """W8: A blank cell never clears an external id, a language, an onboarding date or an
    offboarding date.
    """
    # given
    known = anna(**FULL)

    # when
    result, (person,) = planned(known, company=a_company(policy=CLEARS), **FULL | {field: ""})

    # then
    assert codes(result) == (["offboarding-kept"] if field == "offboarding_date" else [])
    assert shown(person) == shown(known)
    assert person.state is State.OFFBOARDING_SCHEDULED


def test_blank_cells_of_a_new_employee_leave_the_fields_empty() -> None:
    """W8: Blank cells of a new employee give no issue and leave the fields empty under
    either policy.
    """
    # given
    cells = dict.fromkeys([*CLEARABLE, "custom_note"], "")

    # when
    kept, (one,) = planned(**cells)
    cleared, (other,) = planned(company=a_company(policy=CLEARS), **cells)

    # then
    assert codes(kept) == codes(cleared) == []
    assert one.details == other.details
    assert one.details.custom == {}


def shown(employee: Employee) -> tuple[Any, ...]:
    """All that anyone sees of an employee."""
    return (
        employee.state,
        employee.email,
        employee.external_id,
        employee.details,
        employee.onboarding_date,
        employee.offboarding_date,
    )


def without(employee: Employee, field: str) -> dict[str, Any]:
    """An employee's details but one."""
    details = employee.details
    names = [name for name in details.__struct_fields__ if name != field]
    return {name: getattr(details, name) for name in names}


# W9: rejected rows

BAD = {
    "email": ("anna at acme", "bad-email"),
    "first_name": ("", "missing-value"),
    "last_name": ("Bak\tker", "bad-text"),
    "birthday": ("17-05-1990", "bad-date"),
    "marriage_date": ("2015-02-29", "bad-date"),
    "language": ("fr", "unknown-language"),
    "group_name": ("Saels", "unknown-group"),
    "external_id": ("7" * 1_001, "too-long"),
    "custom_salary": ("1,5", "bad-decimal"),
    "custom_floor": ("1.5", "bad-integer"),
}


def test_every_problem_in_the_cells_of_a_row_is_told() -> None:
    """W9: A rejected row gets an issue for each wrong cell, warnings included, in the order of the
    columns.
    """
    # given
    cells = {field: cell for field, (cell, _) in BAD.items()}

    result, people = planned(company=a_company(custom_fields=TYPED), **cells)

    # when
    found = [(issue.field, issue.code) for issue in result.issues]

    # then
    assert found == [(field, code) for field, (_, code) in BAD.items()]
    assert {(issue.file, issue.line) for issue in result.issues} == {(FILE, 2)}
    assert (outcomes(result), people) == (["rejected"], [])


BAD_CELLS = {field: cell for field, (cell, code) in BAD.items() if "unkn" not in code}


@pytest.mark.parametrize("field", [*BAD_CELLS, *DATES])
def test_one_wrong_cell_rejects_the_row_and_the_other_rows_are_applied(field: str) -> None:
    """W9: One wrong cell rejects its whole row, good cells included. The rows before and after it
    are applied.
    """
    # given
    anna_before, ben = (
        anna(external_id="007"),
        registered("ben@acme.example,Ben,Bakker", position=2),
    )
    good = ANNA | {"birthday": "", "external_id": "007"}
    good |= dict.fromkeys([*DATES, "custom_salary", "custom_floor"], "")
    bad = (
        good
        | {"first_name": "Anne", "birthday": "1990-05-17"}
        | {field: BAD_CELLS.get(field, "20260102")}
    )
    rows = [
        good | {"email": "carl@acme.example", "external_id": "8"},
        bad,
        good | {"email": "ben@acme.example", "first_name": "Benno", "external_id": ""},
    ]

    # when
    result = plan(a_file(*rows), known=[anna_before, ben], company=a_company(custom_fields=TYPED))

    # then
    assert outcomes(result) == ["registered", "rejected", "changed"]
    assert [(issue.line, issue.field) for issue in result.issues] == [(3, field)]
    people = {person.id: person for person in after(result, [anna_before, ben])}
    assert people[anna_before.id] == anna_before
    assert people[ben.id].details.first_name == "Benno"


def test_a_warning_does_not_reject_the_row() -> None:
    """W9: A row that has only warnings is applied."""
    # when
    result, people = planned(language="fr", group_name="Saels", birthday="1990-05-17")

    # then
    assert codes(result) == ["unknown-language", "unknown-group"]
    assert people[0].details.birthday == day("1990-05-17")


# L3: dates in order


@pytest.mark.parametrize("known", [False, True], ids=["new", "known"])
@pytest.mark.parametrize(
    ("onboarding", "offboarding"), [("2027-10-02", "2027-10-01"), ("2199-12-31", "1900-01-01")]
)
def test_a_row_with_dates_in_the_wrong_order_is_rejected(
    known: bool, onboarding: str, offboarding: str
) -> None:
    """L3: A row whose offboarding date is before its onboarding date is rejected, for new and for
    known employees.
    """
    # given
    people = [anna()] if known else []

    # when
    result, then = planned(*people, onboarding_date=onboarding, offboarding_date=offboarding)

    # then
    (issue,) = result.issues
    assert (issue.code, issue.severity) == ("offboarding-before-onboarding", Severity.ERROR)
    assert (issue.line, issue.field, issue.value) == (2, "offboarding_date", offboarding)
    assert onboarding in issue.message
    assert (outcomes(result), then) == (["rejected"], people)


@pytest.mark.parametrize(
    ("onboarding", "offboarding"),
    [(LATER, LATER), ("2027-01-01", LATER), ("", LATER), (LATER, ""), ("", "")],
)
def test_a_row_with_dates_in_the_right_order_is_accepted(onboarding: str, offboarding: str) -> None:
    """L3: A row may have the same day for both dates, dates in order, or a blank for
    either date.
    """
    # when
    row = read(onboarding_date=onboarding, offboarding_date=offboarding)

    # then
    assert codes_of(row.issues) == []


def test_a_row_with_one_date_is_not_compared_with_the_known_date() -> None:
    """L3: A row with only an offboarding date is not rejected, although this date is before the
    known onboarding date.
    """
    # given
    known = anna(onboarding_date="2027-02-01")

    # when
    result, (person,) = planned(known, offboarding_date="2027-01-15")

    # then
    assert "offboarding-before-onboarding" not in codes(result)
    assert person.offboarding_date == day("2027-01-15")


def test_dates_in_the_wrong_order_are_told_with_the_other_problems() -> None:
    """L3, W9: Dates in the wrong order are told together with the other problems of the row."""
    # when
    row = read(
        onboarding_date="2027-10-02", offboarding_date="2027-10-01", birthday="?", first_name=""
    )

    # then
    assert sorted(codes_of(row.issues)) == [
        "bad-date",
        "missing-value",
        "offboarding-before-onboarding",
    ]


def test_a_bad_date_is_not_compared_with_the_other_date() -> None:
    """L3, W4: A bad date gets only `bad-date` and is not compared with the other date."""
    # when
    findings = read(onboarding_date="2027-10-32", offboarding_date="2027-10-01").issues

    # then
    assert codes_of(findings) == ["bad-date"]


# F7: limits of a cell


def an_email(length: int) -> str:
    """An address of this many characters, whatever its length."""
    domain = ".".join(["b" * 49] * 4) + ".nl"
    return "a" * (length - len(domain) - 1) + "@" + domain


def test_an_email_address_may_have_254_characters() -> None:
    """F7: An e-mail address of 254 characters is accepted, and one of 255 rejects the row with
    `too-long`.
    """
    # given
    longest, too_long = an_email(254), an_email(255)

    # when / then
    assert accepted(email=longest).email == longest
    found = objection(email=too_long)
    assert (found.code, found.field, found.rejects) == ("too-long", "email", True)
    assert found.message.count("25") == 2


def test_an_external_id_may_have_500_characters() -> None:
    """F7: An external id of 500 characters is accepted, and one of 501 rejects the row with
    `too-long`.
    """
    # when
    longest = read(external_id="\u6f22" * 500)
    result, _ = planned(anna(), external_id="x" * 501)

    # then
    assert codes_of(longest.issues) == []
    (issue,) = result.issues
    assert (issue.code, issue.field, issue.severity) == ("too-long", "external_id", Severity.ERROR)


@pytest.mark.parametrize(
    "field", ["first_name", "last_name", "prefix", "group_name", "custom_note"]
)
def test_a_cell_may_have_1000_characters(field: str) -> None:
    """F7: A cell of 1,000 characters without the space around it is accepted, and one of 1,001
    rejects the row with `too-long`.
    """
    # given
    company = with_groups("\u00eb" * 1_000)
    known = anna()

    # when
    longest = read(company, **{field: " " + "\u00eb" * 1_000 + " "})
    result, people = planned(known, company=company, **{field: "x" * 1_001})

    # then
    assert codes_of(longest.issues) == []
    (issue,) = result.issues
    assert (issue.code, issue.field, issue.severity) == ("too-long", field, Severity.ERROR)
    assert "1001 characters" in issue.message
    assert "at most 1000" in issue.message
    assert (outcomes(result), people) == (["rejected"], [known])


def with_groups(*groups: str) -> Company:
    """Acme with other groups."""
    company = a_company()
    return Company(company.key, company.name, company.language, groups)


@pytest.mark.parametrize("field", [*DATES, "language", *TYPED])
def test_a_cell_that_is_too_long_gets_no_other_issue(field: str) -> None:
    """F7: A cell that is too long gets only the issue `too-long`."""
    # when
    found = objection(a_company(custom_fields=TYPED), **{field: "y" * 1_001})

    # then
    assert (found.code, found.field) == ("too-long", field)


def test_a_company_can_set_another_limit_for_cells() -> None:
    """F7: A company can set another limit for cells. A lower limit binds e-mail addresses too, and
    a higher one does not.
    """
    # given
    company = a_company(limits={"cell": 20})

    # when / then
    assert accepted(company, first_name="x" * 20).details.first_name == "x" * 20
    assert objection(company, first_name="x" * 21).code == "too-long"
    assert objection(company, email="annabella@acme.example").code == "too-long"
    assert objection(a_company(limits={"cell": 5_000}), email=an_email(255)).code == "too-long"


def test_a_long_value_is_shown_shortened() -> None:
    """F7, W12: An issue shows only the beginning of a value that is too long."""
    # when
    (issue,) = planned(first_name="x" * 5_000)[0].issues

    # then
    assert issue.value is not None
    assert issue.value.startswith("xxx")
    assert len(issue.value) < 300


# F8: width


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        pytest.param("anna@acme.example,Anna", 2, id="one fewer"),
        pytest.param("anna@acme.example", 1, id="one cell"),
        pytest.param("anna@acme.example,Anna,Bakker,,x", 5, id="a cell beyond the header"),
        pytest.param("anna@acme.example,Anna,Bakker, Jr.", 4, id="a comma in a name"),
        pytest.param('"anna@acme.example,Anna,Bakker"', 1, id="quoted whole"),
        pytest.param("anna@acme.example;Anna;Bakker", 1, id="another delimiter"),
    ],
)
def test_a_row_must_be_as_wide_as_the_header(row: str, cells: int) -> None:
    """F8: A row with more or fewer cells than the header is rejected with `wrong-width`, and the
    other rows are applied.
    """
    # given
    known = anna(external_id="007")
    file = f"email,first_name,last_name\n{row}\nben@acme.example,Ben,Cramer\n"

    # when
    result = plan(file, known=[known])

    # then
    (issue,) = result.issues
    assert (issue.code, issue.severity, issue.line) == ("wrong-width", Severity.ERROR, 2)
    assert (issue.email, issue.field, issue.value) == (None, None, None)
    assert f"{cells} cells" in issue.message
    assert "header 3" in issue.message
    assert outcomes(result) == ["rejected", "registered"]
    assert after(result, [known])[0] == known


def test_a_quoted_comma_does_not_separate_cells() -> None:
    """F8, F3: A comma inside quotes belongs to the cell and does not change the width of
    the row.
    """
    # when / then
    assert accepted(last_name="Bakker, Jr.").details.last_name == "Bakker, Jr."


# What holds for any row

EVERYTHING = a_company(policy={"blank_cells": "clear"}, custom_fields=TYPED, limits={"cell": 30})
COLUMNS = [*COLUMNS, *TYPED]
SHEET = read_sheet(FILE, f"{','.join(COLUMNS)}\nx\n".encode(), EVERYTHING)

CELLS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
    st.sampled_from(
        [
            "",
            " ",
            "anna@acme.example",
            "Sales",
            "sales",
            "EN",
            "1.5",
            "-7",
            "2027-10-01",
            "2027-02-30",
            "Zoe\u0308",
            "a\nb",
            " x ",
            'a"b',
            "{0}",
            "%s",
            "x" * 31,
        ]
    ),
)
RECORDS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from([",", '"', '""', "\n", "\r", "a", " ", "\u2028"]), max_size=40).map(
        "".join
    ),
    st.lists(CELLS, min_size=len(COLUMNS), max_size=len(COLUMNS)).map(",".join),
)


@settings(max_examples=200, deadline=None)
@given(RECORDS)
def test_any_text_is_read_as_a_row_with_issues(text: str) -> None:
    """W9: Any text can be read as a row, and every problem in it gives an issue of a known code. An
    accepted row has the mandatory values.
    """
    # when
    row = RowReader(SHEET, EVERYTHING).read(2, text, 1, b"")

    # then
    findings = row.issues

    issues: list[Issue] = [each.at(FILE, 2, row.email) for each in findings]
    assert all(issue.code in CATALOGUE and issue.message for issue in issues)
    assert {issue.field for issue in issues} <= {None, *COLUMNS}
    if not any(each.rejects for each in findings):
        assert row.email and row.details.first_name and row.details.last_name


@settings(max_examples=150, deadline=None)
@given(
    st.fixed_dictionaries(
        dict.fromkeys(MANDATORY, CELLS),
        optional={field: CELLS for field in COLUMNS if field not in MANDATORY},
    )
)
def test_a_cell_means_the_same_with_and_without_quotes(cells: dict[str, str]) -> None:
    """F3: A row means the same whether all of its cells are quoted or only those that
    need quotes.
    """
    # given: a row that is not blank, since blank ones are skipped unless they are quoted (F8)
    cells["email"] = cells["email"].strip() or "x"

    # when
    with_quotes = reading(cells, EVERYTHING, csv.QUOTE_ALL)
    where_needed = reading(cells, EVERYTHING, csv.QUOTE_MINIMAL)

    # then
    assert replace(with_quotes, text=where_needed.text) == where_needed
    assert with_quotes.cells == where_needed.cells


# One value, as support enters it


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.sampled_from(COLUMNS), CELLS)
def test_any_value_from_support_gets_the_same_issues_as_in_a_row(field: str, text: str) -> None:
    """S1, S6, W9: Any value that support enters gets the same issues that it gets as the cell of a
    row.
    """
    # given: a cell that is not blank, of which a row may say that it lacks something
    cell = clean(text) or "x"

    # when
    row = reading({**ANNA, field: cell}, EVERYTHING)
    problem = problem_of(field, cell, EVERYTHING)

    # then
    assert (() if problem is None else (problem.at(row.file, row.line, row.email),)) == row.issues
