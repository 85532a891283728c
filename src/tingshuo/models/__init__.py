"""The nets, in torch: one folder per family, shared parts in `layers`."""
