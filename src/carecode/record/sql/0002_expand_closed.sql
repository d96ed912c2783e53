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

GRANT EXECUTE ON FUNCTION record.close TO carecode_record;
