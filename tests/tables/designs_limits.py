"""Reference values of designs without proportional hazards: curves, weights, competing causes, cure, priors.

The references are integrals that base R takes numerically (integrate, rel.tol 1e-11) of the formulas as they stand in
the papers, written apart from the code here; `source` names integrand and paper.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from reference_check import Check

from sim.design.accrual import accrual
from sim.design.assurance import assurance_by_events, assurance_normal, power_in_favour, predictive_power
from sim.design.average_hazard_ratio import event_weighted, kalbfleisch_prentice
from sim.design.competing import hazards_from_incidence, incidence, subdistribution
from sim.design.correlated import correlated_sequential
from sim.design.course import Arm, Course
from sim.design.curve_moments import milestone_difference, rmst_difference
from sim.design.laws import (
    Law,
    changed_hazard,
    exponential,
    exponential_from_survival,
    mixture_cure,
    piecewise_exponential,
    weibull,
)
from sim.design.look_moments import logrank_looks
from sim.design.moments import Moments, patients_for
from sim.design.sequential import group_sequential
from sim.design.solving import course_power, for_patients
from sim.design.spending import spending
from sim.design.survival_moments import fleming_harrington, weighted_logrank
from sim.design.survival_tests import LogRank


def trial(control: Law, treatment: Law, time: float, follow_up: float, *, allocation: float = 1.0) -> Course:
    """A trial with uniform accrual and no dropout."""
    return Course(Arm(control), Arm(treatment), accrual(time=time), follow_up, allocation)


def size(moments: Callable[[], Moments]) -> Callable[[], float]:
    """Patients of both arms, one-sided 0.025, power 0.9."""
    return lambda: patients_for(moments(), alpha=0.025, power=0.9)


TWELVE = trial(exponential(1 / 12), exponential(1 / 24), 12.0, 12.0)
_TWELVE = "hazards 1/12 and 1/24, accrual 12, follow-up 12, 0.025, 0.9"
LOST = Course(
    Arm(exponential(1 / 12), exponential(0.01)), Arm(exponential(1 / 24), exponential(0.01)), TWELVE.accrual, 12.0, 2.0
)
CURVES = "Restricted mean and milestone"
_RMST = "R integrate of (int_t^18 S)^2 h / (S G p), both arms; Yung and Liu (2020), eq. for RMST"
_GREENWOOD = "R integrate of h / (S G p), both arms, times the square of the slope; Yung and Liu (2020), milestone"
_CURVES: list[tuple[str, str, float, str, Callable[[], float]]] = [
    (
        "rmst",
        f"restricted mean to 18; {_TWELVE}",
        151.068899595,
        _RMST,
        size(lambda: rmst_difference(TWELVE, until=18.0)),
    ),
    (
        "rmst-dropout",
        f"the same, 2:1, dropout hazard 0.01; {_TWELVE}",
        178.558123618,
        _RMST,
        size(lambda: rmst_difference(LOST, until=18.0)),
    ),
    (
        "rmst-margin",
        "restricted mean to 18, hazards 1/12 and 1/12, margin 1, accrual 12, follow-up 12, 0.025, 0.9",
        1708.62433696,
        _RMST,
        size(
            lambda: rmst_difference(trial(exponential(1 / 12), exponential(1 / 12), 12.0, 12.0), until=18.0, margin=1.0)
        ),
    ),
    *[
        (
            f"milestone-{time}-{scale}",
            f"milestone {time}, scale {scale}; {_TWELVE}",
            expected,
            _GREENWOOD,
            size(lambda time=time, scale=scale: milestone_difference(TWELVE, time=time, scale=scale)),
        )
        for time, scale, expected in (
            (12, "difference", 173.860098881),
            (12, "log", 198.968823605),
            (12, "log_log", 188.656406176),
            (18, "difference", 169.980917328),
            (18, "log", 206.99819399),
            (18, "log_log", 183.947374069),
        )
    ],
]

LATE = piecewise_exponential([0.0, 6.0], [0.05, 0.02])
DELAYED = trial(exponential(0.05), LATE, 12.0, 18.0)
_DELAYED = "hazard 0.05, under treatment 0.02 from month 6 on, accrual 12, follow-up 18"
WEIGHTED = "Late effects: weighted log-rank and average hazard ratios"
_WEIGHTED: list[tuple[str, str, float, str, Callable[[], float]]] = [
    *[
        (
            f"weighted-{rho:g}-{gamma:g}",
            f"Fleming-Harrington {rho:g}, {gamma:g}; {_DELAYED}, 0.025, 0.9",
            expected,
            "R integrate of w y0 y1 / (y0 + y1) (h0 - h1) and w^2 y0 y1 / (y0 + y1)^2 (y0 h0 + y1 h1) (Schoenfeld)",
            size(lambda rho=rho, gamma=gamma: weighted_logrank(DELAYED, fleming_harrington(rho, gamma))),
        )
        for rho, gamma, expected in (
            (0.0, 0.0, 288.240482747),
            (0.0, 1.0, 181.317367217),
            (1.0, 1.0, 193.89443454),
            (0.5, 0.5, 218.348681596),
        )
    ],
    (
        "kalbfleisch-prentice",
        "hazard 0.05, under treatment 0.02 from month 6 on, to month 30",
        0.580696495527,
        "R integrate of h1 (S0 S1)^(1/2) over h0 (S0 S1)^(1/2); Kalbfleisch and Prentice (1981)",
        lambda: kalbfleisch_prentice(exponential(0.05), LATE, until=30.0),
    ),
    (
        "concordance-odds",
        "the same",
        0.648569299003,
        "R integrate of h1 S0 S1 over h0 S0 S1; Schemper, Wakounig and Heinze (2009)",
        lambda: kalbfleisch_prentice(exponential(0.05), LATE, until=30.0, power=1.0),
    ),
    (
        "event-weighted",
        _DELAYED,
        0.61417927931,
        (
            "R: exp(sum(w log HR) / sum(w)), w = d0 d1 / (d0 + d1) by events before and after month 6; Mukhopadhyay "
            "et al. (2020)"
        ),
        lambda: event_weighted(DELAYED),
    ),
]

HAZARD, OTHER = hazards_from_incidence(0.3, 0.15, time=24.0)
CAUSE = Course(
    Arm(exponential(HAZARD), competing=exponential(OTHER)),
    Arm(exponential(0.6 * HAZARD), competing=exponential(OTHER)),
    accrual(time=24.0),
    24.0,
)
SUB = subdistribution(HAZARD, OTHER)
GRAY = trial(SUB, changed_hazard(SUB, 0.6), 24.0, 24.0)
GRAY_LOST = Course(
    Arm(SUB, exponential(0.01)), Arm(changed_hazard(SUB, 0.6), exponential(0.01)), accrual(time=24.0), 24.0, 2.0
)
COMPETING = "Competing causes"
_CAUSE = "incidences 0.3 and 0.15 at 24, accrual 24, follow-up 24"
_PINTILIE = "closed form of Pintilie (2002), eq. 5: h1/h (1 - (exp(-h f) - exp(-h (a + f))) / (h a)), in R"


def needed(course: Course) -> float:
    """Patients for a log-rank test by Schoenfeld's events, one-sided 0.025, power 0.9."""
    return for_patients(course, LogRank(), alpha=0.025, power=0.9).patients


_COMPETING: list[tuple[str, str, float, str, Callable[[], float]]] = [
    (
        "cause-hazard",
        "cause-specific hazard; incidences 0.3 and 0.15 at 24",
        0.0166065833543,
        "closed form 0.3/0.45 * -log(1 - 0.45)/24, in R; Pintilie (2002)",
        lambda: HAZARD,
    ),
    (
        "cause-share",
        f"share of control patients with the event; {_CAUSE}",
        0.390671705178,
        _PINTILIE,
        lambda: CAUSE.event_probabilities()[0],
    ),
    (
        "cause-share-treatment",
        f"the same under a cause-specific HR of 0.6; {_CAUSE}",
        0.260595466874,
        _PINTILIE,
        lambda: CAUSE.event_probabilities()[1],
    ),
    ("cause-patients", f"cause-specific HR 0.6, 0.025, 0.9; {_CAUSE}", 494.631385751, _PINTILIE, lambda: needed(CAUSE)),
    (
        "cause-incidence",
        "incidence at 24 under the cause-specific HR of 0.6",
        0.193604289855,
        "closed form h1/h (1 - exp(-24 h)), in R",
        lambda: incidence(CAUSE.treatment, 24.0),
    ),
    (
        "gray-share-treatment",
        f"share with the event under a subdistribution HR of 0.6; {_CAUSE}",
        0.257672548297,
        "R integrate of 1 - (1 - F1(u))^0.6 over follow-up; Latouche, Porcher and Chevret (2004)",
        lambda: GRAY.event_probabilities()[1],
    ),
    (
        "gray-patients",
        f"subdistribution HR 0.6, 0.025, 0.9; {_CAUSE}",
        496.861323409,
        "events of Schoenfeld over the shares above; Latouche, Porcher and Chevret (2004)",
        lambda: needed(GRAY),
    ),
    (
        "gray-dropout",
        f"the same, 2:1, dropout hazard 0.01; {_CAUSE}",
        699.481811091,
        "R integrate of the density of F1 times G; Latouche, Porcher and Chevret (2004)",
        lambda: needed(GRAY_LOST),
    ),
]

CURED = trial(mixture_cure(0.3, exponential(0.08)), mixture_cure(0.45, exponential(0.06)), 24.0, 36.0)
SHAPED = mixture_cure(0.4, weibull(shape=1.3, scale=15.0))
SHAPED_TRIAL = trial(SHAPED, changed_hazard(SHAPED, 0.7), 24.0, 36.0)
CURE = "Mixture cure"
_CURED = "cured 30 % and 45 %, hazards of the others 0.08 and 0.06, accrual 24, follow-up 36"
_CURE: list[tuple[str, str, float, str, Callable[[], float]]] = [
    (
        "cure-share",
        f"share of control patients with the event; {_CURED}",
        0.682534629662,
        "closed form (1 - p) (1 - (exp(-h f) - exp(-h (a + f))) / (h a)), in R",
        lambda: CURED.event_probabilities()[0],
    ),
    (
        "cure-share-treatment",
        f"the same under treatment; {_CURED}",
        0.516388354705,
        "the same",
        lambda: CURED.event_probabilities()[1],
    ),
    (
        "cure-log-rank",
        f"log-rank test by its limits, 0.025, 0.9; {_CURED}",
        305.095754844,
        "R integrate as for the weighted log-rank test, with the hazards of the mixtures",
        size(lambda: weighted_logrank(CURED)),
    ),
    (
        "cure-milestone",
        f"milestone 48, 0.025, 0.9; {_CURED}",
        369.176148841,
        _GREENWOOD,
        size(lambda: milestone_difference(CURED, time=48.0)),
    ),
    (
        "cure-weibull",
        "40 % cured, others Weibull 1.3, 15; accrual 24, follow-up 36: share with the event",
        0.591187607022,
        "R integrate of 1 - S(a) over follow-up",
        lambda: SHAPED_TRIAL.event_probabilities()[0],
    ),
    (
        "cure-weibull-ratio",
        "the same under a hazard ratio of 0.7 on the mixture",
        0.465369219605,
        "R integrate of 1 - S(a)^0.7 over follow-up",
        lambda: SHAPED_TRIAL.event_probabilities()[1],
    ),
]

BAYES = "Assurance and predictive power"
_BAYES: list[tuple[str, str, float, str, Callable[[], float]]] = [
    (
        "assurance",
        "330 events, log HR normal(log 0.7, 0.2), 0.025",
        0.731423770811,
        "R integrate of pnorm(-x sqrt(330)/2 - qnorm(.975)) dnorm(x, log(.7), .2)",
        lambda: assurance_by_events(330.0, mean=math.log(0.7), sd=0.2, alpha=0.025).probability,
    ),
    (
        "assurance-wide",
        "200 events, log HR normal(log 0.8, 0.35), 0.025",
        0.443086618487,
        "the same with 200, log(.8), .35",
        lambda: assurance_by_events(200.0, mean=math.log(0.8), sd=0.35, alpha=0.025).probability,
    ),
    (
        "assurance-quadrature",
        "the same by the power function",
        0.443086618487,
        "the same",
        lambda: (
            assurance_normal(
                lambda effect: power_in_favour(math.exp(effect), 200.0, alpha=0.025), mean=math.log(0.8), sd=0.35
            ).probability
        ),
    ),
    (
        "prior-benefit",
        "log HR normal(log 0.7, 0.2): probability of benefit",
        0.962737337191,
        "R: pnorm(0, log(.7), .2)",
        lambda: assurance_by_events(330.0, mean=math.log(0.7), sd=0.2, alpha=0.025).benefit,
    ),
    (
        "predictive-flat",
        "z 1.5 at 100 of 200 events, flat prior, 0.025",
        0.564093631668,
        "closed form pnorm((1.5 - qnorm(.975) sqrt(.5)) / sqrt(.5)), in R",
        lambda: predictive_power(1.5, events=100.0, planned_events=200.0, alpha=0.025),
    ),
    (
        "predictive-prior",
        "z 1.2 at 100 of 200 events, log HR normal(log 0.7, 0.3), 0.025",
        0.441239203653,
        "R integrate of conditional power over the normal posterior; Spiegelhalter, Freedman and Blackburn (1986)",
        lambda: predictive_power(1.2, events=100.0, planned_events=200.0, alpha=0.025, mean=math.log(0.7), sd=0.3),
    ),
]

DROPOUT = exponential_from_survival(0.95, time=12.0)
LRSTAT = Course(
    Arm(exponential(math.log(2) / 13), DROPOUT),
    Arm(piecewise_exponential([0.0, 6.0], [math.log(2) / 13, 0.58 * math.log(2) / 13]), DROPOUT),
    accrual(time=22.0, rates=[26 / 9 * month for month in range(1, 10)], starts=range(9)),
    19.5,
)
LATE_LOOKS = logrank_looks(LRSTAT, [LRSTAT.time_of(252.0), LRSTAT.time_of(315.0)])
LATE_DESIGN = correlated_sequential(
    alpha=0.025, correlation=LATE_LOOKS.correlation, information=[252.0, 315.0], efficacy=spending("obrien-fleming")
)
LATE_EXITS = LATE_DESIGN.exits(LATE_LOOKS.effect * math.sqrt(LRSTAT.patients))
BY_EVENTS = group_sequential(alpha=0.025, information=[0.8, 1.0], efficacy=spending("obrien-fleming"))
SHORT = Course(
    Arm(exponential(-math.log(0.6) / 12)),
    Arm(exponential(-math.log(0.8) / 12)),
    accrual(time=12.0, rates=200 / 12),
    1.63,
)
_FIXED = "40 % and 20 % events by month 12, 200 patients in 12 months"
_LOOKS = "median 13, HR 0.58 from month 6 on, accrual growing to 26 a month, 22 months, dropout 5 % a year"
_LRSTAT = "R lrstat, printed in its vignette on non-proportional hazards, https://kaifenglu.github.io/lrstat"
_SCHOENFELD = "R lrstat, printed in its vignette on the Schoenfeld method, https://kaifenglu.github.io/lrstat"
_PRINTED: list[tuple[str, str, float, float, str, Callable[[], float]]] = [
    ("lrstat-time", f"{_FIXED}: month of event 40", 13.63169, 5e-6, _SCHOENFELD, lambda: SHORT.time_of(40.0)),
    (
        "lrstat-power",
        f"{_FIXED}, follow-up 1.63: power of the log-rank test, one-sided 0.025",
        0.7138,
        5e-5,
        _SCHOENFELD,
        lambda: course_power(SHORT, LogRank("weighted"), alpha=0.025),
    ),
    ("lrstat-patients", f"{_LOOKS}: patients", 468, 1e-9, _LRSTAT, lambda: LRSTAT.patients),
    ("lrstat-first", f"{_LOOKS}: month of event 252", 31.4, 0.05, _LRSTAT, lambda: LRSTAT.time_of(252.0)),
    ("lrstat-last", f"{_LOOKS}: month of event 315", 41.5, 0.05, _LRSTAT, lambda: LRSTAT.time_of(315.0)),
    (
        "lrstat-information",
        f"{_LOOKS}: information at event 252, of that at event 315",
        62.76 / 77.96,
        2e-4,
        _LRSTAT,
        lambda: float(LATE_LOOKS.information[0]),
    ),
    (
        "lrstat-boundary",
        f"{_LOOKS}: first boundary, spending at 0.8",
        2.250,
        5e-4,
        _LRSTAT,
        lambda: float(LATE_DESIGN.efficacy[0]),
    ),
    (
        "lrstat-boundary-last",
        f"{_LOOKS}: last boundary, correlated as the numbers of events are",
        2.025,
        5e-4,
        _LRSTAT,
        lambda: float(BY_EVENTS.efficacy[1]),
    ),
    (
        "lrstat-rejected-first",
        f"{_LOOKS}: rejected at event 252",
        0.4511,
        1e-3,
        _LRSTAT,
        lambda: float(LATE_EXITS[0]),
    ),
    (
        "lrstat-rejected",
        f"{_LOOKS}: rejected in all",
        0.8016,
        1e-3,
        _LRSTAT,
        lambda: float(LATE_EXITS.sum()),
    ),
]

CHECKS = [
    *[
        Check(name, WEIGHTED, inputs, expected, source, compute, absolute=absolute)
        for name, inputs, expected, absolute, source, compute in _PRINTED
    ],
    *[
        Check(name, method, inputs, expected, source, compute, relative=1e-8)
        for method, rows in (
            (CURVES, _CURVES),
            (WEIGHTED, _WEIGHTED),
            (COMPETING, _COMPETING),
            (CURE, _CURE),
            (BAYES, _BAYES),
        )
        for name, inputs, expected, source, compute in rows
    ],
]
