"""Telling somebody how a run ended: by a program of theirs, or by a request to a server."""
