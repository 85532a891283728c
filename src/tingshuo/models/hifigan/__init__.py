"""Mel to wave by transposed convolutions."""
