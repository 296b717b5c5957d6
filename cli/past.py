"""The options `--as-of` and `--known-at`, and who had an identifier in the past (ADR 0042)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar

import click

from adapters.use_cases.people import Known
from cli.params import MomentType, in_the_past
from cli.terminal import output
from cli.terminal.prose import say
from projections.answers.past import Past

_Command = TypeVar("_Command", bound=Callable[..., Any])


def past_options(command: _Command) -> _Command:
    """Adds `--as-of` and `--known-at` to a command, which gets their values as one `past`."""

    @click.option(
        "--as-of",
        type=MomentType(),
        metavar="MOMENT",
        help="What held at this earlier moment (UTC), by when events took effect. A date means the "
        "end of its day.",
    )
    @click.option(
        "--known-at",
        type=MomentType(),
        metavar="MOMENT",
        help="What was known at this earlier moment (UTC), by when events were recorded. A date "
        "means the end of its day.",
    )
    @wraps(command)
    def with_past(
        *args: Any, as_of: datetime | None, known_at: datetime | None, **values: Any
    ) -> Any:
        return command(*args, past=Past(as_of, known_at), **values)

    return with_past  # type: ignore[return-value]


def checked(past: Past, now: datetime) -> Past:
    """Returns the point of view, in which the end of today is `now`.

    Raises `click.UsageError` for a moment in the future.
    """
    as_of, known_at = past
    if as_of is not None:
        advice = "--as-of is for the past. `tenure clock --dry-run --at MOMENT` looks ahead."
        as_of = in_the_past(as_of, now, advice)
    if known_at is not None:
        advice = "--known-at is for the past: nobody knows what is recorded later."
        known_at = in_the_past(known_at, now, advice)
    return Past(as_of, known_at)


def print_how_found(known: Known, who: str) -> None:
    """Prints a line if `who` is not what the employee is called at the moment that is asked for."""
    email = known.employee.email
    if known.by_later:
        person = output.text(email)
        say(f"At that moment {output.text(who)} did not mean this person, but {person} did")
    elif known.by_former:
        say(former_address(who, email))


def former_address(who: str, email: str) -> str:
    """Returns a line about an address that means an employee no more, whose address is `email`.

    They are the same address if support released it (I11).
    """
    if who.casefold() == email.casefold():
        return f"{output.text(who)} means nobody now: support released it from this person"
    return f"{output.text(who)} is a former address of {output.text(email)}"
