"""The first minute: what `init` writes works as it is."""

from __future__ import annotations

import os
import re
import stat
from datetime import date
from pathlib import Path

import pytest

from tests.cli.conftest import Answer, Desk, assert_explained
from tests.given import moment

FILES = ["deliveries/sample/alleo_employees_sample.csv", "tenure.toml"]


@pytest.fixture
def fresh(desk: Desk) -> Desk:
    """A directory with nothing in it."""
    (desk.directory / "tenure.db").unlink()
    (desk.directory / "tenure.toml").unlink()
    (desk.directory / "outgoing").rmdir()
    return desk


def files(directory: Path) -> list[str]:
    """Every file below a directory."""
    return sorted(
        str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()
    )


def test_the_sample_works_unedited(fresh: Desk) -> None:
    """The files that `tenure init` writes can be previewed and imported without a change and
    without an issue."""
    # given
    assert fresh.type("init").code == 0

    # when
    preview = fresh.type("preview", "sample", "--json")
    imported = fresh.type("import", "sample", "--json")
    again = fresh.type("import", "sample", "--json")
    people = fresh.type("roster", "sample", "--json")

    # then
    answers = (preview, imported, again, people)
    assert [(answer.code, answer.err) for answer in answers] == [(0, "")] * 4
    assert imported.document["outcome"] == "applied"
    assert imported.document["issues"] == preview.document["issues"] == []
    assert again.document["outcome"] == "unchanged"
    states = [person["state"] for person in people.document]
    assert sorted(states) == ["active", "active", "offboarding-scheduled", "pending"]


@pytest.mark.parametrize("at", ["2024-02-29 12:00", "2026-12-31 23:59", "2031-07-01 00:00"])
def test_the_sample_works_on_any_day(fresh: Desk, at: str) -> None:
    """The sample of `tenure init` has dates around the present day, so it works on any day."""
    # given
    fresh.now = moment(at)
    fresh.type("init")

    # when
    run = fresh.type("import", "sample", "--json").document

    # then
    assert (run["outcome"], run["issues"]) == ("applied", [])
    chris = fresh.type("show", "sample", "1003", "--json").document
    assert date.fromisoformat(chris["onboarding_date"]) > fresh.now.date()


def test_init_names_the_files_and_the_next_commands(fresh: Desk) -> None:
    """`tenure init` names the files that it wrote, the database, and the commands that come
    next."""
    # when
    answer = fresh.type("init", "here/and there")

    # then
    assert files(fresh.directory / "here" / "and there") == sorted([*FILES, "tenure.db"])
    for name in [*FILES, "tenure.db"]:
        assert f"here/and there/{name}" in answer.out
    assert "tenure preview sample, then tenure import sample" in answer.out


def test_the_environment_names_the_database_of_init_too(
    fresh: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`tenure init` creates the database that `TENURE_DATABASE` names. A PostgreSQL database is
    left to `tenure migrate`, which its owner calls."""
    # given
    monkeypatch.setenv("TENURE_DATABASE", "sqlite:///other.db")
    assert fresh.type("init", "one").code == 0
    monkeypatch.setenv("TENURE_DATABASE", "postgresql://nobody@127.0.0.1:1/none")

    # when
    answer = fresh.type("init", "two")

    # then
    assert files(fresh.directory / "one") == [FILES[0], "other.db", FILES[1]]
    assert files(fresh.directory / "two") == FILES
    assert answer.code == 0
    assert "tenure migrate, then tenure preview sample" in answer.out


def test_a_database_that_is_there_is_kept(fresh: Desk) -> None:
    """`tenure init` keeps the content of a database that is there already."""
    # given
    fresh.type("init")
    fresh.type("import", "sample")
    for name in FILES:
        (fresh.directory / name).unlink()

    # when
    answer = fresh.type("init")

    # then
    assert answer.code == 0
    assert "Created" not in answer.out
    assert len(fresh.type("roster", "sample", "--json").document) == 4


def test_only_their_owner_reads_the_files(fresh: Desk) -> None:
    """Only the owner can read the files of `tenure init` and the database, whatever the process
    allows for new files."""
    # given
    before = os.umask(0)
    try:
        fresh.type("init")
        fresh.type("import", "sample")
    finally:
        os.umask(before)

    # when
    modes = {
        name: stat.S_IMODE((fresh.directory / name).stat().st_mode)
        for name in files(fresh.directory)
    }

    # then
    assert modes == dict.fromkeys([*FILES, "tenure.db"], 0o600)


@pytest.mark.parametrize("name", FILES)
def test_nothing_that_exists_is_overwritten(fresh: Desk, name: str) -> None:
    """`tenure init` exits with code 2 when one of its files exists, and writes nothing."""
    # given
    path = fresh.write(name, b"mine")

    # when
    answer = fresh.type("init")

    # then
    assert answer.code == 2
    assert_explained(answer, [name, "exists already"])
    assert path.read_bytes() == b"mine"
    assert files(fresh.directory) == [name]


def test_a_link_to_nowhere_is_not_followed(fresh: Desk, tmp_path: Path) -> None:
    """`tenure init` exits with code 2 when a link stands in the place of a file, and does not
    follow the link."""
    # given
    (fresh.directory / "tenure.toml").symlink_to(tmp_path / "target.toml")

    # when
    answer = fresh.type("init")

    # then
    assert answer.code == 2
    assert_explained(answer)
    assert not (tmp_path / "target.toml").exists()


def test_a_file_is_no_directory(fresh: Desk) -> None:
    """`tenure init` into a path that is a file exits with code 2 and writes nothing."""
    # given
    fresh.write("taken", b"mine")

    # when
    answer = fresh.type("init", "taken")

    # then
    assert answer.code == 2
    assert_explained(answer)
    assert files(fresh.directory) == ["taken"]


def test_the_sample_tells_its_choices_in_comments_that_work(fresh: Desk) -> None:
    """The settings in the comments of the sample are the defaults: without the comment signs they
    change nothing and give no error."""
    # given
    fresh.type("init")
    path = fresh.directory / "tenure.toml"
    parts = path.read_text().split("\n\n")
    sections = ("# [company.sample.policy]", "# [company.sample.limits]")
    told = [
        re.sub("^# ", "", part, flags=re.M) if part.startswith(sections) else part for part in parts
    ]
    text = "\n\n".join(told)
    assert "\n[company.sample.policy]" in text
    assert "\n[company.sample.limits]" in text
    plain = imported(fresh)
    path.write_text(text)

    # when / then
    assert imported(fresh).document["outcome"] == "unchanged"
    assert plain.document["outcome"] == "applied"


def imported(desk: Desk) -> Answer:
    """One import of the sample."""
    answer = desk.type("import", "sample", "--json")
    assert (answer.code, answer.err) == (0, "")
    return answer
