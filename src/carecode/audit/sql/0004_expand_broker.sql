-- What the key broker asks of the log, over its own role: which receipts are live and flushed now.

-- Of many receipts at once those that open rows for their requesters now, by the same rules as audit.sight:
-- their place in what was asked, how long they still do, and their entry as it was hashed.  The broker
-- hashes again and reads receipt, requester and keys from what was hashed: a row in audit.sealed alone,
-- whoever wrote it, opens nothing, and an entry has to be in the public log, where the broker looks for it.
CREATE FUNCTION audit.live_for(p_receipts uuid[], p_requesters text[])
RETURNS TABLE (place int, seconds float8, prev bytea, hash bytea, words text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off  -- the kept plan may be from when the tables were nearly empty
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
BEGIN
  RETURN QUERY
  SELECT g.place::int,
    extract(epoch FROM least(s.at + interval '10 minutes', s.until) - clock_timestamp())::float8,
    e.prev, e.hash, audit.entry_words(e)
  FROM unnest(p_receipts, p_requesters) WITH ORDINALITY AS g(receipt, requester, place)
  JOIN audit.sealed s ON s.receipt = g.receipt AND s.requester = g.requester
  JOIN audit.head h ON h.resident_id = s.resident_id
  JOIN audit.entry e ON e.resident_id = s.resident_id AND e.seq = (
    SELECT n.seq FROM audit.entry n WHERE n.resident_id = s.resident_id AND n.receipt = s.receipt
    ORDER BY n.seq DESC LIMIT 1)  -- it is nearly always the newest: look there first
  WHERE s.target <= pg_current_wal_flush_lsn()
    AND clock_timestamp() < least(s.at + interval '10 minutes', s.until)
    AND s.at > h.void_at
    AND e.form IS NOT NULL
    AND current_setting('transaction_isolation') = 'read committed';
END $$;

GRANT USAGE ON SCHEMA audit TO carecode_broker;
GRANT EXECUTE ON FUNCTION audit.live_for TO carecode_broker;
GRANT EXECUTE ON FUNCTION audit.log_checkpoint, audit.log_hashes, audit.log_leaf_of TO carecode_broker;
