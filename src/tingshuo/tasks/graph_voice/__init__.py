"""Voices whose nets are a stranger's graphs, used as they are: text to symbols, samples, or a mel and then samples."""
