-- Pairs that are two people, of entries that hang together.
SELECT f.a, f.b, f.pinned, l.label
FROM (SELECT a, b, FALSE AS pinned FROM scored WHERE outcome = 'never' UNION ALL SELECT a, b, TRUE FROM pins WHERE NOT must) f
JOIN labels l ON l.rid = f.a JOIN labels r ON r.rid = f.b AND r.label = l.label
