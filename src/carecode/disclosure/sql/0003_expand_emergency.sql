-- Break-glass, what she says about looks, legal orders, and the privacy officers' work.
-- Words that a person typed stand here sealed, bound to their row.

ALTER TABLE disclosure.organisation DROP CONSTRAINT organisation_kind_check;
ALTER TABLE disclosure.organisation ADD CONSTRAINT organisation_kind_check
  CHECK (kind IN ('hospital', 'clinic', 'insurer', 'platform', 'authority'));

CREATE TABLE disclosure.emergency (
  resident_id uuid NOT NULL,
  id uuid NOT NULL,
  staff_id text NOT NULL,
  staff_name text NOT NULL,
  staff_title text NOT NULL,
  organisation text NOT NULL,
  reason text NOT NULL CHECK (reason IN ('unconscious', 'life-threatening', 'cannot-consent', 'other')),
  words bytea NOT NULL,
  declared_at timestamptz NOT NULL,
  until timestamptz NOT NULL,
  ended_at timestamptz,
  attested text CHECK (attested IN ('treated', 'not-needed', 'mistake')),
  attested_words bytea,
  attested_at timestamptz,
  verdict text CHECK (verdict IN ('right', 'not-right')),
  verdict_words bytea,
  verdict_by text,
  verdict_at timestamptz,
  PRIMARY KEY (resident_id, id),
  CHECK (until > declared_at AND until <= declared_at + interval '60 minutes'),
  CHECK (verdict_by IS NULL OR verdict_by <> staff_id)
);
COMMENT ON TABLE disclosure.emergency IS 'resident: records opened without her, by whom and why, what the second person found';

CREATE TABLE disclosure.report (
  resident_id uuid NOT NULL,
  about uuid NOT NULL,
  organisation text NOT NULL,
  said text NOT NULL CHECK (said IN ('right', 'not-there', 'ask')),
  words bytea,
  made_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL CHECK (due_at <= made_at + interval '7 days'),
  answer bytea,
  answered_by text,
  answered_at timestamptz,
  PRIMARY KEY (resident_id, about)
);
COMMENT ON TABLE disclosure.report IS 'resident: what she said about a look (its receipt) or an emergency (its id), and the answer';

CREATE TABLE disclosure.legal_order (
  resident_id uuid NOT NULL,
  id uuid NOT NULL,
  organisation text NOT NULL,
  entered_by text NOT NULL,
  entered_name text NOT NULL,
  entered_at timestamptz NOT NULL,
  entered_on date NOT NULL,
  body text NOT NULL,
  basis text NOT NULL,
  reference bytea NOT NULL,
  categories smallint[] NOT NULL CHECK (cardinality(categories) > 0),
  from_on date NOT NULL,
  to_on date NOT NULL,
  sealed_until date,
  opening bytea NOT NULL,
  commitment bytea NOT NULL CHECK (octet_length(commitment) = 32),
  refused_by text,
  refused_at timestamptz,
  claimed_at timestamptz,
  statement uuid,
  published_at timestamptz,
  PRIMARY KEY (resident_id, id),
  CHECK (to_on >= from_on AND to_on <= from_on + 366),
  CHECK (sealed_until <= entered_on + 180)
);
COMMENT ON TABLE disclosure.legal_order IS 'resident: orders of courts and the like; reference and opening (nonce and name of the public commitment) are sealed';
CREATE INDEX legal_order_unpublished ON disclosure.legal_order (resident_id) WHERE statement IS NULL;
CREATE INDEX legal_order_by_institution ON disclosure.legal_order (organisation, entered_at);
CREATE INDEX legal_order_published ON disclosure.legal_order (published_at);

CREATE TABLE disclosure.order_approval (
  resident_id uuid NOT NULL,
  order_id uuid NOT NULL,
  organisation text NOT NULL,
  staff_id text NOT NULL,
  staff_name text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (resident_id, order_id, organisation),
  UNIQUE (resident_id, order_id, staff_id)
);
COMMENT ON TABLE disclosure.order_approval IS 'resident: who approved an order; one of each body, each another person';

CREATE TABLE disclosure.order_week (
  week date PRIMARY KEY,
  orders int NOT NULL,
  sealed int NOT NULL,
  statement uuid,
  claimed_at timestamptz NOT NULL
);
COMMENT ON TABLE disclosure.order_week IS 'operator: the weekly counts of legal orders that were said in public, by Monday';

CREATE TABLE disclosure.task (
  organisation text NOT NULL,
  id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('emergency', 'report', 'anomaly', 'order', 'cap')),
  resident_id uuid,
  subject uuid,
  person text,
  person_name text NOT NULL,
  note bytea,
  opened_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL CHECK (due_at > opened_at),
  ends_at timestamptz,
  escalated_at timestamptz,
  matched text CHECK (matched IN ('found', 'none')),
  matched_at timestamptz,
  decided text CHECK (decided IN ('right', 'not-right', 'answered', 'approved', 'refused')),
  decided_words bytea,
  decided_by text,
  decided_name text,
  decided_at timestamptz,
  PRIMARY KEY (organisation, id),
  CHECK (decided_by IS NULL OR decided_by IS DISTINCT FROM person OR kind NOT IN ('emergency', 'anomaly', 'cap'))
);
COMMENT ON TABLE disclosure.task IS 'institution: what waits for its privacy officers and what they decided; nothing clinical. person: whom it is about';
CREATE INDEX task_open ON disclosure.task (due_at) WHERE decided_at IS NULL;
CREATE INDEX task_of_person ON disclosure.task (organisation, person, opened_at);
CREATE INDEX task_of_subject ON disclosure.task (organisation, subject);

-- Declare an emergency unless it runs already or a cap is used up; tells which.  One institution at a time,
-- so that two declarations at once cannot both be the last one allowed.
CREATE FUNCTION disclosure.declare_emergency(
  p_resident uuid, p_id uuid, p_staff text, p_name text, p_title text, p_organisation text, p_reason text,
  p_words bytea, p_now timestamptz, p_until timestamptz, p_due timestamptz, p_caps int[]
) RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_running_person bigint;
  v_day_person bigint;
  v_running_all bigint;
  v_day_all bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('carecode emergency ' || p_organisation, 0));
  IF EXISTS (SELECT FROM disclosure.emergency e WHERE e.resident_id = p_resident AND e.staff_id = p_staff
      AND e.organisation = p_organisation AND e.until > p_now AND e.ended_at IS NULL) THEN
    RETURN 'runs';
  END IF;
  SELECT count(*) FILTER (WHERE t.person = p_staff AND t.ends_at > p_now), count(*) FILTER (WHERE t.person = p_staff),
      count(*) FILTER (WHERE t.ends_at > p_now), count(*)
    INTO v_running_person, v_day_person, v_running_all, v_day_all
    FROM disclosure.task t WHERE t.organisation = p_organisation AND t.kind = 'emergency'
      AND t.opened_at > p_now - interval '24 hours';
  IF v_running_person >= p_caps[1] OR v_day_person >= p_caps[2] THEN
    RETURN 'person';
  END IF;
  IF v_running_all >= p_caps[3] OR v_day_all >= p_caps[4] THEN
    RETURN 'institution';
  END IF;
  INSERT INTO disclosure.emergency (resident_id, id, staff_id, staff_name, staff_title, organisation, reason, words,
      declared_at, until)
    VALUES (p_resident, p_id, p_staff, p_name, p_title, p_organisation, p_reason, p_words, p_now, p_until);
  INSERT INTO disclosure.task (organisation, id, kind, resident_id, subject, person, person_name, opened_at, due_at, ends_at)
    VALUES (p_organisation, p_id, 'emergency', p_resident, p_id, p_staff, p_name, p_now, p_due, p_until);
  RETURN 'declared';
END $$;
REVOKE ALL ON FUNCTION disclosure.declare_emergency FROM PUBLIC;
GRANT EXECUTE ON FUNCTION disclosure.declare_emergency TO carecode_disclosure;

GRANT SELECT, INSERT, UPDATE (ended_at, attested, attested_words, attested_at, verdict, verdict_words, verdict_by,
  verdict_at) ON disclosure.emergency TO carecode_disclosure;
GRANT SELECT, INSERT, UPDATE (said, words, made_at, due_at, answer, answered_by, answered_at) ON disclosure.report
  TO carecode_disclosure;
GRANT SELECT, INSERT, UPDATE (refused_by, refused_at, claimed_at, statement, published_at) ON disclosure.legal_order
  TO carecode_disclosure;
GRANT SELECT, INSERT ON disclosure.order_approval TO carecode_disclosure;
GRANT SELECT, INSERT, UPDATE (statement, claimed_at) ON disclosure.order_week TO carecode_disclosure;
GRANT SELECT, INSERT, UPDATE (ends_at, escalated_at, matched, matched_at, decided, decided_words, decided_by,
  decided_name, decided_at) ON disclosure.task TO carecode_disclosure;
