"""`python -m tests.benchmarks [N]`: compares the work of Tenure with the least possible work.

Times are medians of several rounds in one process. The two sides of a ratio take turns, so that a
ratio holds when the speed of the machine drifts. Measurements that must not share a process
(memory, start-up, a company beside another) have a process of their own. The benchmark starts its
own PostgreSQL server with the default settings for durability. After each import the server
analyses its tables, as it does by itself within a minute.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, ParamSpec

from tabulate import tabulate

from adapters.store.opening import Database, PostgresUrl
from adapters.use_cases.app import App
from adapters.worker.job_schema import migrate_jobs
from domain.outcome import Outcome
from tests.adapters import pgserver, sshd
from tests.benchmarks import data, plain, raw, scheduling
from tests.benchmarks.fetching import SIZE, Fetching, missing
from tests.benchmarks.work import app_on, imported, looked_up, passed, rows_stored
from tests.databases import created

_P = ParamSpec("_P")
ROUNDS = 3
DUE = 1_000


class Line(NamedTuple):
    """One line of the table: a piece of work, its time, and the ratio to other work."""

    work: str
    seconds: float
    ratio: float | None = None
    beside: str = ""
    goal: str = ""


class Bench:
    """All measurements, with `count` rows."""

    def __init__(self, count: int, place: Path, server: pgserver.Server) -> None:
        self.count = count
        self.place = place
        self.server = server
        self.took: defaultdict[str, list[float]] = defaultdict(list)
        self.added: dict[str, int] = {}
        self.lines: list[Line] = []
        self._databases = 0
        rows = data.people(count)
        self.first = data.delivery(rows)
        self.shuffled = data.delivery(data.shuffled(rows))
        self.changed = data.delivery(data.changed(rows, 0.01))

    def empty(self, store: str) -> Database:
        """Returns a new empty database."""
        self._databases += 1
        if store == "sqlite":
            return created(self.place / f"{self._databases}.db")
        return PostgresUrl(self.server.made(f"bench{self._databases}"))

    def time(self, name: str, work: Callable[_P, object], *args: _P.args, **kw: _P.kwargs) -> float:
        """Runs some work, records its seconds under `name`, and returns them."""
        began = time.perf_counter()
        work(*args, **kw)
        took = time.perf_counter() - began
        self.took[name].append(took)
        return took

    def median(self, name: str) -> float:
        """Returns the median of the seconds that were recorded under `name`."""
        return statistics.median(self.took[name])

    # Imports

    def imports(self, store: str) -> None:
        for _ in range(ROUNDS):
            database, beside = self.empty(store), self.empty(store)
            app = app_on(database)
            self.time("csv", plain.csv_pass, self.first)
            for name, content in (("plain 1", self.first), ("plain 2", self.shuffled)):
                if isinstance(beside, PostgresUrl):
                    url = self.server.as_owner(beside.url)
                    self.time(f"{store} {name}", plain.postgresql, url, content)
                else:
                    self.time(f"{store} {name}", plain.sqlite, beside, content)
            for name, content, outcome in (
                ("first", self.first, Outcome.APPLIED),
                ("same", self.first, Outcome.UNCHANGED),
                ("shuffled", self.shuffled, Outcome.UNCHANGED),
                ("changed", self.changed, Outcome.APPLIED),
            ):
                before = rows_stored(app)
                self.time(f"{store} {name}", imported, app, content, outcome)
                self.added[f"{store} {name}"] = rows_stored(app) - before
                if isinstance(database, PostgresUrl):
                    self.server.analysed(database.url)
            self.time(f"{store} rebuild", app.store.rebuild, lambda _: None)
            app.store.close()

    def report_imports(self, store: str, goal: str) -> None:
        csv = self.median("csv")

        def add(what: str, name: str, beside: float, said: str, goal: str = "") -> None:
            took = self.median(f"{store} {name}")
            self.lines.append(Line(f"{store}: {what}", took, took / beside, said, goal))

        first, second = self.median(f"{store} plain 1"), self.median(f"{store} plain 2")
        add("plain SQL, first time", "plain 1", csv, "csv pass")
        add("plain SQL, second time", "plain 2", csv, "csv pass")
        add("first import", "first", first, "plain SQL", goal)
        add("second import, other order", "shuffled", csv, "csv pass", "2.5")
        add("the same", "shuffled", second, "plain SQL, second time", "1")
        add("second import, same bytes", "same", csv, "csv pass", "0.1")
        add("second import, 1 % changed", "changed", csv, "csv pass", "4")
        for name, what in (("same", "same bytes"), ("shuffled", "other order")):
            took, added = self.median(f"{store} {name}"), self.added[f"{store} {name}"]
            self.lines.append(Line(f"{store}: {what}: rows added", took, added, "one row", "2"))
        events = 1 + self.count // 100 / self.count
        rate = events * self.median(f"{store} first") / self.median(f"{store} rebuild")
        took = self.median(f"{store} rebuild")
        self.lines.append(
            Line(f"{store}: rebuild, events/s", took, rate, "first import", "at least 1.5")
        )

    # Growth with the number of employees

    def growth(self, store: str) -> None:
        big, small = self.count * 5, self.count // 20
        took: dict[int, tuple[float, float]] = {}
        apps: dict[int, App] = {}
        for count in (big, self.count // 2, self.count, small):
            database = self.empty(store)
            took[count] = in_a_process(count, database)
            if isinstance(database, PostgresUrl):
                self.server.analysed(database.url)
            if count in (big, small):
                apps[count] = app_on(database)
        rate = took[self.count // 2][0] / (self.count // 2) / (took[big][0] / big)
        goal = "at least 0.6" if store == "sqlite" else "at least 0.8"
        at = f"{big:,}"
        half = f"at {self.count // 2:,}"
        self.lines.append(
            Line(f"{store}: rows/s, first import of {at}", took[big][0], rate, half, goal)
        )
        for count in (self.count, big):
            print(f"{store}: peak memory of a first import of {count:,}: {took[count][1]:.0f} MiB")
        for count, app in apps.items():
            self.time(f"{store} clock {count}", passed, app, DUE)
            people = [data.external_id(n) for n in range(0, small, max(1, small // 200))]
            for _ in range(ROUNDS):
                self.time(f"{store} show {count}", looked_up, app, people)
            app.store.close()
        for name, goal in (("clock", "3"), ("show", "1.3")):
            one, other = (
                self.median(f"{store} {name} {big}"),
                self.median(f"{store} {name} {small}"),
            )
            what = f"{DUE:,} due among" if name == "clock" else "show and history at"
            line = Line(f"{store}: {what} {at}", one, one / other, f"{small:,}", goal)
            self.lines.append(line)

    # Two companies at the same time

    def beside(self) -> None:
        """Measures the import of one row, alone and during a large import of another company."""
        database = self.empty("postgresql")
        app = app_on(database)
        alone = [self._one_row(app, number) for number in range(5)]
        large = threading.Thread(target=in_a_process, args=(self.count, database))
        large.start()
        meanwhile = []
        while large.is_alive():
            meanwhile.append(self._one_row(app, len(alone) + len(meanwhile)))
        app.store.close()
        more = max(meanwhile) - statistics.median(alone)
        self.lines.append(
            Line("postgresql: one row beside a large import, s more", max(meanwhile), more, "", "1")
        )

    def _one_row(self, app: App, number: int) -> float:
        content = data.delivery([data.person(number)])
        return self.time("one row", imported, app, content, Outcome.APPLIED, "zenith")

    # Starting

    def starting(self) -> None:
        command = Path(sys.executable).with_name("tenure")
        (self.place / "tenure.toml").write_text(
            'database = "sqlite:///start.db"\n[company.acme]\nname = "Acme"\nlanguage = "nl"\n'
        )
        app = app_on(created(self.place / "start.db"))
        imported(app, data.delivery([data.person(1)]), Outcome.APPLIED)
        app.store.close()
        python = [sys.executable, "-c"]
        libraries = "import click, msgspec, sqlite3, eventsourcing.application"
        sides: dict[str, list[str | Path]] = {
            "help": [command, "--help"],
            "bare help": [*python, "import click, msgspec"],
            "show": [command, "show", "acme", data.external_id(1)],
            "bare show": [*python, libraries],
        }
        for _ in range(7):
            for name, arguments in sides.items():
                run = subprocess.run
                self.time(name, run, arguments, check=True, capture_output=True, cwd=self.place)
        for name in ("help", "show"):
            one, other = self.median(name), self.median(f"bare {name}")
            self.lines.append(Line(f"start: tenure {name}", one, one / other, "imports", "1.5"))

    # Fetching

    def fetching(self) -> None:
        """Measures how fast a file is fetched over SFTP, with and without the connection."""
        if missing():
            print(f"SFTP is not measured: {missing()}")
            return
        keys = self.place / "sshd"
        keys.mkdir()
        with sshd.running(keys) as server:
            both = Fetching(server, self.place)
            both.ours()  # loads the modules that fetching needs
            for _ in range(7):
                self.time("ours", both.ours)
                self.time("theirs", both.theirs)
                self.time("ours without", both.ours_without)
                self.time("theirs without", both.theirs_without)
        ours, theirs = self.median("ours"), self.median("theirs")
        alone = ours - self.median("ours without")
        theirs_alone = theirs - self.median("theirs without")
        for what, one, other in (
            (f"fetch {SIZE // 10**6} MB over SFTP", ours, theirs),
            ("the same, without the connection", alone, theirs_alone),
        ):
            said = f"speed of sftp, {other:.3f} s"
            self.lines.append(Line(what, one, other / one, said, "at least 0.7"))

    # The schedule

    def scheduling(self) -> None:
        """Measures a slot in which many companies have no changes, with two workers."""
        for store in ("sqlite", "postgresql"):
            rates = {}
            for companies in (200, 2_000):
                place, database = self.place / f"{store} {companies}", self.empty(store)
                if isinstance(database, PostgresUrl):
                    migrate_jobs(self.server.as_owner(database.url), pgserver.RUNNER)
                first, second = scheduling.slot(place, database, companies)
                rates[companies] = companies / second
                said = f"200, and {companies / first:.0f}/s when all of it was new"
                what = f"{store}: a slot of {companies:,}, {rates[companies]:.0f} companies/s"
                self.lines.append(Line(what, second, rates[companies] / rates[200], said))

    # Other measurements

    def others(self) -> None:
        for store in ("sqlite", "postgresql"):
            seconds = raw.prepared(self.empty(store), self.first)
            self.lines.append(Line(f"{store}: the prepared rows alone", seconds))
        few = max(self.count // 100, 100)
        seconds = raw.as_the_manual_teaches(self.place / "manual.db", few)
        self.lines.append(Line(f"eventsourcing's manual, {few:,} aggregates", seconds))


def in_a_process(count: int, database: Database) -> tuple[float, float]:
    """Returns the seconds and the MiB of a first import in a process of its own."""
    where = database.url if isinstance(database, PostgresUrl) else str(database)
    command = [sys.executable, "-m", "tests.benchmarks.work", str(count), where]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, memory = map(float, told.split())
    return seconds, memory


def main(count: int) -> None:
    """Measures everything and prints one table."""
    if count < 20 * DUE:  # the small company has N / 20 employees, of whom DUE are due
        sys.exit(f"N has to be at least {20 * DUE}")
    with (
        tempfile.TemporaryDirectory() as directory,
        pgserver.running("max_wal_size=4GB", "shared_buffers=256MB") as server,
    ):
        bench = Bench(count, Path(directory), server)
        for store in ("sqlite", "postgresql"):
            bench.imports(store)
        bench.lines.append(Line("csv.reader pass", bench.median("csv")))
        bench.report_imports("postgresql", "3")
        bench.report_imports("sqlite", "5")
        for store in ("postgresql", "sqlite"):
            bench.growth(store)
        bench.beside()
        bench.starting()
        bench.fetching()
        bench.scheduling()
        bench.others()
    print(f"{count:,} rows, medians of {ROUNDS}")
    print(
        tabulate(
            [
                (work, f"{seconds:.3f} s", f"{ratio:.2f}" if ratio else "", beside, goal)
                for work, seconds, ratio, beside, goal in bench.lines
            ],
            ("work", "time", "ratio", "beside", "goal"),
            disable_numparse=True,
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
