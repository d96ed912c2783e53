-- How many people's records each member of staff opened without a code, by day: beside what a new day is unusual.

CREATE TABLE disclosure.activity (
  staff text NOT NULL,
  organisation text NOT NULL,
  day date NOT NULL,
  role text NOT NULL,
  uncoded int NOT NULL,
  PRIMARY KEY (staff, organisation, day)
);
COMMENT ON TABLE disclosure.activity IS 'institution: counts per member of staff and day, for sixty days; no resident';
CREATE INDEX activity_day ON disclosure.activity (day);

GRANT SELECT, INSERT, DELETE ON disclosure.activity TO carecode_disclosure;
