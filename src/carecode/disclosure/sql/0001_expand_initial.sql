-- Who asks (organisations, staff, sessions) and what she decided (windows, refusals).

CREATE TABLE disclosure.setting (
  name text PRIMARY KEY,
  value text NOT NULL
);
COMMENT ON TABLE disclosure.setting IS 'operator: whether this database holds demo data';

CREATE TABLE disclosure.organisation (
  handle text PRIMARY KEY,
  name text NOT NULL,
  name_zh text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('hospital', 'clinic', 'insurer', 'platform'))
);
COMMENT ON TABLE disclosure.organisation IS 'institution: who takes part';

INSERT INTO disclosure.organisation (handle, name, name_zh, kind) VALUES ('carecode', 'CareCode', 'CareCode', 'platform');

CREATE TABLE disclosure.staff (
  id text PRIMARY KEY,
  organisation text NOT NULL REFERENCES disclosure.organisation (handle),
  role text NOT NULL,
  name text NOT NULL,
  name_zh text NOT NULL,
  title text NOT NULL,
  title_zh text NOT NULL,
  active boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE disclosure.staff IS 'institution: people and machines that ask';

CREATE TABLE disclosure.session (
  token_hash bytea PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('link', 'session', 'bearer')),
  staff_id text REFERENCES disclosure.staff (id),
  resident_id uuid,
  purpose text,
  desk_number text,
  expires_at timestamptz NOT NULL,
  CHECK (staff_id IS NOT NULL OR resident_id IS NOT NULL)
);
COMMENT ON TABLE disclosure.session IS 'lookup: sign-in links, sessions and bearer tokens by keyed hash of the token';
CREATE INDEX session_expiry ON disclosure.session (expires_at);

CREATE TABLE disclosure.enrolment (
  code_hash bytea PRIMARY KEY,
  resident_id uuid NOT NULL,
  expires_at timestamptz NOT NULL
);
COMMENT ON TABLE disclosure.enrolment IS 'lookup: one-time codes that add a phone, by keyed hash; deleted on use';

CREATE TABLE disclosure.treatment_window (
  resident_id uuid NOT NULL,
  organisation text NOT NULL,
  opened_at timestamptz NOT NULL,
  until timestamptz NOT NULL,
  PRIMARY KEY (resident_id, organisation)
);
COMMENT ON TABLE disclosure.treatment_window IS 'resident: until when a shown code lets an institution open her record';

CREATE TABLE disclosure.refusal (
  resident_id uuid NOT NULL,
  organisation text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (resident_id, organisation)
);
COMMENT ON TABLE disclosure.refusal IS 'resident: institutions she shut out';

CREATE TABLE disclosure.cast_member (
  handle text PRIMARY KEY,
  resident_id uuid NOT NULL
);
COMMENT ON TABLE disclosure.cast_member IS 'lookup: handles of the demo town; empty on any other database';

GRANT USAGE ON SCHEMA disclosure TO carecode_disclosure;
GRANT SELECT, INSERT ON disclosure.setting, disclosure.cast_member TO carecode_disclosure;
GRANT SELECT, INSERT, UPDATE ON disclosure.organisation, disclosure.staff, disclosure.treatment_window TO carecode_disclosure;
GRANT DELETE ON disclosure.treatment_window TO carecode_disclosure;
GRANT SELECT, INSERT, DELETE ON disclosure.session, disclosure.enrolment, disclosure.refusal TO carecode_disclosure;
