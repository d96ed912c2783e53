"""record: residents' FHIR resources, sealed; read under a committed receipt only, and nameless."""
