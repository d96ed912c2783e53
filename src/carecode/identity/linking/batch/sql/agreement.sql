-- How many pairs agree exactly in one value, and how many records know it.
SELECT coalesce(sum(held * (held - 1) / 2), 0) AS pairs, coalesce(sum(held), 0) AS records
FROM (SELECT count(*) AS held FROM records WHERE $known GROUP BY $hashing($value)) AS grouped
