"""An import on a full disk applies nothing."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.torture.ground import TORTURE


@pytest.mark.torture
@pytest.mark.parametrize("room", [0, 1, 300, 600, 900] if TORTURE else [0, 300])
def test_a_full_disk_ends_an_import_with_nothing_applied(tmp_path: Path, room: int) -> None:
    """R1: An import on a full disk applies nothing, and a later import applies the whole delivery.
    The database may still grow by `room` kilobytes."""
    # given
    (outgoing := tmp_path / "outgoing").mkdir()
    rows = "".join(f"p{number}@acme.example,First{number},Last\n" for number in range(3000))
    (tmp_path / "tenure.toml").write_text(
        '[company.acme]\nname = "Acme BV"\nlanguage = "nl"\n'
        '[company.acme.source]\nprotocol = "folder"\ndirectory = "outgoing"\n'
    )
    assert tenure(tmp_path, "migrate").returncode == 0
    (outgoing / "alleo_employees_1.csv").write_text("email,first_name,last_name\n" + rows)
    size = (tmp_path / "tenure.db").stat().st_size

    # when
    full = tenure(tmp_path, "import", "acme", largest=room * 1024 + (size if room else 0))

    # then
    assert full.returncode == 6, full.stderr
    assert "Traceback" not in full.stderr
    assert tenure(tmp_path, "roster", "acme", "--json").stdout.count("@acme.example") == 0
    assert tenure(tmp_path, "verify").returncode == 0
    assert tenure(tmp_path, "import", "acme").returncode == 0
    assert tenure(tmp_path, "roster", "acme", "--json").stdout.count("@acme.example") == 3000


def tenure(
    directory: Path, *arguments: str, largest: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs `tenure` in another process, in which no file may be larger than `largest` bytes."""

    def limit() -> None:
        if largest is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    return subprocess.run(
        [sys.executable, "-c", "from cli.main import run; run()", *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=limit,
    )
