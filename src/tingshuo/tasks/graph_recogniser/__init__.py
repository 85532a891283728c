"""Recognisers whose graph is a stranger's: what it is given, and what becomes of its answer. No torch."""
