-- What brings two entries together: the model's links and the pins.
SELECT a, b, total, certain, FALSE AS pinned FROM scored WHERE outcome = 'link'
UNION ALL
SELECT a, b, 0e0, FALSE, TRUE FROM pins WHERE must
