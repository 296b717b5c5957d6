"""Ids: derived, sortable by time, and never twice the same."""

from __future__ import annotations

from itertools import pairwise
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.ids import bounds_of, company_stream_id, employee_id, registered_in, run_id

MILLISECONDS = st.integers(0, 2**48 - 1)
RANDOMNESS = st.integers(0, 2**42 - 1)
POSITIONS = st.integers(1, 2**32 - 1)

steadily = settings(deadline=None, derandomize=True)
"""Always the same examples."""


@steadily
@given(MILLISECONDS, RANDOMNESS)
def test_a_run_has_a_version_7_id(milliseconds: int, randomness: int) -> None:
    found = run_id(milliseconds, randomness)

    assert (found.version, found.variant) == (7, RFC_4122)
    assert found.int >> 80 == milliseconds


@steadily
@given(MILLISECONDS, RANDOMNESS, RANDOMNESS)
def test_every_random_bit_of_a_run_counts(milliseconds: int, one: int, other: int) -> None:
    same = run_id(milliseconds, one) == run_id(milliseconds, other)

    assert same == (one == other)


@steadily
@given(MILLISECONDS, MILLISECONDS, RANDOMNESS, RANDOMNESS)
def test_later_runs_have_greater_ids(earlier: int, later: int, one: int, other: int) -> None:
    first, second = sorted((earlier, later))

    if first < second:
        assert run_id(first, one) < run_id(second, other)


@steadily
@given(MILLISECONDS, RANDOMNESS, POSITIONS, POSITIONS)
def test_whom_a_run_registers_sort_by_their_rows(
    milliseconds: int, randomness: int, one: int, other: int
) -> None:
    run = run_id(milliseconds, randomness)

    assert (employee_id(run, one) < employee_id(run, other)) == (one < other)
    assert employee_id(run, one) > run
    assert (employee_id(run, one).version, employee_id(run, one).variant) == (7, RFC_4122)


@steadily
@given(MILLISECONDS, RANDOMNESS, RANDOMNESS, POSITIONS, POSITIONS)
def test_two_runs_of_one_millisecond_register_nobody_under_one_id(
    milliseconds: int, one: int, other: int, position: int, another: int
) -> None:
    first, second = run_id(milliseconds, one), run_id(milliseconds, other)

    if first != second:
        assert employee_id(first, position) != employee_id(second, another)


def test_planning_again_gives_the_same_ids() -> None:
    run = run_id(1_800_000_000_000, 12345)

    assert run_id(1_800_000_000_000, 12345) == run
    assert employee_id(run, 7) == employee_id(run, 7)


@pytest.mark.parametrize("position", [0, -1, 2**32])
def test_a_position_without_room_is_refused(position: int) -> None:
    with pytest.raises(ValueError, match="position"):
        employee_id(run_id(1, 1), position)


@pytest.mark.parametrize("position", [1, 2**32 - 1])
def test_the_room_is_used_to_its_ends(position: int) -> None:
    run = run_id(1, 1)

    assert employee_id(run, position).int - run.int == position


def test_the_next_run_begins_where_the_room_of_the_last_one_ends() -> None:
    runs = [run_id(1, randomness) for randomness in (0, 1, 2, 2**30 - 1, 2**30, 2**42 - 1)]

    assert all(employee_id(one, 2**32 - 1) < other for one, other in pairwise(runs))


def test_the_stream_of_a_company_never_changes_its_id() -> None:
    assert company_stream_id("acme") == UUID("b617e2db-f690-5133-8466-c37da1c501d2")
    assert company_stream_id("acme") != company_stream_id("acme2")
    assert company_stream_id("acme").version == 5


@steadily
@given(MILLISECONDS, RANDOMNESS, RANDOMNESS, POSITIONS)
def test_an_id_tells_the_run_that_registered_it(
    milliseconds: int, one: int, other: int, position: int
) -> None:
    """The audit index keeps no entry for them."""
    run, another = run_id(milliseconds, one), run_id(milliseconds, other)
    employee = employee_id(run, position)

    assert registered_in(run, employee)
    assert registered_in(another, employee) == (another == run)


@steadily
@given(MILLISECONDS, RANDOMNESS, RANDOMNESS, POSITIONS)
def test_between_its_bounds_are_those_whom_a_run_registers_and_nobody_else(
    milliseconds: int, one: int, other: int, position: int
) -> None:
    run, another = run_id(milliseconds, one), run_id(milliseconds, other)
    first, last = bounds_of(run)

    assert (first, last) == (employee_id(run, 1), employee_id(run, 2**32 - 1))
    assert first <= employee_id(run, position) <= last
    assert (first <= employee_id(another, position) <= last) == (another == run)
    assert not first <= run <= last
