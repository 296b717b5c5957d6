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
    """B1: `tenure import` exits with code 4 for a held delivery, tells the exceeded limit and what
    the delivery would do, and changes no employee."""
    # given
    text, code, _ = HELD[case]
    before = staffed.type("roster", "acme", "--json").out

    # when
    run = hold(staffed, text)

    # then
    assert (run.outcome, run.ends, run.ended_by) == ("held", None, None)
    first = run.issues[0]
    assert (first.severity, first.code, first.file, first.line) == ("warning", code, None, None)
    assert run.counts.rows == text.count("\n") - 1
    assert run.counts.events == {"registrations": 51, "rejected rows": 0}.get(case, 10)
    assert staffed.type("roster", "acme", "--json").out == before
    assert len(decoded(staffed.type("audit", "acme", "--json"), list[Happened])) == 10


@pytest.mark.parametrize("case", HELD)
def test_a_preview_tells_that_it_would_be_held(staffed: Desk, case: str) -> None:
    """B1: `tenure preview` of a delivery that exceeds a limit exits with code 4, says that the
    delivery would be held, and stores no run."""
    # given
    text, code, _ = HELD[case]
    staffed.deliver(text)

    # when
    answer = staffed.type("preview", "acme", "--json")
    told = staffed.type("preview", "acme")
    sheet = staffed.type("preview", "acme", "--csv")

    # then
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
    """B1: Each limit of the safeguard can be set or switched off in the company's policy."""
    # given
    text, _, key = HELD[case]
    staffed.configure(f"{ACME}\n    [company.acme.policy]\n    {key} = {limit}\n")
    staffed.deliver(text)

    # when / then
    assert staffed.type("import", "acme").code == (3 if case == "rejected rows" else 0)


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


def test_the_same_delivery_stays_held_by_the_same_run(staffed: Desk) -> None:
    """B3: A further import of a held delivery answers with the run that holds it and makes no
    second run."""
    # given
    first = hold(staffed)
    staffed.now = moment("2027-03-02 20:00")

    # when
    again = hold(staffed)

    # then
    assert again == first
    assert [run.run for run in runs(staffed)].count(first.run) == 1
    assert len(runs(staffed)) == 2


def test_a_different_delivery_ends_the_held_one(staffed: Desk) -> None:
    """B3: An import of a different delivery ends the held one with a run of kind discard by the
    same person."""
    # given
    held = hold(staffed)
    staffed.deliver(STAFF.replace("First1,", "Anna,"))

    # when
    answer = staffed.type("import", "acme", "--by", "Bob", "--json")

    # then
    assert answer.code == 0
    imported = decoded(answer, Run)
    ender = find(staffed, find(staffed, held.run).ended_by)
    assert (ender.kind, ender.outcome, ender.ends) == ("discard", "discarded", held.run)
    assert (ender.by, ender.reason) == ("Bob", "another delivery took its place")
    assert ender.run != imported.run
    assert imported.ends is None
    assert runs(staffed, "--held") == []


def test_a_different_delivery_can_be_held_in_its_turn(staffed: Desk) -> None:
    """B3: A different delivery that exceeds a limit too is held in place of the first one."""
    # given
    first = hold(staffed)

    # when
    second = hold(staffed, delivery(leaves="2027-06-02"))

    # then
    assert second.run != first.run
    assert [run.run for run in runs(staffed, "--held")] == [second.run]


# Approved


def test_an_approved_delivery_is_applied_as_it_was_held(staffed: Desk) -> None:
    """B2: `tenure approve` applies the files that were kept, whatever lies in the directory now,
    and the history names who approved and why."""
    # given
    held = hold(staffed)
    staffed.deliver(delivery(leaves="2029-01-01"))

    # when
    run = decide(staffed, "approve", held.run)

    # then
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
    """B2: An approved delivery is not held again at the next pick-up."""
    # given
    held = hold(staffed, delivery(extra=REJECTED))
    assert decide(staffed, "approve", held.run, code=3).counts.rejected == 6

    # when
    again = staffed.type("import", "acme", "--json")

    # then
    assert again.code == 3
    assert decoded(again, Run).outcome == "unchanged"


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
    assert told[0].startswith("  approve by Eva, 2027-03-02 02:45:00 to ")
    assert told[1] == "  because ticket 7"
    assert f"run {held.run}\n" in answer.out


def test_an_approval_after_a_change_plans_and_holds_the_delivery_again(staffed: Desk) -> None:
    """B2: When an employee changed since, `tenure approve` holds the delivery again with the new
    figures and exits with code 4, and a second approval applies it."""
    # given
    held = hold(staffed)
    staffed.type("support", "deactivate", "acme", "ext-10", *ASKED)

    # when
    answer = staffed.type("approve", held.run, *ASKED)

    # then
    assert answer.code == 4
    assert answer.err == ""
    (again,) = runs(staffed, "--held")
    assert answer.out.startswith(f"acme: held (run {again.run})\n")
    assert f"tenure approve {again.run}" in answer.out
    assert "9 employees would" in answer.out
    assert (again.kind, again.ends, again.reason) == ("approve", held.run, "ticket 7")
    assert again.counts.events == 9
    assert find(staffed, held.run).ended_by == again.run
    assert leaving(staffed) == 0

    # when / then
    assert decide(staffed, "approve", again.run, code=3).ends == again.run
    assert leaving(staffed) == 9


def test_an_approval_under_a_higher_limit_applies_the_delivery(staffed: Desk) -> None:
    """B2: When the changed limit allows a held delivery, `tenure approve` applies it."""
    # given
    held = hold(staffed)
    staffed.configure(f"{ACME}\n    [company.acme.policy]\n    max_offboardings = 10\n")

    # when / then
    assert decide(staffed, "approve", held.run).outcome == "applied"
    assert leaving(staffed) == 10


def test_a_delivery_that_is_refused_when_it_is_approved_goes_on_waiting(staffed: Desk) -> None:
    """B2: When the changed settings refuse a held delivery, `tenure approve` exits with code 5 and
    the delivery still waits."""
    # given
    held = hold(staffed)
    staffed.configure(f"{ACME}\n    [company.acme.limits]\n    rows = 3\n")

    # when
    refused = decide(staffed, "approve", held.run, code=5)

    # then
    assert (refused.kind, refused.outcome, refused.ends) == ("approve", "refused", None)
    assert [issue.code for issue in refused.issues] == ["too-many-rows"]
    assert [run.run for run in runs(staffed, "--held")] == [held.run]
    staffed.configure()
    assert decide(staffed, "approve", held.run).outcome == "applied"


def test_a_fault_leaves_a_held_delivery_waiting(
    staffed: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1, R2: A fault during an approval is recorded as a failed run and explained without content,
    and the delivery still waits."""
    # given
    held = hold(staffed)

    def fail(*_: object) -> object:
        raise KeyError("First1")

    # when
    with monkeypatch.context() as broken:
        broken.setattr(plan_files, "plan_delivery", fail)
        answer = staffed.type("approve", held.run, *ASKED)

    # then
    assert answer.code == 1
    assert_explained(answer, ["KeyError", "--debug"])
    assert "First1" not in answer.err
    waits, failed, *_ = runs(staffed)
    assert (waits.run, waits.ended_by) == (held.run, None)
    assert (failed.kind, failed.outcome, failed.ends) == ("approve", "failed", None)
    assert decide(staffed, "approve", held.run).outcome == "applied"


# Discarded


def test_a_discarded_delivery_changes_nobody(staffed: Desk) -> None:
    """B2: `tenure discard` ends a held delivery without changing an employee, and its run names who
    decided and why."""
    # given
    held = hold(staffed)

    # when
    run = decide(staffed, "discard", held.run)

    # then
    assert (run.kind, run.outcome, run.ends) == ("discard", "discarded", held.run)
    assert (run.by, run.reason) == ("Eva", "ticket 7")
    assert (run.counts.rows, run.counts.events, run.files) == (0, 0, [])
    assert leaving(staffed) == 0
    assert runs(staffed, "--held") == []


def test_a_delivery_that_is_still_there_is_held_again_once_it_was_discarded(
    staffed: Desk,
) -> None:
    """B2: A discarded delivery that still lies in the directory is held again at the next
    import."""
    # given
    held = hold(staffed)
    decide(staffed, "discard", held.run)

    # when / then
    assert hold(staffed).run != held.run


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


@pytest.mark.parametrize("decision", ["approve", "discard"])
def test_the_beginning_of_an_id_is_enough(staffed: Desk, decision: str) -> None:
    """The beginning of a run's id, in upper or lower case, is enough to approve or discard the
    run."""
    # given
    held = hold(staffed)
    (other,) = [run for run in runs(staffed) if run.run != held.run]
    length = next(n for n in range(40) if held.run[:n] != other.run[:n])

    # when / then
    assert decide(staffed, decision, held.run[:length].upper()).ends == held.run


@pytest.mark.parametrize("decision", ["approve", "discard"])
@pytest.mark.parametrize("earlier", ["approve", "discard"])
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


@pytest.mark.parametrize("decision", ["approve", "discard"])
@pytest.mark.parametrize("run", ["", "0123", "yesterday", "-", "0" * 33, "%"])
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


@pytest.mark.parametrize("decision", ["approve", "discard"])
def test_a_beginning_of_several_run_ids_is_refused(staffed: Desk, decision: str) -> None:
    """An approval or a discard by a beginning that several run ids have exits with code 2 and
    decides nothing."""
    # given
    hold(staffed)

    # when
    answer = staffed.type(decision, "0", *ASKED)

    # then
    assert answer.code == 2
    assert_explained(answer, ["several runs fit 0"])
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


def test_the_highest_code_of_all_companies_counts(two: Desk) -> None:
    """R6: `tenure import --all` exits with the highest code of all companies, here of the company
    whose delivery is still held."""
    # given
    two.deliver(STAFF)

    # when
    answer: Answer = two.type("import", "--all")

    # then
    assert answer.code == 4
    assert "acme: " in answer.out
    assert "zenith: held" in answer.out
