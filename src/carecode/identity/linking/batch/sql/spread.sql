-- One step: each entry takes the smallest label among itself and its neighbours, then the label of that label.
WITH near AS (
  SELECT e.rid, min(o.label) AS label FROM edges e JOIN labels o ON o.rid = e.other GROUP BY e.rid
),
stepped AS (
  SELECT l.rid, l.label AS before, least(l.label, n.label) AS label FROM labels l JOIN near n ON n.rid = l.rid
)
SELECT s.rid, least(s.label, t.label) AS label, s.before FROM stepped s JOIN stepped t ON t.rid = s.label
