-- name: seal
-- Append a disclosure, commit it, and make its receipt: one round trip.
CALL audit.seal($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, NULL);

-- name: seal_many
-- Append disclosures to as many chains, commit them, and make their receipts: one round trip, one flush.
CALL audit.seal_many($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, NULL, NULL);

-- name: append
-- Append an entry that opens no row: an identification, a decision, a refusal.
SELECT audit.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: set_cap
-- How often a person or an institution may disclose within an hour.
SELECT audit.set_cap($1, $2);

-- name: void
-- Void every receipt of hers.
SELECT audit.void($1);

-- name: entries
-- Her entries, newest first.
SELECT e.resident_id, e.seq, e.receipt, e.at, e.requester, e.requester_name, e.requester_title, e.role,
  e.organisation, e.action, e.purpose, e.basis, e.categories, e.depositor, e.keys, e.prev, e.hash,
  e.opens, e.until, e.form
FROM audit.entries($1, $2, $3) AS e;

-- name: told
-- One page of what a reader is told, newest first, each with its number from the oldest and how many there are.
WITH told AS (
  SELECT e.resident_id, e.seq, e.receipt, e.at, e.requester, e.requester_name, e.requester_title, e.role,
    e.organisation, e.action, e.purpose, e.basis, e.categories, e.depositor, e.keys, e.prev, e.hash,
    e.opens, e.until, e.form,
    row_number() OVER (ORDER BY e.at, e.seq, e.resident_id) AS place, count(*) OVER () AS total
  FROM audit.list_of($1) AS e
  WHERE e.receipt <> ALL ($2::uuid[]) AND ($3::boolean OR e.action <> 'decide' OR e.requester = $4)
    AND ($5::boolean OR e.action = 'decide' OR NOT (e.role = 'resident' AND e.requester NOT LIKE 'delegate:%'))
    AND $6::text IN ('', CASE WHEN e.role IN ('system', 'integrator') THEN 'computers'
      WHEN e.role = 'resident' AND e.requester NOT LIKE 'delegate:%' THEN 'herself' ELSE 'people' END)
)
SELECT t.resident_id, t.seq, t.receipt, t.at, t.requester, t.requester_name, t.requester_title, t.role,
  t.organisation, t.action, t.purpose, t.basis, t.categories, t.depositor, t.keys, t.prev, t.hash,
  t.opens, t.until, t.form, t.place, t.total
FROM told AS t WHERE t.place <= coalesce($7::bigint, t.total) ORDER BY t.place DESC LIMIT $8::int;

-- name: told_of
-- All her entries of one purpose.
SELECT e.resident_id, e.seq, e.receipt, e.at, e.requester, e.requester_name, e.requester_title, e.role,
  e.organisation, e.action, e.purpose, e.basis, e.categories, e.depositor, e.keys, e.prev, e.hash,
  e.opens, e.until, e.form
FROM audit.list_of($1) AS e WHERE e.purpose = $2;

-- name: shared
-- What was given of two sides ($4, $5) together in a span of time, oldest first.
SELECT e.resident_id, e.seq, e.receipt, e.at, e.requester, e.requester_name, e.requester_title, e.role,
  e.organisation, e.action, e.purpose, e.basis, e.categories, e.depositor, e.keys, e.prev, e.hash,
  e.opens, e.until, e.form
FROM audit.list_of($1) AS e
WHERE e.action IN ('disclose', 'identify') AND e.at >= $2 AND e.at < $3 AND e.keys && $4::uuid[] AND e.keys && $5::uuid[]
  AND (SELECT count(DISTINCT k.id) FROM unnest(e.keys) AS k(id) WHERE k.id = ANY ($4::uuid[] || $5::uuid[])) > 1
ORDER BY e.at, e.resident_id, e.seq LIMIT $6::int;

-- name: tally
-- How often a person, a computer and she herself stand in what a reader is told.
SELECT count(*) FILTER (WHERE e.role NOT IN ('system', 'integrator') AND NOT (e.role = 'resident' AND e.requester NOT LIKE 'delegate:%')) AS people,
  count(*) FILTER (WHERE e.role IN ('system', 'integrator')) AS computers,
  count(*) FILTER (WHERE e.role = 'resident' AND e.requester NOT LIKE 'delegate:%') AS herself
FROM audit.list_of($1) AS e
WHERE e.receipt <> ALL ($2::uuid[]) AND ($3::boolean OR e.action <> 'decide' OR e.requester = $4);

-- name: lookers
-- The people of institutions in what a reader is told, each once, who looked last first, and how many there are.
SELECT n.requester, n.requester_name, n.organisation, count(*) OVER () AS total
FROM (
  SELECT DISTINCT ON (e.requester) e.requester, e.requester_name, e.organisation, e.at
  FROM audit.list_of($1) AS e
  WHERE e.receipt <> ALL ($2::uuid[]) AND ($3::boolean OR e.action <> 'decide' OR e.requester = $4)
    AND e.role NOT IN ('resident', 'system', 'integrator')
  ORDER BY e.requester, e.at DESC, e.seq DESC
) AS n ORDER BY n.at DESC, n.requester LIMIT $5::int;

-- name: first_broken
-- The first entry that does not follow from the one before it.
SELECT audit.first_broken($1);

-- name: prune
-- Remove receipts past their time.
SELECT audit.prune();

-- name: is_live
-- Tell whether a receipt still opens rows for this requester.
SELECT audit.is_live($1, $2);

-- ---------------------------------------------------------------------------------------- the public log

-- name: log_setting
-- What the log is called; the first who asks fixes it.
SELECT audit.log_setting($1, $2);

-- name: log_lock
-- Be the only sequencer until the transaction ends, if nobody else is.
SELECT audit.log_lock();

-- name: log_newest
-- The newest checkpoint.
SELECT size, root, map_root, at FROM audit.log_newest();

-- name: log_pending
-- Entries committed and not yet sequenced.
SELECT target, residents, seqs, prevs, hashes, last_xid FROM audit.log_pending($1);

-- name: log_between
-- Entries of one chain.
SELECT seq, prev, hash FROM audit.log_between($1, $2, $3);

-- name: log_statements
-- Statements that wait for their place.
SELECT id, body FROM audit.log_statements($1);

-- name: log_advance
-- Remember how far the sequencer is.
SELECT audit.log_advance($1, $2, $3, $4);

-- name: log_rest
-- Remember that nothing waits, or that an older snapshot is worked off.
SELECT audit.log_rest($1);

-- name: log_write
-- Store one batch.
SELECT audit.log_write($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- name: log_placed
-- Remember where statements stand.
SELECT audit.log_placed($1, $2);

-- name: log_map_pages
-- Buckets of the head map that are not empty, by pages, as they stood at a size.
SELECT bucket, body FROM audit.log_map_pages($1, $2);

-- name: log_map_tiles
-- Upper hashes of the head map as they stood at a size.
SELECT depth, idx, hashes FROM audit.log_map_tiles($1, $2, $3);

-- name: log_map_prune
-- Remove what was superseded at a size, of these buckets and tiles.
SELECT audit.log_map_prune($1, $2, $3, $4);

-- name: log_map_sweep
-- Remove all that was superseded at a size.
SELECT audit.log_map_sweep($1);

-- name: log_hashes
-- Hashes of runs of complete subtrees.
SELECT hashes FROM audit.log_hashes($1, $2, $3) AS h ORDER BY h.place;

-- name: log_leaves
-- Leaves by their place.
SELECT data FROM audit.log_leaves($1, $2);

-- name: log_leaf_of
-- Where leaves stand.
SELECT idx FROM audit.log_leaf_of($1);

-- name: log_checkpoint
-- The newest checkpoint that so many witnesses cosigned.
SELECT size, at, note FROM audit.log_checkpoint($1);

-- name: log_bundle
-- The same, and what proofs of the head map are made of.
SELECT depth, idx, body FROM audit.log_bundle($1, $2, $3, $4);

-- name: log_note
-- What the log signed at a size.
SELECT audit.log_note($1);

-- name: log_cosign
-- Keep a witness's cosignature.
SELECT audit.log_cosign($1, $2, $3, $4, $5);

-- name: log_publish
-- Take a statement for the log.
SELECT audit.log_publish($1, $2, $3);

-- name: log_statement_leaf
-- Where a statement stands.
SELECT audit.log_statement_leaf($1);

-- name: log_status
-- How far the log is behind.
SELECT size, at, waiting_seconds, cosigned_size, cosigned_at, uncosigned_seconds FROM audit.log_status($1);

-- name: activity
-- How much each person opened in a span of time.
SELECT requester, requester_name, role, organisation, opened, uncoded, residents, emergencies, refused
FROM audit.activity($1, $2);

-- name: receipts_of
-- The receipts under which an institution got something in a span of time.
SELECT audit.receipts_of($1, $2, $3);
