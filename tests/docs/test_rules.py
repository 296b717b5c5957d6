"""Code, tests and documentation mean the same rules: each id has one definition, and a test."""

from __future__ import annotations

import ast
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.issues.catalogue import CATALOGUE

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
PAGE = (REFERENCE / "rules.md").read_text("utf-8")
FOLDERS = ("domain", "projections", "adapters", "cli", "tests")
LETTERS = "DFWILCSRBQO"
"""The groups, in the order in which the page has them."""

# An id in a text: a letter and one or two digits, like `I4` or `L10`.
_RULE = re.compile(rf"\b([{LETTERS}])([0-9]{{1,2}})\b")
# Two ids of one group that stand for all between them too, like `L1-L10` or `B1 to B3`.
_RANGE = re.compile(rf"\b([{LETTERS}])([0-9]{{1,2}})(?:-|\s+to\s+)\1([0-9]{{1,2}})\b")
# A definition: the anchor, and below it the heading, like `### I4 · A known address`.
_DEFINITION = re.compile(r'^<a id="(.+)"></a>\n### ([A-Z][0-9]+) · .+$', re.M)
# A group of definitions, like `## I · Identity`, up to the next one.
_GROUP = re.compile(r"^## ([A-Z]) · .+\n((?:(?!## ).*\n)+)", re.M)

DEFINED = [rule for _, rule in _DEFINITION.findall(PAGE)]


def rules_in(text: str) -> set[str]:
    """Every rule that a text cites, by its own id or inside a range."""
    found = {f"{letter}{number}" for letter, number in _RULE.findall(text)}
    for letter, first, last in _RANGE.findall(text):
        found |= {f"{letter}{number}" for number in range(int(first), int(last) + 1)}
    return found


def in_order(rule: str) -> tuple[int, int]:
    return LETTERS.index(rule[0]), int(rule[1:])


def sources(folder: str) -> Iterator[Path]:
    return (ROOT / folder).rglob("*.py")


def prose_of(path: Path) -> Iterator[tuple[int, str]]:
    """Every docstring and comment of a module, with its line.

    Other strings are left out: they hold test data, which may look like an id.
    """
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield node.lineno, text
    with path.open("rb") as stream:
        for token in tokenize.tokenize(stream.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


def cited() -> dict[str, list[str]]:
    """Every rule that code or tests cite, with the places that do."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    for folder in FOLDERS:
        for path in sources(folder):
            for line, text in prose_of(path):
                for rule in rules_in(text):
                    places[rule].append(f"{path.relative_to(ROOT)}:{line}")
    return places


def named_by_tests() -> set[str]:
    """Every rule that the docstring of a test names."""
    return {
        rule
        for path in sources("tests")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        for rule in rules_in(ast.get_docstring(node) or "")
    }


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("Nobody leaves by a blank.", set()),
        ("I4: and the external id stays.", {"I4"}),
        ("L10, R1 (B2)", {"L10", "R1", "B2"}),
        ("S2-S4", {"S2", "S3", "S4"}),
        ("from B1\n    to B3, and D8", {"B1", "B2", "B3", "D8"}),
        ("S1-R3", {"S1", "R3"}),
        ("D105, W01-12, UTF8, E5, F1x, 0xC3D4", {"W01"}),
    ],
)
def test_a_citation_is_an_id_or_a_range_of_ids(text: str, rules: set[str]) -> None:
    """A range cites its ends and every rule between them; other words and numbers are no ids."""
    assert rules_in(text) == rules


def test_every_rule_that_is_cited_is_defined() -> None:
    """Whoever meets an id in a docstring or a comment can look it up."""
    # given: every id that code or tests cite
    citations = cited()
    assert len(citations) > 50

    # when
    undefined = {rule: places for rule, places in citations.items() if rule not in DEFINED}

    # then
    assert undefined == {}


@pytest.fixture(scope="module")
def rules_with_a_test() -> set[str]:
    return named_by_tests()


@pytest.mark.parametrize("rule", DEFINED)
def test_every_rule_has_a_test_that_names_it(rule: str, rules_with_a_test: set[str]) -> None:
    """What the page promises is held by a test whose docstring says so."""
    assert rule in rules_with_a_test


def test_each_rule_is_defined_once_and_in_order() -> None:
    """Groups stand in their order, and the rules of a group by number."""
    assert len(DEFINED) == len(set(DEFINED))
    assert sorted(DEFINED, key=in_order) == DEFINED


def test_each_rule_stands_in_the_group_of_its_letter() -> None:
    """No rule is outside a group."""
    groups = {
        letter: [rule for _, rule in _DEFINITION.findall(text)]
        for letter, text in _GROUP.findall(PAGE)
    }

    assert [rule for rules in groups.values() for rule in rules] == DEFINED
    assert all(rule[0] == letter for letter, rules in groups.items() for rule in rules)


def test_each_rule_has_an_anchor_of_its_own() -> None:
    """A link like `rules.md#i4` leads to the rule, as every heading of a rule has one."""
    # given
    anchors = re.findall(r'<a id="(.*?)">', PAGE)
    headings = re.findall(r"^### .*$", PAGE, re.M)

    # then
    assert anchors == [rule.lower() for rule in DEFINED]
    assert len(set(anchors)) == len(anchors) == len(headings)


def test_each_issue_that_a_rule_names_is_documented_where_its_link_leads() -> None:
    """Codes are links to the part of the page on issues that has them."""
    # given: what the page links, and the parts of the page on issues by their anchors
    named = set(re.findall(r"\[`([a-z0-9-]+)`\](?!:)", PAGE))
    links = dict(re.findall(r"^\[`([a-z0-9-]+)`\]: issues\.md#(.+)$", PAGE, re.M))
    _, *parts = re.split(r"^## ", (REFERENCE / "issues.md").read_text("utf-8"), flags=re.M)
    by_anchor = {
        re.sub(r"[^\w -]", "", part.partition("\n")[0].lower()).replace(" ", "-"): part
        for part in parts
    }

    # then
    assert named == set(links) <= set(CATALOGUE)
    for code, anchor in links.items():
        assert f"\n| `{code}` |" in by_anchor[anchor], code
