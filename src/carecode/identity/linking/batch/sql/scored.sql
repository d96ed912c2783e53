-- Bits, guard and outcome of every pair, as Model.score, guard and decide give them.
SELECT
  w.*,
  $outcome AS outcome
FROM (
  SELECT
    l.a, l.b, l.letters, l.pattern, g.rule, g.verdict, g.certain,
    $prior + ($total) AS total
  FROM levelled l JOIN patterns g ON g.pattern = l.pattern WHERE l.letters > 0
) AS w
