"""Auditing: what is wrong with contacts, found by small rules, and what would mend it. Pure."""
