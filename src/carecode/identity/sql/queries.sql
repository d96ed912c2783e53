-- name: look
-- Whom these numbers name, and which records share a key.
SELECT f.number_hash, f.entry, f.resident_id, f.keys, f.entries, f.entry_key, f.rid, f.sealed, f.crowded
FROM identity.look($1, $2, $3) AS f;

-- name: register
-- Register somebody new with what was decided about her.
SELECT identity.register($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19);

-- name: register_many
-- Register many in one commit.
SELECT identity.register_many(
  $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24);

-- name: look_many
-- Whom these numbers name, and which records share a key, for many at once.
SELECT f.at, f.number_hash, f.entry, f.resident_id, f.rid, f.sealed, f.crowded
FROM identity.look_many($1, $2, $3, $4, $5) AS f;

-- name: add
-- Add what is new about somebody known.
SELECT identity.add($1, $2, $3, $4, $5, $6, $7);

-- name: named_by
-- Whom these numbers name.
SELECT f.number_hash, f.entry, f.resident_id, f.keys, f.entries, f.entry_key FROM identity.named_by($1) AS f;

-- name: found_by
-- Who is found under name, date of birth and telephone together.
SELECT f.resident_id, f.keys, f.entries, f.entry_key FROM identity.found_by($1, $2) AS f;

-- name: held_under
-- Whose record a key is.
SELECT f.resident_id, f.keys, f.entries, f.entry_key FROM identity.held_under($1) AS f;

-- name: held_by
-- Who holds a health code.
SELECT f.resident_id, f.keys, f.entries, f.entry_key FROM identity.held_by($1) AS f;

-- name: one
-- One resident.
SELECT f.bearer, f.keys, f.entries, f.entry_key, f.person FROM identity.one($1) AS f;

-- name: numbers_of
-- Her numbers.
SELECT f.entry, f.sealed FROM identity.numbers_of($1) AS f;

-- name: residents
-- How many residents there are.
SELECT identity.residents();

-- name: keep_found
-- Keep what a source says of an entry, once, with the keys it is found by.
SELECT f.resident_id, f.rid, f.fresh FROM identity.keep_found($1, $2, $3, $4, $5, $6, $7) AS f;

-- name: decisions_of
-- What was decided about an entry.
SELECT f.rid, f.at, f.sealed FROM identity.decisions_of($1) AS f;

-- name: settled
-- A decision became a link or a case.
SELECT identity.settled($1);

-- name: unsettled_before
-- Entries whose decision has waited.
SELECT f.resident_id FROM identity.unsettled_before($1, $2) AS f;

-- name: adopt_model
-- Adopt a model.
SELECT identity.adopt_model($1, $2, $3);

-- name: model_after
-- The model that decides now.
SELECT f.place, f.sealed FROM identity.model_after($1) AS f;

-- name: link_counts
-- How many entries, links and cases there are.
SELECT f.entries, f.linked, f.persons, f.cases, f.unsettled FROM identity.link_counts() AS f;

-- name: records_of
-- What every source says of the person an entry belongs to.
SELECT f.resident_id, f.rid, f.sealed, f.supersedes, f.recorded_at FROM identity.records_of($1) AS f;

-- name: entry_of_record
-- Of which entry a source record speaks.
SELECT identity.entry_of_record($1);

-- name: together
-- The person an entry belongs to now, and her entries.
SELECT f.person, f.entries FROM identity.together($1) AS f;

-- name: link_events
-- Every event that bears on these entries, in order.
SELECT f.event_id, f.sealed FROM identity.link_events($1, $2) AS f;

-- name: link_touched
-- Of whom one event was.
SELECT identity.link_touched($1);

-- name: link_history
-- The newest events of an entry or person.
SELECT f.seq, f.hash, f.event_id, f.body_hash, f.sealed FROM identity.link_history($1, $2) AS f;

-- name: link_heads
-- The heads of the chains that grew since a time.
SELECT f.hash, f.at FROM identity.link_heads($1, $2) AS f;

-- name: link_reviews
-- Cases that wait for a person, oldest first.
SELECT f.review_id, f.opened_at FROM identity.link_reviews($1) AS f;

-- name: link_review
-- The entries of one case.
SELECT f.state, f.entries, f.opened_at FROM identity.link_review($1) AS f;

-- name: link_append
-- Append one link event, if nobody it was decided on has changed since.
SELECT identity.link_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text::jsonb);

-- name: records_after
-- All source records that hold now, in batches: for training.
SELECT f.entry, f.rid, f.person, f.sealed FROM identity.records_after($1, $2, $3) AS f;

-- name: marks_after
-- What people decided about pairs, in batches: for training.
SELECT f.entry, f.other, f.mark FROM identity.marks_after($1, $2, $3) AS f;
