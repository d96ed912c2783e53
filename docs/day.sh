#!/bin/sh
# A day in the demo town, by commands alone.  First, in another terminal: ./carecode demo
# Usage: docs/day.sh [DATA]   DATA: the demo's data folder, else CARECODE_DATA, else the usual one.
set -eu
cd "$(dirname "$0")/.."
[ $# -eq 0 ] || export CARECODE_DATA="$1"
number="citizen-id|990101199003077821" # no area 990101 exists, and the check digit is wrong: it should be 3
count() { echo "$1" | sed -n 's/^resources: //p'; }

echo "1. The desk registers somebody new. A wrong check digit is said, and stops nothing:"
./carecode enrol --number "$number" --name 周雪 --name-latin "Zhou Xue" --birth-date 1990-03-07 --sex female
echo "2. Her phone shows a code for check-in. It holds no name, no number, no place:"
code=$(./carecode code show "$number" --purpose REGISTER)
echo "$code"
echo "3. The desk scans it and sees who she is, nothing else. She gets a number in the queue:"
./carecode scan "$code" --as @desk --purpose REGISTER
echo "4. The same code again:"
if ./carecode scan "$code" --as @desk --purpose REGISTER 2>&1; then exit 1; fi

opened() { # She types the doctor's four digits, 2203; the doctor scans and reads what he may.
  code=$(./carecode code show @resident --purpose OPEN_RECORD --desk-number 2203)
  ./carecode scan "$code" --as @doctor --purpose OPEN_RECORD --desk-number 2203
}
echo "5. Another resident shows the doctor a code for her record, and he opens it:"
whole=$(opened)
echo "$whole"
echo "6. She reads who looked, and why:"
./carecode who-looked @resident --limit 3
echo "7. She shuts the hospital out of what others wrote. The same doctor, a new code:"
./carecode shut-out @resident county-2
rest=$(opened)
echo "$rest"
[ "$(count "$rest")" -lt "$(count "$whole")" ] || exit 1
echo "8. She lets it in again. The same doctor, a new code:"
./carecode let-in @resident county-2
again=$(opened)
[ "$(count "$again")" -eq "$(count "$whole")" ] || exit 1
echo "The doctor saw $(count "$whole") entries, then $(count "$rest"), then $(count "$again") again."
