"""Writes the man pages in docs/man from the commands: `make man`.

A page says nothing of the day and the machine on which it is made, so that a test can compare it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import version
from inspect import cleandoc
from pathlib import Path

import click
from click_man.man import ManPage

from cli.command import Group
from cli.command_list import PARTS
from cli.examples import examples_of
from cli.main import tenure

DIRECTORY = Path(__file__).parent / "man"


def main() -> None:
    """Writes every page, and removes the pages of commands that there are no more."""
    made = pages()
    DIRECTORY.mkdir(exist_ok=True)
    for old in DIRECTORY.glob("*.1"):
        if old.name not in made:
            old.unlink()
    for name, page in made.items():
        (DIRECTORY / name).write_text(page, "utf-8")


def pages() -> dict[str, str]:
    """Returns the pages by the names of their files, such as `tenure-show.1`."""
    return {
        f"{context.command_path.replace(' ', '-')}.1": _page(context)
        for context in _contexts(_context_of(tenure, None, "tenure"))
    }


def _contexts(context: click.Context) -> Iterator[click.Context]:
    """Yields a context for a command and for all its subcommands."""
    yield context
    group = context.command
    if isinstance(group, Group):
        for name in group.list_commands(context):
            yield from _contexts(_context_of(group.find(context, name), context, name))


def _context_of(command: click.Command, parent: click.Context | None, name: str) -> click.Context:
    return click.Context(command, parent, name, **command.context_settings)


def _page(context: click.Context) -> str:
    command = context.command
    about = cleandoc(command.help or "")
    page = ManPage(context.command_path)
    page.short_help = _roff(re.split(r"[.:](?:\s|$)", about, maxsplit=1)[0].replace("\n", " "))
    page.synopsis = " ".join(command.collect_usage_pieces(context))
    page.description = _roff(about)
    options = (each for each in command.get_params(context) if isinstance(each, click.Option))
    records = filter(None, (option.get_help_record(context) for option in options))
    page.options = [(name, _roff(what)) for name, what in records]
    _, *lines = str(page).splitlines()  # the first line of click-man has the date
    title = context.command_path.upper().replace(" ", "-")
    first = f'.TH "{title}" "1" "" "tenure {version("tenure")}" "Tenure Manual"'
    sections = (
        *_commands(context),
        *_epilog(command),
        *_examples(context),
        *_see_also(context),
    )
    return "\n".join((first, *lines, *sections, ""))


def _commands(context: click.Context) -> Iterator[str]:
    """Yields the section on the commands of a group, those of `tenure` under their headings."""
    group = context.command
    if not isinstance(group, Group):
        return
    yield ".SH COMMANDS"
    if group is tenure:
        for heading, part in PARTS.items():
            yield f".SS {heading}"
            for name, entry in part.items():
                yield from _command(context, name, entry.about)
    else:
        for name in group.list_commands(context):
            about = group.find(context, name).get_short_help_str(limit=100)
            yield from _command(context, name, about)


def _command(context: click.Context, name: str, about: str) -> Iterator[str]:
    page = f"{context.command_path} {name}".replace(" ", r"\-")
    yield from (".TP", rf"\fB{page}\fP(1)", _roff(about))


def _epilog(command: click.Command) -> Iterator[str]:
    """Yields the section on the values that stand below the help, such as exit codes."""
    if command.epilog:
        heading, _, values = command.epilog.partition(": ")
        yield f".SH {'EXIT STATUS' if heading == 'Exit codes' else heading.upper()}"
        yield _roff(values)


def _examples(context: click.Context) -> Iterator[str]:
    """Yields the section of examples, each of which is a line to type."""
    examples = examples_of(context.command_path)
    if examples:
        yield from (".SH EXAMPLES", ".nf", *map(_roff, examples), ".fi")


def _see_also(context: click.Context) -> Iterator[str]:
    """Yields the section that leads to the pages of the groups around a command."""
    if context.parent is not None:
        path = context.parent.command_path.replace(" ", r"\-")
        yield from (".SH SEE ALSO", rf"\fB{path}\fP(1)")


def _roff(text: str) -> str:
    """Returns text that roff prints as it is: a backslash, a dash, or a dot may mean something."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return re.sub(r"^(?=[.'])", r"\\&", escaped, flags=re.MULTILINE)


if __name__ == "__main__":
    main()
