-- Levels and marks as one number, four bits a level (see patterns.py); where a statement could not tell, what Python said.
SELECT
  p.a, p.b, p.letters,
  CAST($number + 16 * $other + 256 * $name + 4096 * $born + 65536 * sex + 1048576 * $contact AS BIGINT)
    + 16777216 * CAST(marks AS BIGINT) AS pattern$kept
FROM levelled_in_part p$answers
