"""Language models: how likely each character of a text is after those before it."""
