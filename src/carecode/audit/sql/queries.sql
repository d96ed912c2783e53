-- name: seal
-- Append a disclosure, commit it, and make its receipt: one round trip.
CALL audit.seal($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, NULL);

-- name: seal_many
-- Append disclosures to as many chains, commit them, and make their receipts: one round trip, one flush.
CALL audit.seal_many($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, NULL, NULL);

-- name: append
-- Append an entry that opens no row: an identification, a decision, a refusal.
SELECT audit.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: void
-- Void every receipt of hers.
SELECT audit.void($1);

-- name: entries
-- Her entries, newest first.
SELECT e.resident_id, e.seq, e.receipt, e.at, e.requester, e.requester_name, e.requester_title, e.role,
  e.organisation, e.action, e.purpose, e.basis, e.categories, e.depositor, e.keys, e.prev, e.hash,
  e.opens, e.until, e.form
FROM audit.entries($1, $2, $3) AS e;

-- name: first_broken
-- The first entry that does not follow from the one before it.
SELECT audit.first_broken($1);

-- name: prune
-- Remove receipts past their time.
SELECT audit.prune();

-- name: is_live
-- Tell whether a receipt still opens rows for this requester.
SELECT audit.is_live($1, $2);
