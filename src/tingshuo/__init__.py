"""Tingshuo (听说): train, save, import, optimise and serve AI voice models."""

__version__ = "0.1.0"
