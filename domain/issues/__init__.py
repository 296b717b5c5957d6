"""Issues: the messages about a run, a file or a row."""
