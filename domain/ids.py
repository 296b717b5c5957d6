"""Ids that sort by time. An id is derived and not random, so that planning stays pure."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import NAMESPACE_URL, UUID, uuid5

_ROOM = 1 << 32


def run_id(milliseconds: int, randomness: int) -> UUID:
    """Returns a version 7 id for a run: the moment in Unix milliseconds, then 42 random bits.

    The last 32 bits are zero. They are reserved for the ids of employees that the run registers.
    """
    version, variant = 0x7, 0b10
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= version << 76 | (randomness >> 30 & 0xFFF) << 64
    value |= variant << 62 | (randomness & (1 << 30) - 1) << 32
    return UUID(int=value)


def run_started(run: UUID) -> datetime:
    """Returns the moment at which a run started, in milliseconds: its id begins with it."""
    return datetime.fromtimestamp((run.int >> 80) / 1000, UTC)


def short_run_id(run: UUID) -> str:
    """Returns the end of the id of a run, before the zeros: eight characters, all random."""
    return run.hex[16:24]


def employee_id(run: UUID, position: int) -> UUID:
    """Returns the id of the employee that `run` registers from the record at `position`.

    `position` counts the records of the whole delivery. Raises `ValueError` if `position` is not
    between 1 and 2**32 - 1.
    """
    if not 0 < position < _ROOM:
        raise ValueError(f"position {position} is not between 1 and {_ROOM - 1}")
    return UUID(int=run.int + position)


def registered_in(run: UUID, employee: UUID) -> bool:
    """Returns whether `run` registered the employee. The employee's id shows this."""
    return employee.int - employee.int % _ROOM == run.int


def registering_run(employee: UUID) -> UUID:
    """Returns the id of the run that registered the employee."""
    return UUID(int=employee.int - employee.int % _ROOM)


def bounds_of(run: UUID) -> tuple[UUID, UUID]:
    """Returns the first and the last id that an employee registered by `run` can have."""
    return UUID(int=run.int + 1), UUID(int=run.int + _ROOM - 1)


def company_stream_id(company: str) -> UUID:
    """Returns the id of a company's stream, derived from the company's key in the configuration."""
    return uuid5(NAMESPACE_URL, f"tenure:company:{company}")


def uuid_of(text: object) -> UUID | None:
    """Returns the id that a text represents, or `None` for any other value."""
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None
