"""`tenure starters` and `tenure leavers`: who comes and who goes, and when."""

from __future__ import annotations

import csv
import io

import pytest

from tests.cli.conftest import ACME, ASKED, Desk, assert_explained
from tests.given import moment

DONE, USAGE = 0, 2
PEOPLE = """
    email,first_name,last_name,onboarding_date,offboarding_date
    anna@acme.example,Anna,Ek,2027-03-01,2027-03-31
    bram@acme.example,Bram,Es,2027-03-20,
    chris@acme.example,Chris,Om,2027-03-15,2027-06-30
    doris@acme.example,Doris,As,2020-01-01,2027-04-30
    emil@acme.example,Emil,Ur,2021-01-01,
"""


@pytest.fixture
def staffed(desk: Desk) -> Desk:
    """Returns a desk with five employees of Acme, and one of Zenith who leaves."""
    desk.configure(ACME + '\n[company.zenith]\nname = "Zenith"\nlanguage = "nl"\n')
    desk.deliver(PEOPLE)
    row = "zoe@zenith.example,Zoe,Ys,2027-03-30"
    other = desk.write(
        "alleo_employees_z.csv", f"email,first_name,last_name,offboarding_date\n{row}\n".encode()
    )
    assert desk.type("import", "acme").code == DONE
    assert desk.type("import", "zenith", other).code == DONE
    return desk


def listed(desk: Desk, *arguments: str) -> list[tuple[str, str]]:
    """Returns the moment and the first name of each person that a command lists."""
    answer = desk.type(*arguments, "--json")
    assert (answer.code, answer.err) == (DONE, "")
    return [(each["at"], each["first_name"]) for each in answer.document]


def test_who_starts_or_leaves_soon_is_listed_by_the_moment(staffed: Desk) -> None:
    """L9: Without options, `starters` and `leavers` list who starts or leaves from today until 30
    days later, in all companies or in one, the earliest first, with the moment at which access
    begins or ends."""
    # when / then
    assert listed(staffed, "starters", "acme") == [
        ("2027-03-01T00:00:00Z", "Anna"),
        ("2027-03-15T00:00:00Z", "Chris"),
        ("2027-03-20T00:00:00Z", "Bram"),
    ]
    assert listed(staffed, "leavers") == [
        ("2027-03-30T23:00:00Z", "Zoe"),
        ("2027-03-31T23:00:00Z", "Anna"),
    ]
    (anna, *_) = staffed.type("roster", "acme", "--json").document
    (leaver,) = staffed.type("leavers", "acme", "--json").document
    assert leaver == anna | {"at": "2027-03-31T23:00:00Z"}


def test_a_range_of_days_can_be_asked_for(staffed: Desk) -> None:
    """L9: --from and --until are the first and the last day of the list."""
    # when / then
    days = ("--from", "2027-04-30", "--until", "2027-06-30")
    assert listed(staffed, "leavers", *days) == [
        ("2027-04-30T23:00:00Z", "Doris"),
        ("2027-06-30T23:00:00Z", "Chris"),
    ]
    assert listed(staffed, "leavers", "--from", "2027-05-01", "--until", "2027-06-29") == []


def test_days_that_are_over_are_answered_by_what_happened(staffed: Desk) -> None:
    """L9, S5: For days that are over, the lists have who started and who was deactivated, also by
    support, at the moment at which it took effect."""
    # given
    staffed.now = moment("2027-03-10 12:00")
    staffed.type("support", "deactivate", "acme", "emil@acme.example", *ASKED)
    staffed.type("support", "deactivate", "acme", "bram@acme.example", *ASKED)
    staffed.now = moment("2027-04-02 12:00")
    staffed.type("clock")
    staffed.type("support", "release", "acme", "emil@acme.example", *ASKED)

    # when / then
    days = ("--from", "2027-03-01", "--until", "2027-03-31")
    assert listed(staffed, "leavers", "acme", *days) == [
        ("2027-03-10T12:00:00Z", "Bram"),
        ("2027-03-10T12:00:00Z", "Emil"),
        ("2027-03-31T23:00:00Z", "Anna"),
    ]
    assert listed(staffed, "starters", "acme", *days) == [
        ("2027-03-01T00:00:00Z", "Anna"),
        ("2027-03-15T00:00:00Z", "Chris"),
    ]


def test_the_lists_are_tables_and_csv(staffed: Desk) -> None:
    """The lists are tables, and with --csv they are CSV with the moment in the first column."""
    # when
    lines = staffed.type("leavers", "acme").out.splitlines()
    rows = list(csv.DictReader(io.StringIO(staffed.type("leavers", "acme", "--csv").out)))

    # then
    assert lines[1].split()[:4] == ["2027-03-31", "23:00", "acme", "offboarding-scheduled"]
    assert [(row["at"], row["company"], row["email"]) for row in rows] == [
        ("2027-03-31T23:00:00Z", "acme", "anna@acme.example")
    ]
    nobody = staffed.type("starters", "zenith", "--from", "2027-03-02").out
    assert nobody == "Nobody starts from 2027-03-02 to 2027-04-01.\n"


def test_a_range_that_ends_before_it_begins_is_explained(staffed: Desk) -> None:
    """`tenure leavers` with --until before --from exits with code 2 and explains it."""
    # when
    answer = staffed.type("leavers", "--from", "2027-05-01", "--until", "2027-04-30")

    # then
    assert answer.code == USAGE
    assert_explained(answer)


# In the time zone of the company

LOCAL = ACME.replace('language = "nl"', 'language = "nl"\n    timezone = "Pacific/Kiritimati"')


def test_moments_are_told_in_the_time_zone_of_the_company_too(staffed: Desk) -> None:
    """L9: With `timezone`, `leavers`, `show`, `status COMPANY` and the dry run of the clock tell
    moments in UTC and in the company's time zone. JSON and CSV are the same as without."""
    # given
    plain = staffed.type("leavers", "--json").out, staffed.type("leavers", "--csv").out
    staffed.configure(LOCAL + '\n[company.zenith]\nname = "Zenith"\nlanguage = "nl"\n')

    # when
    rows = staffed.type("leavers").out.splitlines()
    columns = staffed.type("leavers", "--columns", "email,local").out.splitlines()
    shown = staffed.type("show", "acme", "anna@acme.example").out
    status = staffed.type("status", "acme").out
    due = staffed.type("clock", "--dry-run", "--at", "2027-04-01").out

    # then
    assert rows[0].split()[:3] == ["AT", "LOCAL", "COMPANY"]
    assert rows[1].split()[:3] == ["2027-03-30", "23:00", "zenith"]
    assert rows[2].startswith("2027-03-31 23:00  2027-04-01 13:00 +14  acme ")
    assert columns[2].split(maxsplit=1) == ["anna@acme.example", "2027-04-01 13:00 +14"]
    local = "2027-04-01 13:00 Pacific/Kiritimati"
    assert shown.endswith(f"Can log in until 2027-03-31 23:00 UTC ({local}).\n")
    assert f"locked out at 2027-03-31 23:00 UTC ({local}), because" in due
    assert "next pick-up: 2027-03-01 20:00 UTC (2027-03-02 10:00 Pacific/Kiritimati)\n" in status
    assert (staffed.type("leavers", "--json").out, staffed.type("leavers", "--csv").out) == plain


def test_show_tells_when_somebody_can_log_in(staffed: Desk) -> None:
    """L9: `tenure show` ends with the moments from and until which a person can log in, or since
    when the account is closed. It tells nothing of somebody who just stays."""

    def ending(who: str) -> list[str]:
        lines = staffed.type("show", "acme", f"{who}@acme.example").out.splitlines()
        return [line for line in lines if line.endswith(".")]

    # when / then
    assert ending("chris") == [
        "Can log in from 2027-03-15 00:00 UTC.",
        "Can log in until 2027-06-30 23:00 UTC.",
    ]
    assert ending("emil") == []
    staffed.type("support", "deactivate", "acme", "emil@acme.example", *ASKED)
    assert ending("emil") == ["Locked out since 2027-03-01 02:45 UTC."]
    staffed.now = moment("2027-03-15 00:00")
    assert ending("chris")[0] == "Can log in from 2027-03-15 00:00 UTC, and is not activated yet."
    staffed.now = moment("2027-03-31 23:00")
    late = "Can log in until 2027-03-31 23:00 UTC, and is not locked out yet."
    assert ending("anna") == [late]
