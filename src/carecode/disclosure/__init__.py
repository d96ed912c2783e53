"""disclosure: the gate; purposes, her decisions, who asks, and the only door to the record."""
