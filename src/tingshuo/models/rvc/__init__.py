"""From what is said and how high to a voice's wave: voice conversion with RVC."""
