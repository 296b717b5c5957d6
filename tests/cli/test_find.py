"""`tenure find`, `show` and `history`: people by what a caller may know of them."""

from __future__ import annotations

import pytest

from tests.cli.conftest import ACME, ASKED, Desk, assert_explained

DONE, USAGE = 0, 2
PEOPLE = """
    email,first_name,prefix,last_name,external_id
    anna@acme.example,Anna-Marie,van der,Bérg,1001
    bram@acme.example,Bram,,Berger,1002
    chris@acme.example,Chris,,de Vries,
"""
OTHERS = "email,first_name,last_name\nanna.b@zenith.example,Anna,Berg\n"


@pytest.fixture
def staffed(desk: Desk) -> Desk:
    """Returns a desk with three employees of Acme and one of Zenith."""
    desk.configure(ACME + '\n[company.zenith]\nname = "Zenith"\nlanguage = "nl"\n')
    desk.deliver(PEOPLE)
    other = desk.write("alleo_employees_z.csv", OTHERS.encode())
    assert desk.type("import", "acme").code == DONE
    assert desk.type("import", "zenith", other).code == DONE
    return desk


def found(desk: Desk, *words: str) -> list[tuple[str, str]]:
    """Returns the address and the reason of each person that `tenure find` finds."""
    answer = desk.type("find", *words, "--json")
    assert (answer.code, answer.err) == (DONE, "")
    return [(each["email"], each["matched"]) for each in answer.document]


@pytest.mark.parametrize(
    ("words", "addresses"),
    [
        pytest.param(["berg"], ["anna", "bram", "anna.b"], id="the beginning of a last name"),
        pytest.param(["ANNA", "berg"], ["anna", "anna.b"], id="all words, in any case"),
        pytest.param(["Bérg, Anna"], ["anna", "anna.b"], id="accents and commas"),
        pytest.param(["van der Berg"], ["anna", "bram", "anna.b"], id="particles do not count"),
        pytest.param(["marie"], ["anna"], id="a word of a name"),
        pytest.param(["annamarie"], ["anna"], id="a name without its hyphen"),
        pytest.param(["vries", "chris"], ["chris"], id="in any order"),
        pytest.param(["arie"], [], id="not the end of a word"),
        pytest.param(["anna", "vries"], [], id="not some of the words"),
        pytest.param([" "], [], id="not a blank"),
    ],
)
def test_people_are_found_by_name(staffed: Desk, words: list[str], addresses: list[str]) -> None:
    """`tenure find` finds people in all companies whose names all words fit, whatever the case, the
    accents, the hyphens and the particles."""
    # when
    names = [(email.partition("@")[0], matched) for email, matched in found(staffed, *words)]

    # then
    assert sorted(names) == sorted((address, "name") for address in addresses)


def test_people_are_found_by_address_and_number(staffed: Desk) -> None:
    """I1: `tenure find` finds a person by address in any case, by exact external id, and by id."""
    # given
    (anna, *_) = staffed.type("roster", "acme", "--json").document
    employee = anna["id"]

    # when / then
    for word, matched in (
        ("ANNA@acme.example", "email"),
        ("1001", "external_id"),
        (employee, "id"),
    ):
        assert found(staffed, word) == [("anna@acme.example", matched)]
    (document,) = staffed.type("find", "1001", "--json").document
    assert document == anna | {"matched": "external_id"}
    assert found(staffed, "anna@acme.example", "--company", "zenith") == []
    assert found(staffed, "anna.b@zenith.example", "--company", "zenith") != []


def test_a_former_address_finds_the_person_and_is_said_to_be_one(staffed: Desk) -> None:
    """I2, S1, S9: An address that a file replaced, that only the file still uses, or that support
    released finds the person in `find`, `show` and `history`, each of which says that it is a
    former one."""
    # given: one changed by the file, one by support, and one released
    staffed.deliver(PEOPLE.replace("anna@", "anna.new@"), name="2")
    assert staffed.type("import", "acme").code == DONE
    staffed.type("support", "change-email", "acme", "bram@acme.example", "b@acme.example", *ASKED)
    staffed.type("support", "deactivate", "acme", "chris@acme.example", *ASKED)
    staffed.type("support", "release", "acme", "chris@acme.example", *ASKED)

    # when / then
    for former, present in (("anna", "anna.new"), ("bram", "b"), ("chris", "chris")):
        assert found(staffed, f"{former}@acme.example") == [
            (f"{present}@acme.example", "former-email")
        ]

    # when / then
    for former, present, told in (
        ("anna", "anna.new", "is a former address of anna.new@acme.example"),
        ("chris", "chris", "means nobody now: support released it from this person"),
    ):
        shown = staffed.type("show", "acme", f"{former}@acme.example", "--json").document
        assert (shown["email"], shown["matched"]) == (f"{present}@acme.example", "former-email")
        note = f"{former}@acme.example {told}"
        assert staffed.type("show", "acme", f"{former}@acme.example").out.startswith(note)
        assert staffed.type("history", "acme", f"{former}@acme.example").out.startswith(note)


def test_support_finds_nobody_by_an_address_that_means_nobody(staffed: Desk) -> None:
    """I11: `tenure support` does nothing for a former address: it may belong to somebody else."""
    # given
    staffed.type("support", "deactivate", "acme", "chris@acme.example", *ASKED)
    staffed.type("support", "release", "acme", "chris@acme.example", *ASKED)

    # when
    answer = staffed.type("support", "reactivate", "acme", "chris@acme.example", *ASKED)

    # then
    assert answer.code == USAGE
    assert_explained(answer)


def test_what_an_ended_account_had_means_the_account_that_was_kept(staffed: Desk) -> None:
    """S11: After `merge`, the address and the number of the account that ended mean the kept one,
    and each person is found once; the ended account is shown by its own id."""
    # given
    ended = staffed.type("show", "acme", "1002", "--json").document["id"]
    staffed.type("support", "merge", "acme", "anna@acme.example", "bram@acme.example", *ASKED)

    # when / then
    for who in ("bram@acme.example", "1002"):
        assert staffed.type("show", "acme", who, "--json").document["email"] == "anna@acme.example"
    assert found(staffed, "bram@acme.example") == [("anna@acme.example", "former-email")]
    assert found(staffed, "bram") == [("anna@acme.example", "name")]
    assert staffed.type("show", "acme", ended, "--json").document["email"] == "bram@acme.example"


def test_what_both_accounts_have_means_the_account_that_was_kept(staffed: Desk) -> None:
    """S6, S11: An external id that the kept account took over from the ended one means the kept
    one alone."""
    # given
    staffed.type("support", "merge", "acme", "chris@acme.example", "bram@acme.example", *ASKED)

    # when
    shown = staffed.type("show", "acme", "1002", "--json")

    # then
    assert shown.document["email"] == "chris@acme.example"


def test_nobody_is_found(staffed: Desk) -> None:
    """`tenure find` says that nobody is found, and explains a company that does not exist."""
    # when / then
    assert staffed.type("find", "nobody@acme.example").out == "Nobody is found.\n"
    assert staffed.type("find", "anna", "--company", "other").code == USAGE


def test_the_table_says_by_what_each_person_is_found(staffed: Desk) -> None:
    """`tenure find` prints a line for each person, with the company and what matched."""
    # when
    line = staffed.type("find", "1001").out.splitlines()[1]

    # then
    told = "acme active Anna-Marie van der Bérg anna@acme.example 1001 external id"
    assert line.split() == told.split()
