"""Asks SQLite whether its file is sound."""

from __future__ import annotations

import re
import sqlite3

from adapters.store.integrity.database_check import DatabaseCheck
from projections.answers.integrity import Problem, problem

_OF_INDEX = re.compile(r" index (\w+)$")
"""Finds the index in a report: `row 7 missing from index roster_company_address`."""
_OF_VALUE = re.compile(r"\w+ value in ")
"""Matches the report of a value of another type, as of SQLite 3.41: `verify` looks at values."""
_REPAIR = "`tenure rebuild` repairs all but events, issues and files; restore these from a backup"


def check(connection: sqlite3.Connection) -> DatabaseCheck:
    """Returns what `PRAGMA integrity_check` reports. It looks up every row in every index."""
    try:
        reports = [str(text) for (text,) in connection.execute("PRAGMA integrity_check")]
    except sqlite3.DatabaseError as error:  # a page that cannot be read at all
        reports = [str(error)]
    # Many rows may be missing from one index.
    problems = dict.fromkeys(
        _problem(each) for each in reports if each != "ok" and not _OF_VALUE.match(each)
    )
    return DatabaseCheck(tuple(problems))


def _problem(report: str) -> Problem:
    of_index = _OF_INDEX.search(report)
    if of_index:
        return problem("index-damaged", index=of_index[1], repair="`tenure rebuild` repairs it")
    return problem("database-damaged", report=" ".join(report.split()), repair=_REPAIR)
