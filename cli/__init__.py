"""What people type: parse, call one thing, render, exit code."""
