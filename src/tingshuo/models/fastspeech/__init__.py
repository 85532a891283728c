"""Phonemes to durations, pitch and mel, without autoregression."""
