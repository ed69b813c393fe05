"""Cleaning: how one value is put right, and how sure that is. Pure; it knows no contact."""
