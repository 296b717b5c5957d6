"""`tenure rekey`: what it reads, prints and answers (S12)."""

from __future__ import annotations

import pytest

from cli import exit_codes
from tests.cli.conftest import ASKED, Desk, assert_explained

HEADER = "email,first_name,last_name,external_id"
OLD = f"{HEADER}\nanna@acme.example,Anna,Bakker,1\nbram@acme.example,Bram,Smit,2\n"
NEW = f"{HEADER}\nanna@acme.example,Anna,Bakker,100\nbram@acme.example,Bert,Smit,-200\n"


@pytest.fixture
def acme(desk: Desk) -> Desk:
    """Acme's directory, after a delivery with the old numbers."""
    desk.deliver(OLD)
    assert desk.type("import", "acme").code == exit_codes.DONE
    return desk


def mapped(desk: Desk, *lines: str) -> str:
    """Writes a map, and returns its path."""
    return str(desk.write("map.csv", "\n".join(("old,new", *lines, "")).encode()))


def test_the_suggested_map_can_be_applied(acme: Desk) -> None:
    """S12: The CSV of a suggestion, safe for a spreadsheet, is the map that a rekey reads; then the
    delivery with the new numbers is taken."""
    # given
    acme.deliver(NEW)
    assert acme.type("import", "acme").code == exit_codes.REJECTED

    # when
    suggested = acme.type("rekey", "acme", "--suggest")
    path = acme.write("map.csv", suggested.out.encode())
    answer = acme.type("rekey", "acme", path, *ASKED)

    # then
    assert suggested.out == (
        "old,new,email,first_name,last_name,matched_by,sure\n"
        '1,100,anna@acme.example,Anna,Bakker,"email, first_name, last_name",yes\n'
        '2,\'-200,bram@acme.example,Bram,Smit,"email, last_name",yes\n'
    )
    assert (suggested.code, answer.code) == (exit_codes.DONE, exit_codes.DONE)
    assert "2 changed" in answer.out
    assert acme.type("import", "acme").code == exit_codes.DONE
    assert (
        acme.type("show", "acme", "bram@acme.example", "--json").document["external_id"] == "-200"
    )


def test_a_suggestion_as_json_is_a_list(acme: Desk) -> None:
    """S12: With --json, the suggestion is a list of objects with the same fields."""
    # given
    path = acme.write("new.csv", NEW.encode())

    # when
    first, _ = acme.type("rekey", "acme", "--suggest", path, "--json").document

    # then
    assert first == {
        "old": "1",
        "new": "100",
        "email": "anna@acme.example",
        "first_name": "Anna",
        "last_name": "Bakker",
        "matched_by": "email, first_name, last_name",
        "sure": True,
    }


def test_a_dry_run_shows_each_line_and_stores_nothing(acme: Desk) -> None:
    """S12: --dry-run shows the action, the place, the address and the change of each line."""
    # given
    path = mapped(acme, "1,100", "9,90")

    # when
    people = acme.type("rekey", "acme", path, "--dry-run")
    document = acme.type("rekey", "acme", path, "--dry-run", "--json").document

    # then
    assert people.code == exit_codes.REJECTED
    assert "update" in people.out
    assert "external_id: 1 → 100" in people.out
    assert "unknown-external-id" in people.out
    assert (document["kind"], document["run"]) == ("rekey", None)
    assert [row["action"] for row in document["rows"]] == ["update", "reject"]
    assert len(acme.type("runs", "acme", "--json").document) == 1


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["1,100"], exit_codes.DONE),
        (["100,200"], exit_codes.REJECTED),
        ([f"{number},{number}0" for number in range(11, 17)], exit_codes.HELD),
    ],
)
def test_the_exit_code_tells_how_the_rekey_ended(acme: Desk, lines: list[str], code: int) -> None:
    """S12: 0 for a map that was applied, 3 for rejected lines, 4 for a map that is held."""
    # when
    answer = acme.type("rekey", "acme", mapped(acme, *lines), *ASKED, "--json")

    # then
    assert answer.code == code
    assert answer.document["kind"] == "rekey"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["acme"], ["give one FILE"]),
        (["acme", "map.csv", "new.csv", *ASKED], ["give one FILE"]),
        (["acme", "map.csv", "--by", "Eva"], ["--reason"]),
        (["acme", "map.csv", "--reason", "new"], ["--by"]),
        (["acme", "--suggest", "--dry-run"], ["--dry-run"]),
        (["acme", "missing.csv", *ASKED], ["missing.csv", "No such file"]),
        (["acme", "new.csv", *ASKED], ["new.csv", "`old`", "--suggest"]),
        (["zenith", "map.csv", *ASKED], ["zenith"]),
    ],
)
def test_wrong_usage_is_explained(acme: Desk, arguments: list[str], words: list[str]) -> None:
    """S12: Without a readable map, an author and a reason, nothing is done, with exit code 2."""
    # given
    mapped(acme, "1,100")
    acme.write("new.csv", NEW.encode())

    # when
    answer = acme.type("rekey", *arguments)

    # then
    assert answer.code == exit_codes.USAGE
    assert_explained(answer, words)


@pytest.mark.parametrize(
    ("text", "code"), [("a,b\n1,2\n", exit_codes.REFUSED), (None, exit_codes.USAGE)]
)
def test_no_map_is_suggested_from_a_delivery_that_cannot_be_read(
    acme: Desk, text: str | None, code: int
) -> None:
    """S12: A refused delivery, or none, suggests nothing and says why."""
    # given
    path = acme.deliver(OLD)
    path.unlink()
    if text is not None:
        acme.deliver(text)

    # when
    answer = acme.type("rekey", "acme", "--suggest")

    # then
    assert answer.code == code
    assert_explained(answer, ["tenure preview acme"])
