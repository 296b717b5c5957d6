"""What the cells of a delivery say goes into the database and the answers, and nowhere else."""

from __future__ import annotations

import io
import logging
import os
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from adapters.settings import load_settings
from adapters.sources.source import Source
from adapters.store.commit import Commit
from adapters.store.sqlite import open_sqlite
from adapters.store.store import Store
from adapters.use_cases import execute, plan_files
from adapters.use_cases import import_delivery as importing
from adapters.use_cases.app import App
from adapters.use_cases.audit import audit
from adapters.use_cases.decide_held import approve
from adapters.use_cases.import_delivery import import_delivery, preview_delivery
from domain.delivery.parsing import parse_delivery
from domain.delivery.records import DeliveryRefused, read_sheet
from domain.employee.commands import ChangeEmail, Link
from domain.fields.table import FIELDS
from projections import runs
from projections.answers import history, person, preview
from projections.answers.audit import Question
from projections.answers.history import tell
from tests.adapters.keeper import fetch
from tests.adapters.steps import company_of, support
from tests.cli.conftest import ACME, ASKED, Desk
from tests.given import digests_of, moment

TENURE = Path(sys.executable).with_name("tenure")
MARK = "zq"
"""What every cell holds, and nothing else does."""

HEADER = (
    "email,first_name,prefix,last_name,external_id,onboarding_date,offboarding_date,birthday,"
    "probation_period_end_date,work_anniversary,marriage_date,language,group_name,custom_note,"
    "custom_salary"
)


def row(number: int, **cells: str) -> str:
    """A row whose cells are all marked, but for dates, the language and those given."""
    usual = {
        "email": f"{MARK}{number}e@{MARK}{number}.example",
        "first_name": f"{MARK}{number}f",
        "prefix": f"{MARK}{number}p",
        "last_name": f"{MARK}{number}l",
        "external_id": f"{MARK}{number}x",
        "onboarding_date": "",
        "offboarding_date": "",
        "birthday": "1971-11-13",
        "probation_period_end_date": "1971-11-13",
        "work_anniversary": "1971-11-13",
        "marriage_date": "1971-11-13",
        "language": "nl",
        "group_name": f"{MARK}{number}g",
        "custom_note": f"{MARK}{number}n",
        "custom_salary": "98765.4321",
    }
    return ",".join((usual | cells).values())


def test_every_field_is_looked_for() -> None:
    """The test deliveries have every field of an employee."""
    assert {field.name for field in FIELDS} <= set(HEADER.split(","))


def marked(text: str) -> list[str]:
    """Where a text quotes a cell."""
    held = (MARK, "1971-11-13", "98765.4321", "1971, 11, 13")
    return [line for line in text.splitlines() if any(each in line.lower() for each in held)]


GOOD = "\n".join((HEADER, row(1), row(2, onboarding_date="2027-03-10"), row(3, external_id="")))
NEWS = "\n".join(
    (
        HEADER,
        row(1, first_name=f"{MARK}1new", email=f"{MARK}1new@{MARK}.example"),
        row(2, offboarding_date="2027-03-20"),
        row(4, email=f"{MARK}3e@{MARK}3.example"),
        row(5, first_name=f"{MARK}3f", last_name=f"{MARK}3l", external_id=""),
    )
)
REJECTING = "\n".join(
    (
        HEADER,
        row(10, email=f"{MARK} no address"),
        row(11, birthday=f"{MARK}-01-01"),
        row(12, custom_salary=f"{MARK},5".replace(",", ";")),
        row(13, first_name=f"{MARK}\x1b[31m\x07"),
        row(14, last_name=f"{MARK}" * 900),
        row(15, language=MARK),
        row(16, onboarding_date="2027-05-05", offboarding_date="2027-04-04"),
        row(17, external_id=f"{MARK}18x"),
        row(18),
        row(1, external_id=f"{MARK}other"),
        f"{MARK}19,{MARK}",
        row(20, first_name=""),
        row(21, last_name=f"{MARK} %s %d {{}} {{0}} %(x)s"),
    )
)
DELIVERIES: dict[str, tuple[str | bytes, int]] = {
    "applied": (NEWS, 0),
    "unchanged": (GOOD, 0),
    "rejected": (REJECTING, 3),
    "not UTF-8": (HEADER.encode() + b"\n" + row(1).encode() + b"\xff" + MARK.encode(), 5),
    "a NUL byte": (f"{HEADER}\n{row(1)}\0{MARK}", 5),
    "an open quote": (f'{HEADER}\n{row(1)}\n"{MARK}', 5),
    "a column missing": (f"email,first_name\n{MARK}@b.example,{MARK}", 5),
    "another delimiter": (f"{HEADER}\n{row(1)}".replace(",", ";"), 5),
    "no header": (f"{row(1)}\n{row(2)}", 5),
    "nothing but blanks": (f"{HEADER}\n , ,\n", 5),
}


TOLERANT = f"{ACME}\n    [company.acme.policy]\n    max_rejected_rows = 0\n"
"""Acme, who applies what is good in a delivery however much is not (B1)."""


@pytest.fixture
def known(desk: Desk) -> Desk:
    """Acme, who knows three people."""
    desk.configure(TOLERANT)
    desk.deliver(GOOD)
    assert desk.type("import", "acme").code == 0
    return desk


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[io.StringIO]:
    """Everything that is logged by anyone, down to the last detail."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(args)s"))
    root = logging.getLogger()
    with caplog.at_level(logging.NOTSET + 1):
        root.addHandler(handler)
        yield stream
        root.removeHandler(handler)


# Logs and standard error


def test_the_log_would_be_seen(log: io.StringIO) -> None:
    """The tests of privacy see whatever any library logs, down to the level debug."""
    # when
    logging.getLogger("tenure.any").debug("cell %s", MARK)

    # then
    assert len(marked(log.getvalue())) == 1


@pytest.mark.parametrize("case", DELIVERIES)
@pytest.mark.parametrize("command", ["preview", "import"])
def test_no_cell_reaches_a_log_or_standard_error(
    known: Desk, log: io.StringIO, command: str, case: str
) -> None:
    """No cell of a delivery reaches a log or standard error, whether the delivery is applied,
    rejected or refused."""
    # given
    delivery, code = DELIVERIES[case]
    known.deliver(delivery)

    # when / then
    for more in ([], ["--json"]):
        answer = known.type(command, "acme", *more)

        assert answer.code == code
        assert marked(answer.err) == []
    assert marked(log.getvalue()) == []


@pytest.mark.parametrize(
    "command",
    [
        ["roster", "acme"],
        ["show", "acme", f"{MARK}1x"],
        ["show", "acme", f"{MARK}nobody"],
        ["history", "acme", f"{MARK}1e@{MARK}1.example"],
        ["history", "acme", f"{MARK}nobody"],
        ["runs"],
        ["clock", "--by", MARK],
        ["audit", "acme", "--by", f"{MARK}1e@{MARK}1.example"],
        ["audit", "acme", "--json"],
        ["roster", "acme", "--as-of", "2027-03-11"],
        ["verify"],
        ["rebuild", "--json"],
        ["support", "change-email", "acme", f"{MARK}1x", f"{MARK}@new.example", *ASKED],
        ["support", "change-email", "acme", f"{MARK}1x", f"{MARK}2e@{MARK}2.example", *ASKED],
        ["support", "change-email", "acme", f"{MARK}1x", f"{MARK} no address", *ASKED],
        ["support", "change-email", "acme", f"{MARK}nobody", f"{MARK}@new.example", *ASKED],
        ["support", "link", "acme", f"{MARK}3e@{MARK}3.example", f"{MARK}3x", *ASKED],
        ["support", "link", "acme", f"{MARK}3e@{MARK}3.example", f"{MARK}1x", *ASKED],
        ["support", "link", "acme", f"{MARK}1x", f"{MARK}2x", *ASKED],
        ["support", "offboard", "acme", f"{MARK}2x", "2027-03-05", *ASKED],
        ["support", "deactivate", "acme", f"{MARK}1x", "--by", MARK, "--reason", f"{MARK} left"],
        ["support", "deactivate", "acme", f"{MARK}1x", "--by", MARK, "--reason", f"{MARK}\n"],
        ["support", "deactivate", "acme", f"{MARK}1x", "--by", MARK, "--reason", f"{MARK}\x1b"],
        ["support", "deactivate", "acme", f"{MARK}1x", "--reason", MARK],
    ],
)
def test_no_question_about_people_is_repeated_on_standard_error(
    known: Desk, log: io.StringIO, command: list[str]
) -> None:
    """No command about an employee repeats an address, an external id, a name or a reason on
    standard error or in a log."""
    # given
    known.now = moment("2027-03-21 00:00")

    # when
    answer = known.type(*command)

    # then
    assert marked(answer.err) == []
    assert marked(log.getvalue()) == []


@pytest.mark.parametrize("decision", ["approve", "discard"])
def test_no_cell_of_a_held_delivery_reaches_a_log_or_standard_error(
    known: Desk, log: io.StringIO, decision: str
) -> None:
    """B1, B2: No cell of a held delivery reaches a log or standard error, neither when it is held
    nor when it is decided."""
    # given
    known.configure(ACME)
    known.deliver(REJECTING)
    commands = (
        ["preview", "acme"],
        ["import", "acme"],
        ["import", "acme", "--json"],
        ["runs", "--held"],
    )

    # when
    answers = [known.type(*command) for command in commands]
    (held,) = known.type("runs", "--held", "--json").document
    for _ in range(2):
        answers.append(known.type(decision, held["run"], *ASKED))

    # then
    last = 3 if decision == "approve" else 0
    assert [answer.code for answer in answers] == [4, 4, 4, 0, last, 2]
    assert marked("".join(answer.err for answer in answers)) == []
    assert marked(log.getvalue()) == []


FAULTS = {
    "reading a file": (plan_files, "read_sheets"),
    "planning": (plan_files, "plan_delivery"),
    "recording": (importing, "commit_of"),
    "storing": (Store, "commit"),
    "answering": (execute, "document"),
}


@pytest.mark.parametrize("place", FAULTS)
def test_a_fault_that_quotes_a_cell_is_told_without_it(
    known: Desk, log: io.StringIO, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """R2: A fault whose exception quotes a cell is told, logged and stored without the cell."""
    # given
    known.deliver(NEWS)

    def fail(*_: object, **__: object) -> object:
        raise ValueError(f"{MARK}1e is not what was expected", NEWS)

    # when
    with monkeypatch.context() as broken:
        broken.setattr(*FAULTS[place], fail)
        answer = known.type("import", "acme")

    # then
    assert answer.code == 1
    assert marked(answer.out + answer.err) == []
    assert marked(log.getvalue()) == []
    failed = [run for run in known.type("runs", "--json").document if run["outcome"] == "failed"]
    assert marked(str(failed)) == []


def test_a_database_that_was_tampered_with_is_not_quoted(known: Desk, log: io.StringIO) -> None:
    """A database whose content was tampered with is explained, and none of its content is
    quoted."""
    # given
    with closing(sqlite3.connect(known.directory / "tenure.db")) as connection, connection:
        connection.execute("UPDATE roster SET state = ?", (f'{{"email": "{MARK}1e"}}'.encode(),))
        connection.execute("UPDATE stored_events SET state = ?", (f'"{MARK}1e'.encode(),))

    # when / then
    for command in (
        ["roster", "acme"],
        ["show", "acme", f"{MARK}1x"],
        ["import", "acme"],
        ["support", "deactivate", "acme", f"{MARK}1x", *ASKED],
        ["audit", "acme"],
        ["verify"],
        ["rebuild"],
        ["verify", "--json"],
    ):
        known.deliver(NEWS)
        answer = known.type(*command)

        assert answer.code == 1
        assert marked(answer.out + answer.err) == []
    assert marked(log.getvalue()) == []


@pytest.mark.skipif(not TENURE.exists(), reason="the command is not installed")
def test_no_cell_reaches_standard_error_of_the_installed_command(known: Desk) -> None:
    """No cell reaches standard error of the installed command, also with all warnings of Python
    switched on."""
    # given
    known.deliver(REJECTING)
    talkative = {"PYTHONDEVMODE": "1", "PYTHONWARNINGS": "always", "PYTHONVERBOSE": ""}

    # when
    done = subprocess.run(
        [TENURE, "import", "acme"],
        cwd=known.directory,
        env={**os.environ, **talkative},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    # then
    assert done.returncode == 3
    assert marked(done.stderr) == []
    assert marked(done.stdout) != []


# Exceptions


@pytest.mark.parametrize("case", [case for case, (_, code) in DELIVERIES.items() if code == 5])
def test_a_refusal_does_not_quote_the_file(desk: Desk, case: str) -> None:
    """The exception about a refused delivery does not quote the file."""
    # given
    settings = load_settings(desk.directory / "tenure.toml", {})
    delivery, _ = DELIVERIES[case]
    data = delivery.encode() if isinstance(delivery, str) else delivery

    # when / then
    with pytest.raises(DeliveryRefused) as raised:
        read_sheet("alleo_employees_1.csv", data, settings.customers["acme"].company)

    assert marked(repr(raised.value)) == []
    assert marked("".join(traceback.format_exception(raised.value))) == []


# What prints itself


class Held:
    """Everything that a run makes or meets, as an assertion or a debugger might print it."""

    def __init__(self, desk: Desk, store: Store) -> None:
        settings = load_settings(desk.directory / "tenure.toml", {})
        customer = settings.customers["acme"]
        source: Source | None = customer.source
        assert source is not None
        commits: list[Commit] = []
        real = store.commit

        def commit(each: Commit, *_: object) -> None:
            commits.append(each)
            real(each)

        store.commit = commit  # type: ignore[method-assign]
        app = App(settings, store, lambda: moment("2027-03-02 02:45"))
        _, people = company_of(store, "acme")
        received = fetch(source, customer.company.limits.file)
        sheets = [read_sheet(each.name, each.data, customer.company) for each in received]
        parsed = parse_delivery(sheets, digests_of(people), customer.company)
        rehearsed = preview_delivery(app, customer, "tester")
        run = import_delivery(app, customer, "tester")
        employees = list(store.roster.employees("acme"))
        events = [event for each in employees for event in store.events.of(each.id)]
        record = store.runs.latest("acme", 1)[0]
        histories = [
            list(tell(stream, store.runs.of_events(stream)))
            for stream in (store.events.of(each.id) for each in employees)
        ]
        desk.configure(ACME)
        strict = load_settings(desk.directory / "tenure.toml", {})
        wary, customer = app._replace(settings=strict), strict.customers["acme"]
        bad = [row(number, birthday=f"{MARK}-01-01") for number in range(30, 36)]
        desk.deliver("\n".join((REJECTING, *bad)))
        stopped = import_delivery(wary, customer, "tester")
        assert stopped.run is not None
        (waits,) = store.runs.waiting("acme")
        command = ChangeEmail(f"{MARK}1e@{MARK}.example")
        asked = Question(by=MARK, kinds=frozenset({"registered"}))
        self.inside: list[object] = [
            waits,
            store.runs.held_files(stopped.run),
            store.runs.company_state("acme"),
            command,
            Link(f"{MARK}1x"),
            asked,
            store.verify(lambda _: None),
            received,
            sheets,
            digests_of(people),
            parsed,
            parsed.mentions(),
            people,
            people.entries,
            company_of(store, "acme"),
            store.roster.due(settings.schedules(), moment("2028-01-01 00:00")),
            commits,
            employees,
            events,
            store.runs.issues(record),
            record,
            settings,
            app,
        ]
        self.answers: list[object] = [
            stopped,
            support(wary, customer, f"{MARK}1x", command, MARK, MARK),
            approve(wary, customer, waits, MARK, MARK),
            list(audit(wary, "acme", asked)),
            run,
            rehearsed,
            histories,
            [person.document("acme", each) for each in employees],
        ]


@pytest.fixture
def held(known: Desk) -> Iterator[Held]:
    """What an import with every kind of row makes."""
    known.deliver(f"{NEWS}\n{REJECTING.partition(chr(10))[2]}\n{row(2)}")
    store = open_sqlite(known.directory / "tenure.db")
    yield Held(known, store)
    store.close()


OURS = ("domain.", "adapters.", "projections.", "cli.")


def ours(thing: object, seen: set[int]) -> Iterator[object]:
    """Every object of our own classes within something."""
    if id(thing) in seen or isinstance(thing, str | bytes | int | None):
        return
    seen.add(id(thing))
    mine = type(thing).__module__.startswith(OURS)
    if mine:
        yield thing
    if isinstance(thing, msgspec.Struct):
        parts: list[object] = [getattr(thing, name) for name in thing.__struct_fields__]
    elif isinstance(thing, dict):
        parts = [*thing, *thing.values()]
    elif isinstance(thing, list | tuple | set | frozenset):
        parts = list(thing)
    else:
        parts = list(vars(thing).values()) if mine and hasattr(thing, "__dict__") else []
    for part in parts:
        yield from ours(part, seen)


def telling(things: list[object]) -> tuple[set[str], set[str]]:
    """The classes whose objects were looked at, and those of them that print a cell."""
    found = list(ours(things, set()))
    looked_at = {type(each).__name__ for each in found}
    return looked_at, {type(each).__name__ for each in found if marked(repr(each) + str(each))}


def test_nothing_that_rules_and_store_handle_prints_a_cell(held: Held) -> None:
    """No object that the rules or the store handle prints a cell when it is printed, for instance
    in an assertion."""
    # when
    looked_at, telltales = telling(held.inside)

    # then
    assert {
        "Commit",
        "CompanyState",
        "Change",
        "DeliveredFile",
        "Details",
        "Employee",
        "Entry",
        "Findings",
        "StoredFile",
        "Issue",
        "Mentions",
        "ParsedDelivery",
        "RecordedEvent",
        "Roster",
        "Row",
        "RunEnded",
        "Sheet",
    } <= looked_at
    assert telltales == set()


def test_no_answer_prints_a_cell_before_it_is_asked_to(held: Held) -> None:
    """No object that holds an answer prints a cell when the object itself is printed."""
    # when
    looked_at, telltales = telling(held.answers)

    # then
    assert {
        runs.RunDocument.__name__,
        runs.IssueDocument.__name__,
        preview.PreviewDocument.__name__,
        preview.PreviewRow.__name__,
        history.HistoryEntry.__name__,
        history.FromTo.__name__,
        person.EmployeeDocument.__name__,
    } <= looked_at
    assert telltales == set()
