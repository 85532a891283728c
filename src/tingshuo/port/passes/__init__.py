"""One module a pass: a graph goes in, a graph that should be faster or smaller comes out, or the reason why it cannot."""
