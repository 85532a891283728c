"""What a voice used: which inputs moved the duration, F0 and energy of each syllable, by replacing them one at a time."""
