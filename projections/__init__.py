"""Answers to questions: current state, history, runs. Pure functions of events and states.

If an answer needs a table, the table and its questions stand here too, as SQL in a subset that
every store supports (`?` for a parameter). The store executes the SQL.
"""
