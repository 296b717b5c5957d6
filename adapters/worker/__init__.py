"""The schedule's engine: what starts what is due, unattended, on one machine or on many."""
