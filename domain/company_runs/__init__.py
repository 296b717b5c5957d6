"""The company: an aggregate of runs, and every decision about what a run may do."""
