"""What a reader asks of a table: the columns, the order of the rows, and how many of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from cli.completion.offers import Offer, items
from cli.params import NumberType
from cli.terminal.table import Column
from cli.unknown import unknown

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Row = TypeVar("Row")
Command = TypeVar("Command", bound=Callable[..., Any])


class View(NamedTuple):
    """What is asked for: names of columns, a name to sort by, and a number of rows.

    Without `columns`, a table has all of its columns. Without `sort`, the rows stay in their order.
    `sort` begins with `-` for the reverse order.
    """

    columns: tuple[str, ...] = ()
    sort: str | None = None
    limit: int | None = None

    def columns_of(self, known: Sequence[Column[Row]]) -> list[Column[Row]]:
        """Returns the columns to print, in the order in which they are asked for.

        Of columns that were asked for, the last one is the first for which there may be no room.
        Raises `click.UsageError` if this table does not have one of them.
        """
        asked = [_named(name, known) for name in self.columns]
        return [each._replace(goes=place) for place, each in enumerate(asked)] or list(known)

    def names_of(self, header: Sequence[str]) -> Sequence[str]:
        """Returns the columns of a CSV to print, in the order in which they are asked for.

        Raises `click.UsageError` if the CSV does not have one of them.
        """
        for name in self.columns:
            if name not in header:
                raise click.UsageError(f"The CSV has no column {name}, but {', '.join(header)}.")
        return self.columns or header

    def rows_of(self, known: Sequence[Column[Row]], rows: Iterable[Row]) -> list[Row]:
        """Returns the rows to print. Blanks come last, also in the reverse order."""
        found = list(rows)
        if self.sort is not None:
            column = _named(self.sort.removeprefix("-"), known)
            filled = [(key, row) for row in found if (key := _key(column, row)) is not None]
            blank = [row for row in found if _key(column, row) is None]
            filled.sort(key=lambda each: each[0], reverse=self.sort.startswith("-"))
            found = [row for _, row in filled] + blank
        return found[: self.limit]


class _ColumnType(click.ParamType[str]):
    """The name of a column. With `may_be_reversed`, `-` may stand before it."""

    name = "column"

    def __init__(self, known: Sequence[str], *, may_be_reversed: bool = False) -> None:
        self.known = known
        self._may_be_reversed = may_be_reversed

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Returns the name. Raises `CliError`, which suggests the nearest name."""
        name = value.removeprefix("-") if self._may_be_reversed else value
        if name not in self.known:
            listed = f"the columns are {', '.join(self.known)}"
            raise unknown(f"there is no column {name}", name, self.known, listed)
        return value

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem[str]]:
        """Returns the columns that begin with what is typed after the last comma."""
        before = incomplete.removesuffix(incomplete.rpartition(",")[2])
        return items((Offer(before + each) for each in self.known), incomplete)


class _ColumnsType(_ColumnType):
    """Names of columns, with commas between them."""

    name = "columns"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Returns a tuple of the names, each of them once."""
        if not isinstance(value, str):
            return value
        names = [name.strip() for name in value.split(",") if name.strip()]
        if not names:
            self.fail(f"name at least one column: {', '.join(self.known)}.", param, ctx)
        return tuple(dict.fromkeys(super(_ColumnsType, self).convert(n, param, ctx) for n in names))


def view_options(
    columns: Sequence[Column[Any]],
    *,
    rows: str,
    default_limit: int | None = None,
    sorted_by: Sequence[Column[Any]] = (),
    csv: Sequence[str] = (),
) -> Callable[[Command], Command]:
    """Returns the decorator that adds `--sort`, `--limit` and `--columns` to a command.

    The command gets their values as one `view`. `rows` is what the table has, such as `employees`.
    Rows are sorted by the `columns`, or else by those of `sorted_by`. `csv` is the header of the
    CSV, if the command prints one.
    """
    names = [column.name for column in sorted_by or columns]
    shown = [column.name for column in columns]
    shown += [name for name in csv if name not in shown]
    of_csv = f" The CSV has {', '.join(csv)}." if csv else ""
    told = f" Default: {default_limit}." if default_limit else ""
    options = (
        click.option(
            "--sort",
            type=_ColumnType(names, may_be_reversed=True),
            metavar="COLUMN",
            help=f"Sort by {', '.join(names)}. Blanks come last; -COLUMN reverses the order.",
        ),
        click.option(
            "--limit",
            type=NumberType(min=1),
            default=default_limit,
            metavar="N",
            help=f"List at most N {rows}.{told}",
        ),
        click.option(
            "--columns",
            type=_ColumnsType(shown),
            metavar="A,B",
            default=(),
            help=f"Print only these columns, in this order.{of_csv}",
        ),
    )

    def decorate(function: Command) -> Command:
        @wraps(function)
        def with_view(
            *args: Any, columns: tuple[str, ...], sort: str | None, limit: int | None, **values: Any
        ) -> Any:
            if columns and values.get("as_json"):
                raise click.UsageError("--columns is for a table or a CSV: --json has every field.")
            return function(*args, view=View(columns, sort, limit), **values)

        made: Any = with_view
        for option in reversed(options):
            made = option(made)
        return made  # type: ignore[no-any-return]

    return decorate


def _named(name: str, known: Sequence[Column[Row]]) -> Column[Row]:
    for column in known:
        if column.name == name:
            return column
    listed = ", ".join(column.name for column in known)
    raise click.UsageError(f"This table has no column {name}, but {listed}.")


def _key(column: Column[Row], row: Row) -> Any:
    """Returns what a row is sorted by, or `None` for a blank.

    Text is sorted without its case, and an accent counts after its letter: É comes before F.
    """
    value = (column.key or column.value)(row)
    if value is None or value == "":
        return None
    return unicodedata.normalize("NFKD", value.casefold()) if isinstance(value, str) else value
