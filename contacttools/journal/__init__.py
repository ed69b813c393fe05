"""Journal: what a commit did, kept on disk, so that nothing done is forgotten or done twice."""
