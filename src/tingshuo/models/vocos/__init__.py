"""Mel to magnitudes and phases of an STFT, frame by frame."""
