"""Answers the script of a shell, which asks for the words that complete what is typed (ADR 0044).

The answer has a word a line. For zsh and fish, a tab and a few words about it may follow. A line
that begins with a tab asks the shell to complete names of files or directories by itself.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NoReturn

import click
from click.shell_completion import CompletionItem, ShellComplete

from adapters.escape import escape_control
from cli.completion.bash_line import Typed, words_of

BREAKS_VARIABLE = "_TENURE_BREAKS"
"""The environment variable with the characters at which bash cuts words."""
_LIMIT_S = 2.0
"""Nobody waits longer for a completion, as from a database that does not answer."""
_PLACES = {"file": "\tfiles", "dir": "\tdirectories"}


def complete(group: click.Group, shell: str, arguments: Sequence[str]) -> NoReturn:
    """Prints the answer and ends the process. Prints nothing if anything goes wrong.

    For bash, the one argument is the line up to the cursor. For other shells, the arguments are the
    words after the name of the command; the last one is what is typed of the word at the cursor.
    """
    limit = threading.Timer(_LIMIT_S, os._exit, [0])  # also ends a call that waits inside C
    limit.daemon = True
    limit.start()
    with suppress(BaseException), open(os.devnull, "w") as nowhere:  # noqa: PTH123
        sys.stderr = nowhere
        lines = [*answer(group, shell, arguments)]
        sys.stdout.buffer.write("".join(f"{line}\n" for line in lines).encode())
        sys.stdout.flush()
    os._exit(0)  # nothing is left to be done, and a connection may still wait


def answer(group: click.Group, shell: str, arguments: Sequence[str]) -> Iterator[str]:
    """Yields the lines of the answer."""
    if shell == "bash":
        words, typed = words_of(arguments[0], os.environ.get(BREAKS_VARIABLE, ""))
    else:
        *words, last = arguments
        typed = Typed(words_of(f"tenure {last}", "")[1].text if shell == "fish" else last)
    option, equals, _ = typed.text.partition("=")
    before = option + equals if equals and option.startswith("-") else ""
    for item in _items(group, words, typed.text):
        if item.type in _PLACES:
            yield _PLACES[item.type]
        elif item.value.isprintable():  # a terminal obeys other characters
            word = before + item.value
            line = typed.reply(word) if shell == "bash" else _described(word, item)
            if line is not None:
                yield line


def _items(group: click.Group, words: list[str], typed: str) -> list[CompletionItem[str]]:
    """Returns what completes the word at the cursor.

    If an option without its value ends the words, click would not read any argument.
    """
    if words and words[-1].startswith("-") and words[-1] != "--":
        *words, option = words
        typed = f"{option}={typed}"
    return ShellComplete(group, {"obj": {}}, "tenure", "").get_completions(words, typed)


def _described(word: str, item: CompletionItem[str]) -> str:
    """Returns a word, and what it is about."""
    return f"{word}\t{escape_control(item.help)}" if item.help else word
