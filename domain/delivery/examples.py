"""Examples of what a measure of the safeguard counted, for the sentence of its issue (B1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import TypeAlias

from domain.delivery.measures import Measured, changed_identity, cleared_fields
from domain.delivery.plan import RowResult
from domain.employee.change import Change
from domain.fields.table import is_custom
from domain.issues.issue import listed, shown

MAX_EXAMPLES = 5

_Example: TypeAlias = tuple[str | int, str]
"""A rank and a text. The examples with the lowest ranks are the clearest."""


def examples_of(measured: Measured) -> str:
    """Returns a clause with the clearest examples, or an empty text.

    The clause has personal data.
    """
    example = _EXAMPLES.get(measured.measure.name)
    if example is None or not measured.results:
        return ""
    ranked = sorted(map(example, measured.results), key=itemgetter(0))
    texts = [shown(text) for _, text in ranked[:MAX_EXAMPLES]]
    return f", for example {listed(texts, len(texts))}"


def _of_change(example: Callable[[Change], _Example]) -> Callable[[RowResult], _Example]:
    def of_result(result: RowResult) -> _Example:
        return example(result.change) if result.change else (0, result.email)

    return of_result


def _leaver(change: Change) -> _Example:
    day = str(change.after.offboarding_date)
    return day, f"{change.after.email} on {day}"


def _stayer(change: Change) -> _Example:
    day = str(change.before.offboarding_date) if change.before else ""
    return day, f"{change.after.email} ({day})"


def _readdressed(change: Change) -> _Example:
    before = change.before.email if change.before else ""
    return 0, f"{before} to {change.after.email}"


def _renamed(change: Change) -> _Example:
    fields = list(changed_identity(change))
    known = change.before.details if change.before else change.after.details
    values = [(getattr(known, field), getattr(change.after.details, field)) for field in fields]
    before, after = (" ".join(map(str, each)) for each in zip(*values, strict=True))
    return -len(fields), f"{change.after.email} from {before} to {after}"


def _cleared(change: Change) -> _Example:
    fields = list(cleared_fields(change))
    words = [each if is_custom(each) else each.replace("_", " ") for each in fields]
    return -len(fields), f"the {listed(words, len(words))} of {change.after.email}"


def _new(change: Change) -> _Example:
    return 0, change.after.email


def _rejected(result: RowResult) -> _Example:
    codes = sorted({issue.code for issue in result.issues if issue.rejects})
    return -len(codes), f"{result.file} line {result.line} ({listed(codes, len(codes))})"


def _left(result: RowResult) -> _Example:
    day = next((str(each.value) for each in result.issues if each.code == "already-left"), "")
    return day, f"{result.email} on {day}"


_EXAMPLES: Mapping[str, Callable[[RowResult], _Example]] = {
    "offboardings": _of_change(_leaver),
    "cancellations": _of_change(_stayer),
    "email_changes": _of_change(_readdressed),
    "identity_changes": _of_change(_renamed),
    "cleared_values": _of_change(_cleared),
    "registrations": _of_change(_new),
    "second_accounts": _of_change(_new),
    "rejected_rows": _rejected,
    "already_left": _left,
}
