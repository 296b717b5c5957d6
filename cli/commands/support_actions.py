"""The actions of `tenure support`: words, arguments, and the commands that they mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

import click

from cli.command import ArgumentUnless
from cli.names import WHO
from cli.params import DateType
from domain.employee.commands import (
    CancelOffboarding,
    ChangeEmail,
    Command,
    Correct,
    Deactivate,
    Link,
    Merge,
    MoveOnboarding,
    Offboard,
    Reactivate,
    Rehire,
    Release,
    Relink,
)

Find: TypeAlias = Callable[[str], UUID]
"""Returns the id of the employee that an identifier names. Raises `NobodyFound`."""
Values: TypeAlias = Mapping[str, Any]


class Argument(NamedTuple):
    """One value of an action: an argument or an option, and a column of a file.

    `many` means that there is any number of values, such as FIELD=VALUE: a file has a column for
    each of them. `column` means that a file must have the column, also if a cell may be blank. A
    file may call the column by one of `aliases`, too.
    """

    name: str
    label: str
    type: click.ParamType[Any] = click.STRING
    option: str = ""
    help: str = ""
    required: bool = True
    many: bool = False
    column: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def is_flag(self) -> bool:
        """Whether the argument is an option without a value. A file has no column for it."""
        return self.type is click.BOOL

    @property
    def decorator(self) -> Callable[[Any], Any]:
        """Returns the decorator that adds the argument to a CLI command."""
        if self.is_flag:
            return click.option(self.option, self.name, is_flag=True, help=self.help)
        if self.option:
            return click.option(
                self.option, self.name, type=self.type, metavar=self.label, help=self.help
            )
        count = -1 if self.many else 1
        kind: dict[str, Any] = {"required": False}
        if self.required:
            kind = {"cls": ArgumentUnless, "unless": "people"}
        return click.argument(self.name, metavar=self.label, type=self.type, nargs=count, **kind)


def _fit(_: Values) -> None:
    """Accepts all values."""


class Action(NamedTuple):
    """One action: `command_of` returns the command for the values, by the names of arguments.

    The `question` before the action has `{who}` for the people. `check` raises `click.UsageError`
    for values of the command line that do not fit together.
    """

    name: str
    help: str
    question: str
    command_of: Callable[[Find, Values], Command]
    arguments: tuple[Argument, ...] = ()
    who: str = "WHO"
    check: Callable[[Values], None] = _fit


def _check_pairs(values: Values) -> None:
    if not all("=" in pair for pair in values["values"]):
        raise click.UsageError("A value is not like first_name=Anna.")


def _check_new_id(values: Values) -> None:
    if ("external_id" in values) == bool(values.get("none")):
        raise click.UsageError("Give either NEW_ID or --none.")


def _pairs(values: Values) -> tuple[tuple[str, str], ...]:
    """Returns the field and the text of each `FIELD=VALUE`."""
    return tuple(
        (name.strip(), text) for name, _, text in (p.partition("=") for p in values["values"])
    )


_FIRST_DAY = Argument("date", "DATE", DateType(), aliases=("day", "onboarding_date"))
_LAST_DAY = Argument("date", "DATE", DateType(), aliases=("day", "offboarding_date"))
_EXTERNAL_ID = Argument("external_id", "EXTERNAL_ID")

ACTIONS = (
    Action(
        "change-email",
        "Change the e-mail address of WHO to NEW.",
        "Change the e-mail address of {who}?",
        lambda find, values: ChangeEmail(values["new"]),
        (Argument("new", "NEW", aliases=("email",)),),
    ),
    Action(
        "correct",
        "Correct details of WHO: give each as FIELD=VALUE.\n\nFIELD is as in `tenure show`. "
        "Nothing after the equals sign clears the field. The correction stands until the file says "
        "something else than now.",
        "Correct {who}?",
        lambda find, values: Correct(_pairs(values)),
        (Argument("values", "FIELD=VALUE...", many=True),),
        check=_check_pairs,
    ),
    Action(
        "link",
        "Link WHO, who has no external id, to EXTERNAL_ID.",
        "Link {who}?",
        lambda find, values: Link(values["external_id"]),
        (_EXTERNAL_ID,),
    ),
    Action(
        "relink",
        "Give WHO the external id NEW_ID, or --none.",
        "Change the external id of {who}?",
        lambda find, values: Relink(values.get("external_id")),
        (
            Argument(
                "external_id", "[NEW_ID]", required=False, column=True, aliases=("new_id", "new")
            ),
            Argument(
                "none",
                "",
                click.BOOL,
                option="--none",
                help="WHO has no external id any more.",
                required=False,
            ),
        ),
        check=_check_new_id,
    ),
    Action(
        "move-onboarding",
        "Move the first day of WHO to DATE. The state follows from the dates.",
        "Move the first day of {who}?",
        lambda find, values: MoveOnboarding(values["date"]),
        (_FIRST_DAY,),
    ),
    Action(
        "offboard",
        "Set or move the last day of WHO to DATE.",
        "Set the last day of {who}?",
        lambda find, values: Offboard(values["date"]),
        (_LAST_DAY,),
    ),
    Action(
        "cancel-offboarding",
        "Remove the last day of WHO, who stays.",
        "Remove the last day of {who}?",
        lambda find, values: CancelOffboarding(),
    ),
    Action(
        "deactivate",
        "Close the account of WHO now.",
        "Deactivate {who} now?",
        lambda find, values: Deactivate(),
    ),
    Action(
        "reactivate",
        "Reactivate WHO, whose account was closed by mistake.",
        "Reactivate {who} now?",
        lambda find, values: Reactivate(values.get("offboarding_date")),
        (
            Argument(
                "offboarding_date",
                "DATE",
                DateType(),
                option="--offboarding-date",
                help="The new last day. Without it, a last day in the future is kept.",
                required=False,
            ),
        ),
    ),
    Action(
        "rehire",
        "Let WHO, who left, start again on DATE.",
        "Let {who} start again?",
        lambda find, values: Rehire(values["date"], values.get("email"), values.get("external_id")),
        (
            _FIRST_DAY,
            Argument(
                "email",
                "EMAIL",
                option="--email",
                help="The new e-mail address. Default: the one that WHO had.",
                required=False,
            ),
            Argument(
                "external_id",
                "EXTERNAL_ID",
                option="--external-id",
                help="The new external id. Default: the one that WHO had.",
                required=False,
            ),
        ),
    ),
    Action(
        "release",
        "Release the addresses and the external id of WHO.\n\nWHO has left, and somebody else can "
        "have them from then on. The history stays. Of somebody who is here, it releases the "
        "address and the external id that the file had before support changed them.",
        "Release the addresses and the external id of {who}?",
        lambda find, values: Release(),
    ),
    Action(
        "merge",
        "Make one account of two: KEEP stays, and OTHER ends.\n\nBoth are accounts of one person. "
        "The address and the external id of OTHER mean KEEP from then on.",
        "Merge {who}?",
        lambda find, values: Merge(find(values["other"])),
        (Argument("other", "OTHER", WHO),),
        who="KEEP",
    ),
)
"""All actions, in the order in which the help lists them."""
