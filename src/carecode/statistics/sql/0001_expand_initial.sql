-- Counting cells, released figures and the privacy budget.  No resident_id, no record key, no institution:
-- a contributor is a token keyed for one week, and its rows are deleted when the week's figures are out.
--
-- The login role reads no table: of tokens it can only learn sums over cells, and those only until the
-- figure is released.

CREATE TABLE statistics.token (
  contributor bytea NOT NULL CHECK (octet_length(contributor) BETWEEN 16 AND 32),
  window_start date NOT NULL CHECK (extract(isodow FROM window_start) = 1),
  slot smallint NOT NULL CHECK (slot BETWEEN 1 AND 3),
  cell int NOT NULL,
  PRIMARY KEY (contributor, window_start, slot),
  UNIQUE (contributor, window_start, cell)
);
COMMENT ON TABLE statistics.token IS 'lookup: cells touched in one week, by a token keyed for that week; three slots each, no more';
CREATE INDEX token_window ON statistics.token (window_start, cell);

CREATE TABLE statistics.closed_window (
  window_start date PRIMARY KEY
);
COMMENT ON TABLE statistics.closed_window IS 'operator: weeks whose tokens are deleted';

CREATE TABLE statistics.release (
  name text NOT NULL,
  window_start date NOT NULL CHECK (extract(isodow FROM window_start) = 1),
  epsilon numeric NOT NULL CHECK (epsilon > 0),
  body bytea NOT NULL,
  released_at timestamptz NOT NULL,
  PRIMARY KEY (name, window_start)
);
COMMENT ON TABLE statistics.release IS 'directory: figures as released, noise included; about no resident';

CREATE TABLE statistics.ledger (
  span text NOT NULL CHECK (span IN ('week', 'year')),
  starts_on date NOT NULL,
  spent numeric NOT NULL CHECK (spent >= 0),
  cap numeric NOT NULL,
  PRIMARY KEY (span, starts_on),
  CHECK (spent <= cap)
);
COMMENT ON TABLE statistics.ledger IS 'operator: epsilon spent on one resident''s week and on her year';

-- How much one resident's week, and her year, may cost over all statistics together.
CREATE FUNCTION statistics.cap(p_span text) RETURNS numeric
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN CASE p_span WHEN 'week' THEN 2.0 WHEN 'year' THEN 60.0 END;

-- One lock per week: counting shares it, closing takes it alone, so no token arrives after the deletion.
CREATE FUNCTION statistics.window_lock(p_window date) RETURNS bigint
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN hashtextextended('carecode statistics window', (p_window - date '2000-01-01')::bigint);

-- Count events; return how many were new.  The caller sorts them by week, contributor and cell.
CREATE FUNCTION statistics.count_cells(p_windows date[], p_cells int[], p_contributors bytea[]) RETURNS int
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_added int := 0;
BEGIN
  FOR i IN 1 .. cardinality(p_cells) LOOP
    IF i = 1 OR p_windows[i] <> p_windows[i - 1] THEN
      PERFORM pg_advisory_xact_lock_shared(statistics.window_lock(p_windows[i]));
    END IF;
    CONTINUE WHEN EXISTS (SELECT FROM statistics.closed_window w WHERE w.window_start = p_windows[i]);
    -- The bound is the primary key: a contributor has three slots a week, and a taken slot or a cell she
    -- has touched before lets the insert do nothing, whoever else counts her at this moment.
    FOR v_slot IN 1 .. 3 LOOP
      INSERT INTO statistics.token (contributor, window_start, slot, cell)
        VALUES (p_contributors[i], p_windows[i], v_slot, p_cells[i])
        ON CONFLICT DO NOTHING;
      IF FOUND THEN
        v_added := v_added + 1;
        EXIT;
      END IF;
    END LOOP;
  END LOOP;
  RETURN v_added;
END $$;

-- Sum a statistic's cells, zeros included; no row once it is released or the week is closed.
CREATE FUNCTION statistics.true_counts(p_name text, p_window date, p_cells int[])
RETURNS TABLE (cell int, residents int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT c.cell, (
    SELECT count(*)::int FROM statistics.token t WHERE t.window_start = p_window AND t.cell = c.cell
  )
  FROM unnest(p_cells) WITH ORDINALITY AS c (cell, place)
  WHERE NOT EXISTS (SELECT FROM statistics.release r WHERE r.name = p_name AND r.window_start = p_window)
    AND NOT EXISTS (SELECT FROM statistics.closed_window w WHERE w.window_start = p_window)
  ORDER BY c.place
$$;

-- Find a release that was made.
CREATE FUNCTION statistics.kept_release(p_name text, p_window date) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (SELECT r.body FROM statistics.release r WHERE r.name = p_name AND r.window_start = p_window);

-- Keep a release and pay for it, or return the one that another kept first.  The ledger's CHECK refuses
-- what the budget does not cover, and the release falls with it.
CREATE FUNCTION statistics.keep_release(
  p_name text, p_window date, p_epsilon numeric, p_body bytea, p_at timestamptz
) RETURNS bytea
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO statistics.release (name, window_start, epsilon, body, released_at)
    VALUES (p_name, p_window, p_epsilon, p_body, p_at)
    ON CONFLICT (name, window_start) DO NOTHING;
  IF FOUND THEN
    INSERT INTO statistics.ledger AS l (span, starts_on, spent, cap)
      VALUES ('week', p_window, p_epsilon, statistics.cap('week')),
        ('year', make_date(extract(isoyear FROM p_window)::int, 1, 1), p_epsilon, statistics.cap('year'))
      ON CONFLICT (span, starts_on) DO UPDATE SET spent = l.spent + excluded.spent;
    RETURN p_body;
  END IF;
  RETURN statistics.kept_release(p_name, p_window);
END $$;

-- Delete a week's tokens when all its statistics are released; say whether it is closed now.
CREATE FUNCTION statistics.close_window(p_window date, p_names text[]) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(statistics.window_lock(p_window));
  IF EXISTS (
    SELECT FROM unnest(p_names) AS n (name)
    WHERE NOT EXISTS (SELECT FROM statistics.release r WHERE r.name = n.name AND r.window_start = p_window)
  ) OR NOT EXISTS (SELECT FROM statistics.release r WHERE r.window_start = p_window) THEN
    RETURN EXISTS (SELECT FROM statistics.closed_window w WHERE w.window_start = p_window);
  END IF;
  INSERT INTO statistics.closed_window (window_start) VALUES (p_window) ON CONFLICT (window_start) DO NOTHING;
  DELETE FROM statistics.token t WHERE t.window_start = p_window;
  RETURN true;
END $$;

-- List the weeks before a day that still have tokens.
CREATE FUNCTION statistics.due_windows(p_before date, p_limit int) RETURNS SETOF date
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT DISTINCT t.window_start FROM statistics.token t
  WHERE t.window_start < p_before ORDER BY t.window_start LIMIT p_limit
$$;

-- Say what a week and its year have cost, and may cost.
CREATE FUNCTION statistics.budget(p_window date)
RETURNS TABLE (week_spent numeric, week_cap numeric, year_spent numeric, year_cap numeric)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT
    coalesce((SELECT l.spent FROM statistics.ledger l WHERE l.span = 'week' AND l.starts_on = p_window), 0),
    statistics.cap('week'),
    coalesce((
      SELECT l.spent FROM statistics.ledger l
      WHERE l.span = 'year' AND l.starts_on = make_date(extract(isoyear FROM p_window)::int, 1, 1)
    ), 0),
    statistics.cap('year')
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA statistics FROM PUBLIC;
GRANT USAGE ON SCHEMA statistics TO carecode_statistics;
GRANT EXECUTE ON FUNCTION statistics.count_cells, statistics.true_counts, statistics.kept_release,
  statistics.keep_release, statistics.close_window, statistics.due_windows, statistics.budget
  TO carecode_statistics;
