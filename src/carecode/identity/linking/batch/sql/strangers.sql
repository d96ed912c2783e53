-- The pairs that share a key, and pairs spread evenly over all there are: see gathering.Records, whose pairs these are.
WITH placed AS (SELECT rid, row_number() OVER (ORDER BY rid) - 1 AS place FROM records)
SELECT a, b, letters FROM pairs
UNION ALL
SELECT l.rid AS a, r.rid AS b, 0 AS letters
FROM strides s JOIN placed l ON l.place % $step = s.start JOIN placed r ON r.place = (l.place + s.stride) % $count
