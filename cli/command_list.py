"""The subcommands of `tenure`, in the order in which the help lists them."""

from __future__ import annotations

import importlib
from typing import NamedTuple

import click


class Entry(NamedTuple):
    """A subcommand: its module in `cli.commands`, and one sentence about it."""

    module: str
    about: str


PARTS = {
    "Set up": {
        "init": Entry("start", "Write a sample configuration and delivery; create the database."),
        "template": Entry("report", "Print the header of a delivery, to hand to a customer."),
        "check": Entry("check", "Check the configuration, and the connections to sources."),
        "completion": Entry("completion", "Print the script that completes commands in a shell."),
        "help": Entry("help", "Explain a command, as `--help` does."),
    },
    "Deliveries": {
        "status": Entry("status", "Show what needs somebody, on one screen."),
        "preview": Entry("preview", "Show what a delivery would do, row by row."),
        "import": Entry("imports", "Apply a delivery to a company, or to all of them."),
        "clock": Entry("clock", "Make every transition that is due."),
        "serve": Entry("serve", "Run the schedule until it is stopped."),
        "issues": Entry("issues", "List what is open: what to mend, about whom, and since when."),
        "runs": Entry("runs", "List runs, newest first."),
        "run": Entry("runs", "Show one run with its files, counts and issues."),
    },
    "Decide and correct": {
        "safeguard": Entry("safeguard", "Show what deliveries measured, and try other limits."),
        "approve": Entry("approvals", "Apply a delivery that the safeguard holds."),
        "discard": Entry("approvals", "End a held run, and apply nothing of its delivery."),
        "support": Entry("support", "Do for employees what a file cannot do."),
        "rekey": Entry("rekey", "Give new external ids to many employees."),
    },
    "People": {
        "roster": Entry("roster", "List the employees of a company, now or at an earlier moment."),
        "find": Entry("find", "Find people by name, address, external id or id."),
        "starters": Entry("leavers", "List who starts soon, and when."),
        "leavers": Entry("leavers", "List who leaves soon, and when."),
        "show": Entry("show", "Show one employee."),
        "report": Entry("report", "Print all employees with every field, as CSV."),
    },
    "Look back": {
        "history": Entry("history", "List every event of one employee, and why it happened."),
        "why": Entry("why", "Tell where a state or a value comes from, back to the file."),
        "audit": Entry("audit", "List every event of all employees of a company."),
        "removals": Entry("removals", "List every removal of access, and why, for an auditor."),
    },
    "The database": {
        "migrate": Entry("migrate", "Create the database, or upgrade it to this release."),
        "verify": Entry("maintenance", "Check that nothing stored is missing or altered."),
        "rebuild": Entry("maintenance", "Make all projections again from the events."),
    },
}
"""The subcommands by what somebody wants to do, as the help lists them."""

COMMANDS = {name: entry for part in PARTS.values() for name, entry in part.items()}


def load(name: str) -> click.Command:
    """Imports the module of a subcommand, and returns the subcommand."""
    module = importlib.import_module(f"cli.commands.{COMMANDS[name].module}")
    command = module.COMMANDS[name]
    assert isinstance(command, click.Command)  # noqa: S101
    return command
