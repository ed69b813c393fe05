"""Staging: edits gathered and checked beside a snapshot, until they become a plan. Pure."""
