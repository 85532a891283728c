"""What a user wants done: speak (and later listen, clone, convert), on graphs and without torch."""
