"""The reporting export, and the header that a customer is given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.company import Company, CustomType
from domain.delivery.header import field_of, read_header, same_name
from domain.delivery.records import read_sheet
from domain.delivery.row import RowReader
from domain.fields.table import COLUMNS, MANDATORY
from projections.answers.person import document
from projections.answers.report import cells, columns, custom_fields
from projections.answers.template import template
from tests.given import FILE, a_company, registered
from tests.strategies import examples

# The report


def test_a_line_of_the_report_shows_every_field_of_the_employee() -> None:
    """A line of the report shows the same values as the roster for every field of the employee,
    custom fields included.
    """
    # given
    anna = registered(
        "a@acme.example,Anna,van,Bakker,007,2020-01-01,2029-02-02,2020-02-01,1990-01-01,2021-01-01,"
        "2015-06-06,en,Sales,4.50",
        "email,first_name,prefix,last_name,external_id,onboarding_date,offboarding_date,"
        "probation_period_end_date,birthday,work_anniversary,marriage_date,language,group_name,"
        "custom_salary",
    )
    shown = document("acme", anna)

    # when
    told = dict(zip(columns(("custom_salary",)), cells(anna, ("custom_salary",)), strict=True))

    # then
    assert told.pop("alleo_custom_salary") == "4.50"
    assert told == {field: getattr(shown, field) for field in told}
    assert set(told) == set(shown.__struct_fields__) - {"company", "custom", "version"}
    assert None not in told.values()


def test_the_columns_of_the_report_have_a_fixed_order() -> None:
    """W7: The columns of the report have a fixed order, with the custom fields at the end in the
    given order.
    """
    # when / then
    assert columns(("custom_b", "custom_a")) == (
        "id",
        "state",
        "email",
        "external_id",
        "first_name",
        "prefix",
        "last_name",
        "onboarding_date",
        "offboarding_date",
        "probation_period_end_date",
        "birthday",
        "work_anniversary",
        "marriage_date",
        "language",
        "group_name",
        "alleo_custom_b",
        "alleo_custom_a",
    )


def test_unknown_values_are_empty_cells_in_the_report() -> None:
    """A value that is not known is an empty cell in the report."""
    # given
    anna = registered()

    # when / then
    assert cells(anna, ("custom_salary",))[-1] is None
    assert cells(anna, ())[5] is None


def test_configured_custom_fields_come_first_in_their_order_and_others_by_name() -> None:
    """W7: The declared and mapped custom fields come first, in the order of the settings. The other
    custom fields follow by name.
    """
    # given
    company = a_company(
        custom_fields={"custom_z": "text", "custom_y": "date"},
        fields={"Schoen": "custom_shoe", "Z": "custom_z", "Mail": "email", "Voet": "custom_shoe"},
    )
    header = "email,first_name,last_name,custom_b,custom_y,custom_a"
    people = [
        registered("a@acme.example,A,A,1,2020-01-01,", header),
        registered("b@acme.example,B,B,,,2", header),
    ]

    # when
    found = custom_fields(company, iter(people))

    # then
    assert found == ("custom_z", "custom_y", "custom_shoe", "custom_a", "custom_b")


def test_without_employees_the_report_has_the_configured_custom_fields() -> None:
    """W7: In a company without employees, the report has the configured custom fields only."""
    # when / then
    assert custom_fields(a_company(), ()) == ()
    assert custom_fields(a_company(custom_fields={"custom_x": "text"}), ()) == ("custom_x",)


# The template


def names(company: Company | None = None) -> list[str]:
    return [column.column for column in template(company)]


def test_the_general_template_names_every_field() -> None:
    """F5: The template without a company names every field under its own name and marks the
    mandatory ones.
    """
    # when
    found = template()

    # then
    assert [column.field for column in found] == [column.column for column in found] == [*COLUMNS]
    assert [column.field for column in found if column.mandatory] == [*MANDATORY]


def test_the_template_uses_the_first_of_the_companys_own_names() -> None:
    """F4: The template names each field by the first name that the company mapped to it, or else by
    the usual name.
    """
    # given
    company = a_company(fields={"E-mailadres": "email", "Mail": "email", "Afdeling": "group_name"})

    # when / then
    assert names(company)[:3] == ["E-mailadres", "first_name", "last_name"]
    assert "Afdeling" in names(company)
    assert "Mail" not in names(company)


def test_the_template_names_custom_fields_last() -> None:
    """W7, F4: The template names the custom fields last, in the order of the settings, under the
    company's own names and with their types.
    """
    # given
    company = a_company(
        custom_fields={"custom_z": "decimal", "custom_a": "date", "custom_n": "integer"},
        fields={"Schoen, maat": "custom_shoe", "A": "custom_a"},
    )

    # when
    found = [(each.column, each.field, each.holds) for each in template(company)[len(COLUMNS) :]]

    # then
    assert found == [
        ("custom_z", "custom_z", "decimal"),
        ("A", "custom_a", "date"),
        ("custom_n", "custom_n", "integer"),
        ("Schoen, maat", "custom_shoe", "text"),
    ]


def test_the_template_leaves_out_a_field_whose_name_is_mapped_away() -> None:
    """F4: A field whose usual name the company mapped to another field has no column in
    the template.
    """
    # given
    company = a_company(fields={"Birthday": "work_anniversary", "last-name": "custom_x"})

    # when
    found = {column.field: column.column for column in template(company)}

    # then
    assert found["work_anniversary"] == "Birthday"
    assert found["custom_x"] == "last-name"
    assert set(COLUMNS) - set(found) == {"birthday", "last_name"}


@pytest.mark.parametrize(
    ("code", "holds"),
    [
        ("bad-email", "e-mail"),
        ("bad-date", "date"),
        ("unknown-language", "language"),
        ("unknown-group", "group"),
        ("bad-decimal", "decimal"),
        ("bad-integer", "integer"),
    ],
)
def test_the_type_of_a_column_in_the_template_is_the_type_that_its_cells_are_judged_by(
    code: str, holds: str
) -> None:
    """W3, W4, W5, W6, W7: The template shows for each column the type by which its cells
    are judged.
    """
    # given
    kinds = {f"custom_{kind.value}": kind.value for kind in CustomType}
    company = a_company(custom_fields=kinds)
    header = names(company)
    row = ["?"] * len(header)
    sheet = read_sheet(FILE, f"{','.join(header)}\n{','.join(row)}\n".encode(), company)

    # when
    read = RowReader(sheet, company).read(sheet.lines[0], sheet.texts[0], 1, b"")

    # then
    held = {column.field for column in template(company) if column.holds == holds}
    assert {each.field for each in read.issues if each.code == code} == held
    assert held


NAMES = st.text(
    st.one_of(
        st.sampled_from("abE-_ '\",;|\n=+@é"),
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs"]),
    ),
    min_size=1,
    max_size=12,
)
CUSTOM = st.sampled_from(["custom_a", "custom_b", "custom_salary", "custom_é"])


@st.composite
def companies(draw: st.DrawFn) -> Company:
    """Companies with names of their own, each column once, as a configuration has to have them."""
    taken: dict[str, str] = {}
    pairs = st.tuples(NAMES | st.sampled_from(COLUMNS), st.sampled_from(COLUMNS) | CUSTOM)
    for name, field in draw(st.lists(pairs, max_size=8)):
        if not any(same_name(name, other) for other in taken):
            taken[name] = field
    custom = draw(st.dictionaries(CUSTOM, st.sampled_from([*CustomType])))
    return a_company(
        fields=taken, custom_fields={name: kind.value for name, kind in custom.items()}
    )


def reachable(company: Company) -> set[str]:
    """The fields that some column can mean: those that were given a name, and whose own is free."""
    usual = {*COLUMNS, *company.custom_fields}
    mapped = set(company.fields.values())
    taken = {field_of(name) for name in company.fields}
    return mapped | (usual - taken)


@examples(300)
@given(companies())
def test_the_columns_of_a_template_are_understood_in_a_file(company: Company) -> None:
    """F4, F5: A file with the columns of the template has every field exactly once and no unknown
    column.
    """
    # given
    found = template(company)

    # when
    columns, findings = read_header([column.column for column in found], company.fields)

    # then
    assert columns.fields == tuple((place, each.field) for place, each in enumerate(found))
    assert columns.width == len(columns.fields)
    assert {finding.code for finding in findings} <= {"missing-column"}
    assert {column.field for column in found} == reachable(company)
