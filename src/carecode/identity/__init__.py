"""identity: the master index: which numbers name one person, sealed so that a dump names nobody."""
