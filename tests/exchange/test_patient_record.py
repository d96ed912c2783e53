"""A FHIR Patient as a record to be matched: what was sent, bounded, whatever its form."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from carecode.exchange.patient_record import ADDRESSES_MAX, NAMES_MAX, TEXT_LENGTH_MAX, record_of
from carecode.identity.identifiers import CITIZEN_SYSTEM, hospital_system
from carecode.identity.linking.standardise import IDENTIFIERS_MAX, standardise

COUNTY = hospital_system("county-2")
WHOLE = {
    "resourceType": "Patient",
    "identifier": [
        {"system": CITIZEN_SYSTEM, "value": "990105194912310023"},
        {"system": COUNTY, "value": "C-7"},
        {"system": COUNTY, "value": "C-6", "use": "old"},
        {"value": "no system"},
    ],
    "name": [{"text": "欧阳若兰"}, {"use": "maiden", "family": "Lin", "given": ["Mei", "Lan"]}, {"use": "usual"}],
    "gender": "female",
    "birthDate": "1949-12-31",
    "telecom": [
        {"system": "phone", "value": "10000000007"},
        {"system": "phone", "value": "10000000008", "use": "old"},
        {"system": "email", "value": "a@example.org"},
    ],
    "address": [
        {"line": ["麓山南路932号"], "district": "岳麓区", "city": "长沙市", "state": "湖南省", "postalCode": "410000"},
        {"text": "elsewhere", "use": "old"},
    ],
}


def test_every_fact_that_is_hers_is_read() -> None:
    record = record_of(WHOLE, "county-2", "2026-11-24")
    assert [(one.system, one.value) for one in record.identifiers] == [
        (CITIZEN_SYSTEM, "990105194912310023"),
        (COUNTY, "C-7"),
    ]
    assert (record.source, record.local_id, record.sex, record.birth_date) == (
        "county-2", "C-7", "female", "1949-12-31",
    )  # fmt: skip
    assert [(one.text, one.family, one.given) for one in record.names] == [("欧阳若兰", "", ""), ("", "Lin", "Mei Lan")]
    assert record.phones == ("10000000007",)
    (address,) = record.addresses
    assert (address.lines, address.district, address.city, address.postcode) == (
        ("麓山南路932号",), "岳麓区", "长沙市", "410000",
    )  # fmt: skip
    features = standardise(record)
    assert (features.name, features.born, features.number, features.locality) == (
        "欧阳若兰", "19491231", "990105194912310023", "岳麓",
    )  # fmt: skip


def test_a_date_that_fhir_cannot_write_is_read_beside_it() -> None:
    beside = {"_birthDate": {"extension": [{"url": "urn:x", "valueString": "农历正月初五"}]}}
    assert record_of(beside, "x").birth_date == "农历正月初五"
    assert record_of({"birthDate": "1985", **beside}, "x").birth_date == "1985"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ELEMENTS = st.sampled_from(["identifier", "name", "telecom", "address", "birthDate", "_birthDate", "gender", "link"])
ROWS = st.lists(
    st.dictionaries(
        st.sampled_from(["system", "value", "use", "text", "family", "given", "line", "city", "extension"]), JSON
    ),
    max_size=20,
)


@given(st.dictionaries(ELEMENTS, JSON | ROWS))
def test_any_json_gives_a_bounded_record(sent: dict[str, object]) -> None:
    record = record_of(sent, "county-2")
    assert len(record.names) <= NAMES_MAX
    assert len(record.addresses) <= ADDRESSES_MAX
    assert len(record.identifiers) <= IDENTIFIERS_MAX
    texts = [record.birth_date, record.sex, *record.phones, *(one.text for one in record.names)]
    assert all(len(text) <= TEXT_LENGTH_MAX for text in texts)
    standardise(record)
