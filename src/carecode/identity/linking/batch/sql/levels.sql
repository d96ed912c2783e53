-- The level of each field of each pair where a statement can tell, as linking/levels.py says; NULL asks Python.
-- ``pattern`` is put together in packed.sql.
SELECT
  p.a, p.b, p.letters,
  CASE
    WHEN l.number = '' OR r.number = '' OR l.kind <> r.kind THEN $Number_MISSING
    WHEN l.number = r.number THEN $Number_EXACT
    WHEN NOT (l.number_holds AND r.number_holds) THEN
      CASE WHEN surely_apart(l.number, r.number, 2) THEN $Number_DOUBTFUL END
    WHEN l.kind NOT IN ($lifelong) THEN $Number_DOUBTFUL
    WHEN surely_apart(l.number, r.number, 2) THEN $Number_DIFFERENT
  END AS number,
  CASE
    WHEN l.other_number = '' OR r.other_number = '' THEN $Other_MISSING
    WHEN l.other_number = r.other_number THEN $Other_EXACT
    WHEN split_part(l.other_number, '|', 1) <> split_part(r.other_number, '|', 1) THEN $Other_MISSING
    WHEN surely_apart(
        substr(l.other_number, instr(l.other_number, '|') + 1), substr(r.other_number, instr(r.other_number, '|') + 1), 1
      ) THEN $Other_DIFFERENT
  END AS other,
  CASE
    WHEN l.name = '' OR r.name = '' OR l.placeholder <> '' OR r.placeholder <> '' THEN $Name_MISSING
    WHEN l.name = r.name THEN
      CASE WHEN l.damaged THEN $Name_UNREADABLE WHEN l.surname <> '' AND l.given <> '' THEN $Name_EXACT END
    WHEN l.pinyin <> '' AND l.pinyin = r.pinyin THEN $Name_SOUND
    WHEN l.damaged OR r.damaged OR (l.surname = r.given AND l.given = r.surname)
      OR (l.turned <> '' AND l.turned = r.pinyin) OR (r.turned <> '' AND r.turned = l.pinyin) THEN NULL
    WHEN l.latin AND r.latin THEN
      CASE
        WHEN l.given = '' OR r.given = '' OR l.surname = '' OR r.surname = '' OR l.words <> 2 OR r.words <> 2
          OR split_part(l.name, ' ', 1) = split_part(r.name, ' ', 2)
          OR split_part(l.name, ' ', 2) = split_part(r.name, ' ', 1) THEN NULL
        WHEN (no_slip(l.surname, r.surname) OR no_slip(l.given, r.given))
          AND (no_slip(l.surname, r.given) OR no_slip(l.given, r.surname)) THEN
          CASE
            WHEN l.given = r.given THEN $Name_GIVEN
            WHEN l.given = r.surname OR r.given = l.surname OR l.surname = r.surname THEN $Name_SURNAME
            WHEN no_slip(l.surname, r.surname) THEN $Name_DIFFERENT
          END
      END
    WHEN NOT l.latin AND NOT r.latin AND (translate(l.name, r.name, '') = ''
        OR translate(r.name, l.name, '') = '' OR l.given = r.name OR r.given = l.name)
      THEN NULL
    WHEN NOT l.latin AND NOT r.latin AND l.surname = r.surname AND translate(l.given, r.given, '') <> l.given
      THEN $Name_SHARED
    WHEN (l.given <> '' AND l.given = r.given) OR (l.given_pinyin <> '' AND l.given_pinyin = r.given_pinyin)
      THEN $Name_GIVEN
    WHEN l.surname <> '' AND l.surname = r.surname THEN $Name_SURNAME
    ELSE $Name_DIFFERENT
  END AS name,
  CASE
    WHEN l.born = '' OR r.born = '' THEN $Born_MISSING
    WHEN NOT (l.whole AND r.whole) THEN
      CASE
        WHEN substr(l.born, 1, least(length(l.born), length(r.born)))
          = substr(r.born, 1, least(length(l.born), length(r.born))) THEN $Born_COARSE
        WHEN substr(l.born, 1, 4) = substr(r.born, 1, 4) THEN $Born_YEAR
        ELSE $Born_DIFFERENT
      END
    WHEN l.born = r.born THEN $Born_EXACT
    WHEN substr(l.born, 1, 4) = substr(r.born, 1, 4) AND (substr(l.born, 5) = '0101' OR substr(r.born, 5) = '0101')
      THEN $Born_COARSE
    WHEN substr(l.born, 1, 4) = substr(r.born, 1, 4) AND substr(l.born, 5, 2) = substr(r.born, 7, 2)
      AND substr(l.born, 7, 2) = substr(r.born, 5, 2) THEN $Born_SWAPPED
    WHEN l.born_lunar = r.born OR r.born_lunar = l.born THEN $Born_LUNAR
    WHEN abs(l.days - r.days) BETWEEN $lunar_least AND $lunar_most
      AND abs((CASE WHEN l.days > r.days THEN l.moon - r.day_born ELSE r.moon - l.day_born END + 75.4) % 29.530588e0 - 15.8) < 2.5
      THEN NULL  -- the moon is as old as the other date says, within a day or so
    WHEN digits_apart(l.born, r.born) = 1 THEN $Born_DIGIT
    WHEN digits_apart(l.born, r.born) = 2 AND l.number_of_born % 9 = r.number_of_born % 9 THEN NULL  -- swapped?
    WHEN substr(l.born, 5) = substr(r.born, 5) THEN $Born_ANNIVERSARY
    WHEN substr(l.born, 1, 4) <> substr(r.born, 1, 4) THEN $Born_DIFFERENT
    WHEN substr(l.born, 5, 2) = substr(r.born, 5, 2) THEN $Born_MONTH
    ELSE $Born_YEAR
  END AS born,
  CASE WHEN l.sex = '' OR r.sex = '' THEN $Sex_MISSING WHEN l.sex = r.sex THEN $Sex_SAME ELSE $Sex_DIFFERENT
  END AS sex,
  CASE
    WHEN l.phone <> '' AND l.phone = r.phone
      THEN CASE WHEN l.door <> '' AND l.door = r.door THEN $Contact_BOTH ELSE $Contact_PHONE END
    WHEN l.door <> '' AND l.door = r.door THEN $Contact_DOOR
    WHEN perhaps_one_door(l.door, r.door) THEN NULL
    WHEN (l.locality <> '' AND l.locality = r.locality) OR (l.postcode <> '' AND l.postcode = r.postcode) THEN
      CASE
        WHEN l.street <> '' AND l.street = r.street THEN $Contact_PLACE
        WHEN perhaps_one_door(l.street, r.street) THEN NULL
        ELSE $Contact_LOCALITY
      END
    WHEN l.street <> '' AND l.street = r.street THEN $Contact_STREET
    WHEN (l.phone <> '' AND r.phone <> '') OR (l.door <> '' AND r.door <> '') OR (l.street <> '' AND r.street <> '')
      OR (l.locality <> '' AND r.locality <> '') OR (l.postcode <> '' AND r.postcode <> '') THEN $Contact_NONE
    ELSE $Contact_MISSING
  END AS contact,
  $marks AS marks$shares
FROM $pairs p JOIN records l ON l.rid = p.a JOIN records r ON r.rid = p.b
