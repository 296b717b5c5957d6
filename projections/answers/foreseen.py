"""What a run would do, by person: shown before somebody decides, and compared when it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from domain.employee.change import Change
from domain.employee.events import Merged, Released, State
from domain.envelope import kind_of
from domain.fields.details import full_name
from domain.outcome import Outcome
from domain.privacy import Redacted
from projections.answers.history import FromTo, HistoryEntry, changes
from projections.answers.story import called, released_keys


class ForeseenPerson(Redacted, frozen=True):
    """A person, and what a run would do with them.

    `employee` and `before` are `None` for a new employee. `kinds` are those of the events.
    """

    employee: UUID | None
    name: str
    email: str
    before: State | None
    after: State
    kinds: tuple[str, ...]
    changes: dict[str, FromTo]


class Foreseen(Redacted, frozen=True):
    """What a run would do: its outcome, and the people that it would change.

    Two of them are equal if the runs would do the same, whenever they were planned.
    """

    outcome: Outcome
    people: tuple[ForeseenPerson, ...] = ()

    @property
    def kinds(self) -> Mapping[str, int]:
        """The number of events of each kind, the most frequent first."""
        return dict(Counter(kind for each in self.people for kind in each.kinds).most_common())


class ForeseenEvent(Redacted, frozen=True):
    """An event that a run would store, as in the history. It has no run, and was not recorded."""

    employee: UUID
    version: int
    kind: str
    effective: datetime
    recorded: None
    run: None
    by: str
    reason: str | None
    file: str | None
    line: int | None
    changes: dict[str, FromTo]


def foreseen(outcome: Outcome, planned: Iterable[Change]) -> Foreseen:
    """Returns what a run would do that ends so and makes these changes."""
    made = tuple(planned)
    names = {each.after.id: called(each.before or each.after) for each in made}
    return Foreseen(outcome, tuple(_person(each, names) for each in made))


def foreseen_event(entry: HistoryEntry) -> ForeseenEvent:
    """Returns an event of a run that is not stored."""
    values = {**msgspec.structs.asdict(entry), "recorded": None, "run": None}
    return ForeseenEvent(**values)


def _person(change: Change, names: Mapping[UUID, str]) -> ForeseenPerson:
    known = change.before or change.after
    return ForeseenPerson(
        employee=change.before.id if change.before else None,
        name=full_name(known.details),
        email=known.email,
        before=change.before.state if change.before else None,
        after=change.after.state,
        kinds=tuple(kind_of(type(recorded.event)) for recorded in change.events),
        changes=changes(change.before, change.after) | dict(_in_words(change, names)),
    )


def _in_words(change: Change, names: Mapping[UUID, str]) -> Iterator[tuple[str, FromTo]]:
    """Yields what is no field: the other account of a merger (S11), and what is released (S9)."""
    for recorded in change.events:
        match recorded.event:
            case Merged(kept=kept, ended=ended) if kept == change.after.id:
                yield "absorbed", FromTo(None, names.get(ended, str(ended)))
            case Merged(kept=kept):
                yield "merged_into", FromTo(None, names.get(kept, str(kept)))
            case Released() if change.before is not None:
                yield "released", FromTo(None, ", ".join(released_keys(change.before)))
