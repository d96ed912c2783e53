-- Each entry and the least entry of its person.
SELECT g.rid, coalesce(s.person, l.label, g.rid) AS person
FROM given g LEFT JOIN labels l ON l.rid = g.rid LEFT JOIN settled s ON s.rid = g.rid
