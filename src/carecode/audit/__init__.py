"""audit: the disclosure log; append-only, chained per resident, written by its own role."""
