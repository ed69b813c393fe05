"""Sheets: contacts as files that people fill in with a spreadsheet program."""
