-- name: check_in
-- Give a number of one institution, day and service, or her first one again.
SELECT $3::text AS letter, ticket_number AS number, was_called AS called, before AS waiting_before
FROM visits.check_in($1, $2, $3, $4);

-- name: waiting
-- List the waiting numbers of one institution and day, without names.
SELECT letter, number, false AS called, before AS waiting_before FROM visits.waiting($1, $2, $3);

-- name: ticket_of
-- Find her ticket of one institution and day.
SELECT letter, number, called, before AS waiting_before FROM visits.ticket_of($1, $2, $3);

-- name: call_next
-- Call the lowest waiting number of one institution, day and service.
SELECT $3::text AS letter, number, true AS called, 0 AS waiting_before FROM visits.call_next($1, $2, $3) AS number;
