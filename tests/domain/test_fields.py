"""F2, F4 and F5: what the column names of a header mean, and which issues they get."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from domain.delivery.header import field_of, known_columns, read_header
from domain.delivery.records import DeliveryRefused
from domain.fields.nearest import NearestNames
from domain.fields.table import COLUMNS, MANDATORY, is_custom
from domain.issues.issue import Issue
from domain.issues.issue_type import Severity
from tests.given import FILE, a_company, after, codes, day, plan

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
def test_the_spelling_of_a_column_name_does_not_matter(
    field: str, spelt: Callable[[str], str]
) -> None:
    """F4: White space around a column name, upper and lower case, and the choice of space, `_` or
    `-` make no difference.
    """
    assert field_of(spelt(field)) == field


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "firstname",
        "voornaam",
        "emails",
        "custom",
        "custom_",
        "Custom -",
        "xcustom_a",
    ],
)
def test_a_similar_column_name_is_not_a_known_column(name: str) -> None:
    """F4, F5: A name that is only similar to the name of a field is not a known column."""
    assert field_of(name) is None


def test_a_custom_field_begins_with_its_prefix() -> None:
    """W7: A column whose name begins with `custom_` and goes on after it is a custom field. Other
    columns are not.
    """
    # when / then
    assert is_custom("custom_salary")
    assert not is_custom("custom_")
    assert not is_custom("salary")


def test_columns_may_stand_in_any_order() -> None:
    """F4: The columns of a file can stand in any order, because each one is found by its name."""
    # given
    file = (
        "Birthday,LAST NAME,E_mail x,first-name,EMAIL\n1990-05-17,Bakker,?,Anna,anna@acme.example\n"
    )

    # when
    (anna,) = after(plan(file))

    # then
    assert (anna.email, anna.details.first_name, anna.details.last_name) == tuple(ANNA.split(","))
    assert anna.details.birthday == day("1990-05-17")


# F4: the company's own mapping


def test_a_mapped_column_name_means_the_field_of_the_mapping() -> None:
    """F4: A column name that the company mapped to a field means this field, also for a
    custom field.
    """
    # given
    company = a_company(
        fields={"Mail": "email", "Voornaam": "first_name", "Maat": "custom_shoe_size"}
    )

    # when
    (anna,) = after(
        plan("Mail,Voornaam,Last name,Maat\nanna@acme.example,Anna,Bakker,39\n", company=company)
    )

    # then
    assert (anna.email, anna.details.first_name, anna.details.last_name) == tuple(ANNA.split(","))
    assert anna.details.custom == {"custom_shoe_size": "39"}


@pytest.mark.parametrize("header", ["Voor Naam", "VOOR_NAAM", " voor-naam "])
def test_the_spelling_of_a_mapped_column_name_does_not_matter(header: str) -> None:
    """F4: Case, dashes and white space make no difference in the company's own column
    names either.
    """
    assert fields(header, {"Voor-naam": "first_name"}) == ["first_name"]


def test_the_mapping_comes_before_the_usual_meaning() -> None:
    """F4: A mapped column name means what the mapping says, even if it is the name of
    another field.
    """
    # given
    mapping = {"email": "external_id", "prefix": "custom_title", "Mail": "email"}

    # when / then
    assert fields("email,Mail,Prefix", mapping) == ["external_id", "email", "custom_title"]


def test_the_usual_column_name_still_works_beside_a_mapping() -> None:
    """F4: The usual name of a field is still understood in a file without the mapped name."""
    # when / then
    assert fields("email,first_name,last_name", {"Mail": "email"}) == list(MANDATORY)


# F2: known names in the header


def test_known_column_names_are_counted_to_find_the_delimiter() -> None:
    """F2: The known names in a header are counted, including mapped and custom names in
    any spelling.
    """
    # given
    cells = ["E-MAIL", "First Name", "Afdeling", "custom_x", "colour", ""]

    # when / then
    assert known_columns(cells, {"afdeling": "group_name", "e mail": "email"}) == 4
    assert known_columns(cells, {}) == 3
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
    """F5: A file without a mandatory column is refused, and one issue names all the mandatory
    columns that are missing.
    """
    # when
    issue, *hints = refusals(f"\n{header}\na,b\n")

    # then
    assert {hint.code for hint in hints} <= {"unknown-column"}
    assert (issue.code, issue.severity, issue.file) == ("missing-column", Severity.ERROR, FILE)
    assert (issue.line, issue.field) == (2, missing[0])
    written = {"email": "Email", "first_name": "First name", "last_name": "Last name"}
    assert list(written) == list(MANDATORY)
    assert [name for name, words in written.items() if words in issue.message] == missing


def test_a_missing_column_has_the_name_that_the_customer_gives_it() -> None:
    """F4, F5: A missing column is named as the company's own mapping names it."""
    # when
    (issue,) = refusals("Voornaam,Achternaam\na,b\n", DUTCH)

    # then
    assert "E-mailadres" in issue.message


DUTCH = {"E-mailadres": "email", "Voornaam": "first_name", "Achternaam": "last_name"}


@pytest.mark.parametrize("name", ["E-mail", "e_mail", "E Mail"])
def test_a_hyphen_in_e_mail_makes_no_difference(name: str) -> None:
    """F4: `E-mail` is the column `email`."""
    # when / then
    assert codes(plan(f"{name},first_name,last_name\n{ANNA}\n")) == []


@pytest.mark.parametrize("field", [field for field in COLUMNS if field not in MANDATORY])
def test_every_other_column_is_optional(field: str) -> None:
    """F5: Every column except e-mail, first name and last name can be absent or present without an
    issue.
    """
    # when / then
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
    """F5: A file with two columns for one field is refused, and the issue names these columns as
    they are written.
    """
    # when
    (issue,) = refusals(f"{header}\n{ANNA},,,\n", {"mail": "email"})

    # then
    assert (issue.code, issue.severity, issue.file) == ("duplicate-column", Severity.ERROR, FILE)
    assert (issue.line, issue.field) == (1, field)
    assert named in issue.message


def test_all_problems_of_a_header_are_told_at_once() -> None:
    """F5: A refused header gets an issue for every double, missing and unknown column."""
    # when
    found = refusals("Email,emails,EMAIL,birthday,Birthday,first_name\na,b,c,d,e,f\n")

    # then
    assert sorted((issue.code, issue.field) for issue in found) == [
        ("duplicate-column", "birthday"),
        ("duplicate-column", "email"),
        ("missing-column", "last_name"),
        ("unknown-column", None),
    ]


def test_a_missing_column_comes_with_a_suggestion_for_the_misspelt_name() -> None:
    """F5: When a mandatory column is missing, the warning about an unknown column suggests the most
    similar known name.
    """
    # when
    missing, *hints = refusals("Email,First name,Last nam\na,b,c\n")

    # then
    assert missing.code == "missing-column"
    assert [hint.code for hint in hints] == ["unknown-column"]
    assert "call it Last name" in hints[0].message


def test_at_most_a_hundred_unknown_columns_are_told() -> None:
    """F5, W12: A header with a million unknown columns gets at most a hundred warnings, and one
    about all columns without a name.
    """
    # when
    found = refusals("x," * 1_000 + "," * 1_000_000 + "\nrow\n")

    # then
    assert [issue.code for issue in found] == ["missing-column"] + ["unknown-column"] * 101


# F5: unknown columns


def test_the_cells_of_an_unknown_column_are_neither_judged_nor_kept() -> None:
    """F5: The cells of an unknown column are neither judged nor kept."""
    # when
    planned = plan(f"email,first_name,last_name,salary\n{ANNA},\a{'x' * 2_000}\n".encode())

    # then
    (anna,) = after(planned)
    assert codes(planned) == ["unknown-column"]
    assert anna.details.custom == {}


def test_every_unknown_column_is_named() -> None:
    """F5: Each unknown column gets a warning of its own, also when two columns have the
    same name.
    """
    # when
    planned = plan(f"colour,email,first_name,last_name,shape,colour\nx,{ANNA},y,z\n")

    # then
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
def test_the_most_similar_name_is_suggested_as_it_is_known(
    name: str, known: list[str], clause: str
) -> None:
    """F5, W6: The most similar known name is suggested in its known spelling. No name is suggested
    when none is similar.
    """
    assert NearestNames(known).clause(name) == clause
