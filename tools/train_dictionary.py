"""Train the dictionary with which the record compresses bodies: python tools/train_dictionary.py OUT.zdict.

A resource is small, and most of it is what FHIR prescribes: names of elements, addresses of code
systems, a few hundred codes.  A dictionary that holds those leaves a fifth of the bytes.  It is
trained on invented resources only, never on anybody's record: a dictionary ships with the program,
and whatever it holds, everybody holds.

Half of what it learns from is the demo town's, half is written below: FHIR as hospitals elsewhere send
it.  Trained on the town alone it would know the town (11 : 1) and little else (2.7 : 1).

A dictionary that was ever shipped is never changed, for stored bodies need it; a new one gets the
next number.  The same script, town and Python packages give the same bytes.
"""

from __future__ import annotations

import base64
import json
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import zstandard

from carecode.demo.generator import sample_bodies
from carecode.demo.visit import PATIENT as PATIENT_URN
from carecode.record.placeholder import PLACEHOLDER

DICTIONARY_BYTES: Final = 96 * 1024
VISITS: Final = 900
SEED: Final = 20
DEMO_BODIES: Final = 26_000
PATIENT: Final = f"Patient/{PLACEHOLDER}"
_ID: Final = re.compile('"id":"[0-9a-f-]{36}",')

JSON = dict[str, Any]

LOINC: Final = "http://loinc.org"
SNOMED: Final = "http://snomed.info/sct"
UCUM: Final = "http://unitsofmeasure.org"
ICD10: Final = "http://hl7.org/fhir/sid/icd-10"
ICD10_CN: Final = "urn:oid:2.16.156.10011.2.3.3.11"
RXNORM: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC: Final = "http://www.whocc.no/atc"
CVX: Final = "http://hl7.org/fhir/sid/cvx"
HL7: Final = "http://terminology.hl7.org/CodeSystem/"
US_CORE: Final = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
PROFILE: Final = "http://hl7.org/fhir/StructureDefinition/"

# code, name, Chinese name, unit, low, high, digits, observation category
MEASURED: Final = (
    ("8480-6", "Systolic blood pressure", "收缩压", "mm[Hg]", 95, 170, 0, "vital-signs"),
    ("8462-4", "Diastolic blood pressure", "舒张压", "mm[Hg]", 55, 105, 0, "vital-signs"),
    ("8867-4", "Heart rate", "心率", "/min", 50, 120, 0, "vital-signs"),
    ("9279-1", "Respiratory rate", "呼吸频率", "/min", 10, 26, 0, "vital-signs"),
    ("8310-5", "Body temperature", "体温", "Cel", 36, 40, 1, "vital-signs"),
    ("8302-2", "Body height", "身高", "cm", 60, 190, 1, "vital-signs"),
    ("29463-7", "Body weight", "体重", "kg", 5, 110, 1, "vital-signs"),
    ("39156-5", "Body mass index (BMI) [Ratio]", "体质指数", "kg/m2", 15, 38, 2, "vital-signs"),
    ("2708-6", "Oxygen saturation in Arterial blood", "血氧饱和度", "%", 88, 100, 0, "vital-signs"),
    ("2339-0", "Glucose [Mass/volume] in Blood", "葡萄糖", "mg/dL", 60, 260, 2, "laboratory"),
    ("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "糖化血红蛋白", "%", 4, 12, 2, "laboratory"),
    ("718-7", "Hemoglobin [Mass/volume] in Blood", "血红蛋白", "g/dL", 8, 18, 2, "laboratory"),
    ("6690-2", "Leukocytes [#/volume] in Blood by Automated count", "白细胞计数", "10*3/uL", 2, 18, 2, "laboratory"),
    ("789-8", "Erythrocytes [#/volume] in Blood by Automated count", "红细胞计数", "10*6/uL", 3, 6, 2, "laboratory"),
    ("777-3", "Platelets [#/volume] in Blood by Automated count", "血小板计数", "10*3/uL", 90, 450, 0, "laboratory"),
    ("4544-3", "Hematocrit [Volume Fraction] of Blood by Automated count", "红细胞压积", "%", 25, 54, 2, "laboratory"),
    ("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "肌酐", "mg/dL", 0, 4, 2, "laboratory"),
    ("3094-0", "Urea nitrogen [Mass/volume] in Serum or Plasma", "尿素氮", "mg/dL", 5, 40, 1, "laboratory"),
    ("2951-2", "Sodium [Moles/volume] in Serum or Plasma", "钠", "mmol/L", 130, 150, 1, "laboratory"),
    ("2823-3", "Potassium [Moles/volume] in Serum or Plasma", "钾", "mmol/L", 3, 6, 2, "laboratory"),
    ("2075-0", "Chloride [Moles/volume] in Serum or Plasma", "氯", "mmol/L", 95, 112, 1, "laboratory"),
    ("2093-3", "Cholesterol [Mass/volume] in Serum or Plasma", "总胆固醇", "mg/dL", 110, 290, 1, "laboratory"),
    ("2571-8", "Triglyceride [Mass/volume] in Serum or Plasma", "甘油三酯", "mg/dL", 50, 400, 1, "laboratory"),
    ("2085-9", "Cholesterol in HDL [Mass/volume] in Serum or Plasma", "高密度脂蛋白", "mg/dL", 25, 90, 1, "laboratory"),
    ("13457-7", "Cholesterol in LDL [Mass/volume] in Serum or Plasma", "低密度脂蛋白", "mg/dL", 40, 220, 1,
     "laboratory"),
    ("1742-6", "Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma", "丙氨酸氨基转移酶",
     "U/L", 8, 120, 0, "laboratory"),
    ("1920-8", "Aspartate aminotransferase [Enzymatic activity/volume] in Serum or Plasma", "天冬氨酸氨基转移酶",
     "U/L", 8, 120, 0, "laboratory"),
    ("1751-7", "Albumin [Mass/volume] in Serum or Plasma", "白蛋白", "g/dL", 3, 6, 1, "laboratory"),
    ("33914-3", "Glomerular filtration rate/1.73 sq M.predicted", "肾小球滤过率", "mL/min/{1.73_m2}", 20, 120, 1,
     "laboratory"),
    ("72514-3", "Pain severity - 0-10 verbal numeric rating [Score] - Reported", "疼痛评分", "{score}", 0, 10, 0,
     "survey"),
)  # fmt: skip
CONDITIONS: Final = (
    ("38341003", "Hypertensive disorder, systemic arterial (disorder)", "I10", "高血压"),
    ("44054006", "Diabetes mellitus type 2 (disorder)", "E11.9", "2型糖尿病"),
    ("195662009", "Acute viral pharyngitis (disorder)", "J02.9", "急性咽炎"),
    ("10509002", "Acute bronchitis (disorder)", "J20.9", "急性支气管炎"),
    ("195967001", "Asthma (disorder)", "J45.9", "哮喘"),
    ("13645005", "Chronic obstructive lung disease (disorder)", "J44.9", "慢性阻塞性肺病"),
    ("53741008", "Coronary arteriosclerosis (disorder)", "I25.1", "冠状动脉粥样硬化性心脏病"),
    ("271737000", "Anemia (disorder)", "D64.9", "贫血"),
    ("55822004", "Hyperlipidemia (disorder)", "E78.5", "高脂血症"),
    ("444814009", "Viral sinusitis (disorder)", "J01.9", "急性鼻窦炎"),
    ("235595009", "Gastroesophageal reflux disease (disorder)", "K21.9", "胃食管反流病"),
)
MEDICINES: Final = (
    ("314076", "lisinopril 10 MG Oral Tablet", "C09AA03", "赖诺普利片"),
    ("860975", "24 HR Metformin hydrochloride 500 MG Extended Release Oral Tablet", "A10BA02", "盐酸二甲双胍缓释片"),
    ("313782", "Acetaminophen 325 MG Oral Tablet", "N02BE01", "对乙酰氨基酚片"),
    ("310798", "Hydrochlorothiazide 25 MG Oral Tablet", "C03AA03", "氢氯噻嗪片"),
    ("314231", "Simvastatin 10 MG Oral Tablet", "C10AA01", "辛伐他汀片"),
    ("308136", "amLODIPine 2.5 MG Oral Tablet", "C08CA01", "苯磺酸氨氯地平片"),
    ("308182", "Amoxicillin 250 MG Oral Capsule", "J01CA04", "阿莫西林胶囊"),
    ("745679", "200 ACTUAT Albuterol 0.09 MG/ACTUAT Metered Dose Inhaler", "R03AC02", "硫酸沙丁胺醇吸入气雾剂"),
)
PROCEDURES: Final = (
    ("430193006", "Medication Reconciliation (procedure)", "用药核对"),
    ("710824005", "Assessment of health and social care needs (procedure)", "健康需求评估"),
    ("399208008", "Plain chest X-ray (procedure)", "胸部X线检查"),
    ("29303009", "Electrocardiographic procedure (procedure)", "心电图检查"),
    ("274031008", "Rectal polypectomy (procedure)", "直肠息肉切除术"),
    ("18286008", "Catheter ablation of tissue of heart (procedure)", "心脏导管消融术"),
)
VACCINES: Final = (
    ("140", "Influenza, seasonal, injectable, preservative free", "流感疫苗"),
    ("113", "Td (adult) preservative free", "白破疫苗"),
    ("33", "pneumococcal polysaccharide vaccine, 23 valent", "肺炎球菌多糖疫苗"),
    ("08", "Hep B, adolescent or pediatric", "乙型肝炎疫苗"),
)
VISIT_TYPES: Final = (
    ("AMB", "185345009", "Encounter for symptom", "门诊"),
    ("AMB", "162673000", "General examination of patient (procedure)", "健康体检"),
    ("AMB", "390906007", "Follow-up encounter", "复诊"),
    ("EMER", "50849002", "Emergency room admission (procedure)", "急诊"),
    ("IMP", "183452005", "Emergency hospital admission (procedure)", "住院"),
    ("WELLNESS", "410620009", "Well child visit (procedure)", "儿童保健"),
)
HOSPITALS: Final = ("County Hospital No. 2", "东湖社区卫生服务中心", "市第一人民医院", "General Hospital")
DOCTORS: Final = ("Dr. Lin Hua", "Dr. Anna Berg", "王建国", "李敏", "Dr. Maria Costa")
NOTES: Final = (
    "Patient presents with cough and sore throat for three days. No known allergies. Lungs clear.",
    "患者因咳嗽、咽痛三天就诊。否认药物过敏史。查体：双肺呼吸音清，未闻及干湿啰音。",
    "Blood pressure above target; dose increased, review in four weeks.",
    "血压控制不佳，调整用药剂量，四周后复诊。",
)


class Town:
    """Draws invented visits; the same seed draws the same ones."""

    def __init__(self, seed: int) -> None:
        """Start the dice."""
        self.dice = random.Random(seed)  # noqa: S311 - invented text, the same at every run

    def uuid(self) -> str:
        """Draw a version 7 UUID of these years."""
        digits = f"{self.dice.getrandbits(128):032x}"
        return (
            f"019{digits[:5]}-{digits[5:9]}-7{digits[9:12]}-{self.dice.choice('89ab')}{digits[12:15]}-{digits[15:27]}"
        )

    def time(self) -> str:
        """Draw a time in the zones that occur."""
        d = self.dice
        zone = d.choice(("+08:00", "+08:00", "+01:00", "+02:00", "Z", "-05:00"))
        day = f"{d.randint(1960, 2026)}-{d.randint(1, 12):02}-{d.randint(1, 28):02}"
        return f"{day}T{d.randint(7, 18):02}:{d.randint(0, 59):02}:{d.randint(0, 59):02}{zone}"

    def visit(self) -> Iterator[JSON]:
        """Draw one visit with what came of it."""
        at, encounter = self.time(), f"Encounter/{self.uuid()}"
        yield self.encounter(encounter, at)
        condition = self.condition(encounter, at)
        yield condition
        measured = [self.observation(encounter, at, row) for row in self.dice.sample(MEASURED, 12)]
        yield from measured
        yield self.pressure(encounter, at)
        yield self.report(encounter, at, measured[:8])
        yield self.note(encounter, at)
        for _ in range(3):
            yield self.request(encounter, at, condition)
        yield self.procedure(encounter, at)
        yield self.immunization(encounter, at)
        yield self.document(encounter, at)
        yield self.claim(encounter, at, "Claim")
        yield self.claim(encounter, at, "ExplanationOfBenefit")
        yield self.patient()
        yield self.allergy(at)
        yield self.plan(encounter, at)
        yield self.administration(encounter, at)

    def resource(self, name: str, profile: str = "") -> JSON:
        """Start a resource as the record stores it."""
        meta: JSON = {"versionId": "1", "lastUpdated": self.time()[:19] + ".000Z"}
        if profile:
            meta["profile"] = [profile]
        return {"resourceType": name, "id": self.uuid(), "meta": meta}

    def of_visit(self, encounter: str) -> JSON:
        """Refer to her and to the visit."""
        return {"subject": {"reference": PATIENT}, "encounter": {"reference": encounter}}

    def doctor(self) -> JSON:
        """Refer to a doctor."""
        return {"reference": f"Practitioner/{self.uuid()}", "display": self.dice.choice(DOCTORS)}

    def hospital(self, kind: str = "Organization") -> JSON:
        """Refer to a hospital or a place in one."""
        return {"reference": f"{kind}/{self.uuid()}", "display": self.dice.choice(HOSPITALS)}

    def encounter(self, reference: str, at: str) -> JSON:
        """Draw a visit."""
        kind, code, text, chinese = self.dice.choice(VISIT_TYPES)
        text = self.dice.choice((text, chinese))
        return self.resource("Encounter", US_CORE + "encounter") | {
            "id": reference[10:],
            "identifier": [{"use": "official", "system": "urn:example:visit", "value": self.uuid()}],
            "status": "finished",
            "class": {"system": HL7 + "v3-ActCode", "code": kind},
            "type": [concept(SNOMED, code, text)],
            "subject": {"reference": PATIENT},
            "participant": [
                {
                    "type": [concept(HL7 + "v3-ParticipationType", "PPRF", "primary performer")],
                    "period": {"start": at, "end": at},
                    "individual": self.doctor(),
                }
            ],
            "period": {"start": at, "end": at},
            "location": [{"location": self.hospital("Location")}],
            "serviceProvider": self.hospital(),
        }

    def condition(self, encounter: str, at: str) -> JSON:
        """Draw a diagnosis."""
        snomed, text, icd, chinese = self.dice.choice(CONDITIONS)
        code = self.dice.choice(
            (concept(SNOMED, snomed, text), concept(ICD10_CN, icd, chinese), concept(ICD10, icd, text))
        )
        return self.resource("Condition", US_CORE + "condition") | {
            "clinicalStatus": status("condition-clinical", self.dice.choice(("active", "resolved"))),
            "verificationStatus": status("condition-ver-status", "confirmed"),
            "category": [concept(HL7 + "condition-category", "encounter-diagnosis", "Encounter Diagnosis")],
            "code": code,
            **self.of_visit(encounter),
            "onsetDateTime": at,
            "recordedDate": at,
        }

    def quantity(self, row: tuple[Any, ...]) -> JSON:
        """Draw a measured value."""
        _, _, _, unit, low, high, digits, _ = row
        value = round(self.dice.uniform(low, high), digits) if digits else self.dice.randint(low, high)
        return {"value": value, "unit": unit, "system": UCUM, "code": unit}

    def observation(self, encounter: str, at: str, row: tuple[Any, ...]) -> JSON:
        """Draw a measurement or a laboratory result."""
        code, text, chinese, _, _, _, _, category = row
        text = self.dice.choice((text, text, chinese))
        profile = PROFILE + "vitalsigns" if category == "vital-signs" else US_CORE + "observation-lab"
        return self.resource("Observation", profile) | {
            "status": "final",
            "category": [concept(HL7 + "observation-category", category, category, worded=False)],
            "code": concept(LOINC, code, text),
            **self.of_visit(encounter),
            "effectiveDateTime": at,
            "issued": at[:19] + ".000" + at[19:],
            "valueQuantity": self.quantity(row),
            "interpretation": [concept(HL7 + "v3-ObservationInterpretation", self.dice.choice("HLN"), "Normal")],
            "referenceRange": [{"low": self.quantity(row), "high": self.quantity(row), "text": "4.00-10.00"}],
        }

    def pressure(self, encounter: str, at: str) -> JSON:
        """Draw a blood pressure with its two components."""
        parts = [{"code": concept(LOINC, row[0], row[1]), "valueQuantity": self.quantity(row)} for row in MEASURED[:2]]
        return self.resource("Observation", PROFILE + "bp") | {
            "status": "final",
            "category": [concept(HL7 + "observation-category", "vital-signs", "vital-signs", worded=False)],
            "code": concept(LOINC, "85354-9", "Blood Pressure"),
            **self.of_visit(encounter),
            "effectiveDateTime": at,
            "issued": at[:19] + ".000" + at[19:],
            "component": parts,
        }

    def report(self, encounter: str, at: str, results: list[JSON]) -> JSON:
        """Draw a laboratory report."""
        return self.resource("DiagnosticReport", US_CORE + "diagnosticreport-lab") | {
            "status": "final",
            "category": [concept(HL7 + "v2-0074", "LAB", "Laboratory", worded=False)],
            "code": concept(LOINC, "51990-0", "Basic metabolic panel - Blood"),
            **self.of_visit(encounter),
            "effectiveDateTime": at,
            "issued": at[:19] + ".000" + at[19:],
            "performer": [self.hospital()],
            "result": [
                {"reference": f"Observation/{result['id']}", "display": result["code"]["text"]} for result in results
            ],
        }

    def note(self, encounter: str, at: str) -> JSON:
        """Draw a written report."""
        return self.resource("DiagnosticReport", US_CORE + "diagnosticreport-note") | {
            "status": "final",
            "category": [concept(LOINC, "34117-2", "History and physical note", worded=False)],
            "code": concept(LOINC, "34117-2", "History and physical note", worded=False),
            **self.of_visit(encounter),
            "effectiveDateTime": at,
            "issued": at[:19] + ".000" + at[19:],
            "performer": [self.doctor()],
            "presentedForm": [{"contentType": "text/plain; charset=utf-8", "data": self.text()}],
        }

    def text(self) -> str:
        """Write a note as FHIR attaches it."""
        return base64.b64encode(self.dice.choice(NOTES).encode()).decode()

    def document(self, encounter: str, at: str) -> JSON:
        """Draw the entry of a document."""
        return self.resource("DocumentReference", US_CORE + "documentreference") | {
            "identifier": [{"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{self.uuid()}"}],
            "status": self.dice.choice(("current", "superseded")),
            "type": concept(LOINC, "34117-2", "History and physical note", worded=False),
            "category": [concept("http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category",
                                 "clinical-note", "Clinical Note", worded=False)],
            "subject": {"reference": PATIENT},
            "date": at[:19] + ".000" + at[19:],
            "author": [self.doctor()],
            "custodian": self.hospital(),
            "content": [
                {
                    "attachment": {"contentType": "text/plain; charset=utf-8", "data": self.text()},
                    "format": {
                        "system": "http://ihe.net/fhir/ValueSet/IHE.FormatCode.codesystem",
                        "code": "urn:ihe:iti:xds:2017:mimeTypeSufficient",
                        "display": "mimeType Sufficient",
                    },
                }
            ],
            "context": {"encounter": [{"reference": encounter}], "period": {"start": at, "end": at}},
        }  # fmt: skip

    def medicine(self) -> JSON:
        """Draw a medicine."""
        code, text, atc, chinese = self.dice.choice(MEDICINES)
        return self.dice.choice((concept(RXNORM, code, text), concept(ATC, atc, chinese)))

    def request(self, encounter: str, at: str, condition: JSON) -> JSON:
        """Draw a prescription."""
        return self.resource("MedicationRequest", US_CORE + "medicationrequest") | {
            "status": self.dice.choice(("active", "stopped", "completed")),
            "intent": "order",
            "medicationCodeableConcept": self.medicine(),
            **self.of_visit(encounter),
            "authoredOn": at,
            "requester": self.doctor(),
            "reasonReference": [{"reference": f"Condition/{condition['id']}", "display": condition["code"]["text"]}],
            "dosageInstruction": [
                {
                    "sequence": 1,
                    "text": self.dice.choice(("Take once daily.", "每日一次，每次一片，口服")),
                    "timing": {"repeat": {"frequency": 1, "period": 1.0, "periodUnit": "d"}},
                    "asNeededBoolean": False,
                    "route": concept(SNOMED, "26643006", "Oral route"),
                    "doseAndRate": [
                        {
                            "type": concept(HL7 + "dose-rate-type", "ordered", "Ordered", worded=False),
                            "doseQuantity": {"value": 1.0},
                        }
                    ],
                }
            ],
            "dispenseRequest": {"quantity": {"value": 30, "unit": "tablet"}, "numberOfRepeatsAllowed": 1},
        }

    def administration(self, encounter: str, at: str) -> JSON:
        """Draw a medicine given."""
        return self.resource("MedicationAdministration") | {
            "status": "completed",
            "medicationCodeableConcept": self.medicine(),
            "subject": {"reference": PATIENT},
            "context": {"reference": encounter},
            "effectiveDateTime": at,
            "dosage": {"dose": {"value": 1, "unit": "mg", "system": UCUM, "code": "mg"}},
        }

    def procedure(self, encounter: str, at: str) -> JSON:
        """Draw a procedure."""
        code, text, chinese = self.dice.choice(PROCEDURES)
        return self.resource("Procedure", US_CORE + "procedure") | {
            "status": "completed",
            "code": concept(SNOMED, code, self.dice.choice((text, chinese))),
            **self.of_visit(encounter),
            "performedPeriod": {"start": at, "end": at},
            "location": self.hospital("Location"),
        }

    def immunization(self, encounter: str, at: str) -> JSON:
        """Draw a vaccination."""
        code, text, chinese = self.dice.choice(VACCINES)
        return self.resource("Immunization", US_CORE + "immunization") | {
            "status": "completed",
            "vaccineCode": concept(CVX, code, self.dice.choice((text, chinese))),
            "patient": {"reference": PATIENT},
            "encounter": {"reference": encounter},
            "occurrenceDateTime": at,
            "primarySource": True,
            "location": self.hospital("Location"),
        }

    def allergy(self, at: str) -> JSON:
        """Draw an allergy."""
        return self.resource("AllergyIntolerance", US_CORE + "allergyintolerance") | {
            "clinicalStatus": status("allergyintolerance-clinical", "active"),
            "verificationStatus": status("allergyintolerance-verification", "confirmed"),
            "type": "allergy",
            "category": [self.dice.choice(("food", "medication", "environment"))],
            "criticality": self.dice.choice(("low", "high")),
            "code": concept(SNOMED, "91936005", self.dice.choice(("Allergy to penicillin", "青霉素过敏"))),
            "patient": {"reference": PATIENT},
            "recordedDate": at,
            "reaction": [{"manifestation": [concept(SNOMED, "247472004", "Weal")], "severity": "mild"}],
        }

    def plan(self, encounter: str, at: str) -> JSON:
        """Draw a care plan."""
        return self.resource("CarePlan", US_CORE + "careplan") | {
            "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Care Plan</div>'},
            "status": self.dice.choice(("active", "completed")),
            "intent": "order",
            "category": [
                concept("http://hl7.org/fhir/us/core/CodeSystem/careplan-category", "assess-plan", "", worded=False)
            ],
            **self.of_visit(encounter),
            "period": {"start": at},
            "careTeam": [{"reference": f"CareTeam/{self.uuid()}"}],
            "addresses": [{"reference": f"Condition/{self.uuid()}"}],
            "activity": [
                {
                    "detail": {
                        "code": concept(SNOMED, "229065009", "Exercise therapy"),
                        "status": "in-progress",
                        "location": {"display": self.dice.choice(HOSPITALS)},
                    }
                }
            ],
        }

    def claim(self, encounter: str, at: str, name: str) -> JSON:
        """Draw a claim, or what the insurer made of it."""
        kind, code, text, _ = self.dice.choice(VISIT_TYPES)
        amount = {"value": round(self.dice.uniform(10, 900), 2), "currency": self.dice.choice(("CNY", "USD", "EUR"))}
        paid = {
            "category": concept("https://bluebutton.cms.gov/resources/codesystem/adjudication",
                                "https://bluebutton.cms.gov/resources/variables/line_sbmtd_chrg_amt",
                                "Line Submitted Charge Amount", worded=False),
            "amount": amount,
        }  # fmt: skip
        item = {
            "sequence": 1,
            "productOrService": concept(SNOMED, code, text),
            "servicedPeriod": {"start": at, "end": at},
            "locationCodeableConcept": concept(HL7 + "ex-serviceplace", "21", kind, worded=False),
            "encounter": [{"reference": encounter}],
            "net": amount,
        }
        return self.resource(name) | {
            "identifier": [{"system": "urn:example:claim", "value": str(self.dice.getrandbits(40))}],
            "status": "active",
            "type": concept(HL7 + "claim-type", self.dice.choice(("institutional", "pharmacy")), "", worded=False),
            "use": "claim",
            "patient": {"reference": PATIENT},
            "billablePeriod": {"start": at, "end": at},
            "created": at,
            "provider": self.hospital(),
            "priority": concept(HL7 + "processpriority", "normal", "", worded=False),
            "facility": self.hospital("Location"),
            "diagnosis": [{"sequence": 1, "diagnosisReference": {"reference": f"Condition/{self.uuid()}"}}],
            "insurance": [{"sequence": 1, "focal": True, "coverage": {"display": "居民基本医疗保险"}}],
            "item": [item | {"adjudication": [paid]} if name != "Claim" else item],
            "total": amount if name == "Claim" else [paid],
        }

    def patient(self) -> JSON:
        """Draw a person."""
        year = self.dice.randint(1930, 2025)
        return self.resource("Patient", US_CORE + "patient") | {
            "id": PATIENT[8:],
            "identifier": [
                {
                    "use": "official",
                    "type": concept(HL7 + "v2-0203", "NI", "National unique individual identifier"),
                    "system": "urn:oid:2.16.156.10011.1.3",
                    "value": f"{self.dice.getrandbits(59):018}",
                }
            ],
            "active": True,
            "name": [{"use": "official", "text": self.dice.choice(DOCTORS), "family": "王", "given": ["秀英"]}],
            "telecom": [{"system": "phone", "value": f"139{self.dice.getrandbits(26):08}", "use": "mobile"}],
            "gender": self.dice.choice(("female", "male")),
            "birthDate": f"{year}-0{self.dice.randint(1, 9)}-1{self.dice.randint(0, 9)}",
            "address": [{"use": "home", "line": ["人民路1号"], "city": "", "state": "", "country": "CN"}],
            "communication": [{"language": concept("urn:ietf:bcp:47", self.dice.choice(("zh-CN", "en-US")), "中文")}],
        }


def concept(system: str, code: str, text: str, *, worded: bool = True) -> JSON:
    """Write a CodeableConcept, with its text beside the coding unless ``worded`` is false."""
    coding = {"system": system, "code": code} | ({"display": text} if text else {})
    return {"coding": [coding]} | ({"text": text} if worded else {})


def status(system: str, code: str) -> JSON:
    """Write a status that is a CodeableConcept."""
    return concept(HL7 + system, code, "", worded=False)


def bodies() -> Iterator[bytes]:
    """Write every resource of both towns as the record stores it."""
    town = Town(SEED)
    for _ in range(VISITS):
        for resource in town.visit():
            yield json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
    for body in sample_bodies(SEED, DEMO_BODIES):
        head = f'"meta":{{"versionId":"1","lastUpdated":"{town.time()[:19]}.000Z"}},'
        text = _ID.sub(rf"\g<0>{head}", body.decode(), count=1)
        # Which type a urn stands for is known in its bundle only; most stand for the visit.
        yield text.replace(PATIENT_URN, PATIENT).replace("urn:uuid:", "Encounter/").encode()


def main() -> int:
    """Train and write; refuse to overwrite."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - this script and one path
        sys.stderr.write("usage: train_dictionary.py OUT.zdict\n")
        return 2
    samples: list[bytes | bytearray | memoryview] = list(bodies())
    trained = zstandard.train_dictionary(DICTIONARY_BYTES, samples, level=1)
    with Path(sys.argv[1]).open("xb") as out:
        out.write(trained.as_bytes())
    sys.stdout.write(f"{len(samples)} bodies, {sum(map(len, samples))} bytes -> {len(trained.as_bytes())} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
