"""Use cases. Each one gathers what a decision needs, calls the decision, and stores its result."""
