"""Questions across employees, answered from the events themselves."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import chain

from adapters.use_cases.app import App
from domain.company_runs.events import RunRecord
from projections.answers.audit import Question
from projections.answers.history import Happening, happenings


def audit(
    app: App, company: str, question: Question, limit: int | None = None
) -> Generator[Happening, None, None]:
    """Yields what the question asks for in a company: run by run, oldest first.

    With `limit`, only the latest ones, as many as that.
    """
    every = app.store.runs.every(company)
    runs = {record.run: record.ended for record in every}

    def of_run(record: RunRecord) -> Iterator[Happening]:
        if question.may_include(record.run, record.ended):
            for stream in app.store.events.of_run(record.run):
                found = happenings(stream, runs, run=record.run)
                yield from (each for each in found if question.asks_for(each.entry))

    if limit is None:
        for record in every:
            yield from of_run(record)
        return
    latest: list[list[Happening]] = []
    left = limit
    for record in reversed(every):
        if not left:
            break
        found = list(of_run(record))[-left:]
        left -= len(found)
        latest.insert(0, found)
    yield from chain.from_iterable(latest)
