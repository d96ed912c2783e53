-- The health code: which phones may show one, and which handles were shown.  No person, no desk,
-- no place, and no time finer than the day stands here; a used handle is a keyed hash that nobody
-- can read back, not even the room's own role (it may insert only).

CREATE TABLE healthcode.device (
  device_number bigint GENERATED ALWAYS AS IDENTITY (MAXVALUE 281474976710655) PRIMARY KEY,
  bearer uuid NOT NULL,
  algorithm smallint NOT NULL CHECK (algorithm IN (1, 2)),
  public_key bytea NOT NULL CHECK (octet_length(public_key) = CASE algorithm WHEN 1 THEN 32 ELSE 65 END),
  label bytea NOT NULL,
  registered_at date NOT NULL,
  next_serial bigint NOT NULL DEFAULT 0 CHECK (next_serial BETWEEN 0 AND 281474976710656),
  revoked_at date
);
COMMENT ON TABLE healthcode.device IS 'lookup: the phones that may show her code; label sealed, numbers of 48 bits';
CREATE INDEX device_by_bearer ON healthcode.device (bearer);

CREATE TABLE healthcode.used (
  handle_hash bytea PRIMARY KEY CHECK (octet_length(handle_hash) = 32),
  day date NOT NULL
);
COMMENT ON TABLE healthcode.used IS 'lookup: handles that were used, by keyed hash; insert only';

GRANT USAGE ON SCHEMA healthcode TO carecode_healthcode;
GRANT SELECT, INSERT (bearer, algorithm, public_key, label, registered_at) ON healthcode.device TO carecode_healthcode;
GRANT UPDATE (next_serial, revoked_at) ON healthcode.device TO carecode_healthcode;
GRANT INSERT ON healthcode.used TO carecode_healthcode;
