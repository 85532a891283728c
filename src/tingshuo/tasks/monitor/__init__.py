"""Watching a voice over time: rounds of figures, their bands, their history, and what is asked of it. No torch."""
