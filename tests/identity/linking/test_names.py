"""Names of any script, folded so that one person's spellings agree and placeholders agree with nobody."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.identity.linking import chinese
from carecode.identity.linking.features import Placeholder
from carecode.identity.linking.names import FOLDED_LENGTH_MAX, Folded, Name, fold_name, fold_names

PINYIN_LENGTH_MAX = FOLDED_LENGTH_MAX * 6


def folded(text: str) -> Folded:
    return fold_name(Name(text))


@pytest.mark.parametrize(
    ("text", "surname", "pinyin"),
    [
        ("单雄", "单", "shanxiong"),
        ("解珍", "解", "xiezhen"),
        ("仇英", "仇", "qiuying"),
        ("区海", "区", "ouhai"),
        ("查良", "查", "zhaliang"),
        ("曾国", "曾", "zengguo"),
        ("任红", "任", "renhong"),
        ("朴英", "朴", "piaoying"),
        ("翟明", "翟", "zhaiming"),
        ("尉迟恭", "尉迟", "yuchigong"),
        ("尉明", "尉", "weiming"),
        ("万俟明", "万俟", "moqiming"),
        ("万明", "万", "wanming"),
        ("欧阳修", "欧阳", "ouyangxiu"),
        ("司马光", "司马", "simaguang"),
        ("欧阳", "欧", "ouyang"),
        ("盖红", "盖", "gehong"),
        ("乐明", "乐", "yueming"),
        ("李乐", "李", "lile"),
        ("吕绿", "吕", "lulu"),
        ("單雄", "单", "shanxiong"),
        ("歐陽修", "欧阳", "ouyangxiu"),
    ],
)
def test_surnames_have_their_own_readings(text: str, surname: str, pinyin: str) -> None:
    result = folded(text)
    assert (result.surname, result.pinyin) == (surname, pinyin)
    assert result.surname + result.given == result.name
    assert result.pinyin.endswith(result.given_pinyin)


@pytest.mark.parametrize("dot", "·•・．‧･∙⋅●.*")
def test_every_form_of_the_name_dot_is_one(dot: str) -> None:
    assert folded(f"买买提{dot}吐尔逊") == folded("买买提吐尔逊") == folded(f"买买提 {dot} 吐尔逊")
    if dot != "*":  # in letters it hides something
        assert folded(f"MAIMAITI{dot}TUERXUN") == folded("Maimaiti Tuerxun")
        assert folded(f"John{dot}Smith").name == "john smith"


def test_parts_and_the_whole_name_agree() -> None:
    whole = folded("欧阳修文")
    assert fold_name(Name("", "欧阳", "修文")) == whole == fold_name(Name("欧阳修文", "欧阳", "修文"))
    assert fold_name(Name("歐陽脩文", "歐陽", "脩文")).surname == "欧阳"
    assert fold_name(Name("", "陈李", "明")).surname == "陈李", "a stated surname is kept"


@pytest.mark.parametrize(
    "text",
    [
        "LIN Mei",
        "Mei LIN",
        "Lin, Mei",
        "LIN^MEI",
        "lin mei",
        "Mei Lin",
        "linmei",
        "ＬＩＮ　Ｍｅｉ",
        "Līn Méi",
        "LIN·MEI",
        "Lin  Mei ",
    ],
)
def test_latin_names_agree_in_any_order(text: str) -> None:
    assert folded(text)[:5] == ("lin mei", "lin", "mei", "linmei", "mei")


@pytest.mark.parametrize("text", ["LÜ Mei", "LV MEI", "Lyu Mei", "Lu: Mei", "LU MEI", "lǚ méi"])
def test_the_letter_u_with_dots_is_one(text: str) -> None:
    assert folded(text).pinyin == folded("吕梅").pinyin == "lumei"


@pytest.mark.parametrize(
    "text", ["LIN Xiaoming", "Lin Xiao Ming", "Xiao-Ming Lin", "Lin Xiao-ming", "linxiaoming", "Xiao Ming Lin"]
)
def test_a_given_name_of_two_syllables_is_one(text: str) -> None:
    assert folded(text)[:3] == ("lin xiaoming", "lin", "xiaoming")
    assert folded(text).pinyin == folded("林小明").pinyin


@pytest.mark.parametrize("text", ["John Smith", "SMITH John", "Smith, John", "Mr John Smith Jr.", "john   smith"])
def test_western_names(text: str) -> None:
    assert folded(text)[:3] == ("john smith", "smith", "john")


def test_sent_parts_of_a_latin_name_win() -> None:
    result = fold_name(Name("", "García López", "María José"))
    assert result.surname == "garcia lopez"
    assert result.given == "maria jose"
    assert result.name == "garcia jose lopez maria"
    assert fold_name(Name("", "O’Brien", "Seán")).name == "obrien sean"


def test_other_scripts_are_kept() -> None:
    assert folded("Иван Петров").name == "иван петров"
    assert folded("김철수").name == "김철수"
    assert folded("བཀྲ་ཤིས").name


def test_long_names_in_pinyin_and_in_characters_agree() -> None:
    written, letters = folded("买买提·吐尔逊"), folded("MAIMAITI TUERXUN")
    assert written.pinyin == letters.pinyin
    assert written.given_pinyin == letters.given_pinyin


@pytest.mark.parametrize(
    ("sent", "kept"), [("\ue863", "䶮"), ("\ue81e", "龴"), ("\ue816", "𠂇"), ("\ue855", "𤇾"), ("\uf123", "\uf123")]
)
def test_private_use_characters_of_old_readers(sent: str, kept: str) -> None:
    assert folded(f"林{sent}梅").name == f"林{kept}梅"


def test_rare_characters_stay_and_have_readings() -> None:
    assert folded("林䶮").pinyin == folded("林\ue863").pinyin == "linyan"
    assert folded("𠮷田明").name == "𠮷田明"


@pytest.mark.parametrize("sign", "?？\ufffd□〓*×某")
def test_a_lost_character_agrees_with_no_character(sign: str) -> None:
    result = folded(f"张{sign}明")
    assert result.name == "张?明"
    assert "?" in result.pinyin
    assert result.pinyin != folded("张明").pinyin


@pytest.mark.parametrize(
    ("text", "mother", "order", "sex"),
    [
        ("林梅之子", "林梅", "", "male"),
        ("林梅之女", "林梅", "", "female"),
        ("林梅之婴", "林梅", "", ""),
        ("林梅之女2", "林梅", "2", "female"),
        ("林梅之女（2）", "林梅", "2", "female"),
        ("林梅之次子", "林梅", "2", "male"),
        ("林梅之大女", "林梅", "1", "female"),
        ("林梅之子甲", "林梅", "1", "male"),
        ("林梅女婴", "林梅", "", "female"),
        ("陳梅之嬰兒", "陈梅", "", ""),
        ("新生儿林梅", "林梅", "", ""),
        ("阿依古丽·买买提之女", "阿依古丽买买提", "", "female"),
        ("Baby of Lin Mei", "lin mei", "", ""),
        ("BABY OF Mei LIN", "lin mei", "", ""),
        ("B/O LIN MEI", "lin mei", "", ""),
        ("Baby Girl Smith", "smith", "", "female"),
        ("Smith, Baby Boy A", "smith", "1", "male"),
        ("Twin B of Smith", "smith", "2", ""),
        ("Newborn", "", "", ""),
    ],
)
def test_newborns_have_a_mother_and_no_name(text: str, mother: str, order: str, sex: str) -> None:
    assert folded(text) == Folded(placeholder=Placeholder.NEWBORN, mother=mother, birth_order=order, sex=sex)


def test_a_newborn_in_parts() -> None:
    result = fold_name(Name("", "Smith", "Baby Girl"))
    assert (result.placeholder, result.mother, result.sex) == (Placeholder.NEWBORN, "smith", "female")
    assert fold_name(Name("", "林", "梅之女")).mother == "林梅"


@pytest.mark.parametrize(
    "text", ["窦婴", "王小婴", "李毛毛", "王之涣", "林之", "Bo Li", "Na Li", "Barbie Smith", "子之明"]
)
def test_real_names_are_no_newborns(text: str) -> None:
    result = folded(text)
    assert result.placeholder is Placeholder.NOT
    assert result.name


@pytest.mark.parametrize(
    "text",
    [
        "无名氏",
        "無名氏",
        "不详",
        "不詳",
        "未知",
        "无",
        "Unknown",
        "UNKNOWN MALE",
        "John Doe",
        "Doe, Jane",
        "N/A",
        "null",
        "???",
        "某某",
        "xxx",
    ],
)
def test_nobody_has_no_name(text: str) -> None:
    assert folded(text) == Folded(placeholder=Placeholder.UNKNOWN)


@pytest.mark.parametrize("text", ["", " ", "😀", "\x00\x1f", "---", "123", "\u200b", "\ud800", "()", "·"])
def test_what_is_no_name_is_empty(text: str) -> None:
    assert folded(text) == Folded()


def test_remarks_titles_and_figures_are_no_names() -> None:
    assert (
        folded("林梅(已故)").name
        == folded("林梅2").name
        == folded("林梅 LIN Mei").name
        == folded("林梅女士").name
        == "林梅"
    )


def test_a_latin_name_tells_the_reading() -> None:
    assert fold_names([Name("覃平"), Name("TAN Ping")]).pinyin == "tanping"
    assert fold_names([Name("覃平"), Name("Ping TAN")]).given_pinyin == "ping"
    assert fold_names([Name("覃平")]).pinyin == "qinping"
    assert fold_names([Name("覃平"), Name("WANG Ping")]).pinyin == "qinping", "no reading of these characters"


def test_a_name_goes_before_a_placeholder_and_characters_before_letters() -> None:
    assert fold_names([Name("Unknown"), Name("Lin Mei"), Name("林梅")]).name == "林梅"
    assert fold_names([Name("Unknown"), Name("林梅之女")]).placeholder is Placeholder.NEWBORN
    assert fold_names([Name("林梅之女"), Name("Unknown")]).placeholder is Placeholder.NEWBORN
    assert fold_names([]) == Folded()


def test_ten_thousand_characters_are_cut() -> None:
    for text in (
        "林" * 10_000,
        "Lin " * 10_000,
        "abc" * 4_000,
        "林·" * 5_000,
        "Baby of " * 2_000,
        "(" * 10_000,
        "ﷺ" * 9_999,
    ):
        result = folded(text)
        assert max(len(part) for part in result[:3]) <= FOLDED_LENGTH_MAX
        assert len(result.pinyin) <= PINYIN_LENGTH_MAX


@given(st.text(), st.text(), st.text())
def test_any_text_folds_within_its_bounds(text: str, family: str, given_name: str) -> None:
    result = fold_name(Name(text, family, given_name))
    assert max(len(part) for part in (*result[:3], result.mother)) <= FOLDED_LENGTH_MAX
    assert len(result.pinyin) <= PINYIN_LENGTH_MAX
    assert bool(result.placeholder) <= (not result.name), "a placeholder has no name"


HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)


@given(st.text(HAN, min_size=2, max_size=8))
def test_folding_a_folded_name_changes_nothing(text: str) -> None:
    once = folded(text)
    if once.name:
        assert folded(once.name)[:3] == once[:3]


@given(st.text(HAN, min_size=2, max_size=6), st.integers(1, 5))
def test_spaces_and_compatible_forms_change_nothing(text: str, place: int) -> None:
    assert folded(f" {text[:place]} \u3000{text[place:]}\u200b") == folded(text)
    assert folded(unicodedata.normalize("NFD", text)) == folded(text)


TOKEN = st.text(st.sampled_from("abcdefgijklmnoprstuwz"), min_size=3, max_size=8)


@given(TOKEN, TOKEN)
def test_what_says_which_part_is_the_family_s_is_believed(family: str, first: str) -> None:
    told = [folded(f"{family}, {first}"), folded(f"{first} {family.upper()}"), folded(f"{family.upper()} {first}")]
    parts = fold_name(Name("", family, first))
    if parts.name:
        assert all(one == parts for one in told)


def test_syllables() -> None:
    assert chinese.syllables_in("xian") == ("xian",)
    assert chinese.syllables_in("linxiaoming") == ("lin", "xiao", "ming")
    assert chinese.syllables_in("smith") == ()


@given(st.integers(1, 9999))
def test_chinese_numerals(number: int) -> None:
    digits = "零一二三四五六七八九"
    assert chinese.numeral(str(number)) == number
    assert chinese.numeral("".join(digits[int(figure)] for figure in str(number))) == number
    text, zero = "", False
    for figure, unit in zip(f"{number:04d}", ("千", "百", "十", ""), strict=True):
        if figure == "0":
            zero = bool(text)
            continue
        text += ("零" if zero else "") + digits[int(figure)] + unit
        zero = False
    assert chinese.numeral(text) == number
