"""The man pages say what the commands say."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.make_man import DIRECTORY, pages
from tests.cli.test_help import NAMES

PAGES = pages()


def test_every_command_has_a_page() -> None:
    """Each command and each subcommand has a man page, and there are no other pages."""
    # given
    named = {f"{'-'.join(['tenure', *name.split()])}.1" for name in NAMES}

    # when / then
    assert set(PAGES) == named == {path.name for path in DIRECTORY.iterdir()}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_made_from_its_command(name: str) -> None:
    """A man page is as `make man` makes it from the command. It has no date, and no path of the
    machine on which it was made."""
    # when
    page = (DIRECTORY / name).read_text("utf-8")

    # then
    assert page == PAGES[name], "run `make man`"
    assert page.startswith(f'.TH "{name.upper().removesuffix(".1")}" "1" "" "tenure ')
    assert str(Path.home()) not in page
