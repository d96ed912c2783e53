"""settlement: bills, cash and receipts of an institution; money facts only, never a diagnosis."""
