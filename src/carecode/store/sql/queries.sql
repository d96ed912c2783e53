-- name: lock
-- Let one migration run at a time.
SELECT pg_advisory_lock($1);

-- name: prepare
-- Make the schema of the store itself; pg_trgm is a trusted extension.
CREATE SCHEMA IF NOT EXISTS store;
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA store;
CREATE TABLE IF NOT EXISTS store.migration (
  room text NOT NULL,
  number int NOT NULL,
  name text NOT NULL,
  checksum text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (room, number)
);
COMMENT ON TABLE store.migration IS 'operator: which scripts ran';

-- name: chinese_locale
-- Tell whether the locale sees Chinese letters: under LC_CTYPE C their trigrams vanish.
SELECT store.similarity('张伟国', '张卫国') > 0;

-- name: applied_migrations
-- List what ran.
SELECT room, number, checksum FROM store.migration;

-- name: record_migration
-- Remember that a script ran.
INSERT INTO store.migration (room, number, name, checksum) VALUES ($1, $2, $3, $4);

-- name: role_statements
-- Write the statements that make a room's two roles and its schema; the password is a SCRAM verifier.
SELECT concat(
  CASE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = owner)
    THEN format('CREATE ROLE %I NOLOGIN;', owner) END,
  CASE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login)
    THEN format('CREATE ROLE %I LOGIN;', login) END,
  format('ALTER ROLE %I PASSWORD %L;', login, $2::text),
  format('GRANT %I TO CURRENT_USER;', owner),
  format('ALTER DEFAULT PRIVILEGES FOR ROLE %I REVOKE EXECUTE ON ROUTINES FROM PUBLIC;', owner),
  format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I;', $1::text, owner)
)
FROM (SELECT 'carecode_' || $1::text AS login, 'carecode_' || $1::text || '_owner' AS owner) AS names;

-- name: become_owner
-- Write the statement that makes the next script run as the room's owner.
SELECT format('SET LOCAL ROLE %I', 'carecode_' || $1::text || '_owner');

-- name: become_self
-- Return to the administering role.
RESET ROLE;

-- name: secure_database
-- Write the statements that take everything from PUBLIC and let each room's login role connect.
SELECT 'GRANT USAGE ON SCHEMA store TO carecode_disclosure; GRANT SELECT ON store.migration TO carecode_disclosure;'
  || format('REVOKE ALL ON DATABASE %I FROM PUBLIC;', current_database())
  || format('REVOKE ALL ON SCHEMA public FROM PUBLIC;')
  || string_agg(format('GRANT CONNECT ON DATABASE %I TO %I;', current_database(), 'carecode_' || room), '')
FROM unnest($1::text[]) AS room;

-- name: facts
-- What doctor wants to know: version, locale, clock, durability.
SELECT current_setting('server_version_num')::int, store.similarity('张伟国', '张卫国') > 0, clock_timestamp(),
  current_setting('fsync')::bool;

-- name: database_exists
-- Tell whether a database of that name exists.
SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1);

-- name: create_database
-- Write the statement that creates it with a locale that knows Chinese letters.
SELECT format('CREATE DATABASE %I TEMPLATE template0 ENCODING UTF8 LC_COLLATE ''C'' LC_CTYPE ''C.UTF-8''', $1::text);

-- name: lint_tables
-- Every table of the rooms: its comment, the columns of each unique index in order, its triggers.
SELECT c.oid::regclass::text AS name, obj_description(c.oid, 'pg_class') AS comment,
  coalesce((SELECT jsonb_agg(columns) FROM (
    SELECT (SELECT jsonb_agg(a.attname ORDER BY k.place)
      FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number) AS columns
    FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique) AS u), '[]')::text AS unique_columns,
  EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal) AS triggers
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1;

-- name: lint_keys
-- Foreign keys that leave their schema.
SELECT k.conrelid::regclass::text AS name
FROM pg_constraint k JOIN pg_class a ON a.oid = k.conrelid JOIN pg_class b ON b.oid = k.confrelid
WHERE k.contype = 'f' AND a.relnamespace <> b.relnamespace;

-- name: lint_public
-- Routines and tables of the rooms that PUBLIC may use; the trigram functions of the store are the extension's own.
SELECT p.oid::regprocedure::text AS name
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'store')
  AND (p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) x WHERE x.grantee = 0))
UNION ALL
SELECT c.oid::regclass::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'S') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND EXISTS (SELECT FROM aclexplode(c.relacl) x WHERE x.grantee = 0);
