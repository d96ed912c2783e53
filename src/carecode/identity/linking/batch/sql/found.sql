-- Pairs that share a key.  Lists longer than the cap make no pairs.
WITH shared AS (
  SELECT keyed.k, keyed.rid, keyed.letter FROM keyed JOIN several ON several.k = keyed.k AND several.held <= $cap
  WHERE keyed.stored
)
SELECT a.rid AS a, b.rid AS b, a.letter FROM shared a JOIN shared b ON b.k = a.k AND a.rid < b.rid
