"""The doors: command line, HTTP server and web page; they parse, limit and encode replies, and hold no logic of their own."""
