-- name: open_bill
-- Charge one item and return its number.
SELECT settlement.open_bill($1, $2, $3, $4, $5);

-- name: open_bills
-- List a patient's unpaid bills at one institution.
SELECT bill, item, description, amount FROM settlement.open_bills($1, $2, $3);

-- name: pay_cash
-- Pay a bill once and say how it went.
SELECT settlement.pay_cash($1, $2, $3, $4, $5, $6, $7);

-- name: receipt_of
-- Find the receipt of a bill.
SELECT year, number, bill, amount, tendered, paid_at, cashier FROM settlement.receipt_of($1, $2);
