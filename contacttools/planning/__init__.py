"""Planning: the plan, how it is read before it is approved, and its file. Pure but for that."""
