"""`tenure runs` and `tenure run`."""

from __future__ import annotations

import click

from cli import exits, output
from cli.context import customer_of, json_option, open_shell
from projections.runs import RunDocument, document


@click.command("runs")
@click.argument("company", required=False)
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="At most so many.",
)
@json_option
@click.pass_context
def runs_command(context: click.Context, company: str | None, limit: int, as_json: bool) -> int:
    """List the latest runs, of COMPANY or of all companies, newest first."""
    with open_shell(context) as shell:
        if company is not None:
            customer_of(shell.settings, company)
        found = [
            document(record.run, record.ended, shell.store.issues(record) if as_json else ())
            for record in shell.store.runs(company, limit)
        ]
    if as_json:
        output.print_json(found)
    elif not found:
        click.echo("No run yet.")
    else:
        _print_runs(found)
    return exits.DONE


@click.command("run")
@click.argument("run")
@json_option
@click.pass_context
def run_command(context: click.Context, run: str, as_json: bool) -> int:
    """Show one run. RUN is its id, or as much of its beginning as makes it plain."""
    with open_shell(context) as shell:
        found = shell.store.runs_like(run)
        if len(found) != 1:
            sentence = f"several runs begin with {run}" if found else f"there is no run {run}"
            raise exits.Trouble(sentence, "`tenure runs` lists them")
        record = found[0]
        told = document(record.run, record.ended, shell.store.issues(record))
    if as_json:
        output.print_json(told)
    else:
        output.print_run(told)
    return exits.DONE


def _print_runs(runs: list[RunDocument]) -> None:
    output.print_table(
        ("STARTED", "COMPANY", "KIND", "OUTCOME", "ROWS", "EVENTS", "REJECTED", "BY", "RUN"),
        (
            (
                run.started,
                run.company,
                run.kind.value,
                output.coloured(run.outcome),
                run.counts.rows,
                run.counts.events,
                run.counts.rejected,
                run.by,
                run.run,
            )
            for run in runs
        ),
    )


COMMANDS = {"runs": runs_command, "run": run_command}
