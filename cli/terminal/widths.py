"""How wide each column of a table is, so that the table fits on a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

GAP = 2
"""The cells between two columns."""


class Width(NamedTuple):
    """What is known of the width of a column, in cells.

    `natural` is the width of its longest content, and `least` is the least that can be read. Of
    columns that do not fit, the one with the highest `goes` goes first, and a column is made narrow
    sooner the wider it is and the higher its `goes`. A column whose `goes` is 0 always stays. A
    column that `says_nothing`, such as a blank one, goes before another column is made narrow.
    """

    natural: int
    least: int
    goes: int
    says_nothing: bool = False


def fit(widths: Sequence[Width], available: int) -> dict[int, int]:
    """Returns the width of each column that is shown, by the column's place.

    If not all of them fit, columns that say nothing go first, and then others go until the rest
    can be read. Then columns are made narrow until all of them fit. If
    even those that always stay do not fit, they become too narrow to be read.
    """
    shown = dict(enumerate(widths))
    for place, each in reversed(list(shown.items())):
        if (
            each.says_nothing
            and each.goes
            and _total(it.natural for it in shown.values()) > available
        ):
            del shown[place]
    while _total(min(each.natural, each.least) for each in shown.values()) > available:
        first = max(shown, key=lambda place: (shown[place].goes, place))
        if not shown[first].goes:
            break
        del shown[first]
    natural = {place: each.natural for place, each in shown.items()}
    goes = {place: each.goes for place, each in shown.items()}
    least = {place: each.least for place, each in shown.items()}
    fitted = _narrowed(natural, goes, least, available)
    return _narrowed(fitted, goes, dict.fromkeys(shown, 1), available)


def _narrowed(
    widths: Mapping[int, int], goes: Mapping[int, int], least: Mapping[int, int], available: int
) -> dict[int, int]:
    """Returns widths that are narrower, but never below `least`.

    A column whose `goes` is 1 keeps half of the width of a column whose `goes` is 0, one whose
    `goes` is 2 a third, and so on.
    """
    narrowed = dict(widths)
    for _ in range(_total(narrowed.values()) - available):
        spare = [place for place in narrowed if narrowed[place] > least[place]]
        if not spare:
            break
        narrowed[max(spare, key=lambda place: narrowed[place] * (1 + goes[place]))] -= 1
    return narrowed


def _total(widths: Iterable[int]) -> int:
    """Returns the width of a table with columns of these widths."""
    each = list(widths)
    return sum(each) + GAP * max(0, len(each) - 1)
