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

-- As in 0003, and what is labelled becomes a matter.
CREATE OR REPLACE FUNCTION record.deposit(
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

GRANT EXECUTE ON FUNCTION record.matters TO carecode_record;
