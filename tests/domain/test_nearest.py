"""The nearest of the known names."""

from __future__ import annotations

import pytest

from domain.fields.nearest import COMPARED_CHARACTERS, nearest_of

MANY = [f"acme-{number}" for number in range(2_000)]


@pytest.mark.parametrize(
    ("name", "known", "nearest"),
    [
        ("imprt", ["import", "report", "init"], ["import"]),
        ("Salse", ["Sales", "Engineering"], ["Sales"]),
        ("SALES", ["Sales"], ["Sales"]),
        ("acme-20000", MANY, ["acme-200", "acme-1000", "acme-1200"]),
        ("Aquisition", ["Acquisition", "Position"], ["Acquisition"]),
        ("zzz", ["Sales"], []),
        ("", ["Sales"], []),
        ("Sales", [], []),
        ("x" * (COMPARED_CHARACTERS + 1), ["x" * COMPARED_CHARACTERS], []),
    ],
)
def test_the_nearest_names_are_suggested(name: str, known: list[str], nearest: list[str]) -> None:
    """The most similar names are suggested, three at most, whatever their case. Nothing is
    suggested if no name is similar, or for a text that is too long to be a name."""
    # when / then
    assert nearest_of(name, known) == nearest
