"""Reading of numbers and signs in languages other than Chinese."""
