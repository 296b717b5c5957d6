"""A delivery: from bytes to records, to rows, to matches, to the plan."""
