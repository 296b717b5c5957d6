"""Why things are as they are: from the value back to the cell, and what the last delivery did."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from adapters.store.store import Store
from adapters.use_cases.app import App
from adapters.use_cases.clock import pass_clock, preview_clock
from adapters.use_cases.errors import NobodyFound
from adapters.use_cases.import_delivery import import_delivery
from adapters.use_cases.people import find_one
from adapters.use_cases.why import UnknownField, why
from domain.employee.commands import ChangeEmail, Deactivate, Merge, Offboard
from domain.outcome import Outcome
from projections.answers.story import line_of
from projections.answers.why import WhyDocument
from projections.answers.why_delivery import RowFate
from tests.adapters.conftest import OpenStore
from tests.adapters.steps import Watch, a_customer, app_of, delivered, support
from tests.given import a_company, day, moment

COMPANY = a_company(fields={"Achternaam": "last_name"}, custom_fields={"custom_desk": "text"})
CUSTOMER = a_customer(COMPANY)
HEADER = "email,first_name,Achternaam,external_id,onboarding_date,offboarding_date,birthday"
ANNA = "anna@acme.example,Anna,Bakker,1,2020-01-01,,1988-03-14"
BRAM = "bram@acme.example,Bram,Smit,2,2027-03-10,,"
CHRIS = "chris@acme.example,Chris,Jansen,3,2020-01-01,2027-04-20,"


class Story:
    """A company whose days pass one by one."""

    def __init__(self, store: Store, watch: Watch) -> None:
        self.watch = watch
        self.app: App = app_of(store, watch, CUSTOMER)

    def deliver(self, *rows: str, partial: bool = False) -> None:
        """A day later a file with these rows is applied."""
        self.watch.moment += timedelta(days=1)
        files = delivered("\n".join((HEADER, *rows, "")), modified=self.watch.moment)
        import_delivery(self.app, CUSTOMER, "schedule", files, partial=partial)

    def why(self, who: str, field: str | None = None) -> WhyDocument:
        """The answer."""
        return why(self.app, "acme", who, field)

    def fate(self, who: str) -> RowFate:
        """What the last delivery did about somebody."""
        return self.why(who).delivery.row


@pytest.fixture
def story(open_store: OpenStore, watch: Watch) -> Story:
    """Anna is here, Bram comes on the 10th, and Chris leaves on 20 April."""
    story = Story(open_store(), watch)
    story.deliver(ANNA, BRAM, CHRIS)
    return story


def test_a_value_of_a_file_is_traced_to_its_cell_and_back_to_the_first(story: Story) -> None:
    """R2: The origin of a value is its event, run, file, line, the company's own column and the
    cell. The values before follow, each with its origin."""
    # given
    story.deliver(BRAM, ANNA.replace("Bakker", "Visser"), CHRIS)

    # when
    answer = story.why("1", "ACHTERNAAM")

    # then
    (value,) = answer.values
    assert (value.field, value.value, value.before) == ("last_name", "Visser", "Bakker")
    assert value.origin is not None
    assert (value.origin.line, value.origin.column, value.origin.cell) == (
        3,
        "Achternaam",
        "Visser",
    )
    assert 'line 3, column Achternaam: "Visser"' in value.origin.told
    (earlier,) = value.earlier
    assert (earlier.value, earlier.origin.kind, earlier.origin.line) == ("Bakker", "registered", 2)


def test_a_value_of_support_is_traced_to_the_person_and_the_file_that_differs(story: Story) -> None:
    """L8, S1: The origin of an address that support changed is the person and the reason. What the
    file says is told beside it, and why that does not hold."""
    # given
    support(story.app, CUSTOMER, "1", ChangeEmail("new@acme.example"), "Eva", "ticket 7")
    story.deliver(ANNA, BRAM, CHRIS)

    # when
    answer = story.why("anna@acme.example", "E-mail")

    # then
    (value,) = answer.values
    assert value.origin is not None
    assert (value.origin.by, value.origin.reason, value.origin.cell) == ("Eva", "ticket 7", None)
    assert value.file is not None
    assert value.file.value == "anna@acme.example"
    (ignored,) = answer.delivery.ignored
    assert "what support decided stands until the file says something new" in ignored.message


@pytest.mark.parametrize(
    ("who", "can_log_in", "until", "message"),
    [
        ("1", True, None, "Can log in since 2027-03-02 02:45 UTC, without a last day."),
        ("2", False, "2027-03-10 00:00", "Cannot log in before 2027-03-10 00:00 UTC."),
        (
            "3",
            True,
            "2027-04-20 23:00",
            "Can log in since 2027-03-02 02:45 UTC, and until 2027-04-20 23:00 UTC.",
        ),
    ],
)
def test_the_access_has_the_moments_at_which_it_begins_and_ends(
    story: Story, who: str, can_log_in: bool, until: str | None, message: str
) -> None:
    """L1, L9: The answer says whether somebody can log in, since when, and until which moment."""
    # when
    access = story.why(who).access

    # then
    assert access is not None
    assert (access.can_log_in, access.message) == (can_log_in, message)
    assert access.until == (moment(until) if until else None)


def test_a_lock_out_is_traced_to_who_said_the_last_day(story: Story) -> None:
    """L9, C1: Before the clock comes, a lock-out is overdue. After it, the answer has the moment,
    and the event that set the last day."""
    # given
    story.watch.moment = moment("2027-04-21 06:00")

    # when
    before = story.why("3").access
    list(pass_clock(story.app, "night"))
    after = story.why("3").access

    # then
    assert before is not None and after is not None
    assert (before.can_log_in, before.overdue) == (True, True)
    assert (after.can_log_in, after.since) == (False, moment("2027-04-20 23:00"))
    assert after.origin is not None
    assert "(set on 2027-03-02, said by alleo_employees_1.csv, line 4)" in after.origin.told


def test_the_answer_says_what_the_row_of_the_last_delivery_did(story: Story) -> None:
    """W9, D7, Q4, L6, L7: A row was rejected, changed something, changed nothing, or is missing.
    No file changes a closed account."""
    # given
    support(story.app, CUSTOMER, "3", Deactivate(), "Eva", "ticket 7")
    first = story.fate("1")
    rest = "dora@acme.example,Dora,Dam,4,,,"
    story.deliver(
        ANNA.replace("1988-03-14", "14-03-1988"), CHRIS, rest, "e@acme.example,Eva,Os,5,,,x"
    )

    # when
    answer = story.why("1")

    # then
    assert first is RowFate.CHANGED
    assert answer.delivery.row is RowFate.REJECTED
    (issue,) = answer.delivery.issues
    assert (issue.code, issue.line, issue.value) == ("bad-date", 2, "14-03-1988")
    assert story.why("1", "last_name").delivery == answer.delivery
    assert (story.fate("2"), story.fate("3")) == (RowFate.ABSENT, RowFate.CLOSED)
    assert story.fate("4") is RowFate.CHANGED
    story.deliver(ANNA, BRAM.replace("03-10", "03-11"), CHRIS, rest)
    assert (story.fate("1"), story.fate("4")) == (RowFate.UNCHANGED, RowFate.UNCHANGED)
    (ignored,) = story.why("2").delivery.ignored
    assert "the first day is fixed" in ignored.message


def test_a_person_without_an_account_is_told_of_by_the_rejected_row(story: Story) -> None:
    """W9: A newcomer whose row was rejected has no account, and the answer has the issue. Nobody
    is found where no issue says anything."""
    # given
    story.deliver(ANNA, BRAM, CHRIS, "nina@acme.example,Nina,Berg,9,,,x")

    # when
    answer = story.why("NINA@acme.example")

    # then
    assert (answer.employee, answer.access, answer.delivery.row) == (None, None, RowFate.REJECTED)
    with pytest.raises(NobodyFound):
        story.why("nobody@acme.example")


def test_a_cell_that_may_have_been_blank_is_not_quoted(open_store: OpenStore, watch: Watch) -> None:
    """L1, L9: A first day on the day of the delivery may come from a blank cell. That day is the
    day by the clock of the company: in Kiritimati, 2 March begins at 10:00 UTC on 1 March."""
    # given
    zone = "Pacific/Kiritimati"
    customer = a_customer(replace(a_company(), timezone=zone, local_clock=True))
    watch.moment = moment("2027-03-01 22:30")
    app = app_of(open_store(), watch, customer)
    rows = f"{HEADER}\nanna@acme.example,Anna,Bakker,1,,,".replace("Achternaam", "last_name")
    import_delivery(app, customer, "schedule", delivered(rows))

    # when
    (value,) = why(app, "acme", "1", "onboarding_date").values

    # then
    assert value.value == date(2027, 3, 2)
    assert value.origin is not None and value.origin.cell is None
    assert "where a blank means the day of the delivery" in value.origin.told


def test_of_several_files_the_value_may_be_of_an_older_one(story: Story) -> None:
    """D3: A row of the newest file that leaves a value blank is not said to have it."""
    # given
    story.watch.moment += timedelta(days=1)
    older, newer = (f"{HEADER}\n{row}\n" for row in (ANNA.replace("1988", "1989"), ANNA[:-10]))
    import_delivery(
        story.app, CUSTOMER, "schedule", delivered(older, newer, modified=story.watch.moment)
    )

    # when
    (value,) = story.why("1", "birthday").values

    # then
    assert value.value == date(1989, 3, 14)
    assert value.origin is not None and value.origin.cell is None
    assert "column Birthday, or an older file of the delivery: 1989-03-14" in value.origin.told


def test_a_last_day_by_absence_is_told_as_such(open_store: OpenStore, watch: Watch) -> None:
    """Q4: Who leaves because deliveries lack the person is not told that a blank cancels nothing,
    nor that a file set the last day."""
    # given
    policy = {"absent": "offboard", "absent_after": 1, "max_offboardings": "0"}
    customer = a_customer(a_company(policy=policy))
    app = app_of(open_store(), watch, customer)
    rows = [f"p{n}@acme.example,Pim,Pos,{n}" for n in range(9)]
    for number in (9, 8):
        watch.moment += timedelta(days=1)
        file = "\n".join(("email,first_name,last_name,external_id", *rows[:number], ""))
        import_delivery(app, customer, "schedule", delivered(file, modified=watch.moment))

    # when
    (ignored,) = why(app, "acme", "8").delivery.ignored
    (planned,) = preview_clock(app, "night", watch.moment + timedelta(days=1))

    # then
    assert ignored.message.endswith(
        "2027-03-03 holds: the last deliveries do not have this person."
    )
    assert planned.run is not None
    (happening,) = planned.run.happenings
    assert "set because the last deliveries do not have this person" in line_of(happening).text


def test_a_row_is_that_of_the_delivery_that_was_applied(story: Story) -> None:
    """F1, D12: After a delivery was refused, the row is that of the delivery before. A row of a
    partial delivery counts, too."""
    # given
    visser = ANNA.replace("Bakker", "Visser")
    story.deliver(visser, partial=True)
    partial = story.why("1").delivery

    # when
    refused = delivered("email\n", modified=story.watch.moment + timedelta(days=1))
    import_delivery(story.app, CUSTOMER, "schedule", refused)
    before = story.why("2").delivery

    # then
    assert partial.row is RowFate.CHANGED
    assert partial.messages == ("The row of the person changed what the events above say.",)
    assert before.outcome is Outcome.REFUSED
    assert before.messages[-1].startswith("The row of the person in the last applied delivery ")


def test_an_account_that_ended_means_the_account_that_was_kept(story: Story) -> None:
    """S11: The id and the address of an ended account are answered with the kept account. An
    external id that was taken over is traced to the row that gave it to the ended account."""
    # given
    story.deliver(ANNA, BRAM, CHRIS, "b.smit@acme.example,Bram,Smit,,,,")
    ended, kept = (
        find_one(story.app, "acme", "2"),
        find_one(story.app, "acme", "b.smit@acme.example"),
    )
    support(story.app, CUSTOMER, str(kept.id), Merge(ended.id), "Eva", "one person")

    # when
    by_id, by_address = story.why(str(ended.id), "external_id"), story.why("bram@acme.example")

    # then
    assert by_id.employee is not None and by_address.employee is not None
    assert by_id.employee.id == by_address.employee.id == kept.id
    assert by_id.merged_from == ended.id
    (value,) = by_id.values
    assert (value.value, [each.origin.line for each in value.earlier]) == ("2", [3])


def test_without_a_field_the_answer_has_what_was_changed(story: Story) -> None:
    """L4: Without a field, the answer has the last day, and the other dates and keys only if they
    were changed."""
    # given
    support(story.app, CUSTOMER, "1", Offboard(day("2027-06-30")), "Eva", "ticket 7")

    # when / then
    assert [value.field for value in story.why("1").values] == ["offboarding_date"]
    assert [value.field for value in story.why("2").values] == []
    assert story.why("1").values[0].value == date(2027, 6, 30)


def test_an_unknown_field_gets_the_nearest(story: Story) -> None:
    """An unknown field is answered with the nearest one, also for a usual name of another language.
    A custom field of the company is known."""
    # when / then
    for name, nearest in {"last nmae": "last_name", "voornaam": "first_name"}.items():
        with pytest.raises(UnknownField, match=f"did you mean {nearest}"):
            story.why("1", name)
    (value,) = story.why("1", "custom_desk").values
    assert (value.value, value.origin) == (None, None)
