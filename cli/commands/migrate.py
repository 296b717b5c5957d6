"""`tenure migrate`."""

from __future__ import annotations

from pathlib import Path

import click

from adapters.store.opening import Database, PostgresUrl, migrate, schema_version
from cli import exit_codes
from cli.command import Command
from cli.context import dry_run_option, json_option, settings_of
from cli.terminal import output
from cli.terminal.prose import say


@click.command("migrate", cls=Command)
@click.option("--grant", metavar="ROLE", help="Also give ROLE the rights to run the product.")
@dry_run_option
@json_option
@click.pass_context
def migrate_command(context: click.Context, grant: str | None, dry_run: bool, as_json: bool) -> int:
    """Create the database, or upgrade it to this release.

    An embedded database is a file, which is created if it does not exist. A PostgreSQL database
    has to exist, and gets its schema. Run this as the owner of the schema. The product itself may
    run as another role.
    """
    from adapters.store.schema_version import VERSION

    database = settings_of(context).database
    if grant is not None and not isinstance(database, PostgresUrl):
        raise click.UsageError("--grant is for PostgreSQL. The embedded database has no roles.")
    if dry_run:
        return _answer_rehearsal(database, grant, as_json)
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


def _answer_rehearsal(database: Database, grant: str | None, as_json: bool) -> int:
    """Prints what the command would do, which has not been done."""
    from adapters.store.schema import VERSION

    before, after = schema_version(database), VERSION
    if as_json:
        output.print_json({"before": before, "after": after, "granted": None})
        return exit_codes.DONE
    if before == 0 and isinstance(database, Path):
        click.echo(f"Would create the database {output.text(database)}")
    elif before == after:
        click.echo(f"The schema has version {after} already.")
    else:
        click.echo(f"The schema has version {before} and would get version {after}.")
    if grant is not None:
        click.echo(f"The role {output.text(grant)} would get the rights to run the product.")
    return exit_codes.DONE


COMMANDS = {"migrate": migrate_command}
