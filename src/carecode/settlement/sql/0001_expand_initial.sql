-- Bills and receipts.  A row belongs to one institution and names a person by that institution's
-- settlement pseudonym: no index id, no record key, no clinical pseudonym, no diagnosis.
--
-- The login role reads no table and changes nothing but through these functions, which never alter or
-- delete a receipt and answer for one institution at a time.

CREATE TABLE settlement.register (
  organisation text PRIMARY KEY CHECK (length(organisation) BETWEEN 1 AND 64),
  last_bill bigint NOT NULL CHECK (last_bill >= 0)
);
COMMENT ON TABLE settlement.register IS 'institution: its last bill number; the row that its payments lock';

CREATE TABLE settlement.receipt_year (
  organisation text NOT NULL,
  year int NOT NULL CHECK (year BETWEEN 2000 AND 9999),
  last_receipt int NOT NULL CHECK (last_receipt > 0),
  PRIMARY KEY (organisation, year)
);
COMMENT ON TABLE settlement.receipt_year IS 'institution: its last receipt number of each year';

CREATE TABLE settlement.bill (
  organisation text NOT NULL,
  bill bigint NOT NULL CHECK (bill > 0),
  patient text NOT NULL CHECK (patient ~ '^[0-9a-f]{32}$'),
  item text NOT NULL,
  description text NOT NULL CHECK (length(description) BETWEEN 1 AND 120),
  amount numeric(12,2) NOT NULL CHECK (amount >= 0),
  PRIMARY KEY (organisation, bill)
);
COMMENT ON TABLE settlement.bill IS 'institution: one charged item, under its own settlement pseudonym';
CREATE INDEX bill_patient ON settlement.bill (organisation, patient, bill);

CREATE TABLE settlement.receipt (
  organisation text NOT NULL,
  year int NOT NULL,
  number int NOT NULL CHECK (number > 0),
  bill bigint NOT NULL,
  amount numeric(12,2) NOT NULL CHECK (amount >= 0),
  tendered numeric(12,2) NOT NULL,
  paid_at timestamptz NOT NULL,
  cashier text NOT NULL,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 128),
  PRIMARY KEY (organisation, year, number),
  UNIQUE (organisation, bill),
  UNIQUE (organisation, key),
  FOREIGN KEY (organisation, bill) REFERENCES settlement.bill (organisation, bill),
  CHECK (tendered >= amount)
);
COMMENT ON TABLE settlement.receipt IS 'institution: one payment; a bill and an idempotency key each occur once';

-- Charge one item; return its number, 1, 2, 3, ... within the institution.
CREATE FUNCTION settlement.open_bill(
  p_organisation text, p_patient text, p_item text, p_description text, p_amount numeric
) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  WITH numbered AS (
    INSERT INTO settlement.register AS r (organisation, last_bill) VALUES (p_organisation, 1)
    ON CONFLICT (organisation) DO UPDATE SET last_bill = r.last_bill + 1
    RETURNING r.last_bill
  )
  INSERT INTO settlement.bill (organisation, bill, patient, item, description, amount)
  SELECT p_organisation, n.last_bill, p_patient, p_item, p_description, p_amount FROM numbered n
  RETURNING bill
$$;

-- Pay once.  Returns paid (now, or before by the same call), or why not:
-- absent, already-paid, other-payment, too-little.
CREATE FUNCTION settlement.pay_cash(
  p_organisation text, p_bill bigint, p_tendered numeric, p_at timestamptz, p_year int, p_cashier text, p_key text
) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_amount numeric;
  v_bill bigint;
  v_tendered numeric;
  v_number int;
BEGIN
  -- One payment at a time per institution: what follows is read after the lock, so it sees every earlier
  -- payment, and a number is used up only together with its receipt.
  PERFORM FROM settlement.register r WHERE r.organisation = p_organisation FOR UPDATE;
  SELECT r.bill, r.tendered INTO v_bill, v_tendered FROM settlement.receipt r
    WHERE r.organisation = p_organisation AND r.key = p_key;
  IF FOUND THEN
    RETURN CASE WHEN v_bill = p_bill AND v_tendered = p_tendered THEN 'paid' ELSE 'other-payment' END;
  END IF;
  SELECT b.amount INTO v_amount FROM settlement.bill b WHERE b.organisation = p_organisation AND b.bill = p_bill;
  IF NOT FOUND THEN
    RETURN 'absent';
  END IF;
  IF EXISTS (SELECT FROM settlement.receipt r WHERE r.organisation = p_organisation AND r.bill = p_bill) THEN
    RETURN 'already-paid';
  END IF;
  IF p_tendered < v_amount THEN
    RETURN 'too-little';
  END IF;
  INSERT INTO settlement.receipt_year AS y (organisation, year, last_receipt) VALUES (p_organisation, p_year, 1)
    ON CONFLICT (organisation, year) DO UPDATE SET last_receipt = y.last_receipt + 1
    RETURNING y.last_receipt INTO v_number;
  INSERT INTO settlement.receipt (organisation, year, number, bill, amount, tendered, paid_at, cashier, key)
    VALUES (p_organisation, p_year, v_number, p_bill, v_amount, p_tendered, p_at, p_cashier, p_key);
  RETURN 'paid';
END $$;

-- List a patient's unpaid bills at one institution.
CREATE FUNCTION settlement.open_bills(p_organisation text, p_patient text, p_limit int)
RETURNS TABLE (bill bigint, item text, description text, amount numeric)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT b.bill, b.item, b.description, b.amount
  FROM settlement.bill b
  WHERE b.organisation = p_organisation AND b.patient = p_patient
    AND NOT EXISTS (SELECT FROM settlement.receipt r WHERE r.organisation = b.organisation AND r.bill = b.bill)
  ORDER BY b.bill
  LIMIT p_limit
$$;

-- Find the receipt of a bill.
CREATE FUNCTION settlement.receipt_of(p_organisation text, p_bill bigint)
RETURNS TABLE (year int, number int, bill bigint, amount numeric, tendered numeric, paid_at timestamptz, cashier text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT r.year, r.number, r.bill, r.amount, r.tendered, r.paid_at, r.cashier
  FROM settlement.receipt r
  WHERE r.organisation = p_organisation AND r.bill = p_bill
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA settlement FROM PUBLIC;
GRANT USAGE ON SCHEMA settlement TO carecode_settlement;
GRANT EXECUTE ON FUNCTION settlement.open_bill, settlement.pay_cash, settlement.open_bills, settlement.receipt_of
  TO carecode_settlement;
