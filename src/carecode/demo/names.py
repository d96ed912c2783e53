"""Names of the town: common Chinese surnames and given names with their pinyin.

The frequencies are rounded general knowledge, enough that a list looks like a waiting room; they
are no census.  Every name is put together by chance.
"""

from __future__ import annotations

from typing import Final

from carecode.demo.chance import Chance


def _rows(text: str) -> tuple[tuple[tuple[str, str], float], ...]:
    """Read "王 wang 72" triples into weighted pairs of character and pinyin."""
    words = text.split()
    return tuple(
        ((character, pinyin.capitalize()), float(weight))
        for character, pinyin, weight in zip(words[::3], words[1::3], words[2::3], strict=True)
    )


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Read "梅 mei" pairs."""
    words = text.split()
    return tuple(zip(words[::2], words[1::2], strict=True))


SURNAMES: Final = _rows(
    "王 wang 72 李 li 72 张 zhang 68 刘 liu 54 陈 chen 46 杨 yang 31 黄 huang 22 赵 zhao 21 吴 wu 20 周 zhou 19 "
    "徐 xu 14 孙 sun 15 马 ma 13 朱 zhu 13 胡 hu 12 郭 guo 12 何 he 11 林 lin 11 高 gao 10 罗 luo 9 郑 zheng 9 "
    "梁 liang 9 谢 xie 8 宋 song 8 唐 tang 7 许 xu 7 韩 han 7 邓 deng 7 冯 feng 6 曹 cao 6 彭 peng 6 曾 zeng 5 "
    "肖 xiao 5 田 tian 5 董 dong 5 潘 pan 5 袁 yuan 5 蔡 cai 5 蒋 jiang 5 余 yu 5 于 yu 5 杜 du 4 叶 ye 4 "
    "程 cheng 4 魏 wei 4 苏 su 4 吕 lü 4 丁 ding 4 任 ren 4 卢 lu 4 姚 yao 4 沈 shen 4 钟 zhong 3 姜 jiang 3 "
    "崔 cui 3 谭 tan 3 陆 lu 3 范 fan 3 汪 wang 3 廖 liao 3 石 shi 3 金 jin 3 韦 wei 3 贾 jia 3 夏 xia 3 "
    "方 fang 3 单 shan 1 仇 qiu 1 欧阳 ouyang 1 司马 sima 1"
)
_TWO_CHARACTERS: Final = {characters for (characters, _), _ in SURNAMES if len(characters) > 1}
# by sex and by birth: until 1964, until 1989, later
_WOMEN: Final = (
    _pairs("桂 gui 兰 lan 秀 xiu 英 ying 玉 yu 珍 zhen 凤 feng 淑 shu 华 hua 芳 fang 素 su 琴 qin 月 yue 荣 rong"),
    _pairs(
        "丽 li 敏 min 静 jing 燕 yan 红 hong 霞 xia 艳 yan 娟 juan 梅 mei 慧 hui 玲 ling 洁 jie 娜 na 莉 li 萍 ping"
    ),
    _pairs(
        "雨 yu 欣 xin 怡 yi 涵 han 梓 zi 萱 xuan 诗 shi 琪 qi 佳 jia 悦 yue 思 si 婷 ting 可 ke 馨 xin 宁 ning 安 an"
    ),
)
_MEN: Final = (
    _pairs("建 jian 国 guo 德 de 明 ming 志 zhi 永 yong 福 fu 贵 gui 荣 rong 根 gen 长 chang 生 sheng 文 wen 军 jun"),
    _pairs("伟 wei 强 qiang 磊 lei 勇 yong 涛 tao 杰 jie 鹏 peng 斌 bin 刚 gang 波 bo 辉 hui 峰 feng 俊 jun 超 chao"),
    _pairs(
        "浩 hao 宇 yu 轩 xuan 子 zi 博 bo 睿 rui 泽 ze 辰 chen 天 tian 佑 you 嘉 jia 航 hang 昊 hao 然 ran 一 yi 诺 nuo"
    ),
)
_ERAS: Final = (1965, 1990)
_ONE_CHARACTER: Final = (0.15, 0.45, 0.12)  # share of given names with one character, by era


def surname(chance: Chance) -> tuple[str, str]:
    """Choose a surname: characters and pinyin."""
    return chance.weighted(SURNAMES)


def given_name(chance: Chance, sex: str, year: int) -> tuple[str, str]:
    """Choose a given name of one or two characters that suits the year of birth.

    >>> given_name(Chance.of(1), "female", 1950)[1].isalpha()
    True
    """
    era = sum(year >= start for start in _ERAS)
    characters = (_WOMEN if sex == "female" else _MEN)[era]
    first, sound = chance.choice(characters)
    if chance.happens(_ONE_CHARACTER[era]):
        return first, sound.capitalize()
    second, next_sound = chance.choice(characters)
    return first + second, join_pinyin(sound, next_sound)


def split_name(name: str) -> tuple[str, str]:
    """Split a full name into surname and given name; a few surnames have two characters.

    >>> split_name("林梅"), split_name("欧阳美玲")
    (('林', '梅'), ('欧阳', '美玲'))
    """
    length = 2 if name[:2] in _TWO_CHARACTERS else 1
    return name[:length], name[length:]


def join_pinyin(first: str, second: str) -> str:
    """Join two syllables as GB/T 28039 does, with an apostrophe before a vowel.

    >>> join_pinyin("gui", "lan"), join_pinyin("yu", "an")
    ('Guilan', "Yu'an")
    """
    return (first + ("'" if second[0] in "aoe" else "") + second).capitalize()
