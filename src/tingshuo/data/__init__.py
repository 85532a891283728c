"""Recordings as rows: manifests, readers of corpora, quality, features. No torch."""
