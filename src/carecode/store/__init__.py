"""store: PostgreSQL, embedded or given: lifecycle, pools, migrations, named queries."""
