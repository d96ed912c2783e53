"""The characters of Chinese names: how they sound, what they look like, how they were written before.

Written from general knowledge.  A homophone here shares its sound without the tone, which is what an ear and an input
method confuse.
"""

from __future__ import annotations

from typing import Final

# Sound, then characters of that sound that stand in names or are typed in their place.
_SOUNDS: Final = """
ai 爱艾|an 安岸|ang 昂|bai 白柏百|ban 班|bao 宝保葆鲍包|bei 贝蓓北|ben 本|bi 碧毕|bian 卞边|biao 彪标|bin 斌彬滨宾
bing 冰兵炳秉|bo 波博柏勃伯薄|cai 才彩财采蔡|can 灿璨|cao 曹草|cen 岑|chan 婵|chang 昌长畅常|chao 超朝潮晁|che 车
chen 晨辰琛宸尘陈谌|cheng 成诚程承城|chi 池|chong 崇|chu 楚初储褚|chuan 川传|chun 春纯淳|cong 聪丛从|cui 翠崔
cun 存|da 达大|dai 代戴岱|dan 丹旦|dang 党|dao 道|de 德得|deng 登邓|di 迪弟狄|dian 典|diao 刁|ding 丁定顶|dong 东冬栋董
dou 豆窦|du 都杜|duan 端段|duo 多朵|e 娥峨|en 恩|er 尔儿|fa 发法|fan 凡帆繁范樊|fang 芳方房|fei 飞菲斐霏费|fen 芬奋
feng 峰锋风凤丰枫冯封|fu 福富甫芙付傅符|gan 甘|gang 刚钢岗|gao 高|ge 歌戈葛|gen 根|geng 庚耿|gong 功公宫龚巩
gu 谷古顾|guan 冠关管|guang 光广|gui 贵桂|guo 国果郭|hai 海|han 涵晗汉翰寒韩|hang 航杭|hao 浩豪皓昊郝好
he 和荷河禾鹤贺何
heng 恒亨衡|hong 红宏洪虹鸿弘|hou 厚侯|hu 虎湖胡|hua 华花化桦|huai 怀|huan 欢焕桓|huang 黄|hui 慧辉惠会卉晖|huo 霍
ji 吉纪季
jia 佳嘉家加贾|jian 建健剑坚俭简|jiang 江将姜蒋|jiao 娇焦|jie 杰洁捷婕|jin 金锦进瑾晋津劲靳|jing 静晶敬景京菁璟井荆
jiu 久九|ju 菊居鞠|juan 娟娟隽|jue 珏觉|jun 军俊君峻骏钧|kai 凯开恺|kang 康|ke 可科克柯|kong 孔|kuang 邝|kui 奎魁
kun 坤昆
lai 来赖|lan 兰岚蓝|lang 朗郎|lao 劳|le 乐|lei 磊蕾雷|leng 冷|li 丽莉力立利理礼李黎|lian 莲连廉|liang 亮良梁|liao 廖
lin 林琳霖麟临蔺|ling 玲灵凌铃岭|liu 柳六刘|long 龙隆|lou 娄|lu 露璐路鲁陆卢芦|luan 栾|lun 伦|luo 洛罗骆|lü 吕|ma 马
man 曼满
mao 茂毛|mei 梅美媚玫|men 门|meng 梦萌蒙孟|mi 米|miao 妙苗缪|min 敏民旻闵|ming 明铭鸣茗|mo 莫墨|mu 木慕牧沐穆|na 娜那
nan 楠南男
ni 妮倪|nian 年|nie 聂|ning 宁凝|niu 牛|nuo 诺|ou 欧区|pan 盼潘|pang 庞|pei 佩培沛裴|peng 鹏朋彭|ping 萍平屏|pu 朴蒲
qi 琪琦奇启旗齐祁戚|qian 倩谦乾钱|qiang 强|qiao 巧乔|qin 琴勤秦覃|qing 清青庆晴卿|qiong 琼|qiu 秋丘仇邱|qu 曲屈瞿
quan 泉全权
ran 然冉|rao 饶|ren 仁任|rong 荣蓉容融戎|ru 如茹汝|rui 瑞睿蕊锐芮|run 润|ruo 若|sang 桑|sen 森|sha 莎沙|shan 山珊杉单
shang 尚|shao 少绍邵|shen 深沈申|sheng 生胜圣晟盛|shi 诗石世士时师施史|shou 寿守|shu 淑书树舒|shuai 帅|shuang 爽双
shui 水
shun 顺舜|si 思司斯|song 松颂宋|su 苏素肃|sui 隋|sun 孙|suo 索|tan 檀谭|tang 唐堂汤|tao 涛桃陶|teng 腾滕|ti 缇
tian 田天甜|tie 铁
ting 婷廷亭庭|tong 彤桐童佟|tu 图涂屠|wan 婉万晚|wang 旺望王汪|wei 伟薇维威玮卫巍炜蔚魏韦|wen 文雯温闻|weng 翁
wu 武五吴伍邬
xi 喜希曦溪熙西席|xia 霞夏|xian 贤仙先冼|xiang 祥翔香湘向项|xiao 晓小潇笑肖萧|xie 谢解|xin 新欣鑫心馨信辛
xing 兴星杏行邢
xiong 雄熊|xiu 秀修绣|xu 旭许徐|xuan 轩萱璇宣|xue 雪学薛|xun 迅勋荀|ya 雅亚娅|yan 燕艳岩妍彦言严颜闫晏|yang 阳洋扬杨
yao 瑶耀尧姚|ye 叶烨业|yi 怡一义艺益依毅宜奕轶易|yin 银音印尹殷|ying 英颖莹盈樱应|yong 勇永咏雍|you 友优尤游
yu 玉宇雨瑜羽煜钰余于喻俞
yuan 媛元源远圆袁苑|yue 月悦岳越|yun 云芸运韵|zai 在|ze 泽则|zeng 曾增|zha 查|zhai 翟|zhan 展占詹湛|zhang 章张
zhao 昭兆赵
zhe 哲喆|zhen 珍振真贞甄|zheng 正征政郑|zhi 志智芝之治植支|zhong 忠中仲钟|zhou 洲舟周|zhu 珠竹柱朱祝诸|zhuang 庄壮
zhuo 卓
zi 子紫梓|zong 宗|zou 邹|zu 祖|zuo 左佐|chai 柴|hang 杭|ju 菊|miu 缪|yuan 原|zhao 招|di 娣|kuan 宽|bang 邦|ji 继济
yi 亿|shi 实
xie 协|lü 绿|si 四|san 三|xi 玺|mao 卯|yun 匀|fu 复|hui 会|sai 赛|ni 尼|zha 扎|duo 多|luo 洛|ba 巴|wu 乌|qi 其|ge 格
te 特|er 尔
"""

_TRADITIONAL: Final = (
    "爱愛宝寶贝貝滨濱宾賓才才财財灿燦婵嬋长長畅暢车車陈陳诚誠传傳纯純聪聰从從达達丹丹党黨邓鄧东東栋棟窦竇发發凡凡飞飛"
    "费費奋奮锋鋒风風凤鳳丰豐枫楓冯馮刚剛钢鋼岗崗宫宮龚龔巩鞏顾顧关關广廣贵貴国國汉漢韩韓鸿鴻红紅华華桦樺怀懷欢歡焕煥"
    "黄黃会會辉輝晖暉贾賈坚堅剑劍俭儉简簡将將姜姜蒋蔣娇嬌杰傑洁潔锦錦进進晋晉劲勁静靜军軍骏駿钧鈞凯凱开開恺愷来來赖賴"
    "兰蘭岚嵐蓝藍劳勞乐樂丽麗礼禮莲蓮连連刘劉龙龍娄婁陆陸卢盧芦蘆鲁魯栾欒伦倫罗羅骆駱吕呂马馬满滿门門梦夢缪繆闵閔铭銘"
    "鸣鳴宁寧聂聶诺諾欧歐区區庞龐鹏鵬苹蘋启啟齐齊谦謙钱錢强強乔喬庆慶琼瓊权權饶饒荣榮锐銳润潤单單绍紹胜勝圣聖诗詩时時"
    "师師寿壽书書树樹帅帥双雙顺順颂頌苏蘇肃肅孙孫谭譚汤湯涛濤腾騰铁鐵图圖涂塗万萬伟偉维維玮瑋卫衛炜煒韦韋闻聞吴吳邬鄔"
    "贤賢晓曉潇瀟谢謝兴興许許学學轩軒荀荀迅迅勋勳亚亞娅婭艳豔严嚴颜顏闫閆阳陽杨楊扬揚瑶瑤尧堯叶葉烨燁业業义義艺藝银銀"
    "颖穎莹瑩樱櫻应應优優钰鈺圆圓远遠岳嶽云雲芸蕓运運韵韻泽澤则則张張赵趙贞貞郑鄭钟鐘庄莊壮壯邹鄒祝祝诸諸侠俠实實宽寬"
    "继繼济濟绿綠赛賽亿億玺璽协協复復绣繡"
)

# Pairs that an eye, a pen or a reader of print takes for one another.
_LOOKALIKES: Final = (
    "玲铃 芬芳 建健 杨扬 王玉 李季 刘刈 陈阵 凤风 清青 晴睛 辉挥 瑞端 静净 天夫 大太 田由 申甲 干于 宇字 宁宇 泽择 "
    "嘉喜 昊吴 俊峻 骏俊 博搏 龙尤 永水 丹舟 冬各 雨两 雪雷 磊蕾 倩情 佳住 强弹 晶品 莹萤 颖颍 婷停 媛嫒 琳淋 霞露 "
    "梅海 洁浩 江红 波玻 明朋 月用 文丈 立丘 森林 彬杉 松柏 志忘 恩思 英莫 萍苹 军车 娟姐 鑫金 斌赋 亮壳 帅师 旭九 "
    "晓哓 祥详 翔祥 民氏 生主 成戌 卫已 未末 士土 曼蔓 洋样 洪拱 荣菜 桂佳 莲连 菊匊 淑椒 芝艺 琴瑟 巧朽 娜那 丽册 "
    "云去 华毕 殷段 郭敦 赵起 徐除 许午 孙扑 朱未 罗岁 梁粱 宋宗 郑邓 冯马 董重 萧肖 程理 曹曾 袁衰 邓郑 叶汁 魏巍 "
    "任仕 沈沉 姜羌 范苑 方万 石右 谭潭 廖寥 邹皱 熊能 陆陈 郝赦 白百 崔催 康庚 毛手 邱丘 秦奏 黄寅 张弛 高亮 马乌 "
    "胡明 何柯 林材 吕品 丁了 贾要 余佘 潘播 田由 汪江 付什 钟种 戴载 夏复 侯候 卢户 贺资 顾颐 龚龔 邵邰 易昜 常堂 "
    "武式 乔桥 赖濑 文支 伟伪 勇男 敏敌 平乎 刚刊 涛铸 超起 鹏朋 浩洁 欣掀 怡冶 悦说 雅稚 欢欧"
)


def _pinyin() -> dict[str, str]:
    """Read ``_SOUNDS``: a character's first sound is its own."""
    sounds: dict[str, str] = {}
    for group in _SOUNDS.replace("\n", "|").split("|"):
        sound, _, characters = group.partition(" ")
        for character in characters:
            sounds.setdefault(character, sound)
    return sounds


def _pairs(text: str) -> dict[str, str]:
    """Read a text of pairs: first character to second; a pair of equals says nothing."""
    return {one: other for one, other in zip(text[::2], text[1::2], strict=True) if one != other}


def _homophones() -> dict[str, str]:
    """Map each character to the others of its sound."""
    by_sound: dict[str, str] = {}
    for character, sound in PINYIN.items():
        by_sound[sound] = by_sound.get(sound, "") + character
    return {
        character: others for character, sound in PINYIN.items() if (others := by_sound[sound].replace(character, ""))
    }


PINYIN: Final = _pinyin()
HOMOPHONES: Final = _homophones()
TRADITIONAL: Final = _pairs(_TRADITIONAL)
LOOKALIKES: Final = _pairs(_LOOKALIKES.replace(" ", ""))
_TO_TRADITIONAL: Final = str.maketrans(TRADITIONAL)


def traditional(text: str) -> str:
    """Write ``text`` in traditional characters.

    >>> traditional("张伟")
    '張偉'
    """
    return text.translate(_TO_TRADITIONAL)


def pinyin(text: str) -> str:
    """Write ``text`` in Latin letters without tones, as passports do (lü becomes lyu); unknown ones are left out.

    >>> pinyin("吕丽")
    'lyuli'
    """
    return "".join(PINYIN.get(character, "") for character in text).replace("ü", "yu")
