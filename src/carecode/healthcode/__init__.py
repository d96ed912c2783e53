"""healthcode: the rotating code on the phone and its verifier; knows a bearer, never a person."""
