"""What the safeguard holds, where it is seen, and what somebody decides about it (B1 to B3)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from adapters.use_cases import plan_files
from tests.cli.conftest import ACME, ASKED, Answer, Desk, assert_explained
from tests.cli.test_documents import Happened, Person, Preview, Run, decoded
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
REJECTED = "".join(f"no address,First,Last,extra-{n},,\n" for n in range(6))
HELD: dict[str, tuple[str, str, str]] = {
    "offboardings": (LEAVERS, "many-offboardings", "max_offboardings"),
    "addresses": (delivery(domain="new"), "many-email-changes", "max_email_changes"),
    "registrations": (delivery(count=61), "many-registrations", "max_registrations"),
    "rejected rows": (delivery(extra=REJECTED), "many-rejected-rows", "max_rejected_rows"),
}


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


def leaving(desk: Desk) -> int:
    """How many people have a last day."""
    people = decoded(desk.type("roster", "acme", "--json"), list[Person])
    return sum(person.offboarding_date is not None for person in people)


# Held


@pytest.mark.parametrize("case", HELD)
def test_a_held_delivery_tells_why_and_what_it_would_do(staffed: Desk, case: str) -> None:
    """B1"""
    text, code, _ = HELD[case]
    before = staffed.type("roster", "acme", "--json").out

    run = hold(staffed, text)

    assert (run.outcome, run.ends, run.ended_by) == ("held", None, None)
    first = run.issues[0]
    assert (first.severity, first.code, first.file, first.line) == ("warning", code, None, None)
    assert run.counts.rows == text.count("\n") - 1
    assert run.counts.events == {"registrations": 51, "rejected rows": 0}.get(case, 10)
    assert staffed.type("roster", "acme", "--json").out == before
    assert len(decoded(staffed.type("audit", "acme", "--json"), list[Happened])) == 10


@pytest.mark.parametrize("case", HELD)
def test_a_preview_tells_that_it_would_be_held(staffed: Desk, case: str) -> None:
    text, code, _ = HELD[case]
    staffed.deliver(text)

    answer = staffed.type("preview", "acme", "--json")
    told = staffed.type("preview", "acme")
    sheet = staffed.type("preview", "acme", "--csv")

    assert (answer.code, told.code, sheet.code) == (4, 4, 4)
    preview = decoded(answer, Preview)
    assert (preview.outcome, preview.issues[0].code) == ("held", code)
    assert len(preview.rows) == preview.counts.rows
    assert "would end as held, nothing was stored" in told.out
    assert "tenure approve" not in told.out
    assert code in sheet.err
    assert code not in sheet.out
    assert len(runs(staffed)) == 1


@pytest.mark.parametrize("case", HELD)
@pytest.mark.parametrize("limit", ["0", "100", '"1000%"'])
def test_each_limit_is_the_companys(staffed: Desk, case: str, limit: str) -> None:
    """B1"""
    text, _, key = HELD[case]
    staffed.configure(f"{ACME}\n    [company.acme.policy]\n    {key} = {limit}\n")
    staffed.deliver(text)

    assert staffed.type("import", "acme").code == (3 if case == "rejected rows" else 0)


def test_what_is_held_is_told_with_how_to_decide(staffed: Desk) -> None:
    staffed.deliver(LEAVERS)

    imported = staffed.type("import", "acme")
    (run,) = runs(staffed, "--held")
    shown = staffed.type("run", run.run)

    assert (imported.code, shown.code) == (4, 0)
    for answer in (imported, shown):
        assert answer.err == ""
        assert answer.out.startswith(f"acme: held (run {run.run})\n")
        for told in ("10 of 10 employees", "10 changed", "10 events", "Nothing was applied"):
            assert told in answer.out
        assert answer.out.splitlines()[-2:] == [
            f"    tenure approve {run.run} --by NAME --reason TEXT",
            f"    tenure discard {run.run} --by NAME --reason TEXT",
        ]


def test_the_same_delivery_stays_held_by_the_same_run(staffed: Desk) -> None:
    """B3"""
    first = hold(staffed)
    staffed.now = moment("2027-03-02 20:00")

    again = hold(staffed)

    assert again == first
    assert [run.run for run in runs(staffed)].count(first.run) == 1
    assert len(runs(staffed)) == 2


def test_a_newer_delivery_ends_what_is_held(staffed: Desk) -> None:
    """B3"""
    held = hold(staffed)
    staffed.deliver(STAFF.replace("First1,", "Anna,"))

    answer = staffed.type("import", "acme", "--by", "Bob", "--json")

    assert answer.code == 0
    imported = decoded(answer, Run)
    ender = find(staffed, find(staffed, held.run).ended_by)
    assert (ender.kind, ender.outcome, ender.ends) == ("discard", "discarded", held.run)
    assert (ender.by, ender.reason) == ("Bob", "another delivery took its place")
    assert ender.run != imported.run
    assert imported.ends is None
    assert runs(staffed, "--held") == []


def test_a_newer_delivery_may_be_held_in_its_turn(staffed: Desk) -> None:
    """B3"""
    first = hold(staffed)

    second = hold(staffed, delivery(leaves="2027-06-02"))

    assert second.run != first.run
    assert [run.run for run in runs(staffed, "--held")] == [second.run]


# Approved


def test_an_approved_delivery_is_applied_as_it_was_held(staffed: Desk) -> None:
    """B2: from what is kept of it, whatever lies in the folder now."""
    held = hold(staffed)
    staffed.deliver(delivery(leaves="2029-01-01"))

    run = decide(staffed, "approve", held.run)

    assert (run.kind, run.outcome, run.ends) == ("approve", "applied", held.run)
    assert (run.by, run.reason) == ("Eva", "ticket 7")
    assert (run.files, run.counts) == (held.files, held.counts)
    assert "many-offboardings" not in [issue.code for issue in run.issues]
    people = decoded(staffed.type("roster", "acme", "--json"), list[Person])
    assert {person.offboarding_date for person in people} == {"2027-06-01"}
    *_, last = decoded(staffed.type("history", "acme", "ext-3", "--json"), list[Happened])
    assert (last.kind, last.run, last.by) == ("offboarding-scheduled", run.run, "Eva")
    assert (last.reason, last.file, last.line) == ("ticket 7", "alleo_employees_1.csv", 4)


def test_an_approved_delivery_is_not_held_at_the_next_pickup(staffed: Desk) -> None:
    """B2"""
    held = hold(staffed, delivery(extra=REJECTED))
    assert decide(staffed, "approve", held.run, code=3).counts.rejected == 6

    again = staffed.type("import", "acme", "--json")

    assert again.code == 3
    assert decoded(again, Run).outcome == "unchanged"


def test_a_decision_is_told_to_people(staffed: Desk) -> None:
    held = hold(staffed)

    answer = staffed.type("approve", held.run, *ASKED)

    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("acme: applied (run ")
    told = answer.out.splitlines()[1:3]
    assert told[0].startswith("  approve by Eva, 2027-03-02 02:45:00 to ")
    assert told[1] == "  because ticket 7"
    assert f"run {held.run}\n" in answer.out


def test_what_changed_since_is_planned_and_held_again(staffed: Desk) -> None:
    """B2"""
    held = hold(staffed)
    staffed.type("support", "deactivate", "acme", "ext-10", *ASKED)

    answer = staffed.type("approve", held.run, *ASKED)

    assert answer.code == 4
    assert answer.err == ""
    (again,) = runs(staffed, "--held")
    assert answer.out.startswith(f"acme: held (run {again.run})\n")
    assert f"tenure approve {again.run}" in answer.out
    assert "9 of 9 employees" in answer.out
    assert (again.kind, again.ends, again.reason) == ("approve", held.run, "ticket 7")
    assert again.counts.events == 9
    assert find(staffed, held.run).ended_by == again.run
    assert leaving(staffed) == 0

    assert decide(staffed, "approve", again.run, code=3).ends == again.run
    assert leaving(staffed) == 9


def test_what_the_safeguard_no_longer_minds_is_applied(staffed: Desk) -> None:
    """B2"""
    held = hold(staffed)
    staffed.configure(f"{ACME}\n    [company.acme.policy]\n    max_offboardings = 10\n")

    assert decide(staffed, "approve", held.run).outcome == "applied"
    assert leaving(staffed) == 10


def test_a_delivery_that_is_refused_when_it_is_approved_goes_on_waiting(staffed: Desk) -> None:
    held = hold(staffed)
    staffed.configure(f"{ACME}\n    [company.acme.limits]\n    rows = 3\n")

    refused = decide(staffed, "approve", held.run, code=5)

    assert (refused.kind, refused.outcome, refused.ends) == ("approve", "refused", None)
    assert [issue.code for issue in refused.issues] == ["too-many-rows"]
    assert [run.run for run in runs(staffed, "--held")] == [held.run]
    staffed.configure()
    assert decide(staffed, "approve", held.run).outcome == "applied"


def test_a_fault_leaves_a_held_delivery_waiting(
    staffed: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1, R2"""
    held = hold(staffed)

    def fail(*_: object) -> object:
        raise KeyError("First1")

    with monkeypatch.context() as broken:
        broken.setattr(plan_files, "plan_delivery", fail)
        answer = staffed.type("approve", held.run, *ASKED)

    assert answer.code == 1
    assert_explained(answer, ["KeyError", "--debug"])
    assert "First1" not in answer.err
    waits, failed, *_ = runs(staffed)
    assert (waits.run, waits.ended_by) == (held.run, None)
    assert (failed.kind, failed.outcome, failed.ends) == ("approve", "failed", None)
    assert decide(staffed, "approve", held.run).outcome == "applied"


# Discarded


def test_a_discarded_delivery_changes_nobody(staffed: Desk) -> None:
    """B2"""
    held = hold(staffed)

    run = decide(staffed, "discard", held.run)

    assert (run.kind, run.outcome, run.ends) == ("discard", "discarded", held.run)
    assert (run.by, run.reason) == ("Eva", "ticket 7")
    assert (run.counts.rows, run.counts.events, run.files) == (0, 0, [])
    assert leaving(staffed) == 0
    assert runs(staffed, "--held") == []


def test_a_delivery_that_is_still_there_is_held_again_once_it_was_discarded(
    staffed: Desk,
) -> None:
    """B2"""
    held = hold(staffed)
    decide(staffed, "discard", held.run)

    assert hold(staffed).run != held.run


def test_the_held_delivery_of_a_company_that_is_gone_can_be_discarded(staffed: Desk) -> None:
    held = hold(staffed)
    staffed.configure("")

    approved = staffed.type("approve", held.run, *ASKED)

    assert approved.code == 2
    assert_explained(approved, ["no company acme"])
    assert decide(staffed, "discard", held.run).outcome == "discarded"


# Both


@pytest.mark.parametrize("decision", ["approve", "discard"])
def test_a_decided_run_tells_by_which(staffed: Desk, decision: str) -> None:
    held = hold(staffed)

    decision_run = decide(staffed, decision, held.run)

    decided = find(staffed, held.run)
    assert decided == replace(held, ended_by=decision_run.run)
    shown = staffed.type("run", held.run)
    assert shown.code == 0
    assert f"by run {decision_run.run}\n" in shown.out
    assert "To decide" not in shown.out
    assert f"run {held.run}\n" in staffed.type("run", decision_run.run).out
    assert "held, decided" in staffed.type("runs").out


@pytest.mark.parametrize("decision", ["approve", "discard"])
def test_the_beginning_of_an_id_is_enough(staffed: Desk, decision: str) -> None:
    held = hold(staffed)
    (other,) = [run for run in runs(staffed) if run.run != held.run]
    length = next(n for n in range(40) if held.run[:n] != other.run[:n])

    assert decide(staffed, decision, held.run[:length].upper()).ends == held.run


@pytest.mark.parametrize("decision", ["approve", "discard"])
@pytest.mark.parametrize("earlier", ["approve", "discard"])
def test_what_was_decided_is_decided(staffed: Desk, decision: str, earlier: str) -> None:
    """R1"""
    held = hold(staffed)
    first = decide(staffed, earlier, held.run)
    before = staffed.type("runs", "--json").out

    answer = staffed.type(decision, held.run, *ASKED)

    assert answer.code == 2
    assert_explained(answer, [held.run, f"decided already, by run {first.run}"])
    assert staffed.type("runs", "--json").out == before


@pytest.mark.parametrize("decision", ["approve", "discard"])
def test_only_what_is_held_is_decided(staffed: Desk, decision: str) -> None:
    (imported,) = runs(staffed)

    answer = staffed.type(decision, imported.run, *ASKED)

    assert answer.code == 2
    assert_explained(answer, [f"run {imported.run} is not held", "tenure runs"])
    assert runs(staffed) == [imported]


@pytest.mark.parametrize("decision", ["approve", "discard"])
@pytest.mark.parametrize("run", ["", "0123", "yesterday", "-", "0" * 33, "%"])
def test_a_run_is_one_that_there_is(staffed: Desk, decision: str, run: str) -> None:
    answer = staffed.type(decision, *ASKED, "--", run)

    assert answer.code == 2
    assert_explained(answer, ["no run"])


@pytest.mark.parametrize("decision", ["approve", "discard"])
def test_a_beginning_of_several_is_not_guessed(staffed: Desk, decision: str) -> None:
    hold(staffed)

    answer = staffed.type(decision, "0", *ASKED)

    assert answer.code == 2
    assert_explained(answer, ["several runs begin with 0"])
    assert len(runs(staffed, "--held")) == 1


@pytest.mark.parametrize("decision", ["approve", "discard"])
@pytest.mark.parametrize(
    ("asked", "option"),
    [
        (["--by", "Eva"], "--reason"),
        (["--reason", "ticket 7"], "--by"),
        (["--by", " ", "--reason", "ticket 7"], "--by"),
        (["--by", "Eva", "--reason", ""], "--reason"),
        (["--by", "Eva", "--reason", "two\nlines"], "--reason"),
        (["--by", "x" * 1001, "--reason", "ticket 7"], "--by"),
        (["--by", "Eva", "--reason", "\x1b]0;owned\x07"], "--reason"),
    ],
)
def test_who_and_why_are_asked_for(
    staffed: Desk, decision: str, asked: list[str], option: str
) -> None:
    held = hold(staffed)

    answer = staffed.type(decision, held.run, *asked)

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


def test_what_waits_comes_first(two: Desk) -> None:
    """B2"""
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


def test_what_waits_is_listed_whatever_the_limit(two: Desk) -> None:
    assert told(two, "--limit", "1") == WAITING
    assert told(two, "--limit", "3") == [*WAITING, ("zenith", "support", "applied")]


def test_what_waits_is_listed_for_one_company(two: Desk) -> None:
    assert told(two, "zenith", "--limit", "1") == WAITING[1:]
    assert told(two, "zenith") == [
        *WAITING[1:],
        ("zenith", "support", "applied"),
        ("zenith", "import", "applied"),
    ]
    assert told(two, "zenith", "--held") == WAITING[1:]
    assert told(two, "--held", "--limit", "1") == WAITING


def test_what_was_decided_is_in_its_place_again(two: Desk) -> None:
    held = runs(two, "acme", "--held")[0]
    decide(two, "discard", held.run)

    assert told(two, "--held") == WAITING[1:]
    assert [run.outcome for run in runs(two, "acme")] == [
        "discarded",
        "applied",
        "held",
        "applied",
    ]
    assert two.type("runs", "acme", "--held", "--json").document == []


def test_the_highest_code_of_all_companies_counts(two: Desk) -> None:
    """R6: Zenith's delivery is held still, and Acme's was discarded and is good now."""
    two.deliver(STAFF)

    answer: Answer = two.type("import", "--all")

    assert answer.code == 4
    assert "acme: " in answer.out
    assert "zenith: held" in answer.out
