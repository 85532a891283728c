"""Audio without torch: reading and writing, features, the source-filter signal path, measures."""
