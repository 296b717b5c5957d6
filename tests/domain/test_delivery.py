"""A whole delivery: several files, absent employees, rejected rows, and counts (D3, D7, W9)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from domain.delivery.plan import Plan
from domain.employee.aggregate import Employee
from domain.employee.events import Deactivated, EmailChanged
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


@pytest.mark.parametrize("count", [2, 3])
def test_a_delivery_of_several_files_gets_a_warning(count: int) -> None:
    """D3: A delivery of more than one file gets one warning that says how many files there are,
    also when each file is about other employees.
    """
    # when
    found = plan(*(file(row) for row in (ANN, BEN, CAS)[:count]))

    # then
    (issue,) = found.issues
    assert (issue.code, issue.severity, issue.file) == ("several-files", "warning", None)
    assert f" {count} " in issue.message
    assert outcomes(found) == ["registered"] * count


def test_the_row_of_the_later_file_is_applied_and_the_earlier_row_is_superseded() -> None:
    """D3: When two files are about the same employee, the later row is applied. The earlier row
    gets an info that names the later one.
    """
    # when
    found = plan(file(ANN), file(BEN, ANN.replace("Ann", "Anna")))

    # then
    assert outcomes(found) == ["skipped", "registered", "registered"]
    assert one_named(found, "ann@acme.example").details.first_name == "Anna"
    (issue,) = found.issues[1:]
    assert (issue.code, issue.severity) == ("superseded-row", "info")
    assert (issue.file, issue.line) == (FIRST, 2)
    assert f"{SECOND}, line 3" in issue.message


def one_named(found: Plan, email: str) -> Employee:
    (result,) = (change.after for change in found.changes if change.after.email == email)
    return result


def test_events_name_the_row_of_the_later_file() -> None:
    """D3: Events name the file and the line of the row that was applied, and not the row that it
    superseded.
    """
    # when
    found = plan(file(ANN), file(BEN, ANN.replace("Ann", "Anna")))

    # then
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
def test_blank_cells_of_the_later_row_keep_the_values_of_the_earlier_row(
    later: str, last_day: date | None
) -> None:
    """D3, W8: A blank cell in the later file keeps the value of the earlier file. Only the
    offboarding date follows the latest file that has its column.
    """
    # given
    alone = plan(file(f"{ANN},{CELLS}", header=FULL))

    # when
    found = plan(file(f"{ANN},{CELLS}", header=FULL), later)

    # then
    assert one(found).details == one(alone).details
    assert one(found).details.custom == {"custom_desk": "4711"}
    assert one(found).offboarding_date == last_day


@pytest.mark.parametrize(
    ("field", "earlier", "later"),
    [
        ("first_name", "Ann", "Anna"),
        ("prefix", "de", "van"),
        ("birthday", "1990-01-01", "1991-01-01"),
        ("onboarding_date", "2027-04-01", "2027-05-01"),
        ("group_name", "Sales", "Engineering"),
        ("language", "de", "en"),
        ("custom_desk", "1", "2"),
    ],
)
def test_the_value_of_the_later_file_wins(field: str, earlier: str, later: str) -> None:
    """D3: When both files have a value for a field, the value of the later file is applied."""
    # given
    columns = BASE if field in BASE else f"{BASE},{field}"

    def row(value: str) -> str:
        return file(
            ANN.replace("Ann", value) if field in BASE else f"{ANN},{value}", header=columns
        )

    # when
    found = plan(row(earlier), row(later))

    # then
    assert state_of(after(found)) == state_of(after(plan(row(later))))


def test_a_last_day_that_comes_from_the_earlier_file_still_gives_short_notice() -> None:
    """D3, L4: A last day that is kept from the earlier file is scheduled and gives the warning
    `short-notice`.
    """
    # given
    near = (TODAY + timedelta(days=3)).isoformat()

    # when / then
    for staff in ([], known(ANN)):
        found = plan(leaving(ANN, near), file(ANN), known=staff)

        assert "offboarding-scheduled" in kinds(found)
        assert codes(found) == ["several-files", "superseded-row", "short-notice"]


def test_custom_fields_of_both_rows_are_kept() -> None:
    """D3: The employee keeps the custom fields of both files. The later value wins where both have
    one.
    """
    # when
    found = plan(
        file(f"{ANN},1,x", header=f"{BASE},custom_a,custom_b"),
        file(f"{ANN},2,y", header=f"{BASE},custom_a,custom_c"),
    )

    # then
    assert one(found).details.custom == {"custom_a": "2", "custom_b": "x", "custom_c": "y"}


def test_a_superseded_row_gets_no_other_issue() -> None:
    """D3: A superseded row gets the issue `superseded-row` and no warning about its own cells."""
    # given
    header = f"{BASE},group_name"

    # when
    found = plan(file(f"{ANN},Salse", header=header), file(f"{ANN},Sales", header=header))

    # then
    told = [(issue.file, issue.code) for issue in found.issues[1:]]
    assert told == [(FIRST, "superseded-row")]


def test_a_rejected_later_row_leaves_the_earlier_row_applied() -> None:
    """D3, W9: When the later row is rejected, the earlier row is applied."""
    # when
    found = plan(file(ANN.replace("Ann", "Anna")), file("1,ann@acme.example,,Bakker"))

    # then
    assert outcomes(found) == ["registered", "rejected"]
    assert codes(found) == ["several-files", "missing-value"]
    assert one(found).details.first_name == "Anna"


def test_an_earlier_row_with_errors_is_superseded_and_none_of_its_cells_is_kept() -> None:
    """D3, W9: An earlier row with errors is superseded by an accepted later row. None of its cells
    is applied and its errors are not told.
    """
    # given
    header = f"{BASE},prefix,birthday"

    # when
    found = plan(file(f"{ANN},de,never", header=header), file(f"{ANN},,", header=header))

    # then
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
    """D3: Picking up the same unchanged files again causes no events."""
    # given
    people = after(plan(*texts, known=staff), staff)

    # when
    again = plan(*texts, known=people, now=TOMORROW)

    # then
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
def test_files_picked_up_together_have_the_result_of_files_picked_up_one_by_one(
    texts: tuple[str, ...],
) -> None:
    """D3: Files that are picked up together leave known employees as the same files do when they
    are picked up one by one.
    """
    # given
    staff = people = known(ANN, BEN)
    for text in texts:
        people = after(plan(text, known=people), people)

    # when
    at_once = after(plan(*texts, known=staff), staff)

    # then
    one_by_one, together = state_of(people), state_of(at_once)
    for each in (*one_by_one.values(), *together.values()):
        del each["file_offboarding_date"]
    assert together == one_by_one


def test_a_new_employee_gets_an_id_from_the_position_of_the_row_in_the_delivery() -> None:
    """R1: The id of a new employee follows from the run and from the position of the row, counted
    through all files.
    """
    # when
    found = plan(file(ANN, BEN), file(CAS))

    # then
    assert [change.after.id for change in found.changes] == [
        employee_id(RUN, position) for position in (1, 2, 3)
    ]


# D7: absence


def test_absent_employees_are_counted_and_not_changed() -> None:
    """D7: Employees that no row mentions are counted as absent and stay as they are."""
    # given
    staff = known(ANN, BEN, CAS)

    # when
    found = plan(file(BEN), known=staff)

    # then
    assert found.counts.absent == 2
    assert kinds(found) == []
    assert state_of(after(found, staff)) == state_of(staff)


def test_a_deactivated_employee_is_not_counted_as_absent() -> None:
    """D7: A deactivated employee that no row mentions is not counted as absent."""
    # given
    ann, ben = known(ANN, BEN)

    # when / then
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
def test_an_employee_that_any_row_mentions_is_not_absent(texts: tuple[str, ...]) -> None:
    """D7: An employee is not absent when a row mentions them by address or external id, even if
    that row is rejected, repeated or superseded.
    """
    # given
    (ann,) = known(ANN)
    ann = then(ann, EmailChanged("new@acme.example"))

    # when / then
    assert plan(*texts, known=[ann]).counts.absent == 0


def test_a_row_of_the_wrong_width_mentions_nobody() -> None:
    """D7, F8: A row with the wrong number of cells mentions nobody, so the employee at its address
    is absent.
    """
    # when
    found = plan(file("1,ann@acme.example"), known=known(ANN))

    # then
    assert codes(found) == ["wrong-width"]
    assert found.counts.absent == 1


# W9: rejected rows


def test_warnings_of_a_rejected_row_are_listed_too() -> None:
    """W9: A row that is rejected because of its address also gets the warnings about its
    other cells.
    """
    # when
    found = plan(
        file("1,ben@acme.example,Ann,Bakker,Salse", header=f"{BASE},group_name"),
        known=known(ANN, BEN),
    )

    # then
    assert codes(found) == ["unknown-group", "email-taken"]
    assert outcomes(found) == ["rejected"]


def test_issues_of_files_come_before_issues_of_rows_in_row_order() -> None:
    """W9: The issues of a delivery come first, then those of its files, then those of its rows in
    the order of files and lines.
    """
    # when
    found = plan(
        file("1,ben@acme.example,Ann,Bakker,", "7,x@acme.example,,Mol,", header=f"{BASE},shoe"),
        file(BEN, "8,y,Ida,Mol"),
        known=known(ANN, BEN),
    )

    # then
    assert [(issue.code, issue.file, issue.line) for issue in found.issues] == [
        ("several-files", None, None),
        ("unknown-column", FIRST, 1),
        ("email-taken", FIRST, 2),
        ("missing-value", FIRST, 3),
        ("bad-email", SECOND, 3),
    ]


# What is counted, and how the run would end


def test_every_row_is_counted_once() -> None:
    """R2: Every row is counted exactly once: as registered, changed, unchanged, rejected
    or skipped.
    """
    # given
    staff = known(ANN, BEN, CAS)

    # when
    found = plan(
        file(ANN, BEN, "4,dan@acme.example,Dan,Mol", "5,eva,Eva,Mol"),
        file(ANN.replace("Ann", "Anna"), "4,dan@acme.example,Dan,Mol"),
        known=staff,
    )

    # then
    counts = found.counts
    assert (counts.rows, counts.events, counts.absent) == (6, 2, 1)
    assert (counts.registered, counts.changed, counts.unchanged) == (1, 1, 1)
    assert (counts.rejected, counts.skipped) == (1, 2)


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
def test_the_outcome_is_applied_only_if_an_employee_changes(
    text: str, staff: list[Employee], outcome: str
) -> None:
    """R2: A plan that changes an employee has the outcome `applied`. A plan that changes nobody has
    the outcome `unchanged`.
    """
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
def test_the_preview_names_the_action_of_each_row_in_one_word(text: str, action: str) -> None:
    """The preview says in one word what a row would do."""
    # when
    (judgement,) = plan(text, known=known(ANN)).results

    # then
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


def test_repeated_rows_are_recognised() -> None:
    """L10: Rows that repeat what was accepted before are recognised without being read. They count
    as unchanged, and the plan is the same as without recognition.
    """
    # given
    text = file(ANN, BEN, CAS)
    roster = roster_after(plan(text))

    # when
    found = plan(text, known=roster, now=TOMORROW)

    # then
    assert (found.recognised, found.results) == (3, ())
    assert (found.counts.rows, found.counts.unchanged, found.counts.absent) == (3, 3, 0)
    assert same(found, in_full(text, roster=roster, now=TOMORROW))


def test_only_the_row_that_differs_is_read() -> None:
    """L10: When one row differs from the last delivery, only that row is read. The other rows are
    recognised.
    """
    # given
    roster = roster_after(plan(file(ANN, BEN, CAS)))
    text = file(ANN, BEN.replace("Ben", "Benno"), CAS)

    # when
    found = plan(text, known=roster)

    # then
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
def test_a_recognised_row_is_read_when_another_row_mentions_the_same_employee(
    other: str, first: bool
) -> None:
    """I7, L10: A repeated row is read again when another row of the file has its address or
    external id, so that contradictions are found.
    """
    # given
    roster = roster_after(plan(file(ANN, BEN)))
    text = file(other, ANN, BEN) if first else file(ANN, BEN, other)

    # when
    found = plan(text, known=roster)

    # then
    assert found.recognised == 1
    assert len(found.results) == 2
    assert found.issues
    assert same(found, in_full(text, roster=roster))


def test_every_row_of_several_files_is_read() -> None:
    """D3: In a delivery of several files every row is read, because a row of one file may supersede
    a row of another.
    """
    # given
    roster = roster_after(plan(file(ANN, BEN)))
    texts = file(ANN, BEN), file(ANN.replace("Ann", "Anna"))

    # when
    found = plan(*texts, known=roster)

    # then
    assert (found.recognised, outcomes(found)) == (0, ["skipped", "unchanged", "changed"])
    assert same(found, in_full(*texts, roster=roster))


def test_the_employee_of_a_recognised_row_is_neither_absent_nor_a_possible_email_change() -> None:
    """D7, I5: A recognised row mentions its employee. The employee is not absent and is not named
    as a possible e-mail change.
    """
    # given
    row = ",ann@acme.example,Ann,Bakker"
    roster = roster_after(plan(file(row)))
    text = file(row, ",anna@acme.example,Ann,Bakker")

    # when
    found = plan(text, known=roster)

    # then
    assert (found.recognised, found.counts.absent, codes(found)) == (1, 0, [])
    assert same(found, in_full(text, roster=roster))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (file(f"{ANN},Salse", header=f"{BASE},group_name"), "unknown-group"),
        (file(f"{ANN},xx", header=f"{BASE},language"), "unknown-language"),
    ],
)
def test_a_row_with_a_repeated_warning_is_read_each_time(text: str, code: str) -> None:
    """L10: A row whose content gives a warning is read at every pick-up, and every run tells the
    warning.
    """
    # given
    roster = roster_after(plan(text))

    # when
    found = plan(text, known=roster)

    # then
    assert (found.recognised, codes(found)) == (0, [code])


def test_a_row_with_a_warning_about_a_change_is_recognised_the_next_time() -> None:
    """L10: A row whose warning is about a change tells it once. The next pick-up
    recognises the row.
    """
    # given
    text = leaving(ANN, (TODAY + timedelta(days=3)).isoformat())
    first = plan(text)

    # when
    second = plan(text, known=roster_after(first))

    # then
    assert (codes(first), codes(second), second.recognised) == (["short-notice"], [], 1)


def test_the_same_text_under_another_header_is_read() -> None:
    """L10: A row with the same text under other column names is read, because its cells mean
    something else.
    """
    # given
    roster = roster_after(plan(file("1,ann@acme.example,Ann,Bakker")))
    text = file("1,ann@acme.example,Ann,Bakker", header="external_id,email,last_name,first_name")

    # when
    found = plan(text, known=roster)

    # then
    assert (found.recognised, codes(found)) == (0, ["other-person"])


def test_the_same_row_under_other_settings_is_read() -> None:
    """L10, W8: An unchanged row is read after the company's settings changed, because its cells may
    now mean something else.
    """
    # given
    text = file(f"{ANN},,", header=f"{BASE},prefix,birthday")
    first = plan(file(f"{ANN},de,", header=f"{BASE},prefix,birthday"))
    roster = roster_after(plan(text, known=roster_after(first)), roster_after(first))

    # when
    found = plan(text, known=roster, company=a_company(policy={"blank_cells": "clear"}))

    # then
    assert (found.recognised, kinds(found)) == (0, ["details-changed"])


def test_a_row_without_changes_is_recognised_in_its_latest_form() -> None:
    """L10: A row that is written in another way but changes nothing is recognised the next time in
    its new form.
    """
    # given
    first = plan(file(ANN))
    roster = roster_after(first)
    text = file("Bakker,Ann,ann@acme.example,1", header="last_name,first_name,email,external_id")
    second = plan(text, known=roster)
    roster = roster_after(second, roster)

    # when
    third = plan(text, known=roster)

    # then
    assert (second.recognised, outcomes(second)) == (0, ["unchanged"])
    assert (third.recognised, third.results) == (1, ())


def test_an_older_row_is_not_recognised_after_a_newer_one_was_applied() -> None:
    """L10: After a newer row was applied, the older row is read again and changes the
    employee back.
    """
    # given
    before, changed = file(ANN), file(ANN.replace("Ann", "Anna"))
    roster = roster_after(plan(before))
    roster = roster_after(plan(changed, known=roster), roster)

    # when
    found = plan(before, known=roster)

    # then
    assert (found.recognised, kinds(found)) == (0, ["details-changed"])


def test_a_row_merged_with_an_earlier_row_is_read_when_it_comes_alone() -> None:
    """D3, L10: A row that was applied together with values of an earlier row is read when it comes
    alone, because alone it may mean something else.
    """
    # given
    texts = leaving(ANN, "2027-06-30"), leaving(ANN, "")
    roster = roster_after(plan(*texts))

    # when
    found = plan(texts[1], known=roster)

    # then
    assert (found.recognised, kinds(found)) == (0, [])


@pytest.mark.parametrize(
    ("theirs", "row", "other"),
    [
        (ANN, "1,other@acme.example,Ann,Bakker", "2,other@acme.example,Ben,Visser"),
        (ANN.removeprefix("1"), "9,ann@acme.example,Ann,Bakker", "9,ben@acme.example,Ben,Visser"),
    ],
    ids=["address", "external id"],
)
def test_a_row_is_read_while_it_gives_a_deactivated_employee_another_address_or_external_id(
    theirs: str, row: str, other: str
) -> None:
    """I7, L6: A row about a deactivated employee with an address or external id that is not theirs
    is read each time, because another row can claim the same one.
    """
    # given
    (ann,) = known(theirs)
    gone = then(ann, Deactivated())
    roster = Roster(
        [entry_of(gone, None, msgspec.json.encode(gone))], msgspec.json.Decoder(Employee).decode
    )
    first = plan(file(row), known=roster)
    roster = roster_after(first, roster)
    assert outcomes(first) == ["unchanged"]

    # when
    found = plan(file(row, other), known=roster)

    # then
    assert outcomes(found) == ["rejected", "rejected"]


def test_a_printed_plan_shows_no_address() -> None:
    """The printed form of a plan, of its results and of its issues shows no e-mail address, so that
    logs stay free of personal data.
    """
    # when
    found = plan(file(ANN), file(BEN, "1,x,Ann,Bakker"))

    # then
    assert "acme.example" not in repr(found) + repr(found.results) + repr(found.issues)
