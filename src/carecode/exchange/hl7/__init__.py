"""HL7 v2 of the index: persons and their numbers, in and out."""
