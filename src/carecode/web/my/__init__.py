"""web.my: what a resident sees: code, record, who looked, privacy."""
