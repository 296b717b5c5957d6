"""W10: dates that mean none, and how a file shows that it has such dates."""

from __future__ import annotations

from typing import Any

import pytest

from domain.company import Company
from tests.given import a_company, after, codes, day, file_of, outcomes, plan, registered

DATES = (
    "onboarding_date",
    "offboarding_date",
    "probation_period_end_date",
    "birthday",
    "work_anniversary",
    "marriage_date",
    "custom_medical",
)
NONE = "9999-12-31"


def saying(*values: str, **policy: Any) -> Company:
    """A company for which these values mean no date."""
    return a_company(policy={"no_date": values, **policy}, custom_fields={"custom_medical": "date"})


def people(field: str, *cells: str) -> bytes:
    """A file of people, each with one of these cells in the column `field`."""
    rows = (f"p{number}@x.example,Pat,No{number},{cell}" for number, cell in enumerate(cells))
    return file_of(f"email,first_name,last_name,{field}", *rows)


@pytest.mark.parametrize("field", DATES)
@pytest.mark.parametrize("value", [NONE, "1900-01-01", "00-00-0000", "n/a", "geen"])
def test_a_date_that_means_none_is_blank(field: str, value: str) -> None:
    """W10: In every date column, a value that the company names counts as a blank cell."""
    # given
    company = saying(NONE, "1900-01-01", "00-00-0000", "n/a", "geen")

    # when
    (blank,) = after(plan(people(field, ""), company=company))
    found = plan(people(field, value), company=company)

    # then
    assert codes(found) == []
    assert after(found) == [blank]


@pytest.mark.parametrize("cell", [f" {NONE} ", f'"{NONE}"', f' "{NONE}"', f"\u00a0{NONE}"])
def test_a_date_that_means_none_is_compared_after_trimming(cell: str) -> None:
    """W1, W10: White space around the value does not count."""
    # when
    found = plan(people("birthday", cell), company=saying(f" {NONE}"))

    # then
    assert (outcomes(found), codes(found)) == (["registered"], [])


@pytest.mark.parametrize(
    "field", ["first_name", "prefix", "language", "custom_note", "external_id"]
)
def test_only_dates_are_compared(field: str) -> None:
    """W10: The setting says nothing about other columns."""
    # given
    columns = dict.fromkeys(("email", "first_name", "last_name"), "a@x.example") | {field: NONE}

    # when
    one = plan(file_of(",".join(columns), ",".join(columns.values())), company=saying(NONE))
    other = plan(file_of(",".join(columns), ",".join(columns.values())))

    # then
    assert [each.details for each in after(one)] == [each.details for each in after(other)]
    assert [each.external_id for each in after(one)] == [each.external_id for each in after(other)]


@pytest.mark.parametrize(
    ("policy", "birthday"), [("keep", "1990-05-17"), ("clear", None)], ids=["keep", "clear"]
)
def test_a_date_that_means_none_does_what_a_blank_does(policy: str, birthday: str | None) -> None:
    """W8, W10: A date that means none keeps or clears the known value, as a blank cell does."""
    # given
    header = "email,first_name,last_name,birthday"
    known = registered("p0@x.example,Pat,No0,1990-05-17", header)

    # when
    found = plan(people("birthday", NONE), known=[known], company=saying(NONE, blank_cells=policy))

    # then
    (person,) = after(found, [known])
    assert person.details.birthday == (day(birthday) if birthday else None)


def test_nobody_has_left_on_a_date_that_means_none() -> None:
    """L2, W10: People whose last day is written as a past date that means none get an account."""
    # given
    file = people("offboarding_date", *["1900-01-01"] * 5, "2027-12-31")

    # when
    found = plan(file, company=saying("1900-01-01"))

    # then
    assert outcomes(found) == ["registered"] * 6
    assert [each.offboarding_date for each in after(found)] == [None] * 5 + [day("2027-12-31")]


@pytest.mark.parametrize("field", DATES)
@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ([NONE, NONE, "2027-05-01"], 2),
        ([NONE, NONE, "0000-00-00"], 2),
        ([NONE] * 5 + [""] * 4, 5),
        (["n/a"] * 3 + ["1990-02-30"], 3),
        ([NONE, NONE, "", ""], 0),
        ([NONE, "0000-00-00", "2027-02-30"], 0),
        ([NONE], 0),
        ([NONE, ""], 0),
    ],
)
def test_one_wrong_value_in_most_rows_names_the_setting(
    field: str, cells: list[str], told: int
) -> None:
    """W10: Where more than half of the rows have the same wrong value in a column, `bad-date` of
    these rows names the value and the setting. One row alone shows nothing.
    """
    # when
    found = plan(people(field, *cells), company=saying())

    # then
    hints = [issue for issue in found.issues if "no_date" in issue.message]
    assert len(hints) == told
    assert {issue.code for issue in hints} <= {"bad-date"}
    assert all(f"have {issue.value} added" in issue.message for issue in hints)


def test_each_file_and_column_is_measured_for_itself() -> None:
    """D3, W10: A value counts where it stands: in its file and its column."""
    # given
    two = "email,first_name,last_name,birthday,marriage_date"
    spread = file_of(two, f"a@x.example,A,B,{NONE},", f"b@x.example,B,C,,{NONE}")
    older = people("birthday", NONE, NONE)
    newer = people("marriage_date", "", "", "", "", NONE)

    # when / then
    assert not any("no_date" in issue.message for issue in plan(spread).issues)
    assert [issue.field for issue in plan(older, newer).issues if "no_date" in issue.message] == []


def test_a_held_delivery_names_the_setting_for_the_last_day_of_most_rows() -> None:
    """B1, W10: If most rows bring one last day, or one wrong date, the concern names the value and
    the setting.
    """
    # given
    known = after(plan(people("offboarding_date", *[""] * 12)))
    everybody = people("offboarding_date", *["2099-12-31"] * 8, *[""] * 4)
    some = people("offboarding_date", *(f"2099-12-{number + 10}" for number in range(8)), *[""] * 4)
    wrong = people("birthday", *[NONE] * 8, *[""] * 4)

    # when
    (last_day,) = plan(everybody, known=known).concerns
    (ordinary,) = plan(some, known=known).concerns
    (bad_dates,) = plan(wrong, known=known).concerns

    # then
    assert last_day.code == ordinary.code == "many-offboardings"
    assert bad_dates.code == "many-rejected-rows"
    assert "if 2099-12-31, the offboarding date of most rows, means" in last_day.message
    assert f"if {NONE}, the birthday of most rows, means" in bad_dates.message
    assert "no_date" in last_day.message
    assert "no_date" not in ordinary.message
