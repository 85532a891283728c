"""Voice models of other systems, each read into our own nets: one module a system."""
