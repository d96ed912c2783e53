"""web.cashier: one bill, paid."""
