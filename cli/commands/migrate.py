"""`tenure migrate`."""

from __future__ import annotations

from pathlib import Path

import click

from adapters.store.opening import PostgresUrl, migrate
from cli import exit_codes
from cli.command import Command
from cli.context import json_option, settings_of
from cli.terminal import output
from cli.terminal.prose import say


@click.command("migrate", cls=Command)
@click.option("--grant", metavar="ROLE", help="Also give ROLE the rights to run the product.")
@json_option
@click.pass_context
def migrate_command(context: click.Context, grant: str | None, as_json: bool) -> int:
    """Create the database, or upgrade it to this release.

    An embedded database is a file, which is created if it does not exist. A PostgreSQL database
    has to exist, and gets its schema. Run this as the owner of the schema. The product itself may
    run as another role.
    """
    from adapters.store.schema_version import VERSION

    database = settings_of(context).database
    if grant is not None and not isinstance(database, PostgresUrl):
        raise click.UsageError("--grant is for PostgreSQL. The embedded store has no roles.")
    before, after = migrate(database, grant), VERSION
    if isinstance(database, PostgresUrl):
        from adapters.worker.job_schema import migrate_jobs

        migrate_jobs(database.url, grant)
    if as_json:
        output.print_json({"before": before, "after": after, "granted": grant})
        return exit_codes.DONE
    if before == 0 and isinstance(database, Path):
        say(f"Created the database {output.text(database)}")
    elif before == after:
        say(f"The schema has version {after} already.")
    else:
        say(f"The schema had version {before} and has version {after} now.")
    if grant is not None:
        role = output.text(grant)
        say(
            f"The role {role} may now read and add events, read and change all other tables, and "
            "hand out jobs; it may not change an event or the schema."
        )
    return exit_codes.DONE


COMMANDS = {"migrate": migrate_command}
