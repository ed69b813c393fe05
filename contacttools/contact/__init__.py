"""Contact: what a contact is, in the service's shape and in every other. Pure."""
