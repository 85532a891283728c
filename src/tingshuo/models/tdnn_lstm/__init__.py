"""A recogniser of time-delay layers and LSTMs, CTC on its frames."""
