"""One module a system: its files, read by `tingshuo.port.importers`, become a draft of a bundle."""
