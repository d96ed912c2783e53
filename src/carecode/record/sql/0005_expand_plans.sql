-- Plans that stay right while the tables grow (see audit, 0006).

ALTER FUNCTION record.find SET enable_seqscan = off;
ALTER FUNCTION record.count SET enable_seqscan = off;
ALTER FUNCTION record.version SET enable_seqscan = off;
