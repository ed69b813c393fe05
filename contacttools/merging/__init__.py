"""Merging: several contacts made one: the forecast, the plan, the rules, the report. Pure."""
