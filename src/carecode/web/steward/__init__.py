"""web.steward: whether two entries are one person, and taking links back."""
