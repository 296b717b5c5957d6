"""F2, F4 and F5: what a header means, and what is said about it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from domain.delivery.header import field_of, known_columns, read_header
from domain.delivery.records import DeliveryRefused
from domain.fields.nearest import NearestNames
from domain.fields.table import COLUMNS, MANDATORY, is_custom
from domain.issues.catalogue import Severity
from domain.issues.issue import Issue
from tests.given import FILE, a_company, after, codes, day, outcomes, plan

ANNA = "anna@acme.example,Anna,Bakker"


def fields(header: str, mapping: dict[str, str] | None = None) -> list[str | None]:
    """What each column of a header means."""
    cells = header.split(",")
    meant: list[str | None] = [None] * len(cells)
    columns, _ = read_header(cells, mapping or {})
    for position, field in columns.fields:
        meant[position] = field
    return meant


def refusals(file: str, mapping: dict[str, str] | None = None) -> tuple[Issue, ...]:
    with pytest.raises(DeliveryRefused) as refused:
        plan(file.encode(), company=a_company(fields=mapping))
    return refused.value.issues


# F4: names


@pytest.mark.parametrize("field", [*COLUMNS, "custom_salary", "custom_shoe_size"])
@pytest.mark.parametrize(
    "spelt",
    [
        pytest.param(str, id="as it is"),
        pytest.param(str.upper, id="upper case"),
        pytest.param(str.title, id="title case"),
        pytest.param(lambda name: name.replace("_", " "), id="spaces"),
        pytest.param(lambda name: name.replace("_", "-"), id="dashes"),
        pytest.param(lambda name: name.replace("_", " ").capitalize(), id="a sentence"),
        pytest.param(lambda name: f"  {name}\t", id="white space around it"),
        pytest.param(lambda name: f"\u00a0{name}\u3000", id="Unicode white space around it"),
    ],
)
def test_a_name_may_be_spelt_in_many_ways(field: str, spelt: Callable[[str], str]) -> None:
    """F4: white space around it, case, and space, `_` or `-` make no difference."""
    assert field_of(spelt(field)) == field


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "firstname",
        "e-mail",
        "voornaam",
        "emails",
        "custom",
        "custom_",
        "Custom -",
        "xcustom_a",
    ],
)
def test_another_name_means_nothing(name: str) -> None:
    """F4: names are matched, not guessed."""
    assert field_of(name) is None


def test_a_custom_field_is_whatever_follows_its_prefix() -> None:
    """W7: `custom_<name>` is a custom field, and nothing else is."""
    assert is_custom("custom_salary")
    assert not is_custom("custom_")
    assert not is_custom("salary")


def test_columns_may_stand_in_any_order() -> None:
    """F4: a column means its name, wherever it stands."""
    file = (
        "Birthday,LAST NAME,E_mail x,first-name,EMAIL\n1990-05-17,Bakker,?,Anna,anna@acme.example\n"
    )

    (anna,) = after(plan(file))

    assert (anna.email, anna.details.first_name, anna.details.last_name) == tuple(ANNA.split(","))
    assert anna.details.birthday == day("1990-05-17")


# F4: the company's own mapping


def test_a_companys_own_names_are_understood() -> None:
    """F4: the mapping turns the customer's columns into ours."""
    company = a_company(
        fields={"Mail": "email", "Voornaam": "first_name", "Maat": "custom_shoe_size"}
    )

    (anna,) = after(
        plan("Mail,Voornaam,Last name,Maat\nanna@acme.example,Anna,Bakker,39\n", company=company)
    )

    assert (anna.email, anna.details.first_name, anna.details.last_name) == tuple(ANNA.split(","))
    assert anna.details.custom == {"custom_shoe_size": "39"}


@pytest.mark.parametrize("header", ["Voor Naam", "VOOR_NAAM", " voor-naam "])
def test_a_companys_own_names_are_matched_as_leniently(header: str) -> None:
    """F4: case, dashes and white space make no difference to mapped names either."""
    assert fields(header, {"Voor-naam": "first_name"}) == ["first_name"]


def test_the_mapping_comes_before_the_usual_meaning() -> None:
    """F4: a mapped name no longer means what it usually means."""
    mapping = {"email": "external_id", "prefix": "custom_title", "Mail": "email"}

    assert fields("email,Mail,Prefix", mapping) == ["external_id", "email", "custom_title"]


def test_a_mapping_takes_no_name_away() -> None:
    """F4: the usual name is still understood where the mapped one is absent."""
    assert fields("email,first_name,last_name", {"Mail": "email"}) == list(MANDATORY)


# F2: the header's part


def test_the_names_in_a_header_tell_how_it_is_split() -> None:
    """F2: known names are counted, mapped and custom ones too, however they are spelt."""
    cells = ["E-MAIL", "First Name", "Afdeling", "custom_x", "colour", ""]

    assert known_columns(cells, {"afdeling": "group_name", "e mail": "email"}) == 4
    assert known_columns(cells, {}) == 2
    assert known_columns(["email;first_name;last_name"], {}) == 0


# F5: mandatory columns


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        pytest.param("first_name,last_name", ["email"], id="e-mail"),
        pytest.param("email,last_name", ["first_name"], id="first name"),
        pytest.param("email,first_name", ["last_name"], id="last name"),
        pytest.param("birthday,email", ["first_name", "last_name"], id="both names"),
        pytest.param("birthday,language", ["email", "first_name", "last_name"], id="all"),
        pytest.param("naam", ["email", "first_name", "last_name"], id="no known column"),
        pytest.param(ANNA, ["email", "first_name", "last_name"], id="no header"),
    ],
)
def test_a_missing_mandatory_column_refuses_the_file(header: str, missing: list[str]) -> None:
    """F5: nothing is applied, and one sentence names every column that is missing."""
    issue, *hints = refusals(f"\n{header}\na,b\n")

    assert {hint.code for hint in hints} <= {"unknown-column"}
    assert (issue.code, issue.severity, issue.file) == ("missing-column", Severity.ERROR, FILE)
    assert (issue.line, issue.field) == (2, missing[0])
    named = [name for name in MANDATORY if name in issue.message]
    assert named == missing


@pytest.mark.parametrize("field", [field for field in COLUMNS if field not in MANDATORY])
def test_every_other_column_may_be_absent_or_there(field: str) -> None:
    """F5: only e-mail, first name and last name are mandatory."""
    assert codes(plan(f"email,first_name,last_name\n{ANNA}\n")) == []
    assert codes(plan(f"email,first_name,last_name,{field}\n{ANNA},\n")) == []


# F5: two columns for one field


@pytest.mark.parametrize(
    ("header", "field", "named"),
    [
        pytest.param(
            "email,first_name,last_name,email", "email", "email and email", id="same name"
        ),
        pytest.param(
            "email,first_name,last_name, First Name ",
            "first_name",
            "first_name and First Name",
            id="spelt in two ways",
        ),
        pytest.param("email,first_name,last_name,Mail", "email", "email and Mail", id="mapped"),
        pytest.param(
            "email,first_name,last_name,custom_a,Custom A,CUSTOM-A",
            "custom_a",
            "custom_a, Custom A and CUSTOM-A",
            id="custom, three times",
        ),
    ],
)
def test_two_columns_for_one_field_refuse_the_file(header: str, field: str, named: str) -> None:
    """F5: nobody can tell which column is meant, so nothing is applied."""
    (issue,) = refusals(f"{header}\n{ANNA},,,\n", {"mail": "email"})

    assert (issue.code, issue.severity, issue.file) == ("duplicate-column", Severity.ERROR, FILE)
    assert (issue.line, issue.field) == (1, field)
    assert named in issue.message


def test_everything_wrong_with_a_header_is_said_at_once() -> None:
    """F5: whoever corrects the export hears of every column."""
    found = refusals("Email,e_mail,EMAIL,birthday,Birthday,first_name\na,b,c,d,e,f\n")

    assert sorted((issue.code, issue.field) for issue in found) == [
        ("duplicate-column", "birthday"),
        ("duplicate-column", "email"),
        ("missing-column", "last_name"),
        ("unknown-column", None),
    ]


def test_a_header_that_lacks_a_column_tells_which_one_was_misspelt() -> None:
    """F5: the nearest known name goes with the refusal."""
    missing, *hints = refusals("Email,First name,Last nam\na,b,c\n")

    assert missing.code == "missing-column"
    assert [hint.code for hint in hints] == ["unknown-column"]
    assert "did you mean last_name?" in hints[0].message


def test_a_column_without_a_name_is_told_by_its_number() -> None:
    """F5: spreadsheets leave empty columns behind."""
    (issue,) = plan(f"email,first_name,last_name,\n{ANNA},\n").issues

    assert (issue.code, issue.value) == ("unknown-column", None)
    assert issue.message.startswith("Column 4 has no name")


def test_a_header_of_a_million_cells_is_told_of_the_first_hundred() -> None:
    """F5: a broken file costs neither minutes nor a million issues."""
    found = refusals("x" + "," * 1_000_000 + "\nrow\n")

    assert [issue.code for issue in found] == ["missing-column"] + ["unknown-column"] * 100


# F5: unknown columns


@pytest.mark.parametrize(
    ("column", "suggested"),
    [
        ("frist_name", "first_name"),
        ("Firstname", "first_name"),
        ("E-mail", "email"),
        ("Off boarding date", "offboarding_date"),
        ("group", "group_name"),
        ("Birth-Day", "birthday"),
    ],
)
def test_an_unknown_column_is_ignored_with_the_nearest_name(column: str, suggested: str) -> None:
    """F5: the file is read without it, and the warning guesses what was meant."""
    planned = plan(f"email,{column},first_name,last_name\nanna@acme.example,?,Anna,Bakker\n")

    (issue,) = planned.issues
    assert (issue.code, issue.severity) == ("unknown-column", Severity.WARNING)
    assert (issue.file, issue.line, issue.value) == (FILE, 1, column)
    assert f"did you mean {suggested}?" in issue.message
    assert outcomes(planned) == ["registered"]


def test_an_unknown_column_that_is_like_nothing_gets_no_suggestion() -> None:
    """F5: a far-fetched guess would mislead."""
    (issue,) = plan(f"email,first_name,last_name,Kostenplaats 2\n{ANNA},x\n").issues

    assert (issue.code, issue.value) == ("unknown-column", "Kostenplaats 2")
    assert "did you mean" not in issue.message


def test_what_an_unknown_column_holds_does_not_matter() -> None:
    """F5: ignored means that nothing in it is judged, and nothing of it is kept."""
    planned = plan(f"email,first_name,last_name,salary\n{ANNA},\a{'x' * 2_000}\n".encode())

    (anna,) = after(planned)
    assert codes(planned) == ["unknown-column"]
    assert anna.details.custom == {}


def test_every_unknown_column_is_named() -> None:
    """F5: each one gets its own warning, the same name twice as well."""
    planned = plan(f"colour,email,first_name,last_name,shape,colour\nx,{ANNA},y,z\n")

    assert [(issue.code, issue.value) for issue in planned.issues] == [
        ("unknown-column", "colour"),
        ("unknown-column", "shape"),
        ("unknown-column", "colour"),
    ]


@pytest.mark.parametrize(
    ("name", "known", "clause"),
    [
        ("saels", ["Sales", "Engineering"], " (did you mean Sales?)"),
        ("SALES", ["Sales", "Engineering"], " (did you mean Sales?)"),
        ("Enginering", ["Sales", "Engineering"], " (did you mean Engineering?)"),
        ("Legal", ["Sales", "Engineering"], ""),
        ("Sales", [], ""),
    ],
)
def test_the_nearest_name_is_suggested(name: str, known: list[str], clause: str) -> None:
    """F5: the suggestion is the known name, spelt as it is known."""
    assert NearestNames(known).clause(name) == clause
