-- Closed resources: why each row is closed (bits of Closed in the kernel's vocabulary) and which visit it
-- belongs to.  The row policy compares what a row has with what the receipt in force does not open.

ALTER TABLE record.resource ADD COLUMN closed int NOT NULL DEFAULT 0 CHECK (closed BETWEEN 0 AND 8191),
  ADD COLUMN visit uuid;
ALTER TABLE record.history ADD COLUMN closed int NOT NULL DEFAULT 0 CHECK (closed BETWEEN 0 AND 8191),
  ADD COLUMN visit uuid;

DROP POLICY disclosed ON record.resource;
DROP POLICY replaced ON record.resource;
DROP POLICY disclosed ON record.history;

-- A row's bits as audit.barred has them: 1 << category, 1 << 15 when another institution wrote it, closed << 16.
-- 1023 are the bits that never close a row to the institution that wrote it (DEPOSITOR_SEES).
CREATE POLICY disclosed ON record.resource FOR SELECT USING (
  resident_id = ANY ((SELECT t.keys FROM audit.sight() AS t)::uuid[])
  AND (((1 << category)
    | CASE WHEN organisation = (SELECT t.own FROM audit.sight() AS t) THEN (closed & ~1023) << 16
           ELSE (closed << 16) | 32768 END)
    & (SELECT t.barred FROM audit.sight() AS t)) = 0);
CREATE POLICY disclosed ON record.history FOR SELECT USING (
  resident_id = ANY ((SELECT t.keys FROM audit.sight() AS t)::uuid[])
  AND (((1 << category)
    | CASE WHEN organisation = (SELECT t.own FROM audit.sight() AS t) THEN (closed & ~1023) << 16
           ELSE (closed << 16) | 32768 END)
    & (SELECT t.barred FROM audit.sight() AS t)) = 0);
-- Only under a receipt of organisation scope, and only what that organisation wrote.
CREATE POLICY replaced ON record.resource FOR DELETE USING (
  resident_id = ANY ((SELECT t.keys FROM audit.sight() AS t)::uuid[])
  AND organisation = (SELECT t.own FROM audit.sight() AS t)
  AND ((SELECT t.barred FROM audit.sight() AS t) & 32768) <> 0);
-- She alone closes and opens: under a receipt of her own, which bars nothing.
CREATE POLICY closable ON record.resource FOR UPDATE USING (
  resident_id = ANY ((SELECT t.keys FROM audit.sight() AS t)::uuid[])
  AND (SELECT t.own FROM audit.sight() AS t) = 'self' AND (SELECT t.barred FROM audit.sight() AS t) = 0);
CREATE POLICY closable ON record.history FOR UPDATE USING (
  resident_id = ANY ((SELECT t.keys FROM audit.sight() AS t)::uuid[])
  AND (SELECT t.own FROM audit.sight() AS t) = 'self' AND (SELECT t.barred FROM audit.sight() AS t) = 0);

-- Close and open resources of hers, by their ids or by their visits, every version alike; which were met.
CREATE FUNCTION record.close(
  p_receipt uuid, p_requester text, p_ids uuid[], p_visits uuid[], p_set int, p_clear int
) RETURNS TABLE (id uuid, type smallint, category smallint, before int)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('carecode.receipt', p_receipt::text, true);
  PERFORM set_config('carecode.requester', p_requester, true);
  UPDATE record.history h SET closed = (h.closed & ~p_clear) | p_set
    WHERE h.id = ANY (p_ids) OR h.visit = ANY (p_visits) OR h.id = ANY (p_visits);
  RETURN QUERY WITH old AS MATERIALIZED (
    SELECT r.resident_id, r.type, r.id, r.category, r.closed FROM record.resource r
    WHERE r.id = ANY (p_ids) OR r.visit = ANY (p_visits) OR r.id = ANY (p_visits)
  )
  UPDATE record.resource r SET closed = (r.closed & ~p_clear) | p_set FROM old o
    WHERE r.resident_id = o.resident_id AND r.type = o.type AND r.id = o.id
    RETURNING r.id, r.type, r.category, o.closed;
END $$;

DROP FUNCTION record.deposit(uuid, uuid, text, text, text, text, text, text, text, smallint[], uuid[], smallint[],
  timestamptz[], int8[], int[], bytea[], timestamptz);
DROP FUNCTION record.revise(uuid, text, uuid, smallint, uuid, int, smallint, timestamptz, int8[], bytea, timestamptz);

-- Store a deposit and its log entry in one transaction.  Arrays run in parallel, one element per
-- resource; tokens are one flat array, ends[i] the place of the last token of resource i.  p_at is the
-- time in the bodies' meta; the log entry has the database's own.
CREATE FUNCTION record.deposit(
  p_key uuid, p_receipt uuid, p_requester text, p_name text, p_title text, p_role text, p_organisation text,
  p_purpose text, p_basis text, p_types smallint[], p_ids uuid[], p_categories smallint[],
  p_dates timestamptz[], p_tokens int8[], p_ends int[], p_bodies bytea[], p_at timestamptz,
  p_closed int[], p_visits uuid[]
) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_at timestamptz;
BEGIN
  v_at := audit.append(ARRAY[p_key], p_receipt, p_requester, p_name, p_title, p_role, p_organisation,
    'deposit', p_purpose, p_basis, ARRAY(SELECT DISTINCT c FROM unnest(p_categories) AS c ORDER BY c), NULL);
  INSERT INTO record.resource
      (resident_id, type, id, version, at, organisation, category, sort_date, deposit, tokens, body, closed, visit)
    SELECT p_key, r.type, r.id, 1, p_at, p_organisation, r.category, r.sort_date, p_receipt,
      p_tokens[coalesce(p_ends[r.place - 1], 0) + 1 : p_ends[r.place]], r.body, r.closed, r.visit
    FROM unnest(p_types, p_ids, p_categories, p_dates, p_bodies, p_closed, p_visits) WITH ORDINALITY
      AS r(type, id, category, sort_date, body, closed, visit, place);
  INSERT INTO record.locator (id, resident_id) SELECT i, p_key FROM unnest(p_ids) AS i;
  RETURN v_at;
END $$;

-- Replace a resource that this organisation deposited by its next version; needs a receipt of
-- organisation scope.  Returns the new version, or null when there is nothing to replace or
-- p_expected (If-Match) is not the current one.  What she closed stays closed: 7680 are her own bits.
CREATE FUNCTION record.revise(
  p_receipt uuid, p_requester text, p_deposit uuid, p_type smallint, p_id uuid, p_expected int,
  p_category smallint, p_date timestamptz, p_tokens int8[], p_body bytea, p_at timestamptz, p_closed int, p_visit uuid
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
      (resident_id, type, id, version, at, organisation, category, sort_date, deposit, tokens, body, closed, visit)
    VALUES (v_old.resident_id, p_type, p_id, v_old.version + 1, p_at, v_old.organisation, p_category,
      p_date, p_deposit, p_tokens, p_body, p_closed | (v_old.closed & 7680), p_visit);
  RETURN v_old.version + 1;
END $$;

GRANT EXECUTE ON FUNCTION record.close, record.deposit, record.revise TO carecode_record;
