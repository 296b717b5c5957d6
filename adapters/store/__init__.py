"""Where events and their projections are kept."""
