"""The store of events and their projections."""
