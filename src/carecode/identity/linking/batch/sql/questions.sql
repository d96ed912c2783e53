-- One pair for each two persons that somebody is asked about, the strongest; contested links come before all bits.
WITH asked AS (
  SELECT a, b, total, FALSE AS contested FROM scored WHERE outcome = 'review'
  UNION ALL
  SELECT a, b, 0e0, TRUE FROM contested
),
between_persons AS (
  SELECT q.a, q.b, q.contested, q.total, least(x.person, y.person) AS one, greatest(x.person, y.person) AS other
  FROM asked q JOIN persons x ON x.rid = q.a JOIN persons y ON y.rid = q.b WHERE x.person <> y.person
),
pinned AS (
  SELECT DISTINCT least(x.person, y.person) AS one, greatest(x.person, y.person) AS other
  FROM pins p JOIN persons x ON x.rid = p.a JOIN persons y ON y.rid = p.b WHERE NOT p.must
),
ranked AS (
  SELECT q.*, row_number() OVER (PARTITION BY q.one, q.other
    ORDER BY CASE WHEN q.contested THEN 1 ELSE 0 END DESC, q.total DESC, q.a DESC, q.b DESC) AS place
  FROM between_persons q LEFT JOIN pinned p ON p.one = q.one AND p.other = q.other WHERE p.one IS NULL
)
SELECT a, b, contested, one, other FROM ranked WHERE place = 1
