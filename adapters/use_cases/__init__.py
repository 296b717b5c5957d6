"""Use cases: each fetches what a decision needs, has it decided, and stores the outcome."""
