"""The form of answers: on a terminal, in a pipe, and as a file for a spreadsheet."""
