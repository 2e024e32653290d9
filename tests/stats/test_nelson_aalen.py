"""Nelson-Aalen: closed forms, limits, and its bond with Kaplan-Meier. Values of R are in the reference tables."""

from __future__ import annotations

import numpy as np
import pytest
from survival_samples import AML

from sim.errors import EngraftError
from sim.stats import NelsonAalen, kaplan_meier, nelson_aalen


def test_sums_by_hand():
    curve = nelson_aalen([1, 2, 2, 3], [1, 1, 1, 0])
    assert curve.cumulative_hazard.tolist() == [1 / 4, 1 / 4 + 2 / 3, 1 / 4 + 2 / 3]
    assert curve.std_error[1] == pytest.approx(np.sqrt(1 / 16 + 2 / 9))
    binomial = nelson_aalen([1, 2, 2, 3], [1, 1, 1, 0], variance="binomial")
    assert binomial.std_error[1] == pytest.approx(np.sqrt(1 / 16 + 2 / 9 * (1 / 2)))


def test_exp_of_minus_the_hazard_lies_above_the_product_limit():
    hazard = nelson_aalen(AML["time"], AML["event"])
    survival = kaplan_meier(AML["time"], AML["event"])
    assert (np.exp(-hazard.cumulative_hazard) >= survival.survival).all()
    assert hazard.at([0, 4]).cumulative_hazard.tolist() == [0, 0]
    assert np.isnan(hazard.at(162).cumulative_hazard[0])


def test_limits():
    plain = nelson_aalen(AML["time"], AML["event"], conf_type="plain", conf_level=0.9)
    assert plain.ci_high - plain.cumulative_hazard == pytest.approx(1.6448536269514722 * plain.std_error)
    assert plain.ci_low.min() == 0, "cut at 0"
    log = nelson_aalen(AML["time"], AML["event"])
    assert np.sqrt(log.ci_low * log.ci_high) == pytest.approx(log.cumulative_hazard)
    none = nelson_aalen([1, 2], [0, 0])
    assert (none.ci_low.tolist(), none.ci_high.tolist()) == ([0, 0], [0, 0])


def test_late_entries_are_at_risk_after_them():
    curve = nelson_aalen([1, 3, 3, 4], [1, 1, 0, 1], entry=[0, 1, 2, 3])
    assert curve.cumulative_hazard.tolist() == [1, 1.5, 2.5]


def test_prints_its_conventions():
    curve = nelson_aalen(AML["time"], AML["event"])
    assert isinstance(curve, NelsonAalen)
    assert repr(curve).endswith("variance: aalen; interval: pointwise 95% log; ties: events before censorings")
    assert curve.to_frame()["events"].sum() == 18
    assert curve.at([5, 6]).to_frame().shape == (2, 7)


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ({"conf_type": "log-log"}, 'conf_type: found "log-log"; did you mean "log"?'),
        ({"variance": "greenwood"}, 'variance: found "greenwood"; known: aalen, binomial'),
    ],
)
def test_options_that_are_not_known(option, text):
    with pytest.raises(EngraftError) as caught:
        nelson_aalen([1, 2], [1, 0], **option)
    assert str(caught.value) == text
