"""Files of people: every absurd line is named, counted and loses nothing else."""

from __future__ import annotations

import csv
import datetime as dt
import io
import time
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.exchange import people_columns, people_files
from carecode.exchange.people_columns import FIELDS, NUMBERS, header_of
from carecode.exchange.people_files import BLOCK_BYTES, LINE_BYTES_MAX, Refused, Sent, from_csv, is_people, people
from carecode.exchange.refusals import SentRefusedError
from carecode.identity.identifiers import KINDS
from carecode.identity.linking.contacts import Address
from carecode.identity.linking.names import Name
from carecode.identity.linking.standardise import standardise

HEADER = "姓名,身份证号,出生日期,性别,电话,地址\n"
LIN = "林梅,990105194912310023,1949-12-31,女,13900001234,示范路1号\n"


def read(text: str | bytes, source: str = "") -> list[Sent | Refused]:
    return list(from_csv(io.BytesIO(text.encode() if isinstance(text, str) else text), source=source))


def taken(rows: list[Sent | Refused]) -> list[Sent]:
    return [row for row in rows if isinstance(row, Sent)]


def refused(rows: list[Sent | Refused]) -> list[tuple[int, str]]:
    return [(row.line, row.code) for row in rows if isinstance(row, Refused)]


def names(rows: list[Sent | Refused]) -> list[str]:
    return [row.record.names[0].text for row in taken(rows)]


def test_a_chinese_and_an_english_file_say_the_same() -> None:
    chinese = "来源机构,病历号,姓名,身份证号,出生日期,性别,手机号,现住址,医保号,登记日期\n"
    english = "Source,Local-ID,Name,citizen id,Birth Date,SEX,phone,Address,Insurance No.,recorded_on\n"
    row = "county-2,M7,林梅,990105194912310023,1949年12月31日,女,139 0000 1234,示范路1号,AB12345,2024-05-06\n"
    one, two = (taken(read(header + row))[0] for header in (chinese, english))
    assert one == two
    record = one.record
    assert (record.source, record.local_id, record.as_of) == ("county-2", "M7", "2024-05-06")
    assert record.names == (Name("林梅"),)
    assert [(number.kind, number.value) for number in record.identifiers] == [
        ("citizen-id", "990105194912310023"),
        ("insurance", "AB12345"),
    ]
    assert (record.phones, record.addresses) == (("139 0000 1234",), (Address("示范路1号"),))
    features = standardise(record)
    assert (features.name, features.born, features.sex, features.phone) == ("林梅", "19491231", "female", "13900001234")


def test_the_headers_are_unlike_and_name_kinds_that_exist() -> None:
    spelled = [people_columns._spelling(word) for words in FIELDS.values() for word in words.split(" | ")]
    assert [word for word, number in Counter(spelled).items() if number > 1] == []
    assert set(NUMBERS) <= KINDS.keys()
    assert set(people_columns._DOCUMENT_WORDS.values()) <= KINDS.keys()


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_every_header_is_known_however_it_is_spelled(field: str) -> None:
    for word in FIELDS[field].split(" | "):
        for spelled in (word, f" {word.upper()}\t", word.replace(" ", "_"), f"{word}（必填）", f"*{word}"):
            assert header_of([spelled]).fields == (field,)


def test_unknown_columns_are_named_and_left_out() -> None:
    header = header_of(["姓名", "favourite colour", "", "\x1b[2Jx" + "y" * 100])
    assert header.fields == ("name", "", "", "")
    assert header.ignored == ("favourite colour", "[2Jx" + "y" * 36)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_both_encodings_are_told_by_what_is_in_the_file(encoding: str) -> None:
    rows = read((HEADER + LIN + LIN.replace("林梅", "㐱𠀀")).encode(encoding))
    assert names(rows) == ["林梅", "㐱𠀀"]


def test_the_encoding_may_show_late_and_one_bad_line_does_not_turn_the_rest() -> None:
    header, plain = b"name,phone\n", b"Lin Mei,13900001234\n" * (BLOCK_BYTES // 20 + 10)
    rows = read(header + plain + "林梅,1\n".encode("gb18030") + "陈雪,2\n".encode("gb18030"))
    assert names(rows)[-2:] == ["林梅", "陈雪"]
    broken = read(header + b"\xc1\xd6\xff,1\n" + "林梅,2\n陈雪,3\n".encode())
    assert (names(broken), refused(broken)) == (["林梅", "陈雪"], [(2, "people-line-encoding")])


def test_sixteen_bit_text_says_what_to_do() -> None:
    with pytest.raises(SentRefusedError, match="Save it as UTF-8"):
        read((HEADER + LIN).encode("utf-16"))


@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_the_separator_is_found(separator: str) -> None:
    assert names(read((HEADER + LIN).replace(",", separator))) == ["林梅"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('林梅,"990105194912310023,1949-12-31,女,1,路\n', "people-line-quotes"),
        ('林梅,"9901"05,1949-12-31,女,1,路\n', "people-line-quotes"),
        ("林梅,990105194912310023,1949-12-31,女,139\n", "people-line-columns"),
        ("林梅,9901,1949-12-31,女,139,示范路,1号\n", "people-line-columns"),
        ("林\x00梅,9901,1949-12-31,女,139,路\n", "people-line-nul"),
        ("x" * (LINE_BYTES_MAX + 1) + "\n", "people-line-long"),
        ("x" * (3 * BLOCK_BYTES) + "\n", "people-line-long"),
        (f"林梅,9901,1949-12-31,女,139,{'路' * 1_001}\n", "people-field-long"),
        (",,1900-01-01,女,139,路\n", "people-line-empty"),
        (b"\xff\xfe\xfd,,,,,\n", "people-line-encoding"),
    ],
    ids=["unclosed", "inside", "few", "many", "nul", "long", "very-long", "field", "empty", "encoding"],
)
def test_a_broken_line_costs_itself_only(line: str | bytes, code: str) -> None:
    raw = line if isinstance(line, bytes) else line.encode()
    rows = read((HEADER + LIN).encode() + raw + (LIN * 3).encode() + raw + LIN.encode())
    assert refused(rows) == [(3, code), (7, code)]
    assert [row.line for row in taken(rows)] == [2, 4, 5, 6, 8]
    assert names(rows) == ["林梅"] * 5


def test_no_refusal_repeats_what_was_sent() -> None:
    rows = read(HEADER + '林梅,"990105194912310023,1949-12-31,女,1,路\n' + "林梅,990105194912310023\n")
    for row in rows:
        assert isinstance(row, Refused)
        assert "9901" not in row.message
        assert "林" not in row.message


def test_a_quoted_field_may_hold_line_ends_and_commas() -> None:
    rows = read(HEADER + '林梅,,1949-12-31,女,139,"示范路1号,\n2幢\n3室"\n' + LIN)
    assert refused(rows) == []
    assert taken(rows)[0].record.addresses[0].text == "示范路1号, 2幢 3室"
    assert [row.line for row in taken(rows)] == [2, 5]


def test_an_open_quotation_mark_before_a_quoted_field_does_not_swallow_it() -> None:
    rows = read(HEADER + '林梅,,1949-12-31,女,139,"路\n"陈雪",,,,,\n' + '"陈兰",,,,,"2\n3"\n' + '甲乙,,,,,"路')
    assert refused(rows) == [(2, "people-line-quotes"), (6, "people-line-quotes")]
    assert names(rows) == ["陈雪", "陈兰"]


def test_blank_lines_and_the_empty_columns_of_spreadsheets_say_nothing() -> None:
    rows = read(HEADER + "\n,,,,,\n  \n" + LIN.replace("\n", ",,,\n") + ",,,,,,,\r\n")
    assert (len(taken(rows)), refused(rows)) == (1, [])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "file-empty"),
        ("\n\n", "file-empty"),
        ("colour,taste\nred,sweet\n", "people-header"),
        ('"姓名,性别\n', "people-header"),
        ("姓名,名字\n甲,乙\n", "people-columns-twice"),
        (",".join(["姓名"] + ["x"] * 200) + "\n", "people-columns-many"),
        ("\x00姓名\n", "people-line-nul"),
        ("x" * 100_000, "people-line-long"),
    ],
    ids=["empty", "blank", "other", "unclosed", "twice", "many", "nul", "long"],
)
def test_a_file_that_is_not_of_people_is_refused_as_a_whole(text: str, code: str) -> None:
    with pytest.raises(SentRefusedError) as caught:
        read(text)
    assert caught.value.code == code


def test_what_spreadsheets_do_to_numbers_is_put_right_or_said() -> None:
    header = "姓名,身份证号,医保号,电话\n"
    rows = taken(
        read(
            header
            + "甲,'990105194912310023,AB12345,13900001234.0\n"
            + '乙,"=""990105194912310023""",,\n'
            + "丙,9.90105E+17,1.2E+09,1.39E+10\n"
            + "丁,\t990105194912310023 ,,\n"
        )
    )
    assert [one.value for one in rows[0].record.identifiers] == ["990105194912310023", "AB12345"]
    assert rows[0].record.phones == ("13900001234",)
    assert [one.value for one in rows[1].record.identifiers] == ["990105194912310023"]
    assert (rows[2].record.identifiers, rows[2].record.phones) == ((), ())
    assert [row.notes for row in rows] == [(), (), ("number-rounded",), ()]
    assert set(people_columns.NOTES) >= {note for row in rows for note in row.notes}


@pytest.mark.parametrize(
    ("kind", "country", "number", "found", "note"),
    [
        ("", "", "990105194912310023", "citizen-id", ""),
        ("01", "", "990105194912310023", "citizen-id", ""),
        ("居民身份证", "", "990105194912310023", "citizen-id", ""),
        ("passport", "", "E12345678", "passport", ""),
        ("03", "USA", "E12345678", "passport", ""),
        ("护照", "", "E12345678", "", people_columns.NOTE_STATE),
        ("台胞证", "", "12345678", "tw-permit", ""),
        ("99", "", "20260101", "", people_columns.NOTE_KIND),
        ("会员卡", "", "12345678", "", people_columns.NOTE_KIND),
        ("居民户口簿", "", "000012345", "", people_columns.NOTE_NUMBER),
        ("01", "", "9" * 400, "", people_columns.NOTE_NUMBER),
    ],
)
def test_a_document_is_what_its_type_says(kind: str, country: str, number: str, found: str, note: str) -> None:
    row = taken(read(f"姓名,证件类型,证件号码,签发国\n林梅,{kind},{number},{country}\n"))[0]
    assert [one.kind for one in row.record.identifiers] == ([found] if found else [])
    assert row.notes == ((note,) if note else ())


def test_control_characters_are_left_out_and_said_and_emoji_stay() -> None:
    rows = taken(read(HEADER + "林\x1b[2J梅\u202e,,1949-12-31,女,139,路\x07\n" + "😀,,1949-12-31,女,139,路\n"))
    assert rows[0].record.names[0].text == "林[2J梅"
    assert rows[0].record.addresses[0].text == "路"
    assert rows[0].notes == ("control-characters",)
    assert (rows[1].record.names[0].text, rows[1].notes) == ("😀", ())
    for row in rows:
        standardise(row.record)


def test_two_phones_and_two_addresses_are_both_kept() -> None:
    row = taken(read("姓名,电话,手机,住址,户籍地址,邮编\n林梅,1,2,甲路1号,乙路2号,100000\n"))[0]
    assert row.record.phones == ("1", "2")
    assert row.record.addresses == (Address("甲路1号", postcode="100000"), Address("乙路2号"))


def test_a_row_without_a_source_has_the_files() -> None:
    rows = taken(read("姓名,机构\n林梅,\n陈雪,city-1\n", source="county-2"))
    assert [row.record.source for row in rows] == ["county-2", "city-1"]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=12)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=12))
def test_what_a_csv_writer_writes_comes_back_row_by_row(rows: list[tuple[str, str, str]]) -> None:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(("姓名", "地址", "x"))
    writer.writerows(rows)
    found = read(written.getvalue())
    wanted = [number for number, row in enumerate(rows, 2) if any(cell.strip() for cell in row)]
    assert [row.line for row in found] == wanted
    for row in found:
        if isinstance(row, Refused):
            assert row.code == "people-line-empty"


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(junk: bytes) -> None:
    start = (HEADER + LIN).encode()
    rows = list(from_csv(io.BytesIO(start + junk + b"\n" + LIN.encode())))
    assert rows[0] == taken(read(start))[0]
    assert all(isinstance(row, Sent | Refused) for row in rows)
    if junk.count(b'"') % 2 == 0 and not any(sign >= 0x80 for sign in junk):
        assert isinstance(rows[-1], Sent)


def test_forty_megabytes_stream_with_a_broken_line_named(tmp_path: Path) -> None:
    """40 MB in at most 10 MB of memory; only the broken line is lost."""
    line_end = "\r\n"
    path = tmp_path / "people.csv"
    row = LIN.rstrip("\n") + line_end
    count = 40_000_000 // len(row.encode())
    with path.open("wb") as file:
        file.write(HEADER.encode())
        file.write(row.encode() * (count // 2))
        file.write(f'林梅,"990105{line_end}'.encode())
        file.write(row.encode() * (count - count // 2))
    tracemalloc.start()
    began = time.perf_counter()
    held, broken = 0, []
    for number, one in enumerate(people(path)):
        if isinstance(one, Refused):
            broken.append((one.line, one.code))
        held += 1
        if number == 20_000:  # the peak is known by then; watching all would take minutes
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
    assert held == count + 1
    assert broken == [(count // 2 + 2, "people-line-quotes")]
    assert peak < 8_000_000 + 2 * BLOCK_BYTES
    assert time.perf_counter() - began < 120


def test_a_line_without_end_costs_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    with path.open("wb") as file:
        file.write(HEADER.encode())
        for _ in range(40):
            file.write(b"x" * BLOCK_BYTES)
        file.write(b"\n" + LIN.encode())
    tracemalloc.start()
    rows = list(people(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (refused(rows), names(rows)) == ([(2, "people-line-long")], ["林梅"])
    assert peak < 8 * BLOCK_BYTES


def test_parquet_says_the_same_as_csv(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")

    columns = {
        "姓名": ["林梅", "陈雪", None],
        "身份证号": ["990105194912310023", None, None],
        "出生日期": [dt.date(1949, 12, 31), dt.date(1950, 1, 2), None],
        "电话": [13900001234, None, None],
        "colour": [[1], [2], [3]],
    }
    path = tmp_path / "people.parquet"
    parquet.write_table(arrow.table(columns), path)
    rows = list(people(path, source="county-2"))
    text = "姓名,身份证号,出生日期,电话\n林梅,990105194912310023,1949-12-31,13900001234\n陈雪,,1950-01-02,\n"
    assert taken(rows) == read(text, source="county-2")
    assert refused(rows) == [(4, "people-line-empty")]
    assert is_people(path.read_bytes()[:100])


def test_parquet_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    for name, columns, code in (
        ("list", {"姓名": [["林"]]}, "people-column-type"),
        ("other", {"colour": ["red"]}, "people-header"),
    ):
        parquet.write_table(arrow.table(columns), tmp_path / name)
        with pytest.raises(SentRefusedError) as caught:
            list(people(tmp_path / name))
        assert caught.value.code == code
    (tmp_path / "broken").write_bytes(b"PAR1" + bytes(100))
    (tmp_path / "folder").mkdir()
    for name in ("broken", "absent", "folder"):
        with pytest.raises(SentRefusedError) as caught:
            list(people(tmp_path / name))
        assert caught.value.code == "file-unreadable"


@pytest.mark.parametrize(
    ("start", "yes"),
    [
        ((HEADER + LIN).encode(), True),
        ((HEADER + LIN).encode("gb18030"), True),
        (b"id number;phone;x\n", True),
        (b"colour,taste\n", False),
        (b'{"resourceType": "Bundle"}', False),
        (b"MSH|^~\\&|LAB", False),
        (b"", False),
        (b"\0" * 100, False),
        (b"name" * 50_000, False),
    ],
    ids=["utf-8", "gb18030", "semicolons", "other", "fhir", "hl7", "empty", "nul", "long"],
)
def test_a_file_of_people_is_told_by_its_beginning(start: bytes, *, yes: bool) -> None:
    assert is_people(start) is yes


def test_every_code_of_a_line_is_said_in_one_sentence() -> None:
    assert all(sentence.endswith(".") for sentence in {**people_columns.NOTES, **people_files._WHY}.values())
