"""Hearing single words and commands: a clip at a time, or in running sound."""
