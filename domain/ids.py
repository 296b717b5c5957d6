"""Ids that sort by time and are derived, not drawn, so that planning stays pure."""

from __future__ import annotations

from uuid import NAMESPACE_URL, UUID, uuid5

_ROOM = 1 << 32


def run_id(milliseconds: int, randomness: int) -> UUID:
    """A version 7 id for a run: the moment in Unix milliseconds, then 42 random bits.

    The last 32 bits are zero: they are the room for the employees that the run registers.
    """
    version, variant = 0x7, 0b10
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= version << 76 | (randomness >> 30 & 0xFFF) << 64
    value |= variant << 62 | (randomness & (1 << 30) - 1) << 32
    return UUID(int=value)


def employee_id(run: UUID, position: int) -> UUID:
    """The id of the employee that the record at `position` of a delivery registers in `run`."""
    if not 0 < position < _ROOM:
        raise ValueError(f"position {position} is not between 1 and {_ROOM - 1}")
    return UUID(int=run.int + position)


def registered_in(run: UUID, employee: UUID) -> bool:
    """Whether `run` registered the employee: their id tells."""
    return employee.int - employee.int % _ROOM == run.int


def registering_run(employee: UUID) -> UUID:
    """The run that registered the employee."""
    return UUID(int=employee.int - employee.int % _ROOM)


def bounds_of(run: UUID) -> tuple[UUID, UUID]:
    """The first and the last id that an employee can have whose registration is in `run`."""
    return UUID(int=run.int + 1), UUID(int=run.int + _ROOM - 1)


def company_stream_id(company: str) -> UUID:
    """The id of a company's stream, derived from its key in the configuration."""
    return uuid5(NAMESPACE_URL, f"tenure:company:{company}")


def uuid_of(text: object) -> UUID | None:
    """The id that a text spells, or `None` for anything else."""
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None
