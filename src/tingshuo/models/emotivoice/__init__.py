"""Phones, a speaker and a prompt in words to a latent picture of speech, without autoregression."""
