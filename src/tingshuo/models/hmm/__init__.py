"""Hidden Markov models of phones with Gaussian mixtures, in numpy: they find out when each phone is spoken."""
