"""What is measured: analytes with their usual ranges, and the panels they are ordered in.

Usual ranges are those of adult Chinese laboratories, rounded (WS/T 402 to 405 and textbooks).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from carecode.demo.terms import Term, loinc


@dataclass(frozen=True, slots=True)
class Analyte:
    """One measured quantity; ``low`` and ``high`` by sex (female, male), None where there is no bound."""

    term: Term
    unit: str
    ucum: str
    low: tuple[float | None, float | None]
    high: tuple[float | None, float | None]
    decimals: int
    middle: tuple[float, float]  # a healthy adult's, by sex
    spread: float  # between people; from one day to the next it varies by a third of it

    def bounds(self, sex: str) -> tuple[float | None, float | None]:
        """Give the usual range for a sex."""
        place = int(sex == "male")
        return self.low[place], self.high[place]


@dataclass(frozen=True, slots=True)
class Panel:
    """What a doctor orders as one: a report with its results."""

    term: Term
    analytes: tuple[str, ...]


def _both(value: float | None) -> tuple[float | None, float | None]:
    return value, value


ANALYTES: Final[dict[str, Analyte]] = {
    "hba1c": Analyte(
        loinc("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "糖化血红蛋白", "HbA1c"),
        "%", "%", _both(4.0), _both(6.0), 1, (5.3, 5.3), 0.25,
    ),
    "glucose": Analyte(
        loinc("14771-0", "Fasting glucose [Moles/volume] in Serum or Plasma", "空腹血糖", "Fasting sugar"),
        "mmol/L", "mmol/L", _both(3.9), _both(6.1), 1, (5.0, 5.1), 0.4,
    ),
    "creatinine": Analyte(
        loinc("14682-9", "Creatinine [Moles/volume] in Serum or Plasma", "肌酐", "Creatinine"),
        "µmol/L", "umol/L", (45, 57), (84, 97), 0, (62, 76), 7,
    ),
    "egfr": Analyte(
        loinc(
            "62238-1",
            "Glomerular filtration rate/1.73 sq M.predicted [Volume Rate/Area] in Serum, Plasma or Blood"
            " by Creatinine-based formula (CKD-EPI)",
            "估算肾小球滤过率",
            "Kidney filtration (eGFR)",
        ),
        "mL/min/1.73 m²", "mL/min/{1.73_m2}", _both(60), _both(None), 0, (98, 98), 9,
    ),
    "potassium": Analyte(
        loinc("2823-3", "Potassium [Moles/volume] in Serum or Plasma", "钾", "Potassium"),
        "mmol/L", "mmol/L", _both(3.5), _both(5.3), 1, (4.2, 4.2), 0.25,
    ),
    "sodium": Analyte(
        loinc("2951-2", "Sodium [Moles/volume] in Serum or Plasma", "钠", "Sodium"),
        "mmol/L", "mmol/L", _both(137), _both(147), 0, (141, 141), 1.8,
    ),
    "acr": Analyte(
        loinc("32294-1", "Albumin/Creatinine [Ratio] in Urine", "尿白蛋白/肌酐比", "Urine albumin/creatinine"),
        "mg/mmol", "mg/mmol", _both(None), _both(3.0), 1, (1.0, 0.9), 0.4,
    ),
    "cholesterol": Analyte(
        loinc("14647-2", "Cholesterol [Moles/volume] in Serum or Plasma", "总胆固醇", "Total cholesterol"),
        "mmol/L", "mmol/L", _both(None), _both(5.2), 2, (4.6, 4.5), 0.6,
    ),
    "ldl": Analyte(
        loinc(
            "22748-8", "Cholesterol in LDL [Moles/volume] in Serum or Plasma",
            "低密度脂蛋白胆固醇", "LDL cholesterol",
        ),
        "mmol/L", "mmol/L", _both(None), _both(3.4), 2, (2.6, 2.6), 0.45,
    ),
    "hdl": Analyte(
        loinc(
            "14646-4", "Cholesterol in HDL [Moles/volume] in Serum or Plasma",
            "高密度脂蛋白胆固醇", "HDL cholesterol",
        ),
        "mmol/L", "mmol/L", _both(1.0), _both(None), 2, (1.45, 1.25), 0.2,
    ),
    "triglycerides": Analyte(
        loinc("14927-8", "Triglyceride [Moles/volume] in Serum or Plasma", "甘油三酯", "Triglycerides"),
        "mmol/L", "mmol/L", _both(None), _both(1.7), 2, (1.1, 1.3), 0.3,
    ),
    "haemoglobin": Analyte(
        loinc("718-7", "Hemoglobin [Mass/volume] in Blood", "血红蛋白", "Haemoglobin"),
        "g/L", "g/L", (115, 130), (150, 175), 0, (130, 150), 7,
    ),
    "leukocytes": Analyte(
        loinc("6690-2", "Leukocytes [#/volume] in Blood by Automated count", "白细胞计数", "White cells"),
        "10⁹/L", "10*9/L", _both(3.5), _both(9.5), 1, (6.0, 6.2), 1.0,
    ),
    "platelets": Analyte(
        loinc("777-3", "Platelets [#/volume] in Blood by Automated count", "血小板计数", "Platelets"),
        "10⁹/L", "10*9/L", _both(125), _both(350), 0, (235, 225), 35,
    ),
    "alt": Analyte(
        loinc(
            "1742-6", "Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma",
            "丙氨酸氨基转移酶", "ALT",
        ),
        "U/L", "U/L", (7, 9), (40, 50), 0, (18, 23), 5,
    ),
    "ast": Analyte(
        loinc(
            "1920-8", "Aspartate aminotransferase [Enzymatic activity/volume] in Serum or Plasma",
            "天门冬氨酸氨基转移酶", "AST",
        ),
        "U/L", "U/L", (13, 15), (35, 40), 0, (20, 23), 4,
    ),
    "urate": Analyte(
        loinc("14933-6", "Urate [Moles/volume] in Serum or Plasma", "尿酸", "Uric acid"),
        "µmol/L", "umol/L", (155, 208), (357, 428), 0, (270, 345), 35,
    ),
    "tsh": Analyte(
        loinc("3016-3", "Thyrotropin [Units/volume] in Serum or Plasma", "促甲状腺激素", "TSH"),
        "mIU/L", "m[IU]/L", _both(0.27), _both(4.2), 2, (2.0, 1.9), 0.6,
    ),
    "crp": Analyte(
        loinc("1988-5", "C reactive protein [Mass/volume] in Serum or Plasma", "C反应蛋白", "CRP"),
        "mg/L", "mg/L", _both(None), _both(8.0), 1, (1.5, 1.5), 0.8,
    ),
}  # fmt: skip

VITALS: Final[dict[str, Analyte]] = {
    "systolic": Analyte(
        loinc("8480-6", "Systolic blood pressure", "收缩压"),
        "mmHg", "mm[Hg]", _both(90), _both(139), 0, (116, 121), 8,
    ),
    "diastolic": Analyte(
        loinc("8462-4", "Diastolic blood pressure", "舒张压"),
        "mmHg", "mm[Hg]", _both(60), _both(89), 0, (74, 77), 6,
    ),
    "heart_rate": Analyte(
        loinc("8867-4", "Heart rate", "心率"),
        "/min", "/min", _both(60), _both(100), 0, (74, 72), 7,
    ),
    "temperature": Analyte(
        loinc("8310-5", "Body temperature", "体温"),
        "°C", "Cel", _both(36.0), _both(37.2), 1, (36.6, 36.5), 0.2,
    ),
    "saturation": Analyte(
        loinc("2708-6", "Oxygen saturation in Arterial blood", "血氧饱和度", "Oxygen saturation"),
        "%", "%", _both(94), _both(None), 0, (98, 98), 0.8,
    ),
    "weight": Analyte(
        loinc("29463-7", "Body weight", "体重"), "kg", "kg", _both(None), _both(None), 1, (57, 68), 7,
    ),
    "height": Analyte(
        loinc("8302-2", "Body height", "身高"), "cm", "cm", _both(None), _both(None), 1, (158, 170), 5.5,
    ),
    "bmi": Analyte(
        loinc("39156-5", "Body mass index (BMI) [Ratio]", "体质指数", "Body mass index"),
        "kg/m²", "kg/m2", _both(18.5), _both(23.9), 1, (22.8, 23.5), 2.5,
    ),
    "head": Analyte(
        loinc("9843-4", "Head Occipital-frontal circumference", "头围", "Head circumference"),
        "cm", "cm", _both(None), _both(None), 1, (34, 34.5), 1.0,
    ),
    "apgar": Analyte(
        loinc("9274-2", "5 minute Apgar Score", "5分钟阿普加评分", "Apgar at 5 minutes"),
        "points", "{score}", _both(7), _both(None), 0, (9.6, 9.6), 0.5,
    ),
}  # fmt: skip

BLOOD_PRESSURE: Final = loinc("85354-9", "Blood pressure panel with all children optional", "血压", "Blood pressure")

PANELS: Final[dict[str, Panel]] = {
    "blood count": Panel(
        loinc("58410-2", "CBC panel - Blood by Automated count", "血常规", "Blood count"),
        ("haemoglobin", "leukocytes", "platelets"),
    ),
    "lipids": Panel(
        loinc("24331-1", "Lipid 1996 panel - Serum or Plasma", "血脂", "Blood fats"),
        ("cholesterol", "ldl", "hdl", "triglycerides"),
    ),
    "kidney": Panel(
        loinc("24362-6", "Renal function 2000 panel - Serum or Plasma", "肾功能", "Kidney function and potassium"),
        ("creatinine", "egfr", "potassium", "sodium"),
    ),
    "sugar": Panel(
        loinc("55399-0", "Diabetes tracking panel", "糖尿病监测", "Diabetes check"),
        ("hba1c", "glucose", "acr"),
    ),
    "fasting sugar": Panel(
        loinc("24323-8", "Comprehensive metabolic 2000 panel - Serum or Plasma", "生化全项", "Blood chemistry"),
        ("glucose", "creatinine", "alt", "ast", "urate"),
    ),
    "liver": Panel(
        loinc("24325-3", "Hepatic function 2000 panel - Serum or Plasma", "肝功能", "Liver function"),
        ("alt", "ast"),
    ),
    "thyroid": Panel(
        loinc("3016-3", "Thyrotropin [Units/volume] in Serum or Plasma", "甲状腺功能", "Thyroid function"),
        ("tsh",),
    ),
    "urate": Panel(
        loinc("24362-6", "Renal function 2000 panel - Serum or Plasma", "肾功能", "Kidney function and uric acid"),
        ("urate", "creatinine"),
    ),
    "infection": Panel(
        loinc("24360-0", "Hemoglobin and Hematocrit panel - Blood", "血常规+C反应蛋白", "Blood count and CRP"),
        ("leukocytes", "haemoglobin", "crp"),
    ),
}
