-- name: is_demo
-- Tell whether this database holds demo data.
SELECT EXISTS (SELECT FROM disclosure.setting WHERE name = 'demo');

-- name: mark_demo
-- Mark a database as demo data, for ever.
INSERT INTO disclosure.setting (name, value) VALUES ('demo', 'yes') ON CONFLICT (name) DO NOTHING;

-- name: begin_demo
-- Remember on which day the demo town was begun; a second call changes nothing.
INSERT INTO disclosure.setting (name, value) VALUES ('demo_begun', $1) ON CONFLICT (name) DO NOTHING;

-- name: demo_begun
-- The day on which the demo town was begun.
SELECT value FROM disclosure.setting WHERE name = 'demo_begun';

-- name: put_organisation
-- Add an institution or rename it.
INSERT INTO disclosure.organisation (handle, name, name_zh, kind) VALUES ($1, $2, $3, $4)
ON CONFLICT (handle) DO UPDATE SET name = excluded.name, name_zh = excluded.name_zh, kind = excluded.kind;

-- name: organisations
-- All institutions.
SELECT handle, name, name_zh, kind FROM disclosure.organisation ORDER BY kind, handle;

-- name: put_staff
-- Add a member of staff or change her entry.
INSERT INTO disclosure.staff (id, organisation, role, name, name_zh, title, title_zh)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (id) DO UPDATE SET organisation = excluded.organisation, role = excluded.role, name = excluded.name,
  name_zh = excluded.name_zh, title = excluded.title, title_zh = excluded.title_zh;

-- name: staff
-- One member of staff who may work.
SELECT id, organisation, role, name, title FROM disclosure.staff WHERE id = $1 AND active;

-- name: add_session
-- Keep a link, session or bearer token by its hash.
INSERT INTO disclosure.session (token_hash, kind, staff_id, resident_id, purpose, desk_number, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: session
-- Who holds this token, if it is of this kind and still good.
SELECT s.staff_id, s.resident_id, s.purpose, s.desk_number, t.organisation, t.role, t.name, t.title
FROM disclosure.session s LEFT JOIN disclosure.staff t ON t.id = s.staff_id
WHERE s.token_hash = $1 AND s.kind = $2 AND s.expires_at > $3 AND (t.active OR s.staff_id IS NULL);

-- name: remove_session
-- End a session, or use up a link; returns whether it was there.
DELETE FROM disclosure.session WHERE token_hash = $1 RETURNING true;

-- name: prune_sessions
-- Remove what has expired.
DELETE FROM disclosure.session WHERE expires_at < $1;

-- name: desk_numbers
-- The four digits in use at an institution now.
SELECT s.desk_number FROM disclosure.session s JOIN disclosure.staff t ON t.id = s.staff_id
WHERE t.organisation = $1 AND s.expires_at > $2 AND s.desk_number IS NOT NULL;

-- name: add_enrolment
-- Keep a one-time code that adds a phone.
INSERT INTO disclosure.enrolment (code_hash, resident_id, expires_at) VALUES ($1, $2, $3);

-- name: use_enrolment
-- Use a one-time code up; returns whose it was when it was still good.
WITH used AS (DELETE FROM disclosure.enrolment WHERE code_hash = $1 RETURNING resident_id, expires_at)
SELECT resident_id FROM used WHERE expires_at > $2;

-- name: open_window
-- Let an institution open her record until then; a longer window stays.
INSERT INTO disclosure.treatment_window AS w (resident_id, organisation, opened_at, until) VALUES ($1, $2, $3, $4)
ON CONFLICT (resident_id, organisation) DO UPDATE SET opened_at = excluded.opened_at,
  until = greatest(w.until, excluded.until);

-- name: facts
-- What a decision about her and this institution depends on.  now() is before the snapshot: a refusal
-- that this statement does not see is younger than decided_at, and voids what is decided on it.
SELECT EXISTS (SELECT FROM disclosure.treatment_window WHERE resident_id = $1 AND organisation = $2 AND until > $3)
    AS window_open,
  EXISTS (SELECT FROM disclosure.refusal WHERE resident_id = $1 AND organisation = $2) AS refused,
  now() AS decided_at;

-- name: refuse
-- Shut an institution out.
INSERT INTO disclosure.refusal (resident_id, organisation, at) VALUES ($1, $2, $3)
ON CONFLICT (resident_id, organisation) DO NOTHING;

-- name: allow
-- Let an institution in again.
DELETE FROM disclosure.refusal WHERE resident_id = $1 AND organisation = $2;

-- name: refusals
-- The institutions she shut out.
SELECT organisation, at FROM disclosure.refusal WHERE resident_id = $1 ORDER BY at;

-- name: windows
-- The institutions that may open her record now.
SELECT organisation, until FROM disclosure.treatment_window WHERE resident_id = $1 AND until > $2 ORDER BY until;

-- name: prune_windows
-- Forget treatment windows a day after they closed.
DELETE FROM disclosure.treatment_window WHERE until < $1::timestamptz - interval '1 day';

-- name: put_cast_member
-- Name a resident of the demo town.
INSERT INTO disclosure.cast_member (handle, resident_id) VALUES ($1, $2) ON CONFLICT (handle) DO NOTHING;

-- name: cast_member
-- Who bears a handle of the demo town.
SELECT resident_id FROM disclosure.cast_member WHERE handle = $1;
