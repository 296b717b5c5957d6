"""The subcommands of `tenure`, one file for each, or for a few that belong together."""
