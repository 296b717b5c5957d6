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


def test_a_line_tells_what_the_roster_tells() -> None:
    anna = registered(
        "a@acme.example,Anna,van,Bakker,007,2020-01-01,2029-02-02,2020-02-01,1990-01-01,2021-01-01,"
        "2015-06-06,en,Sales,4.50",
        "email,first_name,prefix,last_name,external_id,onboarding_date,offboarding_date,"
        "probation_period_end_date,birthday,work_anniversary,marriage_date,language,group_name,"
        "custom_salary",
    )
    shown = document("acme", anna)

    told = dict(zip(columns(("custom_salary",)), cells(anna, ("custom_salary",)), strict=True))

    assert told.pop("alleo_custom_salary") == "4.50"
    assert told == {field: getattr(shown, field) for field in told}
    assert set(told) == set(shown.__struct_fields__) - {"company", "custom", "version"}
    assert None not in told.values()


def test_the_columns_stand_in_their_order() -> None:
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


def test_what_nobody_said_is_nothing() -> None:
    anna = registered()

    assert cells(anna, ("custom_salary",))[-1] is None
    assert cells(anna, ())[5] is None


def test_configured_custom_fields_come_first_in_their_order_and_others_by_name() -> None:
    company = a_company(
        custom_fields={"custom_z": "text", "custom_y": "date"},
        fields={"Schoen": "custom_shoe", "Z": "custom_z", "Mail": "email", "Voet": "custom_shoe"},
    )
    header = "email,first_name,last_name,custom_b,custom_y,custom_a"
    people = [
        registered("a@acme.example,A,A,1,2020-01-01,", header),
        registered("b@acme.example,B,B,,,2", header),
    ]

    found = custom_fields(company, iter(people))

    assert found == ("custom_z", "custom_y", "custom_shoe", "custom_a", "custom_b")


def test_without_people_there_are_the_configured_custom_fields() -> None:
    assert custom_fields(a_company(), ()) == ()
    assert custom_fields(a_company(custom_fields={"custom_x": "text"}), ()) == ("custom_x",)


# The template


def names(company: Company | None = None) -> list[str]:
    return [column.column for column in template(company)]


def test_a_template_without_company_names_every_field_mandatory_ones_first() -> None:
    found = template()

    assert [column.field for column in found] == [column.column for column in found] == [*COLUMNS]
    assert [column.field for column in found if column.mandatory] == [*MANDATORY]


def test_a_field_has_the_first_of_the_companys_own_names() -> None:
    company = a_company(fields={"E-mailadres": "email", "Mail": "email", "Afdeling": "group_name"})

    assert names(company)[:3] == ["E-mailadres", "first_name", "last_name"]
    assert "Afdeling" in names(company)
    assert "Mail" not in names(company)


def test_custom_fields_come_last_in_the_order_configured() -> None:
    company = a_company(
        custom_fields={"custom_z": "decimal", "custom_a": "date", "custom_n": "integer"},
        fields={"Schoen, maat": "custom_shoe", "A": "custom_a"},
    )

    found = [(each.column, each.field, each.holds) for each in template(company)[len(COLUMNS) :]]

    assert found == [
        ("custom_z", "custom_z", "decimal"),
        ("A", "custom_a", "date"),
        ("custom_n", "custom_n", "integer"),
        ("Schoen, maat", "custom_shoe", "text"),
    ]


def test_a_field_that_no_column_can_mean_is_left_out() -> None:
    """F4: the company's own mapping is applied first, and takes the name away."""
    company = a_company(fields={"Birthday": "work_anniversary", "last-name": "custom_x"})

    found = {column.field: column.column for column in template(company)}

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
def test_what_a_column_holds_is_what_its_cells_are_read_as(code: str, holds: str) -> None:
    kinds = {f"custom_{kind.value}": kind.value for kind in CustomType}
    company = a_company(custom_fields=kinds)
    header = names(company)
    row = ["?"] * len(header)
    sheet = read_sheet(FILE, f"{','.join(header)}\n{','.join(row)}\n".encode(), company)

    read = RowReader(sheet, company).read(*next(sheet.records), 1, b"")

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
def test_a_template_is_understood_when_it_comes_back(company: Company) -> None:
    """F4: every field exactly once, and nothing that is not known."""
    found = template(company)

    columns, findings = read_header([column.column for column in found], company.fields)

    assert columns.fields == tuple((place, each.field) for place, each in enumerate(found))
    assert columns.width == len(columns.fields)
    assert {finding.code for finding in findings} <= {"missing-column"}
    assert {column.field for column in found} == reachable(company)
