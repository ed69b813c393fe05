"""Committing: what to do for each planned change, and the report. Asks for calls, makes none."""
