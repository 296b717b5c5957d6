"""What a terminal shows of the progress of long work."""

from __future__ import annotations

import io
import threading

import pytest
from rich.cells import cell_len

from adapters.progress import Stage
from cli.terminal.output import CLEAR_LINE
from cli.terminal.progress import Drawing, TerminalProgress, line_of
from tests.cli.conftest import PATIENCE


@pytest.mark.parametrize("width", [1, 20, 40, 80, 160])
@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize(("done", "total"), [(0, None), (0, 0), (7, 10**9), (2 * 10**9, 10**9)])
def test_a_line_of_progress_fits_the_terminal(
    width: int, stage: Stage, done: int, total: int | None
) -> None:
    """The line names the stage and the time, and is never longer than the terminal is wide."""
    # when
    line = line_of(Drawing(stage, done, total, 83.9), width, coloured=False)

    # then
    assert "\n" not in line
    assert cell_len(line) <= width
    if width >= 80:
        assert stage.value in line
        assert line.endswith("1:23")


def test_bytes_and_other_units_are_counted_where_their_number_is_known() -> None:
    """Fetching counts bytes, other stages count their units, and more than all is not told."""
    # when
    lines = [
        line_of(Drawing(stage, done, total, 2), 80, coloured=False)
        for stage, done, total in (
            (Stage.FETCH, 12_000_000, 50_000_000),
            (Stage.STORE, 12, 10),
            (Stage.PLAN, 0, None),
        )
    ]

    # then
    assert "12.0/50.0 MB" in lines[0]
    assert "10/10" in lines[1]
    assert "/" not in lines[2]


def test_what_takes_less_than_a_second_shows_nothing() -> None:
    """A stage that ends at once writes nothing to the terminal."""
    # given
    terminal = io.StringIO()
    progress = TerminalProgress(terminal, lambda _: "never")

    # when
    with progress.stage(Stage.READ) as advance:
        advance(1)
    progress.close()

    # then
    assert terminal.getvalue() == ""


def test_a_line_of_progress_is_gone_when_the_stage_has_ended() -> None:
    """The line tells the stage in the stage and its units, and is cleared at the end."""
    # given
    terminal = io.StringIO()
    seen: list[Drawing] = []
    inner_seen = threading.Event()

    def draw(drawing: Drawing) -> str:
        seen.append(drawing)
        if drawing.stage is Stage.FETCH and drawing.done:
            inner_seen.set()
        return drawing.stage.value

    progress = TerminalProgress(terminal, draw, delay_s=0)

    # when
    with progress.stage(Stage.PLAN), progress.stage(Stage.FETCH, 9) as advance:
        advance(4)
        assert inner_seen.wait(PATIENCE)
    progress.close()

    # then
    assert (seen[-1].stage, seen[-1].done, seen[-1].total) == (Stage.FETCH, 4, 9)
    assert terminal.getvalue().endswith(f"\rFetching\x1b[K{CLEAR_LINE}")
