"""Voices of the family ``sambert``: text to symbols, frames one after another, samples."""
