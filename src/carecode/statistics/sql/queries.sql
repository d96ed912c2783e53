-- name: count_cells
-- Count events and say how many were new.
SELECT statistics.count_cells($1, $2, $3);

-- name: true_counts
-- Sum a statistic's cells; no row once it is released or the week is closed.
SELECT cell, residents FROM statistics.true_counts($1, $2, $3);

-- name: kept_release
-- Find a release that was made.
SELECT statistics.kept_release($1, $2);

-- name: keep_release
-- Keep a release and pay for it, or return the one that another kept first.
SELECT statistics.keep_release($1, $2, $3, $4, $5);

-- name: close_window
-- Delete a week's tokens when all its statistics are released.
SELECT statistics.close_window($1, $2);

-- name: due_windows
-- List the weeks before a day that still have tokens.
SELECT window_start FROM statistics.due_windows($1, $2) AS window_start;

-- name: budget
-- Say what a week and its year have cost, and may cost.
SELECT week_spent, week_cap, year_spent, year_cap FROM statistics.budget($1);
