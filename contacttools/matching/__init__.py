"""Matching: which contacts are probably one person, and why. Pure."""
