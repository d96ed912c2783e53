-- Who is told when two of its numbers became one person's, or were parted again.  At most one address for each
-- institution; no person stands here, and nothing of whom anybody was told.

CREATE TABLE exchange.subscription (
  organisation text PRIMARY KEY,
  id uuid NOT NULL,
  endpoint text NOT NULL CHECK (length(endpoint) BETWEEN 1 AND 500),
  made_at timestamptz NOT NULL
);
COMMENT ON TABLE exchange.subscription IS 'institution: where it is told of its own numbers';

GRANT SELECT, INSERT, DELETE, UPDATE (id, endpoint, made_at) ON exchange.subscription TO carecode_exchange;
