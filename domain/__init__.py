"""What happens: the rules of the employee lifecycle, pure and typed.

Nothing here touches the world. Time, identity and bytes come in as values, and what should be
stored goes out as one value, the `Plan`.
"""
