-- The life of a link: who is one person now and was before, every event that made it so, and the pins of people.
--
-- An entry is a resident as she was registered.  She keeps her key, her numbers and her facts; a link only says
-- to which person, named by its leading entry, she belongs.  An entry that was never linked has no row here.
-- Bodies of events and source records are sealed outside the database; here stand random ids, times and hashes.

CREATE TABLE identity.source_record (
  resident_id uuid NOT NULL,
  rid uuid NOT NULL,
  sealed bytea NOT NULL,
  payload_hash bytea NOT NULL,
  supersedes uuid,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (resident_id, rid)
);
COMMENT ON TABLE identity.source_record IS 'resident: what each source said of her, sealed; never changed';

CREATE TABLE identity.source_local (
  local_hash bytea PRIMARY KEY,
  resident_id uuid NOT NULL,
  rid uuid NOT NULL,
  payload_hash bytea NOT NULL
);
COMMENT ON TABLE identity.source_local IS 'lookup: the newest record of a source by keyed hash of its own number';

CREATE TABLE identity.record_entry (
  rid uuid PRIMARY KEY,
  resident_id uuid NOT NULL
);
COMMENT ON TABLE identity.record_entry IS 'lookup: of which entry a source record speaks';

CREATE TABLE identity.membership (
  resident_id uuid NOT NULL,
  place int NOT NULL,
  person uuid NOT NULL,
  opened_at timestamptz NOT NULL,
  opened_by uuid NOT NULL,
  closed_at timestamptz,
  closed_by uuid,
  PRIMARY KEY (resident_id, place)
);
COMMENT ON TABLE identity.membership IS 'resident: to whom an entry belonged from when to when; none is to herself';
CREATE UNIQUE INDEX membership_open ON identity.membership (resident_id) INCLUDE (person) WHERE closed_at IS NULL;

CREATE TABLE identity.member (
  resident_id uuid NOT NULL,
  entry uuid NOT NULL,
  PRIMARY KEY (resident_id, entry)
);
COMMENT ON TABLE identity.member IS 'resident: the other entries that are one person with a leading one now';

CREATE SEQUENCE identity.link_event_number;

CREATE TABLE identity.link_event (
  event_id uuid PRIMARY KEY,
  number bigint NOT NULL,
  kind text NOT NULL,
  at timestamptz NOT NULL,
  touched uuid[] NOT NULL,
  body_hash bytea NOT NULL,
  sealed bytea NOT NULL
);
COMMENT ON TABLE identity.link_event IS 'lookup: everything that happened to links, sealed; only ever added';

CREATE TABLE identity.link_chain (
  resident_id uuid NOT NULL,
  seq bigint NOT NULL,
  event_id uuid NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (resident_id, seq)
);
COMMENT ON TABLE identity.link_chain IS 'resident: the events that touch an entry or person, each hash following the last';

CREATE TABLE identity.link_head (
  resident_id uuid PRIMARY KEY,
  seq bigint NOT NULL,
  hash bytea NOT NULL,
  at timestamptz NOT NULL
);
COMMENT ON TABLE identity.link_head IS 'resident: the end of her chain of link events';
CREATE INDEX link_head_at ON identity.link_head (at);

CREATE TABLE identity.link_mark (
  entry uuid NOT NULL,
  other uuid NOT NULL,
  mark text NOT NULL CHECK (mark IN ('must', 'cannot', 'dismissed')),
  PRIMARY KEY (entry, other)
);
COMMENT ON TABLE identity.link_mark IS 'lookup: what people decided about two entries, once from either side';

CREATE TABLE identity.review (
  review_id uuid PRIMARY KEY,
  state text NOT NULL CHECK (state IN ('', 'open', 'closed')),
  entries uuid[] NOT NULL,
  opened_at timestamptz NOT NULL
);
COMMENT ON TABLE identity.review IS 'queue: cases that a person decides, by number';
CREATE INDEX review_open ON identity.review (opened_at, review_id) WHERE state = 'open';

-- To whom an entry belongs now.
CREATE FUNCTION identity.person_of(p_entry uuid) RETURNS uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN coalesce(
  (SELECT m.person FROM identity.membership AS m WHERE m.resident_id = p_entry AND m.closed_at IS NULL), p_entry);

-- The entries of a person, her leading one among them.
CREATE FUNCTION identity.entries_of(p_person uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE ROWS 2 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT p_person UNION ALL SELECT m.entry FROM identity.member AS m WHERE m.resident_id = p_person;
END;

-- The person an entry belongs to: her leading entry, her keys, whose each is, and the key of the entry itself.
CREATE FUNCTION identity.as_resident(
  p_entry uuid, OUT resident_id uuid, OUT keys uuid[], OUT entries uuid[], OUT entry_key uuid)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT p.leader, o.keys, o.entries, o.entry_key
  FROM (SELECT identity.person_of(p_entry) AS leader OFFSET 0) AS p
  CROSS JOIN LATERAL (
    SELECT array_agg(k.key ORDER BY k.resident_id <> p.leader, r.created_at, k.resident_id, k.place) AS keys,
      array_agg(k.resident_id ORDER BY k.resident_id <> p.leader, r.created_at, k.resident_id, k.place) AS entries,
      (array_agg(k.key ORDER BY k.place) FILTER (WHERE k.resident_id = p_entry))[1] AS entry_key
    FROM identity.entries_of(p.leader) AS e (entry)
    JOIN identity.resident AS r ON r.resident_id = e.entry
    JOIN identity.resident_key AS k ON k.resident_id = e.entry) AS o;
END;

DROP FUNCTION identity.named_by(bytea[]);
CREATE FUNCTION identity.named_by(p_hashes bytea[]) RETURNS TABLE (
  number_hash bytea, entry uuid, resident_id uuid, keys uuid[], entries uuid[], entry_key uuid, person bytea)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT n.number_hash, n.resident_id, w.resident_id, w.keys, w.entries, w.entry_key, p.sealed
  FROM identity.number AS n
  CROSS JOIN LATERAL identity.as_resident(n.resident_id) AS w
  JOIN identity.person AS p ON p.resident_id = n.resident_id
  WHERE n.number_hash = ANY (p_hashes);
END;

DROP FUNCTION identity.found_by(bytea, int);
CREATE FUNCTION identity.found_by(p_search bytea, p_limit int)
RETURNS TABLE (resident_id uuid, keys uuid[], entries uuid[], entry_key uuid)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT w.resident_id, w.keys, w.entries, w.entry_key
  FROM (
    SELECT DISTINCT identity.person_of(i.resident_id) AS leader
    FROM identity.searchable AS i WHERE i.search_hash = p_search ORDER BY 1 LIMIT p_limit) AS s
  CROSS JOIN LATERAL identity.as_resident(s.leader) AS w
  ORDER BY w.resident_id;
END;

DROP FUNCTION identity.held_under(uuid);
CREATE FUNCTION identity.held_under(p_key uuid)
RETURNS TABLE (resident_id uuid, keys uuid[], entries uuid[], entry_key uuid)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT w.resident_id, w.keys, w.entries, w.entry_key
  FROM identity.record_key AS i CROSS JOIN LATERAL identity.as_resident(i.resident_id) AS w WHERE i.key = p_key;
END;

DROP FUNCTION identity.held_by(uuid);
CREATE FUNCTION identity.held_by(p_bearer uuid)
RETURNS TABLE (resident_id uuid, keys uuid[], entries uuid[], entry_key uuid)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT w.resident_id, w.keys, w.entries, w.entry_key
  FROM identity.bearer AS i CROSS JOIN LATERAL identity.as_resident(i.resident_id) AS w WHERE i.bearer = p_bearer;
END;

-- One entry: her own health code's number and sealed facts, and the keys of the person she belongs to.
DROP FUNCTION identity.one(uuid);
CREATE FUNCTION identity.one(p_resident uuid)
RETURNS TABLE (bearer uuid, keys uuid[], entries uuid[], entry_key uuid, person bytea)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT r.bearer, w.keys, w.entries, w.entry_key, p.sealed
  FROM identity.resident AS r JOIN identity.person AS p ON p.resident_id = r.resident_id
  CROSS JOIN LATERAL identity.as_resident(r.resident_id) AS w
  WHERE r.resident_id = p_resident;
END;

-- The numbers of the person an entry belongs to, each sealed for its own entry, oldest first.
DROP FUNCTION identity.numbers_of(uuid);
CREATE FUNCTION identity.numbers_of(p_resident uuid) RETURNS TABLE (entry uuid, sealed bytea)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 4 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT n.resident_id, n.sealed
  FROM identity.entries_of(identity.person_of(p_resident)) AS e (entry)
  JOIN identity.resident_number AS n ON n.resident_id = e.entry
  ORDER BY n.added_at, n.resident_id <> p_resident, n.number_hash;
END;

-- As before, but a number of another entry of the same person is no other resident's.
CREATE OR REPLACE FUNCTION identity.add(
  p_resident uuid, p_seen bytea, p_person bytea, p_hashes bytea[], p_numbers bytea[], p_search bytea[], p_on date
) RETURNS uuid[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s'
AS $$
DECLARE
  v_others uuid[];
BEGIN
  IF cardinality(p_hashes) > 0 THEN
    PERFORM identity.wait_for_numbers(p_hashes);
    SELECT array_agg(DISTINCT n.resident_id) INTO v_others
      FROM identity.number AS n WHERE n.number_hash = ANY (p_hashes)
        AND identity.person_of(n.resident_id) <> identity.person_of(p_resident);
    IF v_others IS NOT NULL THEN
      RETURN v_others;
    END IF;
    WITH fresh AS (
      INSERT INTO identity.number (number_hash, resident_id) SELECT h, p_resident FROM unnest(p_hashes) AS h
        ON CONFLICT DO NOTHING RETURNING number_hash)
    INSERT INTO identity.resident_number (resident_id, number_hash, sealed, added_at)
      SELECT p_resident, t.hash, t.sealed, p_on FROM unnest(p_hashes, p_numbers) AS t (hash, sealed)
      JOIN fresh AS f ON f.number_hash = t.hash
      ON CONFLICT DO NOTHING;
  END IF;
  UPDATE identity.person SET sealed = p_person WHERE resident_id = p_resident AND sealed = p_seen;
  INSERT INTO identity.searchable (search_hash, resident_id) SELECT s, p_resident FROM unnest(p_search) AS s
    ON CONFLICT DO NOTHING;
  RETURN ARRAY[]::uuid[];
END
$$;

-- Keep what a source says of an entry, once.  Returns the newest record under the source's own number and its
-- entry: another entry than the given one when somebody else was first, and then nothing was kept.
CREATE FUNCTION identity.keep_record(
  p_entry uuid, p_rid uuid, p_local bytea, p_payload bytea, p_sealed bytea, p_at timestamptz
) RETURNS TABLE (resident_id uuid, rid uuid, fresh bool)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s'
AS $$
#variable_conflict use_column
DECLARE
  v_known identity.source_local;
BEGIN
  PERFORM identity.wait_for_numbers(ARRAY[p_local]);
  SELECT l.local_hash, l.resident_id, l.rid, l.payload_hash INTO v_known
    FROM identity.source_local AS l WHERE l.local_hash = p_local;
  IF FOUND AND (v_known.resident_id <> p_entry OR v_known.payload_hash = p_payload) THEN
    RETURN QUERY SELECT v_known.resident_id, v_known.rid, false;
    RETURN;
  END IF;
  IF NOT EXISTS (SELECT FROM identity.resident AS r WHERE r.resident_id = p_entry) THEN
    RETURN;
  END IF;
  INSERT INTO identity.source_record (resident_id, rid, sealed, payload_hash, supersedes, recorded_at)
    VALUES (p_entry, p_rid, p_sealed, p_payload, v_known.rid, p_at);
  INSERT INTO identity.record_entry (rid, resident_id) VALUES (p_rid, p_entry);
  INSERT INTO identity.source_local (local_hash, resident_id, rid, payload_hash)
    VALUES (p_local, p_entry, p_rid, p_payload)
    ON CONFLICT (local_hash) DO UPDATE SET rid = p_rid, payload_hash = p_payload;
  RETURN QUERY SELECT p_entry, p_rid, true;
END
$$;

-- What every source says of the person an entry belongs to.
CREATE FUNCTION identity.records_of(p_entry uuid)
RETURNS TABLE (resident_id uuid, rid uuid, sealed bytea, supersedes uuid, recorded_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 4 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT s.resident_id, s.rid, s.sealed, s.supersedes, s.recorded_at
  FROM identity.entries_of(identity.person_of(p_entry)) AS e (entry)
  JOIN identity.source_record AS s ON s.resident_id = e.entry
  ORDER BY s.recorded_at, s.rid;
END;

-- Of which entry a source record speaks.
CREATE FUNCTION identity.entry_of_record(p_rid uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (SELECT r.resident_id FROM identity.record_entry AS r WHERE r.rid = p_rid);

-- The person an entry belongs to now, and her entries.
CREATE FUNCTION identity.together(p_entry uuid) RETURNS TABLE (person uuid, entries uuid[])
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT p.leader, (SELECT array_agg(e.entry ORDER BY e.entry) FROM identity.entries_of(p.leader) AS e (entry))
  FROM (SELECT identity.person_of(p_entry) AS leader OFFSET 0) AS p
  WHERE EXISTS (SELECT FROM identity.resident AS r WHERE r.resident_id = p_entry);
END;

-- Every event that touches anybody whom an event of these entries touches, in order: at most p_limit.
-- A loop, so that each step probes the indexes, however large the tables are.
CREATE FUNCTION identity.link_events(p_entries uuid[], p_limit int)
RETURNS TABLE (event_id uuid, sealed bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_events uuid[] := ARRAY[]::uuid[];
  v_new_events uuid[];
  v_people uuid[] := p_entries;
  v_new_people uuid[] := p_entries;
BEGIN
  WHILE cardinality(v_new_people) > 0 AND cardinality(v_events) <= p_limit LOOP
    v_new_events := ARRAY(
      SELECT DISTINCT c.event_id FROM identity.link_chain AS c
      WHERE c.resident_id = ANY (v_new_people) AND NOT c.event_id = ANY (v_events));
    EXIT WHEN cardinality(v_new_events) = 0;
    v_events := v_events || v_new_events;
    v_new_people := ARRAY(
      SELECT DISTINCT t.id FROM identity.link_event AS e CROSS JOIN unnest(e.touched) AS t (id)
      WHERE e.event_id = ANY (v_new_events) AND NOT t.id = ANY (v_people));
    v_people := v_people || v_new_people;
  END LOOP;
  RETURN QUERY SELECT e.event_id, e.sealed FROM identity.link_event AS e
    WHERE e.event_id = ANY (v_events) ORDER BY e.number LIMIT p_limit;
END
$$;

-- Of whom one event was.
CREATE FUNCTION identity.link_touched(p_event uuid) RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (SELECT e.touched FROM identity.link_event AS e WHERE e.event_id = p_event);

-- The newest events of an entry or person, newest first.
CREATE FUNCTION identity.link_history(p_entry uuid, p_limit int)
RETURNS TABLE (seq bigint, hash bytea, event_id uuid, body_hash bytea, sealed bytea)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 10 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT c.seq, c.hash, c.event_id, e.body_hash, e.sealed
  FROM (
    SELECT l.seq, l.hash, l.event_id FROM identity.link_chain AS l
    WHERE l.resident_id = p_entry ORDER BY l.seq DESC LIMIT p_limit) AS c
  JOIN identity.link_event AS e ON e.event_id = c.event_id
  ORDER BY c.seq DESC;
END;

-- The heads of the chains that grew since a time: hashes and times only, which name nobody.
CREATE FUNCTION identity.link_heads(p_since timestamptz, p_limit int) RETURNS TABLE (hash bytea, at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT h.hash, h.at FROM identity.link_head AS h WHERE h.at >= p_since ORDER BY h.at, h.hash LIMIT p_limit;
END;

-- Cases that wait for a person, oldest first: numbers and times only.
CREATE FUNCTION identity.link_reviews(p_limit int) RETURNS TABLE (review_id uuid, opened_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT r.review_id, r.opened_at FROM identity.review AS r
  WHERE r.state = 'open' ORDER BY r.opened_at, r.review_id LIMIT p_limit;
END;

-- The entries of one case, and how it stands.
CREATE FUNCTION identity.link_review(p_review uuid) RETURNS TABLE (state text, entries uuid[], opened_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT r.state, r.entries, r.opened_at FROM identity.review AS r WHERE r.review_id = p_review;
END;

-- Make two changes of the same people wait for each other, until the transaction ends.
CREATE FUNCTION identity.wait_for_people(p_people uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_lock bigint;
BEGIN
  FOREACH v_lock IN ARRAY (
    SELECT array_agg(DISTINCT k.lock ORDER BY k.lock)
    FROM (SELECT ('x' || right(replace(p::text, '-', ''), 16))::bit(64)::bigint AS lock
      FROM unnest(p_people) AS p) AS k)
  LOOP
    PERFORM pg_advisory_xact_lock(v_lock);
  END LOOP;
END
$$;

-- Put who moved where they belong now.
CREATE FUNCTION identity.link_move(p_event uuid, p_at timestamptz, p_moves jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_move record;
BEGIN
  FOR v_move IN SELECT m.entry, m.before, m.after FROM jsonb_to_recordset(p_moves) AS m (entry uuid, before uuid, after uuid)
  LOOP
    IF identity.person_of(v_move.entry) <> v_move.before
      OR NOT EXISTS (SELECT FROM identity.resident AS r WHERE r.resident_id = v_move.entry) THEN
      RAISE EXCEPTION 'the index does not hold what its events say' USING ERRCODE = 'data_corrupted';
    END IF;
    UPDATE identity.membership AS m SET closed_at = p_at, closed_by = p_event
      WHERE m.resident_id = v_move.entry AND m.closed_at IS NULL;
    INSERT INTO identity.membership (resident_id, place, person, opened_at, opened_by)
      SELECT v_move.entry, coalesce(max(m.place), 0) + 1, v_move.after, p_at, p_event
      FROM identity.membership AS m WHERE m.resident_id = v_move.entry;
    DELETE FROM identity.member AS m WHERE m.resident_id = v_move.before AND m.entry = v_move.entry;
    INSERT INTO identity.member (resident_id, entry)
      SELECT v_move.after, v_move.entry WHERE v_move.after <> v_move.entry;
  END LOOP;
END
$$;

-- Keep what people decided about pairs, and how cases stand.
CREATE FUNCTION identity.link_decide(p_at timestamptz, p_entries uuid[], p_markings jsonb, p_reviewing jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  DELETE FROM identity.link_mark AS k
    USING jsonb_to_recordset(p_markings) AS m (first uuid, second uuid)
    WHERE (k.entry, k.other) IN ((m.first, m.second), (m.second, m.first));
  INSERT INTO identity.link_mark (entry, other, mark)
    SELECT s.entry, s.other, m.after
    FROM jsonb_to_recordset(p_markings) AS m (first uuid, second uuid, after text)
    CROSS JOIN LATERAL (VALUES (m.first, m.second), (m.second, m.first)) AS s (entry, other)
    WHERE m.after <> '';
  INSERT INTO identity.review AS r (review_id, state, entries, opened_at)
    SELECT c.review, c.after, p_entries, p_at
    FROM jsonb_to_recordset(p_reviewing) AS c (review uuid, after text)
    ON CONFLICT (review_id) DO UPDATE SET state = excluded.state;
END
$$;

-- Append one event, if the chains of everybody it was decided on are still as they were seen.
-- Returns what became of it: done, stale (look again), broken (the chains were changed), unknown (no such entry).
CREATE FUNCTION identity.link_append(
  p_event uuid, p_kind text, p_at timestamptz, p_touched uuid[], p_hashes bytea[], p_body_hash bytea,
  p_sealed bytea, p_entries uuid[], p_seen uuid[], p_seen_seqs bigint[], p_seen_hashes bytea[], p_changes jsonb
) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s'
AS $$
DECLARE
  v_stale bool;
  v_broken bool;
BEGIN
  PERFORM identity.wait_for_people(p_seen);
  SELECT bool_or(coalesce(h.seq, 0) <> s.seq), bool_or(h.seq = s.seq AND h.hash <> s.hash) INTO v_stale, v_broken
    FROM unnest(p_seen, p_seen_seqs, p_seen_hashes) AS s (id, seq, hash)
    LEFT JOIN identity.link_head AS h ON h.resident_id = s.id;
  IF v_stale OR v_broken THEN
    RETURN CASE WHEN v_broken THEN 'broken' ELSE 'stale' END;
  END IF;
  IF EXISTS (SELECT FROM unnest(p_touched) AS t (id)
    WHERE NOT EXISTS (SELECT FROM identity.resident AS r WHERE r.resident_id = t.id)) THEN
    RETURN 'unknown';
  END IF;
  INSERT INTO identity.link_event (event_id, number, kind, at, touched, body_hash, sealed)
    VALUES (p_event, nextval('identity.link_event_number'), p_kind, p_at, p_touched, p_body_hash, p_sealed);
  INSERT INTO identity.link_chain (resident_id, seq, event_id, hash)
    SELECT t.id, coalesce(h.seq, 0) + 1, p_event, t.hash
    FROM unnest(p_touched, p_hashes) AS t (id, hash) LEFT JOIN identity.link_head AS h ON h.resident_id = t.id;
  INSERT INTO identity.link_head AS h (resident_id, seq, hash, at)
    SELECT t.id, 1, t.hash, p_at FROM unnest(p_touched, p_hashes) AS t (id, hash)
    ON CONFLICT (resident_id) DO UPDATE SET seq = h.seq + 1, hash = excluded.hash, at = excluded.at;
  PERFORM identity.link_move(p_event, p_at, p_changes -> 'moves');
  IF jsonb_array_length(p_changes -> 'markings') + jsonb_array_length(p_changes -> 'reviewing') > 0 THEN
    PERFORM identity.link_decide(p_at, p_entries, p_changes -> 'markings', p_changes -> 'reviewing');
  END IF;
  RETURN 'done';
END
$$;

DROP FUNCTION identity.keys_of(uuid);

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA identity FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  identity.named_by(bytea[]),
  identity.found_by(bytea, int),
  identity.held_under(uuid),
  identity.held_by(uuid),
  identity.one(uuid),
  identity.numbers_of(uuid),
  identity.keep_record(uuid, uuid, bytea, bytea, bytea, timestamptz),
  identity.records_of(uuid),
  identity.entry_of_record(uuid),
  identity.together(uuid),
  identity.link_events(uuid[], int),
  identity.link_touched(uuid),
  identity.link_history(uuid, int),
  identity.link_heads(timestamptz, int),
  identity.link_reviews(int),
  identity.link_review(uuid),
  identity.link_append(
    uuid, text, timestamptz, uuid[], bytea[], bytea, bytea, uuid[], uuid[], bigint[], bytea[], jsonb)
TO carecode_identity;
