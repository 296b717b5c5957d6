"""What is asked: current state, history, runs; pure functions of events and states.

Where an answer needs a table, the table, its `step` and its questions stand here as SQL in a subset
that every store speaks (`?` for a parameter); running it is the store's business.
"""
