-- What she decides, each decision kept for ever and undoable; who acts for her; her second way in.

CREATE TABLE disclosure.decision (
  resident_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  kind text NOT NULL CHECK (kind IN ('institution', 'newcomers', 'person', 'category', 'label', 'emergency_label', 'entry',
    'visit', 'keep', 'exchange', 'statistics', 'everything', 'emergency', 'window')),
  whom text NOT NULL DEFAULT '',
  about text NOT NULL DEFAULT '' CHECK (kind NOT IN ('category', 'label', 'emergency_label') OR about ~ '^[0-9]{1,3}$'),
  choice text NOT NULL CHECK (kind <> 'window' OR choice ~ '^[0-9]{1,3}$'),
  from_at timestamptz NOT NULL,
  until_at timestamptz CHECK (until_at > from_at),
  made_at timestamptz NOT NULL,
  made_by text NOT NULL,
  ended_at timestamptz,
  ended_by uuid,
  marked boolean NOT NULL DEFAULT false,
  PRIMARY KEY (resident_id, id)
);
COMMENT ON TABLE disclosure.decision IS
  'resident: what she decided, to whom (institution or person, empty: all) and about what; never deleted. ended_by: the decision that took its place, or its own id when undone, null: its time was over. marked: it was put into force (entries and visits: on the record''s rows)';
-- What a disclosure asks of her; entries and visits stand on the record's rows, and may be many.
CREATE INDEX decision_standing ON disclosure.decision (resident_id)
  WHERE ended_at IS NULL AND kind NOT IN ('entry', 'visit');
CREATE INDEX decision_on_rows ON disclosure.decision (resident_id, kind, choice)
  WHERE ended_at IS NULL AND kind IN ('entry', 'visit');
-- What the minute's sweep looks for: decisions with dates, and those that the record's rows do not bear yet.
CREATE INDEX decision_due ON disclosure.decision (resident_id)
  WHERE ended_at IS NULL AND (until_at IS NOT NULL OR NOT marked)
    OR ended_at IS NOT NULL AND marked AND kind IN ('entry', 'visit');

INSERT INTO disclosure.decision (resident_id, kind, whom, choice, from_at, made_at, made_by, marked)
  SELECT r.resident_id, 'institution', r.organisation, 'refuse', r.at, r.at, 'self', true FROM disclosure.refusal r;

CREATE TABLE disclosure.open_visit (
  resident_id uuid NOT NULL,
  organisation text NOT NULL,
  visit uuid NOT NULL,
  opened_at timestamptz NOT NULL,
  PRIMARY KEY (resident_id, organisation, visit)
);
COMMENT ON TABLE disclosure.open_visit IS
  'resident: visits under way, from the institution''s own feed: it may open her record; deleted when the visit ends';

CREATE TABLE disclosure.delegation (
  resident_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  delegate_id uuid NOT NULL,
  requester text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('guardian', 'delegate')),
  categories int NOT NULL,
  labels int NOT NULL,
  may_decide boolean NOT NULL,
  may_show_code boolean NOT NULL,
  from_at timestamptz NOT NULL,
  until_at timestamptz CHECK (until_at > from_at),
  made_at timestamptz NOT NULL,
  accepted_at timestamptz,
  ended_at timestamptz,
  PRIMARY KEY (resident_id, id)
);
COMMENT ON TABLE disclosure.delegation IS
  'resident: who acts for her, with which categories (bit 1 << category) and sensitive labels, until when; in force once accepted. requester: how her log names the one who acts';
CREATE INDEX delegation_standing ON disclosure.delegation (resident_id, requester) WHERE ended_at IS NULL;

CREATE TABLE disclosure.acts_for (
  delegate_id uuid NOT NULL,
  resident_id uuid NOT NULL,
  PRIMARY KEY (delegate_id, resident_id)
);
COMMENT ON TABLE disclosure.acts_for IS 'lookup: in whose delegations to look when somebody asks whom she acts for';

CREATE TABLE disclosure.family_code (
  code_hash bytea PRIMARY KEY,
  resident_id uuid NOT NULL,
  expires_at timestamptz NOT NULL
);
COMMENT ON TABLE disclosure.family_code IS 'lookup: one-time codes by which somebody offers to act for another, by keyed hash; deleted on use';
CREATE INDEX family_code_expiry ON disclosure.family_code (expires_at);

CREATE TABLE disclosure.code_word (
  resident_id uuid PRIMARY KEY,
  salt bytea NOT NULL,
  word_hash bytea NOT NULL,
  quiet_hash bytea NOT NULL
);
COMMENT ON TABLE disclosure.code_word IS 'resident: the word that opens her pages and the one that opens them quietly, as slow keyed hashes';

CREATE TABLE disclosure.unlocked (
  token_hash bytea PRIMARY KEY,
  resident_id uuid NOT NULL,
  quiet boolean NOT NULL,
  until timestamptz NOT NULL
);
COMMENT ON TABLE disclosure.unlocked IS 'lookup: sessions whose pages a code word opened, by keyed hash of the session''s token';
CREATE INDEX unlocked_expiry ON disclosure.unlocked (until);

GRANT SELECT, INSERT, UPDATE (ended_at, ended_by, marked) ON disclosure.decision TO carecode_disclosure;
GRANT SELECT, INSERT, UPDATE (categories, labels, accepted_at, ended_at) ON disclosure.delegation TO carecode_disclosure;
GRANT SELECT, INSERT, DELETE ON disclosure.open_visit TO carecode_disclosure;
GRANT SELECT, INSERT ON disclosure.acts_for TO carecode_disclosure;
GRANT SELECT, INSERT, DELETE ON disclosure.family_code TO carecode_disclosure;
GRANT SELECT, INSERT, UPDATE, DELETE ON disclosure.code_word, disclosure.unlocked TO carecode_disclosure;
GRANT UPDATE (value), DELETE ON disclosure.setting TO carecode_disclosure;
