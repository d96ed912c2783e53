-- Pairs in which one record's likely slip is a key of the other.
SELECT least(w.rid, s.rid) AS a, greatest(w.rid, s.rid) AS b, w.letter
FROM keyed w
JOIN keyed s ON s.k = w.k AND s.stored AND s.rid <> w.rid
LEFT JOIN several many ON many.k = w.k AND many.held > $cap
WHERE NOT w.stored AND many.k IS NULL
