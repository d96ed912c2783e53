"""Names folded for comparison: which part is the family's, how it is read, and what is no name at all.

Pure.  Any text is accepted: what cannot be a name gives empty fields, what is too long is cut at
TEXT_LENGTH_MAX characters.  About 3 us for a Chinese name, 5 us for a Latin one.

Decisions that both sides of a comparison must share:

- The dot of a long name is dropped, and such a name's first character stands as its surname: readers
  that truncate or drop the dot then give the same parts.
- Latin names: a comma, a family name sent apart, or capitals ("LIN Mei") say which token is the family's.
  Without them two tokens in pinyin are surname first, unless only the last is a common surname; other
  names end with it.
- A placeholder has no name: it must never agree with another.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from carecode.identity.linking import chinese
from carecode.identity.linking.features import Placeholder

TEXT_LENGTH_MAX: Final = 200
NAMES_MAX: Final = 8
TOKENS_MAX: Final = 12
FOLDED_LENGTH_MAX: Final = 64

_HAN_CLASS: Final = chinese.HAN.pattern[1:-1]
_HAN_RUNS: Final = re.compile(f"[{_HAN_CLASS}\ue000-\uf8ff?]+")  # characters of private use that nothing explains stay
_MASKED: Final = re.compile(f"(?<=[{_HAN_CLASS}?*])[*×○〇xX](?![a-wyzA-WYZ])")
_STAR_AS_DOT: Final = re.compile(f"(?<=[{_HAN_CLASS}]{{2}})\\*(?=[{_HAN_CLASS}]{{2}})")
_BRACKETS: Final = re.compile(r"[(\[{【〔<《].*?(?:[)\]}】〕>》]|$)")
_TITLE_HAN: Final = re.compile("(?<=.)(?:先生|女士|小姐|同志|老师)$")
_TITLE_ENDS: Final = frozenset("生士姐志师")
_PLAIN_HAN: Final = re.compile("[\u4e00-\u9fff\u3400-\u4dbf]{1,64}")

_ORDERS: Final = {
    "1": "1", "2": "2", "3": "3", "4": "4", "一": "1", "二": "2", "三": "3", "四": "4", "甲": "1", "乙": "2",
    "丙": "3", "a": "1", "b": "2", "c": "3", "d": "4", "大": "1", "长": "1", "小": "2", "次": "2",
}  # fmt: skip
_ORDER: Final = "[1-4一二三四甲乙丙a-dA-D]"
_NEWBORN_HAN: Final = (
    re.compile(f"(?P<mother>.+?)[之的](?P<rank>[长次大小双三二一]*)(?P<sex>[子女])[儿婴孩]?(?P<order>{_ORDER}?)"),
    re.compile(f"(?P<mother>.+?)之(?P<rank>[大小双]?)(?:婴|宝宝|孩)[儿子]?(?P<order>{_ORDER}?)"),
    re.compile(f"(?P<mother>.+?)(?P<rank>[大小双]?)(?:(?P<sex>[男女])婴儿?|婴儿|新生儿)(?P<order>{_ORDER}?)"),
    re.compile(f"(?P<mother>..+?)(?:毛毛|宝宝)(?P<order>{_ORDER}?)"),  # 李毛毛 is a name, 李梅毛毛 is not
    re.compile(f"(?:新生儿|婴儿|宝宝)(?P<mother>.*?)(?P<order>{_ORDER}?)"),
)
_NEWBORN_HAN_SIGNS: Final = frozenset("之的婴宝毛儿")
_NEWBORN_LATIN: Final = re.compile(
    r"(?:(?:baby|infant|newborn|new born|neonate|twin|triplet)\b|b/o\b|(?:bb|nb|bg)\b(?= ))[ /]*"
    r"(?P<sex>(?:boy|girl|male|female)\b)?[ /]*(?:(?:twin|triplet)\b)?[ /]*"
    r"(?P<order>[1-4a-d]\b(?!\.))?[ /]*(?:of\b|o/)?(?P<mother>.*)"
)
_NEWBORN_SEX: Final = {
    "子": "male", "男": "male", "女": "female", "boy": "male", "male": "male", "girl": "female", "female": "female",
}  # fmt: skip

_NOBODY_HAN: Final = frozenset(
    "无名氏 无名 不详 姓名不详 未知 佚名 无 空 暂无 待查 未命名 无姓名 未提供 拒绝提供 不明 未填 "  # noqa: SIM905 a list reads better
    "测试 测试病人 测试患者 三无人员 三无 无主 流浪人员 流浪者 路人 患者 病人 急诊患者 未知男 未知女 无名男 无名女 "
    "无名男性 无名女性 匿名 保密 男 女 男性 女性 未知姓名 无名尸 身份不明 身份不详 不知名".split()
)
_NOBODY_LATIN: Final = frozenset(
    "unknown unk unknownunknown unknownmale unknownfemale unknownman "  # noqa: SIM905 a list of words reads better
    "unknownwoman unknownpatient unknownperson "
    "johndoe janedoe doejohn doejane babydoe na notavailable notapplicable notknown notgiven null none nil noname "
    "nonamegiven anonymous anon unidentified unidentifiedmale unidentifiedfemale undefined nan test testpatient "
    "patient xx xxx xxxx x xxxxx tobeconfirmed tbc tba tbd missing empty nofirstname nolastname wumingshi male female "
    "maleunknown femaleunknown".split()
)
_NOT_IN_NAMES: Final = frozenset("mr mrs ms miss mx dr prof sir jr sr ii iii iv esq".split())  # noqa: SIM905
_LETTERS: Final = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_COMBINING: Final = re.compile("[\u0300-\u036f]+")
_NO_LETTERS: Final = re.compile(r"\d+(?:st|nd|rd|th)?\b|[\d()\[\]{}【】〔〕<>《》*×○,_]+")
_BETWEEN_TOKENS: Final = re.compile(r"[\s\-.·/]+")
_EQUAL_MAX: Final = 2  # nobody's name is one letter three times
_RANK_COMMON: Final = 40  # a surname among the first so many is common


class Name(msgspec.Struct, frozen=True, gc=False):
    """One name as a source sent it, in any script.  ``text`` is the whole; the parts may be missing."""

    text: str = ""
    family: str = ""
    given: str = ""


class Folded(NamedTuple):
    """What a name says, folded; the fields are those of ``Features``.  ``sex`` is known of a newborn's only."""

    name: str = ""
    surname: str = ""
    given: str = ""
    pinyin: str = ""
    given_pinyin: str = ""
    placeholder: Placeholder = Placeholder.NOT
    mother: str = ""
    birth_order: str = ""
    sex: str = ""


_NOTHING: Final = Folded()
_NOBODY: Final = Folded(placeholder=Placeholder.UNKNOWN)


class _Marks(dict[int, str]):
    """A table for ``str.translate``: marks to one sign each, what no name has to "", letters as they are."""

    def __missing__(self, point: int) -> str:
        character = chr(point)
        self[point] = sign = self._sign(point, character)
        return sign

    @staticmethod
    def _sign(point: int, character: str) -> str:
        for signs, sign in (
            (chinese.DOTS, chinese.DOT),
            (chinese.LOST, chinese.UNREADABLE),
            ("'’‘`´ʻʼ′", ""),
            ("-‐‑‒–—―−", "-"),
            (",，、^;", ","),
            ("()[]{}【】〔〕<>《》*./×○", character),
        ):
            if character in signs:
                return sign
        if point in chinese.PRIVATE_USE:
            return chinese.PRIVATE_USE[point]
        category = unicodedata.category(character)
        if category[0] in "LNM" or category == "Co":
            return character
        return "" if category in ("Cf", "Cs", "Cn", "So", "Sk") else " "


_MARKS: Final = _Marks()


def fold_names(names: Sequence[Name]) -> Folded:
    """Fold a person's names, the usual one first; a name in characters goes before a Latin one.

    A Latin name beside it tells which of a character's readings is hers.  At most NAMES_MAX are read.

    >>> fold_names([Name("單雄"), Name("SHAN Xiong")])[:5]
    ('单雄', '单', '雄', 'shanxiong', 'xiong')
    """
    if len(names) == 1:
        return fold_name(names[0])
    written, latin, other = _NOTHING, _NOTHING, _NOTHING
    for name in names[:NAMES_MAX]:
        folded = fold_name(name)
        if not folded.name:
            # A newborn's placeholder says more than "unknown".
            if folded.placeholder and other.placeholder is not Placeholder.NEWBORN:
                other = folded
        elif not written.name and chinese.HAN.search(folded.name):
            written = folded
        elif not latin.name:
            latin = folded
    if written.name and latin.name:
        return _in_her_reading(written, latin)
    return written if written.name else latin if latin.name else other


def fold_name(name: Name) -> Folded:
    """Fold one name.

    >>> fold_name(Name("Lin, Mei")) == fold_name(Name("LIN Mei")) == fold_name(Name("Mei Lin"))
    True
    >>> fold_name(Name("买买提·吐尔逊")).name, fold_name(Name("林梅之女")).mother
    ('买买提吐尔逊', '林梅')
    """
    plain = name.text if not name.family else name.family + name.given
    if (
        _PLAIN_HAN.fullmatch(plain)
        and (name.given or not name.family)
        and (name.text in ("", plain) or not name.family)
    ):
        return _from_characters(plain, len(name.family))
    text, family, given = _signs(name.text), _signs(name.family), _signs(name.given)
    whole = text or f"{family} {given}".strip()
    if not whole or whole.isspace():
        return _NOTHING
    if chinese.HAN.search(whole) or chinese.HAN.search(family + given):
        return _fold_han(text, family, given)
    return _fold_letters(text, family, given)


def _signs(text: str) -> str:
    """Bound a text and bring its marks to one sign each."""
    if not text:
        return ""
    text = text[:TEXT_LENGTH_MAX]
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)[:TEXT_LENGTH_MAX]
    return text.translate(_MARKS)


# ------------------------------------------------------------------------------------------- names in characters
def _han(text: str) -> str:
    """Keep a text's characters, "?" for each that was lost or hidden; what stands in brackets is a remark."""
    if _HAN_ONLY.fullmatch(text):
        return text
    outside = _BRACKETS.sub("", text)
    if chinese.HAN.search(outside):
        text = outside
    if chinese.DOT not in text:
        text = _STAR_AS_DOT.sub(chinese.DOT, text)
    return "".join(_HAN_RUNS.findall(_MASKED.sub("?", text)))


_HAN_ONLY: Final = re.compile(f"[{_HAN_CLASS}]+")


def _fold_han(text: str, family: str, given: str) -> Folded:
    """Fold a name that has Chinese characters."""
    parts = _han(family), _han(given)
    sent = _han(text)
    if not sent or (all(parts) and chinese.DOT not in text):
        if parts[1].startswith(parts[0]) and parts[1] == sent:  # a whole name sent as the given one
            parts = "", sent
        sent = parts[0] + parts[1]
    else:
        parts = "", sent
    cut = len(parts[0]) if parts[1] and sent.startswith(parts[0]) else 0
    return _from_characters(sent, cut, text or family + given)


def _from_characters(sent: str, cut: int, whole: str = "") -> Folded:
    """Fold a name of characters alone; its surname has ``cut`` of them, 0 if nobody said.

    ``whole`` is the name with what is no character, where twins' figures may stand.
    """
    sent = sent[:FOLDED_LENGTH_MAX]
    if sent[-1:] in _TITLE_ENDS:
        sent = _TITLE_HAN.sub("", sent)
    if "某" in sent[1:]:
        sent = sent[0] + sent[1:].replace("某", chinese.UNREADABLE)
    folded = chinese.simplify(sent)
    if folded in _NOBODY_HAN or not folded.strip("?某"):
        return _NOBODY
    if not _NEWBORN_HAN_SIGNS.isdisjoint(folded):
        newborn = _newborn_han(chinese.simplify(whole or sent))
        if newborn:
            return newborn
    if not 0 < cut < len(folded):
        cut = 2 if len(folded) > 2 and folded[:2] in chinese.COMPOUND else 1  # noqa: PLR2004 a compound's length
    surname, rest = folded[:cut], chinese.read(sent[cut:])
    return Folded(folded, surname, folded[cut:], chinese.read_surname(surname, sent[:cut]) + rest, rest)


def _newborn_han(text: str) -> Folded | None:
    """Recognise a newborn's placeholder in simplified text, with the mother's name and a twin's order."""
    text = re.sub(r"[\s·()\-]+", "", text)
    for pattern in _NEWBORN_HAN:
        found = pattern.fullmatch(text)
        if not found:
            continue
        groups = found.groupdict()
        order = groups.get("order") or (groups.get("rank") or "")[-1:]
        mother = "".join(_HAN_RUNS.findall(groups["mother"]))
        return Folded(
            placeholder=Placeholder.NEWBORN,
            mother=mother or _latin(groups["mother"].split(), []).name,
            birth_order=_ORDERS.get(order.lower(), ""),
            sex=_NEWBORN_SEX.get(groups.get("sex") or "", ""),
        )
    return None


def _in_her_reading(written: Folded, latin: Folded) -> Folded:
    """Take the reading that the Latin name states, if the characters can be read so."""
    for letters in (latin.pinyin, latin.given_pinyin + latin.pinyin.removesuffix(latin.given_pinyin)):
        if letters == written.pinyin:
            return written
        cut = len(written.surname)
        for end in range(1, len(letters)):
            if _spells(written.name[:cut], letters[:end]) and _spells(written.name[cut:], letters[end:]):
                return written._replace(pinyin=letters, given_pinyin=letters[end:])
    return written


def _spells(characters: str, letters: str) -> bool:
    """Say whether the characters, each in one of its readings, spell the letters."""
    ends = {0}
    for character in characters:
        readings = chinese.readings_of(character)
        ends = {end + len(one) for end in ends for one in readings if letters.startswith(one, end)}
    return len(letters) in ends


# ---------------------------------------------------------------------------------------------- names in letters
def _fold_letters(text: str, family: str, given: str) -> Folded:
    """Fold a name in an alphabet or any other script without Chinese characters."""
    text, family, given = (_BRACKETS.sub(" ", part) or part for part in (text, family, given))
    whole = _plain(text) or f"{_plain(given)} {_plain(family)}".strip()
    condensed = re.sub(r"[\W_\d]+", "", whole)
    if condensed in _NOBODY_LATIN or not condensed or (len(condensed) > _EQUAL_MAX and len(set(condensed)) == 1):
        # A lone figure or "?" was typed because a field had to be filled.
        return _NOBODY if condensed or "?" in whole else _NOTHING
    newborn = _newborn_latin(whole, _plain(family), _plain(given))
    if newborn:
        return newborn
    if family.strip() and given.strip():
        return _latin(_tokens(given), _tokens(family))
    text = text or family or given
    if "," in text:
        before, _, after = text.partition(",")
        if after.strip(" ,") and before.strip():
            return _latin(_tokens(after), _tokens(before))
    cased = [token for token in _BETWEEN_TOKENS.split(text.replace(",", " ")) if token]
    shouted = [token for token in cased if len(token) > 1 and token.isupper()]
    if shouted and len(shouted) < len(cased):
        quiet = [token for token in cased if token not in shouted]
        quiet_tokens = _tokens(" ".join(quiet))
        if quiet_tokens:
            return _latin(quiet_tokens, _tokens(" ".join(shouted)))
    return _latin(_tokens(text), [])


def _plain(text: str) -> str:
    """Lower a text and strip its accents."""
    if text.isascii():
        return text.lower().strip()
    bare = _COMBINING.sub("", unicodedata.normalize("NFD", text.casefold().translate(_LETTERS)))
    return unicodedata.normalize("NFC", bare).strip()


def _tokens(text: str) -> list[str]:
    """Cut a text into folded tokens without titles and figures, at most TOKENS_MAX."""
    plain = _NO_LETTERS.sub("", _plain(text))
    found = [token for token in _BETWEEN_TOKENS.split(plain) if token]
    return ([token for token in found if token not in _NOT_IN_NAMES] or found)[:TOKENS_MAX]


def _latin(given: list[str], family: list[str]) -> Folded:
    """Put the parts together; without a known family the tokens of ``given`` are split here."""
    as_pinyin = [chinese.as_pinyin(token) for token in (*family, *given)]
    if all(as_pinyin) and as_pinyin:
        known = len(family)
        parts = ("".join(as_pinyin[:known]), "".join(as_pinyin[known:])) if known else _split_pinyin(as_pinyin)
        tokens = [part for part in parts if part]
        surname, first = parts
    else:
        tokens = [*family, *given]
        if not family and len(given) > 1:
            family, given = given[-1:], given[:-1]
        surname, first = " ".join(family), " ".join(given)
    joined, first_joined = surname.replace(" ", "") + first.replace(" ", ""), first.replace(" ", "")
    return Folded(
        " ".join(sorted(tokens))[:FOLDED_LENGTH_MAX].strip(),
        surname[:FOLDED_LENGTH_MAX].strip(),
        first[:FOLDED_LENGTH_MAX].strip(),
        joined[:FOLDED_LENGTH_MAX],
        first_joined[:FOLDED_LENGTH_MAX],
    )


def _split_pinyin(tokens: list[str]) -> tuple[str, str]:
    """Split tokens in pinyin into surname and given name where nothing says which is which."""
    whole = "".join(tokens)
    none = chinese.SURNAME_RANK_NONE
    if len(tokens) == 1:
        syllables = chinese.syllables_in(whole)
        compound = "".join(syllables[:2])
        if len(syllables) > 2 and chinese.surname_rank(compound) < none:  # noqa: PLR2004 a compound and a given name
            return compound, whole[len(compound) :]
        return syllables[0], whole[len(syllables[0]) :]
    if len(tokens) > 2 and chinese.surname_rank(tokens[0] + tokens[1]) < none:  # noqa: PLR2004 a compound in two tokens
        return tokens[0] + tokens[1], "".join(tokens[2:])
    first, last = chinese.surname_rank(tokens[0]), chinese.surname_rank(tokens[-1])
    if first == last == none:  # a long name that has no surname: its first syllable stands for it
        syllables = chinese.syllables_in(whole)
        return syllables[0], whole[len(syllables[0]) :]
    # "Xiao Ming Lin": xiao is far more often the first half of a given name than a surname.
    halved = len(tokens) > 2 and tokens[0] == "xiao" and last < _RANK_COMMON  # noqa: PLR2004 a given name in two tokens
    if first == none or halved or (last < _RANK_COMMON <= first):
        return tokens[-1], "".join(tokens[:-1])
    return tokens[0], "".join(tokens[1:])


def _newborn_latin(whole: str, family: str, given: str) -> Folded | None:
    """Recognise "Baby of ...", "B/O ...", "Smith, Baby Boy A"."""
    if "," in whole:
        family, _, given = (part.strip() for part in whole.partition(","))
    for text, mother_apart in ((given, family), (whole, "")):
        found = _NEWBORN_LATIN.fullmatch(re.sub(r"\s+", " ", text).strip())
        if found and (mother_apart or found["mother"].strip() or text == whole):
            return Folded(
                placeholder=Placeholder.NEWBORN,
                mother=_latin(_tokens(f"{found['mother']} {mother_apart}"), []).name,
                birth_order=_ORDERS.get(found["order"] or "", ""),
                sex=_NEWBORN_SEX.get(found["sex"] or "", ""),
            )
    return None
