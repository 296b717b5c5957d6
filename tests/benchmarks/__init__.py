"""Measurements, as ratios side by side in one run: `make bench`, or `make bench N=200000`."""
