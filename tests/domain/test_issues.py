"""What is said of runs, files and rows: every code, its severity and its sentence."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from functools import cache

import pytest

from domain.company import Company
from domain.delivery.digests import NO_DIGESTS
from domain.delivery.parsing import parse_delivery
from domain.delivery.records import DeliveryRefused, read_sheet
from domain.delivery.row import RowReader
from domain.employee.commands import ChangeEmail, Link, Offboard
from domain.employee.events import Deactivated, OffboardingScheduled
from domain.employee.roster import Roster, entry_of
from domain.employee.support import plan_support
from domain.issues.catalogue import CATALOGUE, Severity
from domain.issues.issue import Issue, make_issue
from domain.privacy import Redacted
from tests.given import (
    FILE,
    a_company,
    after,
    codes,
    context,
    csv,
    day,
    outcomes,
    plan,
    registered,
    then,
)

HEADER = "email,first_name,last_name"
ANNA = "anna@acme.example,Anna,Bakker"
WITH_ID = f"{HEADER},external_id"

REFUSED: dict[str, tuple[bytes, dict[str, int]]] = {
    "not-utf8": (b"\xff", {}),
    "nul-byte": (b"\0", {}),
    "wrong-delimiter": (b"email;first_name;last_name\n", {}),
    "unclosed-quote": (f'{HEADER}\n"a,b,c\n'.encode(), {}),
    "missing-column": (b"email,first_name\na,b\n", {}),
    "duplicate-column": (f"{HEADER},email,Email\na,b,c,d,e\n".encode(), {}),
    "no-rows": (HEADER.encode(), {}),
    "too-large": (f"{HEADER}\n{ANNA}\n".encode(), {"file": 10}),
    "too-many-rows": (f"{HEADER}\n{ANNA}\n{ANNA}\n".encode(), {"rows": 1}),
}
"""Files that are refused, with the limits that refuse them."""

CELLS = {
    "too-long": ("first_name", "x" * 1_001),
    "bad-text": ("first_name", "An\ana"),
    "missing-value": ("first_name", ""),
    "bad-email": ("email", "anna"),
    "bad-date": ("birthday", "1990-02-30"),
    "bad-decimal": ("custom_salary", "ten"),
    "bad-integer": ("custom_floor", "ten"),
    "unknown-language": ("language", "fr"),
    "unknown-group": ("group_name", "Saels"),
}
"""Cells with something wrong in them."""

TYPED = {"custom_salary": "decimal", "custom_floor": "integer"}


def of_runs() -> Iterator[Issue]:
    """What is said of a run that read nothing."""
    yield make_issue("no-file", pattern="alleo_employees_*.csv")
    yield make_issue("unreachable", problem="the server refused the password")
    yield make_issue("still-uploading").at(FILE)
    yield make_issue("fault", problem="KeyError")


def of_files() -> Iterator[Issue]:
    for data, limits in REFUSED.values():
        with pytest.raises(DeliveryRefused) as refused:
            plan(data, company=a_company(limits=limits))
        yield from refused.value.issues
    yield from plan(f"{HEADER},Birthdy\n{ANNA},\n").issues


def of_cells() -> Iterator[Issue]:
    anna = dict(zip(HEADER.split(","), ANNA.split(","), strict=True))
    for field, cell in CELLS.values():
        cells = anna | {field: cell}
        file = f"{','.join(cells)}\n{','.join(cells.values())}\n"
        yield from plan(file, company=a_company(custom_fields=TYPED)).issues
    dates = "onboarding_date,offboarding_date"
    yield from plan(f"{HEADER},{dates}\n{ANNA},2027-12-01,2027-11-01\n").issues
    yield from plan(f"{HEADER}\n{ANNA},x\n").issues


def of_rows_together() -> Iterator[Issue]:
    """What is said of a row because of another row or a known employee."""
    anna, ben = (
        registered(f"{ANNA},1", WITH_ID),
        registered("b@x.example,B,C,2", WITH_ID, position=2),
    )
    yield from plan(f"{HEADER}\n{ANNA}\n", f"{HEADER}\n{ANNA}\n").issues
    yield from plan(f"{HEADER}\n{ANNA}\n{ANNA}\n").issues
    yield from plan(f"{HEADER}\n{ANNA}\nANNA@acme.example,Anne,Bakker\n").issues
    yield from plan(f"{WITH_ID}\n{ANNA},1\nben@acme.example,Ben,Cramer,1\n").issues
    yield from plan(f"{WITH_ID}\nb@x.example,Anna,Bakker,1\n", known=[anna, ben]).issues
    yield from plan(f"{WITH_ID}\n{ANNA},3\n", known=[anna]).issues
    yield from plan(f"{HEADER}\na.smit@acme.example,Anna,Bakker\n", known=[registered()]).issues


def of_contradictions() -> Iterator[Issue]:
    """What is said of files of which no reading lasts until the next pick-up."""
    leaves = f"{WITH_ID},offboarding_date"
    older = f"{leaves}\nd@x.example,Bob,Day,1,\nc@x.example,Bob,Day,2,\n"
    newer = f"{leaves}\nc@x.example,Cleo,Day,1,2027-02-24\nd@x.example,Cleo,Lee,2,\n"
    try:
        plan(older, newer)
    except DeliveryRefused as refused:
        yield from refused.issues


def of_lives() -> Iterator[Issue]:
    """What is said of a row because of when things happen."""
    leaves, starts = f"{HEADER},offboarding_date", f"{HEADER},onboarding_date"
    anna = registered()
    gone = then(anna, OffboardingScheduled(day("2027-02-01")), Deactivated(), line=2)
    yield from plan(f"{leaves}\n{ANNA},2027-02-01\n").issues
    yield from plan(f"{leaves}\n{ANNA},2027-03-10\n", known=[anna]).issues
    yield from plan(f"{leaves}\n{ANNA},2027-02-01\n", known=[anna]).issues
    yield from plan(f"{leaves}\n{ANNA},2028-02-01\n", known=[gone]).issues
    yield from plan(f"{starts}\n{ANNA},2020-01-01\n", known=[anna]).issues


def of_the_safeguard() -> Iterator[Issue]:
    """What holds a delivery: each measure at the least it can be set to."""
    limits = ("max_offboardings", "max_email_changes", "max_registrations", "max_rejected_rows")
    wary = a_company(policy=dict.fromkeys(limits, 1))
    leaves = f"{WITH_ID},offboarding_date"
    ids = range(1, 5)
    known = after(plan("\n".join((leaves, *(f"p{n}@x.example,P,{n},{n}," for n in ids), ""))))
    rows = [
        *(f"p{n}@x.example,P,{n},{n},2028-02-01" for n in (1, 2)),
        *(f"q{n}@x.example,P,{n},{n}," for n in (3, 4)),
        *(f"new{n}@x.example,N,{n},{n}," for n in (5, 6)),
        *(f"nobody,N,{n},{n}," for n in (7, 8)),
    ]
    yield from plan("\n".join((leaves, *rows, "")), known=known, company=wary).concerns


def strict_ones() -> Iterator[Issue]:
    """Warnings that a company's policy turned into errors."""
    strict = a_company(policy={"unknown_group": "reject", "short_notice": "reject"})
    header = f"{HEADER},group_name,offboarding_date"
    yield from plan(f"{header}\n{ANNA},Saels,\n", company=strict).issues
    yield from plan(f"{header}\n{ANNA},,2027-03-10\n", company=strict).issues


@cache
def one_of_each() -> dict[str, Issue]:
    """One issue of every code, as a delivery brings it about."""
    said = (
        *of_runs(),
        *of_files(),
        *of_cells(),
        *of_rows_together(),
        *of_contradictions(),
        *of_lives(),
        *of_the_safeguard(),
    )
    return {issue.code: issue for issue in said}


def test_everything_that_can_be_said_is_said_here() -> None:
    """Every code has an example, so that what follows holds for all of them."""
    assert set(one_of_each()) == set(CATALOGUE)


@pytest.mark.parametrize("code", list(CATALOGUE))
def test_a_sentence_is_complete(code: str) -> None:
    """Each issue is one whole sentence, with every blank filled in."""
    assert_is_one_sentence(one_of_each()[code].message)


def test_a_stricter_policy_has_whole_sentences_too() -> None:
    """W6: where a warning became an error, its sentence no longer says that the row applies."""
    strict = list(strict_ones())

    assert codes(strict) == ["unknown-group", "short-notice"]
    for issue in strict:
        assert issue.severity is Severity.ERROR
        assert issue.message != one_of_each()[issue.code].message
        assert_is_one_sentence(issue.message)


def assert_is_one_sentence(message: str) -> None:
    assert message[0].isupper() or message[0].isdigit()
    assert message.endswith(".")
    assert not re.search(r"[.!?]\s", message)
    assert not re.search(r"[{}\n]|\bNone\b|  ", message)
    assert len(message) < 300


@pytest.mark.parametrize("code", list(CATALOGUE))
def test_a_strict_sentence_uses_no_more_facts(code: str) -> None:
    """Whoever gives the facts need not know the policy."""
    declared = CATALOGUE[code]

    assert blanks(declared.strict) <= blanks(declared.sentence)


def blanks(sentence: str) -> set[str]:
    """The names of the facts a sentence asks for."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


CONCERNS = {
    "many-offboardings",
    "many-email-changes",
    "many-registrations",
    "many-rejected-rows",
}
WARNINGS = {
    *CONCERNS,
    "no-file",
    "several-files",
    "unknown-column",
    "unknown-language",
    "unknown-group",
    "duplicate-row",
    "possible-email-change",
    "short-notice",
    "offboarding-overdue",
    "onboarding-date-fixed",
}
INFOS = {"superseded-row", "already-left"}
ABOUT_CHANGES = {*CONCERNS, "possible-email-change", "short-notice", "offboarding-overdue"}


@pytest.mark.parametrize("code", list(CATALOGUE))
def test_a_code_is_as_severe_as_its_rule_says(code: str) -> None:
    """Warnings and infos let the row or file through; everything else is an error."""
    expected = (
        Severity.WARNING if code in WARNINGS else Severity.INFO if code in INFOS else Severity.ERROR
    )

    assert CATALOGUE[code].severity is expected
    assert one_of_each()[code].severity is expected


@pytest.mark.parametrize("code", list(CATALOGUE))
def test_only_what_is_said_of_a_change_is_said_once(code: str) -> None:
    """L10: an issue about what a file or row says lasts, one about a change does not."""
    lasting = code not in ABOUT_CHANGES

    assert one_of_each()[code].lasting is lasting


@pytest.mark.parametrize("code", [code for code in CATALOGUE if code in CELLS])
def test_a_finding_that_rejects_is_an_error(code: str) -> None:
    """W9: a row is rejected by errors and by nothing else."""
    field, cell = CELLS[code]
    cells = dict(zip(HEADER.split(","), ANNA.split(","), strict=True)) | {field: cell}

    result = plan(
        f"{','.join(cells)}\n{','.join(cells.values())}\n", company=a_company(custom_fields=TYPED)
    )

    (issue,) = result.issues
    assert (outcomes(result) == ["rejected"]) == (issue.severity is Severity.ERROR)


def test_a_sentence_names_the_facts() -> None:
    """What has to be looked for is in the sentence itself."""
    said = {code: issue.message for code, issue in one_of_each().items()}

    for code, facts in {
        "no-file": ["alleo_employees_*.csv"],
        "several-files": ["2 files"],
        "contradictory-files": ["alleo_employees_0.csv line 2", "alleo_employees_1.csv line 2"],
        "unreachable": ["refused the password"],
        "fault": ["KeyError"],
        "wrong-delimiter": ["semicolons"],
        "missing-column": ["last_name"],
        "duplicate-column": ["email, email and Email", "e-mail"],
        "too-large": ["10 bytes"],
        "too-many-rows": ["1 rows"],
        "unknown-column": ["Birthdy", "birthday"],
        "wrong-width": ["4 cells", "header 3"],
        "too-long": ["first name", "1001", "1000"],
        "bad-text": ["first name", "U+0007"],
        "missing-value": ["first name"],
        "bad-date": ["birthday", "YYYY-MM-DD"],
        "bad-decimal": ["custom_salary"],
        "bad-integer": ["custom_floor"],
        "unknown-language": ["fr", "en, nl or de"],
        "unknown-group": ["Saels", "Sales"],
        "offboarding-before-onboarding": ["2027-12-01"],
        "superseded-row": ["alleo_employees_1.csv, line 2"],
        "duplicate-row": ["line 2"],
        "duplicate-email": ["2 and 3"],
        "duplicate-external-id": ["2 and 3"],
        "email-taken": ["b@x.example", "external id 2"],
        "external-id-conflict": ["anna@acme.example (external id 1)", "external id 3"],
        "possible-email-change": ["anna@acme.example"],
        "already-left": ["2027-02-01"],
        "short-notice": ["9 days", "30 days"],
        "onboarding-date-fixed": ["2027-03-01"],
        "many-offboardings": ["2 of 4 employees", "more than 1"],
        "many-email-changes": ["2 of 4 employees", "more than 1"],
        "many-registrations": ["2 employees", "4 that are known", "more than 1"],
        "many-rejected-rows": ["2 of 8 rows", "more than 1"],
    }.items():
        assert [fact for fact in facts if fact not in said[code]] == [], code


@pytest.mark.parametrize("value", ["{0}", "{field}", "%s", "{", "}}"])
def test_a_value_is_never_taken_for_a_part_of_the_sentence(value: str) -> None:
    """Braces in a cell are text like any other."""
    (issue,) = plan(f"{HEADER},group_name\n{ANNA},{value}\n").issues

    assert issue.value == value
    assert f"group {value}," in issue.message


def test_an_issue_says_where_it_is() -> None:
    """File, line as an editor counts, e-mail address, field and value of what is wrong."""
    (issue,) = plan(f"{HEADER},birthday\n\n{ANNA},never\n").issues

    assert (issue.file, issue.line, issue.email) == (FILE, 3, "anna@acme.example")
    assert (issue.field, issue.value) == ("birthday", "never")


# What prints an issue, a row or an employee must not print whom it is about.

SECRETS = ("anna", "bakker", "acme.example", "7007", "1990", "salaris")
PERSONAL = csv(
    """
    email,first_name,last_name,external_id,birthday,custom_note,group_name
    anna@acme.example,Anna,Bakker,E7007,1990-05-17,salaris,Anna
    """
)


def personal_values() -> Iterator[object]:
    """Everything that holds Anna, from the file to the plan and what comes of it."""
    company: Company = a_company()
    sheet = read_sheet(FILE, PERSONAL, company)
    ((line, text),) = sheet.records
    reader = RowReader(sheet, company)
    row = reader.read(line, text, 1, b"")
    findings = row.issues
    yield from (sheet, reader, row, row.details, *findings)

    planned = plan(PERSONAL)
    (change,) = planned.changes
    anna = change.after
    yield from (planned, *planned.issues, *planned.results, change, anna, anna.details)
    yield from change.events
    yield from (recorded.event for recorded in change.events)

    entry = entry_of(anna, b"digest", b"anna@acme.example")
    yield from (entry, Roster.of([anna]), context())
    support = plan_support(Offboard(day("2027-03-01")), anna, Roster.of([anna]), context())
    yield from (support, *support.changes, *support.issues)
    yield from (ChangeEmail("anna@acme.example"), Link("E7007"))
    yield parse_delivery([sheet], NO_DIGESTS, company)


def shown(value: object) -> str:
    """What a value looks like in a log; where it lies in memory may look like anything."""
    return re.sub(r" at 0x[0-9a-f]+", "", f"{value!r} {value}".casefold())


def test_no_representation_tells_whom_it_is_about() -> None:
    """Personal data is told to HR, and not to logs and tracebacks."""
    printed = {type(value).__name__: shown(value) for value in personal_values()}

    telling = {kind for kind, text in printed.items() if any(secret in text for secret in SECRETS)}
    assert telling == set()


def test_a_refusal_tells_codes_alone() -> None:
    """An exception travels further than an issue does, so it says less."""
    with pytest.raises(DeliveryRefused) as refused:
        plan(f"{ANNA}\nx,y,z\n")

    assert str(refused.value) == "missing-column, unknown-column"
    assert "Anna" not in repr(refused.value)


def kinds_of(base: type[Redacted]) -> Iterator[type[Redacted]]:
    for kind in base.__subclasses__():
        yield kind
        yield from kinds_of(kind)


@pytest.mark.parametrize("kind", list(kinds_of(Redacted)), ids=lambda kind: kind.__name__)
def test_what_is_private_stays_so(kind: type[Redacted]) -> None:
    """No kind of private value brings a representation of its own."""
    assert kind.__repr__ is Redacted.__repr__
    assert kind.__str__ is Redacted.__str__
