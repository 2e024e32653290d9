"""The tables of parameters and switches: values by arm, priors with their intervals, sources and assumptions."""

from __future__ import annotations

import pytest
from scipy import stats

from sim.protocol.priors import Prior
from sim.protocol.resolve import load_protocol
from sim.report.parameters import PARAMETER_COLUMNS, parameter_rows, switch_rows


@pytest.mark.parametrize(
    ("prior", "quantile"),
    [
        ({"beta": [3, 30]}, stats.beta(3, 30).ppf),
        ({"normal": [-3, 2]}, stats.norm(-3, 2).ppf),
        ({"lognormal": [0.65, 0.375]}, lambda u: 0.65 * 2.718281828459045 ** (0.375 * stats.norm.ppf(u))),
        ({"uniform": [7, 28]}, lambda u: 7 + 21 * u),
    ],
)
def test_the_interval_of_a_prior_leaves_out_equal_tails(prior: dict[str, list[float]], quantile: object) -> None:
    found = Prior.model_validate(prior)
    assert callable(quantile)
    assert found.interval() == pytest.approx([quantile(0.025), quantile(0.975)])
    assert found.interval(0.5) == pytest.approx([quantile(0.25), quantile(0.75)])


def test_every_parameter_of_the_arms_has_its_row() -> None:
    arms = {
        "control": load_protocol("direct-allo-hsct", set=["parameters.preparation_days.value=40"]),
        "study": load_protocol("pre-transplant-blinatumomab"),
    }
    rows = {row[0]: dict(zip(PARAMETER_COLUMNS, row, strict=True)) for row in parameter_rows(arms)}
    assert set(rows) == {name for protocol in arms.values() for name in protocol.parameters}
    assert rows["preparation_days"]["value"] == "control: 40; study: 35"
    assert rows["salvage_days"]["value"] == "60"
    assert rows["hr_blina"] == {
        "parameter": "hr_blina",
        "value": "0.65 (study only)",
        "unit": "hazard ratio",
        "prior": "lognormal (0.65, 0.375)",
        "95 % of the prior": "0.312 to 1.36",
        "source": "judgement",
        "assumption or note": arms["study"].parameters["hr_blina"].note,
    }
    sandwich = {row[0]: row for row in parameter_rows({"only": load_protocol("sandwich-auto-hsct")})}
    assert sandwich["preemption_median"][4] == "399 to 1293"
    assert all(row["source"] != "assumption" or row["assumption or note"] for row in rows.values())
    assert [row[:2] for row in switch_rows(arms)] == [
        ("one_consolidation", "false (control only)"),
        ("relapse_structure", "hazard"),
        ("effect", "mrd (study only)"),
    ]
