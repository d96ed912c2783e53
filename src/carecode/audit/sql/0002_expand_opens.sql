-- What a receipt opens beyond categories, until when at most, and disclosures sealed together.
--
-- ``opens`` are the bits of Closed (kernel vocabulary) that a receipt may see; ``until`` ends it before
-- its ten minutes, when the right it was given on ends.  Both stand in the entry and in its hash.

ALTER TABLE audit.entry ADD COLUMN opens int, ADD COLUMN until timestamptz, ADD COLUMN form smallint;
ALTER TABLE audit.sealed ADD COLUMN own text NOT NULL DEFAULT '', ADD COLUMN until timestamptz,
  ADD COLUMN barred int NOT NULL DEFAULT -1;
DROP INDEX audit.sealed_at;  -- only the minute's sweep used it, and every receipt paid for it

-- SHA-256 of each number, hexadecimal, by comma.
CREATE FUNCTION audit.digests(p_ids uuid[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$ BEGIN
IF cardinality(p_ids) = 1 THEN
  RETURN encode(sha256(uuid_send(p_ids[1])), 'hex');
END IF;
RETURN (SELECT string_agg(encode(sha256(uuid_send(k.id)), 'hex'), ',' ORDER BY k.place)
  FROM unnest(p_ids) WITH ORDINALITY AS k(id, place));
END $$;

-- What is hashed of an entry of form 2 (audit.entry_hash), as text.
CREATE FUNCTION audit.entry_words(e audit.entry) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$ BEGIN
RETURN concat_ws(E'\n', e.form, encode(sha256(uuid_send(e.resident_id)), 'hex'), e.seq,
  e.receipt, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e.requester, e.requester_name,
  e.requester_title, e.role, e.organisation, e.action, e.purpose, e.basis, array_to_string(e.categories, ','),
  coalesce(e.depositor, '-'), audit.digests(e.keys), e.opens,
  to_char(e.until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'));
END $$;

-- What is hashed: every field, one line each, in this order, UTF-8.  No field can hold a line feed.  From
-- form 2 on her numbers stand as their SHA-256 (hexadecimal; hers is also the beginning of her chain), so
-- that she can be given all that is hashed without the number itself.  What is null has no line.
CREATE OR REPLACE FUNCTION audit.entry_hash(prev bytea, e audit.entry) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$ BEGIN
IF e.form IS NULL THEN
  RETURN sha256(prev || convert_to(concat_ws(E'\n',
    e.resident_id, e.seq, e.receipt, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    e.requester, e.requester_name, e.requester_title, e.role, e.organisation, e.action, e.purpose, e.basis,
    array_to_string(e.categories, ','), coalesce(e.depositor, '-'), array_to_string(e.keys, ',')), 'UTF8'));
END IF;
RETURN sha256(prev || convert_to(audit.entry_words(e), 'UTF8'));
END $$;

-- What a receipt does not open, as bits: 1 << category, 1 << 15 for what other institutions wrote, and
-- each bit of Closed << 16.  A row shows when it has none of them (record's row policy).
CREATE FUNCTION audit.barred(p_categories smallint[], p_depositor text, p_opens int) RETURNS int
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_bits int := 4094 | ((~coalesce(p_opens, 0) & 8191) << 16);
  v_category smallint;
BEGIN
  IF p_depositor IS NOT NULL THEN
    v_bits := v_bits | 32768;
  END IF;
  FOREACH v_category IN ARRAY p_categories LOOP
    IF v_category BETWEEN 1 AND 11 THEN  -- a shift by more would come round to another bit
      v_bits := v_bits & ~(1 << v_category);
    END IF;
  END LOOP;
  RETURN v_bits;
END $$;

-- How often a person and an institution may disclose within an hour; the policy says what follows.  Counted
-- in slots of ten minutes, for people only: a machine opens what its own institution wrote.
CREATE TABLE audit.cap (
  kind text PRIMARY KEY CHECK (kind IN ('person', 'institution')),
  hourly int NOT NULL CHECK (hourly > 0)
);
COMMENT ON TABLE audit.cap IS 'operator: disclosures within an hour, per person and per institution';
INSERT INTO audit.cap (kind, hourly) VALUES ('person', 60), ('institution', 6000);

CREATE UNLOGGED TABLE audit.pace (
  who text NOT NULL,
  slot timestamptz NOT NULL,
  n int NOT NULL,
  PRIMARY KEY (who, slot)
) WITH (fillfactor = 50);
COMMENT ON TABLE audit.pace IS 'lookup: disclosures of a person or institution by ten minutes; swept after two hours';

-- Which of these askers have used up their hour.
CREATE FUNCTION audit.spent(p_who text[], p_hourly int[]) RETURNS text[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off  -- the kept plan may be from when the tables were nearly empty
AS $$ BEGIN
RETURN ARRAY(SELECT w.who FROM unnest(p_who, p_hourly) AS w(who, hourly) WHERE w.hourly <= (SELECT sum(p.n) FROM audit.pace p
  WHERE p.who = w.who AND p.slot > clock_timestamp() - interval '1 hour'));
END $$;

DROP PROCEDURE audit.seal(uuid[], uuid, text, text, text, text, text, text, text, smallint[], text, timestamptz, timestamptz);
DROP FUNCTION audit.append(uuid[], uuid, text, text, text, text, text, text, text, text, smallint[], text, timestamptz);

-- Append entries to the chains of as many residents, each once in a call, in one statement.  The caller
-- commits; until then nothing can be read under them.  Lists are PostgreSQL array literals.  The state
-- of each: 0 appended, 1 another transaction holds her chain (nothing was written; ask again alone),
-- 2 her decisions changed since p_decided, so the decision must be made anew (nothing was written),
-- 3 the asker or the institution has used up its hour (nothing was written).
CREATE FUNCTION audit.append_many(
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
    SELECT h.resident_id, h.seq, h.hash, h.void_at FROM audit.head h
    WHERE h.resident_id = ANY (ARRAY(SELECT g.keys[1] FROM given g))
    ORDER BY h.resident_id FOR UPDATE SKIP LOCKED
  ), next AS MATERIALIZED (
    SELECT g.place, ROW(h.resident_id, h.seq + 1, g.receipt, clock_timestamp(),
      translate(g.requester, E'\n', ' '), translate(g.name, E'\n', ' '), translate(g.title, E'\n', ' '), g.role,
      translate(g.organisation, E'\n', ' '), g.action, g.purpose, translate(g.basis, E'\n', ' '), g.categories,
      g.depositor, g.keys, h.hash, NULL, NULL, g.opens, g.until, 2)::audit.entry AS e
    FROM given g JOIN held h ON h.resident_id = g.keys[1]
    WHERE h.void_at < g.decided
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
      ELSE 3 END)::smallint
  FROM given g LEFT JOIN held h ON h.resident_id = g.keys[1]
    LEFT JOIN made m ON m.resident_id = g.keys[1]
    LEFT JOIN moved v ON v.resident_id = m.resident_id
  ORDER BY g.place;
END $$;

-- Append one entry to her chain, waiting up to a second for whoever holds it.  CC001 is state 2 above, CC003 state 3.
CREATE FUNCTION audit.append(
  p_keys uuid[], p_receipt uuid, p_requester text, p_name text, p_title text, p_role text, p_organisation text,
  p_action text, p_purpose text, p_basis text, p_categories smallint[], p_depositor text,
  p_decided timestamptz DEFAULT 'infinity', p_opens int DEFAULT NULL, p_until timestamptz DEFAULT NULL
) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '1s'
AS $$
DECLARE
  v_at timestamptz;
  v_state smallint;
BEGIN
  LOOP  -- again only when somebody else made her head at this moment
    PERFORM FROM audit.head h WHERE h.resident_id = p_keys[1] FOR UPDATE;
    SELECT a.at, a.state INTO v_at, v_state FROM audit.append_many(ARRAY[p_keys::text], ARRAY[p_receipt],
      ARRAY[p_requester], ARRAY[p_name], ARRAY[p_title], ARRAY[p_role], ARRAY[p_organisation], ARRAY[p_action],
      ARRAY[p_purpose], ARRAY[p_basis], ARRAY[p_categories::text], ARRAY[p_depositor], ARRAY[p_decided],
      ARRAY[p_opens], ARRAY[p_until]) AS a;
    IF v_state = 2 THEN
      RAISE EXCEPTION USING ERRCODE = 'CC001', MESSAGE = 'her decisions changed meanwhile';
    ELSIF v_state = 3 THEN
      RAISE EXCEPTION USING ERRCODE = 'CC003', MESSAGE = 'the hour is used up';
    END IF;
    EXIT WHEN v_state = 0;
  END LOOP;
  RETURN v_at;
END $$;

-- Write the receipts of entries that an earlier transaction committed; how many were made now.  Only
-- disclosures open rows.
CREATE FUNCTION audit.mark_many(p_residents uuid[], p_seqs bigint[], p_receipts uuid[]) RETURNS int
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off  -- the kept plan may be from when the tables were nearly empty
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
  v_made int;
BEGIN
  INSERT INTO audit.sealed (receipt, resident_id, requester, keys, categories, depositor, at, target, own, until, barred)
    SELECT e.receipt, e.resident_id, e.requester, e.keys, e.categories, e.depositor, e.at, pg_current_wal_insert_lsn(),
      e.organisation, e.until, audit.barred(e.categories, e.depositor, e.opens)
    FROM unnest(p_residents, p_seqs, p_receipts) AS g(resident_id, seq, receipt)
    JOIN audit.entry e ON e.resident_id = g.resident_id AND e.seq = g.seq AND e.receipt = g.receipt
    WHERE e.action = 'disclose'
      AND e.xid IS DISTINCT FROM pg_current_xact_id_if_assigned()
      AND current_setting('transaction_isolation') = 'read committed'
    ON CONFLICT (receipt) DO NOTHING;
  GET DIAGNOSTICS v_made = ROW_COUNT;
  RETURN v_made;
END $$;

-- Write the receipt of one entry among the newest 64 of her chain; tells whether it was made now.
CREATE OR REPLACE FUNCTION audit.mark(p_resident uuid, p_receipt uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_seq bigint;
BEGIN
  SELECT e.seq INTO v_seq FROM audit.entry e
    WHERE e.resident_id = p_resident AND e.receipt = p_receipt
      AND e.seq > (SELECT h.seq FROM audit.head h WHERE h.resident_id = p_resident) - 64
    ORDER BY e.seq DESC LIMIT 1;  -- it is nearly always the newest: look there first
  RETURN audit.mark_many(ARRAY[p_resident], ARRAY[v_seq], ARRAY[p_receipt]) > 0;
END $$;

-- Append, commit, mark, commit: one round trip and one flush for many disclosures.  The caller holds no
-- transaction open.  p_at is null where p_state is not 0, with the states of append_many.
CREATE PROCEDURE audit.seal_many(
  p_keys text[], p_receipts uuid[], p_requesters text[], p_names text[], p_titles text[], p_roles text[],
  p_organisations text[], p_purposes text[], p_bases text[], p_categories text[], p_depositors text[],
  p_decided timestamptz[], p_opens int[], p_untils timestamptz[],
  INOUT p_at timestamptz[] DEFAULT NULL, INOUT p_state smallint[] DEFAULT NULL
)
LANGUAGE plpgsql AS $$
DECLARE
  v_residents uuid[];
  v_seqs bigint[];
BEGIN
  -- This commit need not wait: the next one flushes both, and no row opens before the flush.
  PERFORM pg_catalog.set_config('synchronous_commit', 'off', true);
  SELECT pg_catalog.array_agg(a.resident_id), pg_catalog.array_agg(a.seq), pg_catalog.array_agg(a.at),
      pg_catalog.array_agg(a.state)
    INTO v_residents, v_seqs, p_at, p_state
    FROM audit.append_many(p_keys, p_receipts, p_requesters, p_names, p_titles, p_roles, p_organisations,
      pg_catalog.array_fill('disclose'::text, ARRAY[pg_catalog.cardinality(p_keys)]), p_purposes, p_bases,
      p_categories, p_depositors, p_decided, p_opens, p_untils) AS a;
  COMMIT;
  PERFORM pg_catalog.set_config('synchronous_commit', 'on', true);
  PERFORM audit.mark_many(v_residents, v_seqs, p_receipts);
  -- A transaction that wrote only to an UNLOGGED table would not wait for its flush; this one does.
  PERFORM pg_catalog.pg_logical_emit_message(true, 'carecode', '');
  COMMIT;
END $$;

-- The same for one, which waits up to a second for whoever holds her chain.
CREATE PROCEDURE audit.seal(
  p_keys uuid[], p_receipt uuid, p_requester text, p_name text, p_title text, p_role text, p_organisation text,
  p_purpose text, p_basis text, p_categories smallint[], p_depositor text, p_decided timestamptz, p_opens int,
  p_until timestamptz, INOUT p_at timestamptz DEFAULT NULL
)
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_catalog.set_config('synchronous_commit', 'off', true);
  p_at := audit.append(p_keys, p_receipt, p_requester, p_name, p_title, p_role, p_organisation,
    'disclose', p_purpose, p_basis, p_categories, p_depositor, p_decided, p_opens, p_until);
  COMMIT;
  PERFORM pg_catalog.set_config('synchronous_commit', 'on', true);
  PERFORM audit.mark(p_keys[1], p_receipt);
  PERFORM pg_catalog.pg_logical_emit_message(true, 'carecode', '');
  COMMIT;
END $$;

-- What the record's row policy asks: whose rows does the receipt in force open, now, and which not?
-- VOLATILE and plpgsql: evaluated at each use, by the wall clock; STABLE forms served a revoked cursor.
CREATE FUNCTION audit.sight(OUT keys uuid[], OUT own text, OUT barred int)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off  -- the kept plan may be from when the tables were nearly empty
AS $$
BEGIN
  SELECT s.keys, s.own, s.barred INTO sight.keys, sight.own, sight.barred
    FROM audit.sealed s JOIN audit.head h ON h.resident_id = s.resident_id
    WHERE s.receipt = nullif(current_setting('carecode.receipt', true), '')::uuid
      AND s.requester = current_setting('carecode.requester', true)
      AND s.target <= pg_current_wal_flush_lsn()
      AND clock_timestamp() < least(s.at + interval '10 minutes', s.until)
      AND s.at > h.void_at
      AND current_setting('transaction_isolation') = 'read committed';
END $$;

-- Her newest entries, newest first, each chain read by its key from its end.  Without a limit all of them: for
-- a query that leaves some out, and must do so before it counts.
CREATE OR REPLACE FUNCTION audit.entries(p_keys uuid[], p_before bigint, p_limit int) RETURNS SETOF audit.entry
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT e.resident_id, e.seq, e.receipt, e.at, e.requester, e.requester_name, e.requester_title, e.role,
      e.organisation, e.action, e.purpose, e.basis, e.categories, e.depositor, e.keys, e.prev, e.hash, e.xid,
      e.opens, e.until, e.form
    FROM unnest(p_keys) AS k(id) CROSS JOIN LATERAL (
      SELECT n.resident_id, n.seq, n.receipt, n.at, n.requester, n.requester_name, n.requester_title, n.role,
          n.organisation, n.action, n.purpose, n.basis, n.categories, n.depositor, n.keys, n.prev, n.hash, n.xid,
          n.opens, n.until, n.form
        FROM audit.entry n WHERE n.resident_id = k.id AND n.seq < coalesce(p_before, 9223372036854775807)
        ORDER BY n.seq DESC LIMIT CASE WHEN p_limit IS NOT NULL THEN least(p_limit, 1000) END
    ) AS e
    ORDER BY e.at DESC, e.seq DESC LIMIT CASE WHEN p_limit IS NOT NULL THEN least(p_limit, 1000) END;
END;

-- The form from before, for a program that still asks it.
CREATE OR REPLACE FUNCTION audit.live(OUT keys uuid[], OUT categories smallint[], OUT depositor text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  SELECT s.keys, s.categories, s.depositor INTO live.keys, live.categories, live.depositor
    FROM audit.sight() AS t JOIN audit.sealed s ON s.keys = t.keys
    WHERE s.receipt = nullif(current_setting('carecode.receipt', true), '')::uuid;
END $$;

CREATE OR REPLACE FUNCTION audit.is_live(p_receipt uuid, p_requester text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('carecode.receipt', p_receipt::text, true);
  PERFORM set_config('carecode.requester', p_requester, true);
  RETURN (SELECT t.keys IS NOT NULL FROM audit.sight() AS t);
END $$;

CREATE OR REPLACE FUNCTION audit.prune() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_count bigint;
BEGIN
  DELETE FROM audit.pace p WHERE p.slot < clock_timestamp() - interval '2 hours';
  DELETE FROM audit.sealed s WHERE s.at < clock_timestamp() - interval '11 minutes';
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;

-- The operator's own figures.
CREATE FUNCTION audit.set_cap(p_kind text, p_hourly int) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN
  UPDATE audit.cap c SET hourly = p_hourly WHERE c.kind = p_kind;
END $$;

GRANT EXECUTE ON FUNCTION audit.set_cap TO carecode_audit;
GRANT EXECUTE ON FUNCTION audit.append, audit.append_many, audit.mark_many TO carecode_audit;
GRANT EXECUTE ON PROCEDURE audit.seal, audit.seal_many TO carecode_audit;
GRANT EXECUTE ON FUNCTION audit.append, audit.sight TO carecode_record_owner;
