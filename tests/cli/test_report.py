"""What is handed to others: the reporting export, a template, and the issues of a run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta, Struct

from adapters.store.roster_queries import RosterQueries
from cli.terminal.spreadsheet import line
from domain.employee.aggregate import Employee
from domain.fields.table import COLUMNS, MANDATORY
from tests.cli.conftest import ACME, Desk, assert_explained
from tests.given import registered

REPORTED = (
    "id,state,email,external_id,first_name,prefix,last_name,onboarding_date,offboarding_date,"
    "probation_period_end_date,birthday,work_anniversary,marriage_date,language,group_name"
)
FULL = """
    email,first_name,prefix,last_name,external_id,onboarding_date,offboarding_date,birthday,\
probation_period_end_date,work_anniversary,marriage_date,language,group_name,custom_salary,\
custom_note,custom_badge
    anna@acme.example,Anna,van,Bakker,007,2020-01-01,,1990-02-28,2020-03-01,2021-01-01,\
2015-06-06,en,Sales,-4250.50,"tab\there
    next, ""line\"\"",A1
    bram@acme.example,Bram,,Smit,,2027-03-10,,,,,,,,,,
    chris@acme.example,Chris,,Jansen,3,,2027-05-20,,,,,,,,,
"""
NAMES = ["=cmd|' /C calc'!A0", "+31", "＝1", "Bakker, Anna", "'"]  # noqa: RUF001


def read(text: str) -> list[dict[str, str]]:
    """A CSV as a program reads it."""
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@pytest.fixture
def settled(desk: Desk) -> Desk:
    """Acme with three people."""
    desk.deliver(FULL)
    assert desk.type("import", "acme").code == 0
    return desk


# The report


class Person(Struct, forbid_unknown_fields=True):
    """A line of the report of this company."""

    id: Annotated[str, Meta(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    state: Literal["pending", "active", "offboarding-scheduled", "deactivated"]
    email: str
    external_id: str | None
    first_name: str
    prefix: str | None
    last_name: str
    onboarding_date: str
    offboarding_date: str | None
    probation_period_end_date: str | None
    birthday: str | None
    work_anniversary: str | None
    marriage_date: str | None
    language: Literal["en", "nl", "de"]
    group_name: str | None
    alleo_custom_salary: str | None
    alleo_custom_badge: str | None
    alleo_custom_note: str | None


def test_a_report_is_a_csv_of_everyone(settled: Desk) -> None:
    """`tenure report` writes every employee with every field as CSV, custom fields last."""
    # when
    answer = settled.type("report", "acme")

    # then
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.partition("\n")[0] == (
        f"{REPORTED},alleo_custom_salary,alleo_custom_badge,alleo_custom_note"
    )
    anna, bram, chris = read(answer.out)
    assert anna == {
        "id": anna["id"],
        "state": "active",
        "email": "anna@acme.example",
        "external_id": "007",
        "first_name": "Anna",
        "prefix": "van",
        "last_name": "Bakker",
        "onboarding_date": "2020-01-01",
        "offboarding_date": "",
        "probation_period_end_date": "2020-03-01",
        "birthday": "1990-02-28",
        "work_anniversary": "2021-01-01",
        "marriage_date": "2015-06-06",
        "language": "en",
        "group_name": "Sales",
        "alleo_custom_salary": "'-4250.50",
        "alleo_custom_badge": "A1",
        "alleo_custom_note": 'tab\there\nnext, "line"',
    }
    assert (bram["state"], bram["external_id"], bram["alleo_custom_note"]) == ("pending", "", "")
    assert (chris["state"], chris["offboarding_date"]) == ("offboarding-scheduled", "2027-05-20")


def test_a_report_as_json_has_the_values_as_they_are_stored(settled: Desk) -> None:
    """`tenure report --json` has the values exactly as stored, in the columns and the order of the
    CSV."""
    # when
    answer = settled.type("report", "acme", "--json")

    # then
    assert (answer.code, answer.err, len(answer.document)) == (0, "", 3)
    people = msgspec.json.decode(answer.out, type=list[Person], strict=True)
    assert people[0].alleo_custom_salary == "-4250.50"
    assert people[1].alleo_custom_salary is people[1].prefix is None
    assert [*answer.document[0]] == settled.type("report", "acme").out.partition("\n")[0].split(",")
    roster = settled.type("roster", "acme", "--json").document
    assert [person.id for person in people] == [person["id"] for person in roster]


@pytest.mark.parametrize(
    ("state", "names"),
    [("pending", ["Bram"]), ("deactivated", [])],
)
def test_a_report_filters_by_state(settled: Desk, state: str, names: list[str]) -> None:
    """`tenure report --state` writes only the employees in that state, with the columns of the
    whole report, so that two reports can be compared."""
    # when
    answer = settled.type("report", "acme", "--state", state)

    # then
    assert [person["first_name"] for person in read(answer.out)] == names
    assert answer.out.partition("\n")[0] == settled.type("report", "acme").out.partition("\n")[0]
    document = settled.type("report", "acme", "--state", state, "--json").document
    assert [person["first_name"] for person in document] == names


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_no_name_is_a_formula_and_every_name_is_told(desk: Desk, name: str) -> None:
    """No name and no custom text in `tenure report` begins like a formula, and the JSON has every
    value unchanged."""
    # given
    file = line(("email", "first_name", "last_name", "custom_note")) + line(
        ("anna@acme.example", name, "Bakker", f"{name}\n{name}")
    )
    desk.deliver(file.encode())
    assert desk.type("import", "acme").code == 0

    # when
    (person,) = read(desk.type("report", "acme").out)
    (stored,) = desk.type("report", "acme", "--json").document

    # then
    assert stored["first_name"] == name
    assert stored["alleo_custom_note"] == f"{name}\n{name}"
    for field in ("first_name", "alleo_custom_note"):
        assert person[field] in (stored[field], f"'{stored[field]}")
        assert not person[field].lstrip().startswith(("=", "+", "-", "@"))


def test_a_report_can_begin_with_a_byte_order_mark(settled: Desk) -> None:
    """`tenure report --bom` writes a byte-order mark before the same text."""
    # when
    plain = settled.type("report", "acme").out

    # then
    assert settled.type("report", "acme", "--bom").out == f"\ufeff{plain}"
    assert not plain.startswith("\ufeff")


def test_a_field_that_comes_up_meanwhile_is_not_left_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`tenure report` exits with code 6 when a new custom field appears while the report is
    written, instead of leaving the field out."""
    # given
    header = "email,first_name,last_name,custom_new"
    anna, later = registered(), registered("b@acme.example,B,B,1", header)
    answers = iter(([anna], [anna, later]))

    def employees(*_: object) -> Iterator[Employee]:
        yield from next(answers)

    monkeypatch.setattr(RosterQueries, "employees", employees)

    # when
    answer = desk.type("report", "acme")

    # then
    assert answer.code == 6
    assert "new custom field" in answer.err
    assert "Traceback" not in answer.err


# The template


def test_a_template_needs_no_configuration_and_leaves_nothing_behind(desk: Desk) -> None:
    """`tenure template` writes all columns, needs no configuration, and creates no file."""
    # given
    (desk.directory / "tenure.toml").unlink()
    before = sorted(desk.directory.rglob("*"))

    # when
    answer = desk.type("template")

    # then
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == ",".join(COLUMNS) + "\n"
    assert sorted(desk.directory.rglob("*")) == before


def test_a_companys_template_has_its_names_and_custom_fields(desk: Desk) -> None:
    """F4, W7: `tenure template` of a company has the company's own column names and its custom
    fields."""
    # given
    desk.configure(f"""{ACME}
    [company.acme.fields]
    "E-mailadres" = "email"
    "Mail" = "email"
    "Naam, achter" = "last_name"
    "=Schoen" = "custom_shoe"
    """)

    (desk.directory / "tenure.db").unlink()

    # when
    answer = desk.type("template", "acme")

    # then
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith('E-mailadres,first_name,"Naam, achter",prefix,')
    assert answer.out.endswith(",external_id,custom_salary,=Schoen\n")
    assert not (desk.directory / "tenure.db").exists()


def test_a_template_as_json_tells_what_each_column_holds(desk: Desk) -> None:
    """`tenure template --json` tells for each column the field, whether it is mandatory, and what
    it holds."""
    # when
    found: list[dict[str, Any]] = desk.type("template", "acme", "--json").document

    # then
    assert found[0] == {"column": "email", "field": "email", "mandatory": True, "holds": "e-mail"}
    assert found[-1] == {
        "column": "custom_salary",
        "field": "custom_salary",
        "mandatory": False,
        "holds": "decimal",
    }
    assert [column["field"] for column in found[:-1]] == [*COLUMNS]
    assert [column["field"] for column in found if column["mandatory"]] == [*MANDATORY]
    assert desk.type("template", "--json").document == found[:-1]


def test_a_mandatory_field_that_no_column_can_mean_is_explained(desk: Desk) -> None:
    """F5: `tenure template` exits with code 2 when no column can mean a mandatory field, because
    every delivery would be refused."""
    # given
    desk.configure(f"""{ACME}
    [company.acme.fields]
    "Last name" = "custom_name"
    """)

    # when
    answer = desk.type("template", "acme")

    # then
    assert answer.code == 2
    assert_explained(answer, ["acme", "last_name", "fields"])


# The issues of a run

ISSUES = "severity,code,file,line,email,field,value,message,since,new"


def run_of(desk: Desk, delivery: str | bytes) -> str:
    desk.deliver(delivery)
    return str(desk.type("import", "acme", "--json").document["run"])


def test_the_issues_of_a_run_are_a_csv(desk: Desk) -> None:
    """R2: `tenure run --csv` writes every issue of a run with the same values as the JSON."""
    # given
    run = run_of(
        desk,
        'email,first_name,last_name,birthday,shoe\nanna@acme.example,"A,",B,01-02-1990,\n'
        "bram@acme.example,,=B,-1,\n",
    )
    told = desk.type("run", run, "--json").document["issues"]

    # when
    answer = desk.type("run", run[:12], "--csv")

    # then
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.partition("\n")[0] == ISSUES
    rows = read(answer.out)
    assert [(row["line"], row["code"]) for row in rows] == [
        ("1", "unknown-column"),
        ("2", "bad-date"),
        ("3", "missing-value"),
        ("3", "bad-date"),
    ]
    assert rows[3]["value"] == "'-1"
    for row, issue in zip(rows, told, strict=True):
        issue["new"] = "true" if issue["new"] else "false"
        plain = {key: "" if value is None else str(value) for key, value in issue.items()}
        assert {key: value.removeprefix("'") for key, value in row.items()} == plain


@pytest.mark.parametrize("value", ["=1+1", " +1", "\x1b]0;x\x07", "a\rb"])
def test_whatever_a_cell_holds_the_issues_can_be_sent_back(desk: Desk, value: str) -> None:
    """No value in `tenure run --csv` begins like a formula, so the issues can be sent to the
    customer."""
    # given
    file = line(("email", "first_name", "last_name", "birthday")) + line(
        ("anna@acme.example", "Anna", "Bakker", value)
    )
    run = run_of(desk, file.encode())
    (issue,) = desk.type("run", run, "--json").document["issues"]

    # when
    (row,) = read(desk.type("run", run, "--csv").out)

    # then
    assert row["value"] in (issue["value"], f"'{issue['value']}")
    assert not row["value"].lstrip().startswith(("=", "+", "-", "@"))


# Exit codes


@pytest.mark.parametrize(
    "command",
    [
        ["report"],
        ["report", "zenith"],
        ["report", "zenith", "--json"],
        ["report", "acme", "--state", "gone"],
        ["report", "acme", "--bom", "--json"],
        ["template", "zenith"],
        ["run", "0123", "--csv"],
        ["run", "0", "--csv", "--json"],
        ["run", "0", "--bom"],
        ["run", "0", "--bom", "--json"],
        ["preview", "acme", "--csv", "--json"],
    ],
)
def test_wrong_usage_is_explained(desk: Desk, command: list[str]) -> None:
    """Wrong usage of `report`, `template`, `run` and `preview` exits with code 2 and is
    explained."""
    # when
    answer = desk.type(*command)

    # then
    assert answer.code == 2
    assert_explained(answer)
