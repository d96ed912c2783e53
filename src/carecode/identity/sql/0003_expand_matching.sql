-- Matching: under which keys a source record is found, why each entry was linked or not, and by which model.
--
-- Keys are keyed 64-bit hashes of two or more facts together; features and decisions are sealed outside the database.
-- A stolen copy shows how many records share a key, never which value they share.

CREATE TABLE identity.match_key (
  k bigint NOT NULL,
  resident_id uuid NOT NULL,
  rid uuid NOT NULL,
  PRIMARY KEY (k, resident_id, rid)
);
COMMENT ON TABLE identity.match_key IS 'lookup: source records by keyed hash of facts that two records of one person share';

CREATE TABLE identity.decision (
  resident_id uuid NOT NULL,
  rid uuid NOT NULL,
  at timestamptz NOT NULL,
  sealed bytea NOT NULL,
  PRIMARY KEY (resident_id, rid)
);
COMMENT ON TABLE identity.decision IS 'resident: why each source record was linked, asked about or left alone, sealed';

CREATE TABLE identity.unsettled (
  resident_id uuid PRIMARY KEY,
  since timestamptz NOT NULL
);
COMMENT ON TABLE identity.unsettled IS 'queue: entries whose decision has not become a link or a case yet';

CREATE TABLE identity.linking_model (
  place int PRIMARY KEY,
  adopted_at timestamptz NOT NULL,
  sealed bytea NOT NULL
);
COMMENT ON TABLE identity.linking_model IS 'lookup: models and frequencies as adopted, sealed; the last one decides';

-- What is known of somebody who is being looked up: whom her numbers and her source's own name, and which records share a key with her.
-- A key that more than p_most records share proves nothing and is passed over.
-- A kept plan: the tables may have been nearly empty when it was made.
CREATE FUNCTION identity.look(p_hashes bytea[], p_keys bigint[], p_most int) RETURNS TABLE (
  number_hash bytea, entry uuid, resident_id uuid, keys uuid[], entries uuid[], entry_key uuid,
  rid uuid, sealed bytea, crowded bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 4 SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
#variable_conflict use_column
BEGIN
  IF cardinality(p_hashes) > 0 THEN
    RETURN QUERY
      SELECT n.hash, n.resident_id, w.resident_id, w.keys, w.entries, w.entry_key,
        NULL::uuid, p.sealed, NULL::bigint
      FROM (
        SELECT i.number_hash AS hash, i.resident_id FROM identity.number AS i WHERE i.number_hash = ANY (p_hashes)
        UNION ALL
        SELECT i.local_hash, i.resident_id FROM identity.source_local AS i WHERE i.local_hash = ANY (p_hashes)) AS n
      CROSS JOIN LATERAL identity.as_resident(n.resident_id) AS w
      JOIN identity.person AS p ON p.resident_id = n.resident_id;
  END IF;
  RETURN QUERY
    WITH hit AS MATERIALIZED (
      SELECT asked.k, l.resident_id, l.rid, l.size
      FROM unnest(p_keys) AS asked (k)
      CROSS JOIN LATERAL (
        SELECT m.resident_id, m.rid, count(*) OVER () AS size
        FROM (SELECT i.resident_id, i.rid FROM identity.match_key AS i WHERE i.k = asked.k LIMIT p_most + 1) AS m
      ) AS l),
    near AS (SELECT DISTINCT h.resident_id, h.rid FROM hit AS h WHERE h.size <= p_most)
    SELECT NULL::bytea, c.resident_id, coalesce(b.person, c.resident_id), NULL::uuid[], NULL::uuid[], NULL::uuid,
      c.rid, s.sealed, NULL::bigint
    FROM near AS c
    JOIN identity.source_record AS s ON s.resident_id = c.resident_id AND s.rid = c.rid
    LEFT JOIN identity.membership AS b ON b.resident_id = c.resident_id AND b.closed_at IS NULL
    UNION ALL
    SELECT DISTINCT NULL::bytea, NULL::uuid, NULL::uuid, NULL::uuid[], NULL::uuid[], NULL::uuid, NULL::uuid,
      NULL::bytea, h.k
    FROM hit AS h WHERE h.size > p_most;
END
$$;

-- Keep what a source says of an entry, once, and under which keys it is found (keep_record).
CREATE FUNCTION identity.keep_found(
  p_entry uuid, p_rid uuid, p_local bytea, p_payload bytea, p_sealed bytea, p_at timestamptz, p_keys bigint[]
) RETURNS TABLE (resident_id uuid, rid uuid, fresh bool)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s'
AS $$
DECLARE
  v_kept record;
BEGIN
  SELECT f.resident_id, f.rid, f.fresh INTO v_kept
    FROM identity.keep_record(p_entry, p_rid, p_local, p_payload, p_sealed, p_at) AS f;
  IF v_kept.fresh THEN
    INSERT INTO identity.match_key (k, resident_id, rid) SELECT i.k, p_entry, p_rid FROM unnest(p_keys) AS i (k);
  END IF;
  IF v_kept.rid IS NOT NULL THEN
    RETURN QUERY SELECT v_kept.resident_id, v_kept.rid, v_kept.fresh;
  END IF;
END
$$;

-- Let registrations of one by one go on beside each other, and none beside one of many, until the transaction ends.
CREATE FUNCTION identity.wait_for_many(p_many bool) RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE WHEN p_many THEN pg_advisory_xact_lock(1769169012, 1) ELSE pg_advisory_xact_lock_shared(1769169012, 1) END;
END;

-- Register somebody new with what her source says and what was decided about her, in one commit.
-- Returns what became of it: done; named (a number of p_hashes names somebody); stale (a record that shares a strong
-- key came in between: look again); known (the source's own number names an entry already).
-- p_hashes are claimed for her; p_also are numbers of hers that may be another's, and are claimed only if they are free.
CREATE FUNCTION identity.register(
  p_resident uuid, p_key uuid, p_bearer uuid, p_person bytea, p_hashes bytea[], p_also bytea[], p_numbers bytea[],
  p_search bytea[], p_on date, p_rid uuid, p_local bytea, p_payload bytea, p_said bytea, p_at timestamptz,
  p_keys bigint[], p_strong bigint[], p_seen uuid[], p_decision bytea, p_unsettled bool
) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s'
AS $$
BEGIN
  PERFORM identity.wait_for_many(false);
  PERFORM identity.wait_for_numbers(p_hashes || p_also || p_local || ARRAY(SELECT int8send(s) FROM unnest(p_strong) AS s));
  IF EXISTS (SELECT FROM identity.number AS n WHERE n.number_hash = ANY (p_hashes)) THEN
    RETURN 'named';
  END IF;
  IF EXISTS (SELECT FROM identity.source_local AS l WHERE l.local_hash = p_local) THEN
    RETURN 'known';
  END IF;
  IF EXISTS (SELECT FROM identity.match_key AS m WHERE m.k = ANY (p_strong) AND NOT m.rid = ANY (p_seen)) THEN
    RETURN 'stale';
  END IF;
  INSERT INTO identity.resident (resident_id, bearer, created_at) VALUES (p_resident, p_bearer, p_on);
  INSERT INTO identity.bearer (bearer, resident_id) VALUES (p_bearer, p_resident);
  INSERT INTO identity.resident_key (resident_id, place, key) VALUES (p_resident, 1, p_key);
  INSERT INTO identity.record_key (key, resident_id) VALUES (p_key, p_resident);
  INSERT INTO identity.person (resident_id, sealed) VALUES (p_resident, p_person);
  INSERT INTO identity.number (number_hash, resident_id) SELECT h, p_resident FROM unnest(p_hashes || p_also) AS h
    ON CONFLICT DO NOTHING;
  INSERT INTO identity.resident_number (resident_id, number_hash, sealed, added_at)
    SELECT p_resident, t.hash, t.sealed, p_on FROM unnest(p_hashes || p_also, p_numbers) AS t (hash, sealed);
  INSERT INTO identity.searchable (search_hash, resident_id) SELECT s, p_resident FROM unnest(p_search) AS s;
  INSERT INTO identity.source_record (resident_id, rid, sealed, payload_hash, recorded_at)
    VALUES (p_resident, p_rid, p_said, p_payload, p_at);
  INSERT INTO identity.record_entry (rid, resident_id) VALUES (p_rid, p_resident);
  INSERT INTO identity.source_local (local_hash, resident_id, rid, payload_hash)
    VALUES (p_local, p_resident, p_rid, p_payload);
  INSERT INTO identity.match_key (k, resident_id, rid) SELECT i.k, p_resident, p_rid FROM unnest(p_keys) AS i (k);
  INSERT INTO identity.decision (resident_id, rid, at, sealed) VALUES (p_resident, p_rid, p_at, p_decision);
  IF p_unsettled THEN
    INSERT INTO identity.unsettled (resident_id, since) VALUES (p_resident, p_at);
  END IF;
  RETURN 'done';
END
$$;

-- Register many in one commit (register), each at its place of the first arrays; the pairs of arrays after p_at hold
-- places and values.  Returns the places left out: a number names somebody, or a record that shares a strong key is
-- not among those seen.
CREATE FUNCTION identity.register_many(
  p_residents uuid[], p_keys uuid[], p_bearers uuid[], p_people bytea[], p_rids uuid[], p_locals bytea[],
  p_payloads bytea[], p_saids bytea[], p_decisions bytea[], p_unsettled bool[], p_at timestamptz,
  p_claimed_at int[], p_claimed bytea[], p_number_at int[], p_number bytea[], p_sealed bytea[],
  p_search_at int[], p_search bytea[], p_found_at int[], p_found bigint[],
  p_strong_at int[], p_strong bigint[], p_seen_at int[], p_seen uuid[]
) RETURNS int[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '30s'
AS $$
DECLARE
  v_left int[];
BEGIN
  PERFORM identity.wait_for_many(true);
  v_left := ARRAY(
    SELECT c.at FROM unnest(p_claimed_at, p_claimed) AS c (at, hash)
      JOIN identity.number AS n ON n.number_hash = c.hash
    UNION SELECT max(c.at) FROM unnest(p_claimed_at, p_claimed) AS c (at, hash) GROUP BY c.hash HAVING count(*) > 1
    UNION SELECT l.at::int FROM unnest(p_locals) WITH ORDINALITY AS l (hash, at)
      JOIN identity.source_local AS i ON i.local_hash = l.hash
    UNION SELECT max(l.at)::int FROM unnest(p_locals) WITH ORDINALITY AS l (hash, at)
      GROUP BY l.hash HAVING count(*) > 1
    UNION SELECT s.at FROM unnest(p_strong_at, p_strong) AS s (at, k)
      JOIN identity.match_key AS m ON m.k = s.k
      WHERE NOT EXISTS (SELECT FROM unnest(p_seen_at, p_seen) AS o (at, rid) WHERE o.at = s.at AND o.rid = m.rid));
  INSERT INTO identity.resident (resident_id, bearer, created_at)
    SELECT r.id, r.bearer, p_at::date FROM unnest(p_residents, p_bearers) WITH ORDINALITY AS r (id, bearer, at)
    WHERE NOT r.at = ANY (v_left);
  INSERT INTO identity.bearer (bearer, resident_id)
    SELECT r.bearer, r.id FROM unnest(p_residents, p_bearers) WITH ORDINALITY AS r (id, bearer, at)
    WHERE NOT r.at = ANY (v_left);
  INSERT INTO identity.resident_key (resident_id, place, key)
    SELECT r.id, 1, r.key FROM unnest(p_residents, p_keys) WITH ORDINALITY AS r (id, key, at)
    WHERE NOT r.at = ANY (v_left);
  INSERT INTO identity.record_key (key, resident_id)
    SELECT r.key, r.id FROM unnest(p_residents, p_keys) WITH ORDINALITY AS r (id, key, at)
    WHERE NOT r.at = ANY (v_left);
  INSERT INTO identity.person (resident_id, sealed)
    SELECT r.id, r.sealed FROM unnest(p_residents, p_people) WITH ORDINALITY AS r (id, sealed, at)
    WHERE NOT r.at = ANY (v_left);
  INSERT INTO identity.number (number_hash, resident_id)
    SELECT n.hash, p_residents[n.at] FROM unnest(p_number_at, p_number) AS n (at, hash)
    WHERE NOT n.at = ANY (v_left) ON CONFLICT DO NOTHING;
  INSERT INTO identity.resident_number (resident_id, number_hash, sealed, added_at)
    SELECT p_residents[n.at], n.hash, n.sealed, p_at::date
    FROM unnest(p_number_at, p_number, p_sealed) AS n (at, hash, sealed) WHERE NOT n.at = ANY (v_left);
  INSERT INTO identity.searchable (search_hash, resident_id)
    SELECT s.hash, p_residents[s.at] FROM unnest(p_search_at, p_search) AS s (at, hash) WHERE NOT s.at = ANY (v_left);
  INSERT INTO identity.source_record (resident_id, rid, sealed, payload_hash, recorded_at)
    SELECT r.id, r.rid, r.said, r.payload, p_at
    FROM unnest(p_residents, p_rids, p_saids, p_payloads) WITH ORDINALITY AS r (id, rid, said, payload, at)
    WHERE NOT r.at = ANY (v_left);
  INSERT INTO identity.record_entry (rid, resident_id)
    SELECT r.rid, r.id FROM unnest(p_residents, p_rids) WITH ORDINALITY AS r (id, rid, at)
    WHERE NOT r.at = ANY (v_left);
  INSERT INTO identity.source_local (local_hash, resident_id, rid, payload_hash)
    SELECT r.local, r.id, r.rid, r.payload
    FROM unnest(p_residents, p_rids, p_locals, p_payloads) WITH ORDINALITY AS r (id, rid, local, payload, at)
    WHERE NOT r.at = ANY (v_left);
  INSERT INTO identity.match_key (k, resident_id, rid)
    SELECT f.k, p_residents[f.at], p_rids[f.at] FROM unnest(p_found_at, p_found) AS f (at, k)
    WHERE NOT f.at = ANY (v_left);
  INSERT INTO identity.decision (resident_id, rid, at, sealed)
    SELECT r.id, r.rid, p_at, r.decision
    FROM unnest(p_residents, p_rids, p_decisions) WITH ORDINALITY AS r (id, rid, decision, at)
    WHERE NOT r.at = ANY (v_left);
  INSERT INTO identity.unsettled (resident_id, since)
    SELECT r.id, p_at FROM unnest(p_residents, p_unsettled) WITH ORDINALITY AS r (id, unsettled, at)
    WHERE r.unsettled AND NOT r.at = ANY (v_left);
  RETURN v_left;
END
$$;

-- What is known of many who are being looked up, each at its place (look): the entries that their numbers name, and
-- the records that share a key.
CREATE FUNCTION identity.look_many(
  p_hash_at int[], p_hashes bytea[], p_key_at int[], p_keys bigint[], p_most int
) RETURNS TABLE (at int, number_hash bytea, entry uuid, resident_id uuid, rid uuid, sealed bytea, crowded bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT h.at, n.number_hash, n.resident_id, n.resident_id, NULL::uuid, NULL::bytea, NULL::bigint
    FROM unnest(p_hash_at, p_hashes) AS h (at, hash) JOIN identity.number AS n ON n.number_hash = h.hash
    UNION ALL
    SELECT h.at, n.local_hash, n.resident_id, n.resident_id, NULL::uuid, NULL::bytea, NULL::bigint
    FROM unnest(p_hash_at, p_hashes) AS h (at, hash) JOIN identity.source_local AS n ON n.local_hash = h.hash;
  RETURN QUERY
    WITH hit AS MATERIALIZED (
      SELECT asked.at, asked.k, l.resident_id, l.rid, l.size
      FROM unnest(p_key_at, p_keys) AS asked (at, k)
      CROSS JOIN LATERAL (
        SELECT m.resident_id, m.rid, count(*) OVER () AS size
        FROM (SELECT i.resident_id, i.rid FROM identity.match_key AS i WHERE i.k = asked.k LIMIT p_most + 1) AS m
      ) AS l),
    near AS (SELECT DISTINCT h.at, h.resident_id, h.rid FROM hit AS h WHERE h.size <= p_most)
    SELECT c.at, NULL::bytea, c.resident_id, coalesce(b.person, c.resident_id), c.rid, s.sealed, NULL::bigint
    FROM near AS c
    JOIN identity.source_record AS s ON s.resident_id = c.resident_id AND s.rid = c.rid
    LEFT JOIN identity.membership AS b ON b.resident_id = c.resident_id AND b.closed_at IS NULL
    UNION ALL
    SELECT DISTINCT h.at, NULL::bytea, NULL::uuid, NULL::uuid, NULL::uuid, NULL::bytea, h.k
    FROM hit AS h WHERE h.size > p_most;
END
$$;

-- What was decided about an entry, newest first.
CREATE FUNCTION identity.decisions_of(p_resident uuid) RETURNS TABLE (rid uuid, at timestamptz, sealed bytea)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 2 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT d.rid, d.at, d.sealed FROM identity.decision AS d WHERE d.resident_id = p_resident
  ORDER BY d.at DESC, d.rid;
END;

-- A decision became a link or a case.
CREATE FUNCTION identity.settled(p_resident uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  DELETE FROM identity.unsettled AS u WHERE u.resident_id = p_resident;
END;

-- Entries whose decision has waited since before a time, oldest first.
CREATE FUNCTION identity.unsettled_before(p_before timestamptz, p_limit int) RETURNS TABLE (resident_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT u.resident_id FROM identity.unsettled AS u WHERE u.since < p_before ORDER BY u.since LIMIT p_limit;
END;

-- Adopt a model; the number is the one after the last the caller saw, so that of two at once one is told.
CREATE FUNCTION identity.adopt_model(p_place int, p_at timestamptz, p_sealed bytea) RETURNS bool
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO identity.linking_model (place, adopted_at, sealed) VALUES (p_place, p_at, p_sealed)
    ON CONFLICT DO NOTHING;
  RETURN FOUND;
END
$$;

-- The model that decides now, if it is another than the one of place p_known.
CREATE FUNCTION identity.model_after(p_known int) RETURNS TABLE (place int, sealed bytea)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT m.place, m.sealed FROM identity.linking_model AS m WHERE m.place > p_known ORDER BY m.place DESC LIMIT 1;
END;

-- How many entries, persons of several entries, open cases and unsettled decisions there are.
CREATE FUNCTION identity.link_counts()
RETURNS TABLE (entries bigint, linked bigint, persons bigint, cases bigint, unsettled bigint)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT r.n, m.linked, r.n - m.linked, v.n, u.n
  FROM (SELECT count(*) AS n FROM identity.resident) AS r,
    (SELECT count(*) AS linked FROM identity.member) AS m,
    (SELECT count(*) AS n FROM identity.review AS c WHERE c.state = 'open') AS v,
    (SELECT count(*) AS n FROM identity.unsettled) AS u;
END;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA identity FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  identity.look(bytea[], bigint[], int),
  identity.keep_found(uuid, uuid, bytea, bytea, bytea, timestamptz, bigint[]),
  identity.register(
    uuid, uuid, uuid, bytea, bytea[], bytea[], bytea[], bytea[], date, uuid, bytea, bytea, bytea, timestamptz,
    bigint[], bigint[], uuid[], bytea, bool),
  identity.register_many(
    uuid[], uuid[], uuid[], bytea[], uuid[], bytea[], bytea[], bytea[], bytea[], bool[], timestamptz,
    int[], bytea[], int[], bytea[], bytea[], int[], bytea[], int[], bigint[], int[], bigint[], int[], uuid[]),
  identity.look_many(int[], bytea[], int[], bigint[], int),
  identity.decisions_of(uuid),
  identity.settled(uuid),
  identity.unsettled_before(timestamptz, int),
  identity.adopt_model(int, timestamptz, bytea),
  identity.model_after(int),
  identity.link_counts()
TO carecode_identity;
REVOKE EXECUTE ON FUNCTION identity.keep_record(uuid, uuid, bytea, bytea, bytea, timestamptz) FROM carecode_identity;
DROP FUNCTION identity.enrol(uuid, uuid, uuid, bytea, bytea[], bytea[], bytea[], date);
