"""Pages of the privacy officer: what waits for a second person, and legal orders."""
