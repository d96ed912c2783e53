"""api: FHIR R4 REST for machines, and what anyone may know of this server."""
