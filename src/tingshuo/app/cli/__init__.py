"""The command line: one module per verb; heavy imports happen inside the verbs, so that every one starts quickly."""
