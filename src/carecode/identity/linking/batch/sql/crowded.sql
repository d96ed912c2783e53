-- Values that stand for more records than one person can have.
SELECT 'number' AS field, number AS value, count(*) AS records FROM given WHERE number <> ''
GROUP BY number HAVING count(*) > $most
UNION ALL
SELECT 'other_number', other_number, count(*) FROM given WHERE other_number <> ''
GROUP BY other_number HAVING count(*) > $most
UNION ALL
SELECT 'phone', phone, count(*) FROM given WHERE phone <> '' GROUP BY phone HAVING count(*) > $most
UNION ALL
SELECT 'door', door, count(*) FROM given WHERE door <> '' GROUP BY door HAVING count(*) > $most
