"""Mistyped and missing words: every error is a sentence and a hint that helps."""

from __future__ import annotations

import re

import click
import pytest

from cli.command import Command
from tests.cli.conftest import ACME, ASKED, Desk, assert_explained
from tests.cli.test_help import NAMES, command_of

PEOPLE = """
    email,first_name,last_name,external_id,group_name
    ann.lee@acme.example,Ann,Lee,1001,Sales
    bo.smit@acme.example,Bo,Smit,1002,
"""
SINGLE = [name for name in NAMES if not isinstance(command_of(name), click.Group)]


@pytest.fixture
def staffed(desk: Desk) -> Desk:
    """Acme with two employees and one run."""
    desk.deliver(PEOPLE)
    assert desk.type("import", "acme").code == 0
    return desk


@pytest.mark.parametrize("name", SINGLE)
def test_every_subcommand_tells_what_is_missing(name: str) -> None:
    """Every subcommand is a `Command`, which tells all missing values at once."""
    assert isinstance(command_of(name), Command)


@pytest.mark.parametrize(
    ("words", "missing", "usage"),
    [
        (
            ["support", "offboard", "acme", "ann"],
            "missing DATE, --by and --reason.",
            "tenure support offboard COMPANY WHO DATE --by NAME --reason TEXT",
        ),
        (
            ["support", "correct", "acme", *ASKED],
            "missing WHO and FIELD=VALUE.",
            "tenure support correct COMPANY WHO FIELD=VALUE... --by NAME --reason TEXT",
        ),
        (
            ["support", "merge", "acme", "ann", "--from", "people.csv", "--by", "Eva"],
            "missing --reason.",
            "tenure support merge COMPANY KEEP OTHER --by NAME --reason TEXT",
        ),
        (["show"], "missing COMPANY and WHO.", "tenure show COMPANY WHO"),
        (["find"], "missing WORDS.", "tenure find WORDS..."),
        (["approve"], "missing RUN, --by and --reason.", "tenure approve RUN --by NAME"),
        (["completion"], "missing SHELL.", "tenure completion SHELL"),
    ],
)
def test_all_missing_values_are_told_at_once(
    desk: Desk, words: list[str], missing: str, usage: str
) -> None:
    """A command that lacks values names all of them, and shows how the command is written. With
    --from, `tenure support` needs no WHO and no other argument."""
    # given
    desk.write("people.csv", b"who\n")

    # when
    answer = desk.type(*words)

    # then
    assert answer.code == 2
    assert_explained(answer, [missing, usage])


@pytest.mark.parametrize(
    ("words", "sentence", "hint"),
    [
        ("imprt", "tenure has no command imprt.", "did you mean import?"),
        ("ofboard", "tenure has no command ofboard.", "did you mean support offboard?"),
        ("zzz", "tenure has no command zzz.", "`tenure --help` lists the commands."),
        ("support ofboard", "tenure support has no command ofboard.", "did you mean offboard?"),
        ("help imprt", "tenure has no command imprt.", "did you mean import?"),
        ("help show who", "tenure show has no commands of its own.", "`tenure show --help`"),
        ("runs --outcom held", "tenure runs has no option --outcom.", "did you mean --outcome?"),
        ("runs --zzz", "tenure runs has no option --zzz.", "`tenure runs --help` explains"),
        ("runs --config x", "tenure runs has no option --config.", "`tenure --config ...`"),
        ("runs a b", "unexpected extra argument (b).", "`tenure runs --help` explains"),
        (
            "runs --limit 0",
            "--limit: '0' is not a whole number of at least 1.",
            "`tenure runs --help` explains",
        ),
        ("roster acme --as-of 2099-01-01", "--as-of is for the past.", "`tenure clock --dry-run"),
        ("show acmee x", "there is no company acmee.", "did you mean acme?"),
        ("check acmee", "there is no company acmee.", "did you mean acme?"),
        ("find x --company acmee", "there is no company acmee.", "did you mean acme?"),
        ("show acme ann.lea@acme.example", "nobody in acme", "ann.lee@acme.example (Ann Lee)?"),
        ("history acme Lee", "nobody in acme", "did you mean ann.lee@acme.example (Ann Lee)?"),
        ("show acme zzz", "nobody in acme", "`tenure roster acme` lists everyone."),
        ("roster acme --group Salse", "there is no group Salse", "did you mean Sales?"),
        ("roster acme --group zzz", "no group zzz", "the groups are: Engineering, Sales."),
        ("roster acme --state activ", "there is no state activ.", "did you mean active?"),
        ("roster acme --sort naem", "there is no column naem.", "did you mean name?"),
        ("roster acme --columns zzz", "there is no column zzz.", "the columns are state,"),
        ("audit acme --kind activted", "no kind activted.", "did you mean activated"),
        ("issues --code bad-emial", "no code bad-emial.", "did you mean bad-email"),
        ("run acmee@last", "there is no company acmee.", "did you mean acme?"),
        ("run acme@lats", "there is no run acme@lats.", "did you mean acme@last?"),
        ("import --all --workers 65", "'65' is not a whole number from 1 to 64.", "--help"),
        (
            "rekey acme map.csv",
            "give --by and --reason.",
            "write `tenure rekey COMPANY FILE --by NAME --reason TEXT`.",
        ),
        ("run zzz", "there is no run zzz.", "`tenure runs` lists the runs."),
        ("safeguard acme --set max_ofboardings=1", "max_ofboardings.", "max_offboardings?"),
    ],
)
def test_a_mistyped_word_is_answered_with_the_nearest(
    staffed: Desk, words: str, sentence: str, hint: str
) -> None:
    """A word that means nothing exits with code 2. The hint suggests the nearest word that means
    something, or else says where all of them stand."""
    # when
    answer = staffed.type(*words.split())

    # then
    assert answer.code == 2
    assert_explained(answer, [sentence, hint])


def test_support_for_a_mistyped_person_suggests_people(staffed: Desk) -> None:
    """`tenure support` for nobody suggests the nearest people, and changes nothing."""
    # when
    answer = staffed.type("support", "deactivate", "acme", "bo.smith@acme.example", *ASKED)

    # then
    assert answer.code == 2
    assert_explained(answer, ["did you mean bo.smit@acme.example (Bo Smit)?"])
    assert [run["kind"] for run in staffed.type("runs", "--json").document] == ["import"]


def test_a_name_cannot_steer_the_terminal(desk: Desk) -> None:
    """A name with characters that a terminal obeys is escaped in a hint."""
    # given
    desk.configure(ACME.replace('"Sales"', r'"Sales\u001b[2J"'))

    # when / then
    answer = desk.type("roster", "acme", "--group", "Sale")
    assert_explained(answer, [r"\x1b[2J"])


def test_a_mistyped_run_is_answered_with_the_nearest(staffed: Desk) -> None:
    """R2: A short id with one wrong character is answered with the run that has nearly this id."""
    # given
    short = re.search(r"[0-9a-f]{8}$", staffed.type("runs").out.strip())
    assert short is not None
    wrong = ("1" if short[0][0] == "0" else "0") + short[0][1:]

    # when / then
    assert_explained(staffed.type("run", wrong), [f"did you mean {short[0]} (acme, "])


@pytest.mark.parametrize(
    ("run", "sentence"), [("last", "no run yet"), ("acme@last", "no run of acme yet")]
)
def test_the_last_of_no_runs_is_none(desk: Desk, run: str, sentence: str) -> None:
    """R2: `last` before any run says that there is none yet."""
    assert_explained(desk.type("run", run), [sentence])
