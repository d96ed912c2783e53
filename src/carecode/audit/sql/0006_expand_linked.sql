-- What linking means for the log: entries that are one person share their receipts' life and their list.
--
-- An entry of the index keeps her key and her chain whether she is linked or not.  The heads of all keys of a
-- person say which keys these are, so that a disclosure decided before a link or an unlink is refused after it,
-- and one that was made while several were one person is found from each of them.

ALTER TABLE audit.head ADD COLUMN keys uuid[];
COMMENT ON TABLE audit.head IS
  'resident: the end of each chain; receipts of entries up to void_at are void. keys: all of the person this key belongs to now, null: alone';

CREATE TABLE audit.named (
  resident_id uuid NOT NULL,
  chain uuid NOT NULL,
  seq bigint NOT NULL,
  PRIMARY KEY (resident_id, chain, seq)
);
COMMENT ON TABLE audit.named IS
  'resident: entries of another chain that name her key as well, made while the two were one person';

-- As before (sql/0002), but a disclosure that names other keys than those her person has at this moment is in
-- state 2 as well, and an entry that names several keys is noted for each.
CREATE OR REPLACE FUNCTION audit.append_many(
  p_keys text[], p_receipts uuid[], p_requesters text[], p_names text[], p_titles text[], p_roles text[],
  p_organisations text[], p_actions text[], p_purposes text[], p_bases text[], p_categories text[],
  p_depositors text[], p_decided timestamptz[], p_opens int[], p_untils timestamptz[]
) RETURNS TABLE (place bigint, resident_id uuid, seq bigint, at timestamptz, state smallint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET lock_timeout = '1s'
SET enable_seqscan = off  -- the kept plan may be from when the tables were nearly empty
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
  v_person int;
  v_institution int;
  v_spent text[] := '{}';
BEGIN
  IF 'disclose' = ANY (p_actions) AND NOT p_roles <@ ARRAY['system', 'resident'] THEN
    SELECT min(c.hourly) FILTER (WHERE c.kind = 'person'), min(c.hourly) FILTER (WHERE c.kind = 'institution')
      INTO v_person, v_institution FROM audit.cap c;
    v_spent := audit.spent(
      ARRAY(SELECT DISTINCT 'p:' || r FROM unnest(p_requesters) AS r) || ARRAY(SELECT DISTINCT 'i:' || o FROM unnest(p_organisations) AS o),
      array_fill(v_person, ARRAY[(SELECT count(DISTINCT r)::int FROM unnest(p_requesters) AS r)])
        || array_fill(v_institution, ARRAY[(SELECT count(DISTINCT o)::int FROM unnest(p_organisations) AS o)]));
  END IF;
  INSERT INTO audit.head AS h (resident_id, seq, hash)
    SELECT k.id, 0, sha256(uuid_send(k.id))
    FROM (SELECT DISTINCT (g.keys::uuid[])[1] AS id FROM unnest(p_keys) AS g(keys)) AS k
    WHERE NOT EXISTS (SELECT FROM audit.head o WHERE o.resident_id = k.id)
    ORDER BY k.id
    ON CONFLICT ON CONSTRAINT head_pkey DO NOTHING;
  RETURN QUERY
  WITH given AS MATERIALIZED (
    SELECT g.place, g.keys::uuid[] AS keys, g.receipt, g.requester, g.name, g.title, g.role, g.organisation,
      g.action, g.purpose, g.basis, g.categories::smallint[] AS categories, g.depositor, g.decided, g.opens, g.until
    FROM unnest(p_keys, p_receipts, p_requesters, p_names, p_titles, p_roles, p_organisations, p_actions,
      p_purposes, p_bases, p_categories, p_depositors, p_decided, p_opens, p_untils) WITH ORDINALITY
      AS g(keys, receipt, requester, name, title, role, organisation, action, purpose, basis, categories,
        depositor, decided, opens, until, place)
  ), held AS MATERIALIZED (
    SELECT h.resident_id, h.seq, h.hash, h.void_at, h.keys FROM audit.head h
    WHERE h.resident_id = ANY (ARRAY(SELECT g.keys[1] FROM given g))
    ORDER BY h.resident_id FOR UPDATE SKIP LOCKED
  ), next AS MATERIALIZED (
    SELECT g.place, ROW(h.resident_id, h.seq + 1, g.receipt, clock_timestamp(),
      translate(g.requester, E'\n', ' '), translate(g.name, E'\n', ' '), translate(g.title, E'\n', ' '), g.role,
      translate(g.organisation, E'\n', ' '), g.action, g.purpose, translate(g.basis, E'\n', ' '), g.categories,
      g.depositor, g.keys, h.hash, NULL, NULL, g.opens, g.until, 2)::audit.entry AS e
    FROM given g JOIN held h ON h.resident_id = g.keys[1]
    WHERE h.void_at < g.decided
      AND (g.action <> 'disclose' OR CASE WHEN h.keys IS NULL THEN cardinality(g.keys) = 1
        ELSE g.keys <@ h.keys AND h.keys <@ g.keys END)
      AND NOT (g.action = 'disclose' AND g.role NOT IN ('system', 'resident')
        AND ('p:' || g.requester = ANY (v_spent) OR 'i:' || g.organisation = ANY (v_spent)))
  ), counted AS (
    INSERT INTO audit.pace AS p (who, slot, n)
      SELECT w.who, date_bin('10 minutes', clock_timestamp(), 'epoch'), count(*)
      FROM next n, LATERAL (VALUES ('p:' || (n.e).requester), ('i:' || (n.e).organisation)) AS w(who)
      WHERE (n.e).action = 'disclose' AND (n.e).role NOT IN ('system', 'resident')
      GROUP BY w.who ORDER BY w.who
    ON CONFLICT ON CONSTRAINT pace_pkey DO UPDATE SET n = p.n + excluded.n
    RETURNING 1
  ), made AS (
    INSERT INTO audit.entry AS i (resident_id, seq, receipt, at, requester, requester_name, requester_title, role,
        organisation, action, purpose, basis, categories, depositor, keys, prev, hash, opens, until, form)
      SELECT (n.e).resident_id, (n.e).seq, (n.e).receipt, (n.e).at, (n.e).requester, (n.e).requester_name,
        (n.e).requester_title, (n.e).role, (n.e).organisation, (n.e).action, (n.e).purpose, (n.e).basis,
        (n.e).categories, (n.e).depositor, (n.e).keys, (n.e).prev, audit.entry_hash((n.e).prev, n.e), (n.e).opens,
        (n.e).until, (n.e).form
      FROM next n
    RETURNING i.resident_id, i.seq, i.at, i.hash
  ), moved AS (
    UPDATE audit.head h SET seq = m.seq, hash = m.hash FROM made m WHERE h.resident_id = m.resident_id
    RETURNING h.resident_id
  )
  SELECT g.place, m.resident_id, m.seq, m.at,
    (CASE WHEN m.seq IS NOT NULL THEN 0 WHEN h.resident_id IS NULL THEN 1 WHEN h.void_at >= g.decided THEN 2
      WHEN g.action = 'disclose' AND NOT CASE WHEN h.keys IS NULL THEN cardinality(g.keys) = 1
        ELSE g.keys <@ h.keys AND h.keys <@ g.keys END THEN 2
      ELSE 3 END)::smallint
  FROM given g LEFT JOIN held h ON h.resident_id = g.keys[1]
    LEFT JOIN made m ON m.resident_id = g.keys[1]
    LEFT JOIN moved v ON v.resident_id = m.resident_id
  ORDER BY g.place;
  IF array_to_string(p_keys, ' ') LIKE '%,%' THEN  -- somebody has several keys; her entry is the newest of its chain
    INSERT INTO audit.named AS x (resident_id, chain, seq)
      SELECT DISTINCT k.id, e.resident_id, e.seq
      FROM unnest(p_keys, p_receipts) AS g(keys, receipt)
      JOIN audit.head h ON h.resident_id = (g.keys::uuid[])[1]
      JOIN audit.entry e ON e.resident_id = h.resident_id AND e.seq = h.seq AND e.receipt = g.receipt
      CROSS JOIN LATERAL unnest(e.keys) AS k(id)
      WHERE k.id <> e.resident_id;
  END IF;
END $$;

-- Void every receipt of the person at once (a revocation of any of her entries); returns when it holds.
-- The clock is read after all her chains are locked, in order: an entry appended meanwhile is older and void.
CREATE OR REPLACE FUNCTION audit.void(p_resident uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_keys uuid[];
BEGIN
  INSERT INTO audit.head (resident_id, seq, hash) VALUES (p_resident, 0, sha256(uuid_send(p_resident)))
    ON CONFLICT (resident_id) DO NOTHING;
  SELECT coalesce(h.keys, ARRAY[h.resident_id]) INTO v_keys FROM audit.head h WHERE h.resident_id = p_resident;
  PERFORM FROM audit.head h WHERE h.resident_id = ANY (v_keys) ORDER BY h.resident_id FOR UPDATE;
  UPDATE audit.head h SET void_at = clock_timestamp() WHERE h.resident_id = ANY (v_keys);
END $$;

-- Who is one person has changed: say of each person which keys are hers now, and void what was opened before.
-- p_people holds one array literal of keys for each person.  The index calls this in the transaction of the
-- change, so no receipt outlives it; a disclosure decided before waits here and is then refused.
CREATE FUNCTION audit.regroup(p_people text[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_all uuid[] := ARRAY(SELECT DISTINCT k.id FROM unnest(p_people) AS p(keys) CROSS JOIN LATERAL unnest(p.keys::uuid[]) AS k(id) ORDER BY 1);
BEGIN
  INSERT INTO audit.head (resident_id, seq, hash) SELECT k.id, 0, sha256(uuid_send(k.id)) FROM unnest(v_all) AS k(id)
    ORDER BY k.id ON CONFLICT (resident_id) DO NOTHING;
  PERFORM FROM audit.head h WHERE h.resident_id = ANY (v_all) ORDER BY h.resident_id FOR UPDATE;
  UPDATE audit.head h
    SET void_at = clock_timestamp(), keys = CASE WHEN cardinality(p.keys) > 1 THEN p.keys END
    FROM (SELECT g.keys::uuid[] AS keys FROM unnest(p_people) AS g(keys)) AS p
    WHERE h.resident_id = ANY (p.keys);
END $$;

-- Her whole list: her chains, and what stands in another's because they were one person when it was made.
CREATE FUNCTION audit.list_of(p_keys uuid[]) RETURNS SETOF audit.entry
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT e.resident_id, e.seq, e.receipt, e.at, e.requester, e.requester_name, e.requester_title, e.role,
      e.organisation, e.action, e.purpose, e.basis, e.categories, e.depositor, e.keys, e.prev, e.hash, e.xid,
      e.opens, e.until, e.form
    FROM audit.entries(p_keys, NULL, NULL) AS e
  UNION ALL
  SELECT e.resident_id, e.seq, e.receipt, e.at, e.requester, e.requester_name, e.requester_title, e.role,
      e.organisation, e.action, e.purpose, e.basis, e.categories, e.depositor, e.keys, e.prev, e.hash, e.xid,
      e.opens, e.until, e.form
    FROM (
      SELECT DISTINCT n.chain, n.seq FROM audit.named n
      WHERE n.resident_id = ANY (p_keys) AND NOT n.chain = ANY (p_keys)) AS x
    JOIN audit.entry e ON e.resident_id = x.chain AND e.seq = x.seq;
END;

GRANT EXECUTE ON FUNCTION audit.list_of TO carecode_audit;
GRANT USAGE ON SCHEMA audit TO carecode_identity_owner;
GRANT EXECUTE ON FUNCTION audit.regroup TO carecode_identity_owner;
