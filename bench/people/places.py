"""Districts with their codes, roads, homes, and the ways in which people write an address.

Codes are GB/T 2260 as in force in the years given; general knowledge, not a copy of the standard.
"""

from __future__ import annotations

from random import Random
from typing import Final, NamedTuple

from bench.people.lists import spread, words

# code province city district weight [first year - last year in force].  Weight: rough share of the people.
_AREAS: Final = """
110101 北京市 - 东城区 8|110102 北京市 - 西城区 10|110105 北京市 - 朝阳区 30|110106 北京市 - 丰台区 18
110108 北京市 - 海淀区 28
110103 北京市 - 崇文区 3 -2010|110104 北京市 - 宣武区 4 -2010|120101 天津市 - 和平区 4|120103 天津市 - 河西区 9
120104 天津市 - 南开区 10
130102 河北省 石家庄市 长安区 8|130203 河北省 唐山市 路北区 8|130927 河北省 沧州市 南皮县 4
140105 山西省 太原市 小店区 9
140106 山西省 太原市 迎泽区 6|150102 内蒙古自治区 呼和浩特市 新城区 6|150202 内蒙古自治区 包头市 东河区 5
210102 辽宁省 沈阳市 和平区 7
210202 辽宁省 大连市 中山区 4|210203 辽宁省 大连市 西岗区 3|220102 吉林省 长春市 南关区 7|220202 吉林省 吉林市 昌邑区 5
230102 黑龙江省 哈尔滨市 道里区 8|230103 黑龙江省 哈尔滨市 南岗区 10|310101 上海市 - 黄浦区 7|310104 上海市 - 徐汇区 10
310103 上海市 - 卢湾区 3 -2011|310108 上海市 - 闸北区 6 -2015|310105 上海市 - 长宁区 7|310115 上海市 - 浦东新区 45 1993-
320102 江苏省 南京市 玄武区 6|320106 江苏省 南京市 鼓楼区 9|320202 江苏省 无锡市 崇安区 3 -2015
320502 江苏省 苏州市 沧浪区 4 -2012
320503 江苏省 苏州市 平江区 3 -2012|320508 江苏省 苏州市 姑苏区 8 2012-|320583 江苏省 苏州市 昆山市 16
330102 浙江省 杭州市 上城区 10
330106 浙江省 杭州市 西湖区 10|330203 浙江省 宁波市 海曙区 9|330302 浙江省 温州市 鹿城区 10
330782 浙江省 金华市 义乌市 15
340104 安徽省 合肥市 蜀山区 9 2002-|341221 安徽省 阜阳市 临泉县 18|350102 福建省 福州市 鼓楼区 6
350203 福建省 厦门市 思明区 9
350502 福建省 泉州市 鲤城区 4|360102 江西省 南昌市 东湖区 5|360702 江西省 赣州市 章贡区 6
361128 江西省 上饶市 鄱阳县 13 2003-
362330 江西省 上饶地区 波阳县 12 -2000|370102 山东省 济南市 历下区 7|370202 山东省 青岛市 市南区 5
370602 山东省 烟台市 芝罘区 7
371724 山东省 菏泽市 巨野县 9|410102 河南省 郑州市 中原区 8|410105 河南省 郑州市 金水区 14|410302 河南省 洛阳市 老城区 2
411722 河南省 驻马店市 上蔡县 12 2000-|412825 河南省 驻马店地区 上蔡县 11 -2000|411525 河南省 信阳市 固始县 13 1998-
420102 湖北省 武汉市 江岸区 9
420106 湖北省 武汉市 武昌区 11|420111 湖北省 武汉市 洪山区 14|420502 湖北省 宜昌市 西陵区 5
421127 湖北省 黄冈市 黄梅县 9
430102 湖南省 长沙市 芙蓉区 6|430104 湖南省 长沙市 岳麓区 12|430204 湖南省 株洲市 石峰区 3
430524 湖南省 邵阳市 隆回县 10
440104 广东省 广州市 越秀区 11|440106 广东省 广州市 天河区 20|440303 广东省 深圳市 罗湖区 11 1990-
440304 广东省 深圳市 福田区 14 1990-
440305 广东省 深圳市 南山区 16 1990-|440604 广东省 佛山市 禅城区 12 2002-|441900 广东省 东莞市 - 60
440882 广东省 湛江市 雷州市 13
450102 广西壮族自治区 南宁市 兴宁区 6|450302 广西壮族自治区 桂林市 秀峰区 2|460106 海南省 海口市 龙华区 7 2003-
500103 重庆市 - 渝中区 6 1997-
500105 重庆市 - 江北区 8 1997-|510202 四川省 重庆市 市中区 6 -1997|510104 四川省 成都市 锦江区 8
510105 四川省 成都市 青羊区 9
510703 四川省 绵阳市 涪城区 9|511025 四川省 内江市 资中县 9|520102 贵州省 贵阳市 南明区 9
520502 贵州省 毕节市 七星关区 11 2011-
522401 贵州省 毕节地区 毕节市 11 -2011|530102 云南省 昆明市 五华区 9|530302 云南省 曲靖市 麒麟区 7
540102 西藏自治区 拉萨市 城关区 3
610103 陕西省 西安市 碑林区 7|610113 陕西省 西安市 雁塔区 12|620102 甘肃省 兰州市 城关区 12
621121 甘肃省 定西市 通渭县 3 2003-
630103 青海省 西宁市 城中区 3|640104 宁夏回族自治区 银川市 兴庆区 7 2002-|650102 新疆维吾尔自治区 乌鲁木齐市 天山区 7
653101 新疆维吾尔自治区 喀什地区 喀什市 7
"""
_ROADS: Final = words(
    "人民路 解放路 建设路 中山路 和平路 新华路 文化路 胜利路 长江路 黄河路 青年路 光明路 东风路 红旗路 迎宾路 朝阳路 "
    "幸福路 团结路 学府路 科技路 工业路 滨河路 滨江路 湖滨路 公园路 体育路 车站路 环城路 北京路 南京路 上海路 广州路 "
    "健康路 民主路 友谊路 复兴路 振兴路 兴华路 育才路 园林路 五一路 八一路 延安路 中心街 南大街 北大街 东大街 西大街 "
    "后街 前进街 顺城街 府前街 文昌街 花园街 书院巷 柳树巷"
)
_ESTATES: Final = words(
    "阳光花园 金色家园 锦绣华庭 翠湖苑 东方名城 世纪城 丽景湾 幸福里 和谐家园 滨江花园 紫荆苑 桂花园 怡景苑 香樟园 "
    "绿地新村 建设新村 教师新村 铁路宿舍 棉纺厂家属院 机械厂宿舍 安居苑 康乐小区 东苑小区 西苑小区 梅园新村 万和城 "
    "龙湖名邸 水岸人家"
)
_TOWNS: Final = words(
    "城关 大同 太平 永安 新安 双河 清水 石桥 马场 龙泉 高桥 柳河 白石 张店 李集 王庄 南塘 三河 东升 黄桥"
)
_VILLAGES: Final = words(
    "前进 王家 李家 张庄 刘湾 东沟 西坡 上坝 下坝 新民 光明 高坎 石井 柳树 大塘 小河 桃园 杨林 赵集 陈寨"
)
_NUMERALS: Final = "零一二三四五六七八九十"


class Area(NamedTuple):
    """A district and the years in which its code was given out."""

    code: str
    province: str
    city: str  # "" where the province is the city
    district: str
    first: int
    last: int
    rural: bool


class Home(NamedTuple):
    """One home, in the parts from which an address is written."""

    area: Area
    road: str  # or the town
    number: int
    estate: str  # or the village
    building: int  # 0 in the country
    unit: int
    room: int
    latin: str = ""  # the whole address where it is a Western one


def _areas() -> list[Area]:
    found: list[Area] = []
    for text in _AREAS.replace("\n", "|").split("|"):
        if not text:
            continue
        code, province, city, district, weight, *years = text.split()
        first, _, last = (years[0] if years else "-").partition("-")
        area = Area(
            code,
            province,
            "" if city == "-" else city,
            district if district != "-" else "",
            int(first or 1900),
            int(last or 2100),
            district.endswith("县"),
        )
        found.extend([area] * int(weight))
    return found


AREAS: Final = _areas()  # an entry for each unit of weight
CURRENT: Final = [area for area in AREAS if area.last > 2026]
_BIRTH_AREAS: Final = {year: [area for area in AREAS if area.first <= year <= area.last] for year in range(1900, 2031)}
ROADS: Final = spread(_ROADS, [1 / (rank + 4) for rank in range(len(_ROADS))], 512)


def born_in(random: Random, year: int) -> Area:
    """Draw the district whose code a citizen number holds, among those in force in the year of registration."""
    areas = _BIRTH_AREAS[max(year, 1984)]  # numbers were first given out in 1984, to everybody then alive
    return areas[int(random.random() * len(areas))]


def successor(area: Area, year: int, random: Random) -> Area:
    """Give ``area`` if its code was in force when a child of ``year`` was registered, else one that was."""
    return area if area.first <= max(year, 1984) <= area.last else born_in(random, year)


def new_home(random: Random, area: Area | None = None) -> Home:
    """Draw a home, in ``area`` or anywhere."""
    draw = random.random
    area = area or CURRENT[int(draw() * len(CURRENT))]
    if area.rural and draw() < 0.75:
        return Home(
            area,
            _TOWNS[int(draw() * 20)],
            1 + int(draw() * 15),
            _VILLAGES[int(draw() * 20)],
            0,
            0,
            1 + int(draw() * 160),
        )
    floor = 1 + int(draw() * (6 if draw() < 0.5 else 28))
    return Home(
        area,
        ROADS[int(draw() * len(ROADS))],
        1 + int(draw() * 400 * draw()),
        _ESTATES[int(draw() * len(_ESTATES))],
        1 + int(draw() * 24),
        1 + int(draw() * 4),
        floor * 100 + 1 + int(draw() * 4),
    )


def whole(home: Home) -> str:
    """Write an address in full, as a card shows it.

    >>> whole(Home(AREAS[0], "人民路", 8, "翠湖苑", 3, 2, 501))
    '北京市东城区人民路8号翠湖苑3号楼2单元501室'
    """
    if home.latin:
        return home.latin
    head = f"{home.area.province}{home.area.city}{home.area.district}"
    if not home.building:
        return f"{head}{home.road}镇{home.estate}村{home.number}组{home.room}号"
    return f"{head}{home.road}{home.number}号{home.estate}{home.building}号楼{home.unit}单元{home.room}室"


def shortened(home: Home, random: Random) -> str:
    """Write an address as a hurried clerk does: parts left out, signs for words, other digits."""
    draw = random.random()
    if home.latin:
        return _shortened_latin(home.latin, draw)
    area = home.area
    head = ("", area.district, area.city + area.district, area.province + area.district)[int(draw * 4)]
    if not home.building:
        group = _NUMERALS[home.number] if home.number <= 10 else str(home.number)
        return (
            f"{head}{home.road}镇{home.estate}村",
            f"{head}{home.road}乡{home.estate}村{group}组",
            f"{head}{home.estate}村{home.number}组{home.room}号",
            f"{head}{home.road}{home.estate}村{home.room}号",
        )[int(random.random() * 4)]
    return (
        f"{head}{home.road}{home.number}号{home.building}-{home.unit}-{home.room}",
        f"{head}{home.estate}{home.building}栋{home.unit}单元{home.room}",
        f"{head}{home.road}{home.number}号{home.estate}{home.building}#{home.room}",
        f"{head}{home.estate}小区{home.building}号楼{home.room}室",
        f"{head}{home.road}{home.number}号",
        f"{head} {home.road} {home.number}号 {home.estate}{home.building}幢{home.unit}单元{home.room}室",
        whole(home).translate(_WIDE),
    )[int(random.random() * 7)]


_WIDE: Final = str.maketrans("0123456789", "０１２３４５６７８９")
_ABBREVIATED: Final = (
    ("Street", "St"),
    ("Road", "Rd"),
    ("Lane", "Ln"),
    ("Avenue", "Ave"),
    ("straße", "str."),
    ("avenue", "av."),
    ("Calle", "C/"),
)


def _shortened_latin(text: str, draw: float) -> str:
    """Shorten a Western address: the post code left out, words abbreviated, capitals, no commas."""
    if draw < 0.3:
        return text.rsplit(",", 1)[0]
    if draw < 0.5:
        return text.upper()
    if draw < 0.65:
        return text.replace(",", "")
    for word, short in _ABBREVIATED:
        text = text.replace(word, short)
    return text


CURRENT_HOME: Final = Home(CURRENT[0], "", 1, "", 1, 1, 101)  # what a Western address is hung on
