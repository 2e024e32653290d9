"""Reference values of designs under effects they were not planned for: power, stopping, events, patients, duration."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from reference_check import Check

from sim.design.config_run import design

RPACT = "R rpact 3.3.4"
METHOD = "Effects other than the planned one"
DIGITS = 1e-6
"""Relative: rpact searches times of looks to seven digits."""

SCHEMA = {"schema": "engraft/design/1", "title": "T", "alpha": 0.025, "solve": "power"}
FILES: Mapping[str, dict[str, Any]] = MappingProxyType(
    {
        "fixed": {
            **SCHEMA,
            "survival": {
                "control": {"median": "12 months"},
                "treatment": {"hazard_ratio": 0.5},
                "accrual": {"time": "12 months"},
                "follow_up": "12 months",
            },
            "solve": "patients",
            "power": 0.9,
            "operating_characteristics": {"hazard_ratios": [1, 0.7, 0.5, 2]},
        },
        "margin": {
            **SCHEMA,
            "allocation": 2,
            "survival": {
                "control": {"median": "40 months"},
                "treatment": {"hazard_ratio": 1.0},
                "accrual": {"time": "36 months", "rates": [20]},
                "follow_up": "14.037035763466278 months",  # 300 events
                "test": {"log_rank": {"margin": 1.3}},
            },
            "group_sequential": {"information": [0.5, 1], "efficacy": {"spending": "pocock"}},
            "operating_characteristics": {"hazard_ratios": [1.2, 0.8]},
        },
        "rates": {
            **SCHEMA,
            "proportions": {"control": 0.5, "treatment": 0.7, "patients": 200},
            "group_sequential": {"information": [0.5, 1], "efficacy": {"shape": "pocock"}},
            "operating_characteristics": {"proportions": [0.5, 0.6]},
        },
    }
)


@lru_cache
def tables(name: str) -> dict[str, Any]:
    """Tables of a file by name; `looks` is the shipped design with two looks, with 232 events."""
    if name == "looks":
        asked = "operating_characteristics={hazard_ratios: [1, 0.9, 0.8, 0.7, 1.2]}"
        return design("os-group-sequential", set=["power=0.8987", asked]).tables
    return design(FILES[name]).tables


def cell(name: str, row: str, column: str) -> float:
    """A value of the table of operating characteristics."""
    return float(tables(name)["operating characteristics"].set_index("hypothesis").loc[row, column])


def at_look(name: str, row: str, look: int, column: str) -> float:
    """A value of the table of looks under an effect."""
    return float(tables(name)["stopping"].set_index(["hypothesis", "look"]).loc[(row, look), column])


def rpact(name: str, inputs: str, call: str, rows: dict[str, dict[str, float]]) -> list[Check]:
    """Checks of a table: what each effect gives in rpact, by column."""
    return [
        Check(
            f"effects-{name}-{row.replace(' ', '-')}-{column}",
            METHOD,
            f"{inputs}; {row}: {column.replace('_', ' ')}",
            expected,
            f"{RPACT}: {call}",
            lambda name=name, row=row, column=column: cell(name, row, column),  # type: ignore[misc]
            relative=DIGITS,
        )
        for row, values in rows.items()
        for column, expected in values.items()
    ]


COLUMNS = ("rejected", "stopped_early", "expected_events", "expected_patients", "expected_duration")
LOOKS = {
    "hazard ratio 1": (0.024695421627, 0.535054929, 170.404703, 578.067131, 42.2171732),
    "hazard ratio 0.9": (0.119876709724, 0.356823980, 193.001838, 592.010685, 47.2603268),
    "hazard ratio 0.8": (0.386197950423, 0.318277028, 203.871351, 599.255433, 50.7794490),
    "hazard ratio 0.7": (0.763475463792, 0.532848713, 190.631684, 602.0, 50.0733406),
    "hazard ratio 1.2": (0.000457394451, 0.852326865, 133.139855, 542.797985, 34.6938965),
}
MARGIN = {
    "null hypothesis": (0.02499999979, 0.01550286366, 297.6745705, 718.0295480, 44.90444541),
    "hazard ratio 1.2": (0.08497136588, 0.04504981278, 293.2425281, 714.9522453, 45.82856303),
    "hazard ratio 0.8": (0.96567055101, 0.74088670117, 188.8669948, 695.4687770, 39.64898119),
}
AT_LOOKS = {
    ("hazard ratio 1", 1, "time"): 33.5102436,
    ("hazard ratio 1", 1, "futility"): 0.525407629,
    ("hazard ratio 0.8", 1, "time"): 35.0974805,
    ("hazard ratio 0.8", 1, "efficacy"): 0.0391256977,
    ("hazard ratio 0.8", 1, "futility"): 0.127573979,
    ("hazard ratio 0.8", 2, "time"): 44.5125654,
    ("hazard ratio 0.8", 2, "efficacy"): 0.1515773512,
    ("hazard ratio 0.8", 3, "time"): 56.0075208,
    ("hazard ratio 1.2", 3, "time"): 49.1270389,
}
SURVIVAL = (
    "getPowerSurvival(d, directionUpper=FALSE, hazardRatio=.., lambda2=-log(.55)/36, maxNumberOfEvents=232, "
    "accrualTime=c(0,6,36), accrualIntensity=602/66*c(1,2), dropoutRate1=.05, dropoutRate2=.05, dropoutTime=12), "
    "d=getDesignGroupSequential(informationRates=c(.5,.75,1), typeOfDesign='asOF', alpha=.025, "
    "futilityBounds=c(.06373059597619075,-6))"
)
LOOKED = "os-group-sequential with power 0.8987 (602 patients, 232 events)"

CHECKS = [
    *rpact("looks", LOOKED, SURVIVAL, {row: dict(zip(COLUMNS, values, strict=True)) for row, values in LOOKS.items()}),
    *(
        Check(
            f"effects-looks-{row.replace(' ', '-')}-{look}-{column}",
            METHOD,
            f"{LOOKED}; {row}, look {look}: {column}",
            expected,
            f"{RPACT}: {SURVIVAL}",
            lambda row=row, look=look, column=column: at_look("looks", row, look, column),  # type: ignore[misc]
            relative=DIGITS,
        )
        for (row, look, column), expected in AT_LOOKS.items()
    ),
    *rpact(
        "margin",
        "margin 1.3, 2:1, median 40 months, 20 a month for 36 months, looks at 150 and 300 events, Pocock-like",
        "getPowerSurvival(d, directionUpper=FALSE, thetaH0=1.3, hazardRatio=.., lambda2=log(2)/40, "
        "maxNumberOfEvents=300, accrualTime=c(0,36), accrualIntensity=20, allocationRatioPlanned=2), "
        "d=getDesignGroupSequential(informationRates=c(.5,1), typeOfDesign='asP', alpha=.025)",
        {row: dict(zip(COLUMNS, values, strict=True)) for row, values in MARGIN.items()},
    ),
    *rpact(
        "rates",
        "proportions, 0.5 in the control arm, looks at 100 and 200 patients, Pocock, one-sided 0.025",
        "getPowerRates(d, pi1=.., pi2=.5, maxNumberOfSubjects=200, directionUpper=TRUE), "
        "d=getDesignGroupSequential(kMax=2, typeOfDesign='P', alpha=.025)",
        {
            "proportion 0.5": {"rejected": 0.0249999999968, "expected_patients": 198.5307106},
            "proportion 0.6": {
                "rejected": 0.2591008944209,
                "stopped_early": 0.1199628476363,
                "expected_patients": 188.0037152,
            },
            "alternative": {"rejected": 0.7872709230528, "expected_patients": 154.8921010},
        },
    ),
    *(
        Check(
            f"effects-fixed-{ratio:g}",
            METHOD,
            f"one analysis at 88 events planned for a ratio of 0.5, one-sided 0.025; hazard ratio {ratio:g}: power",
            expected,
            f"closed form, R: pnorm(-log({ratio:g})*sqrt(88)/2-qnorm(.975))",
            lambda ratio=ratio: cell("fixed", f"hazard ratio {ratio:g}", "rejected"),  # type: ignore[misc]
            relative=1e-8,
        )
        for ratio, expected in ((0.7, 0.387052252662), (0.5, 0.901680141413), (2.0, 9.38558158952e-08))
    ),
]
