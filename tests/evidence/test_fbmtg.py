"""The evidence of ALL/MRD2019 and ALL/MRD2023 holds every printed figure; its repairs follow from arithmetic."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy import stats

from sim.evidence.load import load_evidence
from sim.evidence.schema import Record
from sim.protocol.resolve import load_protocol

EVIDENCE = load_evidence("fbmtg")
RECORDS = {record.id: record for record in EVIDENCE.records}
Z = stats.norm.ppf(0.975)


def _mirror(estimate: float, low: float) -> float:
    """The upper limit that a log(-log) interval with this lower limit has; percent."""
    centre, edge = (np.log(-np.log(value / 100)) for value in (estimate, low))
    return float(100 * np.exp(-np.exp(2 * centre - edge)))


def test_all_printed_figures_are_recorded() -> None:
    uses = Counter(record.use for record in EVIDENCE.records)
    assert uses == {"design": 17, "fit": 10, "check": 6, "validate": 12, "exclude": 6}
    assert len(RECORDS) == 51


@pytest.mark.parametrize(
    "record", [record for record in EVIDENCE.records if record.printed and not record.repaired], ids=lambda r: r.id
)
def test_intervals_left_as_printed_are_sound(record: Record) -> None:
    assert record.printed is not None
    assert isinstance(record.value, float)
    assert _mirror(record.value, record.printed.low) == pytest.approx(record.printed.high, abs=0.15)


@pytest.mark.parametrize("record", ["S1-R23", "S1-R48"])
def test_repaired_limits_are_the_mirror_of_the_lower_one(record: str) -> None:
    found = RECORDS[record]
    assert found.repaired is not None
    assert isinstance(found.value, float)
    assert _mirror(found.value, found.repaired.low) == pytest.approx(found.repaired.high, abs=0.1)


def test_the_lost_interval_has_the_width_of_its_effective_number() -> None:
    found = RECORDS["S1-R49"]
    assert found.repaired is not None
    assert found.n_eff is not None
    survival = 0.672
    error = np.sqrt((1 - survival) / (survival * found.n_eff)) / abs(np.log(survival))
    low, high = (100 * np.exp(-np.exp(np.log(-np.log(survival)) + sign * Z * error)) for sign in (1, -1))
    assert (low, high) == pytest.approx((found.repaired.low, found.repaired.high), abs=0.05)


@pytest.mark.parametrize("record", ["S1-R20", "S1-R24", "S1-R46"])
def test_hundred_percent_rows_have_their_clopper_pearson_bound(record: str) -> None:
    found = RECORDS[record]
    assert found.at_risk is not None
    assert found.repaired is not None
    assert found.repaired.low == pytest.approx(100 * 0.025 ** (1 / found.at_risk.low), abs=0.06)


def test_the_single_death_is_fitted_once() -> None:
    deaths = [record for record in EVIDENCE.records if record.endpoint == "OS" and record.events == 1]
    assert {record.id: record.same_event_as for record in deaths} == {
        "S1-R10": None,
        "S1-R22": "S1-R10",
        "S1-R40": "S1-R10",
    }
    assert [record.id for record in deaths if record.use == "fit"] == ["S1-R10"]
    for record in deaths:
        assert record.at_risk is not None
        assert record.value == pytest.approx(100 * (1 - 1 / record.at_risk.low), abs=0.05)


@pytest.mark.parametrize("study", ["MRD2019", "MRD2023"])
def test_a_study_speaks_the_language_of_its_protocol(study: str) -> None:
    described = EVIDENCE.studies[study]
    assert described.protocol is not None
    protocol = load_protocol(described.protocol, population=described.population)
    assert described.entry_gate is not None
    assert described.entry_gate.at == protocol.enrolment.at
    for name, endpoint in described.endpoints.items():
        assert protocol.endpoints[name].from_ == endpoint.time_zero
        assert protocol.endpoints[name].event == endpoint.events
    for assay in described.assays.values():
        assert assay.limit == float(protocol.assays[assay.assay].limit)
    for record in EVIDENCE.of_study(study):
        for subject in filter(None, (record.group and record.group.by, record.share and record.share.attribute)):
            assert subject in protocol.patient
