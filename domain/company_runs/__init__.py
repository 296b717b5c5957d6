"""The company: an aggregate of runs, and every decision about the runs."""
