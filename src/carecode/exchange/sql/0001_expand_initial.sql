-- What was loaded before: running a load again stores nothing twice.  A row stands for one bundle, or
-- for what one file holds of one patient, under the hash of its bytes and of the depositor's handle.
--
-- Written before the deposit, finished after it: a load that was killed in between makes the same ids
-- from seed and time again, and the record refuses to store them twice.

CREATE TABLE exchange.loaded (
  digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
  seed bytea NOT NULL CHECK (octet_length(seed) = 32),
  begun_at timestamptz NOT NULL,
  resources int CHECK (resources >= 0)
);
COMMENT ON TABLE exchange.loaded IS 'lookup: what was loaded, by the hash of its bytes; resources is null until it is stored';

GRANT USAGE ON SCHEMA exchange TO carecode_exchange;
GRANT SELECT, INSERT, UPDATE (resources), DELETE ON exchange.loaded TO carecode_exchange;
