-- How much each person opened in a span of time, for the daily look at what is unusual.
--
-- Numbers of entries only, by who asked: no resident, nothing of what was opened.

CREATE INDEX entry_at ON audit.entry USING brin (at) WITH (pages_per_range = 32);

CREATE FUNCTION audit.activity(p_from timestamptz, p_until timestamptz)
RETURNS TABLE (requester text, requester_name text, role text, organisation text, opened bigint, uncoded bigint,
  residents bigint, emergencies bigint, refused bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT e.requester, max(e.requester_name), e.role, e.organisation,
    count(*) FILTER (WHERE e.action = 'disclose'),
    count(DISTINCT e.resident_id) FILTER (WHERE e.action = 'disclose' AND e.basis <> 'code'),
    count(DISTINCT e.resident_id),
    count(DISTINCT e.resident_id) FILTER (WHERE e.action = 'disclose' AND e.purpose = 'ETREAT'),
    count(*) FILTER (WHERE e.action = 'refuse')
  FROM audit.entry e
  WHERE e.at >= p_from AND e.at < p_until AND e.role NOT IN ('resident', 'system', 'integrator')
  GROUP BY e.requester, e.role, e.organisation
  ORDER BY e.organisation, e.requester;
END;

GRANT EXECUTE ON FUNCTION audit.activity TO carecode_audit;

-- The receipts under which an institution's people and machines got something in a span of time.
CREATE FUNCTION audit.receipts_of(p_organisation text, p_from timestamptz, p_until timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT e.receipt FROM audit.entry e
  WHERE e.at >= p_from AND e.at < p_until AND e.organisation = p_organisation AND e.action IN ('disclose', 'identify');
END;

GRANT EXECUTE ON FUNCTION audit.receipts_of TO carecode_audit;
