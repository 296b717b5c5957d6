"""W1-W9, L3, F7 and F8: what one record says, what is wrong with it, and what comes of that."""

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
from domain.issues import issue as issues
from domain.issues.catalogue import CATALOGUE, Severity
from domain.issues.issue import Issue
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
    ((line, text),) = sheet.records
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
def test_white_space_around_a_cell_is_no_part_of_it(field: str, space: str) -> None:
    """W1: cells are trimmed, of Unicode white space too."""
    cells = ANNA | {"external_id": "007", "group_name": "Sales", "custom_a": "x"}

    row = reading(cells | {field: f"{space}{cells[field]}{space}"})

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
    """W1: wherever in the row the white space stands."""
    (person,) = after(plan(f"email,first_name,last_name\n{line}\n".encode()))

    assert (person.email, person.details.first_name, person.details.last_name) == (
        "anna@acme.example",
        "Anna",
        "Bakker",
    )


@pytest.mark.parametrize("name", ["Anna  Maria", "van\u00a0der Berg", "d'Arc", "X\u00c6 A-12"])
def test_what_stands_inside_a_cell_is_kept(name: str) -> None:
    """W1: only the ends are trimmed."""
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
    """W1: one spelling of a character is as good as another, and NFC is kept."""
    row = accepted(
        email=f"{written}@acme.example", first_name=written, external_id=written, custom_a=written
    )

    assert (row.email, row.details.first_name) == (f"{normal}@acme.example", normal)
    assert (row.external_id, row.details.custom) == (normal, {"custom_a": normal})


def test_another_spelling_of_the_same_characters_is_no_change() -> None:
    """W1: a known employee does not change because the export spells accents apart."""
    zoe = anna(first_name="Zo\u00eb")

    result, _ = planned(zoe, first_name="Zoe\u0308")

    assert (outcomes(result), codes(result)) == (["unchanged"], [])


CONTROLS = ["\x01", "\a", "\b", "\x1b", "\x7f", "\x80", "\x9f"]
BREAKS = ["\n", "\r\n", "\r", "\t", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"]
BREAKABLE = ["\n", "\r\n", "\r", "\t"]


@pytest.mark.parametrize("character", CONTROLS)
@pytest.mark.parametrize("field", [*COLUMNS, *TYPED])
def test_control_characters_are_in_no_cell(field: str, character: str) -> None:
    """W1: a control character rejects the row, in custom text too, and the sentence names it."""
    value = f"a{character}b"

    found = objection(a_company(custom_fields=TYPED), **{field: value})

    assert (found.code, found.field, found.value) == ("bad-text", field, value)
    assert found.rejects
    assert f"U+{ord(character):04X}" in found.message


@pytest.mark.parametrize("character", BREAKS)
@pytest.mark.parametrize("field", [*COLUMNS, "custom_salary", "custom_floor", "custom_medical"])
def test_a_line_break_or_tab_rejects_the_row(field: str, character: str) -> None:
    """W1: line breaks and tabs have no place in a name, a date or a number."""
    value = f"a{character}b"

    found = objection(a_company(custom_fields=TYPED), **{field: value})

    assert (found.code, found.field, found.value) == ("bad-text", field, value)
    assert ("a tab" if character == "\t" else "a line break") in found.message


@pytest.mark.parametrize("character", BREAKABLE)
@pytest.mark.parametrize("declared", [{}, {"custom_note": "text"}])
def test_custom_text_keeps_line_breaks_and_tabs(declared: dict[str, str], character: str) -> None:
    """W1: custom text may have several lines, and they are kept as they are."""
    value = f"one{character}two"

    row = accepted(a_company(custom_fields=declared), custom_note=f" {value}\n")

    assert row.details.custom == {"custom_note": value}


def test_nothing_is_applied_of_a_row_with_bad_text() -> None:
    """W1: known employees stay as they are, new ones are not made."""
    known = anna()

    rejected, people = planned(known, last_name="Bak\aker")
    nobody, _ = planned(first_name="An\nna")

    assert (outcomes(rejected), people) == (["rejected"], [known])
    assert (outcomes(nobody), after(nobody)) == (["rejected"], [])


# W2: mandatory cells


@pytest.mark.parametrize("blank", ["", " ", "\u00a0", "\n"])
@pytest.mark.parametrize("field", MANDATORY)
@pytest.mark.parametrize("policy", ["keep", "clear"])
def test_a_mandatory_cell_must_not_be_blank(field: str, blank: str, policy: str) -> None:
    """W2: e-mail, first name and last name are in every row."""
    found = objection(a_company(policy={"blank_cells": policy}), birthday="", **{field: blank})

    assert (found.code, found.field, found.value) == ("missing-value", field, None)
    assert found.rejects


@pytest.mark.parametrize("field", MANDATORY)
def test_an_update_needs_the_mandatory_cells_too(field: str) -> None:
    """W2: even where the external id tells who it is."""
    known = anna(external_id="007")

    result, people = planned(known, external_id="007", birthday="1990-05-17", **{field: ""})

    assert (outcomes(result), codes(result)) == (["rejected"], ["missing-value"])
    assert people == [known]


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
    """W3: whatever looks like an address is one."""
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
def test_what_does_not_look_like_an_email_address_is_rejected(email: str) -> None:
    """W3: the row is rejected, and the issue shows what it holds."""
    result, people = planned(email=email)

    (issue,) = result.issues
    assert (issue.code, issue.field, issue.value) == ("bad-email", "email", email)
    assert (issue.severity, issue.line, issue.email) == (Severity.ERROR, 2, email)
    assert people == []


def test_a_bad_email_address_is_not_taken_over() -> None:
    """W3: whoever is known by external id keeps theirs."""
    known = anna(external_id="007")

    result, people = planned(known, external_id="007", email="anna at acme.example")

    assert (outcomes(result), people) == (["rejected"], [known])


# W4: dates


@pytest.mark.parametrize("field", DATES)
@pytest.mark.parametrize("text", ["1900-01-01", "2199-12-31", "2028-02-29", "2000-02-29", LATER])
def test_a_calendar_date_is_read(field: str, text: str) -> None:
    """W4: `YYYY-MM-DD`, from 1900 to 2199, leap days included."""
    row = accepted(**{field: f" {text} "})

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
def test_what_is_no_calendar_date_is_rejected(text: str) -> None:
    """W4: other notations, days that do not exist and years out of range are no dates."""
    result, people = planned(birthday=text)

    (issue,) = result.issues
    assert (issue.code, issue.field, issue.value) == ("bad-date", "birthday", text)
    assert (issue.severity, issue.line, issue.email) == (Severity.ERROR, 2, ANNA["email"])
    assert people == []


@pytest.mark.parametrize("field", DATES)
@pytest.mark.parametrize("text", ["2026-02-30", "20260102", "2200-01-01"])
def test_every_date_is_judged(field: str, text: str) -> None:
    """W4: in every date column, and for known employees as well."""
    known = anna()

    result, people = planned(known, **{field: text})

    (issue,) = result.issues
    assert (issue.code, issue.field, issue.value) == ("bad-date", field, text)
    assert (outcomes(result), people) == (["rejected"], [known])


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
    """W5: `en`, `nl` and `de`, for new and known employees."""
    _, (new,) = planned(language=cell)
    _, (known,) = planned(anna(language="en"), language=cell)

    assert (new.details.language, known.details.language) == (language, language)


UNKNOWN_LANGUAGES = ["fr", "english", "nl-NL", "en_GB", "e n", "?"]


@pytest.mark.parametrize("cell", UNKNOWN_LANGUAGES)
def test_a_new_employee_with_an_unknown_language_gets_the_companys(cell: str) -> None:
    """W5: a warning, and the row is applied."""
    result, (new,) = planned(language=cell)

    (issue,) = result.issues
    assert (issue.code, issue.field, issue.value) == ("unknown-language", "language", cell)
    assert issue.severity is Severity.WARNING
    assert (outcomes(result), new.details.language) == (["registered"], "nl")


@pytest.mark.parametrize("cell", UNKNOWN_LANGUAGES)
def test_a_known_employee_with_an_unknown_language_keeps_theirs(cell: str) -> None:
    """W5: a warning, and the rest of the row is applied."""
    result, (person,) = planned(anna(language="de"), language=cell, first_name="Anne")

    assert codes(result) == ["unknown-language"]
    assert (person.details.language, person.details.first_name) == ("de", "Anne")


def test_a_blank_language_says_nothing() -> None:
    """W5: a new employee gets the company's, a known one keeps theirs; there is no warning."""
    blank, (new,) = planned(language="")
    absent, (other,) = planned()
    again, (known,) = planned(anna(language="de"), language="")

    assert codes(blank) == codes(absent) == codes(again) == []
    assert (new.details.language, other.details.language) == ("nl", "nl")
    assert known.details.language == "de"


# W6: groups


@pytest.mark.parametrize("cell", ["Sales", "Engineering", " Sales "])
def test_a_group_of_the_company_is_taken(cell: str) -> None:
    """W6: it must be one of the company's, exactly."""
    result, (new,) = planned(group_name=cell)

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
def test_a_new_employee_with_an_unknown_group_gets_none(cell: str, suggested: str | None) -> None:
    """W6: a warning with the nearest name, and the row is applied."""
    result, (new,) = planned(group_name=cell)

    (issue,) = result.issues
    assert (issue.code, issue.field, issue.value) == ("unknown-group", "group_name", cell)
    assert issue.severity is Severity.WARNING
    assert (f"did you mean {suggested}?" in issue.message) == (suggested is not None)
    assert "did you mean None" not in issue.message
    assert (outcomes(result), new.details.group_name) == (["registered"], None)


@pytest.mark.parametrize("policy", ["keep", "clear"])
def test_a_known_employee_with_an_unknown_group_keeps_theirs(policy: str) -> None:
    """W6: whatever a blank cell would mean."""
    company = a_company(policy={"blank_cells": policy})

    result, (person,) = planned(anna(group_name="Engineering"), company=company, group_name="Saels")

    assert (codes(result), person.details.group_name) == (["unknown-group"], "Engineering")


def test_a_group_that_is_misspelt_does_not_stop_a_leaver() -> None:
    """W6: the rest of the row is applied, the offboarding date above all."""
    _, (person,) = planned(anna(group_name="Sales"), group_name="Seles", offboarding_date=LATER)

    assert person.state is State.OFFBOARDING_SCHEDULED
    assert person.offboarding_date == day(LATER)


@pytest.mark.parametrize(("cell", "suggested"), UNKNOWN_GROUPS)
def test_an_unknown_group_rejects_the_row_where_the_policy_says_so(
    cell: str, suggested: str | None
) -> None:
    """W6: with the policy `reject` nothing of the row is applied."""
    company = a_company(policy={"unknown_group": "reject"})
    known = anna()

    result, people = planned(known, company=company, group_name=cell, offboarding_date=LATER)

    (issue,) = result.issues
    assert (issue.code, issue.severity) == ("unknown-group", Severity.ERROR)
    assert (f"did you mean {suggested}?" in issue.message) == (suggested is not None)
    assert "keeps theirs" not in issue.message
    assert (outcomes(result), people) == (["rejected"], [known])


def test_the_strict_policy_takes_known_groups_and_blanks() -> None:
    """W6: only what is unknown is rejected."""
    company = a_company(policy={"unknown_group": "reject"})

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
    """W7: as it is written, no digit more or less; undeclared fields are text."""
    result, (new,) = planned(company=a_company(custom_fields=TYPED), **{field: f" {cell} "})

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
    """W7: the declared type decides, and the row is rejected."""
    known = anna()

    result, people = planned(known, company=a_company(custom_fields=TYPED), **{field: cell})

    (issue,) = result.issues
    assert (issue.code, issue.field, issue.value) == (code, field, cell)
    assert (issue.severity, issue.line) == (Severity.ERROR, 2)
    assert (outcomes(result), people) == (["rejected"], [known])


def test_a_custom_field_is_called_by_its_column() -> None:
    """W7: however the column is spelt, declared type and value meet."""
    company = a_company(custom_fields={"custom_shoe_size": "decimal"})

    row = read(company, **{"Custom Shoe-Size": "39.5", "CUSTOM_NICK NAME": "Annie"})

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
    """W8: every optional cell may be blank, and nothing that shows changes."""
    known = anna(**FULL)

    result, (person,) = planned(known, **dict.fromkeys(FULL, blank))

    assert (codes(result), kinds(result)) == ([], ["file-noted"])
    assert shown(person) == shown(known)


@pytest.mark.parametrize("policy", ["keep", "clear"])
def test_absent_columns_keep_what_is_known(policy: str) -> None:
    """W8: a column that is not there says nothing, under either policy."""
    known = anna(**FULL)

    result, people = planned(known, company=a_company(policy={"blank_cells": policy}))

    assert (outcomes(result), codes(result), people) == (["unchanged"], [], [known])


@pytest.mark.parametrize("field", CLEARABLE)
def test_a_blank_clears_where_the_policy_says_so(field: str) -> None:
    """W8: with the policy `clear`, a blank cell takes back what the file once said."""
    known = anna(**FULL)

    kept, (before,) = planned(known, **FULL | {field: ""})
    result, (person,) = planned(known, company=a_company(policy=CLEARS), **FULL | {field: ""})

    assert (kinds(kept), getattr(before.details, field)) == ([], getattr(known.details, field))
    assert (codes(result), kinds(result)) == ([], ["details-changed"])
    assert getattr(known.details, field) is not None
    assert getattr(person.details, field) is None
    assert without(person, field) == without(known, field)


def test_a_blank_clears_a_custom_field_where_the_policy_says_so() -> None:
    """W8: custom fields are cleared one by one."""
    known = anna(**FULL)
    cells = FULL | {"custom_note": ""}

    _, (kept,) = planned(known, **cells)
    _, (cleared,) = planned(known, company=a_company(policy=CLEARS), **cells)

    assert kept.details.custom == {"custom_note": "x", "custom_salary": "10.5"}
    assert cleared.details.custom == {"custom_salary": "10.5"}


@pytest.mark.parametrize(
    "field", ["external_id", "language", "onboarding_date", "offboarding_date"]
)
def test_some_fields_are_never_cleared(field: str) -> None:
    """W8: a blank never touches external id, language, onboarding or offboarding date."""
    known = anna(**FULL)

    result, (person,) = planned(known, company=a_company(policy=CLEARS), **FULL | {field: ""})

    assert codes(result) == []
    assert shown(person) == shown(known)
    assert person.state is State.OFFBOARDING_SCHEDULED


@pytest.mark.parametrize("field", MANDATORY)
def test_a_blank_never_clears_names_or_email(field: str) -> None:
    """W8: nor are the mandatory ones; there the whole row is rejected (W2)."""
    known = anna(**FULL)

    result, people = planned(known, company=a_company(policy=CLEARS), **FULL | {field: ""})

    assert (outcomes(result), people) == (["rejected"], [known])


def test_blanks_of_a_new_employee_leave_the_field_empty() -> None:
    """W8: there is nothing to clear, and nothing is said of it."""
    cells = dict.fromkeys([*CLEARABLE, "custom_note"], "")

    kept, (one,) = planned(**cells)
    cleared, (other,) = planned(company=a_company(policy=CLEARS), **cells)

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


def test_every_problem_of_a_row_is_listed() -> None:
    """W9: whoever corrects a row hears of everything at once, warnings included."""
    cells = {field: cell for field, (cell, _) in BAD.items()}

    result, people = planned(company=a_company(custom_fields=TYPED), **cells)

    found = {issue.field: issue.code for issue in result.issues}
    assert len(result.issues) == len(BAD)
    assert found == {field: code for field, (_, code) in BAD.items()}
    assert {(issue.file, issue.line) for issue in result.issues} == {(FILE, 2)}
    assert (outcomes(result), people) == (["rejected"], [])


@pytest.mark.parametrize("field", [field for field, (_, code) in BAD.items() if "unkn" not in code])
def test_a_rejected_row_changes_nothing_and_the_others_go_on(field: str) -> None:
    """W9: neither the good cells of the row nor its neighbours suffer or slip through."""
    # given
    anna_before, ben = (
        anna(external_id="007"),
        registered("ben@acme.example,Ben,Cramer", position=2),
    )
    good = ANNA | {"birthday": "", "external_id": "007"}
    good |= dict.fromkeys(["marriage_date", "custom_salary", "custom_floor"], "")
    bad = good | {"first_name": "Anne", "birthday": "1990-05-17"} | {field: BAD[field][0]}
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


def test_a_warning_rejects_nothing() -> None:
    """W9: only errors do."""
    result, people = planned(language="fr", group_name="Saels", birthday="1990-05-17")

    assert codes(result) == ["unknown-language", "unknown-group"]
    assert people[0].details.birthday == day("1990-05-17")


# L3: dates in order


@pytest.mark.parametrize("known", [False, True], ids=["new", "known"])
@pytest.mark.parametrize(
    ("onboarding", "offboarding"), [("2027-10-02", "2027-10-01"), ("2199-12-31", "1900-01-01")]
)
def test_nobody_leaves_before_they_start(known: bool, onboarding: str, offboarding: str) -> None:
    """L3: a row with both dates the wrong way round is rejected."""
    people = [anna()] if known else []

    result, then = planned(*people, onboarding_date=onboarding, offboarding_date=offboarding)

    (issue,) = result.issues
    assert (issue.code, issue.severity) == ("offboarding-before-onboarding", Severity.ERROR)
    assert (issue.line, issue.field, issue.value) == (2, "offboarding_date", offboarding)
    assert onboarding in issue.message
    assert (outcomes(result), then) == (["rejected"], people)


@pytest.mark.parametrize(
    ("onboarding", "offboarding"),
    [(LATER, LATER), ("2027-01-01", LATER), ("", LATER), (LATER, ""), ("", "")],
)
def test_dates_in_order_are_accepted(onboarding: str, offboarding: str) -> None:
    """L3: someone may leave on their first day, and either date may be blank."""
    accepted(onboarding_date=onboarding, offboarding_date=offboarding)


def test_one_date_alone_is_never_out_of_order() -> None:
    """L3: the row itself must carry both; what is known of the other date does not count."""
    known = anna(onboarding_date="2027-02-01")

    result, (person,) = planned(known, offboarding_date="2027-01-15")

    assert "offboarding-before-onboarding" not in codes(result)
    assert person.offboarding_date == day("2027-01-15")


def test_dates_out_of_order_are_one_problem_among_others() -> None:
    """L3: it is listed with whatever else is wrong with the row (W9)."""
    row = read(
        onboarding_date="2027-10-02", offboarding_date="2027-10-01", birthday="?", first_name=""
    )

    assert sorted(codes_of(row.issues)) == [
        "bad-date",
        "missing-value",
        "offboarding-before-onboarding",
    ]


def test_a_date_that_is_none_is_not_compared() -> None:
    """L3: a bad date is bad, and nothing else is made of it."""
    findings = read(onboarding_date="2027-10-32", offboarding_date="2027-10-01").issues

    assert codes_of(findings) == ["bad-date"]


# F7: limits of a cell


def an_email(length: int) -> str:
    """An address of this many characters, whatever its length."""
    domain = ".".join(["b" * 49] * 4) + ".nl"
    return "a" * (length - len(domain) - 1) + "@" + domain


def test_an_email_address_may_have_254_characters() -> None:
    """F7: no more than that."""
    longest, too_long = an_email(254), an_email(255)

    assert accepted(email=longest).email == longest
    found = objection(email=too_long)
    assert (found.code, found.field, found.rejects) == ("too-long", "email", True)
    assert found.message.count("25") == 2


def test_an_external_id_may_have_500_characters() -> None:
    """F7: so that it fits into an index, whatever the store."""
    accepted(a_company(), external_id="\u6f22" * 500)
    result, _ = planned(anna(), external_id="x" * 501)

    (issue,) = result.issues
    assert (issue.code, issue.field, issue.severity) == ("too-long", "external_id", Severity.ERROR)


@pytest.mark.parametrize(
    "field", ["first_name", "last_name", "prefix", "group_name", "custom_note"]
)
def test_a_cell_may_have_1000_characters(field: str) -> None:
    """F7: characters, not bytes, after trimming; one more rejects the row."""
    company = with_groups("\u00eb" * 1_000)
    known = anna()

    accepted(company, **{field: " " + "\u00eb" * 1_000 + " "})
    result, people = planned(known, company=company, **{field: "x" * 1_001})

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
def test_a_cell_that_is_too_long_is_nothing_else(field: str) -> None:
    """F7: one cell, one problem."""
    found = objection(a_company(custom_fields=TYPED), **{field: "y" * 1_001})

    assert (found.code, found.field) == ("too-long", field)


def test_a_company_may_have_a_limit_of_its_own() -> None:
    """F7: for e-mail addresses too, where it is lower."""
    company = a_company(limits={"cell": 20})

    assert accepted(company, first_name="x" * 20).details.first_name == "x" * 20
    assert objection(company, first_name="x" * 21).code == "too-long"
    assert objection(company, email="annabella@acme.example").code == "too-long"
    assert objection(a_company(limits={"cell": 5_000}), email=an_email(255)).code == "too-long"


def test_a_long_value_is_shown_shortened() -> None:
    """F7: an issue does not carry a whole cell along."""
    (issue,) = planned(first_name="x" * 5_000)[0].issues

    assert issue.value is not None
    assert issue.value.startswith("xxx")
    assert len(issue.value) < 300


# F8: width


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        pytest.param("anna@acme.example,Anna", 2, id="one fewer"),
        pytest.param("anna@acme.example", 1, id="one cell"),
        pytest.param("anna@acme.example,Anna,Bakker,", 4, id="a comma at the end"),
        pytest.param("anna@acme.example,Anna,Bakker, Jr.", 4, id="a comma in a name"),
        pytest.param('"anna@acme.example,Anna,Bakker"', 1, id="quoted whole"),
        pytest.param("anna@acme.example;Anna;Bakker", 1, id="another delimiter"),
    ],
)
def test_a_row_must_be_as_wide_as_the_header(row: str, cells: int) -> None:
    """F8: it is rejected, nothing is read from it, and the others go on."""
    known = anna(external_id="007")
    file = f"email,first_name,last_name\n{row}\nben@acme.example,Ben,Cramer\n"

    result = plan(file, known=[known])

    (issue,) = result.issues
    assert (issue.code, issue.severity, issue.line) == ("wrong-width", Severity.ERROR, 2)
    assert (issue.email, issue.field, issue.value) == (None, None, None)
    assert f"{cells} cells" in issue.message
    assert "header 3" in issue.message
    assert outcomes(result) == ["rejected", "registered"]
    assert after(result, [known])[0] == known


def test_a_quoted_comma_does_not_widen_a_row() -> None:
    """F8: cells are counted, not commas."""
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
def test_any_text_is_read_and_its_problems_can_be_said(text: str) -> None:
    """W9: whatever a record holds, reading it yields a row and issues, never a failure."""
    row = RowReader(SHEET, EVERYTHING).read(2, text, 1, b"")
    findings = row.issues

    issues: list[Issue] = [each.at(FILE, 2, row.email) for each in findings]
    assert all(issue.code in CATALOGUE and issue.message for issue in issues)
    assert all(issue.field is None or issue.field in COLUMNS for issue in issues)
    if not any(each.rejects for each in findings):
        assert row.email and row.details.first_name and row.details.last_name


@settings(max_examples=150, deadline=None)
@given(
    st.fixed_dictionaries(
        dict.fromkeys(MANDATORY, CELLS),
        optional={field: CELLS for field in COLUMNS if field not in MANDATORY},
    )
)
def test_quotes_change_nothing_of_what_a_row_says(cells: dict[str, str]) -> None:
    """F3: a cell says the same in quotes as without, so both are read alike."""
    # given: a row that is not blank, since blank ones are skipped unless they are quoted (F8)
    cells["email"] = cells["email"].strip() or "x"

    with_quotes = reading(cells, EVERYTHING, csv.QUOTE_ALL)
    where_needed = reading(cells, EVERYTHING, csv.QUOTE_MINIMAL)

    assert replace(with_quotes, text=where_needed.text) == where_needed
    assert with_quotes.cells == where_needed.cells


# One cell on its own, as support is told of it


@pytest.mark.parametrize(
    ("field", "cell", "code"),
    [
        ("email", "anna@acme.example", None),
        ("email", "anna", "bad-email"),
        ("email", f"{'a' * 64}@{'b.' * 100}example", "too-long"),
        ("email", "an\u200bna@acme.example", "bad-text"),
        ("external_id", "E-007", None),
        ("external_id", "7\n7", "bad-text"),
        ("external_id", "7" * 31, "too-long"),
        ("first_name", "An\u200bna", None),
        ("birthday", "1990-02-30", "bad-date"),
        ("birthday", "1990-02-28", None),
        ("group_name", "sales", "unknown-group"),
        ("custom_note", "two\nlines", None),
        ("custom_floor", "ten", "bad-integer"),
    ],
)
def test_a_cell_on_its_own_has_the_problem_it_has_in_a_row(
    field: str, cell: str, code: str | None
) -> None:
    """S1, S6, W1-W7: the rules are the same wherever a value comes from."""
    company = a_company(custom_fields=TYPED, limits={"cell": 30 if field != "email" else 1_000})

    problem = problem_of(field, cell, company)

    assert (problem and problem.code) == code
    if problem is not None:
        assert (problem.field, problem.value) == (field, issues.shown(cell))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.sampled_from(COLUMNS), CELLS)
def test_a_cell_is_judged_alone_as_in_a_row(field: str, text: str) -> None:
    """S1, S6, W9: what support is told of a cell is what a row would be told."""
    # given: a cell that is not blank, of which a row may say that it lacks something
    cell = clean(text) or "x"

    # when
    row = reading({**ANNA, field: cell}, EVERYTHING)
    problem = problem_of(field, cell, EVERYTHING)

    # then
    assert (() if problem is None else (problem.at(row.file, row.line, row.email),)) == row.issues
