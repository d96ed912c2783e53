-- The disclosure log: append-only, one hash chain per resident, and the receipts that open rows.
--
-- A row of the record becomes readable only under a receipt whose entry an EARLIER transaction
-- committed and whose WAL is flushed.  ``append`` writes the entry; ``mark``, in a later
-- transaction, sees it committed and writes the receipt into an UNLOGGED table, which a crash
-- empties; ``live`` is what the record's row policy asks.  See docs/adr/0003.

CREATE TABLE audit.head (
  resident_id uuid PRIMARY KEY,
  seq bigint NOT NULL,
  hash bytea NOT NULL,
  void_at timestamptz NOT NULL DEFAULT '-infinity'
);
COMMENT ON TABLE audit.head IS 'resident: the end of each chain; receipts of entries up to void_at are void';

CREATE TABLE audit.entry (
  resident_id uuid NOT NULL,
  seq bigint NOT NULL,
  receipt uuid NOT NULL,
  at timestamptz NOT NULL,
  requester text NOT NULL,
  requester_name text NOT NULL,
  requester_title text NOT NULL,
  role text NOT NULL,
  organisation text NOT NULL,
  action text NOT NULL CHECK (action IN ('disclose', 'identify', 'deposit', 'decide', 'refuse')),
  purpose text NOT NULL CHECK (purpose IN
    ('TREAT', 'ETREAT', 'HPAYMT', 'PATRQT', 'PUBHLTH', 'HLEGAL', 'IDENTIFY', 'REGISTER')),
  basis text NOT NULL,
  categories smallint[] NOT NULL,
  depositor text,
  keys uuid[] NOT NULL,
  prev bytea NOT NULL,
  hash bytea NOT NULL,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (resident_id, seq)
);
COMMENT ON TABLE audit.entry IS 'resident: one row per disclosure, identification, deposit, decision or refusal';

CREATE UNLOGGED TABLE audit.sealed (
  receipt uuid PRIMARY KEY,
  resident_id uuid NOT NULL,
  requester text NOT NULL,
  keys uuid[] NOT NULL,
  categories smallint[] NOT NULL,
  depositor text,
  at timestamptz NOT NULL,
  target pg_lsn NOT NULL
);
COMMENT ON TABLE audit.sealed IS 'lookup: receipts by their own random number; emptied by a crash, pruned after their ten minutes';
CREATE INDEX sealed_at ON audit.sealed (at);

-- What is hashed: every field, one line each, in this order, UTF-8.  No field can hold a line feed.
CREATE FUNCTION audit.entry_hash(prev bytea, e audit.entry) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp  -- plpgsql keeps its plan, SQL may not
AS $$ BEGIN
RETURN sha256(prev || convert_to(concat_ws(E'\n',
  e.resident_id, e.seq, e.receipt, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
  e.requester, e.requester_name, e.requester_title, e.role, e.organisation, e.action, e.purpose, e.basis,
  array_to_string(e.categories, ','), coalesce(e.depositor, '-'), array_to_string(e.keys, ',')), 'UTF8'));
END $$;

-- Append one entry to her chain.  The caller commits; until then nothing can be read under it.
-- p_decided is when the caller read her decisions: a revocation since then refuses the entry (CC001),
-- so that no receipt made from an older decision outlives the newer one.
CREATE FUNCTION audit.append(
  p_keys uuid[], p_receipt uuid, p_requester text, p_name text, p_title text, p_role text, p_organisation text,
  p_action text, p_purpose text, p_basis text, p_categories smallint[], p_depositor text,
  p_decided timestamptz DEFAULT 'infinity'
) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '1s'
AS $$
DECLARE
  v_head audit.head;
  v_entry audit.entry;
BEGIN
  SELECT * INTO v_head FROM audit.head h WHERE h.resident_id = p_keys[1] FOR UPDATE;
  IF NOT FOUND THEN
    INSERT INTO audit.head AS h (resident_id, seq, hash) VALUES (p_keys[1], 0, sha256(uuid_send(p_keys[1])))
      ON CONFLICT (resident_id) DO NOTHING;
    SELECT * INTO STRICT v_head FROM audit.head h WHERE h.resident_id = p_keys[1] FOR UPDATE;
  END IF;
  IF v_head.void_at >= p_decided THEN
    RAISE EXCEPTION USING ERRCODE = 'CC001', MESSAGE = 'her decisions changed meanwhile';
  END IF;
  v_entry.resident_id := p_keys[1];
  v_entry.seq := v_head.seq + 1;
  v_entry.receipt := p_receipt;
  v_entry.at := clock_timestamp();
  v_entry.requester := translate(p_requester, E'\n', ' ');
  v_entry.requester_name := translate(p_name, E'\n', ' ');
  v_entry.requester_title := translate(p_title, E'\n', ' ');
  v_entry.role := p_role;
  v_entry.organisation := translate(p_organisation, E'\n', ' ');
  v_entry.action := p_action;
  v_entry.purpose := p_purpose;
  v_entry.basis := translate(p_basis, E'\n', ' ');
  v_entry.categories := p_categories;
  v_entry.depositor := p_depositor;
  v_entry.keys := p_keys;
  v_entry.prev := v_head.hash;
  v_entry.hash := audit.entry_hash(v_head.hash, v_entry);
  INSERT INTO audit.entry (resident_id, seq, receipt, at, requester, requester_name, requester_title, role,
      organisation, action, purpose, basis, categories, depositor, keys, prev, hash)
    VALUES (v_entry.resident_id, v_entry.seq, v_entry.receipt, v_entry.at, v_entry.requester,
      v_entry.requester_name, v_entry.requester_title, v_entry.role, v_entry.organisation, v_entry.action,
      v_entry.purpose, v_entry.basis, v_entry.categories, v_entry.depositor, v_entry.keys, v_entry.prev, v_entry.hash);
  UPDATE audit.head h SET seq = v_entry.seq, hash = v_entry.hash WHERE h.resident_id = p_keys[1];
  RETURN v_entry.at;
END $$;

-- Write the receipt of an entry that an earlier transaction committed.  Only disclosures open rows.
CREATE FUNCTION audit.mark(p_resident uuid, p_receipt uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO audit.sealed (receipt, resident_id, requester, keys, categories, depositor, at, target)
    SELECT e.receipt, e.resident_id, e.requester, e.keys, e.categories, e.depositor, e.at, pg_current_wal_insert_lsn()
    FROM audit.entry e
    WHERE e.resident_id = p_resident AND e.receipt = p_receipt AND e.action = 'disclose'
      AND e.seq > (SELECT h.seq FROM audit.head h WHERE h.resident_id = p_resident) - 64
      AND e.xid IS DISTINCT FROM pg_current_xact_id_if_assigned()
      AND current_setting('transaction_isolation') = 'read committed'
    ORDER BY e.seq DESC LIMIT 1  -- it is nearly always the newest: look there first
    ON CONFLICT (receipt) DO NOTHING;
  RETURN FOUND;
END $$;

-- Append, commit, mark, commit: one round trip, one flush.  The caller holds no transaction open.
CREATE PROCEDURE audit.seal(
  p_keys uuid[], p_receipt uuid, p_requester text, p_name text, p_title text, p_role text, p_organisation text,
  p_purpose text, p_basis text, p_categories smallint[], p_depositor text, p_decided timestamptz,
  INOUT p_at timestamptz DEFAULT NULL
)
LANGUAGE plpgsql AS $$
BEGIN
  -- This commit need not wait: the next one flushes both, and no row opens before the flush.
  PERFORM pg_catalog.set_config('synchronous_commit', 'off', true);
  p_at := audit.append(p_keys, p_receipt, p_requester, p_name, p_title, p_role, p_organisation,
    'disclose', p_purpose, p_basis, p_categories, p_depositor, p_decided);
  COMMIT;
  PERFORM pg_catalog.set_config('synchronous_commit', 'on', true);
  PERFORM audit.mark(p_keys[1], p_receipt);
  -- A transaction that wrote only to an UNLOGGED table would not wait for its flush; this one does.
  PERFORM pg_catalog.pg_logical_emit_message(true, 'carecode', '');
  COMMIT;
END $$;

-- What the record's row policy asks: which rows does the receipt in force open, now?
-- VOLATILE and plpgsql: evaluated at each use, by the wall clock; STABLE forms served a revoked cursor.
CREATE FUNCTION audit.live(OUT keys uuid[], OUT categories smallint[], OUT depositor text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  SELECT s.keys, s.categories, s.depositor INTO live.keys, live.categories, live.depositor
    FROM audit.sealed s JOIN audit.head h ON h.resident_id = s.resident_id
    WHERE s.receipt = nullif(current_setting('carecode.receipt', true), '')::uuid
      AND s.requester = current_setting('carecode.requester', true)
      AND s.target <= pg_current_wal_flush_lsn()
      AND clock_timestamp() < s.at + interval '10 minutes'
      AND s.at > h.void_at
      AND current_setting('transaction_isolation') = 'read committed';
END $$;

-- Tell whether a receipt opens rows for this requester now.
CREATE FUNCTION audit.is_live(p_receipt uuid, p_requester text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('carecode.receipt', p_receipt::text, true);
  PERFORM set_config('carecode.requester', p_requester, true);
  RETURN (SELECT l.keys IS NOT NULL FROM audit.live() AS l);
END $$;

-- Void every receipt of hers at once (a revocation); returns when it holds.
-- The clock is read after the chain is locked: an entry appended meanwhile is older than that and void.
CREATE FUNCTION audit.void(p_resident uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO audit.head (resident_id, seq, hash) VALUES (p_resident, 0, sha256(uuid_send(p_resident)))
    ON CONFLICT (resident_id) DO NOTHING;
  PERFORM FROM audit.head h WHERE h.resident_id = p_resident FOR UPDATE;
  UPDATE audit.head h SET void_at = clock_timestamp() WHERE h.resident_id = p_resident;
END $$;

-- Her entries, newest first; the caller is the gate, which asks for herself only.
CREATE FUNCTION audit.entries(p_keys uuid[], p_before bigint, p_limit int) RETURNS SETOF audit.entry
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT e.resident_id, e.seq, e.receipt, e.at, e.requester, e.requester_name, e.requester_title, e.role,
      e.organisation, e.action, e.purpose, e.basis, e.categories, e.depositor, e.keys, e.prev, e.hash, e.xid
    FROM audit.entry e WHERE e.resident_id = ANY (p_keys) AND (p_before IS NULL OR e.seq < p_before)
    ORDER BY e.at DESC, e.seq DESC LIMIT least(p_limit, 1000);
END;

-- The number of the first entry that does not follow from the one before it, or null when all do.
CREATE FUNCTION audit.first_broken(p_resident uuid) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH chain AS (
    SELECT e.seq, e.prev, e.hash, audit.entry_hash(e.prev, e) AS expected,
      lag(e.hash, 1, sha256(uuid_send(p_resident))) OVER (ORDER BY e.seq) AS before,
      row_number() OVER (ORDER BY e.seq) AS place
    FROM audit.entry e WHERE e.resident_id = p_resident
  )
  SELECT min(seq) FROM (
    SELECT c.seq FROM chain c WHERE c.hash <> c.expected OR c.prev <> c.before OR c.seq <> c.place
    UNION ALL
    SELECT h.seq FROM audit.head h
      LEFT JOIN LATERAL (SELECT c.seq, c.hash FROM chain c ORDER BY c.seq DESC LIMIT 1) AS last ON true
      WHERE h.resident_id = p_resident AND h.seq > 0
        AND (h.seq IS DISTINCT FROM last.seq OR h.hash IS DISTINCT FROM last.hash)
  ) AS broken;
END;

-- Remove receipts past their time; they open nothing any more.
CREATE FUNCTION audit.prune() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_count bigint;
BEGIN
  DELETE FROM audit.sealed s WHERE s.at < clock_timestamp() - interval '11 minutes';
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;

GRANT USAGE ON SCHEMA audit TO carecode_audit, carecode_record_owner, carecode_record;
GRANT EXECUTE ON FUNCTION audit.append, audit.mark, audit.is_live, audit.void, audit.entries, audit.first_broken, audit.prune
  TO carecode_audit;
GRANT EXECUTE ON PROCEDURE audit.seal TO carecode_audit;
GRANT EXECUTE ON FUNCTION audit.append, audit.live TO carecode_record_owner;
