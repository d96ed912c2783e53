-- The public log: a Merkle tree over the hashes of all entries and over public statements, and the map of
-- the ends of all chains.  One sequencer at a time writes it, from what is committed; it locks nothing that
-- an append needs.  Anybody may read it.  See docs/adr/0013.

-- How the sequencer finds what is new.  Ascending numbers: always the rightmost page of the index.
CREATE INDEX entry_xid ON audit.entry (xid);

CREATE TABLE audit.leaf (
  idx bigint PRIMARY KEY,
  data bytea NOT NULL
);
COMMENT ON TABLE audit.leaf IS 'lookup: the leaves of the public log by their place: hashes of entries, and statements';
CREATE INDEX leaf_data ON audit.leaf USING hash (data);  -- from an entry's hash to its place

CREATE TABLE audit.node (
  level smallint NOT NULL,
  idx bigint NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (level, idx)
);
COMMENT ON TABLE audit.node IS 'lookup: hashes of complete subtrees of 256 ** level leaves; tiles are made of them';

CREATE TABLE audit.statement (
  id uuid PRIMARY KEY,
  body bytea NOT NULL,
  at timestamptz NOT NULL,
  idx bigint
);
COMMENT ON TABLE audit.statement IS 'lookup: what is said in public, and its place in the log once it has one';
CREATE INDEX statement_waiting ON audit.statement (at) WHERE idx IS NULL;

CREATE TABLE audit.checkpoint (
  size bigint PRIMARY KEY,
  root bytea NOT NULL,
  map_root bytea NOT NULL,
  at timestamptz NOT NULL,
  note text NOT NULL
);
COMMENT ON TABLE audit.checkpoint IS 'lookup: what the log signed, by the number of leaves';

CREATE TABLE audit.cosignature (
  size bigint NOT NULL,
  name text NOT NULL,
  line text NOT NULL,
  signed_at timestamptz NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (size, name)
);
COMMENT ON TABLE audit.cosignature IS 'lookup: which witness saw which checkpoint, and when';

CREATE TABLE audit.map_bucket (
  bucket int NOT NULL,
  size bigint NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (bucket, size)
);
ALTER TABLE audit.map_bucket ALTER COLUMN body SET STORAGE EXTERNAL;  -- hashes do not compress
COMMENT ON TABLE audit.map_bucket IS 'lookup: records of the head map, as they stood from that size of the log on';

CREATE TABLE audit.map_tile (
  depth smallint NOT NULL,
  idx int NOT NULL,
  size bigint NOT NULL,
  hashes bytea NOT NULL,
  PRIMARY KEY (depth, idx, size)
);
ALTER TABLE audit.map_tile ALTER COLUMN hashes SET STORAGE PLAIN;
COMMENT ON TABLE audit.map_tile IS 'lookup: 64 hashes of the head map at one depth, as they stood from that size on';

CREATE TABLE audit.log_setting (
  name text PRIMARY KEY,
  value text NOT NULL
);
COMMENT ON TABLE audit.log_setting IS 'operator: what the public log is called, fixed at its first start';

-- Which entries are sequenced: all that were visible in the snapshot ``done``.  While more wait than one
-- batch takes, ``target`` is the snapshot being worked off and the cursor says how far.
CREATE TABLE audit.log_state (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  done pg_snapshot NOT NULL DEFAULT '3:3:',
  done_at timestamptz NOT NULL DEFAULT '-infinity',
  target pg_snapshot,
  target_at timestamptz,
  cursor_xid xid8,
  cursor_resident uuid,
  cursor_seq bigint
);
COMMENT ON TABLE audit.log_state IS 'operator: how far the sequencer is';
INSERT INTO audit.log_state DEFAULT VALUES;

-- The value of a setting; the first who asks fixes it.
CREATE FUNCTION audit.log_setting(p_name text, p_default text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO audit.log_setting AS s (name, value) VALUES (p_name, p_default) ON CONFLICT DO NOTHING;
  RETURN (SELECT s.value FROM audit.log_setting s WHERE s.name = p_name);
END $$;

-- Be the only sequencer until this transaction ends, if nobody else is.  What is signed must be on disk.
CREATE FUNCTION audit.log_lock() RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'on', true);
  RETURN pg_try_advisory_xact_lock(1129074503);  -- "CLOG"
END $$;

CREATE FUNCTION audit.log_newest(OUT size bigint, OUT root bytea, OUT map_root bytea, OUT at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT c.size, c.root, c.map_root, c.at FROM audit.checkpoint c ORDER BY c.size DESC LIMIT 1;
END;

-- Entries committed and not yet sequenced, at most p_limit, oldest transaction first.  A transaction that
-- stays open hides its own entries only.  CC011: the server's transaction numbers went back (a restored dump).
CREATE FUNCTION audit.log_pending(
  p_limit int, OUT target text, OUT residents uuid[], OUT seqs bigint[], OUT prevs bytea[], OUT hashes bytea[],
  OUT last_xid text
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  s audit.log_state;
  t pg_snapshot;
BEGIN
  SELECT * INTO STRICT s FROM audit.log_state;
  t := coalesce(s.target, pg_current_snapshot());
  IF pg_snapshot_xmax(s.done) > pg_snapshot_xmax(pg_current_snapshot()) THEN
    RAISE EXCEPTION USING ERRCODE = 'CC011', MESSAGE = 'transaction numbers went back';
  END IF;
  SELECT array_agg(p.resident_id), array_agg(p.seq), array_agg(p.prev), array_agg(p.hash), (array_agg(p.xid))[count(*)]::text
    INTO residents, seqs, prevs, hashes, last_xid
    FROM (
      SELECT e.resident_id, e.seq, e.prev, e.hash, e.xid FROM audit.entry e
      WHERE e.xid >= coalesce(s.cursor_xid, pg_snapshot_xmin(s.done)) AND e.xid < pg_snapshot_xmax(t)
        AND pg_visible_in_snapshot(e.xid, t) AND NOT pg_visible_in_snapshot(e.xid, s.done)
        AND (s.cursor_xid IS NULL OR (e.xid, e.resident_id, e.seq) > (s.cursor_xid, s.cursor_resident, s.cursor_seq))
      ORDER BY e.xid, e.resident_id, e.seq LIMIT p_limit
    ) AS p;
  target := t::text;
END $$;

-- Entries of one chain, for the rare one whose neighbours fell into another batch.
CREATE FUNCTION audit.log_between(p_resident uuid, p_first bigint, p_last bigint)
RETURNS TABLE (seq bigint, prev bytea, hash bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT e.seq, e.prev, e.hash FROM audit.entry e
    WHERE e.resident_id = p_resident AND e.seq BETWEEN p_first AND p_last ORDER BY e.seq;
END;

CREATE FUNCTION audit.log_statements(p_limit int) RETURNS TABLE (id uuid, body bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT s.id, s.body FROM audit.statement s WHERE s.idx IS NULL ORDER BY s.at, s.id LIMIT p_limit;
END;

-- Remember how far the sequencer is: p_last_xid null means that all of p_target is done.
CREATE FUNCTION audit.log_advance(p_target text, p_last_xid text, p_resident uuid, p_seq bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF p_last_xid IS NULL THEN
    UPDATE audit.log_state s SET done = p_target::pg_snapshot, target = NULL, target_at = NULL, cursor_xid = NULL,
      cursor_resident = NULL, cursor_seq = NULL, done_at = coalesce(s.target_at, transaction_timestamp());
  ELSE
    UPDATE audit.log_state s SET target = p_target::pg_snapshot, cursor_xid = p_last_xid::xid8,
      cursor_resident = p_resident, cursor_seq = p_seq, target_at = coalesce(s.target_at, transaction_timestamp());
  END IF;
END $$;

-- Nothing of p_target waits.  Tells whether it was an older snapshot being worked off, so that newer entries
-- may wait; else the moment is remembered, at most each second and only when something happened.
CREATE FUNCTION audit.log_rest(p_target text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_older boolean := (SELECT s.target IS NOT NULL FROM audit.log_state s);
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  UPDATE audit.log_state s SET done = p_target::pg_snapshot, target = NULL, target_at = NULL, cursor_xid = NULL,
      cursor_resident = NULL, cursor_seq = NULL, done_at = coalesce(s.target_at, transaction_timestamp())
    WHERE v_older OR s.done_at < clock_timestamp() - interval '1 second'
      AND pg_snapshot_xmax(p_target::pg_snapshot)::text::bigint > pg_snapshot_xmax(s.done)::text::bigint + 1;
  RETURN v_older;
END $$;

-- One batch.  Nothing that stands is ever changed: CC010 when the batch does not follow what stands.
CREATE FUNCTION audit.log_write(
  p_first bigint, p_leaves bytea[], p_levels smallint[], p_places bigint[], p_nodes bytea[], p_buckets int[],
  p_bodies bytea[], p_depths smallint[], p_tiles int[], p_hashes bytea[], p_root bytea, p_map_root bytea,
  p_at timestamptz, p_note text
) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  v_newest record;
  v_size bigint := p_first + cardinality(p_leaves);
BEGIN
  SELECT c.size, c.at INTO v_newest FROM audit.checkpoint c ORDER BY c.size DESC LIMIT 1;
  IF v_newest.size IS DISTINCT FROM p_first AND NOT (v_newest.size IS NULL AND v_size = 0)
      OR v_newest.at > p_at OR v_newest.size = v_size THEN
    RAISE EXCEPTION USING ERRCODE = 'CC010', MESSAGE = 'the batch does not follow the newest checkpoint';
  END IF;
  INSERT INTO audit.leaf (idx, data)
    SELECT p_first + g.place - 1, g.data FROM unnest(p_leaves) WITH ORDINALITY AS g(data, place);
  INSERT INTO audit.node (level, idx, hash)
    SELECT g.level, g.place, g.hash FROM unnest(p_levels, p_places, p_nodes) AS g(level, place, hash);
  INSERT INTO audit.map_bucket (bucket, size, body)
    SELECT g.bucket, v_size, g.body FROM unnest(p_buckets, p_bodies) AS g(bucket, body);
  INSERT INTO audit.map_tile (depth, idx, size, hashes)
    SELECT g.depth, g.idx, v_size, g.hashes FROM unnest(p_depths, p_tiles, p_hashes) AS g(depth, idx, hashes);
  INSERT INTO audit.checkpoint (size, root, map_root, at, note) VALUES (v_size, p_root, p_map_root, p_at, p_note);
END $$;

-- Remember where statements stand.
CREATE FUNCTION audit.log_placed(p_ids uuid[], p_places bigint[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE audit.statement s SET idx = g.place FROM unnest(p_ids, p_places) AS g(id, place)
    WHERE s.id = g.id AND s.idx IS NULL;
END $$;

-- The head map as it stood at a size: what is not empty of some pages of 64 buckets.
CREATE FUNCTION audit.log_map_pages(p_pages int[], p_size bigint) RETURNS TABLE (bucket int, body bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT DISTINCT ON (b.bucket) b.bucket, b.body
    FROM unnest(p_pages) AS g(page)
    JOIN audit.map_bucket b ON b.bucket BETWEEN g.page * 64 AND g.page * 64 + 63 AND b.size <= p_size
    ORDER BY b.bucket, b.size DESC;
END;

CREATE FUNCTION audit.log_map_tiles(p_depths smallint[], p_tiles int[], p_size bigint)
RETURNS TABLE (depth smallint, idx int, hashes bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT DISTINCT ON (t.depth, t.idx) t.depth, t.idx, t.hashes
    FROM unnest(p_depths, p_tiles) AS g(depth, idx)
    JOIN audit.map_tile t ON t.depth = g.depth AND t.idx = g.idx AND t.size <= p_size
    ORDER BY t.depth, t.idx, t.size DESC;
END;

-- Remove what was superseded at p_size, of these buckets and tiles.
CREATE FUNCTION audit.log_map_prune(p_buckets int[], p_depths smallint[], p_tiles int[], p_size bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  DELETE FROM audit.map_bucket b USING unnest(p_buckets) AS g(bucket) WHERE b.bucket = g.bucket AND b.size < p_size;
  DELETE FROM audit.map_tile t USING unnest(p_depths, p_tiles) AS g(depth, idx)
    WHERE t.depth = g.depth AND t.idx = g.idx AND t.size < p_size;
END $$;

-- Remove all that was superseded at p_size: after a start, when nobody remembers which.
CREATE FUNCTION audit.log_map_sweep(p_size bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  DELETE FROM audit.map_bucket b
    USING (SELECT o.bucket, max(o.size) AS size FROM audit.map_bucket o WHERE o.size <= p_size GROUP BY o.bucket) AS k
    WHERE b.bucket = k.bucket AND b.size < k.size;
  DELETE FROM audit.map_tile t
    USING (SELECT o.depth, o.idx, max(o.size) AS size FROM audit.map_tile o WHERE o.size <= p_size
      GROUP BY o.depth, o.idx) AS k
    WHERE t.depth = k.depth AND t.idx = k.idx AND t.size < k.size;
END $$;

-- Hashes of runs of complete subtrees, each run joined; a run that is not whole is shorter.
CREATE FUNCTION audit.log_hashes(p_levels int[], p_firsts bigint[], p_counts bigint[])
RETURNS TABLE (place bigint, hashes bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
  RETURN QUERY
  SELECT g.place, coalesce(CASE WHEN g.level = 0
      THEN (SELECT string_agg(sha256('\x00'::bytea || l.data), ''::bytea ORDER BY l.idx) FROM audit.leaf l
        WHERE l.idx >= g.first AND l.idx < g.first + g.count)
      ELSE (SELECT string_agg(n.hash, ''::bytea ORDER BY n.idx) FROM audit.node n
        WHERE n.level = g.level AND n.idx >= g.first AND n.idx < g.first + g.count) END, ''::bytea)
  FROM unnest(p_levels, p_firsts, p_counts) WITH ORDINALITY AS g(level, first, count, place) ORDER BY g.place;
END $$;

CREATE FUNCTION audit.log_leaves(p_first bigint, p_count int) RETURNS TABLE (data bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT l.data FROM audit.leaf l WHERE l.idx >= p_first AND l.idx < p_first + least(p_count, 256) ORDER BY l.idx;
END;

-- Where leaves stand, in the order asked; null for one that is not in the log.
CREATE FUNCTION audit.log_leaf_of(p_datas bytea[]) RETURNS TABLE (idx bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
  RETURN QUERY
  SELECT (SELECT min(l.idx) FROM audit.leaf l WHERE l.data = g.data)
    FROM unnest(p_datas) WITH ORDINALITY AS g(data, place) ORDER BY g.place;
END $$;

-- The newest checkpoint that so many witnesses cosigned, with all its cosignatures.
CREATE FUNCTION audit.log_checkpoint(p_quorum int, OUT size bigint, OUT at timestamptz, OUT note text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT c.size, c.at, c.note || coalesce((SELECT string_agg(s.line, '' ORDER BY s.name) FROM audit.cosignature s
      WHERE s.size = c.size), '')
    FROM audit.checkpoint c
    WHERE (SELECT count(*) FROM audit.cosignature s WHERE s.size = c.size) >= p_quorum
    ORDER BY c.size DESC LIMIT 1;
END;

-- The same and, from the same moment, what proofs of these pages of the head map are made of.
CREATE FUNCTION audit.log_bundle(p_quorum int, p_pages int[], p_depths smallint[], p_tiles int[])
RETURNS TABLE (depth smallint, idx int, body bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_newest record;
BEGIN
  SELECT c.size, c.note INTO v_newest FROM audit.log_checkpoint(p_quorum) AS c;
  RETURN QUERY
  SELECT (-1)::smallint, 0, convert_to(v_newest.note, 'UTF8') WHERE v_newest.size IS NOT NULL
  UNION ALL SELECT 0::smallint, b.bucket, b.body FROM audit.log_map_pages(p_pages, v_newest.size) AS b
  UNION ALL SELECT t.depth, t.idx, t.hashes FROM audit.log_map_tiles(p_depths, p_tiles, v_newest.size) AS t;
END $$;

CREATE FUNCTION audit.log_note(p_size bigint) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT c.note FROM audit.checkpoint c WHERE c.size = p_size;
END;

CREATE FUNCTION audit.log_cosign(p_size bigint, p_name text, p_line text, p_signed_at timestamptz, p_at timestamptz)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO audit.cosignature AS s (size, name, line, signed_at, at) VALUES (p_size, p_name, p_line, p_signed_at, p_at)
    ON CONFLICT ON CONSTRAINT cosignature_pkey DO UPDATE SET line = excluded.line, signed_at = excluded.signed_at,
      at = excluded.at WHERE s.signed_at < excluded.signed_at;
END $$;

CREATE FUNCTION audit.log_publish(p_id uuid, p_body bytea, p_at timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO audit.statement (id, body, at) VALUES (p_id, p_body, p_at);
END $$;

CREATE FUNCTION audit.log_statement_leaf(p_id uuid) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT s.idx FROM audit.statement s WHERE s.id = p_id;
END;

-- How far the log is behind, in seconds: entries in no checkpoint yet, checkpoints short of the quorum.
-- An entry waits from its time or from the last moment at which none waited, whichever is later: one
-- written in a transaction that took long to commit has not waited for the log.
CREATE FUNCTION audit.log_status(
  p_quorum int, OUT size bigint, OUT at timestamptz, OUT waiting_seconds float8, OUT cosigned_size bigint,
  OUT cosigned_at timestamptz, OUT uncosigned_seconds float8
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  s audit.log_state;
  v_since timestamptz;
BEGIN
  SELECT * INTO STRICT s FROM audit.log_state;
  SELECT c.size, c.at INTO log_status.size, log_status.at FROM audit.checkpoint c ORDER BY c.size DESC LIMIT 1;
  SELECT e.at INTO v_since FROM audit.entry e
    WHERE e.xid >= coalesce(s.cursor_xid, pg_snapshot_xmin(s.done)) AND NOT pg_visible_in_snapshot(e.xid, s.done)
      AND (s.cursor_xid IS NULL OR (e.xid, e.resident_id, e.seq) > (s.cursor_xid, s.cursor_resident, s.cursor_seq))
    ORDER BY e.xid LIMIT 1;
  waiting_seconds := 0;
  IF v_since IS NOT NULL THEN  -- done_at alone may be infinite, which PostgreSQL 15 does not subtract
    waiting_seconds := greatest(0, extract(epoch FROM clock_timestamp() - greatest(v_since, s.done_at)));
  END IF;
  SELECT c.size, (SELECT max(w.signed_at) FROM audit.cosignature w WHERE w.size = c.size)
    INTO cosigned_size, cosigned_at
    FROM audit.checkpoint c
    WHERE (SELECT count(*) FROM audit.cosignature w WHERE w.size = c.size) >= greatest(p_quorum, 1)
    ORDER BY c.size DESC LIMIT 1;
  SELECT greatest(0, extract(epoch FROM clock_timestamp() - min(c.at))) INTO uncosigned_seconds
    FROM audit.checkpoint c WHERE p_quorum > 0 AND c.size > coalesce(cosigned_size, -1);
  uncosigned_seconds := coalesce(uncosigned_seconds, 0);
END $$;

-- After a dump was restored into another server, whose transactions are numbered anew: look at every entry
-- again.  What is in the log already is found there and passed over.
CREATE FUNCTION audit.log_adopt() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE audit.entry e SET xid = '3'::xid8 WHERE e.xid >= pg_snapshot_xmin(pg_current_snapshot());
  UPDATE audit.log_state s SET done = '3:3:'::pg_snapshot, done_at = '-infinity', target = NULL, target_at = NULL,
    cursor_xid = NULL, cursor_resident = NULL, cursor_seq = NULL;
END $$;

GRANT EXECUTE ON FUNCTION audit.log_setting, audit.log_lock, audit.log_newest, audit.log_pending, audit.log_between,
  audit.log_statements, audit.log_advance, audit.log_rest, audit.log_write, audit.log_placed, audit.log_map_pages,
  audit.log_map_tiles, audit.log_map_prune, audit.log_map_sweep, audit.log_hashes, audit.log_leaves,
  audit.log_leaf_of, audit.log_checkpoint, audit.log_bundle, audit.log_note, audit.log_cosign, audit.log_publish,
  audit.log_statement_leaf, audit.log_status TO carecode_audit;
