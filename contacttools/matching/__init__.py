"""Matching: rows about people that carry no ids, brought together with contacts."""
