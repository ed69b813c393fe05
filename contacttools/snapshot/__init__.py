"""Snapshot: contacts as they were, fetched or read from a file, and as frames. Pure but for it."""
