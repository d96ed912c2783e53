"""broker: the key broker, a process of its own that opens data keys against live receipts only."""
