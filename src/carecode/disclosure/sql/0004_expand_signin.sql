-- How staff and residents sign in: accounts, licences, passkeys, invitations, hospitals' own providers.
-- Of every token, challenge and invitation a keyed hash stands here, never the thing itself.

CREATE TABLE disclosure.account (
  id uuid PRIMARY KEY,
  invited_by text NOT NULL,
  at timestamptz NOT NULL
);
COMMENT ON TABLE disclosure.account IS 'institution: one person who works, at one institution or several';

ALTER TABLE disclosure.staff
  ADD COLUMN account uuid REFERENCES disclosure.account (id),
  ADD COLUMN licence text NOT NULL DEFAULT '',
  ADD COLUMN licence_from date,
  ADD COLUMN licence_until date;
CREATE INDEX staff_by_account ON disclosure.staff (account);

CREATE TABLE disclosure.passkey (
  credential_id bytea PRIMARY KEY CHECK (octet_length(credential_id) BETWEEN 16 AND 1023),
  id uuid NOT NULL UNIQUE,
  account uuid REFERENCES disclosure.account (id),
  resident_id uuid,
  public_key bytea NOT NULL CHECK (octet_length(public_key) <= 2048),
  sign_count bigint NOT NULL,
  synced boolean NOT NULL,
  added_on date NOT NULL,
  used_on date,
  CHECK ((account IS NULL) <> (resident_id IS NULL))
);
COMMENT ON TABLE disclosure.passkey IS 'lookup: public keys of passkeys, by credential id';
CREATE INDEX passkey_by_account ON disclosure.passkey (account);
CREATE INDEX passkey_by_resident ON disclosure.passkey (resident_id);

CREATE TABLE disclosure.invitation (
  token_hash bytea PRIMARY KEY,
  staff_id text NOT NULL REFERENCES disclosure.staff (id),
  made_by text NOT NULL,
  expires_at timestamptz NOT NULL
);
COMMENT ON TABLE disclosure.invitation IS 'lookup: one-time invitations to make a passkey, by keyed hash; deleted on use';
CREATE INDEX invitation_by_staff ON disclosure.invitation (staff_id);
CREATE INDEX invitation_expiry ON disclosure.invitation (expires_at);

CREATE TABLE disclosure.ceremony (
  challenge_hash bytea PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('enter', 'invited', 'join', 'add', 'unlock', 'fresh', 'phone', 'provider')),
  session_id uuid,
  account uuid,
  resident_id uuid,
  organisation text,
  invitation_hash bytea,
  began_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
COMMENT ON TABLE disclosure.ceremony IS 'lookup: challenges under way, by keyed hash; deleted on use';
CREATE INDEX ceremony_expiry ON disclosure.ceremony (expires_at);

CREATE TABLE disclosure.provider (
  organisation text PRIMARY KEY REFERENCES disclosure.organisation (handle),
  issuer text NOT NULL UNIQUE,
  client_id text NOT NULL,
  secret bytea
);
COMMENT ON TABLE disclosure.provider IS 'institution: its own OpenID provider; the client secret is sealed';

CREATE TABLE disclosure.subject (
  issuer text NOT NULL,
  subject_hash bytea NOT NULL,
  staff_id text NOT NULL REFERENCES disclosure.staff (id),
  PRIMARY KEY (issuer, subject_hash)
);
COMMENT ON TABLE disclosure.subject IS 'lookup: who signs in through a provider, by keyed hash of issuer and subject';
CREATE INDEX subject_by_staff ON disclosure.subject (staff_id);

ALTER TABLE disclosure.session
  ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(),
  ADD COLUMN how text NOT NULL DEFAULT 'link' CHECK (how IN ('link', 'digits', 'passkey', 'provider')),
  ADD COLUMN began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ADD COLUMN seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ADD COLUMN locked_at timestamptz,
  ADD COLUMN fresh_at timestamptz;
CREATE UNIQUE INDEX session_by_id ON disclosure.session (id);
CREATE INDEX session_by_resident ON disclosure.session (resident_id);
CREATE INDEX session_by_staff ON disclosure.session (staff_id);

GRANT SELECT, INSERT ON disclosure.account TO carecode_disclosure;
GRANT SELECT, INSERT, DELETE ON disclosure.invitation, disclosure.ceremony, disclosure.subject TO carecode_disclosure;
GRANT SELECT, INSERT, UPDATE, DELETE ON disclosure.provider TO carecode_disclosure;
GRANT SELECT, INSERT, DELETE, UPDATE (sign_count, used_on) ON disclosure.passkey TO carecode_disclosure;
GRANT UPDATE (seen_at, locked_at, fresh_at) ON disclosure.session TO carecode_disclosure;
