"""`tenure safeguard`, the preview of a held delivery, and parts and partial deliveries."""

from __future__ import annotations

import pytest

from tests.cli.conftest import ASKED, Desk, assert_explained
from tests.cli.test_approvals import LEAVERS, NEXT, STAFF, delivery


@pytest.fixture
def held(desk: Desk) -> str:
    """Returns the id of the run that holds ten leavers of ten people."""
    desk.deliver(STAFF)
    assert desk.type("import", "acme").code == 0
    desk.now = NEXT
    desk.deliver(LEAVERS)
    answer = desk.type("import", "acme", "--json")
    assert answer.code == 4
    return str(answer.document["run"])


def test_what_deliveries_measured_is_shown_under_the_present_limits(desk: Desk, held: str) -> None:
    """B1: `tenure safeguard` shows each delivery with its figures, and what its limits hold."""
    # when
    newest, first = desk.type("safeguard", "acme", "--json").document
    shown = desk.type("safeguard", "acme")

    # then
    assert newest["run"] == held
    assert newest["figures"] == {"offboardings": {"count": 10, "base": 10, "limit": 5}}
    assert (newest["outcome"], newest["would_hold"]) == ("held", ["offboardings"])
    assert (first["figures"], first["would_hold"]) == ({}, [])
    assert "10 of 5 offboardings" in shown.out
    assert "2 deliveries in 90 days, 1 of which would be held. 1 had nothing" in shown.out


@pytest.mark.parametrize(("limit", "holds"), [("9", True), ("10", False), ("0", False)])
def test_another_limit_is_tried_and_changes_nothing(
    desk: Desk, held: str, limit: str, holds: bool
) -> None:
    """B1: `tenure safeguard --set` shows what another limit would hold, and stores nothing."""
    # given
    before = desk.type("runs", "--json").out

    # when
    tried = desk.type("safeguard", "acme", "--set", f"max_offboardings={limit}", "--json")

    # then
    assert tried.document[0]["would_hold"] == ["offboardings"] * holds
    assert desk.type("runs", "--json").out == before


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("max_offbordings=5", ["no limit max_offbordings", "did you mean max_offboardings?"]),
        ("max_offboardings", ["--set max_offboardings=VALUE"]),
        ("notice_days=5", ["no limit notice_days"]),
        ("max_offboardings=few", ["cannot be few", "a number"]),
        ("lost_columns=5", ["cannot be 5", '"warn"']),
    ],
)
def test_a_wrong_limit_is_explained(desk: Desk, given: str, words: list[str]) -> None:
    """A limit that does not exist, or a value that it cannot have, exits with code 2."""
    # when
    answer = desk.type("safeguard", "acme", "--set", given)

    # then
    assert answer.code == 2
    assert_explained(answer, words)


def test_a_held_delivery_is_previewed(desk: Desk, held: str) -> None:
    """B4: `tenure preview --run` shows the rows of a held delivery, whatever lies in the folder."""
    # given
    desk.deliver(STAFF)

    # when
    answer = desk.type("preview", "--run", held, "--json")

    # then
    assert answer.code == 4
    assert [row["action"] for row in answer.document["rows"]] == ["offboard"] * 10


def test_a_part_of_a_held_delivery_is_applied(desk: Desk, held: str) -> None:
    """B5: `tenure approve --without` applies the other rows and lists what is left out."""
    # when
    answer = desk.type(
        "approve", held, "--without", "ext-1", "--without", "p2@acme.example", *ASKED, "--json"
    )

    # then
    assert answer.code == 0
    assert answer.document["counts"]["changed"] == 8
    assert [issue["code"] for issue in answer.document["issues"]] == ["left-out"] * 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--without", "nobody@acme.example"], ["nobody@acme.example", "tenure preview --run"]),
        (["--only", "leaver"], ["offboarding-scheduled"]),
    ],
)
def test_a_wrong_part_is_explained(
    desk: Desk, held: str, options: list[str], words: list[str]
) -> None:
    """B5: A person whom the delivery does not change, and an unknown kind, exit with code 2."""
    # when
    answer = desk.type("approve", held, *options, *ASKED)

    # then
    assert answer.code == 2
    assert_explained(answer, words)


@pytest.mark.parametrize("command", ["import", "preview"])
def test_files_may_be_partial(desk: Desk, command: str) -> None:
    """D12: `--partial` lets a small file pass in which nobody is absent. It needs files."""
    # given
    desk.deliver(delivery(count=40))
    assert desk.type("import", "acme").code == 0
    small = desk.write("some.csv", delivery(count=2, leaves="2027-06-01").encode())

    # when
    whole = desk.type("preview", "acme", small, "--json")
    answer = desk.type(command, "acme", small, "--partial", "--json")
    alone = desk.type(command, "acme", "--partial")

    # then
    assert (whole.code, whole.document["counts"]["absent"]) == (4, 38)
    assert (answer.code, answer.document["counts"]["absent"]) == (0, 0)
    assert alone.code == 2
    assert 'deliveries = "partial"' in alone.err


@pytest.mark.parametrize("arguments", [[], ["acme", "--run", "last"]])
def test_a_preview_is_of_a_company_or_of_a_run(desk: Desk, arguments: list[str]) -> None:
    """`tenure preview` without a company and a run, or with both, exits with code 2."""
    # when
    answer = desk.type("preview", *arguments)

    # then
    assert answer.code == 2
    assert_explained(answer, ["give one COMPANY, or --run RUN."])
