"""Symbols to mel, three frames at a time, each step seeing those before it: the acoustic model of KAN-TTS."""
