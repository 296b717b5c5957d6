"""Errors about a name that nobody knows: the hint suggests the nearest names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cli.exit_codes import CliError
from domain.fields.details import full_name
from domain.fields.nearest import nearest_of

if TYPE_CHECKING:
    from adapters.use_cases.app import App
    from adapters.use_cases.errors import NobodyFound
    from domain.employee.aggregate import Employee


def unknown(sentence: str, name: str, known: Iterable[str], otherwise: str) -> CliError:
    """Returns an error whose hint suggests the nearest of the known names.

    If none is near, the hint is `otherwise`.
    """
    return CliError(sentence, did_you_mean(nearest_of(name, known)) or otherwise)


def did_you_mean(names: Iterable[str]) -> str:
    """Returns a question that suggests names, or an empty text if there are none."""
    *first, last = [*names] or [""]
    listed = f"{', '.join(first)} or {last}" if first else last
    return listed and f"did you mean {listed}?"


def nobody(app: App, error: NobodyFound) -> CliError:
    """Returns the error about an identifier that names nobody, or several people."""
    if error.count:
        return CliError(str(error), "name one by id")
    from adapters.use_cases.people import nearest

    people = nearest(app, error.company, error.identifier)
    everyone = f"`tenure roster {error.company}` lists everyone"
    return CliError(str(error), did_you_mean(map(_named, people)) or everyone)


def _named(employee: Employee) -> str:
    """Returns the address and the name of an employee."""
    return f"{employee.email} ({full_name(employee.details)})"
