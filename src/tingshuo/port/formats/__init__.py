"""Voices in the formats of other runtimes: one module a format."""
