-- name: enrol
-- Register somebody new, unless her numbers already name somebody.
SELECT identity.enrol($1, $2, $3, $4, $5, $6, $7, $8);

-- name: add
-- Add what is new about somebody known.
SELECT identity.add($1, $2, $3, $4, $5, $6, $7);

-- name: named_by
-- Whom these numbers name.
SELECT f.number_hash, f.resident_id, f.keys, f.person FROM identity.named_by($1) AS f;

-- name: found_by
-- Who is found under name, date of birth and telephone together.
SELECT f.resident_id, f.keys FROM identity.found_by($1, $2) AS f;

-- name: held_under
-- Whose record a key is.
SELECT f.resident_id, f.keys FROM identity.held_under($1) AS f;

-- name: held_by
-- Who holds a health code.
SELECT f.resident_id, f.keys FROM identity.held_by($1) AS f;

-- name: one
-- One resident.
SELECT f.bearer, f.keys, f.person FROM identity.one($1) AS f;

-- name: numbers_of
-- Her numbers.
SELECT f.sealed FROM identity.numbers_of($1) AS f;

-- name: residents
-- How many residents there are.
SELECT identity.residents();
