"""Completion of the command line in a shell (ADR 0044)."""

SHELL_VARIABLE = "_TENURE_COMPLETE"
"""The environment variable with which the script of a shell asks for words: the shell's name."""
