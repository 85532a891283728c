"""Voices of the family ``emotivoice``: text and a prompt to latent frames, and those to samples."""
