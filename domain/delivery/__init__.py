"""A delivery becomes a plan: from bytes to records, to rows, to matches, to the plan."""
