"""The classic recogniser: a net scores states of phones, a search finds the syllables, words have their say."""
