"""Measurements as ratios, both sides in one run: `make bench`, or `make bench N=200000`."""
