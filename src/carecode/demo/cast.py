"""The cast of the demo town: institutions, staff and the residents that always exist.

Handles are what people type: staff and residents begin with @, institutions do not.
Every person here is invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from carecode.kernel.vocabulary import Role


@dataclass(frozen=True, slots=True)
class Organisation:
    """One institution of the town."""

    handle: str
    name: str
    name_zh: str
    kind: str  # hospital, clinic or insurer


@dataclass(frozen=True, slots=True)
class Staff:
    """One member of the cast who works: signs in, asks, is shown to residents."""

    handle: str
    name: str
    name_zh: str
    role: Role
    title: str
    title_zh: str
    organisation: str
    desk_number: str | None  # four digits of the place where she works


@dataclass(frozen=True, slots=True)
class CastResident:
    """One resident who always exists.  Her birth date follows from her age on the day of generation."""

    handle: str
    name: str
    name_latin: str
    sex: str
    years: int
    days: int  # since her last birthday; for the newborn since birth
    has_phone: bool


ORGANISATIONS: Final = (
    Organisation("county-2", "County Hospital 2", "县第二医院", "hospital"),
    Organisation("city-1", "City Hospital 1", "市第一医院", "hospital"),
    Organisation("east-clinic", "East Clinic", "东区诊所", "clinic"),
    Organisation("insurer", "County Insurance Office", "县医保局", "insurer"),
    Organisation("health-office", "County Health Office", "县卫生健康局", "authority"),
)
NAMES: Final = {organisation.handle: organisation.name for organisation in ORGANISATIONS}

CAST_STAFF: Final = (
    Staff("@desk", "Xu Ning", "徐宁", Role.DESK, "desk 12", "12号窗口", "county-2", "4712"),
    Staff("@doctor", "Dr Zhao Wei", "赵伟", Role.CLINICIAN, "internal medicine", "内科", "county-2", "2203"),
    Staff("@cashier", "Gao Lan", "高岚", Role.CASHIER, "cashier 3", "3号收费窗口", "county-2", "3308"),
    Staff("@steward", "Shen Yu", "沈宇", Role.STEWARD, "index steward", "主索引管理员", "county-2", None),
    Staff("@officer", "Tan Hui", "谭慧", Role.OFFICER, "privacy officer", "隐私保护专员", "county-2", None),
    Staff("@officer-city", "Wu Lan", "吴岚", Role.OFFICER, "privacy officer", "隐私保护专员", "city-1", None),
    Staff("@officer-office", "Jin Rui", "金睿", Role.OFFICER, "privacy officer", "隐私保护专员", "health-office", None),
    Staff("@integrator", "Luo Jie", "罗杰", Role.INTEGRATOR, "integration", "信息集成", "county-2", None),
    Staff("@operator", "Bai Chen", "白晨", Role.OPERATOR, "operations", "系统运维", "county-2", None),
)

CAST_RESIDENTS: Final = (
    CastResident("@resident", "林梅", "Lin Mei", "female", 41, 254, has_phone=True),
    CastResident("@elder", "陈桂兰", "Chen Guilan", "female", 78, 174, has_phone=False),
    CastResident("@parent", "王静", "Wang Jing", "female", 31, 96, has_phone=True),
    CastResident("@child", "林小雨", "Lin Xiaoyu", "female", 3, 150, has_phone=False),
    CastResident("@newborn", "王静之子", "Baby of Wang Jing", "male", 0, 6, has_phone=False),
)
# who decides for whom
GUARDIANS: Final = (("@parent", "@child"), ("@parent", "@newborn"))

# institution -> department -> its doctor; the first one is asked when a department has none
DOCTORS: Final[dict[str, dict[str, str]]] = {
    "county-2": {
        "internal medicine": "Dr Zhao Wei",
        "emergency": "Dr Ren Bo",
        "surgery": "Dr He Jun",
        "orthopaedics": "Dr Song Tao",
        "obstetrics": "Dr Sun Li",
        "paediatrics": "Dr Tang Yun",
        "cardiology": "Dr Cui Ming",
        "respiratory medicine": "Dr Han Lei",
        "ear, nose and throat": "Dr Qian Yu",
        "ophthalmology": "Dr Shi Lan",
    },
    "city-1": {
        "internal medicine": "Dr Du Heng",
        "emergency": "Dr Zhou Min",
        "surgery": "Dr Lu Qiang",
        "orthopaedics": "Dr Fan Gang",
        "obstetrics": "Dr Jia Hong",
        "paediatrics": "Dr Xia Rui",
        "nephrology": "Dr Wei Jing",
        "psychiatry": "Dr Meng An",
        "endocrinology": "Dr Kong Yi",
        "urology": "Dr Bao Feng",
    },
    "east-clinic": {
        "general practice": "Dr Ye Fang",
        "paediatrics": "Dr Ye Fang",
    },
}


def doctor_of(organisation: str, department: str) -> str:
    """Name the doctor of a department.

    >>> doctor_of("county-2", "internal medicine"), doctor_of("east-clinic", "surgery")
    ('Dr Zhao Wei', 'Dr Ye Fang')
    """
    doctors = DOCTORS[organisation]
    return doctors.get(department) or next(iter(doctors.values()))


def birthday(today: date, years: int, days: int) -> date:
    """Find the birth date of somebody who turned ``years`` exactly ``days`` days ago.

    >>> birthday(date(2026, 11, 23), 41, 254)
    datetime.date(1985, 3, 14)
    """
    last = date.fromordinal(today.toordinal() - days)
    day = last.day if (last.month, last.day) != (2, 29) else 28
    return date(last.year - years, last.month, day)
