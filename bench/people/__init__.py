"""A made-up population with truth, for measuring how well records are brought together."""
