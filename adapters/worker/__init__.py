"""The workers of the schedule: they start due jobs unattended, on one machine or on many."""
