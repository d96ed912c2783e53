-- All links of the clusters that hold two people.
SELECT k.a, k.b, k.total, k.certain, k.pinned
FROM links k JOIN labels l ON l.rid = k.a JOIN (SELECT DISTINCT label FROM apart) t ON t.label = l.label
