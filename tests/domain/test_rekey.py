"""Many external ids at once: a map of old and new ones, and its suggestion (S12)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.company_runs.events import FileInfo, RunContext, RunKind, delivery_key, map_key
from domain.company_runs.state import CompanyState, evolve
from domain.delivery.csv_table import TableUnreadable
from domain.delivery.digests import NO_DIGESTS
from domain.delivery.parsing import parse_delivery
from domain.delivery.plan import Plan
from domain.delivery.records import read_sheets
from domain.delivery.rekey import plan_rekey, read_map
from domain.delivery.suggestions import suggest_map
from domain.employee.aggregate import Employee
from domain.employee.events import (
    Deactivated,
    EmailChanged,
    ExternalIdChanged,
    FileNoted,
    Merged,
    Released,
)
from domain.employee.roster import Roster
from domain.outcome import Counts, Outcome
from tests.given import (
    NOW,
    a_company,
    after,
    codes,
    context,
    file_of,
    kinds,
    outcomes,
    plan,
    registered,
    then,
)
from tests.strategies import examples

HEADER = "email,first_name,last_name,birthday,external_id"
ANNA = registered("anna@acme.example,Anna,Bakker,1990-05-17,1", HEADER, position=1)
BRAM = registered("bram@acme.example,Bram,Smit,,2", HEADER, position=2)
CHRIS = registered("chris@acme.example,Chris,Smit,,3", HEADER, position=3)
DORA = registered("dora@acme.example,Dora,Dam,,", HEADER, position=4)
KNOWN = [ANNA, BRAM, CHRIS, DORA]
LEFT = then(CHRIS, Deactivated())
MERGED = Merged(BRAM.id, CHRIS.id)


def rekeyed(*lines: str, known: Sequence[Employee] = KNOWN, again: bool = False) -> Plan:
    """Returns the plan of a map of these lines."""
    pairs = read_map("map.csv", file_of("old,new", *lines))
    return plan_rekey(pairs, Roster.of(known), context(), again=again)


def numbers(known: Sequence[Employee]) -> dict[str, str | None]:
    """Returns the external id of each employee, by first name."""
    return {each.details.first_name: each.external_id for each in known}


# The map


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["1,100"], {"Anna": "100"}),
        (["1,100", "2,200"], {"Anna": "100", "Bram": "200"}),
        (["1,2", "2,1"], {"Anna": "2", "Bram": "1"}),
        (["1,2", "2,3", "3,4"], {"Anna": "2", "Bram": "3", "Chris": "4"}),
        (["1,2", "2,3", "3,1"], {"Anna": "2", "Bram": "3", "Chris": "1"}),
    ],
    ids=["one", "two", "swap", "chain", "ring"],
)
def test_every_employee_of_the_map_gets_the_new_external_id(
    lines: list[str], expected: dict[str, str]
) -> None:
    """S12: Free external ids are given, and swaps and chains are resolved as a whole, whatever the
    order of lines. The same map changes nothing when it is given again."""
    for order in permutations(lines):
        # when
        made = rekeyed(*order)
        repeated = rekeyed(*lines, known=after(made, KNOWN))

        # then
        assert outcomes(made) == ["changed"] * len(lines)
        assert kinds(made) == ["external-id-changed"] * len(lines)
        assert numbers(after(made, KNOWN)) == numbers(KNOWN) | expected
        assert outcomes(repeated) == ["unchanged"] * len(lines)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["1,2"], {"rejected": ["external-id-taken"]}),
        (["1,2", "2,3"], {"rejected": ["external-id-taken"] * 2}),
        (["9,90"], {"rejected": ["unknown-external-id"]}),
        (["9,2", "2,20"], {"rejected": ["unknown-external-id"], "changed": []}),
        (["1,10", "1,11"], {"rejected": ["duplicate-external-id"] * 2}),
        (["1,10", "2,10"], {"rejected": ["duplicate-external-id"] * 2}),
        (["1,10", "1,10", "1,11"], {"rejected": ["duplicate-external-id"] * 3}),
        (["1,10", "1,10"], {"changed": [], "skipped": ["duplicate-row"]}),
        (["1,", ",10"], {"rejected": ["missing-value"] * 2}),
        (["1,a\u200bb"], {"rejected": ["bad-text"]}),
        (["2,2"], {"unchanged": []}),
        (["9,2"], {"unchanged": []}),
    ],
)
def test_a_line_that_is_not_applied_says_why(lines: list[str], found: dict[str, list[str]]) -> None:
    """S12, I10: A line is rejected if its old external id is unknown, if somebody keeps the new
    one, if it is no external id, or if other lines contradict it. A line that was applied before,
    or that another line repeats, changes nothing."""
    # when
    made = rekeyed(*lines)

    # then
    said: dict[str, list[str]] = {}
    for result in made.results:
        said.setdefault(result.outcome.value, []).extend(codes(result.issues))
    assert said == found


@pytest.mark.parametrize(
    ("line", "known", "outcome"),
    [
        ("3,30", [LEFT], "changed"),
        ("3,30", [then(LEFT, Released())], "rejected"),
        ("1,3", [ANNA, then(LEFT, Released())], "changed"),
        ("3,30", [then(BRAM, MERGED), then(CHRIS, MERGED)], "rejected"),
        ("1,3", [ANNA, then(BRAM, MERGED), then(CHRIS, MERGED)], "rejected"),
    ],
    ids=["left", "released", "of a released one", "merged", "of a merged one"],
)
def test_the_external_id_of_an_account_that_ended(
    line: str, known: list[Employee], outcome: str
) -> None:
    """S12, S9, S11: A deactivated employee gets the new external id too. A released employee has
    none, and that of a merged account means the one that was kept."""
    # when / then
    assert outcomes(rekeyed(line, known=known)) == [outcome]


@pytest.mark.parametrize(
    ("last", "again", "expected"),
    [
        (["1,2", "2,1"], True, ["unchanged", "unchanged"]),
        (["1,2", "2,1"], False, ["changed", "changed"]),
        (["1,2", "2,1", "7,9"], True, ["unchanged", "unchanged", "rejected"]),
    ],
)
def test_a_swap_is_not_taken_back_by_the_map_that_made_it(
    last: list[str], again: bool, expected: list[str]
) -> None:
    """S12: The map that was applied last changes nothing, also after the file has the new external
    ids; another map may swap them again."""
    # given: the swap is made, and the file has caught up
    swapped = [
        then(ANNA, ExternalIdChanged("2"), FileNoted(external_id="2")),
        then(BRAM, ExternalIdChanged("1"), FileNoted(external_id="1")),
    ]

    # when
    made = rekeyed(*last, known=swapped, again=again)

    # then
    assert outcomes(made) == expected


@pytest.mark.parametrize("lines", [["1,100"], ["1,2", "2,3", "3,4"], ["1,2", "2,3", "3,1"]])
def test_a_map_is_taken_back_by_its_opposite(lines: list[str]) -> None:
    """S12: A map with the old and the new external ids exchanged gives the old ones back."""
    # given
    known = after(rekeyed(*lines), KNOWN)
    opposite = [",".join(reversed(line.split(","))) for line in lines]

    # when
    made = rekeyed(*opposite, known=known)

    # then
    assert numbers(after(made, known)) == numbers(KNOWN)


NUMBERS = ["1", "2", "3", "4", "5", "90"]


@examples(300)
@given(
    pairs=st.lists(st.tuples(st.sampled_from(NUMBERS), st.sampled_from(NUMBERS)), max_size=6),
    data=st.data(),
)
def test_the_order_of_lines_does_not_matter(
    pairs: list[tuple[str, str]], data: st.DataObject
) -> None:
    """S12, I1: Every order of lines gives the same external ids and outcomes, never two employees
    have one external id, and a map that was applied whole changes nothing when it comes again."""
    # given
    lines = [",".join(pair) for pair in pairs] or ["1,1"]
    shuffled = data.draw(st.permutations(lines))

    # when
    made, other = rekeyed(*lines), rekeyed(*shuffled)
    known = after(made, KNOWN)

    # then
    assert numbers(known) == numbers(after(other, KNOWN))
    assert sorted(zip(lines, outcomes(made), strict=True)) == sorted(
        zip(shuffled, outcomes(other), strict=True)
    )
    held = [each.external_id for each in known if each.external_id is not None]
    assert len(held) == len(set(held))
    if "rejected" not in outcomes(made):
        assert set(outcomes(rekeyed(*lines, known=known))) <= {"unchanged", "skipped"}


@pytest.mark.parametrize(
    ("lines", "new"),
    [
        (["1,100", "2,200"], {"1": "100", "2": "200", "3": "3"}),
        (["2,3", "3,2"], {"1": "1", "2": "3", "3": "2"}),
        (["1,2", "2,3", "3,4"], {"1": "2", "2": "3", "3": "4"}),
    ],
    ids=["free", "swap", "chain"],
)
def test_a_file_with_the_old_external_ids_means_the_same_employees(
    lines: list[str], new: dict[str, str]
) -> None:
    """S12, L8: After a rekey, rows with the old external ids mean the employees as before, until
    the file has the new ones; neither changes anybody."""
    # given
    known = after(rekeyed(*lines), KNOWN)
    people = ("anna@acme.example,Anna,Bakker,1990-05-17", "bram@acme.example,Bram,Smit,")
    people = (*people, "chris@acme.example,Chris,Smit,")
    before = file_of(HEADER, *(f"{each},{n}" for each, n in zip(people, new, strict=True)))
    since = file_of(HEADER, *(f"{each},{n}" for each, n in zip(people, new.values(), strict=True)))

    # when
    earlier = plan(before, known=known)
    later = plan(since, known=after(earlier, known))

    # then
    assert (outcomes(earlier), codes(earlier)) == (["unchanged"] * 3, [])
    assert set(kinds(later)) == {"file-noted"}
    assert codes(later) == []
    assert numbers(after(later, after(earlier, known))) == numbers(known)
    assert kinds(plan(since, known=after(later, known))) == []


@pytest.mark.parametrize(("rejected", "held"), [(5, False), (6, True)])
def test_a_map_with_too_many_rejected_lines_is_held(rejected: int, held: bool) -> None:
    """S12, B1: A map is held if more of its lines are rejected than rows of a delivery may be."""
    # when
    made = rekeyed("1,100", *(f"{number},{number}0" for number in range(11, 11 + rejected)))

    # then
    assert (made.outcome.value == "held") == held
    assert codes(made.concerns) == ["many-rejected-rows"] * held


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "`old` is missing"),
        (b"old,number\n1,2\n", "`new` is missing"),
        (b"old,new\n\n", "no external ids"),
        (b"old,new,old\n1,2,3\n", "name of another one"),
        (b'old,new\n1,"2"x\n', "line 2: the quotes"),
        (b"old,new\n1\n", "line 2: it has 1 cells, not 2"),
        (b"old,new\n\xff,2\n", "UTF-8"),
    ],
)
def test_a_file_that_is_no_map_is_not_read(data: bytes, problem: str) -> None:
    """S12: A map that cannot be read is an error that says why."""
    # when / then
    with pytest.raises(TableUnreadable, match=problem):
        read_map("map.csv", data)


def test_the_columns_of_a_map_are_found_by_name() -> None:
    """S12: A map has the columns `old` and `new` anywhere. A mark against formulas is no part of an
    external id."""
    # given
    data = '\ufeffname,new,old\r\n"Smit, B.", \'-20 ,2\r\n'.encode()

    # when
    (pair,) = read_map("map.csv", data)

    # then
    assert (pair.line, pair.old, pair.new) == (2, "2", "-20")


@pytest.mark.parametrize("kind", [RunKind.REKEY, RunKind.APPROVE])
@pytest.mark.parametrize(
    ("counts", "applied", "rekeyed"),
    [
        (Counts(rows=1, unchanged=1), True, "aa"),
        (Counts(rows=1, changed=1, events=1), False, "aa"),
        (Counts(rows=2, unchanged=1, rejected=1), True, None),
    ],
)
def test_a_map_is_never_the_applied_or_the_approved_delivery(
    kind: RunKind, counts: Counts, applied: bool, rekeyed: str | None
) -> None:
    """S12, D8, B2: A map takes the place of no delivery. If it changes somebody, the delivery is
    read again. The company remembers the map that was last applied whole."""
    # given: a delivery that was approved, and a map
    run = RunContext(UUID(int=1), RunKind.APPROVE, "acme", NOW, "olga")
    approved = run.ended(Outcome.APPLIED, NOW, delivery="d" * 64, counts=Counts(rows=3)).ended
    file = FileInfo("map.csv", 9, NOW, "aa")
    key = map_key(delivery_key([], [file]))
    ended = replace(run, kind=kind).ended(
        Outcome.APPLIED, NOW, files=(file,), delivery=key, counts=counts
    )
    before = evolve(CompanyState(), UUID(int=1), approved)

    # when
    state = evolve(before, UUID(int=2), ended.ended)

    # then
    assert state.applied == (before.applied if applied else None)
    assert (state.approved, state.rekeyed) == ("d" * 64, rekeyed)


# The suggestion


def suggested(*rows: str, known: Sequence[Employee] = KNOWN) -> list[tuple[str, str, str, bool]]:
    """Returns old and new external id, evidence, and whether it is sure, of each suggestion."""
    sheets = read_sheets([("new.csv", file_of(HEADER, *rows))], a_company())
    parsed = parse_delivery(sheets, NO_DIGESTS, a_company())
    return [
        (each.old, each.new, each.matched_by, each.sure)
        for each in suggest_map(parsed.rows, Roster.of(known))
    ]


MOVED = then(ANNA, EmailChanged("a.bakker@acme.example"))
TWIN = registered("twin@acme.example,Anna,Bakker,1990-05-17,9", HEADER, position=5)


@pytest.mark.parametrize(
    ("row", "known", "expected"),
    [
        (
            "anna@acme.example,Anna,Bakker,,100",
            KNOWN,
            [("1", "100", "email, first_name, last_name", True)],
        ),
        (
            "ANNA@acme.example,Anna,Visser,1990-05-17,100",
            [MOVED],
            [("1", "100", "email, first_name, birthday", True)],
        ),
        (
            "anna@acme.example,Ans,Visser,1990-05-17,100",
            KNOWN,
            [("1", "100", "email, birthday", False)],
        ),
        (
            "new@acme.example,Anna,Bakker,1990-05-17,100",
            KNOWN,
            [("1", "100", "names, first_name, last_name, birthday", True)],
        ),
        (
            "new@acme.example,bram,smit,1980-01-01,100",
            KNOWN,
            [("2", "100", "names, first_name, last_name", False)],
        ),
        (
            "new@acme.example,Anna,Bakker,1990-05-17,100",
            [ANNA, TWIN],
            [
                ("1", "100", "names, first_name, last_name, birthday", False),
                ("9", "100", "names, first_name, last_name, birthday", False),
            ],
        ),
        ("new@acme.example,Anna,Bakker,1991-01-01,100", KNOWN, []),
        ("new@acme.example,Anna,Bakker,,100", [ANNA, TWIN], []),
        ("anna@acme.example,Zoe,Novak,,100", KNOWN, []),
        ("anna@acme.example,Anna,Bakker,,1", KNOWN, []),
        ("anna@acme.example,Anna,Bakker,,1", [then(ANNA, ExternalIdChanged("10"))], []),
        ("anna@acme.example,Anna,Bakker,,", KNOWN, []),
        ("dora@acme.example,Dora,Dam,,400", KNOWN, []),
        ("chris@acme.example,Chris,Smit,,300", [then(LEFT, Released())], []),
        (
            "chris@acme.example,Chris,Smit,,300",
            [LEFT],
            [("3", "300", "email, first_name, last_name", True)],
        ),
        (
            "bram@acme.example,Bram,Smit,,3",
            KNOWN,
            [("2", "3", "email, first_name, last_name", True)],
        ),
    ],
)
def test_a_row_with_a_new_external_id_suggests_whom_it_means(
    row: str, known: list[Employee], expected: list[tuple[str, str, str, bool]]
) -> None:
    """S12, I9: An employee is found by e-mail address, or by both names, and by the birthday too
    where there are several. It is sure if a name agrees with the address, or names and birthday
    agree."""
    # when / then
    assert suggested(row, known=known) == expected


def test_two_rows_for_one_employee_are_not_sure() -> None:
    """S12: If two rows mean one employee, neither is sure, and names alone find nobody."""
    # when
    found = suggested(
        "anna@acme.example,Anna,Bakker,,100",
        "new@acme.example,Anna,Bakker,1990-05-17,101",
        "b1@acme.example,Bram,Smit,,200",
        "b2@acme.example,Bram,Smit,,201",
    )

    # then
    assert [(old, new, sure) for old, new, _, sure in found] == [
        ("1", "100", False),
        ("1", "101", False),
    ]
