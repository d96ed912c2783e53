"""crypto: key rings, sealing, signatures, keyed hashes and pseudonyms; knows nothing of health."""
