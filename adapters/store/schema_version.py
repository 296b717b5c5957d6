"""The version of the schema, alone: `tenure --version` shows it, and imports nothing heavy."""

VERSION = 5
