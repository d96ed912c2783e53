-- One row a record: crowded values blanked, and what keys and levels ask of one record alone, worked out once.
WITH blanked AS (
  SELECT
    r.rid, r.number_holds, r.name, r.surname, r.given, r.pinyin, r.given_pinyin, r.placeholder, r.mother,
    r.birth_order, r.born, r.born_lunar, r.sex, r.locality, r.street, r.postcode,
    CASE WHEN c1.value IS NULL THEN r.number ELSE '' END AS number,
    CASE WHEN c2.value IS NULL THEN r.other_number ELSE '' END AS other_number,
    CASE WHEN c3.value IS NULL THEN r.phone ELSE '' END AS phone,
    CASE WHEN c4.value IS NULL THEN r.door ELSE '' END AS door,
    CASE r.number_kind $twins ELSE r.number_kind END AS kind, r.number_kind, r.born_precision, r.day_born,
    r.born_precision = 'day' AS whole,
    r.name < '$letters_end' AS latin,
    translate(r.name, '$unreadable', '') <> r.name AS damaged,
    is_ascii(r.name) AS plain,
    length(r.name) - length(replace(r.name, ' ', '')) + 1 AS words,
    CASE WHEN r.born_precision = 'day' THEN
      372 * CAST(substr(r.born, 1, 4) AS INT) + 31 * CAST(substr(r.born, 5, 2) AS INT) + CAST(substr(r.born, 7, 2) AS INT)
    END AS days,
    CASE WHEN r.born_precision = 'day' THEN CAST(r.born AS INT) END AS number_of_born,
    CASE WHEN r.born_precision = 'day' THEN
      (365 * r.march_year
        + floor(r.march_year / 4e0) - floor(r.march_year / 1e2) + floor(r.march_year / 4e2) + floor((153 * ((r.month_born + 9) % 12) + 2) / 5e0) + r.day_born - 730431)
      % 29.530588e0
    END AS moon,
    length(r.pinyin) - length(r.given_pinyin) AS cut,
    CASE WHEN r.placeholder <> '' THEN '' WHEN r.pinyin <> '' THEN r.pinyin ELSE r.name END AS sound,
    CASE WHEN r.placeholder <> '' THEN '' WHEN r.given_pinyin <> '' THEN r.given_pinyin ELSE r.given END AS own$held
  FROM (
    SELECT *, CASE WHEN born_precision = 'day' THEN CAST(substr(born, 1, 4) AS INT) - CASE WHEN substr(born, 5, 2) < '03' THEN 1 ELSE 0 END END AS march_year,
      CASE WHEN born_precision = 'day' THEN CAST(substr(born, 5, 2) AS INT) END AS month_born,
      CASE WHEN born_precision = 'day' THEN CAST(substr(born, 7, 2) AS INT) END AS day_born
    FROM given
  ) r
  LEFT JOIN crowded c1 ON c1.field = 'number' AND c1.value = r.number
  LEFT JOIN crowded c2 ON c2.field = 'other_number' AND c2.value = r.other_number
  LEFT JOIN crowded c3 ON c3.field = 'phone' AND c3.value = r.phone
  LEFT JOIN crowded c4 ON c4.field = 'door' AND c4.value = r.door$frequent
)
SELECT
  b.*,
  CASE WHEN given_pinyin <> '' AND cut > 0 AND substr(pinyin, cut + 1) = given_pinyin
    THEN given_pinyin || substr(pinyin, 1, cut) ELSE '' END AS turned,
  placeholder = '' AND name <> '' AND plain AS letters
FROM blanked b
