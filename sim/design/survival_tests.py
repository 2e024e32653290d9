"""Tests of two survival curves as values: which statistic, at which margin, with which variance. Nothing is solved."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal, get_args

from sim.design.course import Course
from sim.design.curve_moments import MilestoneScale, milestone_difference, rmst_difference
from sim.design.inputs import number, positive
from sim.design.logrank import METHODS as BY_EVENTS
from sim.design.logrank import EventMethod
from sim.design.moments import Moments
from sim.design.survival_moments import (
    by_events,
    constant_hazard_ratio,
    fleming_harrington,
    lachin_foulkes,
    weighted_logrank,
)
from sim.errors import EngraftError, did_you_mean

LogRankMethod = Literal[
    "schoenfeld", "freedman", "hsieh_freedman", "lachin_foulkes", "lachin_foulkes_difference", "weighted"
]
LOG_RANK_METHODS: tuple[str, ...] = get_args(LogRankMethod)

_VARIANCE = {
    "schoenfeld": "of the log hazard ratio (1 + r)^2 / (r events), the same under both hypotheses (Schoenfeld 1981)",
    "freedman": "1, of a log-rank statistic with mean sqrt(r events) (1 - HR) / (1 + r HR) (Freedman 1982)",
    "hsieh_freedman": "1, of a log-rank statistic with mean 2 sqrt(r events) (1 - HR) / ((1 + r) (1 + HR)) "
    "(Hsieh 1992)",
    "lachin_foulkes": "of the log hazard ratio 1 / events of each arm, under each hypothesis its own "
    "(Lachin and Foulkes 1986, on the log scale)",
    "lachin_foulkes_difference": "of the difference of hazards, under each hypothesis its own "
    "(Lachin and Foulkes 1986)",
    "weighted": "of the weighted log-rank statistic by its limit under the two laws, as its mean "
    "(Schoenfeld 1981; Yung and Liu 2020)",
}


class SurvivalTest(ABC):
    """A one-sided or two-sided test of two survival curves that is asymptotically normal."""

    event_driven: bool = False
    """Whether the test's information is the number of events, so that the analysis is held at a planned number."""

    reads_until: float = 0.0
    """Follow-up that at least one patient must have."""

    @abstractmethod
    def moments(self, course: Course) -> Moments:
        """Mean and standard deviations of the statistic, a patient."""

    @abstractmethod
    def named(self, unit: str = "") -> str:
        """What the test is called in a protocol, with the unit of times."""

    @property
    def name(self) -> str:
        """What the test is called in a protocol, times without unit."""
        return self.named()

    @property
    @abstractmethod
    def variance(self) -> str:
        """Which variance is used, with its source."""


@dataclass(frozen=True)
class LogRank(SurvivalTest):
    """Log-rank test: `method` says how its law is approximated; `margin` is the hazard ratio to reject.

    ``weighted`` needs no proportional hazards; `rho` and `gamma` are the weights of Fleming and Harrington, 0 and 0
    those of the log-rank test.
    """

    method: LogRankMethod = "schoenfeld"
    margin: float = 1.0
    rho: float = 0.0
    gamma: float = 0.0

    event_driven = True

    def __post_init__(self) -> None:
        if self.method not in LOG_RANK_METHODS:
            near = did_you_mean(str(self.method), LOG_RANK_METHODS)
            raise EngraftError(f'method: no approximation of the log-rank test is called "{self.method}"{near}')
        positive("margin", self.margin)
        if self.margin < 1.0:
            raise EngraftError(
                f"margin: found {self.margin:.12g}; it must be 1 (superiority) or above (non-inferiority)"
            )
        if self.margin != 1.0 and self.method not in ("schoenfeld", "lachin_foulkes"):
            raise EngraftError(
                f"margin: found {self.margin:.12g}; with the method {self.method} it must be 1, "
                "schoenfeld and lachin_foulkes take margins"
            )
        number("rho", self.rho)
        number("gamma", self.gamma)
        if self.method != "weighted" and (self.rho, self.gamma) != (0.0, 0.0):
            raise EngraftError(f"rho, gamma: weights need the method weighted, found {self.method}")

    def moments(self, course: Course) -> Moments:
        """Mean and standard deviations of the statistic, a patient."""
        if self.method == "weighted":
            return weighted_logrank(course, fleming_harrington(self.rho, self.gamma))
        if self.method == "lachin_foulkes":
            return lachin_foulkes(course, scale="log_hazard_ratio", null_ratio=self.margin)
        if self.method == "lachin_foulkes_difference":
            return lachin_foulkes(course, scale="hazard_difference")
        method: EventMethod = self.method
        assert method in BY_EVENTS
        return by_events(course, constant_hazard_ratio(course), null_ratio=self.margin, method=method)

    def named(self, unit: str = "") -> str:
        """What the test is called in a protocol, with the unit of times."""
        if (self.rho, self.gamma) != (0.0, 0.0):
            return f"weighted log-rank test (Fleming-Harrington rho {self.rho:g}, gamma {self.gamma:g})"
        return (
            "log-rank test" if self.margin == 1.0 else f"log-rank test of non-inferiority (margin HR {self.margin:g})"
        )

    @property
    def variance(self) -> str:
        """Which variance is used, with its source."""
        return _VARIANCE[self.method]


@dataclass(frozen=True)
class Milestone(SurvivalTest):
    """Difference of Kaplan-Meier survival at a time, on a scale; `margin` above 0 for non-inferiority."""

    time: float
    scale: MilestoneScale = "difference"
    margin: float = 0.0

    def __post_init__(self) -> None:
        positive("time", self.time)
        if self.scale not in get_args(MilestoneScale):
            near = did_you_mean(str(self.scale), get_args(MilestoneScale))
            raise EngraftError(f'scale: found "{self.scale}"{near}')
        object.__setattr__(self, "reads_until", self.time)

    def moments(self, course: Course) -> Moments:
        """Mean and standard deviations of the statistic, a patient."""
        return milestone_difference(course, time=self.time, scale=self.scale, margin=self.margin)

    def named(self, unit: str = "") -> str:
        """What the test is called in a protocol, with the unit of times."""
        of = {"difference": "", "log": " (log scale)", "log_log": " (complementary log-log scale)"}[self.scale]
        margin = f", non-inferiority margin {self.margin:g}" if self.margin else ""
        return f"test of the difference in Kaplan-Meier survival at {_with(self.time, unit)}{of}{margin}"

    @property
    def variance(self) -> str:
        """Which variance is used, with its source."""
        return "limit of Greenwood's variance under the alternative, for both hypotheses (Yung and Liu 2020)"


@dataclass(frozen=True)
class RestrictedMean(SurvivalTest):
    """Difference in restricted mean survival time up to `until`; `margin` above 0 for non-inferiority."""

    until: float
    margin: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "reads_until", positive("until", self.until))

    def moments(self, course: Course) -> Moments:
        """Mean and standard deviations of the statistic, a patient."""
        return rmst_difference(course, until=self.until, margin=self.margin)

    def named(self, unit: str = "") -> str:
        """What the test is called in a protocol, with the unit of times."""
        margin = f", non-inferiority margin {self.margin:g}" if self.margin else ""
        return f"test of the difference in restricted mean survival time up to {_with(self.until, unit)}{margin}"

    @property
    def variance(self) -> str:
        """Which variance is used, with its source."""
        return (
            "limit of the variance of the area under the Kaplan-Meier curve under the alternative, for both hypotheses "
            "(Uno et al. 2014; Yung and Liu 2020)"
        )


@dataclass(frozen=True)
class MaxCombo(SurvivalTest):
    """The largest of several weighted log-rank statistics; `weights` are pairs of rho and gamma."""

    weights: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        for rho, gamma in self.weights:
            fleming_harrington(rho, gamma)

    def moments(self, course: Course) -> Moments:
        """Refused: the law of the largest of several statistics is not normal."""
        raise EngraftError(
            "test: the largest of several statistics has no law of its own; give the times of its looks, one at least, "
            "in group_sequential.times"
        )

    def named(self, unit: str = "") -> str:
        """What the test is called in a protocol."""
        pairs = "; ".join(f"{rho:g}, {gamma:g}" for rho, gamma in self.weights)
        return f"MaxCombo test (Fleming-Harrington weights {pairs})"

    @property
    def variance(self) -> str:
        """Which variance is used, with its source."""
        return "covariance of the weighted log-rank statistics by its limit under the two laws (Karrison 2016)"


def _with(time: float, unit: str) -> str:
    return f"{time:g} {unit}".rstrip()
