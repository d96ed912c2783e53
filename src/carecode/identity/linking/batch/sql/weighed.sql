-- Every pair with its bits field by field, for who wants to see them.
SELECT s.a, s.b, s.pattern, s.rule, s.verdict, s.certain, s.total, s.outcome, $bits
FROM scored s JOIN levelled l ON l.a = s.a AND l.b = s.b AND l.letters > 0
