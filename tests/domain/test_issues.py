"""The issues about runs, files and rows: every code, its severity and its sentence."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from datetime import timedelta
from functools import cache

import pytest

from domain.company import Company
from domain.delivery.digests import NO_DIGESTS
from domain.delivery.facts import Absentee, Comparison, DeliveryFacts, LastDelivery
from domain.delivery.parsing import parse_delivery
from domain.delivery.records import DeliveryRefused, read_sheet
from domain.delivery.rekey import plan_rekey, read_map
from domain.delivery.row import RowReader
from domain.delivery.selection import Selection
from domain.employee.commands import ChangeEmail, Link, Offboard
from domain.employee.events import Deactivated, EmailChanged, OffboardingScheduled
from domain.employee.roster import Roster, entry_of
from domain.employee.support import plan_support
from domain.issues.catalogue import CATALOGUE
from domain.issues.issue import Issue, make_issue
from domain.issues.issue_type import Severity
from domain.privacy import Redacted
from tests.given import (
    FILE,
    NOW,
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
    "not-a-csv": (b"%PDF-1.7\n", {}),
    "not-utf8": (b"\xff", {}),
    "nul-byte": (b"\0", {}),
    "cr-line-ends": (f"{HEADER}\r{ANNA}\r".encode(), {}),
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
    "placeholder-id": ("external_id", "TBD"),
    "spoilt-id": ("external_id", "1.23E+05"),
}
"""Cells with something wrong in them."""

TYPED = {"custom_salary": "decimal", "custom_floor": "integer"}


def of_runs() -> Iterator[Issue]:
    """What is said of a run because of how its files were fetched."""
    yield make_issue("no-file", pattern="alleo_employees_*.csv")
    yield make_issue("unreachable", problem="the server refused the password")
    yield make_issue("still-uploading").at(FILE)
    yield make_issue("vanished-after-reading").at(FILE)
    yield make_issue("kept-file-damaged").at(FILE)
    yield make_issue("near-miss-file", pattern="alleo_employees_*.csv").at(FILE)
    yield make_issue("fault", problem="KeyError")


def of_files() -> Iterator[Issue]:
    for data, limits in REFUSED.values():
        with pytest.raises(DeliveryRefused) as refused:
            plan(data, company=a_company(limits=limits))
        yield from refused.value.issues
    yield from plan(f"sep=,\n{HEADER},Birthdy\n{ANNA},\n").issues


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
    yield from plan(f"{WITH_ID}\nanna@acme.example,Zoe,Mol,1\n", known=[anna]).issues
    moved = then(registered(), EmailChanged("a.b@acme.example"))
    both = f"{HEADER}\n{ANNA}\na.b@acme.example,Anna,Bakker\n"
    yield from plan(both, known=[moved]).issues
    pairs = read_map(FILE, b"old,new\n9,10\n1,2\n")
    yield from plan_rekey(pairs, Roster.of([anna, ben]), context(), again=False).issues


def of_contradictions() -> Iterator[Issue]:
    """What is said of files of which no reading lasts until the next pick-up."""
    leaves = f"{WITH_ID},offboarding_date"
    older = f"{leaves}\nd@x.example,Bob,Day,1,\nc@x.example,Bob,Day,2,\n"
    newer = f"{leaves}\nc@x.example,Cleo,Day,1,2027-02-24\nd@x.example,Cleo,Day,2,\n"
    with pytest.raises(DeliveryRefused) as refused:
        plan(older, newer)
    yield from refused.value.issues


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
    leaving = then(anna, OffboardingScheduled(day("2027-06-30")), line=2)
    yield from plan(f"{leaves}\n{ANNA},\n", known=[leaving]).issues
    yield from plan(f"{leaves}\n{ANNA},\n", known=[then(anna, Deactivated())]).issues


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


def of_other_deliveries() -> Iterator[Issue]:
    """What is said of a delivery because of earlier ones, or because a part of it is approved."""
    measures = ("cancellations", "identity_changes", "cleared_values", "second_accounts")
    policy = {f"max_{name}": 1 for name in (*measures, "already_left", "shrinkage")}
    policy |= {"blank_offboarding": "cancel", "blank_cells": "clear"}
    header = f"{HEADER},prefix,offboarding_date"
    names = ("ann", "bob", "eva", "cas", "dee")
    known = after(
        plan("\n".join((header, *(f"{n}@x.example,{n},Lee,van,2028-02-01" for n in names), "")))
    )
    rows = [
        *(f"{name}@x.example,{name},Ray,," for name in names[:3]),
        *(f"{name}@new.example,{name},Lee,van," for name in names[3:]),
        *(f"{name}@old.example,{name},Poe,,2027-02-01" for name in names[:2]),
    ]
    last = LastDelivery(20, NOW + timedelta(days=1))
    found = plan(
        "\n".join((header, *rows, "")),
        known=known,
        company=a_company(policy=policy),
        comparison=Comparison(
            last,
            NOW,
            repeated=True,
            concerned={"external_id": 9},
            facts=DeliveryFacts(complete=False),
        ),
        selection=Selection(without=("ann@x.example",)),
    )
    yield from (*found.concerns, *found.issues)
    yield make_issue("held-again", changed="employees and settings", run="8f31")


def of_the_absent() -> Iterator[Issue]:
    """What is said of somebody whom the last deliveries lack."""
    anna = registered(f"{ANNA},1", WITH_ID)
    ben = registered("b@x.example,B,C,2", WITH_ID, position=2)
    last = LastDelivery(2, NOW)
    for policy in ("report", "offboard"):
        company = a_company(policy={"absent": policy})
        comparison = Comparison(last=last, absentees=(Absentee(anna, NOW),))
        yield from plan(
            f"{WITH_ID}\nb@x.example,B,C,2\n",
            known=[anna, ben],
            company=company,
            comparison=comparison,
        ).issues


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
        *of_the_absent(),
        *of_the_safeguard(),
        *of_other_deliveries(),
    )
    return {issue.code: issue for issue in said}


def test_every_issue_code_has_an_example() -> None:
    """Every issue code of the catalogue has an example here, so that the tests below hold for all
    codes.
    """
    # when / then
    assert set(one_of_each()) == set(CATALOGUE)


@pytest.mark.parametrize("code", list(CATALOGUE))
def test_every_issue_is_one_complete_sentence(code: str) -> None:
    """The message of each issue is one whole sentence with all its facts filled in."""
    assert_is_one_sentence(one_of_each()[code].message)


def test_an_issue_under_a_strict_policy_is_an_error_with_its_own_sentence() -> None:
    """W6, L4: When the policy turns a warning into an error, the message is another
    complete sentence.
    """
    # when
    strict = list(strict_ones())

    # then
    assert codes(strict) == ["unknown-group", "short-notice"]
    for issue in strict:
        assert issue.severity is Severity.ERROR
        assert issue.message != one_of_each()[issue.code].message
        assert_is_one_sentence(issue.message)


def assert_is_one_sentence(message: str) -> None:
    assert re.match(r"[A-Z0-9]", message)
    assert message.endswith(".")
    assert not re.search(r"[.!?]\s", message)
    assert not re.search(r"[{}\n]|\bNone\b|  ", message)
    assert len(message) < 420


@pytest.mark.parametrize("code", list(CATALOGUE))
def test_the_sentence_for_a_strict_policy_needs_no_further_facts(code: str) -> None:
    """The sentence for a strict policy uses only facts that the usual sentence uses too, and what
    HR or support can do about the row, which both are given."""
    # given
    declared = CATALOGUE[code]

    # when / then
    assert blanks(declared.strict) <= blanks(declared.sentence) | {"advice", "asked"}


def blanks(sentence: str) -> set[str]:
    """The names of the facts a sentence asks for."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


CONCERNS = {
    "many-offboardings",
    "many-cancellations",
    "many-email-changes",
    "many-identity-changes",
    "many-values-cleared",
    "many-registrations",
    "many-second-accounts",
    "many-rejected-rows",
    "many-already-left",
    "shrunken-delivery",
    "column-lost",
    "older-delivery",
    "cut-off",
    "repeated-delivery",
    "held-again",
}
WARNINGS = {
    *CONCERNS,
    "no-file",
    "several-files",
    "near-miss-file",
    "vanished-after-reading",
    "unknown-column",
    "unknown-language",
    "unknown-group",
    "placeholder-id",
    "duplicate-row",
    "possible-email-change",
    "short-notice",
    "offboarding-overdue",
    "onboarding-date-fixed",
    "offboarding-kept",
    "absent-employee",
    "absent-offboarded",
}
POLICIES = {"other-person"}
"""Warnings of the catalogue that are errors by the usual policy."""
INFOS = {"skipped-line", "superseded-row", "already-left", "still-listed", "left-out"}
ABOUT_CHANGES = {
    *CONCERNS,
    "near-miss-file",
    "vanished-after-reading",
    "possible-email-change",
    "short-notice",
    "offboarding-overdue",
    "onboarding-date-fixed",
    "other-person",
    "absent-offboarded",
}


@pytest.mark.parametrize("code", list(CATALOGUE))
def test_each_code_has_the_severity_of_its_rule(code: str) -> None:
    """Each code has the severity that its rule gives it: warnings and infos as listed here, and
    errors otherwise.
    """
    # given
    expected = (
        Severity.WARNING if code in WARNINGS else Severity.INFO if code in INFOS else Severity.ERROR
    )

    # when / then
    assert (CATALOGUE[code].severity is expected) is (code not in POLICIES)
    assert one_of_each()[code].severity is expected


@pytest.mark.parametrize("code", list(CATALOGUE))
def test_only_issues_about_a_change_are_told_once(code: str) -> None:
    """L10: An issue about a change is told once. Every other issue is told by every run that meets
    the same content.
    """
    # given
    lasting = code not in ABOUT_CHANGES

    # when / then
    assert one_of_each()[code].lasting is lasting


@pytest.mark.parametrize("code", [code for code in CATALOGUE if code in CELLS])
def test_a_row_is_rejected_by_errors_only(code: str) -> None:
    """W9: A row with one wrong cell is rejected if the issue is an error, and accepted if it is a
    warning.
    """
    # given
    field, cell = CELLS[code]
    cells = dict(zip(HEADER.split(","), ANNA.split(","), strict=True)) | {field: cell}

    # when
    result = plan(
        f"{','.join(cells)}\n{','.join(cells.values())}\n", company=a_company(custom_fields=TYPED)
    )

    # then
    (issue,) = result.issues
    assert (outcomes(result) == ["rejected"]) == (issue.severity is Severity.ERROR)


def test_each_message_names_its_facts() -> None:
    """The message of an issue names what HR has to look for, such as names, lines, dates
    and limits.
    """
    # when
    said = {code: issue.message for code, issue in one_of_each().items()}

    # then
    for code, facts in {
        "no-file": ["alleo_employees_*.csv"],
        "several-files": ["2 files"],
        "contradictory-files": ["alleo_employees_0.csv line 2", "alleo_employees_1.csv line 2"],
        "unreachable": ["refused the password"],
        "fault": ["KeyError"],
        "not-a-csv": ["a PDF document"],
        "cr-line-ends": ["CR alone"],
        "skipped-line": ["a note for a spreadsheet"],
        "wrong-delimiter": ["semicolons"],
        "missing-column": ["Last name"],
        "duplicate-column": ["email, email and Email", "e-mail"],
        "too-large": ["10 bytes"],
        "too-many-rows": ["1 rows"],
        "unknown-column": ["Birthdy", "Birthday"],
        "wrong-width": ["4 cells", "header 3"],
        "too-long": ["first name", "1001", "1000"],
        "bad-text": ["first name", "U+0007"],
        "missing-value": ["first name"],
        "bad-date": ["birthday", "YYYY-MM-DD"],
        "bad-decimal": ["custom_salary"],
        "bad-integer": ["custom_floor"],
        "unknown-language": ["fr", "en, nl or de"],
        "unknown-group": ["Saels", "Sales"],
        "placeholder-id": ["TBD"],
        "spoilt-id": ["a number with an exponent"],
        "offboarding-before-onboarding": ["2027-12-01"],
        "superseded-row": ["alleo_employees_1.csv, line 2"],
        "duplicate-row": ["line 2"],
        "duplicate-email": ["2 and 3"],
        "duplicate-external-id": ["2 and 3"],
        "email-taken": ["b@x.example", "external id 2"],
        "external-id-conflict": ["anna@acme.example (external id 1)", "external id 3"],
        "possible-email-change": ["tenure support merge acme"],
        "already-left": ["2027-02-01"],
        "short-notice": ["9 days", "30 days"],
        "onboarding-date-fixed": ["2027-03-01"],
        "many-offboardings": ["2 employees", "4 can log in", "more than 1"],
        "many-email-changes": ["2 employees", "4 can log in", "more than 1"],
        "many-registrations": ["2 employees", "4 that are known", "more than 1"],
        "many-rejected-rows": ["2 of 8 rows", "more than 1"],
    }.items():
        assert [fact for fact in facts if fact not in said[code]] == [], code


@pytest.mark.parametrize("value", ["{0}", "{field}", "%s", "{", "}}"])
def test_braces_in_a_value_are_shown_as_text(value: str) -> None:
    """W6: Braces or percent signs in a cell are shown in the message as they are."""
    # when
    (issue,) = plan(f"{HEADER},group_name\n{ANNA},{value}\n").issues

    # then
    assert issue.value == value
    assert f"group {value}," in issue.message


def test_an_issue_names_the_place_of_the_problem() -> None:
    """W9: An issue about a cell names the file, the line as an editor counts it, the address, the
    field and the value.
    """
    # when
    (issue,) = plan(f"{HEADER},birthday\n\n{ANNA},never\n").issues

    # then
    assert (issue.file, issue.line, issue.email) == (FILE, 3, "anna@acme.example")
    assert (issue.field, issue.value) == ("birthday", "never")


# Printed issues, rows and employees must not show personal data.

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
    (line,), (text,) = sheet.lines, sheet.texts
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


def test_no_printed_value_shows_personal_data() -> None:
    """No printed form of a row, an employee, an event, a plan or a command shows personal data, so
    that logs stay free of it.
    """
    # given
    printed = {type(value).__name__: shown(value) for value in personal_values()}

    # when
    telling = {kind for kind, text in printed.items() if any(secret in text for secret in SECRETS)}

    # then
    assert telling == set()


def test_the_error_about_a_refused_delivery_shows_issue_codes_only() -> None:
    """F5: The exception about a refused delivery shows the codes of the issues and nothing from the
    file.
    """
    # when / then
    with pytest.raises(DeliveryRefused) as refused:
        plan(f"{ANNA}\nx,y,z\n")

    assert str(refused.value) == "missing-column, unknown-column"
    assert "Anna" not in repr(refused.value)


def kinds_of(base: type[Redacted]) -> Iterator[type[Redacted]]:
    for kind in base.__subclasses__():
        yield kind
        yield from kinds_of(kind)


@pytest.mark.parametrize("kind", list(kinds_of(Redacted)), ids=lambda kind: kind.__name__)
def test_no_redacted_type_has_a_printed_form_of_its_own(kind: type[Redacted]) -> None:
    """No type with personal data replaces the printed form that hides it."""
    assert kind.__repr__ is Redacted.__repr__
    assert kind.__str__ is Redacted.__str__
