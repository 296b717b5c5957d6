"""A process of its own that stops itself, as by SIGSTOP, in the middle of storing a run of Acme.

    python stopper.py DATABASE ROWS IDLE_S

It stops after ROWS of its rows. On PostgreSQL, it is inside a COPY if these are 100 or more, and
between two statements if these are fewer: then the server ends its session after IDLE_S seconds.
After SIGCONT, it prints `stored`, or why its run is not stored.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from adapters.store import limits
from adapters.store.commit import Commit
from adapters.store.errors import StoreUnavailable
from adapters.store.opening import PostgresUrl, open_store
from domain.company_runs.open_issues import change_open_issues
from domain.company_runs.state import CompanyState
from domain.issues.issue import Issue, make_issue
from tests.adapters.steps import a_run, said_nothing


class Stopping(tuple[Issue, ...]):
    """Issues of which the last one is only given when the process goes on."""

    def __iter__(self) -> Iterator[Issue]:
        yield from self[:-1]
        os.kill(os.getpid(), signal.SIGSTOP)
        yield self[-1]


def main(database: str, rows: str, idle_s: str) -> None:
    """Stores a run, and stops on the way."""
    limits.IDLE_S = float(idle_s)
    where = PostgresUrl(database) if "://" in database else Path(database)
    issues = Stopping([make_issue("no-file", pattern="*.csv")] * (int(rows) + 1))
    with closing(open_store(where)) as store:
        one = said_nothing(store, run=a_run(1))
        try:
            unopened = change_open_issues({}, one.ended, ())
            store.commit(Commit(one.runs, CompanyState(), issues=issues, open_issues=unopened))
        except StoreUnavailable as error:
            print(error.problem)
        else:
            print("stored")


if __name__ == "__main__":
    main(*sys.argv[1:])
