-- Keys under which more than one record is kept.
SELECT k, max(letter) AS letter, count(*) AS held FROM keyed WHERE stored GROUP BY k HAVING count(*) > 1
