-- How many pairs came to what.
SELECT outcome, count(*) FROM scored GROUP BY outcome ORDER BY outcome
