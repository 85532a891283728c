"""Readers of corpora: one layout of files a module, each turned into rows of `Utterance`."""
