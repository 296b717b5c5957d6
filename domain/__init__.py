"""The rules of the employee lifecycle, as pure and typed code.

This package does no input and no output. Times, ids and bytes come in as values. Everything that is
to be stored goes out as one value, such as the `Plan`.
"""
