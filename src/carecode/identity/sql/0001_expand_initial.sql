-- The master index: which numbers name one resident, and under which keys her record is kept.
--
-- Nothing here says who anyone is: names, numbers and telephones are sealed outside the database
-- (AES-256-GCM, bound to the resident), and are found again only through keyed hashes.  The login
-- role may read no table: it calls the functions below, each of which answers for one number, one
-- key or one resident, so that nobody can list residents even with the room's own password.

CREATE TABLE identity.resident (
  resident_id uuid PRIMARY KEY,
  bearer uuid NOT NULL,
  created_at date NOT NULL
);
COMMENT ON TABLE identity.resident IS 'resident: who is in the index, and the number her health code knows her by';

CREATE TABLE identity.person (
  resident_id uuid PRIMARY KEY,
  sealed bytea NOT NULL
);
COMMENT ON TABLE identity.person IS 'resident: the facts of her card, sealed';

CREATE TABLE identity.resident_key (
  resident_id uuid NOT NULL,
  place smallint NOT NULL,
  key uuid NOT NULL,
  PRIMARY KEY (resident_id, place)
);
COMMENT ON TABLE identity.resident_key IS 'resident: the keys her record is kept under, oldest first';

CREATE TABLE identity.resident_number (
  resident_id uuid NOT NULL,
  number_hash bytea NOT NULL,
  sealed bytea NOT NULL,
  added_at date NOT NULL,
  PRIMARY KEY (resident_id, number_hash)
);
COMMENT ON TABLE identity.resident_number IS 'resident: her numbers, sealed';

CREATE TABLE identity.number (
  number_hash bytea PRIMARY KEY,
  resident_id uuid NOT NULL
);
COMMENT ON TABLE identity.number IS 'lookup: whom a number names, by keyed hash; one number names one resident';

CREATE TABLE identity.record_key (
  key uuid PRIMARY KEY,
  resident_id uuid NOT NULL
);
COMMENT ON TABLE identity.record_key IS 'lookup: whose record a key is';

CREATE TABLE identity.bearer (
  bearer uuid PRIMARY KEY,
  resident_id uuid NOT NULL
);
COMMENT ON TABLE identity.bearer IS 'lookup: who holds a health code';

CREATE TABLE identity.searchable (
  search_hash bytea NOT NULL,
  resident_id uuid NOT NULL,
  PRIMARY KEY (search_hash, resident_id)
);
COMMENT ON TABLE identity.searchable IS 'lookup: residents by keyed hash of name, date of birth and telephone together';

-- Make two desks that register the same numbers wait for each other, until the transaction ends.
-- Hashes come sorted, so that nobody waits in a circle; 64 bits of them are enough to wait on.
CREATE FUNCTION identity.wait_for_numbers(p_hashes bytea[]) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_hash bytea;
BEGIN
  FOREACH v_hash IN ARRAY (SELECT array_agg(h ORDER BY h) FROM unnest(p_hashes) AS h) LOOP
    PERFORM pg_advisory_xact_lock(('x' || encode(substr(v_hash, 1, 8), 'hex'))::bit(64)::bigint);
  END LOOP;
END
$$;

-- Her keys, oldest first.
CREATE FUNCTION identity.keys_of(p_resident uuid) RETURNS uuid[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN (SELECT array_agg(k.key ORDER BY k.place) FROM identity.resident_key AS k WHERE k.resident_id = p_resident);

-- Register somebody new.  Returns the residents whom the numbers already name: none when she was made.
CREATE FUNCTION identity.enrol(
  p_resident uuid, p_key uuid, p_bearer uuid, p_person bytea, p_hashes bytea[], p_numbers bytea[],
  p_search bytea[], p_on date
) RETURNS uuid[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s'
AS $$
DECLARE
  v_owners uuid[];
BEGIN
  IF cardinality(p_hashes) > 0 THEN
    PERFORM identity.wait_for_numbers(p_hashes);
    SELECT array_agg(DISTINCT n.resident_id) INTO v_owners
      FROM identity.number AS n WHERE n.number_hash = ANY (p_hashes);
    IF v_owners IS NOT NULL THEN
      RETURN v_owners;
    END IF;
  END IF;
  INSERT INTO identity.resident (resident_id, bearer, created_at) VALUES (p_resident, p_bearer, p_on);
  INSERT INTO identity.bearer (bearer, resident_id) VALUES (p_bearer, p_resident);
  INSERT INTO identity.resident_key (resident_id, place, key) VALUES (p_resident, 1, p_key);
  INSERT INTO identity.record_key (key, resident_id) VALUES (p_key, p_resident);
  INSERT INTO identity.person (resident_id, sealed) VALUES (p_resident, p_person);
  INSERT INTO identity.number (number_hash, resident_id) SELECT h, p_resident FROM unnest(p_hashes) AS h;
  INSERT INTO identity.resident_number (resident_id, number_hash, sealed, added_at)
    SELECT p_resident, t.hash, t.sealed, p_on FROM unnest(p_hashes, p_numbers) AS t (hash, sealed);
  INSERT INTO identity.searchable (search_hash, resident_id) SELECT s, p_resident FROM unnest(p_search) AS s;
  RETURN ARRAY[]::uuid[];
END
$$;

-- Add what is new about somebody known.  Returns the other residents whom the numbers name: none when it was
-- added.  Her facts are replaced only if they are still the ones the caller saw; the later of two loses.
CREATE FUNCTION identity.add(
  p_resident uuid, p_seen bytea, p_person bytea, p_hashes bytea[], p_numbers bytea[], p_search bytea[], p_on date
) RETURNS uuid[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s'
AS $$
DECLARE
  v_others uuid[];
BEGIN
  IF cardinality(p_hashes) > 0 THEN
    PERFORM identity.wait_for_numbers(p_hashes);
    SELECT array_agg(DISTINCT n.resident_id) INTO v_others
      FROM identity.number AS n WHERE n.number_hash = ANY (p_hashes) AND n.resident_id <> p_resident;
    IF v_others IS NOT NULL THEN
      RETURN v_others;
    END IF;
    INSERT INTO identity.number (number_hash, resident_id) SELECT h, p_resident FROM unnest(p_hashes) AS h
      ON CONFLICT DO NOTHING;
    INSERT INTO identity.resident_number (resident_id, number_hash, sealed, added_at)
      SELECT p_resident, t.hash, t.sealed, p_on FROM unnest(p_hashes, p_numbers) AS t (hash, sealed)
      ON CONFLICT DO NOTHING;
  END IF;
  UPDATE identity.person SET sealed = p_person WHERE resident_id = p_resident AND sealed = p_seen;
  INSERT INTO identity.searchable (search_hash, resident_id) SELECT s, p_resident FROM unnest(p_search) AS s
    ON CONFLICT DO NOTHING;
  RETURN ARRAY[]::uuid[];
END
$$;

-- Whom these numbers name, with her keys and her sealed facts.
CREATE FUNCTION identity.named_by(p_hashes bytea[])
RETURNS TABLE (number_hash bytea, resident_id uuid, keys uuid[], person bytea)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT n.number_hash, n.resident_id, identity.keys_of(n.resident_id), p.sealed
  FROM identity.number AS n JOIN identity.person AS p ON p.resident_id = n.resident_id
  WHERE n.number_hash = ANY (p_hashes);
END;

-- Who is found under this hash of name, date of birth and telephone: at most p_limit of them.
CREATE FUNCTION identity.found_by(p_search bytea, p_limit int) RETURNS TABLE (resident_id uuid, keys uuid[])
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT s.resident_id, identity.keys_of(s.resident_id)
  FROM identity.searchable AS s WHERE s.search_hash = p_search ORDER BY s.resident_id LIMIT p_limit;
END;

-- Whose record this key is.
CREATE FUNCTION identity.held_under(p_key uuid) RETURNS TABLE (resident_id uuid, keys uuid[])
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT r.resident_id, identity.keys_of(r.resident_id) FROM identity.record_key AS r WHERE r.key = p_key;
END;

-- Who holds this health code.
CREATE FUNCTION identity.held_by(p_bearer uuid) RETURNS TABLE (resident_id uuid, keys uuid[])
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT b.resident_id, identity.keys_of(b.resident_id) FROM identity.bearer AS b WHERE b.bearer = p_bearer;
END;

-- One resident: her health code's number, her keys and her sealed facts.
CREATE FUNCTION identity.one(p_resident uuid) RETURNS TABLE (bearer uuid, keys uuid[], person bytea)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT r.bearer, identity.keys_of(r.resident_id), p.sealed
  FROM identity.resident AS r JOIN identity.person AS p ON p.resident_id = r.resident_id
  WHERE r.resident_id = p_resident;
END;

-- Her numbers, sealed, oldest first.
CREATE FUNCTION identity.numbers_of(p_resident uuid) RETURNS TABLE (sealed bytea)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 4 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT n.sealed FROM identity.resident_number AS n WHERE n.resident_id = p_resident
  ORDER BY n.added_at, n.number_hash;
END;

-- How many residents there are.
CREATE FUNCTION identity.residents() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (SELECT count(*) FROM identity.resident);

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA identity FROM PUBLIC;
GRANT USAGE ON SCHEMA identity TO carecode_identity;
GRANT EXECUTE ON FUNCTION
  identity.enrol(uuid, uuid, uuid, bytea, bytea[], bytea[], bytea[], date),
  identity.add(uuid, bytea, bytea, bytea[], bytea[], bytea[], date),
  identity.named_by(bytea[]),
  identity.found_by(bytea, int),
  identity.held_under(uuid),
  identity.held_by(uuid),
  identity.one(uuid),
  identity.numbers_of(uuid),
  identity.residents()
TO carecode_identity;
