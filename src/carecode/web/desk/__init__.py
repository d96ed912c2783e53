"""web.desk: checking in, registering, giving a number."""
