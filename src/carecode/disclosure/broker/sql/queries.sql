-- name: live
-- Of these receipts those that open rows for these requesters now, with their entries as they were hashed.
SELECT place, seconds, prev, hash, words FROM audit.live_for($1, $2);

-- name: keys_after
-- A page of wrapped keys, after this resident and key; with $4 only those of another epoch.
SELECT resident_id, key_id, wrapped FROM record.keys_after($1, $2, $3, $4);

-- name: legacy_keys
-- Some of the keys from before the broker.
SELECT resident_id, key_id, wrapped FROM record.legacy_keys($1);

-- name: key_counts
-- How many wrapped keys there are of each epoch.
SELECT epoch, keys FROM record.key_counts();

-- name: rewrap
-- Put newly wrapped forms in the place of old ones.
SELECT record.rewrap($1, $2, $3, $4);

-- name: erase
-- Erase the keys under one number of hers, and say so in her log.
SELECT record.erase($1, $2, $3, $4, $5, $6, $7);

-- name: erased_after
-- A page of the erased, after this one.
SELECT erased FROM record.erased_after($1, $2) AS erased;

-- name: erase_again
-- Replay erasures that this database does not know.
SELECT record.erase_again($1);

-- name: put_keys
-- Put wrapped keys back that are missing.
SELECT record.put_keys($1, $2, $3);

-- name: log_checkpoint
-- The newest checkpoint of the public log that so many witnesses cosigned, with all its signatures.
SELECT size, note FROM audit.log_checkpoint($1);

-- name: log_hashes
-- Hashes of runs of complete subtrees of the public log.
SELECT place, hashes FROM audit.log_hashes($1, $2, $3);

-- name: log_leaf_of
-- Where leaves stand in the public log; null for one that is not in it.
SELECT idx FROM audit.log_leaf_of($1);
