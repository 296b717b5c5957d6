"""What can be said about a file or a row."""
