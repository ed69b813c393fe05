"""Matching: which contacts are probably one person, and which one a row without an id is."""
