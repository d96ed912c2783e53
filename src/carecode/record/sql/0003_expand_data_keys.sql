-- Many data keys per resident, wrapped by the key broker; each row names the key that sealed it.
--
-- Key zero is the one key that a resident had before: wrapped by the server's key ring (60 bytes), until
-- the broker adopts it.  What the broker wrapped has 52 bytes, the first four the number of its epoch.

ALTER TABLE record.data_key ADD COLUMN key_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000';
ALTER TABLE record.data_key DROP CONSTRAINT data_key_pkey;
ALTER TABLE record.data_key ADD PRIMARY KEY (resident_id, key_id);
COMMENT ON TABLE record.data_key IS 'resident: her data keys, wrapped; erase her rows and her record is erased';
-- Which keys are still to be adopted; empty afterwards.
CREATE INDEX data_key_legacy ON record.data_key (resident_id) WHERE length(wrapped) = 60;
ALTER TABLE record.resource ADD COLUMN key_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000';
ALTER TABLE record.history ADD COLUMN key_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000';

CREATE TABLE record.erasure (
  resident_id uuid PRIMARY KEY,
  at timestamptz NOT NULL
);
COMMENT ON TABLE record.erasure IS 'resident: whose keys were erased; nothing is stored for her again, and no restore brings a key back';

-- Matters: which resources have a sensitive label, so that what is stored later and points to them gets it too.
CREATE TABLE record.matter (
  resident_id uuid NOT NULL,
  id uuid NOT NULL,
  closed int NOT NULL CHECK (closed BETWEEN 1 AND 255),
  PRIMARY KEY (resident_id, id)
);
COMMENT ON TABLE record.matter IS 'resident: labels of what later resources may point to as their reason, visit, order or content';

-- Of these resources of hers those that have a label; asked while something new is stored, never by a reader.
CREATE FUNCTION record.matters(p_key uuid, p_ids uuid[]) RETURNS TABLE (id uuid, closed int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT m.id, m.closed FROM record.matter m WHERE m.resident_id = p_key AND m.id = ANY (p_ids);
END;

DROP FUNCTION record.claim_key(uuid, bytea);
DROP FUNCTION record.deposit(uuid, uuid, text, text, text, text, text, text, text, smallint[], uuid[], smallint[],
  timestamptz[], int8[], int[], bytea[], timestamptz);
DROP FUNCTION record.find(uuid, text, smallint, uuid, int8[], int8[], boolean, int, int, text);
DROP FUNCTION record.version(uuid, text, smallint, uuid, int);
DROP FUNCTION record.revise(uuid, text, uuid, smallint, uuid, int, smallint, timestamptz, int8[], bytea, timestamptz);

-- Keep the key that seals what is stored in this transaction, the first time it does.  CC002 for a
-- resident whose keys were erased; the lock lets no erasure pass between that question and the key.
CREATE FUNCTION record.keep_key(p_resident uuid, p_key_id uuid, p_wrapped bytea) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(hashtextextended(p_resident::text, 0));
  IF EXISTS (SELECT FROM record.erasure e WHERE e.resident_id = p_resident) THEN
    RAISE EXCEPTION USING ERRCODE = 'CC002', MESSAGE = 'her record is erased';
  END IF;
  INSERT INTO record.data_key (resident_id, key_id, wrapped) VALUES (p_resident, p_key_id, p_wrapped)
    ON CONFLICT (resident_id, key_id) DO NOTHING;
END $$;

-- Store a deposit and its log entry in one transaction, with the key that sealed its bodies.  Arrays run
-- in parallel, one element per resource; tokens are one flat array, ends[i] the place of the last token
-- of resource i.  p_at is the time in the bodies' meta; the log entry has the database's own.  What is labelled becomes a matter.
CREATE FUNCTION record.deposit(
  p_key uuid, p_receipt uuid, p_requester text, p_name text, p_title text, p_role text, p_organisation text,
  p_purpose text, p_basis text, p_types smallint[], p_ids uuid[], p_categories smallint[],
  p_dates timestamptz[], p_tokens int8[], p_ends int[], p_bodies bytea[], p_at timestamptz,
  p_closed int[], p_visits uuid[], p_key_id uuid, p_wrapped bytea
) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_at timestamptz;
BEGIN
  v_at := audit.append(ARRAY[p_key], p_receipt, p_requester, p_name, p_title, p_role, p_organisation,
    'deposit', p_purpose, p_basis, ARRAY(SELECT DISTINCT c FROM unnest(p_categories) AS c ORDER BY c), NULL);
  PERFORM record.keep_key(p_key, p_key_id, p_wrapped);
  INSERT INTO record.resource (resident_id, type, id, version, at, organisation, category, sort_date, deposit, tokens,
      body, closed, visit, key_id)
    SELECT p_key, r.type, r.id, 1, p_at, p_organisation, r.category, r.sort_date, p_receipt,
      p_tokens[coalesce(p_ends[r.place - 1], 0) + 1 : p_ends[r.place]], r.body, r.closed, r.visit, p_key_id
    FROM unnest(p_types, p_ids, p_categories, p_dates, p_bodies, p_closed, p_visits) WITH ORDINALITY
      AS r(type, id, category, sort_date, body, closed, visit, place);
  INSERT INTO record.matter (resident_id, id, closed)
    SELECT p_key, m.id, m.closed & 255 FROM unnest(p_ids, p_closed) AS m(id, closed) WHERE (m.closed & 255) <> 0;
  INSERT INTO record.locator (id, resident_id) SELECT i, p_key FROM unnest(p_ids) AS i;
  RETURN v_at;
END $$;

-- Read current resources under a receipt: the policy alone decides which rows exist for this caller.
-- A token group is matched when the row has any of its tokens; null groups match every row.
-- p_depositor, the receipt's own, only narrows: with it rows of others are not even looked at, so that
-- a record closed to this reader answers as soon as one that holds nothing.
CREATE FUNCTION record.find(
  p_receipt uuid, p_requester text, p_type smallint, p_id uuid, p_group1 int8[], p_group2 int8[],
  p_newest_first boolean, p_limit int, p_offset int, p_depositor text DEFAULT NULL
) RETURNS TABLE (resident_id uuid, type smallint, id uuid, version int, at timestamptz, organisation text,
  category smallint, body bytea, key_id uuid, wrapped bytea)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off  -- the kept plan may be from when the table was nearly empty
AS $$
BEGIN
  PERFORM set_config('carecode.receipt', p_receipt::text, true);
  PERFORM set_config('carecode.requester', p_requester, true);
  IF p_id IS NOT NULL THEN
    RETURN QUERY SELECT r.resident_id, r.type, r.id, r.version, r.at, r.organisation, r.category, r.body, r.key_id, k.wrapped
      FROM record.resource r JOIN record.data_key k ON k.resident_id = r.resident_id AND k.key_id = r.key_id
      WHERE r.type = p_type AND r.id = p_id;
  ELSIF p_type IS NULL AND p_depositor IS NULL THEN
    RETURN QUERY SELECT r.resident_id, r.type, r.id, r.version, r.at, r.organisation, r.category, r.body, r.key_id, k.wrapped
      FROM record.resource r JOIN record.data_key k ON k.resident_id = r.resident_id AND k.key_id = r.key_id
      ORDER BY r.resident_id, r.type, r.id LIMIT p_limit OFFSET p_offset;
  ELSIF p_type IS NULL THEN
    RETURN QUERY SELECT r.resident_id, r.type, r.id, r.version, r.at, r.organisation, r.category, r.body, r.key_id, k.wrapped
      FROM record.resource r JOIN record.data_key k ON k.resident_id = r.resident_id AND k.key_id = r.key_id
      WHERE r.organisation = p_depositor
      ORDER BY r.resident_id, r.type, r.id LIMIT p_limit OFFSET p_offset;
  ELSIF p_depositor IS NULL THEN
    RETURN QUERY SELECT r.resident_id, r.type, r.id, r.version, r.at, r.organisation, r.category, r.body, r.key_id, k.wrapped
      FROM record.resource r JOIN record.data_key k ON k.resident_id = r.resident_id AND k.key_id = r.key_id
      WHERE r.type = p_type AND (p_group1 IS NULL OR r.tokens && p_group1) AND (p_group2 IS NULL OR r.tokens && p_group2)
      ORDER BY CASE WHEN p_newest_first THEN r.sort_date END DESC NULLS LAST, CASE WHEN p_newest_first THEN r.id END DESC,
        r.sort_date ASC NULLS FIRST, r.id LIMIT p_limit OFFSET p_offset;
  ELSE
    RETURN QUERY SELECT r.resident_id, r.type, r.id, r.version, r.at, r.organisation, r.category, r.body, r.key_id, k.wrapped
      FROM record.resource r JOIN record.data_key k ON k.resident_id = r.resident_id AND k.key_id = r.key_id
      WHERE r.organisation = p_depositor AND r.type = p_type
        AND (p_group1 IS NULL OR r.tokens && p_group1) AND (p_group2 IS NULL OR r.tokens && p_group2)
      ORDER BY CASE WHEN p_newest_first THEN r.sort_date END DESC NULLS LAST, CASE WHEN p_newest_first THEN r.id END DESC,
        r.sort_date ASC NULLS FIRST, r.id LIMIT p_limit OFFSET p_offset;
  END IF;
END $$;

-- Of these resources those that a receipt opens: what points to the others must not say so.
CREATE FUNCTION record.visible(p_receipt uuid, p_requester text, p_types smallint[], p_ids uuid[]) RETURNS uuid[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off  -- the kept plan may be from when the table was nearly empty
AS $$
BEGIN
  PERFORM set_config('carecode.receipt', p_receipt::text, true);
  PERFORM set_config('carecode.requester', p_requester, true);
  RETURN ARRAY(SELECT r.id FROM unnest(p_types, p_ids) AS w(type, id)
    JOIN record.resource r ON r.type = w.type AND r.id = w.id);
END $$;

-- Read one version, current or replaced.
CREATE FUNCTION record.version(p_receipt uuid, p_requester text, p_type smallint, p_id uuid, p_version int)
RETURNS TABLE (resident_id uuid, type smallint, id uuid, version int, at timestamptz, organisation text,
  category smallint, body bytea, key_id uuid, wrapped bytea)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off  -- the kept plan may be from when the table was nearly empty
AS $$
BEGIN
  PERFORM set_config('carecode.receipt', p_receipt::text, true);
  PERFORM set_config('carecode.requester', p_requester, true);
  RETURN QUERY SELECT r.resident_id, r.type, r.id, r.version, r.at, r.organisation, r.category, r.body, r.key_id, k.wrapped
    FROM (SELECT c.* FROM record.resource c UNION ALL SELECT h.* FROM record.history h) AS r
    JOIN record.data_key k ON k.resident_id = r.resident_id AND k.key_id = r.key_id
    WHERE r.type = p_type AND r.id = p_id AND r.version = p_version;
END $$;

-- Replace a resource that this organisation deposited by its next version, with the key that sealed it;
-- needs a receipt of organisation scope.  Returns the new version, or null when there is nothing to
-- replace or p_expected (If-Match) is not the current one.  What she closed stays closed: 7680 are her own bits.
CREATE FUNCTION record.revise(
  p_receipt uuid, p_requester text, p_deposit uuid, p_type smallint, p_id uuid, p_expected int,
  p_category smallint, p_date timestamptz, p_tokens int8[], p_body bytea, p_at timestamptz, p_closed int, p_visit uuid,
  p_key_id uuid, p_wrapped bytea
) RETURNS int
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_old record.resource;
BEGIN
  PERFORM set_config('carecode.receipt', p_receipt::text, true);
  PERFORM set_config('carecode.requester', p_requester, true);
  SELECT r.* INTO v_old FROM record.resource r WHERE r.type = p_type AND r.id = p_id;
  IF NOT FOUND OR v_old.version <> p_expected THEN
    RETURN NULL;
  END IF;
  DELETE FROM record.resource r WHERE r.resident_id = v_old.resident_id AND r.type = p_type AND r.id = p_id
    AND r.version = p_expected;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  PERFORM record.keep_key(v_old.resident_id, p_key_id, p_wrapped);
  INSERT INTO record.history SELECT v_old.*;
  INSERT INTO record.resource (resident_id, type, id, version, at, organisation, category, sort_date, deposit, tokens,
      body, closed, visit, key_id)
    VALUES (v_old.resident_id, p_type, p_id, v_old.version + 1, p_at, v_old.organisation, p_category,
      p_date, p_deposit, p_tokens, p_body, p_closed | (v_old.closed & 7680), p_visit, p_key_id);
  RETURN v_old.version + 1;
END $$;

-- What the key broker asks of this room.  It sees wrapped keys and whose they are, never a row of a record.

-- Wrapped keys in the order of resident and key, after the given ones; with p_not_of only those that do
-- not begin with these four bytes, of another epoch that is.
CREATE FUNCTION record.keys_after(p_resident uuid, p_key uuid, p_limit int, p_not_of bytea DEFAULT NULL)
RETURNS TABLE (resident_id uuid, key_id uuid, wrapped bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT k.resident_id, k.key_id, k.wrapped FROM record.data_key k
  WHERE (k.resident_id, k.key_id) > (p_resident, p_key)
    AND (p_not_of IS NULL OR length(k.wrapped) <> 52 OR substring(k.wrapped FROM 1 FOR 4) <> p_not_of)
  ORDER BY k.resident_id, k.key_id LIMIT p_limit;
END;

-- Some keys from before the broker.
CREATE FUNCTION record.legacy_keys(p_limit int) RETURNS TABLE (resident_id uuid, key_id uuid, wrapped bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT k.resident_id, k.key_id, k.wrapped FROM record.data_key k
  WHERE length(k.wrapped) = 60 ORDER BY k.resident_id LIMIT p_limit;
END;

-- How many wrapped keys there are of each epoch; null for those from before the broker.
CREATE FUNCTION record.key_counts() RETURNS TABLE (epoch bytea, keys bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE WHEN length(k.wrapped) = 52 THEN substring(k.wrapped FROM 1 FOR 4) END, count(*)
  FROM record.data_key k GROUP BY 1;
END;

-- Put newly wrapped forms in the place of old ones; one that changed meanwhile stays.  How many were put.
CREATE FUNCTION record.rewrap(p_residents uuid[], p_keys uuid[], p_old bytea[], p_new bytea[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_count bigint;
BEGIN
  UPDATE record.data_key k SET wrapped = n.new
    FROM unnest(p_residents, p_keys, p_old, p_new) AS n(resident_id, key_id, old, new)
    WHERE k.resident_id = n.resident_id AND k.key_id = n.key_id AND k.wrapped = n.old;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;

-- Erase every key of one number of hers, and say so in her log: all or nothing.  How many keys there were.
CREATE FUNCTION record.erase(
  p_key uuid, p_receipt uuid, p_requester text, p_name text, p_title text, p_role text, p_organisation text
) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_count bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(p_key::text, 0));
  PERFORM audit.append(ARRAY[p_key], p_receipt, p_requester, p_name, p_title, p_role, p_organisation,
    'decide', 'PATRQT', 'erased', ARRAY[]::smallint[], NULL);
  INSERT INTO record.erasure (resident_id, at) VALUES (p_key, clock_timestamp()) ON CONFLICT (resident_id) DO NOTHING;
  DELETE FROM record.data_key k WHERE k.resident_id = p_key;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;

-- Who was erased, after the given one.
CREATE FUNCTION record.erased_after(p_resident uuid, p_limit int) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT e.resident_id FROM record.erasure e WHERE e.resident_id > p_resident ORDER BY e.resident_id LIMIT p_limit;
END;

-- Replay erasures that an older copy of the database does not know; her log told of them when they were made.
CREATE FUNCTION record.erase_again(p_residents uuid[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_count bigint;
BEGIN
  INSERT INTO record.erasure (resident_id, at) SELECT r, clock_timestamp() FROM unnest(p_residents) AS r
    ON CONFLICT (resident_id) DO NOTHING;
  DELETE FROM record.data_key k WHERE k.resident_id = ANY (p_residents);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;

-- Put wrapped keys back that are missing; none of a resident who was erased.  How many were put.
CREATE FUNCTION record.put_keys(p_residents uuid[], p_keys uuid[], p_wrapped bytea[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_count bigint;
BEGIN
  INSERT INTO record.data_key (resident_id, key_id, wrapped)
    SELECT g.resident_id, g.key_id, g.wrapped FROM unnest(p_residents, p_keys, p_wrapped) AS g(resident_id, key_id, wrapped)
    WHERE NOT EXISTS (SELECT FROM record.erasure e WHERE e.resident_id = g.resident_id)
    ON CONFLICT (resident_id, key_id) DO NOTHING;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;

ALTER FUNCTION record.count SET enable_seqscan = off;

GRANT EXECUTE ON FUNCTION record.matters, record.visible TO carecode_record;
GRANT EXECUTE ON FUNCTION record.deposit, record.find, record.version, record.revise TO carecode_record;
GRANT USAGE ON SCHEMA record TO carecode_broker;
GRANT EXECUTE ON FUNCTION record.keys_after, record.legacy_keys, record.key_counts, record.rewrap, record.erase, record.erased_after,
  record.erase_again, record.put_keys TO carecode_broker;
