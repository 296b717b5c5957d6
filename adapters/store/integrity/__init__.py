"""Whether what is stored is sound: `verify`, and what `rebuild` makes again."""
