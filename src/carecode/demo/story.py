"""The record of @resident, Lin Mei, written by hand so that pages and tests can tell its story.

Type 2 diabetes since five years ago at County Hospital 2, high blood pressure since three at East
Clinic, mild asthma known to City Hospital 1, a penicillin allergy seen by a doctor and one to iodine
contrast told by herself.  Days count back from the day of generation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from carecode.demo.charting import immunise, note_allergy, report_image
from carecode.demo.conditions import (
    ABDOMEN_ULTRASOUND,
    CHRONIC,
    HIVES,
    PENICILLIN,
    SWELLING,
    Allergy,
)
from carecode.demo.plans import ILLNESSES
from carecode.demo.terms import Term, codeable, sct, translated
from carecode.demo.vaccines import VACCINES
from carecode.demo.visit import CONSULT_NOTE, DISCHARGE_SUMMARY, Visit, diagnose, open_visit, perform, write_letter
from carecode.demo.writing import CHECK_UP, VACCINATION, Chart, write_panels, write_vitals

CONTRAST: Final = Allergy(
    sct("426722004", "Iodinated contrast media", "含碘造影剂"), "medication", 0, HIVES, "moderate"
)
_DIABETES: Final = CHRONIC["diabetes"].term
_HYPERTENSION: Final = CHRONIC["hypertension"].term
_ASTHMA: Final = CHRONIC["asthma"].term
_STONE: Final = ILLNESSES["95570007"].term
_CUT: Final = ILLNESSES["284549007"]
_RASH: Final = sct("271807003", "Eruption of skin", "皮疹", "R21")
_TIRED: Final = sct("84229001", "Fatigue", "乏力", "R53")
_SUGAR: Final = ("sugar", "kidney", "lipids")


@dataclass(frozen=True, slots=True)
class Chapter:
    """One visit of the story."""

    days_ago: int
    organisation: str
    department: str
    reason: Term
    place: str = "hospital"
    panels: tuple[str, ...] = ()
    values: Mapping[str, float] = field(default_factory=dict)
    finds: tuple[tuple[Term, int, int], ...] = ()  # condition, days ago it began, days ago it ended (0: not)
    prescribes: tuple[str, ...] = ()
    gives: tuple[tuple[str, int], ...] = ()  # vaccine, dose
    vitals: bool = True
    letter: tuple[str, str] = ("", "")


CHAPTERS: Final = (
    Chapter(2954, "city-1", "emergency", _STONE, "emergency", ("kidney",), finds=((_STONE, 2955, 2940),),
            prescribes=("ibuprofen",), letter=("A stone of 4 mm, passed by itself.", "4毫米结石，已自行排出。")),
    Chapter(2785, "county-2", "emergency", _RASH, "emergency", vitals=False,
            letter=("Rash and swelling of the face an hour after amoxicillin. No penicillin again.",
                    "服阿莫西林一小时后皮疹、面部肿胀。禁用青霉素类药物。")),
    Chapter(2210, "county-2", "internal medicine", CHECK_UP, panels=("blood count", "lipids"),
            values={"ldl": 3.1, "haemoglobin": 131}),
    Chapter(1987, "county-2", "internal medicine", _DIABETES, panels=_SUGAR,
            values={"hba1c": 9.1, "glucose": 11.4, "acr": 1.5, "ldl": 4.1, "creatinine": 66},
            finds=((_DIABETES, 1990, 0),), prescribes=("metformin",),
            letter=("Type 2 diabetes found at a check-up. Metformin once a day, food and walking explained.",
                    "体检发现2型糖尿病。二甲双胍每日一次，已指导饮食与运动。")),
    Chapter(2035, "east-clinic", "general practice", VACCINATION, "clinic", gives=(("covid", 1),), vitals=False),
    Chapter(2007, "east-clinic", "general practice", VACCINATION, "clinic", gives=(("covid", 2),), vitals=False),
    Chapter(1860, "east-clinic", "general practice", VACCINATION, "clinic", gives=(("influenza", 1),), vitals=False),
    Chapter(1790, "county-2", "internal medicine", _DIABETES, panels=("sugar",), values={"hba1c": 8.3, "glucose": 9.6},
            prescribes=("metformin",)),
    Chapter(1539, "city-1", "urology", _STONE, panels=("kidney",), values={"creatinine": 68},
            letter=("She says she had hives after iodine contrast abroad. Ultrasound instead: no stone left.",
                    "患者自述曾在外地用含碘造影剂后起荨麻疹。改做超声：未见结石。")),
    Chapter(1413, "east-clinic", "general practice", _HYPERTENSION, "clinic", finds=((_HYPERTENSION, 1413, 0),),
            prescribes=("enalapril",),
            letter=("Blood pressure high on three days. Enalapril begun.", "三日测血压均高。开始服依那普利。")),
    Chapter(1357, "east-clinic", "general practice", _HYPERTENSION, "clinic", prescribes=("amlodipine",),
            letter=("Dry cough from enalapril: stopped. Amlodipine instead.", "依那普利致干咳，停用，改用氨氯地平。")),
    Chapter(1240, "county-2", "internal medicine", _DIABETES, panels=_SUGAR,
            values={"hba1c": 7.8, "glucose": 8.8, "ldl": 4.0, "creatinine": 70, "potassium": 4.5}),
    Chapter(1130, "east-clinic", "general practice", VACCINATION, "clinic", gives=(("influenza", 1),), vitals=False),
    Chapter(986, "county-2", "internal medicine", _DIABETES, panels=("sugar",),
            values={"hba1c": 7.9, "glucose": 9.2, "acr": 1.4}, prescribes=("metformin",)),
    Chapter(923, "city-1", "respiratory medicine", _ASTHMA, finds=((_ASTHMA, 6400, 0),), prescribes=("salbutamol",),
            letter=("Mild asthma since youth, well controlled.", "自幼轻度哮喘，控制良好。")),
    Chapter(804, "county-2", "internal medicine", _DIABETES, panels=_SUGAR,
            values={"hba1c": 7.6, "glucose": 8.9, "acr": 1.6, "ldl": 3.9, "creatinine": 68, "potassium": 4.6,
                    "sodium": 141}),
    Chapter(640, "east-clinic", "general practice", VACCINATION, "clinic", gives=(("pneumococcal", 1),), vitals=False),
    Chapter(622, "county-2", "internal medicine", _DIABETES, panels=("sugar",),
            values={"hba1c": 6.8, "glucose": 7.3, "acr": 2.0}, prescribes=("metformin",)),
    Chapter(433, "county-2", "internal medicine", _DIABETES, panels=_SUGAR,
            values={"hba1c": 6.6, "glucose": 7.0, "acr": 1.9, "ldl": 3.3, "creatinine": 77, "potassium": 4.0,
                    "sodium": 138},
            letter=("Diabetes well controlled. Eyes and feet checked, nothing found.",
                    "糖尿病控制良好。眼底及足部检查未见异常。")),
    Chapter(399, "east-clinic", "general practice", VACCINATION, "clinic", gives=(("influenza", 1),), vitals=False),
    Chapter(266, "city-1", "emergency", _CUT.term, "emergency", finds=((_CUT.term, 266, 254),),
            gives=(("tetanus", 1),), letter=("Cut on the left hand, four stitches.", "左手割伤，缝合四针。")),
    Chapter(195, "east-clinic", "general practice", _DIABETES, "clinic", panels=("sugar",),
            values={"hba1c": 6.9, "glucose": 7.5}),
    Chapter(105, "city-1", "respiratory medicine", _ASTHMA, prescribes=("salbutamol",)),
    Chapter(24, "east-clinic", "general practice", _TIRED, "clinic", panels=("blood count",),
            values={"haemoglobin": 128, "leukocytes": 5.6},
            letter=("Tired and short of breath for two weeks. Blood count normal; chest clear.",
                    "乏力、气短两周。血常规正常，肺部听诊清晰。")),
    Chapter(5, "county-2", "internal medicine", _DIABETES, panels=_SUGAR,
            values={"hba1c": 7.1, "glucose": 7.8, "acr": 1.8, "ldl": 3.5, "creatinine": 74, "potassium": 4.2,
                    "sodium": 139},
            prescribes=("metformin twice",),
            letter=("Long-term sugar rose a little. Metformin now twice a day, next check in three months.",
                    "糖化血红蛋白略升。二甲双胍改为每日两次，三个月后复查。")),
)  # fmt: skip


def tell(chart: Chart) -> list[Visit]:
    """Write every visit of the story, oldest first."""
    told = sorted(CHAPTERS, key=lambda chapter: -chapter.days_ago)
    return [_tell(chart, chapter) for chapter in told]


def _tell(chart: Chart, chapter: Chapter) -> Visit:
    """Write one visit of the story."""
    on = _day(chart, chapter.days_ago)
    visit = open_visit(chart.chance, chapter.organisation, on, chapter.place, chapter.department, chapter.reason)
    condition = None
    for term, began, ended in chapter.finds:
        condition = diagnose(visit, term, _day(chart, began), _day(chart, ended) if ended else None, acute=bool(ended))
    if chapter.vitals:
        write_vitals(chart, visit, weigh=bool(chapter.panels))
    write_panels(chart, visit, chapter.panels, dict(chapter.values))
    for name in chapter.prescribes:
        chart.prescribe(visit, name, condition)
    for vaccine, number in chapter.gives:
        immunise(visit, VACCINES[vaccine], number)
    _own(chart, chapter, visit)
    if chapter.letter[0]:
        write_letter(visit, DISCHARGE_SUMMARY if chapter.place == "emergency" else CONSULT_NOTE, *chapter.letter)
    return visit


def _own(chart: Chart, chapter: Chapter, visit: Visit) -> None:
    """Write what only one chapter has."""
    if chapter.reason is _RASH:
        noted = note_allergy(visit, PENICILLIN)
        noted["reaction"][0]["manifestation"].append(codeable(SWELLING))
    elif chapter.reason is _STONE and chapter.place == "hospital":
        note_allergy(visit, CONTRAST, confirmed=False)
        report_image(visit, ABDOMEN_ULTRASOUND, "Kidneys without stones.", "双肾未见结石。")
    elif chapter.reason is _CUT.term and _CUT.procedure is not None:
        perform(visit, _CUT.procedure)
    elif "amlodipine" in chapter.prescribes:
        stopped = chart.taking.pop(_ENALAPRIL_ATC)
        stopped["status"] = "stopped"
        stopped["statusReason"] = {"text": "Cough", "_text": translated("咳嗽")}


_ENALAPRIL_ATC: Final = "C09AA02"


def _day(chart: Chart, days_ago: int) -> date:
    return chart.today - timedelta(days=days_ago)
