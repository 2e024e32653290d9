"""Reference values of fixed survival designs: events, patients, calendar time, power. None is made here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from reference_check import Check

from sim.design.accrual import accrual
from sim.design.course import Arm, Course
from sim.design.laws import (
    NEVER,
    Law,
    changed_hazard,
    exponential,
    exponential_from_survival,
    piecewise_exponential,
    weibull,
)
from sim.design.logrank import critical_hazard_ratio, events_for, hazard_ratio_for, power_by_events
from sim.design.moments import Moments, power_of
from sim.design.solving import course_power, for_accrual_time, for_follow_up, for_hazard_ratio, for_patients
from sim.design.survival_moments import lachin_foulkes
from sim.design.survival_tests import LogRank

RPACT = "R rpact 3.3.4"
CLOSED = 1e-5
SEARCHED = 1e-6  # rpact searches times and integrates Weibull laws to about 1e-7


def trial(
    law: Law,
    ratio: float,
    *,
    time: float,
    follow_up: float = 0.0,
    rates: Sequence[float] = (1.0,),
    starts: Sequence[float] = (0.0,),
    allocation: float = 1.0,
    dropout: tuple[float, float] | None = None,
) -> Course:
    """A trial with proportional hazards; `dropout` are the shares lost by month 12 in treatment and control."""
    lost = [exponential_from_survival(1.0 - share, time=12.0) if share else NEVER for share in dropout or (0.0, 0.0)]
    return Course(
        Arm(law, lost[1]),
        Arm(changed_hazard(law, ratio), lost[0]),
        accrual(time=time, rates=rates, starts=starts),
        follow_up,
        allocation,
    )


def size(course: Course, method: str = "schoenfeld", margin: float = 1.0, **errors: float) -> Callable[[], float]:
    """Patients of both arms for a log-rank test."""
    test = LogRank(method, margin)  # type: ignore[arg-type]
    return lambda: for_patients(course, test, **errors).patients  # type: ignore[arg-type]


def events_in_all(course: Course, test: LogRank, **errors: float) -> float:
    """Events of the trial that has the patients a test needs."""
    return sum(for_patients(course, test, **errors).events())  # type: ignore[arg-type]


ONE = {"alpha": 0.025, "power": 0.9}
EIGHTY = {"alpha": 0.025, "power": 0.8}
TWO = {"alpha": 0.05, "power": 0.9, "sided": 2}
MEDIAN_12, MEDIAN_14 = exponential(np.log(2) / 12), exponential(np.log(2) / 14)
STEPS = piecewise_exponential([0, 6, 18], [0.05, 0.03, 0.015])

EVENTS = "Events of a log-rank test"
_EVENTS: list[tuple[str, str, float, str, Callable[[], float]]] = [
    (
        "schoenfeld-half",
        "HR 0.5, one-sided 0.025, power 0.9, 1:1",
        87.4792977215,
        "getSampleSizeSurvival(hazardRatio=0.5,lambda2=log(2)/12,alpha=.025,beta=.1,accrualTime=12,followUpTime=12)",
        lambda: events_for(0.5, **ONE),
    ),
    (
        "schoenfeld-allocation",
        "HR 0.5, one-sided 0.025, power 0.9, 2:1",
        98.4142099367,
        "the same with allocationRatioPlanned=2",
        lambda: events_for(0.5, allocation=2.0, **ONE),
    ),
    (
        "freedman-allocation",
        "HR 0.5, one-sided 0.025, power 0.9, 2:1",
        84.0593844915,
        'the same with typeOfComputation="Freedman",allocationRatioPlanned=2',
        lambda: events_for(0.5, allocation=2.0, method="freedman", **ONE),
    ),
    (
        "hsieh-freedman-allocation",
        "HR 0.5, one-sided 0.025, power 0.9, 2:1",
        106.3876584971,
        'the same with typeOfComputation="HsiehFreedman",allocationRatioPlanned=2',
        lambda: events_for(0.5, allocation=2.0, method="hsieh_freedman", **ONE),
    ),
    (
        "hsieh-freedman-two-sided",
        "HR 0.6, two-sided 0.05, power 0.9, 1:1",
        168.11876898305,
        (
            'getSampleSizeSurvival(typeOfComputation="HsiehFreedman",hazardRatio=.6,lambda2=.03,alpha=.05,sided=2,beta=.1,'
            "accrualTime=c(0,18),followUpTime=24)"
        ),
        lambda: events_for(0.6, method="hsieh_freedman", **TWO),
    ),
    (
        "freedman-two-sided",
        "HR 0.6, two-sided 0.05, power 0.9, 1:1",
        168.11876898305,
        'the same with typeOfComputation="Freedman"',
        lambda: events_for(0.6, method="freedman", **TWO),
    ),
    (
        "schoenfeld-harm",
        "HR 1.6, one-sided 0.025, power 0.9, 1:1",
        190.26275764406,
        "getSampleSizeSurvival(hazardRatio=1.6,lambda2=.03,alpha=.025,beta=.1,accrualTime=c(0,18),followUpTime=24)",
        lambda: events_for(1.6, **ONE),
    ),
    (
        "non-inferiority",
        "HR 1, margin 1.3, one-sided 0.025, power 0.8",
        456.0981422497,
        (
            "getSampleSizeSurvival(hazardRatio=1,thetaH0=1.3,lambda2=.03,alpha=.025,beta=.2,accrualTime=c(0,18),"
            "followUpTime=24)"
        ),
        lambda: events_for(1.0, null_ratio=1.3, **EIGHTY),
    ),
    (
        "non-inferiority-better",
        "HR 0.9, margin 1.25, one-sided 0.025, power 0.9",
        389.47062612042,
        (
            "getSampleSizeSurvival(hazardRatio=.9,thetaH0=1.25,piecewiseSurvivalTime=c(0,12),lambda2=c(.04,.02),alpha=.025,"
            "beta=.1,accrualTime=c(0,24),followUpTime=12)"
        ),
        lambda: events_for(0.9, null_ratio=1.25, **ONE),
    ),
    (
        "power-schoenfeld",
        "HR 0.7, 250 events, one-sided 0.025",
        0.805050083888,
        (
            "getPowerSurvival(directionUpper=FALSE,hazardRatio=.7,lambda2=log(2)/14,alpha=.025,accrualTime=c(0,6,24),"
            "accrualIntensity=c(10,18),maxNumberOfEvents=250,dropoutRate1=.05,dropoutRate2=.08,dropoutTime=12)$overallReject"
        ),
        lambda: power_by_events(250.0, 0.7, alpha=0.025),
    ),
    (
        "power-freedman",
        "HR 0.7, 250 events, one-sided 0.025, 2:1",
        0.798175204468,
        (
            'getPowerSurvival(typeOfComputation="Freedman",directionUpper=FALSE,hazardRatio=.7,lambda2=log(2)/14,alpha=.025,'
            "accrualTime=c(0,24),maxNumberOfSubjects=400,maxNumberOfEvents=250,allocationRatioPlanned=2)$overallReject"
        ),
        lambda: power_by_events(250.0, 0.7, alpha=0.025, allocation=2.0, method="freedman"),
    ),
    (
        "power-hsieh-freedman",
        "HR 0.7, 250 events, one-sided 0.025, 2:1",
        0.748795514373,
        'the same with typeOfComputation="HsiehFreedman"',
        lambda: power_by_events(250.0, 0.7, alpha=0.025, allocation=2.0, method="hsieh_freedman"),
    ),
    (
        "power-non-inferiority",
        "HR 1, margin 1.3, 400 events, one-sided 0.025",
        0.74655199982014,
        (
            "getPowerSurvival(thetaH0=1.3,hazardRatio=1,directionUpper=FALSE,lambda2=.03,alpha=.025,accrualTime=c(0,18),"
            "maxNumberOfSubjects=600,maxNumberOfEvents=400)$overallReject"
        ),
        lambda: power_by_events(400.0, 1.0, alpha=0.025, null_ratio=1.3),
    ),
    (
        "effect-schoenfeld",
        "330.377913963810 events, one-sided 0.025, power 0.9",
        0.7,
        "getSampleSizeSurvival(hazardRatio=0.7,lambda2=log(2)/14,alpha=.025,beta=.1,..)$eventsFixed, inverted",
        lambda: hazard_ratio_for(330.377913963810, **ONE),
    ),
    (
        "effect-freedman",
        "84.0593844915 events, one-sided 0.025, power 0.9, 2:1",
        0.5,
        "the line freedman-allocation, the other way round",
        lambda: hazard_ratio_for(84.0593844915, allocation=2.0, method="freedman", **ONE),
    ),
    (
        "critical-ratio",
        "250 events, one-sided 0.025, 2:1",
        0.768775136758939,
        "closed form, R: exp(-qnorm(.975)*3/sqrt(2*250))",
        lambda: critical_hazard_ratio(250.0, alpha=0.025, allocation=2.0),
    ),
]

PATIENTS = "Patients and calendar time of a survival trial"
_PATIENTS: list[tuple[str, str, float, str, Callable[[], float]]] = [
    (
        "exponential",
        "median 12, HR 0.5, accrual 12, follow-up 12, 0.025, 0.9",
        167.9480431505,
        "getSampleSizeSurvival(hazardRatio=0.5,lambda2=log(2)/12,alpha=.025,beta=.1,accrualTime=12,followUpTime=12)",
        size(trial(MEDIAN_12, 0.5, time=12, follow_up=12), **ONE),
    ),
    (
        "freedman-2-1",
        "the same, Freedman, 2:1",
        174.6194391637,
        'the same with typeOfComputation="Freedman",allocationRatioPlanned=2',
        size(trial(MEDIAN_12, 0.5, time=12, follow_up=12, allocation=2), "freedman", **ONE),
    ),
    (
        "hsieh-freedman-2-1",
        "the same, Hsieh-Freedman, 2:1",
        221.0027276915,
        'the same with typeOfComputation="HsiehFreedman",allocationRatioPlanned=2',
        size(trial(MEDIAN_12, 0.5, time=12, follow_up=12, allocation=2), "hsieh_freedman", **ONE),
    ),
    (
        "dropout",
        "median 14, HR 0.7, accrual 24, follow-up 12, dropout 5 % and 8 % a year, 0.025, 0.8",
        425.2509381184,
        (
            "getSampleSizeSurvival(hazardRatio=0.7,lambda2=log(2)/14,alpha=.025,beta=.2,accrualTime=c(0,24),followUpTime=12,"
            "dropoutRate1=.05,dropoutRate2=.08,dropoutTime=12)"
        ),
        size(trial(MEDIAN_14, 0.7, time=24, follow_up=12, dropout=(0.05, 0.08)), **EIGHTY),
    ),
    (
        "piecewise-hazards",
        "hazards 0.05, 0.03, 0.015 from 0, 6, 18; HR 0.65, dropout 2 % a year, accrual 18, follow-up 24, 0.025, 0.8",
        336.7552541994,
        (
            "getSampleSizeSurvival(hazardRatio=0.65,piecewiseSurvivalTime=c(0,6,18),lambda2=c(.05,.03,.015),alpha=.025,"
            "beta=.2,accrualTime=c(0,18),followUpTime=24,dropoutRate1=.02,dropoutRate2=.02,dropoutTime=12)"
        ),
        size(trial(STEPS, 0.65, time=18, follow_up=24, dropout=(0.02, 0.02)), **EIGHTY),
    ),
    (
        "weibull-falling",
        "Weibull shape 0.7, rate 0.03, HR 0.65, accrual 18, follow-up 24, 0.025, 0.8",
        307.6985441062,
        (
            "getSampleSizeSurvival(hazardRatio=0.65,lambda2=.03,kappa=.7,alpha=.025,beta=.2,accrualTime=c(0,18),"
            "followUpTime=24)"
        ),
        size(trial(weibull(shape=0.7, scale=1 / 0.03), 0.65, time=18, follow_up=24), **EIGHTY),
    ),
    (
        "weibull-rising",
        "the same with shape 1.5",
        310.4193483580,
        "the same with kappa=1.5",
        size(trial(weibull(shape=1.5, scale=1 / 0.03), 0.65, time=18, follow_up=24), **EIGHTY),
    ),
    (
        "non-inferiority-patients",
        "hazard 0.03, HR 1, margin 1.3, accrual 18, follow-up 24, 0.025, 0.8",
        731.0528419611,
        (
            "getSampleSizeSurvival(hazardRatio=1,thetaH0=1.3,lambda2=.03,alpha=.025,beta=.2,accrualTime=c(0,18),"
            "followUpTime=24)"
        ),
        size(trial(exponential(0.03), 1.0, time=18, follow_up=24), margin=1.3, **EIGHTY),
    ),
    (
        "non-inferiority-piecewise",
        "hazards 0.04, 0.02 from 0, 12; HR 0.9, margin 1.25, accrual 24, follow-up 12, 0.025, 0.9",
        793.70942345266,
        (
            "getSampleSizeSurvival(hazardRatio=.9,thetaH0=1.25,piecewiseSurvivalTime=c(0,12),lambda2=c(.04,.02),alpha=.025,"
            "beta=.1,accrualTime=c(0,24),followUpTime=12)"
        ),
        size(trial(piecewise_exponential([0, 12], [0.04, 0.02]), 0.9, time=24, follow_up=12), margin=1.25, **ONE),
    ),
    (
        "two-sided",
        "median 12, HR 2/3, accrual 24, follow-up 12, two-sided 0.05, power 0.8",
        289.7034075520,
        "getSampleSizeSurvival(median1=18,median2=12,sided=2,alpha=.05,beta=.2,accrualTime=c(0,24),followUpTime=12)",
        size(trial(MEDIAN_12, 2 / 3, time=24, follow_up=12), alpha=0.05, power=0.8, sided=2),
    ),
    (
        "accrual-in-steps",
        "hazard 0.04, HR 0.7, accrual weights 0.2, 0.5, 1 from 0, 6, 12 to 24, follow-up 12, 3:2, 0.025, 0.8",
        533.798102654,
        (
            "getSampleSizeSurvival(hazardRatio=.7,lambda2=.04,alpha=.025,beta=.2,accrualTime=c(0,6,12,24),"
            'accrualIntensity=c(.2,.5,1),accrualIntensityType="relative",followUpTime=12,allocationRatioPlanned=1.5)'
        ),
        size(
            trial(
                exponential(0.04), 0.7, time=24, follow_up=12, rates=(0.2, 0.5, 1), starts=(0, 6, 12), allocation=1.5
            ),
            **EIGHTY,
        ),
    ),
    (
        "all-at-once",
        (
            "hazard 0.03, HR 0.75, dropout 10 % and 5 % a year, accrual weights 0.5, 1 from 0, 6 to 12, follow-up 18, "
            "2:1, 0.025, 0.9"
        ),
        1417.57054941773,
        (
            "getSampleSizeSurvival(hazardRatio=.75,lambda2=.03,alpha=.025,beta=.1,allocationRatioPlanned=2,"
            'accrualTime=c(0,6,12),accrualIntensity=c(.5,1),accrualIntensityType="relative",followUpTime=18,'
            "dropoutRate1=.1,dropoutRate2=.05,dropoutTime=12)"
        ),
        size(
            trial(
                exponential(0.03),
                0.75,
                time=12,
                follow_up=18,
                rates=(0.5, 1),
                starts=(0, 6),
                allocation=2,
                dropout=(0.1, 0.05),
            ),
            **ONE,
        ),
    ),
    (
        "survival-at-a-time",
        "control 55 % and treatment 70 % alive at month 24, accrual 12, follow-up 24, 0.025, 0.8",
        266.4299860015,
        "getSampleSizeSurvival(pi1=.3,pi2=.45,eventTime=24,alpha=.025,beta=.2,accrualTime=c(0,12),followUpTime=24)",
        size(
            trial(exponential_from_survival(0.55, time=24), np.log(0.7) / np.log(0.55), time=12, follow_up=24), **EIGHTY
        ),
    ),
]

GROWING = trial(MEDIAN_14, 0.7, time=24, rates=(10, 18), starts=(0, 6))
LOSING = trial(MEDIAN_14, 0.7, time=24, rates=(10, 18), starts=(0, 6), allocation=2, dropout=(0.05, 0.08))
_GROWING = "accrual 10 a month to month 6, 18 to month 24; median 14, HR 0.7, 0.025, 0.9"
_TIMES: list[tuple[str, str, float, str, Callable[[], float]]] = [
    (
        "follow-up",
        f"{_GROWING}: follow-up",
        38.2440603256,
        (
            "getSampleSizeSurvival(hazardRatio=0.7,lambda2=log(2)/14,alpha=.025,beta=.1,accrualTime=c(0,6,24),"
            "accrualIntensity=c(10,18))$followUpTime"
        ),
        lambda: for_follow_up(GROWING, LogRank(), **ONE).follow_up,
    ),
    (
        "follow-up-600",
        "600 patients in 20 months, median 14, HR 0.7, 0.025, 0.9: follow-up",
        9.95097983056,
        (
            "getSampleSizeSurvival(hazardRatio=0.7,lambda2=log(2)/14,alpha=.025,beta=.1,accrualTime=c(0,20),"
            "maxNumberOfSubjects=600)$followUpTime"
        ),
        lambda: for_follow_up(trial(MEDIAN_14, 0.7, time=20, rates=(30,)), LogRank(), **ONE).follow_up,
    ),
    (
        "accrual-time",
        "12 a month to month 6, then 20; hazard 0.04, HR 0.7, follow-up 15, 0.025, 0.9: accrual time",
        29.716180598736,
        (
            "getSampleSizeSurvival(hazardRatio=.7,lambda2=.04,alpha=.025,beta=.1,accrualTime=c(0,6),"
            "accrualIntensity=c(12,20),followUpTime=15)$accrualTime"
        ),
        lambda: (
            for_accrual_time(
                trial(exponential(0.04), 0.7, time=10, follow_up=15, rates=(12, 20), starts=(0, 6)), LogRank(), **ONE
            ).accrual.end
        ),
    ),
    (
        "hazard-ratio",
        f"{_GROWING}, follow-up 38.2440603256: hazard ratio",
        0.7,
        "the line follow-up, the other way round",
        lambda: for_hazard_ratio(
            lambda ratio: trial(MEDIAN_14, ratio, time=24, follow_up=38.2440603256, rates=(10, 18), starts=(0, 6)),
            LogRank(),
            **ONE,
        ),
    ),
    (
        "power-in-time",
        f"{_GROWING}, follow-up 38.2440603256: power",
        0.9,
        "the line follow-up, the other way round",
        lambda: course_power(
            trial(MEDIAN_14, 0.7, time=24, follow_up=38.2440603256, rates=(10, 18), starts=(0, 6)),
            LogRank(),
            alpha=0.025,
        ),
    ),
    (
        "time-of-250-events",
        "accrual 10, 18; median 14, HR 0.7, dropout 5 % and 8 % a year, 1:1: month of event 250",
        42.778655301642,
        (
            "getPowerSurvival(directionUpper=FALSE,hazardRatio=.7,lambda2=log(2)/14,alpha=.025,accrualTime=c(0,6,24),"
            "accrualIntensity=c(10,18),maxNumberOfEvents=250,dropoutRate1=.05,dropoutRate2=.08,dropoutTime=12)$studyDuration"
        ),
        lambda: trial(MEDIAN_14, 0.7, time=24, rates=(10, 18), starts=(0, 6), dropout=(0.05, 0.08)).time_of(250.0),
    ),
    (
        "time-weibull",
        "600 patients in 18 months, Weibull shape 0.6, rate 0.03, HR 0.7: month of event 300",
        33.62535409203793,
        (
            "getPowerSurvival(hazardRatio=.7,directionUpper=FALSE,lambda2=.03,kappa=.6,alpha=.025,accrualTime=c(0,18),"
            "maxNumberOfSubjects=600,maxNumberOfEvents=300)$studyDuration"
        ),
        lambda: trial(weibull(shape=0.6, scale=1 / 0.03), 0.7, time=18, rates=(600 / 18,)).time_of(300.0),
    ),
    (
        "time-piecewise",
        "accrual 15, 30 from 0, 6 to 18; hazards 0.05, 0.03, 0.015; HR 0.7, dropout 2 %: month of event 240",
        46.63780758389925,
        (
            "getPowerSurvival(hazardRatio=.7,directionUpper=FALSE,piecewiseSurvivalTime=c(0,6,18),lambda2=c(.05,.03,.015),"
            "alpha=.025,accrualTime=c(0,6,18),accrualIntensity=c(15,30),maxNumberOfEvents=240,dropoutRate1=.02,"
            "dropoutRate2=.02,dropoutTime=12)$studyDuration"
        ),
        lambda: trial(STEPS, 0.7, time=18, rates=(15, 30), starts=(0, 6), dropout=(0.02, 0.02)).time_of(240.0),
    ),
    *[
        (
            f"events-by-{month}",
            f"accrual 10, 18; median 14, HR 0.7, dropout 5 % and 8 % a year, 2:1: events by month {month} a patient",
            share,
            (
                "getEventProbabilities(time=c(6,12,24,40),accrualTime=c(0,6,24),accrualIntensity=c(10,18),lambda2=log(2)/14,"
                "hazardRatio=.7,dropoutRate1=.05,dropoutRate2=.08,dropoutTime=12,allocationRatioPlanned=2)"
            ),
            lambda month=month: sum(LOSING.events(month)) / LOSING.patients,
        )
        for month, share in ((6, 0.0169658797594), (12, 0.0758632794116), (24, 0.3158833528026), (40, 0.6022489685853))
    ],
]

LACHIN = "Lachin and Foulkes (1986): variances under both hypotheses"
MEDIAN_20 = trial(exponential(np.log(2) / 20), 0.5, time=20, follow_up=10)
EAST = trial(exponential_from_survival(0.49, time=3), np.log(0.61) / np.log(0.49), time=3, follow_up=1.5)


def cpower(course: Course, patients: float) -> float:
    """Power of R's Hmisc::cpower: the variance of the alternative under both hypotheses, both directions counted."""
    sd = lachin_foulkes(course, scale="log_hazard_ratio").sd
    effect = lachin_foulkes(course, scale="log_hazard_ratio").effect
    towards, away = Moments(effect, sd, sd), Moments(-effect, sd, sd)
    return sum(power_of(each, patients, alpha=0.05, sided=2) for each in (towards, away))


_LACHIN: list[Check] = [
    Check(
        "lf-patients",
        LACHIN,
        "median 20, HR 0.5, accrual 20, follow-up 10, 0.025, 0.9",
        227.6,
        "gsDesign nSurv, printed in its vignette https://keaven.github.io/gsSurv/nsurv-examples.html, section 3.2",
        size(MEDIAN_20, "lachin_foulkes", **ONE),
        absolute=0.05,
    ),
    Check(
        "lf-events",
        LACHIN,
        "the same: events",
        88.7,
        "the same",
        lambda: events_in_all(MEDIAN_20, LogRank("lachin_foulkes"), **ONE),
        absolute=0.05,
    ),
    Check(
        "lf-variance",
        LACHIN,
        "709 patients, 49 % and 61 % alive at 3 years, accrual 3, follow-up 1.5, two-sided 0.05: power",
        0.8957574620887,
        "R Hmisc: cpower(3,709,1-.49,100*(1-(1-.61)/(1-.49)),3,1.5,0,0)",
        lambda: cpower(EAST, 709.0),
        relative=CLOSED,
    ),
    Check(
        "lf-variance-large",
        LACHIN,
        "14,000 patients, 2 % dead at 5 years, a quarter fewer, accrual 1.5, follow-up 5, two-sided 0.05: power",
        0.67334514874631,
        "R Hmisc: cpower(5,14000,.02,25,1.5,5,0,0)",
        lambda: cpower(
            trial(exponential_from_survival(0.98, time=5), np.log(0.985) / np.log(0.98), time=1.5, follow_up=5), 14000.0
        ),
        relative=CLOSED,
    ),
    Check(
        "lf-east",
        LACHIN,
        "49 % and 61 % alive at 3 years, accrual 3, follow-up 1.5, two-sided 0.05, 0.9: patients, rounded up",
        709,
        "East 6.4, printed in https://github.com/DanChaltiel/sample_size, two_sample_logrank_test.md",
        lambda: float(np.ceil(size(EAST, "lachin_foulkes", **TWO)())),
        absolute=0.0,
    ),
    *[
        Check(
            f"lf-difference-{years}",
            LACHIN,
            f"hazards {before} and {after}, accrual {years}, no follow-up, two-sided 0.05, 0.9, on differences: "
            "patients an arm, rounded up",
            patients,
            f"R epiR 2.0.57: epi.sscohortt(FT={years},irexp1={before},irexp0={after},n=NA,power=.9,r=1,sided.test=2)",
            lambda years=years, before=before, after=after: float(
                np.ceil(size(trial(exponential(before), after / before, time=years), DIFFERENCE, **TWO)() / 2)
            ),
            absolute=0.0,
        )
        for years, before, after, patients in ((1, 0.25, 0.1, 348), (3, 0.3, 0.2, 445))
    ],
]

DIFFERENCE = "lachin_foulkes_difference"
NONPROPORTIONAL = "Log-rank test by its limits, any hazards"
_LIMITS = [
    Check(
        "limits-patients",
        NONPROPORTIONAL,
        "hazards 0.05 and 0.03, accrual 6, follow-up 12, 0.025, 0.8: patients",
        275.33133,
        "R npsurvSS size_two_arm(), printed in https://github.com/DanChaltiel/sample_size, two_sample_logrank_test.md",
        size(trial(exponential(0.05), 0.6, time=6, follow_up=12), "weighted", **EIGHTY),
        relative=CLOSED,
    ),
    Check(
        "limits-events",
        NONPROPORTIONAL,
        "the same: events",
        122.16049,
        "the same",
        lambda: events_in_all(trial(exponential(0.05), 0.6, time=6, follow_up=12), LogRank("weighted"), **EIGHTY),
        relative=CLOSED,
    ),
]


def _checks(method: str, rows: list[tuple[str, str, float, str, Callable[[], float]]], relative: float) -> list[Check]:
    return [
        Check(name, method, inputs, expected, f"{RPACT}: {source}", compute, relative=relative)
        for name, inputs, expected, source, compute in rows
    ]


CHECKS = [
    *_checks(EVENTS, _EVENTS, CLOSED),
    *_checks(PATIENTS, _PATIENTS, CLOSED),
    *_checks(PATIENTS, _TIMES, SEARCHED),
    *_LACHIN,
    *_LIMITS,
]
