"""The types of values that name something. A shell can complete them (ADR 0044)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeAlias

import click

from cli.completion import offers
from cli.unknown import unknown

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_Offer: TypeAlias = Callable[[click.Context, str], Iterable[offers.Offer]]


class Name(click.ParamType[str]):
    """The name of something that the configuration or the store knows. Any text is taken."""

    def __init__(self, name: str, offer: _Offer) -> None:
        self.name = name
        self._offer = offer

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem[str]]:
        """Returns the names that begin with what is typed."""
        return offers.items(self._offer(ctx, incomplete), incomplete)


class OneOf(click.ParamType[str]):
    """One of a few words. The error of another word suggests the nearest one."""

    def __init__(self, name: str, words: Iterable[str]) -> None:
        self.name = name
        self.words = tuple(words)

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Returns the word."""
        if value not in self.words:
            listed = f"give one of {', '.join(self.words)}"
            raise unknown(f"there is no {self.name} {value}", value, self.words, listed)
        return value

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Returns the words, as the help shows them."""
        return f"[{'|'.join(self.words)}]"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem[str]]:
        """Returns the words that begin with what is typed."""
        return offers.items(map(offers.Offer, self.words), incomplete)


class Place(click.ParamType[str]):
    """A file or a directory. Shells complete it by themselves."""

    def __init__(self, name: str) -> None:
        self.name = name

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem[str]]:
        """Returns the request to the shell."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type=self.name)]


COMPANY = Name("company", offers.companies)
WHO = Name("who", offers.people)
RUN = Name("run", offers.runs)
HELD_RUN = Name("run", offers.held_runs)
GROUP_NAME = Name("group", offers.groups)
FILE = Place("file")
DIRECTORY = Place("dir")
