"""Proofs about the access policies: Cedar's JSON in Z3, what must hold for all requests, and the engine beside it."""
