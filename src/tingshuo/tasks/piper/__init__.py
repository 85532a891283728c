"""Voices of the family ``piper``: text to phonemes, durations and latents, samples."""
