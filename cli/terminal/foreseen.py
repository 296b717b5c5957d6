"""What a run would do to people, by name: before a question, and for `--dry-run`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cli.terminal.output import changes, counted, text
from cli.terminal.prose import say
from projections.answers.foreseen import Foreseen, ForeseenPerson


class Told(NamedTuple):
    """One line for people, which begins with `indent` spaces."""

    line: str
    indent: int = 0


def foreseen_lines(foreseen: Foreseen, limit: int | None = None) -> Iterator[Told]:
    """Yields the lines about the people that a run would change, `limit` of them at most.

    The values of one person stand one a line. Of several people, the number of each kind of event
    comes first, and each has one line.
    """
    people = foreseen.people
    if len(people) == 1:
        yield Told(_head(people[0]))
        for field, change in people[0].changes.items():
            yield Told(changes({field: change}), 2)
        return
    if people:
        kinds = ", ".join(f"{count} {kind}" for kind, count in foreseen.kinds.items())
        yield Told(f"{who(foreseen)}: {kinds}")
    for person in people[:limit]:
        changed = changes(person.changes) if person.before is not None else ""
        yield Told(": ".join(filter(None, (_head(person), changed))), 2)
    if limit is not None and len(people) > limit:
        yield Told(f"and {len(people) - limit:,} more", 2)


def print_foreseen(foreseen: Foreseen, limit: int | None = None, *, err: bool = False) -> None:
    """Prints what a run would do to people."""
    for line, indent in foreseen_lines(foreseen, limit):
        say(line, indent=indent, err=err)


def who(foreseen: Foreseen) -> str:
    """Returns who would be changed: the name of one person, or the number of people."""
    people = foreseen.people
    return _name(people[0]) if len(people) == 1 else counted(len(people), "employees")


def _head(person: ForeseenPerson) -> str:
    """Returns the name and the state of a person, and the state afterwards where it differs."""
    before = "new" if person.before is None else person.before.value
    after = "" if person.before is person.after else f" → {person.after.value}"
    return f"{_name(person)}, {before}{after}"


def _name(person: ForeseenPerson) -> str:
    return f"{text(person.name)} <{text(person.email)}>"
