"""A net that tells which state of which phone a frame is in."""
