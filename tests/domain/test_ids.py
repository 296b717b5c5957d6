"""Ids of runs and employees: derived, sortable by time, and never the same for two."""

from __future__ import annotations

from itertools import pairwise
from uuid import RFC_4122, UUID

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.ids import bounds_of, company_stream_id, employee_id, registered_in, run_id

MILLISECONDS = st.integers(0, 2**48 - 1)
RANDOMNESS = st.integers(0, 2**42 - 1)
POSITIONS = st.integers(1, 2**32 - 1)

steadily = settings(deadline=None, derandomize=True)
"""Always the same examples."""


@steadily
@given(MILLISECONDS, RANDOMNESS)
def test_a_run_has_a_version_7_id_that_begins_with_its_time(
    milliseconds: int, randomness: int
) -> None:
    """R2: The id of a run is a UUID of version 7 that begins with the time of the run."""
    # when
    found = run_id(milliseconds, randomness)

    # then
    assert (found.version, found.variant) == (7, RFC_4122)
    assert found.int >> 80 == milliseconds


@steadily
@given(MILLISECONDS, RANDOMNESS, RANDOMNESS)
def test_runs_of_one_millisecond_have_different_ids(
    milliseconds: int, one: int, other: int
) -> None:
    """R2: Two runs of the same millisecond have the same id only if their random parts
    are the same.
    """
    # when
    same = run_id(milliseconds, one) == run_id(milliseconds, other)

    # then
    assert same == (one == other)


@steadily
@given(MILLISECONDS, MILLISECONDS, RANDOMNESS, RANDOMNESS)
def test_later_runs_have_greater_ids(earlier: int, later: int, one: int, other: int) -> None:
    """R2: A run of a later millisecond has a greater id, whatever the random parts are."""
    # given
    assume(earlier != later)
    first, second = sorted((earlier, later))

    # when / then
    assert run_id(first, one) < run_id(second, other)


@steadily
@given(MILLISECONDS, RANDOMNESS, POSITIONS, POSITIONS)
def test_ids_of_employees_sort_in_the_order_of_their_rows(
    milliseconds: int, randomness: int, one: int, other: int
) -> None:
    """The ids of the employees that a run registers sort in the order of their rows, after the id
    of the run.
    """
    # given
    run = run_id(milliseconds, randomness)

    # when / then
    assert (employee_id(run, one) < employee_id(run, other)) == (one < other)
    assert employee_id(run, one) > run
    assert (employee_id(run, one).version, employee_id(run, one).variant) == (7, RFC_4122)


@steadily
@given(MILLISECONDS, RANDOMNESS, RANDOMNESS, POSITIONS, POSITIONS)
def test_two_runs_of_one_millisecond_give_different_ids_to_employees(
    milliseconds: int, one: int, other: int, position: int, another: int
) -> None:
    """Two runs of the same millisecond never give the same id to two employees."""
    # given
    assume(one != other)
    first, second = run_id(milliseconds, one), run_id(milliseconds, other)

    # when / then
    assert employee_id(first, position) != employee_id(second, another)


def test_planning_again_gives_the_same_ids() -> None:
    """R4: A run that is planned again gives the same ids to its employees."""
    # given
    run = run_id(1_800_000_000_000, 12345)

    # when / then
    assert run_id(1_800_000_000_000, 12345) == run
    assert employee_id(run, 7) == employee_id(run, 7)


@pytest.mark.parametrize("position", [0, -1, 2**32])
def test_a_position_outside_the_range_is_refused(position: int) -> None:
    """A row position that does not fit into the id of an employee is an error."""
    with pytest.raises(ValueError, match="position"):
        employee_id(run_id(1, 1), position)


@pytest.mark.parametrize("position", [1, 2**32 - 1])
def test_the_first_and_the_last_position_make_an_id(position: int) -> None:
    """The first and the last possible position of a row give an id at that distance from the id of
    the run.
    """
    # given
    run = run_id(1, 1)

    # when / then
    assert employee_id(run, position).int - run.int == position


def test_ids_of_employees_stay_below_the_id_of_the_next_run() -> None:
    """Every id of an employee is smaller than the id of the next run, so that the ids of two runs
    never overlap.
    """
    # given
    runs = [run_id(1, randomness) for randomness in (0, 1, 2, 2**30 - 1, 2**30, 2**42 - 1)]

    # when / then
    assert all(employee_id(one, 2**32 - 1) < other for one, other in pairwise(runs))


def test_the_stream_of_a_company_never_changes_its_id() -> None:
    """R4: The id of a company's runs follows from the company's key alone and never changes."""
    # when / then
    assert company_stream_id("acme") == UUID("b617e2db-f690-5133-8466-c37da1c501d2")
    assert company_stream_id("acme") != company_stream_id("acme2")
    assert company_stream_id("acme").version == 5


@steadily
@given(MILLISECONDS, RANDOMNESS, RANDOMNESS, POSITIONS)
def test_the_id_of_an_employee_tells_the_run_that_registered_them(
    milliseconds: int, one: int, other: int, position: int
) -> None:
    """The id of an employee alone tells whether a run registered the employee, so that no index of
    registrations is needed.
    """
    # given
    run, another = run_id(milliseconds, one), run_id(milliseconds, other)
    employee = employee_id(run, position)

    # when / then
    assert registered_in(run, employee)
    assert registered_in(another, employee) == (another == run)


@steadily
@given(MILLISECONDS, RANDOMNESS, RANDOMNESS, POSITIONS)
def test_only_the_employees_of_a_run_have_ids_between_its_bounds(
    milliseconds: int, one: int, other: int, position: int
) -> None:
    """The ids between the bounds of a run are the ids of the employees that this run registers, and
    no others.
    """
    # given
    run, another = run_id(milliseconds, one), run_id(milliseconds, other)

    # when
    first, last = bounds_of(run)

    # then
    assert (first, last) == (employee_id(run, 1), employee_id(run, 2**32 - 1))
    assert first <= employee_id(run, position) <= last
    assert (first <= employee_id(another, position) <= last) == (another == run)
    assert not first <= run <= last
