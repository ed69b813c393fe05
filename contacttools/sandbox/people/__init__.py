"""People: who lives on a new site: invented ones, or those of a people file."""
