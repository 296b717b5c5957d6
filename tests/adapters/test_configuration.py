"""The configuration of a worker: when it reads its files again, and what holds meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.errors import Fault, SettingsError
from adapters.settings import Settings, load_settings
from adapters.use_cases.observer import Observer
from adapters.worker.configuration import Configuration
from domain.schedule import Schedule

USUAL = 'companies = "companies/*.toml"\n'


class Files(Observer):
    """Configuration files for the company alfa, the time, and the mistakes that were reported."""

    def __init__(self, place: Path) -> None:
        self.file = place / "tenure.toml"
        self.seconds = 0.0
        self.mistakes: list[str | None] = []
        self.loads = 0
        self.answer: Callable[[Path], Settings] = lambda file: load_settings(file, {})
        (place / "companies").mkdir()
        self.file.write_text(USUAL)
        self.company("alfa")

    def company(self, key: str, language: str = "nl") -> Path:
        """Writes the file of a company, and returns its path."""
        path = self.file.with_name("companies") / f"{key}.toml"
        path.write_text(f'name = "{key}"\nlanguage = "{language}"\n')
        return path

    def misconfigured(self, company: str | None, error: SettingsError) -> None:
        self.mistakes.append(company)

    def configuration(self) -> Configuration:
        def load(file: Path) -> Settings:
            self.loads += 1
            return self.answer(file)

        return Configuration(self.file, self, load, lambda: self.seconds)

    def later(self, configuration: Configuration) -> Settings:
        """Returns the settings at the next check of the files."""
        self.seconds += 60
        return configuration.current()


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_the_settings_follow_the_files(files: Files) -> None:
    """R3, R5: Slots that change are served from then on. A company that is added is picked up, and
    one that is removed is not."""
    # given
    configuration = files.configuration()
    files.file.write_text(f'{USUAL}[schedule]\npickup = ["12:00"]\n')
    files.company("bravo")

    # when / then
    changed = files.later(configuration)
    assert [f"{slot:%H:%M}" for slot in changed.schedule.pickup] == ["12:00"]
    assert list(changed.customers) == ["alfa", "bravo"]
    files.company("alfa").unlink()
    assert list(files.later(configuration).customers) == ["bravo"]


@pytest.mark.parametrize("text", ["this is no TOML", None])
def test_the_last_usable_settings_hold_while_the_file_is_unusable(
    files: Files, text: str | None
) -> None:
    """R6: While the main file is unusable, the settings that were read before hold. The mistake is
    reported once, not at every look. A worker does not start with such a file."""
    # given
    configuration = files.configuration()
    before = configuration.current()
    files.file.unlink()
    if text is not None:
        files.file.write_text(text)

    # when / then
    assert [files.later(configuration) for _ in range(2)] == [before] * 2
    assert files.mistakes == [None]
    with pytest.raises(SettingsError):
        files.configuration()
    files.file.write_text(USUAL)
    files.company("bravo")
    assert list(files.later(configuration).customers) == ["alfa", "bravo"]
    assert files.mistakes == [None]


@pytest.mark.parametrize("at_start", [True, False])
def test_a_broken_company_file_concerns_no_other_company(files: Files, at_start: bool) -> None:
    """R6: A company file that is broken, at the start of the worker or later, is reported once and
    concerns no other company. The company is picked up when its file is mended."""
    # given
    configuration = None if at_start else files.configuration()
    files.company("bravo", language="klingon")
    configuration = configuration or files.configuration()

    # when / then
    assert [list(files.later(configuration).customers) for _ in range(2)] == [["alfa"]] * 2
    assert files.mistakes == ["bravo"]
    files.company("bravo")
    assert list(files.later(configuration).customers) == ["alfa", "bravo"]


def test_the_settings_are_read_again_at_once_when_somebody_asks(files: Files) -> None:
    """R3: After `reload` the settings are read again, before the next check of the files is due."""
    # given
    configuration = files.configuration()
    files.company("bravo")
    before = list(configuration.current().customers)

    # when
    configuration.reload()

    # then
    assert (before, list(configuration.current().customers)) == (["alfa"], ["alfa", "bravo"])


@pytest.mark.parametrize(
    "error",
    [SettingsError(Fault(Path("tenure.toml"), "", "cannot be read")), OSError("the disk is gone")],
)
def test_a_file_is_read_as_soon_as_it_is_readable(files: Files, error: Exception) -> None:
    """R6: A file that could not be read, for whatever reason, is read as soon as that is possible.

    A change of permissions leaves the size and the modification time as they are.
    """
    # given
    found = Settings(files.file, files.file, Schedule(), {})
    files.answer = lambda _: found
    configuration = files.configuration()

    def failing(_: Path) -> Settings:
        raise error

    files.answer = failing
    files.file.write_text("# changed\n")

    # when / then
    assert files.later(configuration) is found
    assert files.mistakes == [None]
    files.answer = lambda file: load_settings(file, {})
    files.file.chmod(0o600)
    assert files.later(configuration) is not found


def test_files_are_checked_once_in_a_few_seconds(files: Files) -> None:
    """Files are checked once in a few seconds, because there may be thousands of them."""
    # given
    configuration = files.configuration()
    files.company("bravo")

    # when / then
    for _ in range(3):
        configuration.current()
        files.seconds += 1.6
    assert files.loads == 1
    files.seconds += 5
    for _ in range(2):
        configuration.current()
    assert files.loads == 2
