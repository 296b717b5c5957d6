"""F5: what an unknown column may mean, from the names that HR systems give to columns."""

from __future__ import annotations

import re
import tomllib

import pytest

from domain.delivery.header import read_header
from domain.fields.column_names import FIELD_BY_KEY, NOTE_BY_KEY
from domain.fields.table import MANDATORY, NAMES
from domain.issues.issue import Issue
from domain.issues.issue_type import Severity
from tests.given import outcomes, plan


def warning(column: str, *others: str) -> Issue:
    """The issue about an unknown column beside these columns, and beside all that must be there."""
    needed = [name for name in MANDATORY if name not in others]
    _, issues = read_header([*needed, *others, column], {})
    (issue,) = issues
    assert (issue.code, issue.severity, issue.value) == ("unknown-column", Severity.WARNING, column)
    return issue


def line_in(issue: Issue) -> dict[str, str]:
    """The line for the table `fields` that an issue tells, as TOML reads it."""
    (line,) = re.findall(r'have (".*" = ".*") added', issue.message)
    return tomllib.loads(line)


HINTS = [
    ("E-mailadres", "email"),
    ("Email_werk", "email"),
    ("E-Mail-Adresse", "email"),
    ("workEmail", "email"),
    ("Hire date", "onboarding_date"),
    ("hireDate", "onboarding_date"),
    ("HIREDATE", "onboarding_date"),
    ("Datum in dienst", "onboarding_date"),
    ("Eintrittsdatum", "onboarding_date"),
    ("Anstelldatum", "onboarding_date"),
    ("Start date (dd-mm-yyyy)", "onboarding_date"),
    ("End date", "offboarding_date"),
    ("Termination Date", "offboarding_date"),
    ("Uitdienst", "offboarding_date"),
    ("Datum uit dienst", "offboarding_date"),
    ("Austrittsdatum", "offboarding_date"),
    ("Ende des Arbeitsverhältnisses", "offboarding_date"),
    ("Employee No.", "external_id"),
    ("Personeelsnummer", "external_id"),
    ("Personal-Nr.", "external_id"),
    ("Persnr", "external_id"),
    ("Given name", "first_name"),
    ("Roepnaam", "first_name"),
    ("Vorname", "first_name"),
    ("Tussenvoegsel", "prefix"),
    ("Voorvoegsel", "prefix"),
    ("Namenszusatz", "prefix"),
    ("Surname", "last_name"),
    ("Achternaam", "last_name"),
    ("Nachname", "last_name"),
    ("Date of birth", "birthday"),
    ("Geboortedatum", "birthday"),
    ("Geburtsdatum", "birthday"),
    ("Einde proeftijd", "probation_period_end_date"),
    ("Ende der Probezeit", "probation_period_end_date"),
    ("Seniority date", "work_anniversary"),
    ("Jubileumdatum", "work_anniversary"),
    ("Trouwdatum", "marriage_date"),
    ("Heiratsdatum", "marriage_date"),
    ("Taal", "language"),
    ("Sprache", "language"),
    ("Department", "group_name"),
    ("Afdeling", "group_name"),
    ("Abteilung", "group_name"),
]
MISSPELT = [
    ("frist_name", "first_name"),
    ("Firstname", "first_name"),
    ("E-mails", "email"),
    ("Last nam", "last_name"),
    ("Off boarding date", "offboarding_date"),
    ("Birth-Day", "birthday"),
    ("Hire dat", "onboarding_date"),
    ("Geboortedtum", "birthday"),
    ("Austritsdatum", "offboarding_date"),
    ("Aﬀdeling", "group_name"),
]


@pytest.mark.parametrize(("column", "field"), [*HINTS, *MISSPELT])
def test_a_hint_tells_the_line_that_makes_the_column_known(column: str, field: str) -> None:
    """F4, F5: A column with a name that HR systems use, or nearly that name, is not known. The
    warning tells the line for `fields`, and with this line the column is the field.
    """
    # given
    header = [name for name in MANDATORY if name != field] + [column]
    unmapped, issues = read_header(header, {})

    # when
    line = line_in(issues[-1])
    mapped, none = read_header(header, line)

    # then
    assert line == {column: field}
    assert field not in [known for _, known in unmapped.fields]
    assert (len(header) - 1, field) in mapped.fields
    assert none == ()


@pytest.mark.parametrize(
    ("column", "field", "words"),
    [
        ("Name", "last_name", "First name and Last name a column each"),
        ("Naam", "last_name", "First name and Last name a column each"),
        ("Volledige naam", "last_name", "holds last names alone"),
        ("Privé e-mail", "email", "only if people log in with this address"),
        ("Home Email", "email", "only if people log in with this address"),
        ("Startdatum contract", "onboarding_date", "not of a later contract"),
        ("Vertragsbeginn", "onboarding_date", "not of a later contract"),
        ("Einddatum contract", "offboarding_date", "a contract may be renewed"),
        ("Contract end date", "offboarding_date", "a contract may be renewed"),
        ("Vertragsende", "offboarding_date", "closes the account"),
        ("Geboortenaam", "last_name", "only if people are called by this name"),
    ],
)
def test_a_name_that_is_not_clear_comes_with_what_to_find_out(
    column: str, field: str, words: str
) -> None:
    """F5: A name that means one of our fields in some companies only is told with the condition."""
    # when
    _, issues = read_header([name for name in MANDATORY if name != field] + [column], {})

    # then
    assert words in issues[-1].message
    assert line_in(issues[-1]) == {column: field}


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("Status", "who can log in follows from the onboarding date"),
        ("Employment Status", "who can log in follows from the onboarding date"),
        ("Aktiv", "who can log in follows from the onboarding date"),
        ("Voorletters", "initials are not read as a first name"),
        ("Initialen", "initials are not read as a first name"),
    ],
)
def test_a_name_of_none_of_our_fields_is_told_so(column: str, words: str) -> None:
    """F5: A name that means no field of ours gets no line for `fields`."""
    # when
    issue = warning(column)

    # then
    assert words in issue.message
    assert " = " not in issue.message


@pytest.mark.parametrize(
    "column", ["Kostenplaats 2", "Salary", "Telefoon", "Geburtsort", "x", "idx", "?", "y" * 61]
)
def test_another_name_gets_no_hint(column: str) -> None:
    """F5: A name that is unlike every known name gets no hint. Neither does a very long name."""
    assert warning(column).message.endswith("is not known and was ignored.")


@pytest.mark.parametrize(
    ("column", "present"),
    [
        ("Hire date", "Onboarding date"),
        ("Startdatum contract", "Onboarding date"),
        ("Austrittsdatum", "Offboarding date"),
        ("Birthdy", "Birthday"),
        ("Department", "Group name"),
        ("Private email", "email"),
        ("Surname", "last_name"),
    ],
)
def test_a_field_that_has_a_column_is_not_suggested(column: str, present: str) -> None:
    """F5: No hint leads to two columns for one field: that would refuse the file."""
    assert warning(column, present).message.endswith("is not known and was ignored.")


@pytest.mark.parametrize(
    "column", ['Hire "date"', "Hire \\date", "Hire'date", "Hire, date", "Hire #date", "Hire = date"]
)
def test_the_line_is_valid_whatever_the_name_holds(column: str) -> None:
    """F5: The line of a hint is one that can be copied, whatever signs the name has."""
    assert line_in(warning(column)) == {column: "onboarding_date"}


@pytest.mark.parametrize("column", ["Hire\ndate", "Hire\t date", "Hire\u00a0date", "Hire\r\ndate"])
def test_white_space_in_a_name_is_a_space_in_the_hint(column: str) -> None:
    """F4, F5: White space between words is a space in the line of a hint, and the line maps the
    column as the file has it.
    """
    # when
    line = line_in(warning(column))

    # then
    assert line == {"Hire date": "onboarding_date"}
    assert read_header([*MANDATORY, column], line)[1] == ()


def test_a_hint_is_about_the_column_as_the_file_has_it() -> None:
    """F5: A file with `Hire date` is read, and the date is not taken for an onboarding date."""
    # when
    found = plan("email,first_name,last_name,Hire date\na@x.example,Ann,Bo,2030-01-01\n")

    # then
    assert outcomes(found) == ["registered"]
    (issue,) = found.issues
    assert issue.message == (
        "The column Hire date is not known and was ignored; if it is the onboarding date, call it "
        'Onboarding date, or have "Hire date" = "onboarding_date" added to the company\'s fields.'
    )


def test_enough_names_are_known_and_none_twice() -> None:
    """F5: Each name of an HR system means one thing, and every field has names."""
    # when / then
    assert len(FIELD_BY_KEY) + len(NOTE_BY_KEY) > 400
    assert FIELD_BY_KEY.keys().isdisjoint(NOTE_BY_KEY)
    assert set(FIELD_BY_KEY.values()) == set(NAMES)
    assert {field for _, field in NOTE_BY_KEY.values()} <= {*NAMES, None}


@pytest.mark.parametrize("character", ["\u200b", "\ufeff", "\u00ad", "\u202e", "\u2060", "\u3164"])
@pytest.mark.parametrize("name", ["email{}", "{}email", "e{}mail", "Hire{} date", "{}"])
def test_an_invisible_character_in_a_column_name_is_named(name: str, character: str) -> None:
    """W11: A column whose name has an invisible character is not known, and the warning names the
    character.
    """
    # when
    issue = warning(name.format(character))

    # then
    assert f"(it holds the invisible character U+{ord(character):04X})" in issue.message
    assert issue.message.endswith("take the invisible character out.")
