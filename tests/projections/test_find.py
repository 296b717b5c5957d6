"""A search decodes few snapshots, and misses nobody."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.fields.details import Details
from projections import roster
from projections.answers.find import search_for
from tests.given import registered

ANNA = registered()
NAMES = st.text(st.sampled_from("abzABZ éßæ-.,'\"\\09ıİ"), min_size=1, max_size=8)  # noqa: RUF001


def named(first: str, last: str) -> Details:
    return replace(ANNA.details, first_name=first, last_name=last)


@given(NAMES, NAMES, st.lists(NAMES, min_size=1, max_size=2))
def test_whoever_is_found_may_fit(first: str, last: str, words: list[str]) -> None:
    """A snapshot is decoded if the names in it fit the words of a search, whatever letters and
    signs they have."""
    # given
    employee = replace(ANNA, details=named(first, last))
    snapshot = roster.row("acme", employee, None).state

    # when
    fitting = [
        search
        for search in (search_for(words), search_for([first]), search_for([last, first]))
        if search.match(employee) is not None
    ]

    # then
    assert [search.may_fit(snapshot) for search in fitting] == [True] * len(fitting)
