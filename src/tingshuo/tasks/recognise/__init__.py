"""From features to units of writing: the encoder chunk by chunk, and the searches. No torch."""
