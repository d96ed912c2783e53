"""Linking in bulk: the same keys, levels, bits, guards and outcomes as one by one, in statements over whole tables.

DuckDB (extra ``link``) and Spark (extra ``spark``) run the same SQL; both are imported only when asked for.
"""
