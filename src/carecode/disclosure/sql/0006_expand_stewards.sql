-- Index stewards: how urgent each case is, what each steward said of it, and forms that were sent already.
-- Whom a case is about stands in the index alone; here are random numbers and sealed reasons.

CREATE TABLE disclosure.steward_case (
  case_id uuid PRIMARY KEY,
  urgency smallint NOT NULL CHECK (urgency BETWEEN 0 AND 3),
  needs smallint NOT NULL CHECK (needs IN (1, 2)),
  opened_at timestamptz NOT NULL,
  claimed_at timestamptz,
  decided text CHECK (decided IN ('same', 'different')),
  decided_at timestamptz
);
COMMENT ON TABLE disclosure.steward_case IS 'queue: cases of the index by random number, how many stewards each needs; names nobody';

CREATE TABLE disclosure.steward_word (
  case_id uuid NOT NULL,
  steward text NOT NULL,
  name text NOT NULL,
  word text NOT NULL CHECK (word IN ('same', 'different', 'unsure')),
  reason bytea NOT NULL,
  blind bool NOT NULL,
  leaning text CHECK (leaning IN ('same', 'different')),
  said_at timestamptz NOT NULL,
  PRIMARY KEY (case_id, steward)
);
COMMENT ON TABLE disclosure.steward_word IS 'queue: what each steward said of a case, her reason sealed; leaning: the model''s side';
CREATE INDEX steward_word_of ON disclosure.steward_word (steward, said_at);

CREATE TABLE disclosure.desk_form (
  form_hash bytea PRIMARY KEY,
  resident_id uuid,
  sent_at timestamptz NOT NULL
);
COMMENT ON TABLE disclosure.desk_form IS 'lookup: forms of a desk by hash, kept a day, so that one sent twice adds nobody twice';
CREATE INDEX desk_form_sent ON disclosure.desk_form (sent_at);

GRANT SELECT, INSERT ON disclosure.steward_word TO carecode_disclosure;
GRANT SELECT, INSERT, UPDATE (claimed_at, decided, decided_at) ON disclosure.steward_case TO carecode_disclosure;
GRANT SELECT, INSERT, DELETE, UPDATE (resident_id, sent_at) ON disclosure.desk_form TO carecode_disclosure;
