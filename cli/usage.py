"""Errors of the command line itself, in the form of all errors: one sentence and a hint."""

from __future__ import annotations

import click

from cli.command import Command, MissingValues, label
from cli.exit_codes import CliError
from cli.unknown import did_you_mean
from domain.fields.nearest import nearest_of


def explained(error: click.UsageError) -> CliError:
    """Returns the sentence and the hint for an error that click found, or that a command raised."""
    context = error.ctx
    assert context is not None  # noqa: S101
    match error:
        case MissingValues():
            return CliError(_sentence(error.message), f"write `{_usage(context)}`")
        case click.NoSuchOption():
            return _no_such_option(error.option_name, context)
        case click.BadParameter(param=click.Parameter() as parameter):
            sentence, hint = _parts(error.message)
            return CliError(f"{label(parameter, context)}: {sentence}", hint or _help_of(context))
        case _:
            sentence, hint = _parts(error.message)
            return CliError(_sentence(sentence), hint or _help_of(context))


def _no_such_option(name: str, context: click.Context) -> CliError:
    sentence = f"{context.command_path} has no option {name}"
    root = context.find_root()
    if context is not root and name in _options(root):
        return CliError(sentence, f"{name} stands before the command: `tenure {name} ...`")
    by_word = {option.lstrip("-"): option for option in _options(context)}
    near = nearest_of(name.lstrip("-"), by_word)
    return CliError(sentence, did_you_mean(by_word[each] for each in near) or _help_of(context))


def _options(context: click.Context) -> list[str]:
    return [name for each in context.command.get_params(context) for name in each.opts]


def _usage(context: click.Context) -> str:
    """Returns the command with all that it needs: `tenure show COMPANY WHO`."""
    command = context.command
    assert isinstance(command, Command)  # noqa: S101
    words = (
        f"{label(each, context) if isinstance(each, click.Option) else ''} "
        f"{each.make_metavar(context).strip('[]')}"
        for each in command.required()
    )
    return " ".join((context.command_path, *(word.strip() for word in words)))


def _help_of(context: click.Context) -> str:
    return f"`{context.command_path} --help` explains the command"


def _parts(message: str) -> tuple[str, str]:
    """Returns the first sentence of a message, and the rest as a hint. Both without full stop."""
    sentence, _, rest = message.partition(". ")
    return sentence.rstrip("."), _sentence(rest.rstrip("."))


def _sentence(message: str) -> str:
    """Returns a message as it stands after `Error:` or `Hint:`: it begins with a small letter."""
    return message[:1].lower() + message[1:] if message[1:2].islower() else message
