"""Families of normalisation rules: each module holds one class of written forms and how it is spoken."""
