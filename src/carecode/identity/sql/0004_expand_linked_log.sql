-- Who is one person has changed: the log is told in the same transaction, so that no receipt outlives the change.

-- Tell the log which keys the persons of these entries have now; what was opened of them before is void.
-- Whoever writes membership calls this before the commit.
CREATE FUNCTION identity.tell_log(p_entries uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM audit.regroup(ARRAY(
    SELECT w.keys::text
    FROM (SELECT DISTINCT identity.person_of(e.entry) AS leader FROM unnest(p_entries) AS e (entry)) AS p
    CROSS JOIN LATERAL identity.as_resident(p.leader) AS w));
END
$$;

-- Put who moved where they belong now (sql/0002), and tell the log.
CREATE OR REPLACE FUNCTION identity.link_move(p_event uuid, p_at timestamptz, p_moves jsonb) RETURNS void
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
  IF jsonb_array_length(p_moves) > 0 THEN
    PERFORM identity.tell_log(ARRAY(
      SELECT DISTINCT x.entry
      FROM jsonb_to_recordset(p_moves) AS m (entry uuid, before uuid, after uuid)
      CROSS JOIN LATERAL unnest(ARRAY[m.entry, m.before, m.after]) AS x (entry)));
  END IF;
END
$$;

REVOKE ALL ON FUNCTION identity.tell_log(uuid[]), identity.link_move(uuid, timestamptz, jsonb) FROM PUBLIC;
