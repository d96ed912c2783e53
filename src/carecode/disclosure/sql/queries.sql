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

-- name: staff_names
-- What members of staff are called, in English and in Chinese, those who left too.
SELECT id, name, name_zh, title, title_zh FROM disclosure.staff WHERE id = ANY($1::text[]);

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
-- Let an institution open her record until then, or for as many days as she, or else the operator, lets
-- hospitals look after a code; a longer window stays.  Returns until when.
INSERT INTO disclosure.treatment_window AS w (resident_id, organisation, opened_at, until)
SELECT $1, $2, $3, greatest($4::timestamptz, $3::timestamptz + coalesce(
  (SELECT d.choice FROM disclosure.decision d
    WHERE d.resident_id = $1 AND d.ended_at IS NULL AND d.kind NOT IN ('entry', 'visit') AND d.made_by <> 'quiet'
      AND d.kind = 'window' AND d.whom IN ('', $2) AND d.from_at <= $3 AND (d.until_at IS NULL OR d.until_at > $3)
    ORDER BY (d.made_by = 'self') DESC, (d.whom <> '') DESC, d.made_at DESC LIMIT 1),
  (SELECT s.value FROM disclosure.setting s WHERE s.name = 'window_days'), '0')::int * interval '1 day')
ON CONFLICT (resident_id, organisation) DO UPDATE SET opened_at = excluded.opened_at,
  until = greatest(w.until, excluded.until)
RETURNING until;

-- name: fit_windows
-- Fit the windows that are open to what she lets hospitals look for now; four hours a code always gives.
UPDATE disclosure.treatment_window w SET until = w.opened_at + greatest(interval '4 hours', coalesce(
  (SELECT d.choice FROM disclosure.decision d
    WHERE d.resident_id = w.resident_id AND d.ended_at IS NULL AND d.kind NOT IN ('entry', 'visit')
      AND d.made_by <> 'quiet' AND d.kind = 'window' AND d.whom IN ('', w.organisation)
      AND d.from_at <= $2 AND (d.until_at IS NULL OR d.until_at > $2)
    ORDER BY (d.made_by = 'self') DESC, (d.whom <> '') DESC, d.made_at DESC LIMIT 1),
  (SELECT s.value FROM disclosure.setting s WHERE s.name = 'window_days'), '0')::int * interval '1 day')
WHERE w.resident_id = $1 AND w.until > $2;

-- name: states
-- What decisions about these residents and requesters depend on, one row each, in the order asked (sql/0002).
SELECT s.institution, s.newcomers, s.person, s.exchange, s.everything, s.keep, s.emergency, s.closed, s.opened,
  s.emergency_opened, s.window_until, s.visiting, s.locked, s.delegation, s.categories, s.labels, s.delegated_until,
  s.decided_at
FROM disclosure.states($1, $2, $3, $4) AS s;

-- name: of_deposits
-- What of hers closes, from its first moment, what an institution writes now; and whether statistics count it.
SELECT DISTINCT ON (x.kind, x.about) x.kind, x.about, x.choice
FROM (
  SELECT s.kind, s.whom, s.about, s.choice, s.from_at, s.until_at, s.made_by, s.made_at FROM disclosure.decision s
  WHERE s.resident_id = $1 AND s.ended_at IS NULL AND s.kind NOT IN ('entry', 'visit')
    AND s.kind IN ('keep', 'exchange', 'everything', 'statistics')
  UNION ALL
  SELECT v.kind, v.whom, v.about, v.choice, v.from_at, v.until_at, v.made_by, v.made_at FROM disclosure.decision v
  WHERE v.resident_id = $1 AND v.ended_at IS NULL AND v.kind IN ('entry', 'visit') AND v.kind = 'visit'
) AS x
WHERE x.whom IN ('', $2) AND x.made_by <> 'quiet' AND x.from_at <= $3 AND (x.until_at IS NULL OR x.until_at > $3)
ORDER BY x.kind, x.about, (x.made_by = 'self') DESC, (x.whom <> '') DESC, x.made_at DESC;

-- name: visit_opened
-- A visit is under way, says the institution's own feed.
INSERT INTO disclosure.open_visit (resident_id, organisation, visit, opened_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (resident_id, organisation, visit) DO NOTHING;

-- name: visit_ended
-- A visit ended: it leaves no trail here.
DELETE FROM disclosure.open_visit WHERE resident_id = $1 AND organisation = $2 AND visit = $3;

-- name: decide
-- Keep a decision; it takes the place of the same maker's about the same, as far as it covers them.
WITH made AS (
  INSERT INTO disclosure.decision (resident_id, kind, whom, about, choice, from_at, until_at, made_at, made_by, marked)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $2 NOT IN ('entry', 'visit') AND $6::timestamptz <= $8::timestamptz)
  RETURNING id
), ended AS (
  UPDATE disclosure.decision d SET ended_at = $8, ended_by = m.id FROM made m
  WHERE d.resident_id = $1 AND d.kind = $2 AND d.whom = $3 AND d.about = $4 AND d.made_by = $9
    AND d.ended_at IS NULL AND $6 <= greatest(d.from_at, $8) AND ($7::timestamptz IS NULL OR $7 >= d.until_at)
)
SELECT id FROM made;

-- name: undo_decision
-- Take a decision back that still stands: what it took the place of stands again.  $4: only its maker, or herself.
WITH undone AS (
  UPDATE disclosure.decision SET ended_at = $3, ended_by = id
  WHERE resident_id = $1 AND id = $2 AND ended_at IS NULL AND ($4 = 'self' OR made_by = $4)
  RETURNING id, kind, whom, about, choice, from_at, until_at, made_at, made_by, ended_at, ended_by, marked
), restored AS (
  UPDATE disclosure.decision d SET ended_at = NULL, ended_by = NULL FROM undone u
  WHERE d.resident_id = $1 AND d.ended_by = u.id AND d.id <> u.id
)
SELECT id, kind, whom, about, choice, from_at, until_at, made_at, made_by, ended_at, ended_by, marked FROM undone;

-- name: decisions
-- Her decisions, newest first: those that stand, or all; of one maker, or (null) of everybody but the quiet one.
SELECT id, kind, whom, about, choice, from_at, until_at, made_at, made_by, ended_at, ended_by, marked
FROM disclosure.decision
WHERE resident_id = $1 AND (made_by = $2 OR $2::text IS NULL AND made_by <> 'quiet')
  AND ($3::timestamptz IS NULL OR ended_at IS NULL AND (until_at IS NULL OR until_at > $3))
ORDER BY made_at DESC, id LIMIT $4;

-- name: on_rows
-- Her decisions about entries and visits that stand, or that the record's rows still bear.
SELECT id, kind, whom, about, choice, from_at, until_at, made_at, made_by, ended_at, ended_by, marked
FROM disclosure.decision
WHERE resident_id = $1 AND kind IN ('entry', 'visit') AND (ended_at IS NULL OR marked) AND made_by <> 'quiet';

-- name: mark_rows
-- Remember whether the record's rows bear these decisions.
UPDATE disclosure.decision SET marked = $3 WHERE resident_id = $1 AND id = ANY ($2::uuid[]);

-- name: due
-- Residents of whom a decision begins or ends by its date, or is not yet, or still, on the record's rows.
SELECT DISTINCT resident_id FROM disclosure.decision
WHERE (ended_at IS NULL AND (until_at IS NOT NULL OR NOT marked)
    OR ended_at IS NOT NULL AND marked AND kind IN ('entry', 'visit'))
  AND (ended_at IS NOT NULL OR until_at <= $1 OR NOT marked AND from_at <= $1) AND made_by <> 'quiet'
LIMIT 1000;

-- name: begin_and_end
-- Let her decisions begin and end by their dates; the record's rows follow.  Returns one row for each.
WITH over AS (
  UPDATE disclosure.decision SET ended_at = $2
  WHERE resident_id = $1 AND ended_at IS NULL AND until_at <= $2 RETURNING id
), begun AS (
  UPDATE disclosure.decision SET marked = true
  WHERE resident_id = $1 AND ended_at IS NULL AND NOT marked AND from_at <= $2 AND (until_at IS NULL OR until_at > $2)
    AND kind NOT IN ('entry', 'visit') AND made_by <> 'quiet' RETURNING id
)
SELECT id FROM over UNION ALL SELECT id FROM begun;

-- name: windows
-- The institutions that may open her record now.
SELECT organisation, until FROM disclosure.treatment_window WHERE resident_id = $1 AND until > $2 ORDER BY until;

-- name: prune_windows
-- Forget treatment windows a day after they closed, and visits that nobody ended within a year.
WITH visits AS (DELETE FROM disclosure.open_visit WHERE opened_at < $1::timestamptz - interval '366 days')
DELETE FROM disclosure.treatment_window WHERE until < $1::timestamptz - interval '1 day';

-- name: setting
-- A setting of the operator.
SELECT value FROM disclosure.setting WHERE name = $1;

-- name: put_setting
-- Change a setting of the operator.
INSERT INTO disclosure.setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: add_delegation
-- Let somebody act for her, or ask somebody to.
WITH known AS (
  INSERT INTO disclosure.acts_for (delegate_id, resident_id) VALUES ($2, $1) ON CONFLICT DO NOTHING
)
INSERT INTO disclosure.delegation (resident_id, delegate_id, requester, kind, categories, labels, may_decide,
  may_show_code, from_at, until_at, made_at, accepted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: delegations
-- Who acts for her, or was asked to.
SELECT id, resident_id, delegate_id, kind, categories, labels, may_decide, may_show_code, from_at, until_at, accepted_at,
  requester
FROM disclosure.delegation
WHERE resident_id = $1 AND ended_at IS NULL AND (until_at IS NULL OR until_at > $2) ORDER BY made_at, id;

-- name: delegations_of_delegate
-- For whom somebody acts, or was asked to act.
SELECT d.id, d.resident_id, d.delegate_id, d.kind, d.categories, d.labels, d.may_decide, d.may_show_code, d.from_at,
  d.until_at, d.accepted_at, d.requester
FROM disclosure.acts_for a JOIN disclosure.delegation d ON d.resident_id = a.resident_id AND d.delegate_id = a.delegate_id
WHERE a.delegate_id = $1 AND d.ended_at IS NULL AND (d.until_at IS NULL OR d.until_at > $2) ORDER BY d.made_at, d.id;

-- name: accept_delegation
-- Begin to act for somebody who asked; returns whether she still asks.
UPDATE disclosure.delegation SET accepted_at = $3
WHERE resident_id = $1 AND id = $2 AND ended_at IS NULL AND accepted_at IS NULL RETURNING true;

-- name: end_delegation
-- End what somebody may do for her.
UPDATE disclosure.delegation SET ended_at = $3 WHERE resident_id = $1 AND id = $2 AND ended_at IS NULL RETURNING true;

-- name: scope_delegation
-- Change what a guardian sees, by the child's age.
UPDATE disclosure.delegation SET categories = $3, labels = $4 WHERE resident_id = $1 AND id = $2;

-- name: add_family_code
-- Keep a one-time code by which somebody offers to act for another; an earlier one of hers ends.
WITH old AS (DELETE FROM disclosure.family_code WHERE resident_id = $2 OR expires_at <= $4)
INSERT INTO disclosure.family_code (code_hash, resident_id, expires_at) VALUES ($1, $2, $3);

-- name: family_code
-- Who made a code, while it is good.
SELECT resident_id FROM disclosure.family_code WHERE code_hash = $1 AND expires_at > $2;

-- name: use_family_code
-- Use a code up.
DELETE FROM disclosure.family_code WHERE code_hash = $1 AND expires_at > $2 RETURNING true;

-- name: prune_family_codes
-- Forget codes that have expired.
DELETE FROM disclosure.family_code WHERE expires_at <= $1;

-- name: code_word
-- Her two words, hashed.
SELECT salt, word_hash, quiet_hash FROM disclosure.code_word WHERE resident_id = $1;

-- name: put_code_word
-- Set her two words.
INSERT INTO disclosure.code_word (resident_id, salt, word_hash, quiet_hash) VALUES ($1, $2, $3, $4)
ON CONFLICT (resident_id) DO UPDATE SET salt = excluded.salt, word_hash = excluded.word_hash,
  quiet_hash = excluded.quiet_hash;

-- name: remove_code_word
-- Ask her for no word any more.
DELETE FROM disclosure.code_word WHERE resident_id = $1;

-- name: unlocked
-- Whether her pages ask for a word, and how a word opened them for this session (null: it did not).
SELECT EXISTS (SELECT FROM disclosure.code_word c WHERE c.resident_id = $1) AS worded,
  (SELECT u.quiet FROM disclosure.unlocked u
    WHERE u.token_hash = $2 AND u.resident_id = $1 AND u.until > $3
      AND EXISTS (SELECT FROM disclosure.code_word c WHERE c.resident_id = $1)) AS quiet;

-- name: unlock_pages
-- Open her pages for a session.
WITH old AS (DELETE FROM disclosure.unlocked WHERE until <= $5)
INSERT INTO disclosure.unlocked (token_hash, resident_id, quiet, until) VALUES ($1, $2, $3, $4)
ON CONFLICT (token_hash) DO UPDATE SET quiet = excluded.quiet, until = excluded.until;

-- name: lock_pages
-- Close her pages for a session.
DELETE FROM disclosure.unlocked WHERE token_hash = $1;

-- name: put_cast_member
-- Name a resident of the demo town.
INSERT INTO disclosure.cast_member (handle, resident_id) VALUES ($1, $2) ON CONFLICT (handle) DO NOTHING;

-- name: cast_member
-- Who bears a handle of the demo town.
SELECT resident_id FROM disclosure.cast_member WHERE handle = $1;

-- name: add_session
-- Keep a link, session or bearer token by its hash.
INSERT INTO disclosure.session (token_hash, kind, staff_id, resident_id, purpose, desk_number, expires_at, id, how,
  began_at, seen_at, fresh_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11);

-- name: session
-- Who holds this token, if it is of this kind and still good; whether her licence is in force today.
SELECT s.id, s.staff_id, s.resident_id, s.purpose, s.desk_number, s.how, s.began_at, s.seen_at, s.locked_at, s.fresh_at,
  t.organisation, t.role, t.name, t.title, t.account,
  coalesce(t.licence_from <= ($3::timestamptz AT TIME ZONE 'UTC')::date, true)
    AND coalesce(t.licence_until >= ($3::timestamptz AT TIME ZONE 'UTC')::date, true) AS licensed
FROM disclosure.session s LEFT JOIN disclosure.staff t ON t.id = s.staff_id
WHERE s.token_hash = $1 AND s.kind = $2 AND s.expires_at > $3 AND (t.active OR s.staff_id IS NULL);

-- name: see_session
-- Remember when a session was used.
UPDATE disclosure.session SET seen_at = $2 WHERE id = $1 AND seen_at < $2;

-- name: lock_session
-- Lock a session; the first moment stands.
UPDATE disclosure.session SET locked_at = coalesce(locked_at, $2) WHERE id = $1;

-- name: unlock_session
-- Open a locked session again.
UPDATE disclosure.session SET locked_at = NULL, seen_at = $2, fresh_at = $2 WHERE id = $1;

-- name: refresh_session
-- Remember when its holder last proved who she is.
UPDATE disclosure.session SET fresh_at = $2, seen_at = greatest(seen_at, $2) WHERE id = $1;

-- name: sessions_of_resident
-- A resident's own sessions that are in force, newest first; bounded.
SELECT id, how, began_at, seen_at FROM disclosure.session
WHERE resident_id = $1 AND staff_id IS NULL AND kind = 'session' AND expires_at > $2
ORDER BY began_at DESC, id LIMIT 100;

-- name: end_session_of
-- End one of a resident's own sessions.
DELETE FROM disclosure.session
WHERE resident_id = $1 AND id = $2 AND staff_id IS NULL AND kind = 'session' RETURNING true;

-- name: end_sessions_of
-- End a resident's own sessions, links and tokens.
DELETE FROM disclosure.session WHERE resident_id = $1 AND staff_id IS NULL;

-- name: end_other_sessions_of
-- End a resident's own sessions and tokens, all but one; a link that was made for her is none of them.
DELETE FROM disclosure.session
WHERE resident_id = $1 AND staff_id IS NULL AND kind <> 'link' AND id IS DISTINCT FROM $2;

-- name: end_sessions_of_staff
-- End every session, link and token of a member of staff.
DELETE FROM disclosure.session WHERE staff_id = $1;

-- name: staff_of
-- The staff of an institution, or of all, those who left too; bounded.
SELECT t.id, t.organisation, t.role, t.name, t.name_zh, t.title, t.title_zh, t.active, t.account, t.licence,
  t.licence_from, t.licence_until,
  EXISTS (SELECT FROM disclosure.passkey p WHERE p.account = t.account)
    OR EXISTS (SELECT FROM disclosure.subject u WHERE u.staff_id = t.id) AS signs_in
FROM disclosure.staff t WHERE $1::text IS NULL OR t.organisation = $1
ORDER BY t.organisation, t.id LIMIT 5000;

-- name: licence
-- Give a member of staff her licence and its dates.
UPDATE disclosure.staff SET licence = $2, licence_from = $3, licence_until = $4 WHERE id = $1 AND active RETURNING true;

-- name: licensed
-- Whether a member of staff may work and her licence is in force on a day.
SELECT EXISTS (SELECT FROM disclosure.staff WHERE id = $1 AND active
  AND coalesce(licence_from <= $2, true) AND coalesce(licence_until >= $2, true));

-- name: remove_staff
-- End a member of staff's work here; her name stays for the log's sake.
UPDATE disclosure.staff SET active = false, account = NULL WHERE id = $1 AND active RETURNING true;

-- name: restore_staff
-- Let a member of staff who left work again.
UPDATE disclosure.staff SET active = true WHERE id = $1;

-- name: works_as
-- The places where the person of an account works now; bounded.
SELECT id, organisation, role, name, title FROM disclosure.staff WHERE account = $1 AND active
ORDER BY organisation, id LIMIT 100;

-- name: add_account
-- Begin an account.
INSERT INTO disclosure.account (id, invited_by, at) VALUES ($1, $2, $3);

-- name: join_account
-- Make a member of staff's work part of an account.
UPDATE disclosure.staff SET account = $2 WHERE id = $1 AND active RETURNING true;

-- name: invite
-- Keep an invitation; earlier ones of the same member of staff stop.
WITH earlier AS (DELETE FROM disclosure.invitation WHERE staff_id = $2)
INSERT INTO disclosure.invitation (token_hash, staff_id, made_by, expires_at) VALUES ($1, $2, $3, $4);

-- name: invitation
-- For whom an invitation is, if it is still good.
SELECT i.staff_id, i.made_by, t.organisation, t.name, t.role FROM disclosure.invitation i
JOIN disclosure.staff t ON t.id = i.staff_id
WHERE i.token_hash = $1 AND i.expires_at > $2 AND t.active;

-- name: use_invitation
-- Use an invitation up; returns for whom it was when it was still good.
WITH used AS (DELETE FROM disclosure.invitation WHERE token_hash = $1 RETURNING staff_id, made_by, expires_at)
SELECT u.staff_id, u.made_by FROM used u JOIN disclosure.staff t ON t.id = u.staff_id
WHERE u.expires_at > $2 AND t.active;

-- name: drop_invitations
-- Take back what a member of staff was invited with.
DELETE FROM disclosure.invitation WHERE staff_id = $1;

-- name: begin_ceremony
-- Keep a challenge that was given out.
INSERT INTO disclosure.ceremony (challenge_hash, kind, session_id, account, resident_id, organisation, invitation_hash,
  began_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: claim_ceremony
-- Use a challenge up, whatever it was for; returns what for.
DELETE FROM disclosure.ceremony WHERE challenge_hash = $1
RETURNING kind, session_id, account, resident_id, organisation, invitation_hash, began_at, expires_at;

-- name: prune_ceremonies
-- Remove challenges that were not answered in time.
DELETE FROM disclosure.ceremony WHERE expires_at < $1;

-- name: prune_invitations
-- Remove invitations that nobody took.
DELETE FROM disclosure.invitation WHERE expires_at < $1;

-- name: add_passkey
-- Keep a passkey; a credential that is here already stays as it is.
INSERT INTO disclosure.passkey (credential_id, id, account, resident_id, public_key, sign_count, synced, added_on)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING true;

-- name: passkey
-- One passkey.
SELECT account, resident_id, public_key, sign_count FROM disclosure.passkey WHERE credential_id = $1;

-- name: use_passkey
-- Move a passkey's counter on, unless another use of it was faster.
UPDATE disclosure.passkey SET sign_count = $3, used_on = $4 WHERE credential_id = $1 AND sign_count = $2 RETURNING true;

-- name: passkeys_of
-- The passkeys of an account or of a resident, newest first; bounded.
SELECT id, credential_id, synced, added_on, used_on FROM disclosure.passkey
WHERE account = $1 OR resident_id = $2 ORDER BY added_on DESC, id LIMIT 50;

-- name: remove_passkey
-- Cancel one passkey of an account or of a resident.
DELETE FROM disclosure.passkey WHERE id = $3 AND (account = $1 OR resident_id = $2) RETURNING true;

-- name: remove_passkeys
-- Cancel every passkey of an account or of a resident.
DELETE FROM disclosure.passkey WHERE account = $1 OR resident_id = $2 RETURNING true;

-- name: put_provider
-- Keep how an institution's own provider is reached.
INSERT INTO disclosure.provider (organisation, issuer, client_id, secret) VALUES ($1, $2, $3, $4)
ON CONFLICT (organisation) DO UPDATE SET issuer = excluded.issuer, client_id = excluded.client_id,
  secret = excluded.secret;

-- name: remove_provider
-- Forget an institution's provider.
DELETE FROM disclosure.provider WHERE organisation = $1 RETURNING true;

-- name: providers
-- The institutions with a provider of their own.
SELECT organisation, issuer, client_id, secret FROM disclosure.provider ORDER BY organisation;

-- name: add_subject
-- Bind whom a provider vouches for to a member of staff; somebody bound already stays bound.
INSERT INTO disclosure.subject (issuer, subject_hash, staff_id) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING RETURNING true;

-- name: subject
-- Whom a provider vouches for, as long as she works at the provider's own institution.
SELECT u.staff_id FROM disclosure.subject u JOIN disclosure.staff t ON t.id = u.staff_id
JOIN disclosure.provider p ON p.issuer = u.issuer AND p.organisation = t.organisation
WHERE u.issuer = $1 AND u.subject_hash = $2 AND t.active;

-- name: drop_subjects
-- Take a member of staff's sign-in through providers away.
DELETE FROM disclosure.subject WHERE staff_id = $1;

-- name: session_holder
-- The member of staff who holds a session.
SELECT staff_id FROM disclosure.session WHERE id = $1 AND kind = 'session' AND staff_id IS NOT NULL;

-- ------------------------------------------------------- emergencies, reports, orders and the officers' work

-- name: declare_emergency
-- Declare an emergency unless it runs already or a cap is used up; tells which.
SELECT disclosure.declare_emergency($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) AS outcome;

-- name: running_emergency
-- The emergency that this person declared for her and that still runs.
SELECT id, resident_id, staff_id, staff_name, staff_title, organisation, reason, words, declared_at, until, ended_at,
  attested, attested_words, attested_at, verdict, verdict_words, verdict_at
FROM disclosure.emergency
WHERE resident_id = $1 AND staff_id = $2 AND organisation = $3 AND declared_at <= $4 AND until > $4 AND ended_at IS NULL
ORDER BY declared_at DESC LIMIT 1;

-- name: emergency
-- One emergency of hers.
SELECT id, resident_id, staff_id, staff_name, staff_title, organisation, reason, words, declared_at, until, ended_at,
  attested, attested_words, attested_at, verdict, verdict_words, verdict_at
FROM disclosure.emergency WHERE resident_id = $1 AND id = $2;

-- name: emergencies
-- Her emergencies, newest first.
SELECT id, resident_id, staff_id, staff_name, staff_title, organisation, reason, words, declared_at, until, ended_at,
  attested, attested_words, attested_at, verdict, verdict_words, verdict_at
FROM disclosure.emergency WHERE resident_id = $1 ORDER BY declared_at DESC LIMIT $2;

-- name: end_emergency
-- End an emergency by hand; returns whether it ran.
UPDATE disclosure.emergency SET ended_at = $5
WHERE resident_id = $1 AND id = $2 AND staff_id = $3 AND organisation = $4 AND ended_at IS NULL AND until > $5
RETURNING true;

-- name: end_task
-- Remember in the officers' work that an emergency ended.
UPDATE disclosure.task SET ends_at = $3 WHERE organisation = $1 AND id = $2;

-- name: attest_emergency
-- Say what an emergency was, once, after it ended.
UPDATE disclosure.emergency SET attested = $5, attested_words = $6, attested_at = $7
WHERE resident_id = $1 AND id = $2 AND staff_id = $3 AND organisation = $4 AND attested IS NULL
  AND (until <= $7 OR ended_at IS NOT NULL)
RETURNING true;

-- name: emergencies_of_person
-- Whose emergencies this person declared lately, newest first.
SELECT resident_id, subject FROM disclosure.task
WHERE organisation = $1 AND person = $2 AND kind = 'emergency' AND opened_at > $3 ORDER BY opened_at DESC LIMIT $4;

-- name: judge_emergency
-- Keep the second person's verdict, once; never the declarer's own.
UPDATE disclosure.emergency SET verdict = $3, verdict_words = $4, verdict_by = $5, verdict_at = $6
WHERE resident_id = $1 AND id = $2 AND verdict IS NULL AND staff_id <> $5 RETURNING true;

-- name: add_task
-- Put something before an institution's privacy officers; again changes nothing.
INSERT INTO disclosure.task (organisation, id, kind, resident_id, subject, person, person_name, note, opened_at, due_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING;

-- name: tasks
-- What an officer may see: her institution's; the platform's officers also what is overdue, or has nobody there.
SELECT t.organisation, t.id, t.kind, t.resident_id, t.subject, t.person, t.person_name, t.note, t.opened_at, t.due_at,
  t.ends_at, t.escalated_at, t.matched, t.matched_at, t.decided, t.decided_words, t.decided_name, t.decided_at
FROM disclosure.task t
WHERE (t.organisation = $1 OR $2 AND (t.escalated_at IS NOT NULL
    OR NOT EXISTS (SELECT FROM disclosure.staff s WHERE s.organisation = t.organisation AND s.role = 'officer' AND s.active)))
  AND ($3::text IS NULL OR t.kind = $3) AND ($4 OR t.decided_at IS NULL) AND ($5::uuid IS NULL OR t.id = $5)
ORDER BY t.decided_at DESC NULLS FIRST, t.due_at LIMIT $6;

-- name: decide_task
-- Close a task, once.
UPDATE disclosure.task SET decided = $3, decided_words = $4, decided_by = $5, decided_name = $6, decided_at = $7
WHERE organisation = $1 AND id = $2 AND decided_at IS NULL RETURNING true;

-- name: close_tasks_of
-- Close what waits about a subject everywhere: it was decided.
UPDATE disclosure.task SET decided = $2, decided_by = $3, decided_name = $4, decided_at = $5
WHERE subject = $1 AND organisation = ANY ($6) AND decided_at IS NULL;

-- name: escalate_tasks
-- Mark what became overdue.
UPDATE disclosure.task SET escalated_at = $1 WHERE decided_at IS NULL AND escalated_at IS NULL AND due_at <= $1
RETURNING organisation, id;

-- name: unmatched_tasks
-- Ended emergencies that nobody compared with the admissions yet.
SELECT organisation, id, resident_id, opened_at, ends_at FROM disclosure.task
WHERE decided_at IS NULL AND kind = 'emergency' AND (matched IS NULL OR matched = 'none' AND matched_at < $2)
  AND ends_at <= $1 ORDER BY opened_at LIMIT $3;

-- name: match_task
-- Keep whether the admissions know of it.
UPDATE disclosure.task SET matched = $3, matched_at = $4 WHERE organisation = $1 AND id = $2;

-- name: officers
-- The privacy officers of an institution.
SELECT id, name, name_zh FROM disclosure.staff WHERE organisation = $1 AND role = 'officer' AND active ORDER BY id;

-- name: bodies
-- Institutions with a privacy officer.
SELECT o.handle, o.name, o.name_zh, o.kind FROM disclosure.organisation o
WHERE EXISTS (SELECT FROM disclosure.staff s WHERE s.organisation = o.handle AND s.role = 'officer' AND s.active)
ORDER BY o.handle;

-- name: put_report
-- Keep what she said about a look; only Yes can be said over, and what nobody answered yet stays.
INSERT INTO disclosure.report AS r (resident_id, about, organisation, said, words, made_at, due_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (resident_id, about) DO UPDATE SET said = excluded.said, words = excluded.words,
  made_at = excluded.made_at, due_at = excluded.due_at WHERE r.said = 'right' AND excluded.said <> 'right'
RETURNING true;

-- name: reports
-- What she said about looks, newest first.
SELECT about, organisation, said, words, made_at, due_at, answer, answered_at FROM disclosure.report
WHERE resident_id = $1 ORDER BY made_at DESC LIMIT $2;

-- name: answer_report
-- Answer what she said, once.
UPDATE disclosure.report SET answer = $3, answered_by = $4, answered_at = $5
WHERE resident_id = $1 AND about = $2 AND answered_at IS NULL AND said <> 'right' RETURNING true;

-- name: add_order
-- Enter a legal order.
INSERT INTO disclosure.legal_order (resident_id, id, organisation, entered_by, entered_name, entered_at, entered_on, body,
  basis, reference, categories, from_on, to_on, sealed_until, opening, commitment)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16);

-- name: orders
-- Her orders with who approved them, newest first; one of them when its number is given.
SELECT o.id, o.resident_id, o.organisation, o.entered_by, o.entered_name, o.entered_at, o.body, o.basis, o.reference,
  o.categories, o.from_on, o.to_on, o.sealed_until, o.opening, o.commitment, o.refused_at, o.statement, o.published_at,
  array(SELECT a.organisation FROM disclosure.order_approval a WHERE a.resident_id = o.resident_id AND a.order_id = o.id
    ORDER BY a.at, a.organisation) AS bodies,
  array(SELECT a.staff_id FROM disclosure.order_approval a WHERE a.resident_id = o.resident_id AND a.order_id = o.id
    ORDER BY a.at, a.organisation) AS approvers,
  array(SELECT a.staff_name FROM disclosure.order_approval a WHERE a.resident_id = o.resident_id AND a.order_id = o.id
    ORDER BY a.at, a.organisation) AS approver_names
FROM disclosure.legal_order o WHERE o.resident_id = $1 AND ($2::uuid IS NULL OR o.id = $2)
ORDER BY o.entered_at DESC LIMIT $3;

-- name: orders_of_institution
-- The orders that an institution's officers entered, newest first.
SELECT resident_id, id FROM disclosure.legal_order WHERE organisation = $1 ORDER BY entered_at DESC LIMIT $2;

-- name: same_person
-- Tell whether two of these members of staff are one person with one account.
SELECT count(*) <> count(DISTINCT coalesce(account::text, id)) FROM disclosure.staff WHERE id = ANY ($1::text[]);

-- name: approve_order
-- Approve an order for one body; the same body or person again changes nothing.
INSERT INTO disclosure.order_approval (resident_id, order_id, organisation, staff_id, staff_name, at)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING true;

-- name: refuse_order
-- Refuse an order for ever, unless it is public.
UPDATE disclosure.legal_order SET refused_by = $3, refused_at = $4
WHERE resident_id = $1 AND id = $2 AND refused_at IS NULL AND statement IS NULL RETURNING true;

-- name: claim_order
-- Be the one who publishes an order; a claim that came to nothing lapses.
UPDATE disclosure.legal_order SET claimed_at = $3
WHERE resident_id = $1 AND id = $2 AND statement IS NULL AND refused_at IS NULL
  AND (claimed_at IS NULL OR claimed_at < $4) RETURNING true;

-- name: publish_order
-- Remember the public statement of an order.
UPDATE disclosure.legal_order SET statement = $3, published_at = $4
WHERE resident_id = $1 AND id = $2 AND statement IS NULL;

-- name: unpublished_orders
-- Orders that two bodies approved and that are not public yet.
SELECT o.resident_id, o.id FROM disclosure.legal_order o
WHERE o.statement IS NULL AND o.refused_at IS NULL
  AND (SELECT count(*) FROM disclosure.order_approval a WHERE a.resident_id = o.resident_id AND a.order_id = o.id) >= 2
LIMIT $1;

-- name: claim_week
-- Count a week's orders and be the one who says so in public; nothing when it was said.
INSERT INTO disclosure.order_week AS w (week, orders, sealed, claimed_at)
SELECT $1, count(*), count(*) FILTER (WHERE o.sealed_until IS NOT NULL), $4
FROM disclosure.legal_order o WHERE o.published_at >= $2 AND o.published_at < $3
ON CONFLICT (week) DO UPDATE SET claimed_at = excluded.claimed_at WHERE w.statement IS NULL AND w.claimed_at < $5
RETURNING orders, sealed;

-- name: publish_week
-- Remember the public statement of a week.
UPDATE disclosure.order_week SET statement = $2 WHERE week = $1 AND statement IS NULL;

-- name: newest_week
-- The newest week whose count was said in public.
SELECT max(week) AS week FROM disclosure.order_week WHERE statement IS NOT NULL;

-- What is unusual (anomalies.py)

-- name: put_activity
-- Keep a day's counts; what is there stays.
INSERT INTO disclosure.activity (staff, organisation, day, role, uncoded)
SELECT a.staff, a.organisation, $1, a.role, a.uncoded
FROM unnest($2::text[], $3::text[], $4::text[], $5::int[]) AS a(staff, organisation, role, uncoded)
ON CONFLICT (staff, organisation, day) DO NOTHING;

-- name: activity
-- The kept counts, oldest first.
SELECT staff, organisation, role, day, uncoded FROM disclosure.activity WHERE day < $1 ORDER BY day;

-- name: prune_activity
-- Forget counts that are too old to compare with.
DELETE FROM disclosure.activity WHERE day < $1;

-- What stewards decide (stewards.py) and forms of a desk (deskforms.py)

-- name: put_case
-- Keep how urgent a case is and how many stewards it needs; what is there stays.
INSERT INTO disclosure.steward_case (case_id, urgency, needs, opened_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (case_id) DO NOTHING;

-- name: known_cases
-- What is known of these cases.
SELECT c.case_id, c.urgency, c.needs, c.opened_at, c.decided, c.decided_at FROM disclosure.steward_case c
WHERE c.case_id = ANY ($1::uuid[]);

-- name: claim_case
-- Be the only one who decides a case, for half a minute; nothing when another does.
UPDATE disclosure.steward_case SET claimed_at = $2
WHERE case_id = $1 AND decided IS NULL AND (claimed_at IS NULL OR claimed_at < $2::timestamptz - interval '30 seconds')
RETURNING true;

-- name: release_case
-- Let others decide it again.
UPDATE disclosure.steward_case SET claimed_at = NULL WHERE case_id = $1;

-- name: settle_case
-- Remember how a case was decided.
UPDATE disclosure.steward_case SET claimed_at = NULL, decided = $2, decided_at = $3 WHERE case_id = $1;

-- name: say_word
-- Keep what a steward says of a case, once; nothing when she said it already.
INSERT INTO disclosure.steward_word (case_id, steward, name, word, reason, blind, leaning, said_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (case_id, steward) DO NOTHING RETURNING true;

-- name: words_of_case
-- What stewards said of a case, in order.
SELECT w.steward, w.name, w.word, w.reason, w.blind, w.leaning, w.said_at FROM disclosure.steward_word w
WHERE w.case_id = $1 ORDER BY w.said_at, w.steward;

-- name: said_cases
-- Of which of these cases a steward said her word.
SELECT w.case_id FROM disclosure.steward_word w WHERE w.steward = $1 AND w.case_id = ANY ($2::uuid[]);

-- name: agreement
-- How often blind words were as the model leaned, and how often two stewards said the same.
SELECT count(*) FILTER (WHERE w.blind) AS blind, count(*) FILTER (WHERE w.blind AND w.word = w.leaning) AS as_model,
  (SELECT count(*) FROM disclosure.steward_word a JOIN disclosure.steward_word b ON b.case_id = a.case_id
    WHERE a.steward < b.steward AND a.word <> 'unsure' AND b.word <> 'unsure') AS twice,
  (SELECT count(*) FROM disclosure.steward_word a JOIN disclosure.steward_word b ON b.case_id = a.case_id
    WHERE a.steward < b.steward AND a.word <> 'unsure' AND b.word = a.word) AS alike
FROM disclosure.steward_word w WHERE w.word <> 'unsure' AND w.leaning IS NOT NULL;

-- name: begin_form
-- Begin a desk's form that was not sent before, or whose sending was cut off; nothing when it was.
INSERT INTO disclosure.desk_form AS f (form_hash, sent_at) VALUES ($1, $2)
ON CONFLICT (form_hash) DO UPDATE SET sent_at = excluded.sent_at
WHERE f.resident_id IS NULL AND f.sent_at < excluded.sent_at - interval '30 seconds'
RETURNING true;

-- name: end_form
-- Remember whom a form added.
UPDATE disclosure.desk_form SET resident_id = $2 WHERE form_hash = $1;

-- name: drop_form
-- Forget a form that added nobody.
DELETE FROM disclosure.desk_form WHERE form_hash = $1 AND resident_id IS NULL;

-- name: form
-- Whom a form added.
SELECT f.resident_id FROM disclosure.desk_form f WHERE f.form_hash = $1;

-- name: prune_forms
-- Forget forms after a day.
DELETE FROM disclosure.desk_form WHERE sent_at < $1::timestamptz - interval '1 day';
