"""What is written at each kind of occasion.  One function per kind, and the table that finds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from carecode.demo.body import Body
from carecode.demo.chance import Chance
from carecode.demo.charting import (
    immunise,
    measure,
    measure_pressure,
    note_allergy,
    prescribe,
    report,
    report_image,
)
from carecode.demo.conditions import CHRONIC, Chronic
from carecode.demo.laboratory import PANELS
from carecode.demo.medicines import MEDICINES
from carecode.demo.people import Sketch
from carecode.demo.plans import ILLNESSES, Occasion
from carecode.demo.terms import Json, Term, sct
from carecode.demo.vaccines import SCHEDULE, VACCINES
from carecode.demo.visit import CONSULT_NOTE, DISCHARGE_SUMMARY, Visit, diagnose, open_visit, perform, write_letter

CHECK_UP: Final = sct("185349003", "Encounter for check up", "健康体检")
WELL_CHILD: Final = sct("410620009", "Well child visit", "儿童保健")
VACCINATION: Final = sct("33879002", "Administration of vaccine", "预防接种")
PREGNANCY: Final = sct("72892002", "Normal pregnancy", "正常妊娠", "Z34.9")
CHILDBIRTH: Final = sct("66348005", "Childbirth", "分娩")
CESAREAN: Final = sct("11466000", "Cesarean section", "剖宫产")
POSTNATAL: Final = sct("169762003", "Postnatal visit", "产后访视")
NEWBORN: Final = sct("442311008", "Liveborn born in hospital", "院内活产", "Z38.0")
FETAL_ULTRASOUND: Final = Term("http://loinc.org", "11525-3", "US Pelvis Fetus for pregnancy", "产科超声")
_WARD_DAYS: Final = (3, 9)


@dataclass(slots=True)
class Chart:
    """A resident's papers while ten years are written."""

    sketch: Sketch
    body: Body
    chance: Chance = field(repr=False)
    today: date
    taking: dict[str, Json] = field(default_factory=dict)  # last request of each lasting medicine
    found: set[str] = field(default_factory=set)  # conditions already written
    allergies_noted: bool = False

    def prescribe(self, visit: Visit, name: str, reason: Json | None = None) -> None:
        """Prescribe a medicine; an earlier request for it, or another dose of it, is completed."""
        substance = MEDICINES[name].atc
        earlier = self.taking.get(substance)
        if earlier is not None:
            earlier["status"] = "completed"
        request = prescribe(visit, name, reason, self.today)
        if not MEDICINES[name].course_days:
            self.taking[substance] = request


def write(chart: Chart, occasion: Occasion) -> Visit:
    """Write the visit of one occasion."""
    visit = WRITERS[occasion.kind](chart, occasion)
    if visit.place != "clinic" and not chart.allergies_noted and chart.body.years(occasion.on) > 1:
        for allergy in chart.sketch.allergies:
            note_allergy(visit, allergy)
        chart.allergies_noted = True
    return visit


def _open(
    chart: Chart, occasion: Occasion, department: str, reason: Term, place: str = "hospital", days: int = 0
) -> Visit:
    place = "clinic" if occasion.organisation == "east-clinic" else place
    return open_visit(chart.chance, occasion.organisation, occasion.on, place, department, reason, days)


def write_panels(chart: Chart, visit: Visit, names: tuple[str, ...], lifted: dict[str, float] | None = None) -> None:
    """Measure panels, each analyte once, and report on each panel; ``lifted`` overrides levels."""
    done: dict[str, Json] = {}
    for name in dict.fromkeys(names):
        for analyte in PANELS[name].analytes:
            if analyte not in done:
                value = (lifted or {}).get(analyte)
                if value is None:
                    value = chart.body.level(analyte, visit.at.date())
                done[analyte] = measure(visit, analyte, value, chart.sketch.sex)
        report(visit, name, [done[analyte] for analyte in PANELS[name].analytes])


def write_vitals(chart: Chart, visit: Visit, *, weigh: bool = True, height: bool = False) -> None:
    """Measure blood pressure and pulse; weight, and height with what the two make, if asked."""
    on, sex = visit.at.date(), chart.sketch.sex
    systolic, diastolic = chart.body.level("systolic", on), chart.body.level("diastolic", on)
    measure_pressure(visit, systolic, min(diastolic, systolic - 20), sex)
    measure(visit, "heart_rate", chart.body.level("heart_rate", on), sex)
    if weigh:
        kilograms, centimetres = chart.body.weight_and_height(on)
        measure(visit, "weight", kilograms, sex)
        if height:
            measure(visit, "height", centimetres, sex)
            measure(visit, "bmi", round(kilograms / (centimetres / 100) ** 2, 1), sex)


def _birth(chart: Chart, occasion: Occasion) -> Visit:
    """Write a newborn's first days: weight, length, head, Apgar, first vaccines."""
    stay = min(3, max(1, (chart.today - occasion.on).days - 1))
    visit = _open(chart, occasion, "obstetrics", NEWBORN, "ward", stay)
    reason = diagnose(visit, NEWBORN, occasion.on, occasion.on + timedelta(days=stay), acute=True)
    weight, height = chart.body.weight_and_height(occasion.on)
    for name, value in (("weight", weight), ("height", height), ("head", chart.body.head(occasion.on))):
        measure(visit, name, value, chart.sketch.sex)
    measure(visit, "apgar", min(10, chart.body.level("apgar", occasion.on)), chart.sketch.sex)
    for dose in SCHEDULE:
        if dose.months == 0:
            immunise(visit, VACCINES[dose.vaccine], dose.number)
    chart.prescribe(visit, "vitamin D", reason)
    return visit


def _child(chart: Chart, occasion: Occasion) -> Visit:
    """Write a well child visit: growth, and the vaccines due."""
    visit = _open(chart, occasion, "paediatrics", WELL_CHILD)
    months = int(occasion.detail)
    weight, height = chart.body.weight_and_height(occasion.on)
    measure(visit, "weight", weight, chart.sketch.sex)
    measure(visit, "height", height, chart.sketch.sex)
    if months <= _HEAD_MONTHS:
        measure(visit, "head", chart.body.head(occasion.on), chart.sketch.sex)
    for dose in SCHEDULE:
        if dose.months == months:
            immunise(visit, VACCINES[dose.vaccine], dose.number)
    return visit


_HEAD_MONTHS: Final = 36


def _vaccine(chart: Chart, occasion: Occasion) -> Visit:
    """Write one vaccine given to an adult or in season."""
    visit = _open(chart, occasion, "general practice", VACCINATION)
    immunise(visit, VACCINES[occasion.detail])
    return visit


def _check_up(chart: Chart, occasion: Occasion) -> Visit:
    """Write a check-up: vital signs, blood count, chemistry, blood fats."""
    visit = _open(chart, occasion, "general practice", CHECK_UP)
    write_vitals(chart, visit, height=True)
    write_panels(chart, visit, ("blood count", "fasting sugar", "lipids"))
    return visit


def _onset(chart: Chart, occasion: Occasion) -> Visit:
    """Write the visit at which a condition is found, or first told here."""
    row = CHRONIC[occasion.detail]
    onset = dict(chart.sketch.conditions)[occasion.detail]
    visit = _open(chart, occasion, row.department, row.term)
    condition = diagnose(visit, row.term, onset)
    chart.found.add(occasion.detail)
    write_vitals(chart, visit)
    write_panels(chart, visit, row.panels)
    for medicine in row.medicines[:1]:
        chart.prescribe(visit, medicine, condition)
    write_letter(
        visit,
        CONSULT_NOTE,
        f"{row.term.en}: seen, explained and treatment agreed. Next visit in {row.every_months} months.",
        f"{row.term.zh}：已就诊，已说明病情并商定治疗方案。{row.every_months}个月后复诊。",
    )
    return visit


def _follow_up(chart: Chart, occasion: Occasion) -> Visit:
    """Write a visit for every condition found so far: measure, report, renew, step up what is too high."""
    rows = [CHRONIC[key] for key in sorted(chart.found)]
    if not rows:
        return _check_up(chart, occasion)
    first = min(rows, key=lambda row: row.every_months)
    visit = _open(chart, occasion, first.department, first.term)
    write_vitals(chart, visit, weigh=chart.chance.happens(0.4))
    if any(row.department == "respiratory medicine" for row in rows):
        measure(visit, "saturation", min(100, chart.body.level("saturation", occasion.on)), chart.sketch.sex)
    if chart.chance.happens(0.5):
        write_panels(chart, visit, tuple(panel for row in rows for panel in row.panels))
    for row in rows:
        _renew(chart, visit, row)
    return visit


def _renew(chart: Chart, visit: Visit, row: Chronic) -> None:
    """Renew one medicine of a condition now and then; a second one joins when the first is not enough."""
    for place, name in enumerate(row.medicines):
        taken = MEDICINES[name].atc in chart.taking
        if (taken and chart.chance.happens(0.3)) or (not taken and chart.chance.happens(0.25 / (place + 1))):
            chart.prescribe(visit, name)


def _procedure(chart: Chart, occasion: Occasion) -> Visit:
    """Write the one procedure that a condition led to."""
    row = CHRONIC[occasion.detail]
    visit = _open(chart, occasion, row.department, row.term, "ward", 1)
    perform(visit, row.procedure or CHECK_UP)
    write_letter(
        visit,
        DISCHARGE_SUMMARY,
        f"{(row.procedure or row.term).en} without complication.",
        f"{(row.procedure or row.term).zh}顺利，无并发症。",
    )
    return visit


def _illness(chart: Chart, occasion: Occasion) -> Visit:
    """Write an illness that passes: what was found, measured, seen, done and prescribed."""
    row = ILLNESSES[occasion.detail]
    days = chart.chance.randint(*_WARD_DAYS) if row.place == "ward" else 0
    days = min(days, (chart.today - occasion.on).days)
    visit = _open(chart, occasion, row.department, row.term, row.place, days)
    over = occasion.on + timedelta(days=row.days)
    condition = diagnose(visit, row.term, occasion.on, over if over < chart.today else None, acute=True)
    lifted: dict[str, float] = {}
    if row.fever:
        measure(visit, "temperature", round(chart.chance.around(38.6, 0.5, 37.6, 40.2), 1), chart.sketch.sex)
        lifted = {
            "crp": round(chart.chance.around(32, 20, 9, 140), 1),
            "leukocytes": round(chart.chance.around(11.5, 2.5, 4.2, 19), 1),
        }
    if row.panels:
        write_panels(chart, visit, row.panels, lifted)
    if row.imaging is not None:
        report_image(visit, row.imaging, f"In keeping with: {row.term.en}.", f"符合{row.term.zh}表现。")
    if row.procedure is not None:
        perform(visit, row.procedure, condition)
    for medicine in row.medicines:
        chart.prescribe(visit, _suitable(chart, medicine, occasion.on), condition)
    if row.place == "ward":
        write_letter(
            visit,
            DISCHARGE_SUMMARY,
            f"Admitted with {row.term.en}, treated for {days} days, discharged well.",
            f"因{row.term.zh}入院，治疗{days}天，好转出院。",
        )
    return visit


_ADULT_DOSE_YEARS: Final = 12
_BETA_LACTAM_ALLERGIES: Final = {"91936005", "294532003"}


def _suitable(chart: Chart, medicine: str, on: date) -> str:
    """Choose another medicine for a small child, or for somebody allergic to penicillins or cephalosporins."""
    if medicine == "paracetamol" and chart.body.years(on) < _ADULT_DOSE_YEARS:
        return "ibuprofen child"
    allergies = {allergy.term.code for allergy in chart.sketch.allergies}
    return "azithromycin" if medicine == "cefuroxime" and allergies & _BETA_LACTAM_ALLERGIES else medicine


def _antenatal(chart: Chart, occasion: Occasion) -> Visit:
    """Write an antenatal visit."""
    visit = _open(chart, occasion, "obstetrics", PREGNANCY)
    days = int(occasion.detail)
    if days == _ANTENATAL_FIRST:
        condition = diagnose(visit, PREGNANCY, occasion.on - timedelta(days=60), occasion.on + timedelta(days=days))
        chart.prescribe(visit, "folic acid", condition)
    write_vitals(chart, visit)
    write_panels(chart, visit, ("blood count",))
    report_image(visit, FETAL_ULTRASOUND, "One child, growing as expected.", "单胎，发育与孕周相符。")
    return visit


_ANTENATAL_FIRST: Final = 196


def _delivery(chart: Chart, occasion: Occasion) -> Visit:
    """Write a birth as the mother's record has it."""
    stay = min(3, max(1, (chart.today - occasion.on).days - 1))
    visit = _open(chart, occasion, "obstetrics", PREGNANCY, "ward", stay)
    write_vitals(chart, visit, weigh=False)
    perform(visit, CESAREAN if chart.chance.happens(0.36) else CHILDBIRTH)
    write_panels(chart, visit, ("blood count",))
    chart.prescribe(visit, "iron")
    write_letter(visit, DISCHARGE_SUMMARY, "Mother and child well.", "母婴平安。")
    return visit


def _postnatal(chart: Chart, occasion: Occasion) -> Visit:
    """Write the visit six weeks after a birth."""
    visit = _open(chart, occasion, "general practice", POSTNATAL)
    write_vitals(chart, visit)
    return visit


WRITERS: Final[dict[str, Callable[[Chart, Occasion], Visit]]] = {
    "birth": _birth,
    "child": _child,
    "vaccine": _vaccine,
    "check-up": _check_up,
    "onset": _onset,
    "follow-up": _follow_up,
    "procedure": _procedure,
    "illness": _illness,
    "antenatal": _antenatal,
    "delivery": _delivery,
    "postnatal": _postnatal,
}
