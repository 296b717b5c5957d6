"""`tenure init`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

import click

from adapters.places import DATABASE, FILE, chosen_database
from adapters.settings import load_settings
from adapters.store.opening import PostgresUrl, migrate, schema_version
from adapters.use_cases.app import utc_now
from cli import exit_codes
from cli.command import Command
from cli.context import dry_run_option
from cli.names import DIRECTORY
from cli.terminal import output
from cli.terminal.prose import say

_DELIVERY = "alleo_employees_sample.csv"
_STARTS_IN, _LEAVES_IN = timedelta(days=14), timedelta(days=60)


@click.command("init", cls=Command)
@click.argument("directory", default=".", type=DIRECTORY, metavar="[DIR]")
@dry_run_option
@click.pass_context
def init_command(context: click.Context, directory: str, dry_run: bool) -> int:
    """Write a commented tenure.toml, a sample company and a sample delivery into DIR.

    Also create the embedded database. DIR is this directory by default. No existing file is
    overwritten.
    """
    today: date = context.find_root().obj.get("now", utc_now)().date()
    base = Path(directory)
    sample = files("cli") / "sample"
    delivery = (sample / _DELIVERY).read_text("utf-8")
    contents = {
        base / FILE: (sample / "tenure.toml").read_text("utf-8"),
        base / "deliveries" / "sample" / _DELIVERY: delivery.format(
            starts=today + _STARTS_IN, leaves=today + _LEAVES_IN
        ),
    }
    for path in contents:
        if path.exists():
            raise exit_codes.CliError(f"{path} exists already", "name an empty directory")
    if dry_run:
        for name in (*contents, *_missing_database(base)):
            click.echo(f"Would write {output.text(name)}")
        return exit_codes.DONE
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, content)
    except OSError as error:
        raise exit_codes.CliError(
            f"cannot write {error.filename}: {error.strerror}",
            "name a directory that you may write to",
        ) from error
    for path in contents:
        say(f"Wrote {output.text(path)}")
    steps = [*_create_database(base / FILE), "tenure preview sample", "tenure import sample"]
    change = "" if directory == "." else f"cd {directory} && "
    say(output.text(f"Next: {change}{', then '.join(steps)}"))
    return exit_codes.DONE


def _missing_database(base: Path) -> Iterator[Path]:
    """Yields the embedded database, if the command would create it in, or from, the directory."""
    database = chosen_database(DATABASE, base)
    if isinstance(database, PostgresUrl):
        return
    is_new = not base.exists() and database.parent == base.absolute()
    if is_new or schema_version(database) == 0:
        yield database


def _create_database(settings: Path) -> tuple[str, ...]:
    """Creates the embedded database that the settings, or TENURE_DATABASE, name.

    Returns the command that is left to the user if the database is in PostgreSQL. Only its owner
    can create the schema.
    """
    database = load_settings(settings).database
    if isinstance(database, PostgresUrl):
        return ("tenure migrate",)
    if migrate(database) == 0:
        say(f"Created the database {output.text(database)}")
    return ()


def _write(path: Path, content: str) -> None:
    """Writes a new file that only its owner can read: deliveries are personal data."""
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream:
        stream.write(content.encode())


COMMANDS = {"init": init_command}
