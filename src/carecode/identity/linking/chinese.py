"""Chinese characters folded for comparison: one spelling, one reading, and what is a surname.

Pure.  The two dictionaries come from packages and are loaded once, on the first character that needs
them (about 0.4 s together), into plain dictionaries; after that a character costs one look-up.
Nothing here is shown to anybody or stored as somebody's name.

Sources: GB 18030-2005 and -2022 (private-use code positions); OpenCC (traditional to simplified,
character by character); pypinyin (readings); GB/T 28039-2011 (names in pinyin: ``ü`` as ``yu``).
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import Final

UNREADABLE: Final = "?"  # one character that a source lost or hid
DOT: Final = "·"

HAN: Final = re.compile("[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
# The dots of long names as sources write them; NFKC unifies few of them.
DOTS: Final = "·•・．‧･∙⋅●᛫⸱ꞏ﹒・"
# Signs of a character that could not be written: replacement, white and black squares, the geta mark.
LOST: Final = "?？\ufffd□■〓◻▯￿"

_NUMERALS: Final = {character: value for value, character in enumerate("零一二三四五六七八九")} | {
    "〇": 0, "○": 0, "两": 2, "壹": 1, "贰": 2, "叁": 3, "肆": 4, "伍": 5, "陆": 6, "柒": 7, "捌": 8, "玖": 9,
}  # fmt: skip
_UNITS: Final = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
NUMERAL_CLASS: Final = "零〇○一二两三四五六七八九十百千壹贰叁肆伍陆柒捌玖拾佰仟"
_NUMERAL_LENGTH_MAX: Final = 9

# Surnames of two characters, simplified, with their reading.
COMPOUND: Final = {
    "欧阳": "ouyang", "司马": "sima", "诸葛": "zhuge", "上官": "shangguan", "司徒": "situ", "东方": "dongfang",
    "独孤": "dugu", "南宫": "nangong", "夏侯": "xiahou", "尉迟": "yuchi", "长孙": "zhangsun", "慕容": "murong",
    "司空": "sikong", "皇甫": "huangfu", "令狐": "linghu", "公孙": "gongsun", "轩辕": "xuanyuan", "宇文": "yuwen",
    "呼延": "huyan", "端木": "duanmu", "百里": "baili", "东郭": "dongguo", "澹台": "tantai", "万俟": "moqi",
    "单于": "chanyu", "鲜于": "xianyu", "闻人": "wenren", "申屠": "shentu", "太史": "taishi", "公冶": "gongye",
    "淳于": "chunyu", "濮阳": "puyang", "宗政": "zongzheng", "钟离": "zhongli", "第五": "diwu", "西门": "ximen",
    "拓跋": "tuoba", "完颜": "wanyan", "纳兰": "nalan", "赫连": "helian", "梁丘": "liangqiu", "左丘": "zuoqiu",
    "公羊": "gongyang", "谷梁": "guliang", "宰父": "zaifu", "壤驷": "rangsi", "乐正": "yuezheng", "漆雕": "qidiao",
    "巫马": "wuma", "子车": "ziju", "颛孙": "zhuansun", "亓官": "qiguan", "东里": "dongli", "南门": "nanmen",
}  # fmt: skip

# Surnames read otherwise than the character usually is.
_SURNAME_READINGS: Final = {
    "单": "shan", "解": "xie", "仇": "qiu", "区": "ou", "查": "zha", "曾": "zeng", "任": "ren", "朴": "piao",
    "翟": "zhai", "盖": "ge", "华": "hua", "乐": "yue", "员": "yun", "冼": "xian", "洗": "xian", "召": "shao",
    "覃": "qin", "谌": "chen", "种": "chong", "重": "chong", "繁": "po", "秘": "bi", "折": "she", "黑": "he",
    "缪": "miao", "宓": "mi", "郇": "xun", "逄": "pang", "隗": "wei", "句": "gou", "阚": "kan", "牟": "mou",
    "纪": "ji", "祭": "zhai", "瞿": "qu", "宁": "ning", "柏": "bai", "葛": "ge", "燕": "yan", "应": "ying",
    "訾": "zi", "盛": "sheng", "车": "che", "石": "shi", "谷": "gu", "卜": "bu", "能": "nai", "那": "na",
    "贾": "jia", "褚": "chu", "都": "du", "莘": "shen", "幺": "yao", "炅": "gui", "万": "wan", "尉": "wei",
    "长": "chang", "强": "qiang", "薄": "bo", "藏": "zang", "臧": "zang", "乜": "nie", "撒": "sa", "适": "kuo",
    "角": "jue", "占": "zhan", "干": "gan", "晟": "cheng", "尹": "yin", "曲": "qu", "于": "yu", "俞": "yu",
    "沈": "shen", "过": "guo", "哈": "ha", "令": "ling", "相": "xiang", "洪": "hong", "卓": "zhuo", "蓝": "lan",
}  # fmt: skip
# Given names read otherwise than the dictionary's first reading.
_GIVEN_READINGS: Final = {
    "长": "chang", "卜": "bu", "和": "he", "行": "xing", "乐": "le", "朝": "chao", "茜": "qian", "子": "zi",
    "娜": "na", "莎": "sha", "参": "shen", "贾": "jia", "着": "zhu", "炅": "jiong", "晟": "sheng", "柏": "bai",
    "薄": "bo", "都": "du", "嗯": "en",
}  # fmt: skip

# Surnames in pinyin, the common ones first: which of two tokens is the family's is told by their places here.
_SURNAMES_PINYIN: Final = (  # noqa: SIM905 a list of words reads better
    "wang li zhang liu chen yang huang zhao wu zhou xu sun ma zhu hu guo he lin gao luo "
    "zheng liang xie song tang han feng deng cao peng zeng xiao tian dong yuan pan yu jiang cai du ye cheng su wei lu "
    "ding ren shen yao zhong tan cui fan wan liao shi jin jia xia fu fang bai zou xiong meng qin qiu hou yin xue yan "
    "lei hao long tao shao mao wen lai kang gong qian niu mo kong dai mei shan qu ou zha piao zhai ge hua yue yun xian "
    "chong po bi she miao mi xun pang gou kan mou ji ning ying zi sheng che gu bu na chu yi bao chang qi qiao yong "
    "zuo lan geng guan jing lian ling ni nie pei pu rong ruan sa sang sha shang shu si tong tu weng xi xin xing xiu "
    "you zhan zhen zhuo zhuge zong zu ai an ban bian bo can cang chai chao che chi cong dan dang dian diao dou duan e "
    "gan gai gang guang gui he hong huai huan hui huo jian jiao jie ju jun ke kou kuang kui la lang le leng liu lou "
    "man min ming mu nan ouyang situ sima shangguan dongfang huangfu murong zhangsun yuchi linghu gongsun xiahou nong "
    "ping qiang quan que rao sai shuai shui shun suo tai teng ti tie tuo wo xiang yin yuchi zang zhe zhi zhuang zhuo"
).split()
_SURNAME_RANK: Final = {name: rank for rank, name in reversed(list(enumerate(_SURNAMES_PINYIN)))}
SURNAME_RANK_NONE: Final = 10_000
_CACHE_MAX: Final = 65_536
_SYLLABLE_LENGTH_MAX: Final = 6
_TOKEN_LENGTH_MAX: Final = 40

# GB 18030-2005 appendix E and its successor: code positions of rows FE that GBK left to private use.  Python's
# codec gives most of them by their bytes; these fourteen it leaves private.
_PRIVATE_STATED: Final = {
    0xE816: 0x20087, 0xE817: 0x20089, 0xE818: 0x200CC, 0xE81E: 0x9FB4, 0xE826: 0x9FB5, 0xE82B: 0x9FB6,
    0xE82C: 0x9FB7, 0xE831: 0x215D7, 0xE832: 0x9FB8, 0xE83B: 0x2298F, 0xE843: 0x9FB9, 0xE854: 0x9FBA,
    0xE855: 0x241FE, 0xE864: 0x9FBB, 0xE7C7: 0x1E3F, 0xE7C8: 0x01F9,
}  # fmt: skip
_PRIVATE_FIRST: Final = 0xE815  # stands at bytes FE 50; trail byte 7F is never used


def _private_use() -> dict[int, str]:
    """Map each private-use code point of old GBK readers to its character, by its place in row FE."""
    trails = [trail for trail in range(0x50, 0xA1) if trail != 0x7F]  # noqa: PLR2004 the row's bounds
    found = {
        _PRIVATE_FIRST + place: bytes((0xFE, trail)).decode("gb18030", errors="replace")
        for place, trail in enumerate(trails)
    }
    return found | {private: chr(character) for private, character in _PRIVATE_STATED.items()}


PRIVATE_USE: Final = _private_use()


@cache
def _simplified() -> dict[str, str]:
    """Load each traditional character whose simplified form differs (about 5,100)."""
    from opencc import OpenCC  # noqa: PLC0415 loaded when first needed

    blocks = ((0x3400, 0x9FFF), (0x20000, 0x323AF))
    characters = [chr(point) for first, last in blocks for point in range(first, last + 1)]
    # One call, a line each: a character alone on its line cannot join a phrase with its neighbours.
    folded = OpenCC("t2s").convert("\n".join(characters)).split("\n")
    return {one: other for one, other in zip(characters, folded, strict=True) if one != other and len(other) == 1}


class _Simplify(dict[int, str]):
    """A table for ``str.translate`` that learns each character when it is first seen."""

    def __missing__(self, point: int) -> str:
        character = PRIVATE_USE.get(point) or chr(point)
        self[point] = folded = _simplified().get(character, character)
        return folded


class _Readings(dict[str, str]):
    """Character -> its usual reading without tone, ``u`` for ``ü``; a character without one reads as itself."""

    def __missing__(self, character: str) -> str:
        stated = _GIVEN_READINGS.get(character)
        if stated is None:
            listed = _readings().get(ord(character), "")
            stated = toneless(listed.split(",", 1)[0]) or character
        self[character] = stated
        return stated


_SIMPLIFY: Final = _Simplify()
_READ: Final = _Readings()


@cache
def _readings() -> dict[int, str]:
    """Load the readings, with tones, the usual one first: code point -> "dān,chán,shàn"."""
    from pypinyin.pinyin_dict import pinyin_dict  # noqa: PLC0415 loaded when first needed

    return pinyin_dict


@cache
def _syllables() -> frozenset[str]:
    """List all syllables without tones (about 410); those without a vowel name nobody."""
    found = {toneless(reading) for listed in _readings().values() for reading in listed.split(",")}
    vowels = set("aeiou")
    return frozenset(syllable for syllable in found if syllable.isascii() and vowels & set(syllable))


def toneless(reading: str) -> str:
    """Drop tone marks; ``ü`` becomes ``u``, as on most cards and keyboards.

    >>> toneless("lǚ"), toneless("shàn")
    ('lu', 'shan')
    """
    return "".join(mark for mark in unicodedata.normalize("NFD", reading) if not unicodedata.combining(mark))


def simplify(text: str) -> str:
    r"""Fold traditional and private-use characters, each by itself.

    >>> simplify("陳"), simplify("\ue863")
    ('陈', '䶮')
    """
    return text.translate(_SIMPLIFY)


def read_surname(surname: str, as_sent: str) -> str:
    """Read a surname: ``surname`` simplified, ``as_sent`` before it was simplified.

    >>> read_surname("单", "單"), read_surname("尉迟", "尉遲")
    ('shan', 'yuchi')
    """
    known = COMPOUND.get(surname) or _SURNAME_READINGS.get(surname)
    return known or read(as_sent)


def read(text: str) -> str:
    """Read characters in their usual reading, joined.

    >>> read("小明")
    'xiaoming'
    """
    return "".join(map(_READ.__getitem__, text))


def readings_of(character: str) -> frozenset[str]:
    """List every reading a character can have, its reading as a surname among them."""
    listed = _readings().get(ord(character), "")
    found = {toneless(reading) for reading in listed.split(",")} | {_READ[character]}
    surname = _SURNAME_READINGS.get(character)
    return frozenset(found | {surname} if surname else found) - {""}


@lru_cache(maxsize=_CACHE_MAX)
def as_pinyin(token: str) -> str:
    """Fold a token that is pinyin throughout (``lyu``, ``lv``, ``lü`` to ``lu``); "" for any other.

    >>> as_pinyin("lyu"), as_pinyin("nve"), as_pinyin("xiaoming"), as_pinyin("smith")
    ('lu', 'nue', 'xiaoming', '')
    """
    if not token or len(token) > _TOKEN_LENGTH_MAX:
        return ""
    token = re.sub(r"([ln])(?:yu|v|ü|u:)", r"\1u", token)
    return token if token.isascii() and syllables_in(token) else ""


@lru_cache(maxsize=_CACHE_MAX)
def syllables_in(token: str) -> tuple[str, ...]:
    """Cut pinyin into the fewest syllables, the longer first; () when it is no pinyin.

    >>> syllables_in("linmei"), syllables_in("smith")
    (('lin', 'mei'), ())
    """
    known = _syllables()
    best: list[tuple[str, ...] | None] = [()] + [None] * len(token)
    for end in range(1, len(token) + 1):
        for start in range(max(0, end - _SYLLABLE_LENGTH_MAX), end):
            before, piece = best[start], token[start:end]
            if before is None or piece not in known:
                continue
            now = best[end]
            if now is None or len(before) + 1 < len(now):
                best[end] = (*before, piece)
    return best[len(token)] or ()


def surname_rank(pinyin: str) -> int:
    """Rank a surname in pinyin, 0 the commonest; SURNAME_RANK_NONE when it is none."""
    return _SURNAME_RANK.get(pinyin, SURNAME_RANK_NONE)


def numeral(text: str) -> int | None:
    """Read a Chinese or Arabic number: 二百三十五, 二三五, 廿一, 235; None for anything else.

    >>> numeral("二百零五"), numeral("十二"), numeral("一九九〇"), numeral("x")
    (205, 12, 1990, None)
    """
    if not 0 < len(text) <= _NUMERAL_LENGTH_MAX:
        return None
    if text.isascii():
        return int(text) if text.isdigit() else None
    text = text.replace("廿", "二十").replace("卅", "三十").replace("初", "")
    if not any(character in _UNITS for character in text):
        digits = [_NUMERALS.get(character) for character in text]
        return None if None in digits or not digits else int("".join(map(str, digits)))
    total, pending = 0, -1
    for character in text:
        if character in _UNITS:
            total += _UNITS[character] * (1 if pending < 0 else pending)
            pending = -1
        elif character in _NUMERALS:
            pending = _NUMERALS[character]
        else:
            return None
    return total + max(pending, 0)
