"""`tenure migrate`."""

from __future__ import annotations

import click

from adapters.store.opening import PostgresUrl, open_store
from cli import exit_codes, output
from cli.context import json_option, settings_of


@click.command("migrate")
@click.option("--grant", metavar="ROLE", help="Also give ROLE the rights to run the product.")
@json_option
@click.pass_context
def migrate_command(context: click.Context, grant: str | None, as_json: bool) -> int:
    """Create or upgrade the schema of a PostgreSQL database.

    Run it as the owner of the schema. The product itself may run as another role. The embedded
    store creates and upgrades its schema by itself.
    """
    from adapters.store.schema import VERSION

    database = settings_of(context).database
    if isinstance(database, PostgresUrl):
        from adapters.store.postgres_schema import migrate
        from adapters.worker.job_schema import migrate_jobs

        before, after = migrate(database.url, grant), VERSION
        migrate_jobs(database.url, grant)
    else:
        if grant is not None:
            raise click.UsageError("--grant is for PostgreSQL. The embedded store has no roles.")
        open_store(database).close()
        before = after = VERSION
    if as_json:
        output.print_json({"before": before, "after": after, "granted": grant})
        return exit_codes.DONE
    if before == after:
        click.echo(f"The schema has version {after} already.")
    else:
        click.echo(f"The schema had version {before} and has version {after} now.")
    if grant is not None:
        role = output.text(grant)
        click.echo(
            f"The role {role} may now read and add events, read and change all other tables, and "
            "hand out jobs; it may not change an event or the schema."
        )
    return exit_codes.DONE


COMMANDS = {"migrate": migrate_command}
