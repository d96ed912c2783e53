-- Every pair once, with the letters that found it.
SELECT a, b, bit_or(letter) AS letters FROM ($found) AS found GROUP BY a, b
