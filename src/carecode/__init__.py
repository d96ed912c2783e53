"""CareCode: one lifelong health record and one health code for every resident."""
