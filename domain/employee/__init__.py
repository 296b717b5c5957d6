"""The employee: an aggregate of events, and every decision about one employee."""
