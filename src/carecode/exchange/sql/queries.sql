-- name: begin_load
-- Begin to load something, or find what an earlier beginning chose for it; no row when another just began.
WITH begun AS (
  INSERT INTO exchange.loaded (digest, seed, begun_at) VALUES ($1, $2, $3)
  ON CONFLICT (digest) DO NOTHING
  RETURNING seed, begun_at, resources
)
SELECT b.seed, b.begun_at, b.resources FROM begun b
UNION ALL
SELECT l.seed, l.begun_at, l.resources FROM exchange.loaded l WHERE l.digest = $1
LIMIT 1;

-- name: is_loaded
-- Say whether it was stored whole.
SELECT EXISTS (SELECT 1 FROM exchange.loaded l WHERE l.digest = $1 AND l.resources IS NOT NULL);

-- name: finish_load
-- Remember that it was stored whole.
INSERT INTO exchange.loaded (digest, seed, begun_at, resources) VALUES ($1, $2, $3, $4)
ON CONFLICT (digest) DO UPDATE SET resources = coalesce(loaded.resources, excluded.resources);

-- name: forget_load
-- Forget a beginning that was refused: nothing of it was stored.
DELETE FROM exchange.loaded WHERE digest = $1 AND resources IS NULL;
