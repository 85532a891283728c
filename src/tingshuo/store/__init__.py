"""Bundles on disk: the one thing that every stage of a voice's life reads and writes."""

from tingshuo.store.bundle import Bundle, open_bundle, verify_bundle, write_bundle

__all__ = ["Bundle", "open_bundle", "verify_bundle", "write_bundle"]
