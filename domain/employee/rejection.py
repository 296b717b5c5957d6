"""The reasons for which a support command is rejected, with their messages (S1-S6)."""

from __future__ import annotations


class CommandRejected(Exception):
    """A support command cannot be carried out, and nothing was changed.

    `code` is a key of `REJECTIONS`, and `facts` fill the placeholders of its sentence. Other
    employees are named by id, because logs contain the errors.
    """

    def __init__(self, code: str, **facts: object) -> None:
        sentence, hint = REJECTIONS[code]
        super().__init__(sentence.format(**facts))
        self.code = code
        self.facts = facts
        self.hint = hint.format(**facts)


REJECTIONS: dict[str, tuple[str, str]] = {
    "bad-email": ("that is not an e-mail address", "write it like name@company.example"),
    "bad-external-id": (
        "that is not an external id",
        "write plain text on one line, as short as the company's limit asks",
    ),
    "email-taken": (
        "that address belongs to employee {other}, or the file uses it for them",
        "change theirs first, or name an address that nobody has",
    ),
    "external-id-taken": (
        "that external id belongs to employee {other}",
        "an external id stays with whom it was linked to; check which of the two it is",
    ),
    "other-external-id": (
        "the employee has an external id already",
        "an external id is linked once; check whether it is this employee",
    ),
    "not-deactivated": (
        "the employee is {state} and needs no reactivation",
        "`tenure support offboard` sets their last day",
    ),
    "is-deactivated": (
        "the employee is deactivated",
        "`tenure support reactivate` brings them back, with --offboarding-date if they leave again",
    ),
    "not-pending": (
        "the employee is {state}, and the onboarding of somebody who started cannot be moved",
        "only somebody pending starts on another day",
    ),
    "last-day-over": (
        "that last day is over",
        "name a later one, or leave it out for somebody who stays",
    ),
    "has-left": (
        "their last day is over",
        "`tenure support cancel-offboarding` takes it back, `offboard` moves it",
    ),
    "leaves-before-starting": (
        "that last day is before their first day",
        "`tenure show` tells both; `tenure support deactivate` closes an account at once",
    ),
}
