-- name: deposit
-- Store resources and their log entry in one transaction; the time of the entry.
SELECT record.deposit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21);

-- name: find
-- Current resources that the receipt opens.
SELECT resident_id, type, id, version, at, organisation, category, body, key_id, wrapped
FROM record.find($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: count
-- How many resources find would give without a limit.
SELECT record.count($1, $2, $3, $4, $5, $6);

-- name: version
-- One version of a resource that the receipt opens, current or replaced.
SELECT resident_id, type, id, version, at, organisation, category, body, key_id, wrapped
FROM record.version($1, $2, $3, $4, $5);

-- name: visible
-- Of these resources the ids of those that the receipt opens.
SELECT record.visible($1, $2, $3, $4);

-- name: revise
-- Replace a resource by its next version; the new version, or null when the expected one is not current.
SELECT record.revise($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15);

-- name: close
-- Close and open resources of hers, by their ids or visits; which were met and what they had before.
SELECT id, type, category, before FROM record.close($1, $2, $3, $4, $5, $6);

-- name: matters
-- Labels of resources that something new points to.
SELECT id, closed FROM record.matters($1, $2);

-- name: locate
-- Under which key a resource stands.
SELECT record.locate($1);

-- name: put_directory
-- Store directory resources that are not there yet; how many were new.
WITH new AS (
  INSERT INTO record.directory (type, id, version, at, organisation, tokens, body)
    SELECT r.type, r.id, 1, $6, $7, ($3::int8[])[coalesce(($4::int4[])[r.place - 1], 0) + 1 : ($4::int4[])[r.place]], r.body
    FROM unnest($1::smallint[], $2::uuid[], $5::bytea[]) WITH ORDINALITY AS r(type, id, body, place)
    ON CONFLICT (type, id) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM new;

-- name: get_directory
-- One directory resource.
SELECT type, id, version, at, organisation, body FROM record.directory WHERE type = $1 AND id = $2;

-- name: find_directory
-- Directory resources of a type that have any token of each group; null groups match all.
SELECT type, id, version, at, organisation, body FROM record.directory
WHERE type = $1 AND ($2::int8[] IS NULL OR tokens && $2) AND ($3::int8[] IS NULL OR tokens && $3)
ORDER BY id LIMIT $4 OFFSET $5;

-- name: directory_ids
-- For each token the directory resources of a type that carry it, at most three.
SELECT t.token, d.id FROM unnest($2::int8[]) AS t(token)
CROSS JOIN LATERAL (
  SELECT id FROM record.directory WHERE type = $1 AND tokens && ARRAY[t.token] ORDER BY id LIMIT 3
) AS d;
