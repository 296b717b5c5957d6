"""Where the value of a field comes from: the event that set it, its run, and the cell or person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, tzinfo
from uuid import UUID

import msgspec

from domain.company_runs.events import RunKind
from domain.delivery.header import field_of, same_name
from domain.employee.aggregate import Employee, value_of
from domain.employee.events import Registered
from domain.fields.column_names import FIELD_BY_KEY, key_of
from domain.fields.details import Value
from domain.fields.nearest import NearestNames
from domain.fields.table import NAMES, is_custom, written
from domain.privacy import Redacted
from domain.schedule import Schedule
from projections.answers.history import Happening, HistoryEntry, file_values
from projections.answers.story import Line, line_of
from projections.answers.words import in_words, quoted


class Origin(HistoryEntry, frozen=True):
    """The event that set a value: the event as in `history`, and where it came from.

    `column` is the name of the column that the row has for the field, and `cell` the value there.
    `cell` is `None` if the cell was blank, or may have been blank: of several files, the value may
    be of an older one (D3). `told` is a sentence about all
    of it.
    """

    run_kind: RunKind
    column: str | None
    cell: Value
    told: str

    @property
    def line_of_story(self) -> Line:
        """Returns the line of a story about the event."""
        return Line(self.effective.date(), self.told, self.run)


class EarlierValue(Redacted, frozen=True):
    """A value that a field had earlier, and the event that set it."""

    value: Value
    origin: Origin


class FileValue(Redacted, frozen=True):
    """What the file last said of a field, where that differs, and the event that noted it."""

    value: Value
    origin: Origin | None


class ValueDocument(Redacted, frozen=True):
    """The value of one field, as `why` answers.

    `origin` set the value, and `before` is the value before. `earlier` has the values before that,
    the latest first. `file` is there if the file says something else.
    """

    field: str
    column: str
    value: Value
    before: Value
    origin: Origin | None
    earlier: tuple[EarlierValue, ...]
    file: FileValue | None

    @property
    def was_changed(self) -> bool:
        """Returns whether the field ever had another value, or the file has another one."""
        return self.before is not None or bool(self.earlier) or self.file is not None


class Columns(msgspec.Struct, frozen=True):
    """The names that a company gives to columns: its own ones, each with the field it means."""

    fields: Mapping[str, str] = {}

    def column_of(self, field: str) -> str:
        """Returns the name of the column for a field: the company's own name, if it has one."""
        theirs = (column for column, meant in self.fields.items() if meant == field)
        return next(theirs, field if is_custom(field) else written(field))

    def field_named(self, name: str, custom: Iterable[str]) -> str | None:
        """Returns the field that a name means: ours, the company's column, or our word for it.

        `custom` are the custom fields that are known.
        """
        for column, field in self.fields.items():
            if same_name(name, column):
                return field
        found = field_of(name)
        if found is not None and (not is_custom(found) or found in set(custom)):
            return found
        return next((field for field in NAMES if same_name(name, in_words(field))), None)

    def nearest_clause(self, name: str, custom: Iterable[str]) -> str:
        """Returns a clause that suggests the field for an unknown name, or an empty text."""
        usual = FIELD_BY_KEY.get(key_of(name))
        if usual is not None:
            return f" (did you mean {usual}?)"
        return NearestNames((*NAMES, *self.fields, *custom)).clause(name)


def value_of_field(employee: Employee, field: str) -> Value:
    """Returns the present value of a field, which may be a custom one."""
    if is_custom(field):
        return employee.details.custom.get(field)
    return value_of(employee, field)


def explain_value(
    field: str,
    employee: Employee,
    happenings: Sequence[Happening],
    columns: Columns,
    schedule: Schedule,
    *,
    people: Mapping[UUID, str],
    zone: tzinfo = UTC,
) -> ValueDocument:
    """Returns where the present value of a field comes from, back to the first one.

    `happenings` are those of the employee, and of the accounts that ended in the employee's favour,
    oldest first.
    """

    def origin(happening: Happening) -> Origin:
        return origin_of(happening, field, columns, schedule, people=people, zone=zone)

    value = value_of_field(employee, field)
    own = [each for each in happenings if each.entry.employee == employee.id]
    setting = [each for each in own if field in each.entry.changes]
    if not setting:
        return ValueDocument(field, columns.column_of(field), value, None, None, (), None)
    *others, last = setting
    others = [*_taken_over(field, last, happenings), *others]
    return ValueDocument(
        field=field,
        column=columns.column_of(field),
        value=value,
        before=last.entry.changes[field].before,
        origin=origin(last),
        earlier=tuple(
            EarlierValue(each.entry.changes[field].after, origin(each)) for each in others[::-1]
        ),
        file=_in_file(field, value, employee, own, origin),
    )


def origin_of(
    happening: Happening,
    field: str | None,
    columns: Columns,
    schedule: Schedule,
    *,
    people: Mapping[UUID, str],
    zone: tzinfo = UTC,
) -> Origin:
    """Returns an event with the cell that it came from. `field` is `None` for no certain cell.

    `schedule` is the schedule of the company.
    """
    column, cell, place = None, None, ""
    if field is not None and happening.author.line is not None:
        column = columns.column_of(field)
        default, said = _default_of(happening, field, schedule), _said(happening, field)
        cell = None if default or happening.author.several_files else said
        place = _cell_in_words(happening, field, column, said, default)
    told = line_of(
        happening,
        people=people,
        zone=zone,
        field=field,
        cell=place,
    ).text
    return Origin(
        **msgspec.structs.asdict(happening.entry),
        run_kind=happening.author.run_kind,
        column=column,
        cell=cell,
        told=told,
    )


def _said(happening: Happening, field: str) -> Value:
    changes = happening.entry.changes
    change = changes.get(f"file_{field}") or changes.get(field)
    return change.after if change is not None else None


def _default_of(happening: Happening, field: str, schedule: Schedule) -> str | None:
    """Returns what a blank cell means, if a blank cell would have given the value, too."""
    event = happening.event
    if not isinstance(event, Registered):
        return None
    if field == "language":
        return "the company's language"
    today = event.onboarding_date == schedule.day_of(happening.entry.effective)
    return "the day of the delivery" if field == "onboarding_date" and today else None


def _cell_in_words(
    happening: Happening, field: str, column: str, said: Value, default: str | None
) -> str:
    where = f"column {column}"
    if happening.author.several_files:
        where = f"{where}, or an older file of the delivery"
    if default is not None:
        return f"{where}, where a blank means {default}"
    return f"{where}: {'blank' if said is None else quoted(field, said)}"


def _taken_over(field: str, last: Happening, happenings: Sequence[Happening]) -> list[Happening]:
    """Returns what set the value in an account that ended in the employee's favour (S11)."""
    change = last.entry.changes[field]
    if last.entry.kind != "merged":
        return []
    return [
        each
        for each in happenings
        if each.entry.employee != last.entry.employee
        and (earlier := each.entry.changes.get(field)) is not None
        and earlier.after == change.after
    ]


def _in_file(
    field: str,
    value: Value,
    employee: Employee,
    own: Sequence[Happening],
    origin: Callable[[Happening], Origin],
) -> FileValue | None:
    """Returns what the file last said of a field, if that is not the present value (L8)."""
    said = file_values(employee)
    if field not in said or said[field] == value:
        return None
    noted = [
        each
        for each in own
        if each.author.line is not None
        and (f"file_{field}" in each.entry.changes or field in each.entry.changes)
    ]
    return FileValue(said[field], origin(noted[-1]) if noted else None)
