"""What is asked: pure functions from events, states and plans to answers."""
