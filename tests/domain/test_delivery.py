"""A delivery as a whole: several files, who is absent, what is rejected, and what is counted."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.delivery.plan import Plan
from domain.employee.aggregate import Employee
from domain.employee.events import Deactivated, EmailChanged, State
from domain.employee.roster import Roster, entry_of
from domain.ids import employee_id
from projections.answers.preview import action_of
from tests.given import (
    NOW,
    RUN,
    TODAY,
    a_company,
    after,
    codes,
    day,
    kinds,
    outcomes,
    plan,
    registered,
    roster_after,
    then,
)

BASE = "external_id,email,first_name,last_name"
FULL = (
    f"{BASE},onboarding_date,offboarding_date,prefix,birthday,probation_period_end_date,"
    "work_anniversary,marriage_date,language,group_name,custom_desk"
)
ANN = "1,ann@acme.example,Ann,Bakker"
BEN = "2,ben@acme.example,Ben,Visser"
CAS = "3,cas@acme.example,Cas,de Wit"
TOMORROW = NOW + timedelta(days=1)
FIRST, SECOND = "alleo_employees_0.csv", "alleo_employees_1.csv"


def file(*lines: str, header: str = BASE) -> str:
    return "\n".join((header, *lines, ""))


def leaving(person: str, offboarding: str) -> str:
    return file(f"{person},{offboarding}", header=f"{BASE},offboarding_date")


def known(*rows: str) -> list[Employee]:
    return [registered(row, BASE, position=number) for number, row in enumerate(rows, 1)]


def one(found: Plan) -> Employee:
    (change,) = found.changes
    return change.after


def state_of(people: list[Employee]) -> dict[str, dict[str, Any]]:
    """Everything that is known, however many events it took."""
    return {
        each.email: {
            field: getattr(each, field)
            for field in each.__struct_fields__
            if field not in ("id", "version", "effective")
        }
        for each in people
    }


# D3: several files


def test_one_file_is_nothing_to_be_said() -> None:
    """D3: the warning is about more than one."""
    assert codes(plan(file(ANN))) == []


@pytest.mark.parametrize("count", [2, 3])
def test_several_files_are_a_warning(count: int) -> None:
    """D3: also where each speaks of someone else."""
    found = plan(*(file(row) for row in (ANN, BEN, CAS)[:count]))

    (issue,) = found.issues
    assert (issue.code, issue.severity, issue.file) == ("several-files", "warning", None)
    assert f" {count} " in issue.message
    assert outcomes(found) == ["registered"] * count


def test_the_later_files_row_stands_and_the_earlier_one_is_superseded() -> None:
    """D3: one of them is applied, the other one is told where it went."""
    found = plan(file(ANN), file(BEN, ANN.replace("Ann", "Anna")))

    assert outcomes(found) == ["skipped", "registered", "registered"]
    assert one_named(found, "ann@acme.example").details.first_name == "Anna"
    (issue,) = found.issues[1:]
    assert (issue.code, issue.severity) == ("superseded-row", "info")
    assert (issue.file, issue.line) == (FIRST, 2)
    assert f"{SECOND}, line 3" in issue.message


def one_named(found: Plan, email: str) -> Employee:
    (result,) = (change.after for change in found.changes if change.after.email == email)
    return result


def test_of_three_files_the_last_row_stands() -> None:
    """D3: and both before it are superseded by that one."""
    texts = [file(ANN.replace("Ann", name)) for name in ("Anna", "Anne", "Annie")]

    found = plan(*texts)

    assert outcomes(found) == ["skipped", "skipped", "registered"]
    assert one(found).details.first_name == "Annie"
    assert codes(found) == ["several-files", "superseded-row", "superseded-row"]
    assert all("alleo_employees_2.csv, line 2" in issue.message for issue in found.issues[1:])


def test_events_name_the_row_that_stands() -> None:
    """D3: what came of the later file is told by the later file."""
    found = plan(file(ANN), file(BEN, ANN.replace("Ann", "Anna")))

    places = {
        (recorded.file, recorded.line) for change in found.changes for recorded in change.events
    }
    assert places == {(SECOND, 2), (SECOND, 3)}


CELLS = "2027-02-01,2027-06-30,de,1990-01-01,2027-04-01,2020-01-01,2015-05-05,de,Sales,4711"


@pytest.mark.parametrize(
    ("later", "last_day"),
    [
        pytest.param(file(f"{ANN}{',' * 10}", header=FULL), None, id="blank cells"),
        pytest.param(file(ANN), day("2027-06-30"), id="absent columns"),
        pytest.param(file(ANN.removeprefix("1")), day("2027-06-30"), id="no external id either"),
    ],
)
def test_blanks_of_the_later_row_keep_the_cells_of_the_earlier_one(
    later: str, last_day: date | None
) -> None:
    """D3, W8: a blank says nothing; but of the last day the latest file that has the column
    decides."""
    alone = plan(file(f"{ANN},{CELLS}", header=FULL))

    found = plan(file(f"{ANN},{CELLS}", header=FULL), later)

    assert one(found).details == one(alone).details
    assert one(found).details.custom == {"custom_desk": "4711"}
    assert one(found).offboarding_date == last_day


@pytest.mark.parametrize(
    ("field", "earlier", "later"),
    [
        ("first_name", "Ann", "Anna"),
        ("prefix", "de", "van"),
        ("birthday", "1990-01-01", "1991-01-01"),
        ("group_name", "Sales", "Engineering"),
        ("language", "de", "en"),
        ("custom_desk", "1", "2"),
    ],
)
def test_cells_of_the_later_row_stand_over_the_earlier_ones(
    field: str, earlier: str, later: str
) -> None:
    """D3: wherever it says something."""
    columns = BASE if field in BASE else f"{BASE},{field}"

    def row(value: str) -> str:
        return file(
            ANN.replace("Ann", value) if field in BASE else f"{ANN},{value}", header=columns
        )

    found = plan(row(earlier), row(later))

    assert state_of(after(found)) == state_of(after(plan(row(later))))


def test_a_later_onboarding_date_stands() -> None:
    """D3: for someone new, dates are cells like others."""
    header = f"{BASE},onboarding_date"

    found = plan(file(f"{ANN},2027-04-01", header=header), file(f"{ANN},2027-05-01", header=header))

    assert one(found).onboarding_date == day("2027-05-01")
    assert one(found).state is State.PENDING


def test_an_earlier_last_day_that_is_over_registers_nobody() -> None:
    """D3, L2: what a blank keeps counts for the life of whom it is about."""
    found = plan(leaving(ANN, "2027-02-01"), file(ANN))

    assert kinds(found) == []
    assert outcomes(found) == ["skipped", "skipped"]
    assert codes(found) == ["several-files", "superseded-row", "already-left"]


def test_what_is_to_be_said_of_a_change_is_said_where_the_date_comes_from_an_earlier_row() -> None:
    """D3, L4: the change is made, so it is short notice."""
    near = (TODAY + timedelta(days=3)).isoformat()

    for staff in ([], known(ANN)):
        found = plan(leaving(ANN, near), file(ANN), known=staff)

        assert "offboarding-scheduled" in kinds(found)
        assert codes(found) == ["several-files", "superseded-row", "short-notice"]


def test_custom_fields_of_both_rows_are_kept() -> None:
    """D3: each file has columns of its own."""
    found = plan(
        file(f"{ANN},1,x", header=f"{BASE},custom_a,custom_b"),
        file(f"{ANN},2,y", header=f"{BASE},custom_a,custom_c"),
    )

    assert one(found).details.custom == {"custom_a": "2", "custom_b": "x", "custom_c": "y"}


def test_an_earlier_external_id_is_kept() -> None:
    """D3: a later row without one means the same employee by address."""
    found = plan(file(ANN), file(ANN.removeprefix("1")))

    assert outcomes(found) == ["skipped", "registered"]
    assert one(found).external_id == "1"


def test_a_later_address_stands() -> None:
    """D3, I2: by external id."""
    found = plan(file(ANN), file("1,anna@acme.example,Ann,Bakker"), known=known(ANN))

    assert kinds(found) == ["email-changed"]
    assert one(found).email == "anna@acme.example"


def test_an_earlier_change_of_address_stands_where_the_later_file_knows_no_external_ids() -> None:
    """D3, I4: the later row means whoever has the new address."""
    found = plan(
        file("1,anna@acme.example,Ann,Bakker"),
        file(",anna@acme.example,Anna,Bakker"),
        known=known(ANN),
    )

    assert outcomes(found) == ["skipped", "changed"]
    assert (one(found).email, one(found).details.first_name) == ("anna@acme.example", "Anna")


def test_files_that_agree_with_what_is_known_change_nothing() -> None:
    """D3: one stands unchanged, the others are superseded."""
    found = plan(file(ANN), file(ANN), known=known(ANN))

    assert outcomes(found) == ["skipped", "unchanged"]
    assert kinds(found) == []


def test_nothing_but_that_a_row_is_superseded_is_said_of_it() -> None:
    """D3: the warnings of a superseded row do not count."""
    header = f"{BASE},group_name"

    found = plan(file(f"{ANN},Salse", header=header), file(f"{ANN},Sales", header=header))

    told = [(issue.file, issue.code) for issue in found.issues[1:]]
    assert told == [(FIRST, "superseded-row")]


def test_a_later_row_that_is_rejected_leaves_the_earlier_one_standing() -> None:
    """D3, W9: a rejected row changes nothing, not even which row stands."""
    found = plan(file(ANN.replace("Ann", "Anna")), file("1,ann@acme.example,,Bakker"))

    assert outcomes(found) == ["registered", "rejected"]
    assert codes(found) == ["several-files", "missing-value"]
    assert one(found).details.first_name == "Anna"


def test_an_earlier_row_that_is_rejected_supersedes_and_keeps_nothing() -> None:
    """D3, W9: its cells are not kept, and its rejection is not said."""
    header = f"{BASE},prefix,birthday"

    found = plan(file(f"{ANN},de,never", header=header), file(f"{ANN},,", header=header))

    assert outcomes(found) == ["skipped", "registered"]
    assert codes(found) == ["several-files", "superseded-row"]
    assert one(found).details.prefix is None


LEFT_IN_THE_FOLDER = {
    "the same file twice": (file(ANN, BEN), file(ANN, BEN)),
    "a name and back": (file(ANN), file(ANN.replace("Ann", "Anna")), file(ANN)),
    "names differ": (file(ANN, BEN), file(ANN.replace("Ann", "Anna"))),
    "last days differ": (leaving(ANN, "2027-06-30"), leaving(ANN, "2027-08-31")),
    "a last day, then a blank": (leaving(ANN, "2027-06-30"), leaving(ANN, "")),
    "a blank, then a last day": (leaving(ANN, ""), leaving(ANN, "2027-06-30")),
    "a last day, then no column": (leaving(ANN, "2027-06-30"), file(ANN)),
    "addresses differ": (file(ANN), file("1,anna@acme.example,Ann,Bakker")),
    "a swap": (
        file(ANN, BEN),
        file("1,ben@acme.example,Ann,Bakker", "2,ann@acme.example,Ben,Visser"),
    ),
    "an external id comes later": (file(ANN.removeprefix("1")), file(ANN)),
    "an external id went": (file(ANN), file(ANN.removeprefix("1"))),
    "an address that is only left": (
        file(ANN, BEN),
        file("1,anna@acme.example,Ann,Bakker", "9,ann@acme.example,Ida,Mol"),
    ),
    "who left is in one of them": (leaving(ANN, "2027-02-01"), file(BEN)),
    "cells in turn": (
        file(f"{ANN},de,", header=f"{BASE},prefix,birthday"),
        file(f"{ANN},,1990-01-01", header=f"{BASE},prefix,birthday"),
    ),
}


@pytest.mark.parametrize("texts", LEFT_IN_THE_FOLDER.values(), ids=LEFT_IN_THE_FOLDER)
@pytest.mark.parametrize("staff", [[], known(ANN, BEN)], ids=["new", "known"])
def test_files_left_in_the_folder_yield_no_events_at_the_next_pick_up(
    texts: tuple[str, ...], staff: list[Employee]
) -> None:
    """D3: no flip-flop, however often they are met."""
    people = after(plan(*texts, known=staff), staff)

    again = plan(*texts, known=people, now=TOMORROW)

    assert kinds(again) == []
    assert again.outcome == "unchanged"


@pytest.mark.parametrize(
    "texts",
    [
        # Of several files the blank decides (D3); after another file it cancels nothing (L5).
        pytest.param(texts, id=name)
        for name, texts in LEFT_IN_THE_FOLDER.items()
        if name != "a last day, then a blank"
    ],
)
def test_files_at_once_come_to_what_they_come_to_one_by_one(texts: tuple[str, ...]) -> None:
    """D3: for people who are known, what the file last said of a last day being the files'."""
    staff = people = known(ANN, BEN)
    for text in texts:
        people = after(plan(text, known=people), people)

    at_once = after(plan(*texts, known=staff), staff)

    one_by_one, together = state_of(people), state_of(at_once)
    for each in (*one_by_one.values(), *together.values()):
        del each["file_offboarding_date"]
    assert together == one_by_one


def test_files_left_in_the_folder_are_told_every_time() -> None:
    """D3, L10: until only the current one is left."""
    texts = file(ANN), file(ANN)
    people = after(plan(*texts))

    assert codes(plan(*texts, known=people)) == ["several-files", "superseded-row"]


def test_who_is_registered_gets_an_id_by_the_place_of_their_row_in_the_delivery() -> None:
    """Rows are counted on through all files."""
    found = plan(file(ANN, BEN), file(CAS))

    assert [change.after.id for change in found.changes] == [
        employee_id(RUN, position) for position in (1, 2, 3)
    ]


# D7: absence


def test_who_is_absent_is_counted_and_not_changed() -> None:
    """D7: people leave by their last day alone."""
    staff = known(ANN, BEN, CAS)

    found = plan(file(BEN), known=staff)

    assert found.counts.absent == 2
    assert kinds(found) == []
    assert state_of(after(found, staff)) == state_of(staff)


def test_nobody_is_absent_from_a_company_that_knew_nobody() -> None:
    """D7: new employees are not absent."""
    assert plan(file(ANN, BEN)).counts.absent == 0


def test_who_is_deactivated_is_not_absent() -> None:
    """D7: they are gone, and no file is to tell of them."""
    ann, ben = known(ANN, BEN)

    assert plan(file(CAS), known=[then(ann, Deactivated()), ben]).counts.absent == 1


@pytest.mark.parametrize(
    "texts",
    [
        (file(ANN),),
        (file(ANN.removeprefix("1")),),
        (file("1,anna@acme.example,Ann,Bakker"),),
        (file(",new@acme.example,Ann,Bakker"),),
        (file("1,ann@acme.example,,Bakker"),),
        (file(",ANN@acme.example,,Bakker"),),
        (file(ANN, ANN.replace("Ann", "Anna")),),
        (file(ANN, ANN),),
        (file(ANN), file(ANN)),
        (file("9,ann@acme.example,Ann,Bakker"),),
    ],
    ids=[
        "external id and address",
        "address",
        "external id",
        "the address of support",
        "rejected, by external id",
        "rejected, by address",
        "rejected as duplicates",
        "repeated",
        "superseded",
        "rejected as a conflict",
    ],
)
def test_whoever_any_row_speaks_of_is_not_absent(texts: tuple[str, ...]) -> None:
    """D7: whatever becomes of the row."""
    (ann,) = known(ANN)
    ann = then(ann, EmailChanged("new@acme.example"))

    assert plan(*texts, known=[ann]).counts.absent == 0


def test_a_row_that_nobody_can_read_speaks_of_nobody() -> None:
    """D7, F8: with cells missing, nobody knows which one is the external id."""
    found = plan(file("1,ann@acme.example"), known=known(ANN))

    assert codes(found) == ["wrong-width"]
    assert found.counts.absent == 1


# W9: rejected rows


def test_every_problem_of_a_row_is_listed() -> None:
    """W9: not just the first, in the order of columns."""
    found = plan(file("1,nobody,,Bakker,2027-02-30,maybe,,31-12-1990,,,,,,", header=FULL))

    assert outcomes(found) == ["rejected"]
    assert [(issue.code, issue.field) for issue in found.issues] == [
        ("bad-email", "email"),
        ("missing-value", "first_name"),
        ("bad-date", "onboarding_date"),
        ("bad-date", "offboarding_date"),
        ("bad-date", "birthday"),
    ]
    assert {(issue.file, issue.line) for issue in found.issues} == {("alleo_employees.csv", 2)}


def test_warnings_of_a_rejected_row_are_listed_too() -> None:
    """W9: every problem, also where whom it means is what rejects it."""
    found = plan(
        file("1,ben@acme.example,Ann,Bakker,Salse", header=f"{BASE},group_name"),
        known=known(ANN, BEN),
    )

    assert codes(found) == ["unknown-group", "email-taken"]
    assert outcomes(found) == ["rejected"]


def test_a_rejected_row_changes_nothing_and_the_others_go_on() -> None:
    """W9: before it and after it."""
    staff = known(ANN, BEN, CAS)

    found = plan(
        file(
            ANN.replace("Ann", "Anna") + ",",
            BEN.replace("Ben", "Benno") + ",2027-02-30",
            CAS.replace("Cas", "Caspar") + ",",
            header=f"{BASE},birthday",
        ),
        known=staff,
    )

    assert outcomes(found) == ["changed", "rejected", "changed"]
    names = [each.details.first_name for each in after(found, staff)]
    assert names == ["Anna", "Ben", "Caspar"]


def test_issues_come_in_the_order_of_rows_after_those_of_files() -> None:
    """W9: whatever the order they were found in."""
    found = plan(
        file("1,ben@acme.example,Ann,Bakker,", "7,x@acme.example,,Mol,", header=f"{BASE},shoe"),
        file(BEN, "8,y,Ida,Mol"),
        known=known(ANN, BEN),
    )

    assert [(issue.code, issue.file, issue.line) for issue in found.issues] == [
        ("several-files", None, None),
        ("unknown-column", FIRST, 1),
        ("email-taken", FIRST, 2),
        ("missing-value", FIRST, 3),
        ("bad-email", SECOND, 3),
    ]


def test_an_issue_carries_the_address_of_its_row() -> None:
    """W9: so that a person finds it."""
    (issue,) = plan(file("1,ann@acme.example,,Bakker")).issues

    assert (issue.email, issue.line) == ("ann@acme.example", 2)


# What is counted, and how the run would end


def test_every_row_is_counted_once() -> None:
    """Counts: rows = registered + changed + unchanged + rejected + skipped."""
    staff = known(ANN, BEN, CAS)

    found = plan(
        file(ANN, BEN, "4,dan@acme.example,Dan,Mol", "5,eva,Eva,Mol"),
        file(ANN.replace("Ann", "Anna"), "4,dan@acme.example,Dan,Mol"),
        known=staff,
    )

    counts = found.counts
    assert (counts.rows, counts.events, counts.absent) == (6, 2, 1)
    assert (counts.registered, counts.changed, counts.unchanged) == (1, 1, 1)
    assert (counts.rejected, counts.skipped) == (1, 2)


def test_every_event_of_an_employee_is_counted() -> None:
    """Counts: two events of one row are two."""
    assert plan(leaving(ANN, "2027-06-30")).counts.events == 2


@pytest.mark.parametrize(
    ("text", "staff", "outcome"),
    [
        (file(ANN), [], "applied"),
        (file(ANN.replace("Ann", "Anna")), known(ANN), "applied"),
        (file(ANN), known(ANN), "unchanged"),
        (file("1,ann,Ann,Bakker"), known(ANN), "unchanged"),
        (leaving(ANN, "2027-02-01"), [], "unchanged"),
    ],
)
def test_a_plan_is_applied_where_it_changes_someone(
    text: str, staff: list[Employee], outcome: str
) -> None:
    assert plan(text, known=staff).outcome == outcome


@pytest.mark.parametrize(
    ("text", "action"),
    [
        (file(BEN), "onboard"),
        (leaving(BEN, "2027-06-30"), "onboard"),
        (file(ANN.replace("Ann", "Anna")), "update"),
        (leaving(ANN, "2027-06-30"), "offboard"),
        (leaving(ANN.replace("Ann", "Anna"), "2027-06-30"), "offboard"),
        (file(ANN), "none"),
        (file("1,ann,Ann,Bakker"), "reject"),
        (leaving(BEN, "2027-02-01"), "skip"),
    ],
)
def test_what_a_row_would_do_in_a_word(text: str, action: str) -> None:
    (judgement,) = plan(text, known=known(ANN)).results

    assert action_of(judgement) == action


# Rows that are recognised


def same(found: Plan, other: Plan) -> bool:
    """Whether two plans do the same, and say the same."""
    return (
        list(found.changes) == list(other.changes)
        and found.issues == other.issues
        and found.counts == other.counts
    )


def in_full(*texts: str, roster: Roster, **more: Any) -> Plan:
    """The plan of a store that lost every digest."""
    return plan(*texts, known=roster, digests=False, **more)


def test_rows_that_repeat_themselves_are_set_aside() -> None:
    text = file(ANN, BEN, CAS)
    roster = roster_after(plan(text))

    found = plan(text, known=roster, now=TOMORROW)

    assert (found.recognised, found.results) == (3, ())
    assert (found.counts.rows, found.counts.unchanged, found.counts.absent) == (3, 3, 0)
    assert same(found, in_full(text, roster=roster, now=TOMORROW))


def test_a_row_that_differs_is_read_and_the_others_stay_set_aside() -> None:
    roster = roster_after(plan(file(ANN, BEN, CAS)))
    text = file(ANN, BEN.replace("Ben", "Benno"), CAS)

    found = plan(text, known=roster)

    assert found.recognised == 2
    assert outcomes(found) == ["changed"]
    assert same(found, in_full(text, roster=roster))


@pytest.mark.parametrize(
    "other",
    [
        "1,anna@acme.example,Ann,Bakker",
        ",ann@acme.example,Anna,Bakker",
        ",ANN@acme.example,Anna,Bakker",
        "9,ann@acme.example,Ida,Mol",
        "1,anna,Ann,Bakker",
        ANN,
    ],
    ids=["external id", "address", "other case", "conflict", "unreadable", "repeated"],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_row_is_read_after_all_when_another_row_speaks_of_the_same_employee(
    other: str, first: bool
) -> None:
    """I7: duplicates are found although one of them was set aside."""
    roster = roster_after(plan(file(ANN, BEN)))
    text = file(other, ANN, BEN) if first else file(ANN, BEN, other)

    found = plan(text, known=roster)

    assert found.recognised == 1
    assert len(found.results) == 2
    assert found.issues
    assert same(found, in_full(text, roster=roster))


def test_every_row_of_several_files_is_read() -> None:
    """D3: a row of one file may contest any row of another."""
    roster = roster_after(plan(file(ANN, BEN)))
    texts = file(ANN, BEN), file(ANN.replace("Ann", "Anna"))

    found = plan(*texts, known=roster)

    assert (found.recognised, outcomes(found)) == (0, ["skipped", "unchanged", "changed"])
    assert same(found, in_full(*texts, roster=roster))


def test_a_row_that_wants_the_address_of_a_row_set_aside_does_not_get_it() -> None:
    """I2: who is set aside keeps what they have."""
    roster = roster_after(plan(file(ANN, BEN)))
    text = file(ANN, "2,ann@acme.example,Ben,Visser")

    found = plan(text, known=roster)

    assert codes(found) == ["duplicate-email", "duplicate-email"]
    assert same(found, in_full(text, roster=roster))


def test_who_is_set_aside_is_neither_absent_nor_a_namesake() -> None:
    """D7, I5: a row that is set aside is in the delivery all the same."""
    row = ",ann@acme.example,Ann,Bakker"
    roster = roster_after(plan(file(row)))
    text = file(row, ",anna@acme.example,Ann,Bakker")

    found = plan(text, known=roster)

    assert (found.recognised, found.counts.absent, codes(found)) == (1, 0, [])
    assert same(found, in_full(text, roster=roster))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (file(f"{ANN},Salse", header=f"{BASE},group_name"), "unknown-group"),
        (file(f"{ANN},xx", header=f"{BASE},language"), "unknown-language"),
    ],
)
def test_a_row_with_something_to_be_said_each_time_is_read_each_time(text: str, code: str) -> None:
    """L10: what is set aside says nothing."""
    roster = roster_after(plan(text))

    found = plan(text, known=roster)

    assert (found.recognised, codes(found)) == (0, [code])


def test_a_row_with_something_to_be_said_once_is_set_aside() -> None:
    """L10: short notice is about the change."""
    text = leaving(ANN, (TODAY + timedelta(days=3)).isoformat())
    first = plan(text)

    second = plan(text, known=roster_after(first))

    assert (codes(first), codes(second), second.recognised) == (["short-notice"], [], 1)


def test_the_same_text_under_another_header_is_another_row() -> None:
    roster = roster_after(plan(file("1,ann@acme.example,Ann,Bakker")))
    text = file("1,ann@acme.example,Ann,Bakker", header="external_id,email,last_name,first_name")

    found = plan(text, known=roster)

    assert (found.recognised, kinds(found)) == (0, ["details-changed"])


def test_the_same_row_under_other_settings_is_another_row() -> None:
    """A group that the company has by now is news in a row that did not change."""
    text = file(f"{ANN},,", header=f"{BASE},prefix,birthday")
    first = plan(file(f"{ANN},de,", header=f"{BASE},prefix,birthday"))
    roster = roster_after(plan(text, known=roster_after(first)), roster_after(first))

    found = plan(text, known=roster, company=a_company(policy={"blank_cells": "clear"}))

    assert (found.recognised, kinds(found)) == (0, ["details-changed"])


def test_a_row_that_changes_nothing_is_remembered_as_it_was_written_last() -> None:
    first = plan(file(ANN))
    roster = roster_after(first)
    text = file("Bakker,Ann,ann@acme.example,1", header="last_name,first_name,email,external_id")
    second = plan(text, known=roster)
    roster = roster_after(second, roster)

    third = plan(text, known=roster)

    assert (second.recognised, outcomes(second)) == (0, ["unchanged"])
    assert (third.recognised, third.results) == (1, ())


def test_a_row_of_before_a_change_is_not_recognised_after_it() -> None:
    before, changed = file(ANN), file(ANN.replace("Ann", "Anna"))
    roster = roster_after(plan(before))
    roster = roster_after(plan(changed, known=roster), roster)

    found = plan(before, known=roster)

    assert (found.recognised, kinds(found)) == (0, ["details-changed"])


def test_superseded_rows_are_read_each_time() -> None:
    """D3, L10: which row stands is told every time."""
    texts = file(ANN), file(ANN.replace("Ann", "Anna"))
    roster = roster_after(plan(*texts))

    found = plan(*texts, known=roster)

    assert (found.recognised, outcomes(found)) == (0, ["skipped", "unchanged"])


def test_a_row_that_stood_with_another_ones_cells_is_read_when_it_comes_alone() -> None:
    """D3, L10: its digest is not kept, since alone it might say something else."""
    texts = leaving(ANN, "2027-06-30"), leaving(ANN, "")
    roster = roster_after(plan(*texts))

    found = plan(texts[1], known=roster)

    assert (found.recognised, kinds(found)) == (0, [])


@pytest.mark.parametrize(
    ("theirs", "row", "other"),
    [
        (ANN, "1,other@acme.example,Ann,Bakker", "2,other@acme.example,Ben,Visser"),
        (ANN.removeprefix("1"), "9,ann@acme.example,Ann,Bakker", "9,ben@acme.example,Ben,Visser"),
    ],
    ids=["address", "external id"],
)
def test_a_row_is_read_while_it_names_a_deactivated_employee_by_what_is_not_theirs(
    theirs: str, row: str, other: str
) -> None:
    """I7, L6: what the file may not give them may come to be somebody else's."""
    (ann,) = known(theirs)
    gone = then(ann, Deactivated())
    roster = Roster(
        [entry_of(gone, None, msgspec.json.encode(gone))], msgspec.json.Decoder(Employee).decode
    )
    first = plan(file(row), known=roster)
    roster = roster_after(first, roster)
    assert outcomes(first) == ["unchanged"]

    found = plan(file(row, other), known=roster)

    assert outcomes(found) == ["rejected", "rejected"]


ROWS = st.tuples(
    st.sampled_from(["", "", "1", "2", "3"]),
    st.sampled_from(["a@x.example", "A@x.example", "b@x.example", "c@x.example", "d@x", ""]),
    st.sampled_from(["Ann", "Ben"]),
    st.sampled_from(["Mol"]),
    st.sampled_from(["", "", "2027-02-01", "2027-03-10", "2027-06-30", "soon"]),
    st.sampled_from(["", "Sales", "Salse"]),
).map(",".join)
FILES = st.lists(
    st.lists(ROWS, min_size=1, max_size=5).map(
        lambda rows: file(*rows, header=f"{BASE},offboarding_date,group_name")
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(FILES, FILES)
def test_counts_add_up_and_digests_make_no_difference(first: list[str], second: list[str]) -> None:
    """Every row has one verdict, and what is set aside would have changed nothing."""
    roster = roster_after(plan(*first))

    for texts in (first, second, first + second):
        found = plan(*texts, known=roster)
        counts = found.counts

        assert counts.rows == sum(text.count("\n") - 1 for text in texts)
        assert counts.rows == (
            counts.registered + counts.changed + counts.unchanged + counts.rejected + counts.skipped
        )
        assert counts.events == len(kinds(found))
        assert 0 <= counts.absent <= len(roster.entries)
        assert same(found, in_full(*texts, roster=roster))


def test_a_plan_that_is_printed_names_nobody() -> None:
    """What goes to a log by accident is not about people."""
    found = plan(file(ANN), file(BEN, "1,x,Ann,Bakker"))

    assert "acme.example" not in repr(found) + repr(found.results) + repr(found.issues)
