"""Mel and F0 to the filters of a harmonic-plus-noise source."""
