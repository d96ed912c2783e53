-- Plans that stay right while the tables grow.  These functions keep their first plan, which a session may have made
-- when the tables were nearly empty: a sequential scan then, and still one a hundred thousand entries later.

ALTER FUNCTION audit.append_many SET enable_seqscan = off;
ALTER FUNCTION audit.append_many SET enable_hashjoin = off;
ALTER FUNCTION audit.append_many SET enable_mergejoin = off;
ALTER FUNCTION audit.mark_many SET enable_seqscan = off;
ALTER FUNCTION audit.mark_many SET enable_hashjoin = off;
ALTER FUNCTION audit.mark_many SET enable_mergejoin = off;
ALTER FUNCTION audit.spent SET enable_seqscan = off;
ALTER FUNCTION audit.sight SET enable_seqscan = off;
ALTER FUNCTION audit.live_for SET enable_seqscan = off;
ALTER FUNCTION audit.live_for SET enable_hashjoin = off;
ALTER FUNCTION audit.live_for SET enable_mergejoin = off;
