"""Commands: each module reads arguments, calls one use case, and prints the answer."""
