"""Asking: filters, sorts and pages, from what a request says to which entries it means. Pure."""
