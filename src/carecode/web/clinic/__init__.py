"""web.clinic: opening a record with a code."""
