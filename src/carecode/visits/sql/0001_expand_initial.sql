-- Waiting numbers.  A row belongs to one institution and names a person by that institution's own
-- pseudonym only: no index id, no record key, no code, no desk, no time finer than the day.
--
-- The login role reads no table: its functions answer for one institution and one day at a time, so
-- nobody can list where one person was, or who was where.

CREATE TABLE visits.counter (
  organisation text NOT NULL CHECK (length(organisation) BETWEEN 1 AND 64),
  day date NOT NULL,
  letter text NOT NULL CHECK (letter ~ '^[A-Z]$'),
  last int NOT NULL CHECK (last BETWEEN 0 AND 99999),
  PRIMARY KEY (organisation, day, letter)
);
COMMENT ON TABLE visits.counter IS 'institution: the last number given, per service and day';

CREATE TABLE visits.ticket (
  organisation text NOT NULL,
  day date NOT NULL,
  letter text NOT NULL,
  number int NOT NULL CHECK (number BETWEEN 1 AND 99999),
  patient text NOT NULL CHECK (patient ~ '^[0-9a-f]{32}$'),
  called boolean NOT NULL DEFAULT false,
  PRIMARY KEY (organisation, day, letter, number),
  UNIQUE (organisation, day, letter, patient)
);
COMMENT ON TABLE visits.ticket IS 'institution: who waits for which service on which day, under its own pseudonym';

-- Count the people who will be called before this number.
CREATE FUNCTION visits.waiting_before(p_organisation text, p_day date, p_letter text, p_number int) RETURNS int
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN (
  SELECT count(*)::int FROM visits.ticket t
  WHERE t.organisation = p_organisation AND t.day = p_day AND t.letter = p_letter
    AND t.number < p_number AND NOT t.called
);

-- Give a number, or her first one again; no row when the day's numbers are used up.
CREATE FUNCTION visits.check_in(p_organisation text, p_day date, p_letter text, p_patient text)
RETURNS TABLE (ticket_number int, was_called boolean, before int)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO visits.counter (organisation, day, letter, last) VALUES (p_organisation, p_day, p_letter, 0)
    ON CONFLICT (organisation, day, letter) DO NOTHING;
  -- The counter's row is the queue's lock.  It is taken before looking for her ticket, so that two desks
  -- that check her in at once cannot both find none, and a number is used up only with its ticket.
  PERFORM FROM visits.counter c
    WHERE c.organisation = p_organisation AND c.day = p_day AND c.letter = p_letter FOR UPDATE;
  SELECT t.number, t.called INTO ticket_number, was_called FROM visits.ticket t
    WHERE t.organisation = p_organisation AND t.day = p_day AND t.letter = p_letter AND t.patient = p_patient;
  IF NOT FOUND THEN
    UPDATE visits.counter c SET last = c.last + 1
      WHERE c.organisation = p_organisation AND c.day = p_day AND c.letter = p_letter AND c.last < 99999
      RETURNING c.last INTO ticket_number;
    IF NOT FOUND THEN
      RETURN;
    END IF;
    was_called := false;
    INSERT INTO visits.ticket (organisation, day, letter, number, patient)
      VALUES (p_organisation, p_day, p_letter, ticket_number, p_patient);
  END IF;
  before := CASE WHEN was_called THEN 0
    ELSE visits.waiting_before(p_organisation, p_day, p_letter, ticket_number) END;
  RETURN NEXT;
END $$;

-- List the waiting numbers of an institution; who holds them is not returned.
CREATE FUNCTION visits.waiting(p_organisation text, p_day date, p_limit int)
RETURNS TABLE (letter text, number int, before int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT t.letter, t.number, (row_number() OVER (PARTITION BY t.letter ORDER BY t.number))::int - 1
  FROM visits.ticket t
  WHERE t.organisation = p_organisation AND t.day = p_day AND NOT t.called
  ORDER BY t.letter, t.number
  LIMIT p_limit
$$;

-- Find her ticket of the day: of several the one to be called next.
CREATE FUNCTION visits.ticket_of(p_organisation text, p_day date, p_patient text)
RETURNS TABLE (letter text, number int, called boolean, before int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT t.letter, t.number, t.called, b.before
  FROM visits.ticket t
  CROSS JOIN LATERAL (
    SELECT CASE WHEN t.called THEN 0 ELSE visits.waiting_before(t.organisation, t.day, t.letter, t.number) END AS before
  ) AS b
  WHERE t.organisation = p_organisation AND t.day = p_day AND t.patient = p_patient
  ORDER BY t.called, b.before, t.letter
  LIMIT 1
$$;

-- Call the lowest waiting number; a number that another room calls at this moment is passed over.
CREATE FUNCTION visits.call_next(p_organisation text, p_day date, p_letter text) RETURNS SETOF int
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  UPDATE visits.ticket t SET called = true
  WHERE t.organisation = p_organisation AND t.day = p_day AND t.letter = p_letter
    AND t.number = (
      SELECT n.number FROM visits.ticket n
      WHERE n.organisation = p_organisation AND n.day = p_day AND n.letter = p_letter AND NOT n.called
      ORDER BY n.number LIMIT 1 FOR UPDATE SKIP LOCKED
    )
  RETURNING t.number
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA visits FROM PUBLIC;
GRANT USAGE ON SCHEMA visits TO carecode_visits;
GRANT EXECUTE ON FUNCTION visits.check_in, visits.waiting, visits.ticket_of, visits.call_next TO carecode_visits;
