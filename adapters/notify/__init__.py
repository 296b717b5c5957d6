"""Notifications about the end of a run: a command that is run, or a request to a server."""
