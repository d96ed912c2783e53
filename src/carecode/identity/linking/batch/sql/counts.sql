-- How many pairs show each pattern of levels.
SELECT pattern & $mask AS levels, count(*) FROM levelled WHERE $which GROUP BY pattern & $mask
