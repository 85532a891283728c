"""Open a graph file and run it."""
