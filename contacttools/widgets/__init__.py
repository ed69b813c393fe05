"""Widgets: edits by hand, in a notebook. Only here is ipywidgets."""
