"""The reasons for which a support command is rejected, with their messages (S1-S11)."""

from __future__ import annotations

from collections.abc import Mapping


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


class RequestsRejected(Exception):
    """Some of several requests cannot be carried out, and nothing was changed (S13).

    `rejected` maps the number of a request, from 0 on, to the reason.
    """

    def __init__(self, rejected: Mapping[int, CommandRejected]) -> None:
        super().__init__(f"{len(rejected)} requests cannot be carried out")
        self.rejected = rejected


REJECTIONS: dict[str, tuple[str, str]] = {
    "bad-email": ("that is not an e-mail address", "write it like name@company.example"),
    "bad-external-id": (
        "that is not an external id",
        "write plain text on one line, as short as the company's limit asks",
    ),
    "email-taken": (
        "that address belongs to employee {other}, or the file uses it for them",
        "change theirs first, let `tenure support release` free it if it is only in the file, or "
        "name an address that nobody has",
    ),
    "external-id-taken": (
        "that external id belongs to employee {other}",
        "check which employee is right; `tenure support relink` takes it away from the other one",
    ),
    "other-external-id": (
        "the employee has an external id already",
        "`tenure support relink` gives the employee another one",
    ),
    "not-deactivated": (
        "the employee is {state} and needs no reactivation",
        "`tenure support offboard` sets their last day",
    ),
    "is-deactivated": (
        "the employee is deactivated",
        "`tenure support reactivate` brings them back, with --offboarding-date if they leave again",
    ),
    "still-here": (
        "the employee is {state}, so nobody has to be rehired",
        "`tenure support move-onboarding` moves the first day",
    ),
    "is-released": (
        "the address and the external id of the employee were released",
        "`tenure support rehire` with --email brings the employee back",
    ),
    "is-merged": (
        "the account was merged into employee {kept}",
        "name that employee instead",
    ),
    "same-employee": (
        "the two accounts are one employee",
        "name the other account by its id; `tenure find NAME` lists the accounts of that name",
    ),
    "keeps-the-closed-one": (
        "the account to keep is deactivated, and the other one is {state}",
        "exchange the two, or let `tenure support rehire` bring the first one back before",
    ),
    "nothing-to-release": (
        "the employee is {state}, and the file has no other address or external id for them",
        "`tenure support deactivate` closes the account first",
    ),
    "unknown-field": (
        "{field} is not a field that can be corrected",
        "the fields are {fields}, and custom_… ones; other commands change dates and identity",
    ),
    "needs-value": (
        "the {field} cannot be empty",
        "write a value after the equals sign",
    ),
    "bad-value": ("the value for {field} does not fit", "{advice}"),
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
