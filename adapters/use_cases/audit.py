"""Questions across employees, answered from the events themselves."""

from __future__ import annotations

from collections.abc import Generator

from adapters.use_cases.app import App
from projections.answers.audit import Question
from projections.answers.history import HistoryEntry, tell


def audit(app: App, company: str, question: Question) -> Generator[HistoryEntry, None, None]:
    """Yields every event of a company that the question asks for: run by run, oldest first."""
    for record in app.store.runs.every(company):
        if not question.may_include(record.run, record.ended):
            continue
        for stream in app.store.events.of_run(record.run):
            for entry in tell(stream, {record.run: record.ended}):
                if question.asks_for(entry):
                    yield entry
