"""From phonemes to a voice's wave in one net: text to speech with VITS, as Piper's voices have it."""
