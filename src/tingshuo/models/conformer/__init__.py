"""Speech to units of writing: a conformer with CTC, and attention decoders that judge what was heard."""
