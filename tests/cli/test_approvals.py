"""What the safeguard holds, where it is seen, and what somebody decides about it (B1 to B3)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from cli.context import login_name
from tests.cli.conftest import ASKED, Desk, assert_explained
from tests.cli.test_documents import Preview, Run, decoded
from tests.given import moment

NEXT = moment("2027-03-02 02:45")


def delivery(*, count: int = 10, leaves: str = "", domain: str = "acme", extra: str = "") -> str:
    """So many people by external id, all with one last day."""
    rows = "".join(
        f"p{n}@{domain}.example,First{n},Last{n},ext-{n},2020-01-01,{leaves}\n"
        for n in range(1, count + 1)
    )
    return f"email,first_name,last_name,external_id,onboarding_date,offboarding_date\n{rows}{extra}"


STAFF = delivery()
LEAVERS = delivery(leaves="2027-06-01")


@pytest.fixture
def staffed(desk: Desk) -> Desk:
    """Acme with ten people; the next delivery is of the next day."""
    desk.deliver(STAFF)
    assert desk.type("import", "acme").code == 0
    desk.now = NEXT
    return desk


def hold(desk: Desk, text: str = LEAVERS, company: str = "acme", folder: str = "outgoing") -> Run:
    """The run that holds a delivery."""
    desk.deliver(text, folder=folder)
    answer = desk.type("import", company, "--json")
    assert answer.code == 4
    return decoded(answer, Run)


def runs(desk: Desk, *options: str) -> list[Run]:
    return decoded(desk.type("runs", *options, "--json"), list[Run])


def find(desk: Desk, run: str | None) -> Run:
    assert run is not None
    return decoded(desk.type("run", run, "--json"), Run)


def decide(desk: Desk, decision: str, run: str, code: int = 0) -> Run:
    answer = desk.type(decision, run, *ASKED, "--json")
    assert answer.code == code
    return decoded(answer, Run)


# Held


def test_a_preview_tells_that_it_would_be_held(staffed: Desk) -> None:
    """B1: `tenure preview` of a delivery that exceeds a limit exits with code 4, says that the
    delivery would be held, and stores no run."""
    # given
    staffed.deliver(LEAVERS)

    # when
    answer = staffed.type("preview", "acme", "--json")
    told = staffed.type("preview", "acme")
    sheet = staffed.type("preview", "acme", "--csv")

    # then
    assert (answer.code, told.code, sheet.code) == (4, 4, 4)
    preview = decoded(answer, Preview)
    assert (preview.outcome, preview.issues[0].code) == ("held", "many-offboardings")
    assert len(preview.rows) == preview.counts.rows
    assert "would end as held, nothing was stored" in told.out
    assert "tenure approve" not in told.out
    assert "many-offboardings" in sheet.err
    assert "many-offboardings" not in sheet.out
    assert len(runs(staffed)) == 1


def test_a_held_delivery_is_shown_with_the_commands_to_decide(staffed: Desk) -> None:
    """B2: The output about a held delivery says why it is held and ends with the commands that
    approve and discard it."""
    # given
    staffed.deliver(LEAVERS)

    # when
    imported = staffed.type("import", "acme")
    (run,) = runs(staffed, "--held")
    shown = staffed.type("run", run.run)

    # then
    assert (imported.code, shown.code) == (4, 0)
    for answer in (imported, shown):
        assert answer.err == ""
        assert answer.out.startswith(f"acme: held (run {run.run})\n")
        for told in ("10 employees would", "10 changed", "10 events", "Nothing was applied"):
            assert told in answer.out
        assert answer.out.splitlines()[-2:] == [
            f"    tenure approve {run.run} --by NAME --reason TEXT",
            f"    tenure discard {run.run} --by NAME --reason TEXT",
        ]


# Approved


def test_the_output_of_an_approval_names_who_when_and_why(staffed: Desk) -> None:
    """The output of `tenure approve` names the outcome, who approved, when, why, and the run that
    was held."""
    # given
    held = hold(staffed)

    # when
    answer = staffed.type("approve", held.run, *ASKED)

    # then
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("acme: applied (run ")
    told = answer.out.splitlines()[1:3]
    assert told[0].startswith(f"  approve by Eva (login {login_name()}), 2027-03-02 02:45:00 to ")
    assert told[1] == "  because ticket 7"
    assert f"run {held.run}\n" in answer.out


# Discarded


def test_the_held_delivery_of_a_company_that_is_gone_can_be_discarded(staffed: Desk) -> None:
    """B2: The held delivery of a company that is no longer configured cannot be approved, but can
    be discarded."""
    # given
    held = hold(staffed)
    staffed.configure("")

    # when
    approved = staffed.type("approve", held.run, *ASKED)

    # then
    assert approved.code == 2
    assert_explained(approved, ["no company acme"])
    assert decide(staffed, "discard", held.run).outcome == "discarded"


# Both


@pytest.mark.parametrize("decision", ["approve", "discard"])
def test_a_decided_run_names_the_run_that_decided(staffed: Desk, decision: str) -> None:
    """B2: After a decision, the held run names the run that decided, and is listed as held and
    decided."""
    # given
    held = hold(staffed)

    # when
    decision_run = decide(staffed, decision, held.run)

    # then
    decided = find(staffed, held.run)
    assert decided == replace(held, ended_by=decision_run.run)
    shown = staffed.type("run", held.run)
    assert shown.code == 0
    assert f"by run {decision_run.run}\n" in shown.out
    assert "To decide" not in shown.out
    assert f"run {held.run}\n" in staffed.type("run", decision_run.run).out
    assert "held, decided" in staffed.type("runs").out


def test_the_beginning_of_an_id_is_enough(staffed: Desk) -> None:
    """The beginning of a run's id, in upper or lower case, is enough to approve or discard the
    run. A beginning that several runs have decides nothing."""
    # given
    held = hold(staffed)
    (other,) = [run for run in runs(staffed) if run.run != held.run]
    length = next(n for n in range(40) if held.run[:n] != other.run[:n])

    # when
    several = staffed.type("approve", "0", *ASKED)

    # then
    assert several.code == 2
    assert_explained(several, ["several runs fit 0"])
    assert decide(staffed, "discard", held.run[:length].upper()).ends == held.run


@pytest.mark.parametrize(("decision", "earlier"), [("approve", "discard"), ("discard", "approve")])
def test_a_delivery_is_decided_only_once(staffed: Desk, decision: str, earlier: str) -> None:
    """R1, B2: A second decision about a delivery exits with code 2, names the run of the first
    decision, and leaves no run."""
    # given
    held = hold(staffed)
    first = decide(staffed, earlier, held.run)
    before = staffed.type("runs", "--json").out

    # when
    answer = staffed.type(decision, held.run, *ASKED)

    # then
    assert answer.code == 2
    assert_explained(answer, [held.run, f"decided already, by run {first.run}"])
    assert staffed.type("runs", "--json").out == before


@pytest.mark.parametrize("decision", ["approve", "discard"])
def test_a_run_that_is_not_held_cannot_be_decided(staffed: Desk, decision: str) -> None:
    """B2: An approval or a discard of a run that is not held exits with code 2, explains it, and
    leaves no run."""
    # given
    (imported,) = runs(staffed)

    # when
    answer = staffed.type(decision, imported.run, *ASKED)

    # then
    assert answer.code == 2
    assert_explained(answer, [f"run {imported.run} is not held", "tenure runs"])
    assert runs(staffed) == [imported]


@pytest.mark.parametrize(
    ("decision", "run"), [("approve", ""), ("discard", "yesterday"), ("approve", "%")]
)
def test_a_decision_about_an_unknown_run_is_explained(
    staffed: Desk, decision: str, run: str
) -> None:
    """An approval or a discard of an unknown run id exits with code 2 and says that there is no
    such run."""
    # when
    answer = staffed.type(decision, *ASKED, "--", run)

    # then
    assert answer.code == 2
    assert_explained(answer, ["no run"])


@pytest.mark.parametrize(
    ("decision", "asked", "option"),
    [
        ("approve", ["--by", "Eva"], "--reason"),
        ("discard", ["--reason", "ticket 7"], "--by"),
        ("approve", ["--by", " ", "--reason", "ticket 7"], "--by"),
        ("discard", ["--by", "Eva", "--reason", ""], "--reason"),
        ("approve", ["--by", "Eva", "--reason", "two\nlines"], "--reason"),
        ("discard", ["--by", "x" * 1001, "--reason", "ticket 7"], "--by"),
        ("approve", ["--by", "Eva", "--reason", "\x1b]0;owned\x07"], "--reason"),
    ],
)
def test_who_and_why_are_asked_for(
    staffed: Desk, decision: str, asked: list[str], option: str
) -> None:
    """B2: An approval or a discard without `--by` or `--reason`, or with an unusable text, exits
    with code 2 and decides nothing."""
    # given
    held = hold(staffed)

    # when
    answer = staffed.type(decision, held.run, *asked)

    # then
    assert answer.code == 2
    assert_explained(answer, [option])
    assert [run.run for run in runs(staffed, "--held")] == [held.run]


# The list of runs


@pytest.fixture
def two(desk: Desk) -> Desk:
    """Acme and Zenith, each with a held delivery and later runs: Acme's was first."""
    desk.configure()
    text = (desk.directory / "tenure.toml").read_text()
    zenith = text.replace("acme", "zenith").replace("outgoing", "zenith")
    desk.write("tenure.toml", f"{text}{zenith}".encode())
    desk.deliver(STAFF)
    desk.deliver(STAFF, folder="zenith")
    for minute, company in enumerate(("acme", "zenith")):
        desk.now = moment(f"2027-03-01 02:4{minute}")
        assert desk.type("import", company).code == 0
    desk.now = NEXT
    hold(desk)
    desk.now = moment("2027-03-03 02:45")
    hold(desk, company="zenith", folder="zenith")
    for minute, company in enumerate(("acme", "zenith")):
        desk.now = moment(f"2027-03-04 02:4{minute}")
        desk.type("support", "offboard", company, "ext-1", "2027-09-09", *ASKED)
    return desk


def told(desk: Desk, *options: str) -> list[tuple[str, str, str]]:
    return [(run.company, run.kind, run.outcome) for run in runs(desk, *options)]


WAITING = [("acme", "import", "held"), ("zenith", "import", "held")]


def test_held_deliveries_are_listed_first(two: Desk) -> None:
    """B2: `tenure runs` lists the deliveries that wait for a decision first, and then the other
    runs, newest first."""
    # when / then
    assert told(two) == [
        *WAITING,
        ("zenith", "support", "applied"),
        ("acme", "support", "applied"),
        ("zenith", "import", "applied"),
        ("acme", "import", "applied"),
    ]
    lines = two.type("runs").out.splitlines()
    assert [line.split()[2] for line in lines[:4]] == ["KIND", "acme", "zenith", "zenith"]
    assert ["held" in line for line in lines[1:]] == [True, True, False, False, False, False]


def test_held_deliveries_are_listed_whatever_the_limit(two: Desk) -> None:
    """`tenure runs --limit` never leaves out a delivery that waits for a decision."""
    # when / then
    assert told(two, "--limit", "1") == WAITING
    assert told(two, "--limit", "3") == [*WAITING, ("zenith", "support", "applied")]


def test_held_deliveries_are_listed_for_one_company(two: Desk) -> None:
    """`tenure runs` lists the waiting deliveries of one company or of all, and `--held` lists
    nothing else."""
    # when / then
    assert told(two, "zenith", "--limit", "1") == WAITING[1:]
    assert told(two, "zenith") == [
        *WAITING[1:],
        ("zenith", "support", "applied"),
        ("zenith", "import", "applied"),
    ]
    assert told(two, "zenith", "--held") == WAITING[1:]
    assert told(two, "--held", "--limit", "1") == WAITING


def test_a_decided_run_is_listed_in_order_again(two: Desk) -> None:
    """After a decision, the held run is listed at its place in time and no longer with `--held`."""
    # given
    held = runs(two, "acme", "--held")[0]
    decide(two, "discard", held.run)

    # then
    assert told(two, "--held") == WAITING[1:]
    assert [run.outcome for run in runs(two, "acme")] == [
        "discarded",
        "applied",
        "held",
        "applied",
    ]
    assert two.type("runs", "acme", "--held", "--json").document == []
