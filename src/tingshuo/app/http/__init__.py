"""The HTTP server: routes, limits, streaming replies and finished audio."""
