"""Nets to bundles: export, quantise, verify."""
