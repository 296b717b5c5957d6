"""The how-tos for support give the results that they describe."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.main import execute
from tests.databases import created

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
PAGES = (
    "answer-a-customer",
    "give-a-newcomer-a-leavers-address",
    "correct-an-external-id",
    "bring-somebody-back",
    "make-one-account-of-two",
    "correct-a-date",
)
SETTINGS = """\
database = "sqlite:///tenure.db"
[company.acme]
name = "Acme BV"
language = "nl"
"""
PEOPLE = """\
Email,First name,Last name,External id,Birthday,Onboarding date,Offboarding date
anna.bakker@acme.example,Anna,Bakker,1001,1988-03-14,2021-05-01,
bram.devries@acme.example,Bram,de Vries,1002,1979-11-02,2018-09-01,
chris.smith@acme.example,Chris,Smith,1003,1990-07-23,2019-02-01,2027-01-31
doris.novak@acme.example,Doris,Novak,1004,1985-12-09,2020-01-01,2027-06-30
emil.maier@acme.example,Emil,Maier,,1992-05-17,2022-03-01,
fatima.haddad@acme.example,Fatima,Haddad,1006,1990-12-31,2027-03-15,
"""
"""The company at the beginning of each section: Chris has left, and Fatima starts later."""
BLOCK = re.compile(r"^```(csv|console)(?: (\S+))?\n(.*?)^```$", re.M | re.S)


def sections() -> list[tuple[str, str]]:
    """Returns each section of a page that has commands, with a name for the test."""
    found = []
    for page in PAGES:
        parts = re.split(r"^##? ", (HOW_TO / f"{page}.md").read_text("utf-8"), flags=re.M)
        for part in parts:
            if "```console" in part:
                found.append((f"{page}: {part.partition(chr(10))[0]}", part))
    return found


def examples(console: str) -> list[tuple[list[str], str]]:
    """Returns the arguments of each command in a block, with the answer that the page shows."""
    text = console.replace("\\\n", " ")
    parts = re.split(r"^\$ tenure (.*)\n", text, flags=re.M)[1:]
    return [
        (shlex.split(command), answer) for command, answer in zip(*[iter(parts)] * 2, strict=True)
    ]


def shown(answer: str) -> str:
    """Returns a pattern for an answer: `…` stands for anything, and a line break for a space."""
    pieces = (r"\s+".join(map(re.escape, piece.split())) for piece in answer.split("…"))
    return ".*".join(pieces)


@pytest.mark.parametrize(
    ("name", "section"), [pytest.param(*each, id=each[0]) for each in sections()]
)
def test_a_how_to_works_as_described(
    name: str,
    section: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Every command of a how-to, given its files, answers as the page shows."""
    # given: a company with six people
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TENURE_DATABASE", raising=False)
    monkeypatch.delenv("TENURE_CONFIG", raising=False)
    Path("tenure.toml").write_text(SETTINGS)
    Path("people.csv").write_text(PEOPLE)
    created(tmp_path / "tenure.db")
    now = datetime(2026, 12, 1, 2, 45, tzinfo=UTC)

    def tenure(arguments: list[str]) -> str:
        execute(arguments, {"now": lambda: now})
        answer = capsys.readouterr()
        return answer.out + answer.err

    tenure(["import", "acme", "people.csv"])
    now = datetime(2027, 2, 1, tzinfo=UTC)
    tenure(["clock"])
    now = datetime(2027, 3, 1, 9, tzinfo=UTC)

    # when / then
    for kind, file, text in BLOCK.findall(section):
        if kind == "csv":
            Path(file).write_text(text)
            continue
        for arguments, expected in examples(text):
            now += timedelta(minutes=1)
            answer = tenure(arguments)
            assert "Error:" not in answer, answer
            if expected.strip():
                assert re.search(shown(expected), answer, re.S), (arguments, expected, answer)
