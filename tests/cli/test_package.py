"""The package as it is installed: what it owns, and that it works from there."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
import zipfile
from email import message_from_string
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"domain", "adapters", "projections", "cli"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without the network."""
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    command += ["--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", target, ROOT]
    built = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert built.returncode == 0, built.stderr
    (path,) = target.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[PurePosixPath]:
    """Every file in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return [PurePosixPath(name) for name in archive.namelist()]


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an installation puts on the path."""
    directory = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(directory)
    return directory


def about(unpacked: Path, name: str) -> str:
    """What the wheel says of itself."""
    (found,) = unpacked.glob(f"tenure-*.dist-info/{name}")
    return found.read_text("utf-8")


def test_the_package_has_its_own_folders_and_nothing_else(names: list[PurePosixPath]) -> None:
    """The wheel contains the four packages of the product, its metadata, and the files that it
    shares with the system."""
    # when
    tops = {name.parts[0] for name in names}

    # then
    assert {top for top in tops if not top.endswith((".dist-info", ".data"))} == PACKAGES
    assert len(tops) == len(PACKAGES) + 2


def test_every_module_is_in_the_wheel_and_nothing_else(names: list[PurePosixPath]) -> None:
    """The wheel contains every module of the product, and no other kinds of files than those it
    needs."""
    # given
    modules = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
    }

    # when
    found = {str(name) for name in names if name.suffix == ".py"}

    # then
    assert found == modules
    others = {".csv", ".toml", ".typed", ".bash", ".fish", ""}  # "" is the script of zsh
    assert {name.suffix for name in names if name.parts[0] in PACKAGES} <= {".py", *others}


def test_the_wheel_shares_man_pages_and_completion(unpacked: Path) -> None:
    """An installation of the wheel has every man page, and the script of each shell, where the
    system looks for them."""
    # given
    scripts = {
        "tenure.bash": "bash-completion/completions/tenure",
        "_tenure": "zsh/site-functions/_tenure",
        "tenure.fish": "fish/vendor_completions.d/tenure.fish",
    }

    # when
    (share,) = unpacked.glob("tenure-*.data/data/share")

    # then
    for page in (ROOT / "docs" / "man").iterdir():
        assert (share / "man" / "man1" / page.name).read_bytes() == page.read_bytes()
    for name, place in scripts.items():
        script = ROOT / "cli" / "completion" / "scripts" / name
        assert (share / place).read_bytes() == script.read_bytes()


def test_the_sample_is_in_the_wheel(unpacked: Path) -> None:
    """The wheel contains every file of the sample, byte for byte."""
    # given
    sample = ROOT / "cli" / "sample"

    # then
    for path in sample.iterdir():
        assert (unpacked / "cli" / "sample" / path.name).read_bytes() == path.read_bytes()
    assert len(list(sample.iterdir())) >= 2


def test_the_wheel_installs_one_command(unpacked: Path) -> None:
    """The wheel installs one command, `tenure`."""
    # given
    entries = configparser.ConfigParser()
    entries.read_string(about(unpacked, "entry_points.txt"))

    # then
    assert {section: dict(entries[section]) for section in entries.sections()} == {
        "console_scripts": {"tenure": "cli.main:run"}
    }


def test_the_metadata_names_what_the_product_needs(unpacked: Path) -> None:
    """The metadata of the wheel name the product, its Python version and its libraries, and no
    tools for development."""
    # when
    metadata = message_from_string(about(unpacked, "METADATA"))

    # then
    assert metadata["Name"] == "tenure"
    assert metadata["Requires-Python"] == ">=3.11"
    needed = {re.split(r"[^\w-]", line)[0] for line in metadata.get_all("Requires-Dist", [])}
    assert {"click", "eventsourcing", "msgspec", "tabulate"} <= needed
    assert not needed & {"pytest", "hypothesis", "ruff", "mypy"}


def test_the_sample_works_from_where_it_is_installed(unpacked: Path, tmp_path: Path) -> None:
    """The sample works with an installed copy of the product, from `init` to the roster."""
    # given
    script = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); import cli.main; "
        "assert cli.main.__file__.startswith(sys.path[0]), cli.main.__file__; cli.main.run()"
    )

    # when / then
    for arguments in (["init"], ["preview", "sample"], ["import", "sample"], ["roster", "sample"]):
        done = subprocess.run(
            [sys.executable, "-c", script, unpacked, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
    assert "anna.bakker@sample.example" in done.stdout
