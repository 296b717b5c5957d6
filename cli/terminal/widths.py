"""How wide each column of a table is, so that the table fits on a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

GAP = 2
"""The cells between two columns."""


class Width(NamedTuple):
    """What is known of the width of a column, in cells.

    `natural` is the width of its longest content, and `least` is the least that can be read. Of
    columns that do not fit, the one with the highest `goes` is made narrow first, and goes first.
    A column whose `goes` is 0 always stays.
    """

    natural: int
    least: int
    goes: int


def fit(widths: Sequence[Width], available: int) -> dict[int, int]:
    """Returns the width of each column that is shown, by the column's place.

    Columns go until the others can be read. Then columns are made narrow until all of them fit.
    """
    shown = dict(enumerate(widths))
    while _total(min(each.natural, each.least) for each in shown.values()) > available:
        first = max(shown, key=lambda place: (shown[place].goes, place))
        if not shown[first].goes:
            break
        del shown[first]
    fitted = {place: each.natural for place, each in shown.items()}
    by_goes = sorted(shown, key=lambda place: (shown[place].goes, fitted[place]), reverse=True)
    narrowed = _narrowed(fitted, by_goes, {p: each.least for p, each in shown.items()}, available)
    return _narrowed(narrowed, by_goes, dict.fromkeys(shown, 1), available)


def _narrowed(
    fitted: dict[int, int], order: Sequence[int], least: dict[int, int], available: int
) -> dict[int, int]:
    """Returns widths that are narrower, one column after the other, but never below `least`."""
    narrowed = dict(fitted)
    for place in order:
        excess = max(0, _total(narrowed.values()) - available)
        spare = max(0, narrowed[place] - least[place])
        narrowed[place] -= min(excess, spare)
    return narrowed


def _total(widths: Iterable[int]) -> int:
    """Returns the width of a table with columns of these widths."""
    each = list(widths)
    return sum(each) + GAP * max(0, len(each) - 1)
