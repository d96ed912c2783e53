"""Conditions of the town: who has them, what is measured and prescribed for them.

Shares by age are rough general knowledge about a Chinese county, enough that a list of residents
looks like one; they are no epidemiology.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from carecode.demo.terms import Term, sct


@dataclass(frozen=True, slots=True)
class Effect:
    """What a condition does to a measured quantity from its first day on."""

    analyte: str
    untreated: float  # level at the beginning
    treated: float  # level that treatment approaches, with ``months`` as time constant
    months: float = 9
    yearly: float = 0  # slow change that treatment does not stop


@dataclass(frozen=True, slots=True)
class Chronic:
    """A condition that stays."""

    term: Term
    from_age: int
    share: float  # of people at eighty
    every_months: int  # between visits for it
    department: str
    panels: tuple[str, ...] = ()
    medicines: tuple[str, ...] = ()
    effects: tuple[Effect, ...] = ()
    sex: str = ""  # only this sex
    procedure: Term | None = None  # done once, some months after it was found


@dataclass(frozen=True, slots=True)
class Acute:
    """A condition that passes."""

    term: Term
    weight: tuple[float, float, float]  # children under 14, adults under 65, elders
    place: str  # clinic, hospital, emergency or ward
    days: int  # until it has passed
    department: str
    medicines: tuple[str, ...] = ()
    panels: tuple[str, ...] = ()
    fever: bool = False
    imaging: Term | None = None
    procedure: Term | None = None
    sex: str = ""


CHEST_XRAY: Final = Term("http://loinc.org", "36643-5", "XR Chest 2 Views", "胸部正侧位X线")
ABDOMEN_ULTRASOUND: Final = Term("http://loinc.org", "24558-9", "US Abdomen", "腹部超声")
ANKLE_XRAY: Final = Term("http://loinc.org", "37842-2", "XR Ankle Views", "踝关节X线")
WRIST_XRAY: Final = Term("http://loinc.org", "37301-9", "XR Wrist Views", "腕关节X线")
KNEE_XRAY: Final = Term("http://loinc.org", "37306-8", "XR Knee Views", "膝关节X线")
HEAD_CT: Final = Term("http://loinc.org", "24725-4", "CT Head", "头颅CT")

CHRONIC: Final[dict[str, Chronic]] = {
    "diabetes": Chronic(
        sct("44054006", "Type 2 diabetes mellitus", "2型糖尿病", "E11.9"),
        35, 0.24, 4, "internal medicine", ("sugar", "kidney"), ("metformin", "gliclazide"),
        (Effect("hba1c", 8.6, 6.8, 8), Effect("glucose", 10.2, 7.2, 8), Effect("acr", 1.6, 1.6, 9, 0.35)),
    ),
    "hypertension": Chronic(
        sct("59621000", "Essential hypertension", "原发性高血压", "I10"),
        35, 0.58, 4, "internal medicine", ("kidney",), ("amlodipine", "valsartan"),
        (Effect("systolic", 158, 132), Effect("diastolic", 97, 82)),
    ),
    "hyperlipidaemia": Chronic(
        sct("55822004", "Hyperlipidemia", "高脂血症", "E78.5"),
        30, 0.36, 6, "internal medicine", ("lipids", "liver"), ("atorvastatin",),
        (Effect("ldl", 4.3, 2.4, 4), Effect("cholesterol", 6.5, 4.4, 4), Effect("triglycerides", 2.4, 1.6, 6)),
    ),
    "coronary disease": Chronic(
        sct("53741008", "Coronary arteriosclerosis", "冠状动脉粥样硬化性心脏病", "I25.1"),
        50, 0.2, 4, "cardiology", ("lipids", "blood count"), ("aspirin", "atorvastatin", "metoprolol"),
        (Effect("ldl", 3.6, 1.8, 4), Effect("heart_rate", 78, 66, 3)),
        procedure=sct("33367005", "Coronary angiography", "冠状动脉造影"),
    ),
    "atrial fibrillation": Chronic(
        sct("49436004", "Atrial fibrillation", "心房颤动", "I48.9"),
        60, 0.09, 4, "cardiology", ("blood count", "kidney"), ("rivaroxaban", "metoprolol"),
        (Effect("heart_rate", 96, 76, 3),),
    ),
    "asthma": Chronic(
        sct("195967001", "Asthma", "支气管哮喘", "J45.9"),
        4, 0.05, 6, "respiratory medicine", (), ("budesonide", "salbutamol"), (Effect("saturation", 96, 97),),
    ),
    "copd": Chronic(
        sct("13645005", "Chronic obstructive lung disease", "慢性阻塞性肺疾病", "J44.9"),
        50, 0.12, 6, "respiratory medicine", ("blood count",), ("tiotropium", "salbutamol"),
        (Effect("saturation", 94, 95, 6, -0.15),),
    ),
    "kidney disease": Chronic(
        sct("433144002", "Chronic kidney disease stage 3", "慢性肾脏病3期", "N18.3"),
        55, 0.14, 3, "nephrology", ("kidney", "blood count"), ("valsartan",),
        (
            Effect("creatinine", 118, 118, 9, 4.5),
            Effect("egfr", 52, 52, 9, -1.8),
            Effect("potassium", 4.7, 4.7, 9, 0.03),
        ),
    ),
    "osteoporosis": Chronic(
        sct("64859006", "Osteoporosis", "骨质疏松症", "M81.9"),
        55, 0.38, 12, "endocrinology", (), ("alendronate", "calcium"), sex="female",
        procedure=sct("312681000", "Bone density scan", "骨密度检查"),
    ),
    "knee arthritis": Chronic(
        sct("239873007", "Osteoarthritis of knee", "膝骨关节炎", "M17.9"),
        45, 0.34, 12, "orthopaedics", (), ("celecoxib",),
    ),
    "gastritis": Chronic(
        sct("8493009", "Chronic gastritis", "慢性胃炎", "K29.5"),
        20, 0.18, 12, "gastroenterology", (), ("omeprazole",),
        procedure=sct("386831009", "Upper gastrointestinal tract endoscopy", "胃镜检查"),
    ),
    "hypothyroidism": Chronic(
        sct("40930008", "Hypothyroidism", "甲状腺功能减退症", "E03.9"),
        25, 0.08, 6, "endocrinology", ("thyroid",), ("levothyroxine",), (Effect("tsh", 9.5, 2.6, 5),), sex="female",
    ),
    "gout": Chronic(
        sct("90560007", "Gout", "痛风", "M10.9"),
        30, 0.09, 6, "rheumatology", ("urate",), ("febuxostat",), (Effect("urate", 560, 350, 6),), sex="male",
    ),
    "prostate": Chronic(
        sct("266569009", "Benign prostatic hyperplasia", "良性前列腺增生", "N40"),
        55, 0.42, 12, "urology", (), ("tamsulosin",), sex="male",
    ),
    "rhinitis": Chronic(
        sct("61582004", "Allergic rhinitis", "变应性鼻炎", "J30.4"),
        6, 0.14, 12, "ear, nose and throat", (), ("loratadine",),
    ),
    "hepatitis B": Chronic(
        sct("61977001", "Chronic viral hepatitis B", "慢性乙型病毒性肝炎", "B18.1"),
        25, 0.05, 6, "infectious diseases", ("liver",), ("entecavir",),
        (Effect("alt", 88, 28, 5), Effect("ast", 64, 26, 5)),
    ),
    "depression": Chronic(
        sct("35489007", "Depressive disorder", "抑郁障碍", "F32.9"),
        16, 0.06, 4, "psychiatry", (), ("sertraline",),
    ),
    "hiv": Chronic(
        sct("86406008", "Human immunodeficiency virus infection", "人类免疫缺陷病毒感染", "B24"),
        20, 0.003, 6, "infectious diseases", ("blood count", "liver"), ("antiretroviral",),
    ),
    "cataract": Chronic(
        sct("193570009", "Cataract", "白内障", "H26.9"),
        62, 0.35, 12, "ophthalmology",
        procedure=sct("54885007", "Cataract surgery", "白内障手术"),
    ),
}  # fmt: skip

ACUTE: Final[tuple[Acute, ...]] = (
    Acute(sct("54150009", "Upper respiratory infection", "急性上呼吸道感染", "J06.9"), (30, 22, 12), "clinic", 8,
          "general practice", ("paracetamol",), ("infection",), fever=True),
    Acute(sct("10509002", "Acute bronchitis", "急性支气管炎", "J20.9"), (12, 8, 8), "clinic", 14,
          "general practice", ("azithromycin",), ("infection",), fever=True),
    Acute(sct("233604007", "Pneumonia", "肺炎", "J18.9"), (3, 1.5, 5), "ward", 21,
          "respiratory medicine", ("levofloxacin",), ("infection", "kidney"), fever=True, imaging=CHEST_XRAY),
    Acute(sct("17741008", "Acute tonsillitis", "急性扁桃体炎", "J03.9"), (9, 5, 1), "clinic", 8,
          "general practice", ("cefuroxime",), ("infection",), fever=True),
    Acute(sct("65363002", "Otitis media", "中耳炎", "H66.9"), (8, 1, 0.5), "hospital", 10,
          "ear, nose and throat", ("cefuroxime",), fever=True),
    Acute(sct("266108008", "Hand foot and mouth disease", "手足口病", "B08.4"), (8, 0, 0), "clinic", 8,
          "paediatrics", ("ibuprofen child",), fever=True),
    Acute(sct("25374005", "Gastroenteritis", "胃肠炎", "A09.9"), (9, 7, 4), "clinic", 4,
          "general practice", ("montmorillonite",), ("infection",)),
    Acute(sct("68566005", "Urinary tract infection", "泌尿道感染", "N39.0"), (1, 4, 4), "clinic", 8,
          "general practice", ("levofloxacin",), ("infection",), sex="female"),
    Acute(sct("43116000", "Eczema", "湿疹", "L30.9"), (7, 4, 4), "hospital", 21,
          "dermatology", ("hydrocortisone",)),
    Acute(sct("9826008", "Conjunctivitis", "结膜炎", "H10.9"), (4, 3, 2), "hospital", 8,
          "ophthalmology", ("eye drops",)),
    Acute(sct("279039007", "Low back pain", "腰痛", "M54.5"), (0, 8, 9), "hospital", 20,
          "orthopaedics", ("ibuprofen",)),
    Acute(sct("44465007", "Sprain of ankle", "踝关节扭伤", "S93.4"), (3, 4, 1), "emergency", 21,
          "orthopaedics", ("ibuprofen",), imaging=ANKLE_XRAY),
    Acute(sct("284549007", "Laceration of hand", "手部裂伤", "S61.9"), (2, 3, 1), "emergency", 12,
          "emergency", (), procedure=sct("288086009", "Suture open wound", "伤口缝合")),
    Acute(sct("263102004", "Fracture subluxation of wrist", "腕部骨折", "S52.5"), (1, 1, 3), "emergency", 60,
          "orthopaedics", ("paracetamol", "calcium"), imaging=WRIST_XRAY,
          procedure=sct("274474001", "Bone immobilization", "骨折固定")),
    Acute(sct("62106007", "Concussion with no loss of consciousness", "脑震荡", "S06.0"), (1, 0.7, 0.7), "emergency",
          14, "emergency", ("paracetamol",), imaging=HEAD_CT),
    Acute(sct("74400008", "Appendicitis", "阑尾炎", "K35.8"), (0.7, 0.8, 0.4), "ward", 21,
          "surgery", ("cefuroxime",), ("infection",), fever=True, imaging=ABDOMEN_ULTRASOUND,
          procedure=sct("80146002", "Appendectomy", "阑尾切除术")),
    Acute(sct("235919008", "Gallbladder calculus", "胆囊结石", "K80.2"), (0, 0.8, 1.2), "ward", 30,
          "surgery", ("cefuroxime",), ("liver", "infection"), imaging=ABDOMEN_ULTRASOUND,
          procedure=sct("38102005", "Cholecystectomy", "胆囊切除术")),
    Acute(sct("95570007", "Kidney stone", "肾结石", "N20.0"), (0, 1.5, 1), "emergency", 30,
          "urology", ("ibuprofen",), ("kidney",), imaging=ABDOMEN_ULTRASOUND),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Allergy:
    """Something a resident reacts to."""

    term: Term
    category: str  # FHIR allergy-intolerance-category
    share: float
    reaction: Term
    severity: str


HIVES: Final = sct("126485001", "Urticaria", "荨麻疹")
RASH: Final = sct("271807003", "Eruption of skin", "皮疹")
SWELLING: Final = sct("41291007", "Angioedema", "血管性水肿")
SNEEZING: Final = sct("76067001", "Sneezing", "喷嚏")
BREATHLESS: Final = sct("267036007", "Dyspnea", "呼吸困难")

PENICILLIN: Final = Allergy(sct("91936005", "Allergy to penicillin", "青霉素过敏"), "medication", 0.04, RASH, "severe")
ALLERGIES: Final[tuple[Allergy, ...]] = (
    PENICILLIN,
    Allergy(sct("91939003", "Allergy to sulfonamide", "磺胺类药物过敏"), "medication", 0.015, RASH, "moderate"),
    Allergy(sct("294532003", "Allergy to cephalosporin", "头孢菌素过敏"), "medication", 0.012, HIVES, "moderate"),
    Allergy(sct("91930004", "Allergy to eggs", "鸡蛋过敏"), "food", 0.015, HIVES, "mild"),
    Allergy(sct("300913006", "Allergy to shellfish", "贝类过敏"), "food", 0.02, SWELLING, "moderate"),
    Allergy(sct("91935009", "Allergy to peanuts", "花生过敏"), "food", 0.006, BREATHLESS, "severe"),
    Allergy(sct("232350006", "House dust mite allergy", "尘螨过敏"), "environment", 0.05, SNEEZING, "mild"),
    Allergy(sct("418689008", "Allergy to grass pollen", "花粉过敏"), "environment", 0.03, SNEEZING, "mild"),
)
