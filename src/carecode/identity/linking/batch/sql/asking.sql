-- Pairs whose level of one field only Python can tell.
SELECT DISTINCT p.a, p.b, $columns
FROM levelled_in_part p JOIN records l ON l.rid = p.a JOIN records r ON r.rid = p.b
WHERE p.$field IS NULL
