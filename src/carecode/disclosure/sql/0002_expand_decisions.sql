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

-- What decisions about these residents and requesters depend on, one row each, in the order asked.  Of several
-- decisions about one thing her own comes before a delegate's, one about this institution before one about
-- all, the newest first.  now() is before the snapshot: a decision that this statement does not see is
-- younger than decided_at, and voids what is decided on it.
CREATE FUNCTION disclosure.states(p_residents uuid[], p_organisations text[], p_requesters text[], p_now timestamptz)
RETURNS TABLE (institution text, newcomers text, person text, exchange text, everything text, keep text, emergency text,
  closed int, opened int, emergency_opened int, window_until timestamptz, visiting boolean, locked bigint,
  delegation text, categories int, labels int, delegated_until timestamptz, decided_at timestamptz)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off  -- the kept plan may be from when the tables were nearly empty
AS $$
BEGIN
RETURN QUERY
SELECT d.institution, d.newcomers, d.person, d.exchange, d.everything, d.keep, d.emergency, d.closed, d.opened,
  d.emergency_opened, (
    SELECT w.until FROM disclosure.treatment_window w
    WHERE w.resident_id = a.resident_id AND w.organisation = a.organisation AND w.until > p_now) AS window_until, EXISTS (
    SELECT FROM disclosure.open_visit v
    WHERE v.resident_id = a.resident_id AND v.organisation = a.organisation
      AND v.opened_at > p_now - interval '365 days') AS visiting, (
    SELECT count(*) FROM disclosure.decision l
    WHERE l.resident_id = a.resident_id AND l.ended_at IS NULL AND l.kind IN ('entry', 'visit') AND l.choice = 'lock'
      AND l.marked AND l.made_by <> 'quiet') AS locked,
  g.kind AS delegation, g.categories, g.labels, g.until_at AS delegated_until, now() AS decided_at
FROM unnest(p_residents, p_organisations, p_requesters) WITH ORDINALITY AS a (resident_id, organisation, requester, place)
CROSS JOIN LATERAL (
  SELECT max(s.choice) FILTER (WHERE s.kind = 'institution') AS institution,
    max(s.choice) FILTER (WHERE s.kind = 'newcomers') AS newcomers,
    max(s.choice) FILTER (WHERE s.kind = 'person') AS person,
    max(s.choice) FILTER (WHERE s.kind = 'exchange') AS exchange,
    max(s.choice) FILTER (WHERE s.kind = 'everything') AS everything,
    max(s.choice) FILTER (WHERE s.kind = 'keep') AS keep,
    max(s.choice) FILTER (WHERE s.kind = 'emergency') AS emergency,
    bit_or(1 << s.about::int) FILTER (WHERE s.kind = 'category' AND s.choice = 'close') AS closed,
    bit_or(s.about::int) FILTER (WHERE s.kind = 'label' AND s.choice = 'open') AS opened,
    bit_or(s.about::int) FILTER (WHERE s.kind = 'emergency_label' AND s.choice = 'open') AS emergency_opened
  FROM (
    SELECT DISTINCT ON (x.kind, x.about) x.kind, x.about, x.choice
    FROM disclosure.decision x
    WHERE x.resident_id = a.resident_id AND x.ended_at IS NULL AND x.kind NOT IN ('entry', 'visit')
      AND x.made_by <> 'quiet' AND x.from_at <= p_now AND (x.until_at IS NULL OR x.until_at > p_now)
      AND (x.whom = '' OR x.whom = CASE WHEN x.kind = 'person' THEN a.requester ELSE a.organisation END)
    ORDER BY x.kind, x.about, (x.made_by = 'self') DESC, (x.whom <> '') DESC, x.made_at DESC, x.id
  ) AS s
) AS d
LEFT JOIN LATERAL (
  SELECT o.kind, o.categories, o.labels, o.until_at FROM disclosure.delegation o
  WHERE a.requester LIKE 'delegate:%' AND o.resident_id = a.resident_id AND o.requester = a.requester
    AND o.ended_at IS NULL AND o.accepted_at IS NOT NULL
    AND o.from_at <= p_now AND (o.until_at IS NULL OR o.until_at > p_now)
  ORDER BY o.kind DESC, o.made_at DESC LIMIT 1
) AS g ON true
ORDER BY a.place;
END $$;

GRANT EXECUTE ON FUNCTION disclosure.states TO carecode_disclosure;
