-- Values that were blanked, by field; the values themselves are never given.
SELECT field, count(*), sum(records), max(records) FROM crowded GROUP BY field ORDER BY field
