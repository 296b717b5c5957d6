"""`tenure why`, and the past in `show`, `history` and `report`."""

from __future__ import annotations

import pytest

from cli.main import execute
from cli.terminal.screen import Screen
from tests.cli.conftest import ASKED, Desk, assert_explained
from tests.given import moment

FIRST = """
    email,first_name,Achternaam,external_id,onboarding_date,offboarding_date,birthday
    anna@acme.example,Anna,Bakker,1,2020-01-01,,1988-03-14
    bram@acme.example,Bram,Smit,2,2027-04-01,,
    chris@acme.example,Chris,Jansen,3,2020-01-01,2027-03-03,
"""
SECOND = FIRST.replace("Bakker", "Visser").replace("2027-04-01", "2027-05-01")


@pytest.fixture
def lived(desk: Desk) -> Desk:
    """Two deliveries, support, and a clock that came late. Anna's row is rejected in the end."""
    file = desk.configure()
    file.write_text(file.read_text() + '[company.acme.fields]\n"Achternaam" = "last_name"\n')
    for at, text in {"03-01": FIRST, "03-02": SECOND}.items():
        desk.now = moment(f"2027-{at} 02:45")
        desk.deliver(text)
        desk.type("import", "acme", "--by", "schedule")
    desk.now = moment("2027-03-03 10:00")
    desk.type("support", "change-email", "acme", "1", "new@acme.example", *ASKED)
    desk.now = moment("2027-03-05 00:00")
    desk.type("clock", "--by", "night")
    desk.now = moment("2027-03-06 02:45")
    desk.deliver(SECOND.replace("1988-03-14", "14-03-1988"))
    desk.type("import", "acme", "--by", "schedule")
    desk.now = moment("2027-03-06 12:00")
    return desk


def test_why_tells_the_state_its_cause_and_the_last_delivery(lived: Desk) -> None:
    """`tenure why` prints who it is, the access with its cause, the values that matter, and what
    the last delivery did. A former address finds the person."""
    # when
    anna, chris = (lived.type("why", "acme", who) for who in ("anna@acme.example", "3"))

    # then
    assert (anna.code, anna.err, chris.code, chris.err) == (0, "", 0, "")
    lines = anna.out.splitlines()
    assert lines[0] == "Anna Visser <new@acme.example>, external id 1: active"
    assert lines[1] == "Can log in since 2027-03-01 02:45 UTC, without a last day."
    assert "E-mail address: new@acme.example (before: anna@acme.example)" in lines
    assert "  The row of the person was rejected, and nothing of it was applied." in lines
    assert (
        '  error  bad-date  alleo_employees_1.csv:2  anna@acme.example  birthday "14-03-1988"'
        in (anna.out)
    )
    assert "Cannot log in since 2027-03-03 23:00 UTC." in chris.out
    assert "because the last day was 2027-03-03 (set on 2027-03-01, said by" in chris.out


def test_why_of_a_field_goes_back_to_the_first_value(lived: Desk) -> None:
    """`tenure why` with the company's name of a field prints its value, where it comes from, and
    the values before."""
    # when
    out = lived.type("why", "acme", "1", "achternaam").out

    # then
    head, now, before, *_ = out.splitlines()[1:]
    assert head == 'Last name: "Visser" (before: "Bakker")'
    assert 'line 2, column Achternaam: "Visser" [run ' in now
    assert before.startswith("  2027-03-01  Registered; said by alleo_employees_1.csv, line 2, ")


def test_why_as_json_is_one_document(lived: Desk) -> None:
    """`tenure why --json` answers with the document that the reference describes."""
    # when
    document = lived.type("why", "acme", "2", "onboarding_date", "--json").document

    # then
    (value,) = document["values"]
    assert document["access"]["until"] == "2027-04-01T00:00:00Z"
    assert (value["value"], value["origin"]["cell"]) == ("2027-04-01", "2027-04-01")
    assert value["file"]["value"] == "2027-05-01"
    assert document["delivery"]["row"] == "unchanged"
    assert document["delivery"]["ignored"][0]["field"] == "onboarding_date"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["acme", "1", "last nam"], "did you mean last_name"),
        (["acme", "nobody"], "nobody in acme has that"),
        (["acmee", "1"], "no company acmee"),
    ],
)
def test_an_unusable_question_is_explained(lived: Desk, words: list[str], told: str) -> None:
    """`tenure why` about an unknown field, person or company exits with code 2."""
    # when
    answer = lived.type("why", *words)

    # then
    assert answer.code == 2
    assert_explained(answer, [told])


@pytest.mark.parametrize("who", ["1", "2", "3"])
def test_an_ordinary_answer_fits_on_one_screen(
    lived: Desk, who: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """`tenure why` prints at most 24 lines of 80 characters."""
    # when
    lines = on_terminal(lived, capsys, "why", "acme", who)

    # then
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


def test_a_story_wraps_behind_the_day(lived: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """On a terminal, an event that needs several lines is indented behind its day."""
    # when
    lines = on_terminal(lived, capsys, "history", "acme", "3")

    # then
    assert max(map(len, lines)) <= 80
    assert {line[:4] for line in lines} == {"2027", "    "}


def on_terminal(desk: Desk, capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """What a command prints on a terminal of 80 columns."""
    capsys.readouterr()
    shown = {"now": lambda: desk.now, "screen": Screen(True, 80, 24), "color": False}
    assert execute(["--no-pager", *words], shown) == 0
    return capsys.readouterr().out.splitlines()


# The past


def test_every_answer_about_the_past_takes_both_limits(lived: Desk) -> None:
    """C1: `show`, `history`, `roster` and `report` tell what held, or what was known, as text, JSON
    and CSV. WHO may be what the person is called now, and the answer says so."""
    # when
    show = lived.type("show", "acme", "new@acme.example", "--as-of", "2027-03-01")
    history = lived.type("history", "acme", "1", "--known-at", "2027-03-02", "--json").document
    report = lived.type("report", "acme", "--known-at", "2027-03-04").out
    held = lived.type("report", "acme", "--as-of", "2027-03-04", "--json").document
    roster = lived.type("roster", "acme", "--known-at", "2027-03-04", "--json").document

    # then
    note = "At that moment new@acme.example did not mean this person, but anna@acme.example did\n"
    assert show.out.startswith(note)
    assert "last_name: Bakker\n" in show.out
    assert [event["kind"] for event in history] == ["registered", "details-changed"]
    assert "offboarding-scheduled,chris@acme.example" in report
    assert [each["state"] for each in held] == ["active", "pending", "deactivated"]
    assert [each["state"] for each in roster] == ["active", "pending", "offboarding-scheduled"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["show", "acme", "1", "--known-at", "2027-02-01"], "was known by that"),
        (["history", "acme", "1", "--as-of", "2027-02-01"], "as of 2027-02-01 23:59:59 UTC"),
        (["show", "acme", "1", "--known-at", "2027-03-07"], "--known-at is for the past"),
        (["report", "acme", "--as-of", "2027-03-07"], "--as-of is for the past"),
        (["roster", "acme", "--absent", "--known-at", "2027-03-01"], "has no --as-of and no"),
    ],
)
def test_a_past_that_nobody_can_tell_of_is_explained(
    lived: Desk, words: list[str], told: str
) -> None:
    """A person who was not known then, and a moment in the future, exit with code 2."""
    # when
    answer = lived.type(*words)

    # then
    assert answer.code == 2
    assert_explained(answer, [told])
