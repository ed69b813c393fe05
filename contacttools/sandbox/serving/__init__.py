"""Serving: from a connection to an operation and back. Only these files know of HTTP."""
