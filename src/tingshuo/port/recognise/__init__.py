"""What a file is, found from what it holds and never from what it is called."""
