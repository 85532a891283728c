"""Built-in voices, one bundle a folder."""
