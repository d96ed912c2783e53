-- Reading all source records again, in batches: to train a model, and to say what another model would change.
--
-- What comes back is sealed and names nobody; only the index opens it, in memory, and keeps nothing of it.

-- The records that hold now, after one of them, in the order of their entries.
CREATE FUNCTION identity.records_after(p_entry uuid, p_rid uuid, p_limit int)
RETURNS TABLE (entry uuid, rid uuid, person uuid, sealed bytea)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1000 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT s.resident_id, s.rid, identity.person_of(s.resident_id), s.sealed
  FROM identity.source_record AS s
  WHERE (s.resident_id, s.rid) > (p_entry, p_rid)
    AND NOT EXISTS (
      SELECT FROM identity.source_record AS l WHERE l.resident_id = s.resident_id AND l.supersedes = s.rid)
  ORDER BY s.resident_id, s.rid LIMIT p_limit;
END;

-- What people decided about pairs of entries, each pair once, after one of them.
CREATE FUNCTION identity.marks_after(p_entry uuid, p_other uuid, p_limit int)
RETURNS TABLE (entry uuid, other uuid, mark text)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1000 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT m.entry, m.other, m.mark
  FROM identity.link_mark AS m
  WHERE (m.entry, m.other) > (p_entry, p_other) AND m.entry < m.other
  ORDER BY m.entry, m.other LIMIT p_limit;
END;

REVOKE ALL ON FUNCTION identity.records_after(uuid, uuid, int), identity.marks_after(uuid, uuid, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.records_after(uuid, uuid, int), identity.marks_after(uuid, uuid, int)
TO carecode_identity;
