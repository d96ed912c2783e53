"""Chinese names as they are borne: surnames by how common they are, given names by sex and decade.

Written from general knowledge; no list was taken from anywhere.  The shares of the first twenty surnames are near the
published ones of the census; from there on the shares follow one line down to the rare ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from bench.people.characters import PINYIN, pinyin, traditional
from bench.people.lists import TABLE, pairs, spread, words

# Surname and, where the surname sounds otherwise than the character, its sound; most common first.
_SURNAMES: Final = """
王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 郭 何 林 罗 高 郑 梁 谢 宋 唐 许 韩 邓 冯 曹 彭 曾:zeng 萧 田 董 潘 袁 蔡
蒋 余 于 杜 叶
程 魏 苏 吕 丁 任:ren 卢 姚 沈 钟 姜 崔 谭 陆 范 汪 廖 石 金 韦 贾 夏 付 方 邹 熊 白 孟 秦 邱 侯 江 尹 薛 闫 段 雷 龙
黎 史 陶 贺 毛 郝 顾
龚 邵 万 覃 武 钱 戴 严 莫 孔 向 常 汤 康 易 乔 赖 文 施 洪 季 牛 樊 葛 邢 安 齐 庞 庄 殷 章 伍 阎:yan 鲁 温 倪 梅 俞
岳 翟 聂 焦 柳 祝 关
左 盛 毕 包 申 甘 宁 项 童 凌 曲 欧 耿 成 舒 詹 苗 费 米 游 柴 纪 靳 卓 时 尚 路 管 谷 兰 阮:ruan 谷 盖:ge 单:shan
解:xie 查:zha
仇:qiu 区:ou 朴:piao 覃:qin 尉:yu 缪:miao 车 牟:mu 佟 桂 邬 娄 党 祁 司 裴 屈 臧:zang 卜:bu 冷 饶 褚 巩 窦 卞 晏
谌:chen 荀 戚 房 应 冼
景 晋 芦 楚 双 苑 敖:ao 桑 隋 戈 蔺 屠 湛 瞿 宫 丛 滕 鞠 杭 原 权 骆 银 席 师 沙 卫 柏:bai 封 栾 雍 招 植 劳 邝 麦:mai
辛 占 郎 冉
欧阳 上官 司马 诸葛 司徒 东方 令狐:linghu 皇甫 尉迟:yuchi 夏侯 端木 慕容 公孙
"""
_HEAD: Final = (  # per 10,000 people
    *(725, 719, 683, 540, 453, 308, 223, 206, 200, 190, 145, 138, 129, 125, 114, 114, 106, 105, 95, 90),
    *(85, 84, 78, 77, 73, 70, 68, 62, 61, 59),
)
_ZIPF: Final = 0.93  # the tail falls as rank to this power

# Given names in one piece that were given again and again, by sex and decade of birth.
_POPULAR_MEN: Final = {
    1900: "建国 国强 德明 长发 金生 福生 志明 树林 玉林 永福 文才 水生 根生 洪生 家才 德福 明德 贵生 宝山 长林",
    1945: (
        "建国 建华 国华 和平 建军 国强 志强 建平 明 国庆 解放 援朝 卫国 志国 文革 卫东 红军 国平 跃进 建民 金龙 海生 "
        "永强 桂林"
    ),
    1965: "军 勇 伟 强 建军 志强 卫东 斌 刚 平 波 辉 建华 永红 卫民 红卫 志刚 海军 建平 晓东 文斌 国栋 新华 永军 小平",
    1980: (
        "伟 磊 勇 涛 超 强 鹏 军 杰 波 斌 辉 浩 亮 鑫 刚 飞 凯 旭 峰 健 明 俊 龙 洋 宁 晓东 建伟 志伟 海涛 文杰 俊杰 "
        "志鹏"
    ),
    1995: "杰 浩 鑫 宇 鹏 帅 俊杰 浩然 天宇 文博 子豪 志豪 宇航 佳豪 明轩 嘉伟 家豪 俊豪 伟杰 梓豪 一鸣 文轩 博文 子轩",
    2008: (
        "浩宇 浩然 宇轩 子轩 梓轩 俊杰 博文 宇航 一诺 奕辰 沐宸 宇泽 梓睿 浩轩 子墨 皓轩 泽宇 铭泽 家豪 俊熙 亦辰 "
        "景行 若安"
    ),
}
_POPULAR_WOMEN: Final = {
    1900: (
        "秀英 桂英 玉兰 秀兰 桂兰 玉英 桂芳 玉珍 秀珍 素珍 淑珍 凤英 凤兰 桂珍 素英 淑英 金凤 玉梅 招娣 来娣 翠英 "
        "兰英 秀芳"
    ),
    1945: (
        "秀英 桂英 玉兰 秀兰 淑珍 桂兰 秀珍 玉华 建华 爱华 丽华 桂芳 玉梅 美华 爱珍 红 淑华 淑兰 春兰 小红 国英 援朝 "
        "秋菊 惠芳"
    ),
    1965: (
        "丽 敏 艳 静 霞 红 燕 芳 梅 娟 萍 玲 丽娟 红梅 春梅 晓燕 丽萍 秀丽 海燕 雪梅 建红 小红 冬梅 桂芳 玉芳 卫红 秋菊"
    ),
    1980: (
        "静 丽 艳 娜 敏 燕 芳 婷 丹 倩 莉 玲 娟 霞 晶 慧 颖 洁 雪 婷婷 丽丽 丹丹 晶晶 莹莹 娜娜 海燕 晓丽 丽娜 春燕 "
        "晓娟"
    ),
    1995: (
        "婷 悦 倩 雪 欣 欣怡 雨欣 思雨 雨婷 佳怡 诗雨 梦婷 雅婷 静怡 思琪 梦瑶 晓彤 雪婷 佳琪 梦雪 慧敏 嘉欣 心怡 雨晴"
    ),
    2008: (
        "梓涵 欣怡 子涵 诗涵 一诺 雨涵 欣妍 可馨 语桐 若曦 艺涵 佳怡 梓萱 雨桐 思涵 依诺 沐瑶 欣悦 芷若 梦涵 诗琪 "
        "可欣 心怡"
    ),
}
# Characters of which other given names are put together, most common first.
_MEN: Final = (
    "明国文华建志德军平强林海永金荣成伟峰东龙生杰辉勇云春超宏宇清良胜义飞俊祥学庆斌江洪浩鹏新光天波少亮刚利福安晓世家"
    "忠振立正松富元仁礼发才贵长根水树子嘉泽博轩睿涛凯宁旭晨昊翔鸣启佳楠恒毅乐帆逸然奕辰宸皓铭锦源瑞哲骏坤钧彪魁守存宗"
    "炳尧舜汉邦济"
)
_WOMEN: Final = (
    "丽秀英玉红兰华梅芳桂燕珍霞萍娟玲敏淑艳凤春美爱琴云莲静慧翠香菊娥雪月荣文素洁晓素惠金莉巧小婷娜倩颖欣佳琳雅琪怡思"
    "雨诗涵梦瑶萱妍悦可心彤若语桐馨婉蕊芝娇茹蓉妮菲薇岚露璐晴冰彩银仙妙珠琼环芬莹晶丹媛嫣曦芸芷卉蓓娣招灵清秋冬夏"
)
_ERAS: Final = (1900, 1945, 1965, 1980, 1995, 2008)
_POPULAR: Final = 0.22  # whole given names drawn from the lists above; the rest is put together
_ONE_CHARACTER: Final = {1900: 0.06, 1945: 0.12, 1965: 0.28, 1980: 0.33, 1995: 0.20, 2008: 0.08}
_GIVEN_ZIPF: Final = 0.65

# Long names: given name, father's name; and peoples whose names have no surname.
_UYGHUR_MEN: Final = words(
    "买买提 阿卜杜拉 吐尔逊 艾合买提 阿不都热西提 玉素甫 艾尔肯 库尔班 依明 木合塔尔 阿迪力 卡德尔 热合曼 帕尔哈提 居马"
)
_UYGHUR_WOMEN: Final = words(
    "古丽巴哈尔 阿依古丽 热依汗 帕提古丽 古丽娜尔 米日古丽 阿米娜 祖丽皮亚 玛依拉 迪丽努尔 热娜 阿孜古丽"
)
_LATIN_UYGHUR: Final = {
    "买买提": "Memet",
    "阿卜杜拉": "Abdulla",
    "吐尔逊": "Tursun",
    "艾合买提": "Ehmet",
    "阿不都热西提": "Abdureshit",
    "玉素甫": "Yusup",
    "艾尔肯": "Erkin",
    "库尔班": "Qurban",
    "依明": "Imin",
    "木合塔尔": "Muhtar",
    "阿迪力": "Adil",
    "卡德尔": "Qadir",
    "热合曼": "Rahman",
    "帕尔哈提": "Parhat",
    "居马": "Juma",
    "古丽巴哈尔": "Gulbahar",
    "阿依古丽": "Aygul",
    "热依汗": "Reyhan",
    "帕提古丽": "Patigul",
    "古丽娜尔": "Gulnar",
    "米日古丽": "Mihrigul",
    "阿米娜": "Amina",
    "祖丽皮亚": "Zulpiya",
    "玛依拉": "Mayra",
    "迪丽努尔": "Dilnur",
    "热娜": "Rena",
    "阿孜古丽": "Arzigul",
}
_TIBETAN: Final = words(
    "扎西 多吉 次仁 卓玛 央金 旺堆 达瓦 尼玛 平措 拉姆 德吉 顿珠 格桑 洛桑 边巴 普布 白玛 仁青 措姆 丹增"
)
_MONGOL: Final = words("乌云 萨仁 娜仁 苏日 阿拉坦 呼和 格根 那日 朝鲁 孟和 巴图 斯琴 图雅 宝音 额尔敦 通拉嘎 敖日")
_MONGOL_MEN: Final = words("巴特尔 布和 毕力格 巴雅尔 格日勒 特木尔 苏 达来 仓 吉日嘎拉 那顺")
_MONGOL_WOMEN: Final = words("其其格 高娃 托娅 塔娜 图雅 其木格 花 格日勒 娜 琪琪格 通拉嘎")
_YI: Final = words("吉克 阿苦 沙马 吉木 马海 的莫 俄木 阿尔 曲比 海来 吉俄 阿侯 罗洪 且沙")
_YI_GIVEN: Final = words("阿依 木呷 拉日 子歪 伍呷 阿果 阿牛 里古 石布 阿呷 伍牛 曲布 日哈 尔布 伍各")
DOTS: Final = ("·", "•", "・", ".", "．", "‧", "")

# Sounds of Hong Kong; where none is given the surname stays in pinyin.
_HK_SURNAMES: Final = pairs(
    "陈:Chan 李:Lee 黄:Wong 张:Cheung 梁:Leung 林:Lam 王:Wong 吴:Ng 刘:Lau 何:Ho 郑:Cheng 周:Chow 叶:Yip 邓:Tang "
    "杨:Yeung 蔡:Choi 谢:Tse 徐:Tsui 罗:Law 马:Ma 朱:Chu 冯:Fung 许:Hui 郭:Kwok 卢:Lo 关:Kwan 苏:So 曾:Tsang 余:Yu "
    "何:Ho 胡:Wu 钟:Chung 江:Kong"
)
_HK_GIVEN: Final = words(
    "Ka_Wai Wing_Yan Chi_Keung Siu_Ming Mei_Ling Kwok_Wah Yuk_Lan Hoi_Yan Tsz_Ching Wai_Man Kin_Fai Sau_Ying Lai_"
    "Fong Man_Kit Pui_Shan Kam_Tong Shuk_Fan Chun_Ho Hiu_Tung Tak_Shing"
)
_HK_HAN: Final = words(
    "嘉慧 詠欣 志強 小明 美玲 國華 玉蘭 海欣 子晴 偉文 健輝 秀英 麗芳 文傑 佩珊 錦堂 淑芬 俊豪 曉彤 德成"
)
_HK_WOMEN: Final = (0, 1, 4, 6, 7, 8, 11, 12, 14, 16, 18)
_HK_MEN: Final = (0, 2, 3, 5, 8, 9, 10, 13, 15, 17, 19)


@dataclass(frozen=True, slots=True)
class Name:
    """A name as its bearer has it."""

    surname: str  # "" for peoples without surnames
    given: str
    sound: str  # of the surname, Latin letters
    latin: str  # the passport's line: "Wang Xiuying"
    dot: bool = False  # ``given`` is her own name, ``surname`` her father's, with a dot between

    @property
    def whole(self) -> str:
        """Give the name as a card shows it."""
        return f"{self.given}·{self.surname}" if self.dot else self.surname + self.given


def _surnames() -> list[tuple[str, str]]:
    """Make the table of surnames with their sounds."""
    seen: dict[str, str] = {}
    for word in _SURNAMES.split():
        surname, _, sound = word.partition(":")
        seen.setdefault(surname, sound or pinyin(surname))
    start = _HEAD[-1]
    weights = [
        float(_HEAD[rank]) if rank < len(_HEAD) else start * (len(_HEAD) / (rank + 1)) ** (_ZIPF * 1.6)
        for rank in range(len(seen))
    ]
    return spread(list(seen.items()), weights, TABLE * 2)


def _zipf(items: list[str]) -> list[str]:
    return spread(items, [1 / (rank + 3) ** _GIVEN_ZIPF for rank in range(len(items))], 4096)


SURNAMES: Final = _surnames()
_POPULAR_OF: Final = {
    (sex, era): _zipf(lists[era].split())
    for sex, lists in (("male", _POPULAR_MEN), ("female", _POPULAR_WOMEN))
    for era in _ERAS
}
GIVEN_CHARACTERS: Final = {
    "male": _zipf([character for character in dict.fromkeys(_MEN) if character in PINYIN]),
    "female": _zipf([character for character in dict.fromkeys(_WOMEN) if character in PINYIN]),
}


def era(year: int) -> int:
    """Find the era of names into which a year of birth falls."""
    found = _ERAS[0]
    for start in _ERAS:
        if year >= start:
            found = start
    return found


def given_name(random: Random, sex: str, year: int, first: str = "") -> str:
    """Draw a given name; ``first`` is the character that the family's children share."""
    draw = random.random
    if first:
        characters = GIVEN_CHARACTERS[sex]
        return first + characters[int(draw() * len(characters))]
    decade = era(year)
    if draw() < _POPULAR:
        names = _POPULAR_OF[sex, decade]
        return names[int(draw() * len(names))]
    characters = GIVEN_CHARACTERS[sex]
    one = characters[int(draw() * len(characters))]
    if draw() < _ONE_CHARACTER[decade]:
        return one
    return one + characters[int(draw() * len(characters))]


def surname(random: Random) -> tuple[str, str]:
    """Draw a surname and its sound."""
    return SURNAMES[int(random.random() * len(SURNAMES))]


def han(family: tuple[str, str], given: str) -> Name:
    """Put a usual Chinese name together."""
    return Name(family[0], given, family[1], f"{family[1].title()} {pinyin(given).title()}")


def long_name(random: Random, people: str, sex: str, father: str = "") -> Name:
    """Draw a name of a people with long names: "uyghur", "tibetan", "mongol" or "yi"."""
    if people == "uyghur":
        own = random.choice(_UYGHUR_MEN if sex == "male" else _UYGHUR_WOMEN)
        father = father or random.choice(_UYGHUR_MEN)
        return Name(father, own, "", f"{_LATIN_UYGHUR[own]} {_LATIN_UYGHUR[father]}", dot=True)
    if people == "tibetan":
        one, two = random.sample(_TIBETAN, 2)
        return Name("", one + two, "", "")
    if people == "mongol":
        tail = random.choice(_MONGOL_MEN if sex == "male" else _MONGOL_WOMEN)
        return Name("", random.choice(_MONGOL) + tail, "", "")
    return Name("", random.choice(_YI) + random.choice(_YI_GIVEN), "", "")


def overseas_name(random: Random, family: tuple[str, str], sex: str, year: int, *, hong_kong: bool) -> Name:
    """Draw a name from Hong Kong (its own Latin spelling) or Taiwan, in traditional characters."""
    if hong_kong:
        fits = _HK_WOMEN if sex == "female" else _HK_MEN
        at = fits[int(random.random() * len(fits))]
        sound = _HK_SURNAMES.get(family[0], family[1].title())
        return Name(traditional(family[0]), _HK_HAN[at], sound, f"{sound} {_HK_GIVEN[at].replace('_', ' ')}")
    given = given_name(random, sex, year)
    latin = f"{family[1].title()} {'-'.join(pinyin(character).title() for character in given)}"
    return Name(traditional(family[0]), traditional(given), family[1], latin)
