-- The record: encrypted bodies under row-level security that asks the access log, not the caller.
--
-- No role has SELECT on the record's rows; definer functions read them, and their owner is under the
-- policy too (FORCE).  In clear stand type, category, depositor and one date; the rest is keyed or sealed.

CREATE TABLE record.data_key (
  resident_id uuid PRIMARY KEY,
  wrapped bytea NOT NULL
);
COMMENT ON TABLE record.data_key IS 'resident: her data key, wrapped by the key ring; erase the row and the record is erased';

CREATE TABLE record.resource (
  resident_id uuid NOT NULL,
  type smallint NOT NULL,
  id uuid NOT NULL,
  version int NOT NULL,
  at timestamptz NOT NULL,
  organisation text NOT NULL,
  category smallint NOT NULL CHECK (category BETWEEN 1 AND 11),
  sort_date timestamptz,
  deposit uuid NOT NULL,
  tokens int8[] NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (resident_id, type, id)
);
COMMENT ON TABLE record.resource IS 'resident: the current version of each resource';
ALTER TABLE record.resource ALTER COLUMN body SET STORAGE EXTERNAL;
-- A reader of one depositor's rows never touches another's: what she may not see takes no time either.
CREATE INDEX resource_by_depositor ON record.resource (resident_id, organisation, type);
-- No index on tokens: under row-level security PostgreSQL compares them only with rows the policy let pass.

CREATE TABLE record.history (LIKE record.resource INCLUDING CONSTRAINTS INCLUDING STORAGE);
ALTER TABLE record.history ADD PRIMARY KEY (resident_id, type, id, version);
COMMENT ON TABLE record.history IS 'resident: versions that a later one replaced; append-only';

CREATE TABLE record.locator (
  id uuid PRIMARY KEY,
  resident_id uuid NOT NULL
);
COMMENT ON TABLE record.locator IS 'lookup: under which key a resource stands, by its own id';

CREATE TABLE record.directory (
  type smallint NOT NULL,
  id uuid NOT NULL,
  version int NOT NULL,
  at timestamptz NOT NULL,
  organisation text NOT NULL,
  tokens int8[] NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (type, id)
);
COMMENT ON TABLE record.directory IS 'directory: organisations, practitioners, places, medicines; about no resident';
CREATE INDEX directory_by_token ON record.directory USING gin (tokens) WITH (fastupdate = off);

ALTER TABLE record.resource ENABLE ROW LEVEL SECURITY;
ALTER TABLE record.resource FORCE ROW LEVEL SECURITY;
ALTER TABLE record.history ENABLE ROW LEVEL SECURITY;
ALTER TABLE record.history FORCE ROW LEVEL SECURITY;

CREATE POLICY disclosed ON record.resource FOR SELECT USING (
  resident_id = ANY ((SELECT l.keys FROM audit.live() AS l)::uuid[])
  AND category = ANY ((SELECT l.categories FROM audit.live() AS l)::smallint[])
  AND organisation = coalesce((SELECT l.depositor FROM audit.live() AS l), organisation));
CREATE POLICY deposited ON record.resource FOR INSERT WITH CHECK (true);
CREATE POLICY replaced ON record.resource FOR DELETE USING (
  resident_id = ANY ((SELECT l.keys FROM audit.live() AS l)::uuid[])
  AND organisation = (SELECT l.depositor FROM audit.live() AS l));
CREATE POLICY disclosed ON record.history FOR SELECT USING (
  resident_id = ANY ((SELECT l.keys FROM audit.live() AS l)::uuid[])
  AND category = ANY ((SELECT l.categories FROM audit.live() AS l)::smallint[])
  AND organisation = coalesce((SELECT l.depositor FROM audit.live() AS l), organisation));
CREATE POLICY replaced ON record.history FOR INSERT WITH CHECK (true);

-- Give her data key, making it on first use; two first uses at once get the same one.
CREATE FUNCTION record.claim_key(p_resident uuid, p_wrapped bytea) RETURNS bytea
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO record.data_key (resident_id, wrapped) VALUES (p_resident, p_wrapped)
    ON CONFLICT (resident_id) DO NOTHING;
  RETURN (SELECT k.wrapped FROM record.data_key k WHERE k.resident_id = p_resident);
END $$;

-- Store a deposit and its log entry in one transaction.  Arrays run in parallel, one element per
-- resource; tokens are one flat array, ends[i] the place of the last token of resource i.  p_at is the
-- time in the bodies' meta; the log entry has the database's own.
CREATE FUNCTION record.deposit(
  p_key uuid, p_receipt uuid, p_requester text, p_name text, p_title text, p_role text, p_organisation text,
  p_purpose text, p_basis text, p_types smallint[], p_ids uuid[], p_categories smallint[],
  p_dates timestamptz[], p_tokens int8[], p_ends int[], p_bodies bytea[], p_at timestamptz
) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_at timestamptz;
BEGIN
  v_at := audit.append(ARRAY[p_key], p_receipt, p_requester, p_name, p_title, p_role, p_organisation,
    'deposit', p_purpose, p_basis, ARRAY(SELECT DISTINCT c FROM unnest(p_categories) AS c ORDER BY c), NULL);
  INSERT INTO record.resource
      (resident_id, type, id, version, at, organisation, category, sort_date, deposit, tokens, body)
    SELECT p_key, r.type, r.id, 1, p_at, p_organisation, r.category, r.sort_date, p_receipt,
      p_tokens[coalesce(p_ends[r.place - 1], 0) + 1 : p_ends[r.place]], r.body
    FROM unnest(p_types, p_ids, p_categories, p_dates, p_bodies) WITH ORDINALITY
      AS r(type, id, category, sort_date, body, place);
  INSERT INTO record.locator (id, resident_id) SELECT i, p_key FROM unnest(p_ids) AS i;
  RETURN v_at;
END $$;

-- The functions that read keep one plan: planning anew each time takes as long as the read, and has
-- nothing to choose from, because every read goes by resident first.

-- Read current resources under a receipt: the policy alone decides which rows exist for this caller.
-- A token group is matched when the row has any of its tokens; null groups match every row.
-- p_depositor, the receipt's own, only narrows: with it rows of others are not even looked at, so that
-- a record closed to this reader answers as soon as one that holds nothing.
CREATE FUNCTION record.find(
  p_receipt uuid, p_requester text, p_type smallint, p_id uuid, p_group1 int8[], p_group2 int8[],
  p_newest_first boolean, p_limit int, p_offset int, p_depositor text DEFAULT NULL
) RETURNS TABLE (resident_id uuid, type smallint, id uuid, version int, at timestamptz, organisation text,
  category smallint, body bytea, wrapped bytea)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
  PERFORM set_config('carecode.receipt', p_receipt::text, true);
  PERFORM set_config('carecode.requester', p_requester, true);
  IF p_id IS NOT NULL THEN
    RETURN QUERY SELECT r.resident_id, r.type, r.id, r.version, r.at, r.organisation, r.category, r.body, k.wrapped
      FROM record.resource r JOIN record.data_key k ON k.resident_id = r.resident_id
      WHERE r.type = p_type AND r.id = p_id;
  ELSIF p_type IS NULL AND p_depositor IS NULL THEN
    RETURN QUERY SELECT r.resident_id, r.type, r.id, r.version, r.at, r.organisation, r.category, r.body, k.wrapped
      FROM record.resource r JOIN record.data_key k ON k.resident_id = r.resident_id
      ORDER BY r.resident_id, r.type, r.id LIMIT p_limit OFFSET p_offset;
  ELSIF p_type IS NULL THEN
    RETURN QUERY SELECT r.resident_id, r.type, r.id, r.version, r.at, r.organisation, r.category, r.body, k.wrapped
      FROM record.resource r JOIN record.data_key k ON k.resident_id = r.resident_id
      WHERE r.organisation = p_depositor
      ORDER BY r.resident_id, r.type, r.id LIMIT p_limit OFFSET p_offset;
  ELSIF p_depositor IS NULL THEN
    RETURN QUERY SELECT r.resident_id, r.type, r.id, r.version, r.at, r.organisation, r.category, r.body, k.wrapped
      FROM record.resource r JOIN record.data_key k ON k.resident_id = r.resident_id
      WHERE r.type = p_type AND (p_group1 IS NULL OR r.tokens && p_group1) AND (p_group2 IS NULL OR r.tokens && p_group2)
      ORDER BY CASE WHEN p_newest_first THEN r.sort_date END DESC NULLS LAST, CASE WHEN p_newest_first THEN r.id END DESC,
        r.sort_date ASC NULLS FIRST, r.id LIMIT p_limit OFFSET p_offset;
  ELSE
    RETURN QUERY SELECT r.resident_id, r.type, r.id, r.version, r.at, r.organisation, r.category, r.body, k.wrapped
      FROM record.resource r JOIN record.data_key k ON k.resident_id = r.resident_id
      WHERE r.organisation = p_depositor AND r.type = p_type
        AND (p_group1 IS NULL OR r.tokens && p_group1) AND (p_group2 IS NULL OR r.tokens && p_group2)
      ORDER BY CASE WHEN p_newest_first THEN r.sort_date END DESC NULLS LAST, CASE WHEN p_newest_first THEN r.id END DESC,
        r.sort_date ASC NULLS FIRST, r.id LIMIT p_limit OFFSET p_offset;
  END IF;
END $$;

-- Count what ``find`` would return without a limit.
CREATE FUNCTION record.count(
  p_receipt uuid, p_requester text, p_type smallint, p_group1 int8[], p_group2 int8[], p_depositor text DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
  PERFORM set_config('carecode.receipt', p_receipt::text, true);
  PERFORM set_config('carecode.requester', p_requester, true);
  IF p_depositor IS NULL THEN
    RETURN (SELECT count(*) FROM record.resource r
      WHERE (p_type IS NULL OR r.type = p_type)
        AND (p_group1 IS NULL OR r.tokens && p_group1) AND (p_group2 IS NULL OR r.tokens && p_group2));
  END IF;
  RETURN (SELECT count(*) FROM record.resource r
    WHERE r.organisation = p_depositor AND (p_type IS NULL OR r.type = p_type)
      AND (p_group1 IS NULL OR r.tokens && p_group1) AND (p_group2 IS NULL OR r.tokens && p_group2));
END $$;

-- Read one version, current or replaced.
CREATE FUNCTION record.version(p_receipt uuid, p_requester text, p_type smallint, p_id uuid, p_version int)
RETURNS TABLE (resident_id uuid, type smallint, id uuid, version int, at timestamptz, organisation text,
  category smallint, body bytea, wrapped bytea)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
  PERFORM set_config('carecode.receipt', p_receipt::text, true);
  PERFORM set_config('carecode.requester', p_requester, true);
  RETURN QUERY SELECT r.resident_id, r.type, r.id, r.version, r.at, r.organisation, r.category, r.body, k.wrapped
    FROM (SELECT c.* FROM record.resource c UNION ALL SELECT h.* FROM record.history h) AS r
    JOIN record.data_key k ON k.resident_id = r.resident_id
    WHERE r.type = p_type AND r.id = p_id AND r.version = p_version;
END $$;

-- Replace a resource that this organisation deposited by its next version; needs a receipt of
-- organisation scope.  Returns the new version, or null when there is nothing to replace or
-- p_expected (If-Match) is not the current one.
CREATE FUNCTION record.revise(
  p_receipt uuid, p_requester text, p_deposit uuid, p_type smallint, p_id uuid, p_expected int,
  p_category smallint, p_date timestamptz, p_tokens int8[], p_body bytea, p_at timestamptz
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
  INSERT INTO record.history SELECT v_old.*;
  INSERT INTO record.resource
      (resident_id, type, id, version, at, organisation, category, sort_date, deposit, tokens, body)
    VALUES (v_old.resident_id, p_type, p_id, v_old.version + 1, p_at, v_old.organisation, p_category,
      p_date, p_deposit, p_tokens, p_body);
  RETURN v_old.version + 1;
END $$;

-- Under which key a resource stands; says nothing of whether this caller may read it.
CREATE FUNCTION record.locate(p_id uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT l.resident_id FROM record.locator l WHERE l.id = p_id;
END;

GRANT USAGE ON SCHEMA record TO carecode_record;
GRANT EXECUTE ON FUNCTION record.claim_key, record.deposit, record.find, record.count, record.version,
  record.revise, record.locate TO carecode_record;
GRANT SELECT, INSERT ON record.directory TO carecode_record;
