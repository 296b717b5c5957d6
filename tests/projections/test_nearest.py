"""The people whom a mistyped address, name or external id may mean."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from domain.ids import run_id
from projections.answers.nearest import nearest_people
from tests.given import registered

PEOPLE = [
    registered(row, "email,first_name,last_name,external_id", position=number)
    for number, row in enumerate(
        (
            "ann.lee@acme.example,Ann,Lee,E1001",
            "bo.dekker@acme.example,Bo,van Dekker,E2002",
            "zoe@other.example,Zoë,Müller,",
        ),
        start=1,
    )
]


@pytest.mark.parametrize(
    ("identifier", "names"),
    [
        ("ann.lea@acme.example", ["Ann"]),
        ("ann.lee@acme.exmaple", ["Ann"]),
        ("ANN.LEE@gmail.example", ["Ann"]),
        ("Ann Lee", ["Ann"]),
        ("lee ann", ["Ann"]),
        ("Dekker", ["Bo"]),
        ("E200", ["Bo"]),
        ("Zoe Muller", ["Zoë"]),
        ("somebody@acme.example", []),
        ("@acme.example", []),
        ("", []),
    ],
)
def test_the_nearest_people_are_suggested(identifier: str, names: list[str]) -> None:
    """People are suggested by an address, a name or an external id that is nearly theirs. The
    domain of an address alone suggests nobody."""
    # when
    found = nearest_people(identifier, PEOPLE)

    # then
    assert [each.details.first_name for each in found] == names


def test_nobody_is_suggested_whose_account_ended() -> None:
    """S9, S11: A released employee and an account that was merged are not suggested."""
    # given
    ann = PEOPLE[0]
    ended = [replace(ann, released=True), replace(ann, merged_into=run_id(1, 1))]

    # when / then
    assert nearest_people("ann.lea@acme.example", ended) == []
