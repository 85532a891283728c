"""Files of other systems, read without running anything that they say."""
