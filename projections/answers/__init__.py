"""Answers: pure functions of events, states and plans."""
