"""How good a voice is: distances from recordings, predicted opinions, tones, speed; with counts and intervals. No torch."""
