"""Questions about companies that left, or whose settings are broken: what is stored is told."""

from __future__ import annotations

import pytest

from tests.cli.conftest import ACME, ASKED, Desk, assert_explained
from tests.given import moment

PEOPLE = """
    email,first_name,last_name,external_id,onboarding_date,offboarding_date,custom_salary
    anna@acme.example,Anna,Bakker,ext-anna,2020-01-01,,10.50
    bram@acme.example,Bram,Smit,ext-bram,2027-03-03,,
    chris@acme.example,Chris,Jansen,ext-chris,2020-01-01,2027-03-03,
"""
ZENITH = ACME.replace("acme", "zenith")
SETTINGS = {
    "removed": ZENITH,
    "the last one removed": "",
    "broken": ZENITH + "    [company.acme]\n    name = 'Acme BV'\n",
    "broken source": ZENITH + ACME.replace('protocol = "folder"', 'protocol = "pigeon"'),
}
WHO = ("anna@acme.example", "ext-anna")
QUESTIONS: list[list[str]] = [
    ["runs", "acme"],
    ["runs", "acme", "--held"],
    ["roster", "acme"],
    ["roster", "acme", "--as-of", "2027-03-01"],
    ["roster", "acme", "--state", "active"],
    ["show", "acme", WHO[0]],
    ["show", "acme", WHO[1]],
    ["history", "acme", WHO[1]],
    ["audit", "acme", "--kind", "deactivated"],
    ["report", "acme"],
]
DEEDS: list[list[str]] = [
    ["import", "acme"],
    ["preview", "acme"],
    ["support", "deactivate", "acme", WHO[1], *ASKED],
]


@pytest.fixture
def lived(desk: Desk) -> Desk:
    """Acme after an import, support and the clock, and beside it Zenith, which has no runs."""
    desk.configure(ACME + ZENITH)
    desk.deliver(PEOPLE)
    assert desk.type("import", "acme").code == 0
    assert desk.type("support", "deactivate", "acme", "ext-bram", *ASKED).code == 0
    desk.now = moment("2027-03-04 00:00")
    assert desk.type("clock").code == 0
    return desk


@pytest.mark.parametrize("settings", SETTINGS)
def test_what_is_stored_of_a_company_is_told_whatever_its_settings(
    lived: Desk, settings: str
) -> None:
    """R2: Questions about a company and its runs are answered the same after its settings were
    removed or became wrong."""
    # given
    run = lived.type("runs", "acme", "--json").document[0]["run"]
    questions = [*QUESTIONS, ["run", run], ["audit", "acme", "--run", run]]
    asking = [[*question, *form] for question in questions for form in ([], ["--json"])]
    before = [lived.type(*question) for question in asking]
    lived.configure(SETTINGS[settings])

    # when
    after = [lived.type(*question) for question in asking]

    # then
    assert {answer.code for answer in before} == {0}
    assert after == before


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_report_of_a_company_without_settings_has_the_custom_fields_in_use(
    lived: Desk, settings: str
) -> None:
    """The report of a company without settings has the custom fields that an employee has, and not
    the ones that were only configured."""
    # given
    lived.configure(ACME + '    custom_bonus = "decimal"\n' + ZENITH)
    assert "alleo_custom_bonus" in lived.type("report", "acme").out
    lived.configure(SETTINGS[settings])

    # when
    header, *people = lived.type("report", "acme").out.splitlines()

    # then
    assert header.endswith(",alleo_custom_salary")
    assert len(people) == 3


@pytest.mark.parametrize("settings", SETTINGS)
def test_nothing_is_done_for_a_company_without_settings(lived: Desk, settings: str) -> None:
    """Import, preview and support for a company without settings exit with code 2, explain it, and
    leave no run."""
    # given
    lived.configure(SETTINGS[settings])
    before = lived.type("runs", "--json").out

    # when
    answers = [lived.type(*deed) for deed in DEEDS]

    # then
    for answer in answers:
        assert answer.code == 2
        assert_explained(answer, ["acme"])
    assert lived.type("runs", "--json").out == before


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_company_or_an_employee_that_never_was_is_unknown(lived: Desk, settings: str) -> None:
    """A question about a company or an employee that never existed exits with code 2 and says
    so."""
    # given
    lived.configure(SETTINGS[settings])

    # when / then
    for question in QUESTIONS:
        answer = lived.type(*("acne" if word == "acme" else word for word in question))
        assert answer.code == 2
        assert_explained(answer, ["no company acne"])
    for question in (["show"], ["history"]):
        answer = lived.type(*question, "acme", "nobody@acme.example")
        assert answer.code == 2
        assert_explained(answer, ["nobody in acme"])


def test_a_configured_company_without_runs_is_known(lived: Desk) -> None:
    """A configured company without runs is known, although nothing is stored of it."""
    # when / then
    for question in QUESTIONS:
        answer = lived.type(*("zenith" if word == "acme" else word for word in question))
        assert answer.code == (2 if question[0] in ("show", "history") else 0)
        assert "no company" not in answer.err
