"""What the columns of a file of people mean, in English and Chinese, and a row of it as a record.

Pure.  A column is known by its header whatever its capitals, spaces, dashes, underscores or full-width signs; one
that nobody knows is left out and named in ``Header.ignored``.  Of a value only what spreadsheets do to numbers is
put right; what it means is for ``identity.linking.standardise`` to say.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from carecode.exchange.refusals import SentRefusedError
from carecode.identity.documents import COUNTRY_LENGTH, document_type
from carecode.identity.identifiers import KINDS, PASSPORT_SYSTEM, Identifier, parse
from carecode.identity.linking.contacts import Address
from carecode.identity.linking.names import Name
from carecode.identity.linking.standardise import IDENTIFIERS_MAX, Record
from carecode.kernel.errors import InvalidInputError

COLUMNS_MAX: Final = 200
FIELD_CHARACTERS_MAX: Final = 1_000

FIELDS: Final[dict[str, str]] = {
    "name": "name | full name | patient name | 姓名 | 患者姓名 | 病人姓名 | 中文姓名 | 名字",
    "name_latin": "name latin | latin name | english name | name en | 英文姓名 | 英文名 | 拼音 | 姓名拼音 | 拼音姓名",
    "family": "family | family name | last name | surname | 姓 | 姓氏",
    "given": "given | given name | first name | forename | 名",
    "birth_date": "birth date | date of birth | birthday | dob | born | 出生日期 | 出生年月日 | 出生年月 | 生日",
    "sex": "sex | gender | 性别 | 性别代码",
    "phone": "phone | telephone | tel | mobile | phone number | cell phone | 电话 | 联系电话 | 手机 | 手机号 | "
    "手机号码 | 电话号码 | 本人电话 | phone 2 | telephone 2 | 电话 2 | 备用电话",
    "address": "address | home address | current address | address line | 地址 | 住址 | 现住址 | 家庭住址 | 联系地址 | "
    "户籍地址 | 户口地址 | 居住地址 | 常住地址",
    "district": "district | county | suburb | 区县 | 县区 | 区 | 县",
    "city": "city | town | 市 | 城市 | 地市",
    "state": "state | province | 省 | 省份",
    "postcode": "postcode | postal code | zip | zip code | 邮编 | 邮政编码",
    "area_code": "area code | 行政区划代码 | 区划代码 | 地区代码",
    "id_kind": "id kind | id type | document type | document kind | 证件类型 | 证件类别 | 证件种类 | 证件类型代码",
    "id_number": "id number | id no | document number | document no | 证件号码 | 证件号",
    "country": "issuing country | passport country | 签发国 | 国籍代码",
    "citizen-id": "citizen id | citizen number | national id | 身份证号 | 身份证号码 | 身份证 | 公民身份号码 | "
    "居民身份证号 | 居民身份证号码",
    "passport": "passport | passport number | passport no | 护照号 | 护照号码 | 护照",
    "insurance": "insurance | insurance number | insurance no | 医保号 | 医保卡号 | 医保编号 | 社保号 | 社保卡号 | "
    "医疗保险号 | 社会保障卡号",
    "health-card": "health card | health card number | 健康卡号 | 居民健康卡号 | 电子健康卡号",
    "birth-certificate": "birth certificate | birth certificate number | 出生证号 | 出生医学证明编号 | 出生证明编号",
    "source": "source | organisation | organization | institution | hospital | 机构 | 来源 | 来源机构 | 医疗机构 | "
    "机构代码 | 医院",
    "local_id": "local id | local number | record number | patient id | medical record number | mrn | 病历号 | "
    "病案号 | 门诊号 | 住院号 | 患者编号 | 就诊卡号 | 本地编号",
    "as_of": "as of | recorded on | recorded at | date recorded | 登记日期 | 建档日期 | 记录日期",
}
"""Field -> the headers it is known by.  The number columns are named like their kinds in KINDS."""

NUMBERS: Final = ("citizen-id", "passport", "insurance", "health-card", "birth-certificate")
SEVERAL: Final = frozenset({"phone", "address"})
"""Fields that may have more than one column."""
NAMING: Final = frozenset({"name", "name_latin", "family", "given", "id_number", *NUMBERS})
"""One of these must be there: a file without them is not of people."""

NOTE_CONTROL: Final = "control-characters"
NOTE_ROUNDED: Final = "number-rounded"
NOTE_NUMBER: Final = "number-not-read"
NOTE_KIND: Final = "document-kind-unknown"
NOTE_STATE: Final = "passport-without-state"
NOTES: Final = {
    NOTE_CONTROL: "Held characters that are no text; they were left out.",
    NOTE_ROUNDED: "Held a number that a spreadsheet had rounded (1.1E+17); the number was left out.",
    NOTE_NUMBER: "Held a number that cannot be one; the number was left out.",
    NOTE_KIND: "Held a document of a kind that is not known; its number was left out.",
    NOTE_STATE: "Held a passport without the three letters of the state that issued it; its number was left out.",
}
"""What a row may be told about and is taken all the same."""

_APART: Final = re.compile(r"[\s_\-./:：]+")
_NOTE_IN_HEADER: Final = re.compile(r"[(\[（【].*?[)\]）】]|[*＊]")
_EXCEL_TEXT: Final = re.compile(r'="(.*)"', re.DOTALL)
_ROUNDED: Final = re.compile(r"\d(?:\.\d+)?[eE]\+?\d{1,3}")
_FLOAT: Final = re.compile(r"(\d{4,})\.0")
_FIGURES: Final = frozenset({"id_number", "phone", "local_id", "postcode", "area_code", *NUMBERS})
_SECRET_SIGNS: Final = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_DOCUMENT_WORDS: Final = {
    "身份证": "citizen-id",
    "居民身份证": "citizen-id",
    "居民户口簿": "household-register",
    "户口簿": "household-register",
    "护照": "passport",
    "军官证": "officer-card",
    "士兵证": "soldier-card",
    "驾驶证": "driving-licence",
    "驾照": "driving-licence",
    "港澳居民来往内地通行证": "hm-permit",
    "港澳通行证": "hm-permit",
    "台湾居民来往内地通行证": "tw-permit",
    "台胞证": "tw-permit",
    "港澳台居民居住证": "hmt-residence",
    "外国人永久居留证": "foreign-resident",
    "外国人永久居留身份证": "foreign-resident",
    "出生医学证明": "birth-certificate",
}


class Header(NamedTuple):
    """What each column is."""

    fields: tuple[str, ...]  # per column the field of FIELDS, "" for one that is not known
    ignored: tuple[str, ...]  # headers that are not known, at most 20, each cut

    @property
    def names_people(self) -> bool:
        """Say whether a file with this header can be one of people."""
        return not NAMING.isdisjoint(self.fields)


def _spelling(header: str) -> str:
    """Fold a header: what stands in brackets, capitals, spaces and signs do not change what it means."""
    return _APART.sub("", _NOTE_IN_HEADER.sub("", unicodedata.normalize("NFKC", header[:80]))).lower()


_SPELLINGS: Final = {_spelling(word): field for field, words in FIELDS.items() for word in words.split(" | ")}


def header_of(cells: Sequence[str]) -> Header:
    """Say what the columns of a header are.

    >>> header_of(["姓名", "Date of Birth", "favourite colour"]).fields
    ('name', 'birth_date', '')

    SentRefusedError ``people-columns-many`` above COLUMNS_MAX, ``people-columns-twice`` when two columns are one
    field that a person has once.
    """
    if len(cells) > COLUMNS_MAX:
        raise SentRefusedError("people-columns-many", f"The first line has more than {COLUMNS_MAX} columns.")
    fields = tuple(_SPELLINGS.get(_spelling(cell), "") for cell in cells)
    for field in FIELDS:
        if field not in SEVERAL and fields.count(field) > 1:
            raise SentRefusedError("people-columns-twice", f"Two columns are the {field}. Leave one of them out.")
    unknown = [_clean(cell)[0].strip()[:40] for cell, field in zip(cells, fields, strict=True) if not field]
    return Header(fields, tuple(cell for cell in unknown if cell)[:20])


def record_of(header: Header, cells: Sequence[str], source: str = "") -> tuple[Record, tuple[str, ...]]:
    """Make a record of one row and say what it is told about, keys of NOTES; ``source`` where it names none.

    SentRefusedError ``people-field-long`` for a field above FIELD_CHARACTERS_MAX, ``people-line-empty`` when
    nothing in it could name anybody.
    """
    values: dict[str, list[str]] = {}
    notes: dict[str, None] = {}
    for field, cell in zip(header.fields, cells, strict=True):
        if not field or not cell:
            continue
        if len(cell) > FIELD_CHARACTERS_MAX:
            raise SentRefusedError(
                "people-field-long", f"The {field} has more than {FIELD_CHARACTERS_MAX:,} characters."
            )
        text, note = _value(field, cell)
        if note:
            notes[note] = None
        if text:
            values.setdefault(field, []).append(text)
    if NAMING.isdisjoint(values):
        raise SentRefusedError("people-line-empty", "There is neither a name nor a number.")
    one = {field: texts[0] for field, texts in values.items()}
    identifiers, told = _identifiers(one)
    notes.update(dict.fromkeys(told))
    record = Record(
        source=one.get("source", source),
        local_id=one.get("local_id", ""),
        identifiers=identifiers,
        names=_names(one),
        birth_date=one.get("birth_date", ""),
        sex=one.get("sex", ""),
        phones=tuple(values.get("phone", ())),
        addresses=_addresses(values.get("address", []), one),
        as_of=one.get("as_of", ""),
    )
    return record, tuple(notes)


def _value(field: str, cell: str) -> tuple[str, str]:
    """Clean one cell: leave out what is no text, undo what spreadsheets do; give it and a note."""
    text, note = _clean(cell)
    text = text.strip()
    if wrapped := _EXCEL_TEXT.fullmatch(text):
        text = wrapped[1].strip()
    if field in _FIGURES:
        text = text.lstrip("'\u2019`").strip()
        if _ROUNDED.fullmatch(text):
            return "", NOTE_ROUNDED
        if whole := _FLOAT.fullmatch(text):
            text = whole[1]
    return text, note


def _clean(cell: str) -> tuple[str, str]:
    """Leave out control characters and signs that turn text about; line ends and tabs become spaces."""
    if cell.isprintable() and _SECRET_SIGNS.isdisjoint(cell):
        return cell, ""
    text = "".join(
        " " if sign in "\t\r\n\v\f\x85\u2028\u2029" else sign
        for sign in cell
        if sign in "\t\r\n\v\f\x85\u2028\u2029"
        or (sign not in _SECRET_SIGNS and unicodedata.category(sign) not in {"Cc", "Cs"})
    )
    return text, NOTE_CONTROL if len(text) < len(cell) else ""


def _names(one: Mapping[str, str]) -> tuple[Name, ...]:
    """Give the names in each spelling."""
    family, given = one.get("family", ""), one.get("given", "")
    whole = one.get("name", "")
    names = [Name(whole, family, given)] if whole or family or given else []
    if latin := one.get("name_latin", ""):
        names.append(Name(latin))
    return tuple(names)


def _addresses(texts: Sequence[str], one: Mapping[str, str]) -> tuple[Address, ...]:
    """Give the addresses; town and postcode belong to the first."""
    first = Address(
        texts[0] if texts else "",
        district=one.get("district", ""),
        city=one.get("city", ""),
        state=one.get("state", ""),
        postcode=one.get("postcode", ""),
        area_code=one.get("area_code", ""),
    )
    return () if first == Address() else (first, *(Address(text) for text in texts[1:]))


def _identifiers(one: Mapping[str, str]) -> tuple[tuple[Identifier, ...], tuple[str, ...]]:
    """Read every number; one that cannot be read is a note and blocks nobody."""
    sent = [(kind, one[kind]) for kind in NUMBERS if kind in one]
    if number := one.get("id_number", ""):
        sent.append((_kind(one.get("id_kind", "")), number))
    notes: dict[str, None] = {}
    found: dict[tuple[str, str], Identifier] = {}
    for kind, number in sent[:IDENTIFIERS_MAX]:
        try:
            system = _system(kind, one)
            if system in NOTES:
                notes[system] = None
                continue
            identifier = parse(system, number)
        except InvalidInputError:
            notes[NOTE_NUMBER] = None
        else:
            found[identifier.system, identifier.value] = identifier
    return tuple(found.values()), tuple(notes)


def _kind(word: str) -> str:
    """Say which kind a document is; "" for one that is not known.

    Without a word its number is a citizen's: so the standard's own forms are filled in.
    """
    if not word:
        return "citizen-id"
    if word.lower() in KINDS:
        return word.lower()
    if word in _DOCUMENT_WORDS:
        return _DOCUMENT_WORDS[word]
    try:
        return document_type(word).kind or ""
    except InvalidInputError:
        return ""


def _system(kind: str, one: Mapping[str, str]) -> str:
    """Give the system of a kind's numbers, or the note that says why there is none.

    Equal digits of two states' passports are two people: one whose state is not known names nobody.  Only where
    the kind is called ``passport``, the key of KINDS, it is the Chinese one.
    """
    if kind != "passport":
        return kind or NOTE_KIND
    country = one.get("country", "")
    if len(country) == COUNTRY_LENGTH and country.isascii() and country.isalpha():
        return PASSPORT_SYSTEM + country.upper()
    return kind if one.get("id_kind", "").lower() == kind and "passport" not in one else NOTE_STATE
