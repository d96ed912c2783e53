-- Keys under which too many records are kept, by letter.
SELECT letter, count(*), sum(held), max(held) FROM several WHERE held > $cap GROUP BY letter ORDER BY letter
