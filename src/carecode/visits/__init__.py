"""visits: the numbers people wait with, one queue per service and day of an institution."""
