-- name: register_device
-- Add a phone of a bearer and give its number.
INSERT INTO healthcode.device (bearer, algorithm, public_key, label, registered_at)
VALUES ($1, $2, $3, $4, $5)
RETURNING device_number;

-- name: find_device
-- Find the phone that a handle names.
SELECT device_number, bearer, algorithm, public_key, revoked_at IS NOT NULL AS revoked
FROM healthcode.device
WHERE device_number = $1;

-- name: devices_of_bearer
-- List a bearer's phones, newest first; bounded.
SELECT device_number, algorithm, public_key, label, registered_at, revoked_at
FROM healthcode.device
WHERE bearer = $1
ORDER BY device_number DESC
LIMIT $2;

-- name: advance_serial
-- Take the next serial numbers of a phone that is not revoked, at once; give the first of them.
UPDATE healthcode.device
SET next_serial = next_serial + $2
WHERE device_number = $1 AND revoked_at IS NULL
RETURNING next_serial - $2;

-- name: revoke_device
-- Revoke a phone for ever; the first day stands.
UPDATE healthcode.device
SET revoked_at = coalesce(revoked_at, $2)
WHERE device_number = $1;

-- name: use_handle
-- Mark a handle used; of any number at once exactly one inserts a row.
INSERT INTO healthcode.used (handle_hash, day)
VALUES ($1, $2)
ON CONFLICT DO NOTHING;
