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

-- name: subscribe
-- Tell an institution at this address from now on, and no longer at another.
INSERT INTO exchange.subscription (organisation, id, endpoint, made_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (organisation) DO UPDATE SET id = excluded.id, endpoint = excluded.endpoint, made_at = excluded.made_at;

-- name: subscription
-- Where an institution is told.
SELECT s.id, s.endpoint, s.made_at FROM exchange.subscription s WHERE s.organisation = $1;

-- name: subscriptions
-- Everybody who is told.
SELECT s.organisation, s.id, s.endpoint, s.made_at FROM exchange.subscription s ORDER BY s.organisation;

-- name: unsubscribe
-- Tell an institution nothing any more.
DELETE FROM exchange.subscription WHERE organisation = $1 AND id = $2;
