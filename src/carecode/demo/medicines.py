"""Medicines of the town: what they are, and how a patient is told to take them.

Doses are ordinary adult (or, where said, children's) ones, to be read as plausible, never as advice.
Source: WHO ATC index for the codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from carecode.demo.terms import ATC, SNOMED, Json, Term, coded, quantity, translated


@dataclass(frozen=True, slots=True)
class Medicine:
    """One medicine in one strength with its usual directions."""

    atc: str
    en: str
    zh: str
    dose: float
    unit: str  # UCUM: mg, ug, g, mL, [IU] or a unit of dose such as {puff}
    times: int  # doses in ``days`` days; 0 for "when needed"
    days: int = 1
    course_days: int = 0  # 0: taken until further notice
    route: str = "oral"

    def term(self) -> Term:
        """Give the coded medicine."""
        return Term(ATC, self.atc, self.en, self.zh)


# route word -> SNOMED CT code and its names
_ROUTES: Final[dict[str, tuple[str, str, str]]] = {
    "oral": ("26643006", "Oral route", "口服"),
    "inhaled": ("447694001", "Respiratory tract route", "吸入"),
    "injected": ("34206005", "Subcutaneous route", "皮下注射"),
    "skin": ("6064005", "Topical route", "外用"),
    "eye": ("54485002", "Ophthalmic route", "滴眼"),
}
_TIMES_EN: Final = {0: "when needed", 1: "once a day", 2: "twice a day", 3: "three times a day", 4: "four times a day"}
_TIMES_ZH: Final = {0: "需要时", 1: "每日一次", 2: "每日两次", 3: "每日三次", 4: "每日四次"}

MEDICINES: Final[dict[str, Medicine]] = {
    "metformin": Medicine("A10BA02", "Metformin 500 mg tablet", "二甲双胍片 500mg", 500, "mg", 1),
    "metformin twice": Medicine("A10BA02", "Metformin 500 mg tablet", "二甲双胍片 500mg", 500, "mg", 2),
    "gliclazide": Medicine("A10BB09", "Gliclazide modified release 30 mg tablet", "格列齐特缓释片 30mg", 30, "mg", 1),
    "glargine": Medicine("A10AE04", "Insulin glargine 100 U/mL", "甘精胰岛素注射液", 14, "[IU]", 1, route="injected"),
    "amlodipine": Medicine("C08CA01", "Amlodipine 5 mg tablet", "氨氯地平片 5mg", 5, "mg", 1),
    "valsartan": Medicine("C09CA03", "Valsartan 80 mg capsule", "缬沙坦胶囊 80mg", 80, "mg", 1),
    "enalapril": Medicine("C09AA02", "Enalapril 10 mg tablet", "依那普利片 10mg", 10, "mg", 1),
    "metoprolol": Medicine("C07AB02", "Metoprolol 25 mg tablet", "美托洛尔片 25mg", 25, "mg", 2),
    "atorvastatin": Medicine("C10AA05", "Atorvastatin 20 mg tablet", "阿托伐他汀片 20mg", 20, "mg", 1),
    "aspirin": Medicine("B01AC06", "Aspirin 100 mg enteric tablet", "阿司匹林肠溶片 100mg", 100, "mg", 1),
    "rivaroxaban": Medicine("B01AF01", "Rivaroxaban 15 mg tablet", "利伐沙班片 15mg", 15, "mg", 1),
    "salbutamol": Medicine(
        "R03AC02", "Salbutamol 100 µg inhaler", "沙丁胺醇气雾剂 100μg", 2, "{puff}", 0, route="inhaled"
    ),
    "budesonide": Medicine(
        "R03AK07", "Budesonide and formoterol inhaler", "布地奈德福莫特罗粉吸入剂", 1, "{puff}", 2, route="inhaled"
    ),
    "tiotropium": Medicine(
        "R03BB04", "Tiotropium 18 µg inhaler", "噻托溴铵粉吸入剂 18μg", 1, "{puff}", 1, route="inhaled"
    ),
    "omeprazole": Medicine("A02BC01", "Omeprazole 20 mg capsule", "奥美拉唑肠溶胶囊 20mg", 20, "mg", 1, course_days=28),
    "levothyroxine": Medicine("H03AA01", "Levothyroxine 50 µg tablet", "左甲状腺素钠片 50μg", 50, "ug", 1),
    "febuxostat": Medicine("M04AA03", "Febuxostat 40 mg tablet", "非布司他片 40mg", 40, "mg", 1),
    "calcium": Medicine("A12AX", "Calcium carbonate and vitamin D3 tablet", "碳酸钙D3片", 600, "mg", 1),
    "alendronate": Medicine("M05BA04", "Alendronate 70 mg tablet", "阿仑膦酸钠片 70mg", 70, "mg", 1, days=7),
    "sertraline": Medicine("N06AB06", "Sertraline 50 mg tablet", "舍曲林片 50mg", 50, "mg", 1),
    "entecavir": Medicine("J05AF10", "Entecavir 0.5 mg tablet", "恩替卡韦片 0.5mg", 0.5, "mg", 1),
    "antiretroviral": Medicine(
        "J05AR27", "Lamivudine, tenofovir and dolutegravir tablet", "拉米夫定替诺福韦多替拉韦片", 1, "{tablet}", 1
    ),
    "tamsulosin": Medicine("G04CA02", "Tamsulosin 0.2 mg capsule", "坦索罗辛缓释胶囊 0.2mg", 0.2, "mg", 1),
    "celecoxib": Medicine("M01AH01", "Celecoxib 200 mg capsule", "塞来昔布胶囊 200mg", 200, "mg", 1, course_days=14),
    "ibuprofen": Medicine("M01AE01", "Ibuprofen 300 mg capsule", "布洛芬缓释胶囊 300mg", 300, "mg", 2, course_days=5),
    "ibuprofen child": Medicine(
        "M01AE01", "Ibuprofen suspension 20 mg/mL, children", "布洛芬混悬液（儿童）", 5, "mL", 0, course_days=3
    ),
    "paracetamol": Medicine(
        "N02BE01", "Paracetamol 500 mg tablet", "对乙酰氨基酚片 500mg", 500, "mg", 0, course_days=3
    ),
    "cefuroxime": Medicine("J01DC02", "Cefuroxime 250 mg tablet", "头孢呋辛酯片 250mg", 250, "mg", 2, course_days=7),
    "azithromycin": Medicine("J01FA10", "Azithromycin 250 mg tablet", "阿奇霉素片 250mg", 500, "mg", 1, course_days=3),
    "amoxicillin": Medicine("J01CA04", "Amoxicillin 500 mg capsule", "阿莫西林胶囊 500mg", 500, "mg", 3, course_days=7),
    "levofloxacin": Medicine(
        "J01MA12", "Levofloxacin 500 mg tablet", "左氧氟沙星片 500mg", 500, "mg", 1, course_days=5
    ),
    "loratadine": Medicine("R06AX13", "Loratadine 10 mg tablet", "氯雷他定片 10mg", 10, "mg", 1, course_days=14),
    "montmorillonite": Medicine("A07BC05", "Dioctahedral smectite 3 g powder", "蒙脱石散 3g", 3, "g", 3, course_days=3),
    "hydrocortisone": Medicine(
        "D07AA02", "Hydrocortisone 1 % cream", "氢化可的松乳膏 1%", 1, "{application}", 2, course_days=7, route="skin"
    ),
    "eye drops": Medicine(
        "S01AE05", "Levofloxacin 0.5 % eye drops", "左氧氟沙星滴眼液 0.5%", 1, "[drp]", 3, course_days=7, route="eye"
    ),
    "folic acid": Medicine("B03BB01", "Folic acid 0.4 mg tablet", "叶酸片 0.4mg", 0.4, "mg", 1, course_days=90),
    "iron": Medicine("B03AA02", "Ferrous fumarate 200 mg tablet", "富马酸亚铁片 200mg", 200, "mg", 1, course_days=60),
    "vitamin D": Medicine("A11CC05", "Vitamin D3 400 IU drops", "维生素D3滴剂 400IU", 400, "[IU]", 1, course_days=365),
}


@cache
def dosage(medicine: Medicine) -> Json:
    """Write one FHIR Dosage: words in both languages, timing, route and dose; shared like ``codeable``."""
    amount = f"{medicine.dose:g} {medicine.unit.strip('{}[]').replace('ug', 'µg')}"
    often_en, often_zh = _TIMES_EN[medicine.times], _TIMES_ZH[medicine.times]
    if medicine.days > 1:
        often_en, often_zh = f"once every {medicine.days} days", f"每{medicine.days}日一次"
    code, display, route_zh = _ROUTES[medicine.route]
    written: Json = {
        "text": f"{amount}, {often_en}",
        "_text": translated(f"{route_zh}，每次{amount}，{often_zh}"),
        "route": {"coding": [{"system": SNOMED, "code": code, "display": display}]},
        "doseAndRate": [
            {
                "type": coded("dose-rate-type", "ordered", "Ordered"),
                "doseQuantity": quantity(medicine.dose, medicine.unit.strip("{}[]"), medicine.unit),
            }
        ],
    }
    if medicine.times:
        written["timing"] = {"repeat": {"frequency": medicine.times, "period": medicine.days, "periodUnit": "d"}}
    else:
        written["asNeededBoolean"] = True
    return written
