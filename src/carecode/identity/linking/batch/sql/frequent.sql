-- Values of one column that several records hold.
SELECT $column AS value, count(*) AS held FROM given WHERE $column <> '' GROUP BY $column HAVING count(*) > 1
