"""The question for the streams of everybody whose access was removed, or should have been."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import cast

from adapters.store.event_store import decode_event
from adapters.store.recorder import Recorder
from domain.employee.events import EmployeeRecord
from domain.schedule import Schedules
from projections import roster

# No index has the topics: all events are looked at once, and few are decoded. Only these kinds of
# events can make somebody who could log in deactivated or pending (L9, S3, S5, S11).
_PEOPLE = """
    SELECT employee, company FROM roster WHERE (leaves <= ? OR employee IN (
        SELECT originator_id FROM stored_events
        WHERE topic IN ('deactivated', 'merged', 'onboarding-moved')
    ))
"""
_STREAMS = """
    SELECT originator_id, originator_version, topic, state FROM stored_events
    WHERE originator_id IN (
        SELECT originator_id FROM stored_events
        WHERE topic IN ('deactivated', 'merged', 'onboarding-moved')
        UNION
        SELECT employee FROM roster WHERE leaves <= ?
    )
"""
_PEOPLE_OF_COMPANY = _PEOPLE + " AND company = ?"
_OF_COMPANY = " AND originator_id IN (SELECT employee FROM roster WHERE company = ?)"
_IN_ORDER = " ORDER BY originator_id, originator_version"


class RemovalQueries:
    """Asks about removals of access, in one state of the database."""

    def __init__(self, database: Recorder) -> None:
        self._database = database

    def streams(
        self, schedules: Schedules, now: datetime, company: str | None = None
    ) -> Iterator[tuple[str, list[EmployeeRecord]]]:
        """Yields the whole stream of everybody whose access may have been removed, or is due.

        Each comes with the key of the company. With `company`, the answer has this company only.
        """
        parameters: tuple[str, ...]
        leaves = roster.Deadlines(schedules, now).latest.leaves
        if company is None:
            people, streams, parameters = _PEOPLE, _STREAMS, (leaves,)
        else:
            people, streams = _PEOPLE_OF_COMPANY, _STREAMS + _OF_COMPANY
            parameters = (leaves, company)
        with self._database.reading() as query:
            companies = dict(query(people, parameters))
            with query.each(streams + _IN_ORDER, parameters) as rows:
                for stream, of_stream in groupby(rows, key=itemgetter(0)):
                    recorded = [cast(EmployeeRecord, decode_event(*row)) for row in of_stream]
                    yield companies[stream], recorded
