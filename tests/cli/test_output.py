"""What people read: aligned and plain in a pipe, and unable to do anything to their screen."""

from __future__ import annotations

import csv
import io
import os
import pty
import pwd
import re
import subprocess
from datetime import timedelta

import pytest

from cli.context import login_name
from cli.terminal import output
from tests.adapters.steps import Watch
from tests.cli.conftest import ACME, ASKED, MAIN, Desk
from tests.given import moment

PEOPLE = """
    email,first_name,last_name,external_id,offboarding_date,group_name
    anna@acme.example,Anna,Bakker,1,,Sales
    maximiliaan@acme.example,Maximiliaan,van der Berg,2222222222,2028-01-01,Engineering
    bo@acme.example,Bo,X,3,,
"""
TITLE = "\x1b]0;owned\x07"
RED = "\x1b[31m"
NASTY = (RED, TITLE, "\x07", "\x08", "\x7f", "\u0085", "\u2028", "\u202e", "\x9b31m")
DANGEROUS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]")


def table(text: str) -> list[list[str]]:
    """The cells of a table, which all begin where their title does."""
    lines = text.splitlines()
    starts = [found.start() for found in re.finditer(r"(?:(?<=  )|^)\S", lines[0])]
    spans = list(zip(starts, [*starts[1:], None], strict=True))
    for line in lines:
        for start in starts[1:]:
            assert line[start - 2 : start].strip() == "", line
    return [[line[start:end].strip() for start, end in spans] for line in lines]


# In a pipe


def test_a_roster_is_an_aligned_table(desk: Desk) -> None:
    """`tenure roster` writes a table in which every column begins where its title begins."""
    # given
    desk.deliver(PEOPLE)
    desk.type("import", "acme")

    # when
    header, *rows = table(desk.type("roster", "acme").out)

    # then
    assert header[:4] == ["STATE", "E-MAIL", "NAME", "EXTERNAL ID"]
    assert [row[2] for row in rows] == ["Anna Bakker", "Maximiliaan van der Berg", "Bo X"]
    assert [row[3] for row in rows] == ["1", "2222222222", "3"]
    assert rows[1][5:7] == ["2028-01-01", "Engineering"]


@pytest.mark.parametrize("value", ["007", "1.50", "1e5", "0x1F", "1_000"])
def test_what_looks_like_a_number_is_shown_as_it_is_written(desk: Desk, value: str) -> None:
    """I1: A name or an external id that looks like a number is shown exactly as written."""
    # given
    desk.deliver(f"email,first_name,last_name,external_id\na@acme.example,A,{value},{value}\n")
    desk.type("import", "acme")

    # when
    _, (row) = table(desk.type("roster", "acme").out)

    # then
    assert row[2:4] == [f"A {value}", value]


def test_lines_do_not_end_in_white_space(desk: Desk) -> None:
    """No line of the output ends with white space."""
    # given
    desk.deliver(PEOPLE)

    # when / then
    for command in (["import", "acme"], ["roster", "acme"], ["runs"], ["preview", "acme"]):
        lines = desk.type(*command).out.splitlines()

        assert [line for line in lines if line != line.rstrip()] == []


def test_a_run_tells_outcome_files_counts_and_advice(desk: Desk) -> None:
    """R2: The output of a run has its outcome, its files, its counts, and for each issue the place
    and the advice."""
    # given
    desk.deliver(PEOPLE.replace("Sales", "Salse"))

    # when
    out = desk.type("import", "acme").out

    # then
    assert out.startswith("acme: applied (run ")
    for told in ("alleo_employees_1.csv, ", "3 rows, 3 registered", "4 events"):
        assert told in out
    for told in ("warning", "unknown-group", "alleo_employees_1.csv:2", "did you mean Sales?"):
        assert told in out.partition("4 events")[2]


def test_a_run_tells_its_kind_who_and_when(desk: Desk) -> None:
    """R2: The output of a run has its kind, who asked, and when, both from the command that makes
    the run and from `tenure run`."""
    # given
    desk.deliver(PEOPLE)

    # when
    made = desk.type("import", "acme", "--by", "Bob").out
    run = desk.type("runs", "--json").document[0]["run"]
    shown = desk.type("run", run).out

    # then
    assert made == shown
    who = f"Bob (login {login_name()})"
    assert made.splitlines()[1] == f"  import by {who}, 2027-03-01 02:45:00 to 02:45:00 UTC"
    assert "because" not in made


def test_a_run_names_the_login_only_where_it_is_not_the_author(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R2: The login of a run is that of the operating system, whatever the environment says. The
    output of the run names it beside another author, and JSON always has it."""
    # given
    monkeypatch.setenv("LOGNAME", "mallory")
    login = pwd.getpwuid(os.getuid()).pw_name

    # when
    own = desk.type("import", "acme").out.splitlines()[1]
    run = desk.type("run", "last", "--json").document

    # then
    assert own.startswith(f"  import by {login}, ")
    assert (run["by"], run["login"]) == (login, login)


def test_a_run_that_ends_on_another_day_tells_both(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The output of a run that ends on another day has both dates."""
    # given
    desk.deliver(PEOPLE)
    watch = Watch(moment("2027-03-01 23:59:58"), timedelta(seconds=1))
    monkeypatch.setattr(desk, "_time", watch)

    # when
    told = desk.type("import", "acme", "--by", "Bob").out.splitlines()[1]

    # then
    assert re.fullmatch(
        r"  import by Bob \(login .+\), 2027-03-01 23:59:5\d to 2027-03-02 00:00:0\d UTC", told
    ), told


def test_the_list_of_runs_counts_no_events_that_did_not_happen(desk: Desk) -> None:
    """B1: `tenure runs` shows no number of events for a held run; the JSON of the run has what it
    would do."""
    # given
    rows = "".join(f"p{n}@acme.example,First{n},Last{n}\n" for n in range(60))
    desk.deliver(PEOPLE)
    desk.type("import", "acme")
    desk.deliver(f"email,first_name,last_name\n{rows}")
    assert desk.type("import", "acme").code == 4

    # when
    header, *told = table(desk.type("runs").out)

    # then
    columns = [header.index(name) for name in ("OUTCOME", "ROWS", "EVENTS")]
    assert sorted([row[column] for column in columns] for row in told) == [
        ["applied", "3", "4"],
        ["held", "60", "-"],
    ]
    held = desk.type("runs", "--held", "--json").document
    assert held[0]["counts"]["events"] == 60


def test_a_preview_says_that_nothing_was_stored(desk: Desk) -> None:
    """The output of a preview lists the action of each row and says that nothing was stored."""
    # given
    desk.deliver(PEOPLE)

    # when
    out = desk.type("preview", "acme").out

    # then
    assert "nothing was stored" in out
    assert [line.split()[0] for line in out.splitlines()[1:4]] == ["onboard"] * 3


def test_a_preview_shows_what_changes(desk: Desk) -> None:
    """Rows that change nothing and have no issue are counted. --all-rows, --csv and --json list
    them."""
    # given
    desk.deliver(PEOPLE)
    desk.type("import", "acme")
    desk.deliver(PEOPLE.replace("Anna,", "Anne,").replace("Engineering", "Engineers"))

    # when
    short, full = desk.type("preview", "acme").out, desk.type("preview", "acme", "--all-rows").out

    # then
    assert [line.split()[0] for line in short.splitlines()[1:3]] == ["update", "none"]
    assert short.splitlines()[3] == "1 row changes nothing: --all-rows lists them"
    assert [line.split()[0] for line in full.splitlines()[1:4]] == ["update", "none", "none"]
    assert len(desk.type("preview", "acme", "--json").document["rows"]) == 3
    assert len(desk.type("preview", "acme", "--csv").out.splitlines()) == 4


def test_what_the_file_says_is_told_in_words(desk: Desk) -> None:
    """L8: A preview does not speak of `file_…` where the file alone says something new."""
    # given
    desk.deliver(PEOPLE)
    desk.type("import", "acme")
    desk.type("support", "cancel-offboarding", "acme", "2222222222", *ASKED)
    desk.deliver(PEOPLE.replace("2028-01-01", ""))

    # when
    out = desk.type("preview", "acme").out

    # then
    assert "offboarding_date in the file: 2028-01-01 → blank" in out


def test_equal_issues_are_grouped(desk: Desk) -> None:
    """W12: Issues of one code stand together, each sentence once, with ten places at most. A rare
    sentence is not hidden by a common one, and the rest is counted."""
    # given
    crowd = "".join(f"p{n}@acme.example,F{n},L{n},,,Salse\n" for n in range(20))
    desk.deliver(f"{PEOPLE}{crowd}q@acme.example,Quinn,Q,,,Enginering\n")

    # when
    made = desk.type("import", "acme").out
    run = desk.type("run", "last")

    # then
    lines = run.out.splitlines()
    head = lines.index("  warning  unknown-group  21 times in alleo_employees_1.csv")
    group = lines[head + 1 :]
    assert made == run.out
    assert [line for line in group if "did you mean Sales?" in line] == [group[0]]
    assert group[1:3] == [
        f'        line {n + 5}  p{n}@acme.example  group_name "Salse"' for n in range(2)
    ]
    assert [line.split()[1] for line in group if line.strip().startswith("line")][-1] == "25"
    short = desk.type("runs").out.split()[-1]
    assert group[-1] == f"      and 15 more; `tenure run {short} --csv` lists them"


def test_an_error_stands_above_the_warnings(desk: Desk) -> None:
    """R2: Of the issues of rows the errors come first. Why a delivery is held comes before them."""
    # given
    rows = "".join(f"p{n}@acme.example,F{n},L{n},,,Salse\n" for n in range(6))
    wrong = "".join(f"no address,F{n},L{n},,,\n" for n in range(6))
    desk.deliver(f"{PEOPLE}{rows}{wrong}")

    # when
    lines = desk.type("import", "acme").out.splitlines()

    # then
    codes = [line.split()[1] for line in lines if line.startswith(("  error", "  warning"))]
    assert codes == ["many-rejected-rows", "bad-email", "unknown-group"]


def test_a_look_ahead_goes_by_day(desk: Desk) -> None:
    """C1: `tenure clock --dry-run` tells what is due in the order in which it will be."""
    # given
    desk.deliver("""
        email,first_name,last_name,onboarding_date,offboarding_date
        a@acme.example,Ann,Lee,,2027-06-30
        b@acme.example,Bo,Kim,2027-06-01,2027-07-31
    """)
    desk.type("import", "acme")

    # when
    lines = desk.type("clock", "--dry-run", "--at", "2027-12-31").out.splitlines()

    # then
    assert [line[:10] for line in lines[3:]] == ["2027-06-01", "2027-06-30", "2027-07-31"]


def test_changes_are_told_from_and_to(desk: Desk) -> None:
    """A preview and a history show a change with the old and the new value."""
    # given
    desk.deliver(PEOPLE)
    desk.type("import", "acme")
    desk.deliver(PEOPLE.replace("Anna,", "Anne,"))

    # when / then
    assert "first_name: Anna → Anne" in desk.type("preview", "acme").out
    desk.type("import", "acme")
    assert 'First name changed from "Anna" to "Anne"' in desk.type("history", "acme", "1").out


@pytest.mark.parametrize(
    ("command", "said"),
    [(["clock"], "Nothing is due."), (["import", "--all", "--due"], "Nothing to import.")],
)
def test_nothing_to_do_is_said_on_a_terminal_alone(
    desk: Desk, command: list[str], said: str
) -> None:
    """Commands with nothing to do say so on a terminal, and write nothing into a pipe."""
    # when / then
    assert desk.type(*command).out == ""
    assert said.encode() in on_terminal([*MAIN, *command])


def test_moments_are_told_in_utc(desk: Desk) -> None:
    """Moments are shown in UTC, also in the night in which summer time ends."""
    # given
    desk.deliver(PEOPLE)
    desk.now = moment("2027-10-31 01:30")
    desk.type("import", "acme")

    # then
    assert "2027-10-31 01:30:00" in desk.type("runs").out


# What values can do


@pytest.mark.parametrize("sign", NASTY)
def test_a_control_character_is_shown_as_an_escape(sign: str) -> None:
    """A control character in a value is shown as an escape and never sent to the terminal."""
    # when
    shown = output.text(f"a{sign}b")

    # then
    assert not DANGEROUS.search(shown)
    assert shown.startswith("a\\")
    assert shown.endswith("b")


@pytest.mark.parametrize("value", ["plain", "Zoë", "الاسم", "🦄", "a b", "→"])
def test_a_printable_value_is_shown_as_it_is(value: str) -> None:
    """A value of printable characters is shown as it is."""
    assert output.text(value) == value


def hostile(desk: Desk) -> None:
    """A delivery in which every place for a text holds something for the screen."""
    sign = "".join(NASTY)
    desk.configure(ACME)
    desk.deliver(
        f"email,first_name,last_name,custom_note,custom_{TITLE}x,shoe{sign}\n"
        f'anna@acme.example,Anna,Bakker,"tab\there\nnext line",v,s\n'
        f"bram@acme.example,Bram{sign},Smit,,v,s\n"
        f"chris{sign}@acme.example,Chris,Jansen,,v,s\n"
        f"dora@acme.example,Dora,Dam,{sign},v,s\n",
        name="\u202e\u2028\\x1b[31m",
    )


@pytest.mark.parametrize(
    "command",
    [
        ["preview", "acme"],
        ["import", "acme"],
        ["roster", "acme"],
        ["show", "acme", "anna@acme.example"],
        ["history", "acme", "anna@acme.example"],
        ["audit", "acme"],
        [
            "support",
            "deactivate",
            "acme",
            "anna@acme.example",
            "--by",
            "Eva",
            "--reason",
            "said so",
        ],
        ["runs"],
        ["run", "0"],
        ["verify"],
    ],
)
def test_no_answer_does_anything_to_the_screen(desk: Desk, command: list[str]) -> None:
    """W1, F5: No output sends a control character from a cell, a header, a custom field or a file
    name to the terminal."""
    # given
    hostile(desk)
    assert desk.type("import", "acme").code == 3

    # when
    answer = desk.type(*command)

    # then
    assert answer.out != ""
    assert [line for line in answer.out.splitlines() if DANGEROUS.search(line)] == []
    assert answer.err == ""


def test_no_name_of_a_file_does_anything_to_the_screen(desk: Desk) -> None:
    """D2: A file that is named by hand may have control characters in its name, and they are shown
    as escapes."""
    # given
    name = f"{TITLE}{RED}\n1.csv"
    path = desk.write(name, b"email,first_name,last_name\nanna@acme.example,Anna,Bakker\n")
    imported = desk.type("import", "acme", path)
    assert imported.code == 0

    # when
    told = [imported, *(desk.type(*each) for each in (("run", "0"), ("audit", "acme")))]

    # then
    assert [answer.out for answer in told if "\\x1b" not in answer.out] == []
    assert [answer.out for answer in told if DANGEROUS.search(answer.out)] == []


def test_a_line_break_in_a_value_does_not_break_a_line(desk: Desk) -> None:
    """A line break or a tab in a value is shown as an escape."""
    # given
    hostile(desk)
    desk.type("import", "acme")

    # when / then
    for command in (["history", "--details"], ["show"]):
        assert "tab\\there\\nnext line" in desk.type(*command, "acme", "anna@acme.example").out


@pytest.mark.parametrize(
    "command",
    [
        ["show", "acme", RED + "x"],
        ["run", TITLE],
        ["roster", TITLE],
        ["import", "acme", f"{TITLE}.csv"],
        ["import", "acme", f"a/{TITLE}", f"b/{TITLE}"],
        ["--config", TITLE, "runs"],
        ["clock", "--at", TITLE],
        ["import", "acme", "--by", TITLE],
        ["audit", "acme", "--kind", TITLE],
        ["approve", TITLE, "--by", "Eva", "--reason", "said so"],
        ["discard", "0", "--by", "Eva", "--reason", TITLE],
        ["support", "deactivate", "acme", TITLE, "--by", "Eva", "--reason", "said so"],
        ["support", "deactivate", "acme", "1", "--by", TITLE, "--reason", "said so"],
        ["support", "offboard", "acme", "1", TITLE, "--by", "Eva", "--reason", "said so"],
        ["support", "hire" + TITLE],
        ["hire" + TITLE],
    ],
)
def test_no_error_does_anything_to_the_screen(desk: Desk, command: list[str]) -> None:
    """No error message sends a control character from the command line to the terminal."""
    # when
    answer = desk.type(*command)

    # then
    assert answer.code == 2
    assert not DANGEROUS.search(answer.err)


# The preview as a spreadsheet


def read(text: str) -> list[dict[str, str]]:
    """A CSV as a program reads it."""
    return list(csv.DictReader(io.StringIO(text)))


def test_a_preview_is_a_spreadsheet_of_rows(desk: Desk) -> None:
    """`tenure preview --csv` writes one line for each row, with the action, the place, the changes
    and the issues."""
    # given
    desk.deliver(PEOPLE)
    desk.type("import", "acme")
    desk.deliver(PEOPLE.replace("Anna,", '"Ann, e",') + "    x,,,,,\n")

    # when
    answer = desk.type("preview", "acme", "--csv")

    # then
    rows = read(answer.out)
    assert (answer.code, answer.err) == (3, "")
    assert list(rows[0]) == [
        *("action", "file", "line", "employee", "email", "changes", "issues", "matched_by"),
    ]
    assert [row["matched_by"] for row in rows][0::3] == ["external_id, last_name", ""]
    assert [row["action"] for row in rows] == ["update", "none", "none", "reject"]
    assert rows[0]["changes"] == "first_name: Anna → Ann, e"
    assert [bool(row["issues"]) for row in rows] == [False, False, False, True]
    assert "missing-value: The first name is empty" in rows[3]["issues"]
    assert [row["line"] for row in rows] == ["2", "3", "4", "5"]
    assert {row["file"] for row in rows} == {"alleo_employees_1.csv"}


def test_no_spreadsheet_takes_an_address_or_the_name_of_a_file_for_a_formula(desk: Desk) -> None:
    """No e-mail address and no file name in `tenure preview --csv` begins like a formula. Without a
    delivery there is the header alone."""
    # given
    text = "email,first_name,last_name\n=1+1@acme.example,Anna,Bakker\n"
    path = desk.write("@x.csv", text.encode())

    # when
    (row,) = read(desk.type("preview", "acme", "--csv", str(path)).out)
    nothing = desk.type("preview", "acme", "--csv").out

    # then
    assert (row["email"], row["file"]) == ("'=1+1@acme.example", "'@x.csv")
    assert nothing == "action,file,line,employee,email,changes,issues,matched_by\n"


# Colours and pipes


@pytest.mark.parametrize(
    ("environment", "arguments", "command", "coloured"),
    [
        ({}, [], ["runs"], True),
        ({}, [], ["show", "acme", "nobody"], True),
        ({"NO_COLOR": "1"}, [], ["show", "acme", "nobody"], False),
        ({"TERM": "dumb"}, [], ["runs"], False),
        ({}, ["--color", "never"], ["show", "acme", "nobody"], False),
        ({"NO_COLOR": "1"}, ["--color", "always"], ["runs"], True),
        ({"NO_COLOR": "1"}, ["--color", "auto"], ["runs"], False),
    ],
)
def test_a_terminal_gets_colours_unless_somebody_asks_for_none(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    arguments: list[str],
    command: list[str],
    coloured: bool,
) -> None:
    """Answers and errors have colours on a terminal. NO_COLOR, TERM=dumb and `--color`, before or
    after the name of the command, decide otherwise."""
    # given
    desk.deliver(PEOPLE)
    desk.type("import", "acme")
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    # when
    ways = {(*arguments, *command), (*command, *arguments)}
    shown = [on_terminal([*MAIN, *way]) for way in ways]

    # then
    assert [b"\x1b[" in each for each in shown] == [coloured] * len(ways)


def on_terminal(command: list[str]) -> bytes:
    """What a command prints on a terminal, on both outputs."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs):
        os.close(theirs)
        printed = b""
        while piece := read_terminal(ours):
            printed += piece
    os.close(ours)
    return printed


def read_terminal(descriptor: int) -> bytes:
    """The next bytes of a terminal, and none when nobody writes to it any more."""
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""


@pytest.mark.parametrize(
    "command",
    [["report", "acme"], ["--help"], ["import", "nobody"]],
)
def test_a_reader_that_leaves_a_pipe_early_causes_no_error(desk: Desk, command: list[str]) -> None:
    """A command whose output nobody reads any more, as with `2>&1 | head`, ends without a message
    and with the exit code of a shell for that: 141."""
    # given
    desk.deliver(PEOPLE)
    desk.type("import", "acme")
    reading, writing = os.pipe()
    os.close(reading)

    # when
    with subprocess.Popen([*MAIN, *command], stdout=writing, stderr=writing) as process:
        os.close(writing)

    # then
    assert process.returncode == 141


def test_a_command_without_an_output_does_its_work(desk: Desk) -> None:
    """A command whose standard output is closed, as with `>&-`, does its work and ends well."""
    # given
    desk.deliver(PEOPLE)

    # when
    closed = subprocess.run(
        ["sh", "-c", '"$@" >&-', "sh", *MAIN, "import", "acme"], capture_output=True, check=False
    )

    # then
    assert (closed.returncode, closed.stderr) == (0, b"")
    assert "applied" in desk.type("runs").out
