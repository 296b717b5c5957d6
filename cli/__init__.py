"""Commands: each module reads what is typed, asks one use case, and prints the answer."""
