"""The lines of the log: JSON objects, or on a terminal, text to read."""

from __future__ import annotations

import copy
import logging
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

import structlog

from adapters.escape import escape_control
from adapters.use_cases.schedule import DOING


class LineFormatter(structlog.stdlib.ProcessorFormatter):
    """Formats our own lines and those of libraries in the same way."""

    def __init__(self, terminal: bool, colours: bool) -> None:
        form: Any = structlog.processors.JSONRenderer()
        if terminal:
            form = structlog.dev.ConsoleRenderer(
                0,  # the least width of an event, in columns
                sort_keys=False,
                colors=colours,
                exception_formatter=structlog.dev.plain_traceback,
            )
        shared = [structlog.stdlib.add_log_level, _stamp]
        super().__init__(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *([_for_terminal] if terminal else []),
                _in_order,
                form,
            ],
            # Our own lines go through the same steps when they are written.
            foreign_pre_chain=[*shared, _job, _name],
        )

    def format(self, record: logging.LogRecord) -> str:
        """Returns one line. It does not change the record: other handlers may get it too."""
        written = copy.copy(record)
        if isinstance(record.msg, dict):
            written.msg = {**record.msg, "level": record.levelname.lower(), **_time_of(record)}
        else:
            written.msg, written.args = _text_without_data(record), ()
        written.exc_info = written.exc_text = written.stack_info = None
        return super().format(written)


def has_text(record: logging.LogRecord) -> bool:
    """Returns whether there is something to log: some libraries log empty messages."""
    return isinstance(record.msg, dict) or bool(_text_without_data(record))


def _text_without_data(record: logging.LogRecord) -> str:
    """Returns the first line of a library's message, with exceptions replaced by their types.

    The text of an exception may quote data. It may come as an argument, as the message itself, as
    a traceback, and, from asyncio, on further lines.
    """
    args = record.args
    if isinstance(args, tuple):
        args = tuple(type(a).__name__ if isinstance(a, BaseException) else a for a in args)
    try:
        text = str(record.msg) % args if args else str(record.msg)
    except Exception:
        text = str(record.msg)  # the library's format string and arguments do not fit
    if isinstance(record.msg, BaseException):
        text = type(record.msg).__name__
    (first, *_) = text.strip().splitlines() or [""]
    if record.exc_info and record.exc_info[0] is not None:
        return f"{first} ({record.exc_info[0].__name__})".lstrip()
    return first


def _time_of(record: logging.LogRecord) -> dict[str, str]:
    moment = datetime.fromtimestamp(record.created, UTC)
    return {"timestamp": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"}


_Event = MutableMapping[str, Any]


def _stamp(_: Any, __: str, event: _Event) -> _Event:
    return {**event, **_time_of(event["_record"])}


def _job(_: Any, __: str, event: _Event) -> _Event:
    """Adds the job that this thread does, if it does one: the message does not name it."""
    job = DOING.get()
    about = {"company": job.company, "slot": moment_text(job.slot)} if job else {}
    return {**event, **without_empty(about)}


def _name(_: Any, __: str, event: _Event) -> _Event:
    """Adds the name of the library's logger."""
    return {**event, "logger": event["_record"].name}


def _for_terminal(_: Any, __: str, event: _Event) -> _Event:
    """Turns values into words, and escapes the characters that control a terminal."""
    words = {name: _in_words(name, value) for name, value in event.items()}
    safe = {name: escape_control(value) for name, value in words.items() if isinstance(value, str)}
    return {**words, **safe}


def _in_words(name: str, value: Any) -> Any:
    """Returns a value in words, like `3 rows, 1 event`, `2 bad-date` or `acme, bravo`."""
    match value:
        case dict() if name == "counts":
            return ", ".join(
                f"{n} {what.removesuffix('s') if n == 1 else what}" for what, n in value.items()
            )
        case dict():
            return ", ".join(f"{n} {what}" for what, n in value.items())
        case list():
            return ", ".join(value)
        case _:
            return value


def _in_order(_: Any, __: str, event: _Event) -> _Event:
    """Puts time, level and event first."""
    first = {name: event[name] for name in ("timestamp", "level", "event") if name in event}
    return {**first, **event}


def moment_text(moment: datetime | None) -> str | None:
    """Returns the moment in UTC, like `2027-03-31T22:00:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def without_empty(values: dict[str, Any]) -> dict[str, Any]:
    """Returns the values without those that are `None` or an empty dictionary."""
    return {name: value for name, value in values.items() if value not in (None, {})}
