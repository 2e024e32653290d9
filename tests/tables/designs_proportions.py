"""Reference values of designs for proportions: normal approximations, margins, arcsine, exact tests. None is made."""

from __future__ import annotations

from collections.abc import Callable

from reference_check import Check

from sim.design.exact import one_arm, one_arm_power, two_arm_patients, two_arm_power
from sim.design.moments import Moments, patients_for, power_of
from sim.design.proportions import difference_of_proportions as difference
from sim.design.proportions import ratio_of_proportions as ratio

RPACT = "R rpact 3.3.4"
NORMAL = "Two proportions, normal approximation"
EXACT = "Proportions, exact tests"
EAST = (
    "R Exact power.exact.test(), compared with East there: https://github.com/DanChaltiel/sample_size, "
    "two_sample_exact_test.md"
)
EIGHTY = {"alpha": 0.025, "power": 0.8}
NINETY = {"alpha": 0.025, "power": 0.9}


def size(moments: Moments, **errors: float) -> Callable[[], float]:
    """Patients of both arms."""
    return lambda: patients_for(moments, **errors)  # type: ignore[arg-type]


_NORMAL: list[tuple[str, str, float, str, Callable[[], float]]] = [
    (
        "pooled",
        "0.2 and 0.4, one-sided 0.025, power 0.8",
        162.4484813909,
        f"{RPACT}: getSampleSizeRates(pi1=.4,pi2=.2,alpha=.025,beta=.2)",
        size(difference(0.2, 0.4), **EIGHTY),
    ),
    (
        "pooled-allocation",
        "the same, 2:1",
        186.5030767753,
        f"{RPACT}: the same with allocationRatioPlanned=2",
        size(difference(0.2, 0.4, allocation=2.0), **EIGHTY),
    ),
    (
        "pooled-two-sided",
        "0.2 and 0.4, two-sided 0.05, power 0.9",
        216.47107876,
        f"{RPACT}: getSampleSizeRates(pi1=.4,pi2=.2,alpha=.05,beta=.1,sided=2)",
        size(difference(0.2, 0.4), alpha=0.05, power=0.9, sided=2),
    ),
    (
        "pooled-unequal",
        "0.35 and 0.55, 40 % in the first arm, two-sided 0.05, power 0.9: patients of the first arm",
        106.68428924571,
        "R Hmisc: bsamsize(.35,.55,fraction=.4,alpha=.05,power=.9)",
        lambda: 0.4 * patients_for(difference(0.35, 0.55, allocation=1.5), alpha=0.05, power=0.9, sided=2),
    ),
    (
        "pooled-power",
        "0.2 and 0.4, 150 patients, one-sided 0.025: power",
        0.767380495449,
        f"{RPACT}: getPowerRates(pi1=.4,pi2=.2,alpha=.025,maxNumberOfSubjects=150,directionUpper=TRUE)",
        lambda: power_of(difference(0.2, 0.4), 150.0, alpha=0.025),
    ),
    (
        "pooled-power-allocation",
        "the same, 2:1",
        0.703369494911,
        f"{RPACT}: the same with allocationRatioPlanned=2",
        lambda: power_of(difference(0.2, 0.4, allocation=2.0), 150.0, alpha=0.025),
    ),
    (
        "unpooled",
        "0.65 and 0.85, two-sided 0.05, power 0.8, variance of the alternative: patients an arm",
        69.6588076423482,
        "closed form, R: (qnorm(.975)+qnorm(.8))^2*(.65*.35+.85*.15)/.2^2 (Chow, Shao and Wang 2008 print 70)",
        lambda: patients_for(difference(0.65, 0.85, method="unpooled"), alpha=0.05, power=0.8, sided=2) / 2.0,
    ),
    (
        "margin",
        "0.4 and 0.4, margin 0.1 (higher is better), one-sided 0.025, power 0.8",
        748.893333158,
        f"{RPACT}: getSampleSizeRates(pi1=.4,pi2=.4,thetaH0=-.1,alpha=.025,beta=.2)",
        size(difference(0.4, 0.4, margin=0.1), **EIGHTY),
    ),
    (
        "margin-lower-is-better",
        "0.4 and 0.35, margin 0.1 (lower is better), 2:1, one-sided 0.025, power 0.8",
        354.32626491,
        f"{RPACT}: getSampleSizeRates(pi1=.35,pi2=.4,thetaH0=.1,alpha=.025,beta=.2,allocationRatioPlanned=2)",
        size(difference(0.4, 0.35, margin=0.1, higher_is_better=False, allocation=2.0), **EIGHTY),
    ),
    (
        "margin-worse",
        "0.7 and 0.75, margin 0.1 (higher is better), 3:2, one-sided 0.025, power 0.9",
        377.40207030498,
        f"{RPACT}: getSampleSizeRates(pi1=.75,pi2=.7,thetaH0=-.1,alpha=.025,beta=.1,allocationRatioPlanned=1.5)",
        size(difference(0.7, 0.75, margin=0.1, allocation=1.5), **NINETY),
    ),
    (
        "ratio",
        "0.4 and 0.4, ratio to reject 0.8, one-sided 0.025, power 0.8",
        952.458868657,
        f"{RPACT}: getSampleSizeRates(pi1=.4,pi2=.4,thetaH0=.8,riskRatio=TRUE,alpha=.025,beta=.2)",
        size(ratio(0.4, 0.4, null_ratio=0.8), **EIGHTY),
    ),
    (
        "ratio-above",
        "0.3 and 0.3, ratio to reject 1.4, one-sided 0.025, power 0.9",
        879.93038450582,
        f"{RPACT}: getSampleSizeRates(pi1=.3,pi2=.3,thetaH0=1.4,riskRatio=TRUE,alpha=.025,beta=.1)",
        size(ratio(0.3, 0.3, null_ratio=1.4), **NINETY),
    ),
    (
        "ratio-power",
        "0.4 and 0.45, ratio to reject 0.8, 400 patients, one-sided 0.025: power",
        0.83215720312909,
        (
            f"{RPACT}: getPowerRates(pi1=.45,pi2=.4,thetaH0=.8,riskRatio=TRUE,alpha=.025,maxNumberOfSubjects=400,"
            "directionUpper=TRUE)"
        ),
        lambda: power_of(ratio(0.4, 0.45, null_ratio=0.8), 400.0, alpha=0.025),
    ),
    (
        "arcsine",
        "0.35 and 0.55, one-sided 0.05, power 0.8: patients an arm",
        75.437665140125,
        'R pwr: pwr.2p.test(h=ES.h(.55,.35),power=.8,sig.level=.05,alternative="greater")',
        lambda: patients_for(difference(0.35, 0.55, method="arcsine"), alpha=0.05, power=0.8) / 2.0,
    ),
]

_EXACT: list[tuple[str, str, float, float, str, Callable[[], float]]] = [
    (
        "one-arm-20-40",
        "null 0.2, alternative 0.4, one-sided 0.05, power 0.8: patients",
        35,
        0.0,
        f"{RPACT}: getSampleSizeRates(groups=1,pi1=.4,thetaH0=.2,alpha=.05,beta=.2,normalApproximation=FALSE)",
        lambda: one_arm(0.2, 0.4, alpha=0.05, power=0.8).patients,
    ),
    (
        "one-arm-10-30",
        "null 0.1, alternative 0.3, one-sided 0.05, power 0.9: patients",
        33,
        0.0,
        f"{RPACT}: getSampleSizeRates(groups=1,pi1=.3,thetaH0=.1,alpha=.05,beta=.1,normalApproximation=FALSE)",
        lambda: one_arm(0.1, 0.3, alpha=0.05, power=0.9).patients,
    ),
    (
        "z-pooled-80",
        "0.35 and 0.55, one-sided 0.05, power 0.8, unconditional z: patients of both arms",
        158,
        0.0,
        EAST,
        lambda: sum(two_arm_patients(0.35, 0.55, alpha=0.05, power=0.8, test="z_pooled", start=150.9)),
    ),
    (
        "z-pooled-90",
        "the same, power 0.9",
        218,
        0.0,
        EAST,
        lambda: sum(two_arm_patients(0.35, 0.55, alpha=0.05, power=0.9, test="z_pooled", start=208.2)),
    ),
    (
        "z-pooled-power",
        "the same, 109 an arm: power",
        0.902,
        0.0005,
        EAST,
        lambda: two_arm_power(0.35, 0.55, (109, 109), alpha=0.05, test="z_pooled"),
    ),
    (
        "fisher-power",
        "the same, Fisher, 91 an arm: power",
        0.821,
        0.0005,
        EAST,
        lambda: two_arm_power(0.35, 0.55, (91, 91), alpha=0.05),
    ),
]

CHECKS = [
    *[
        Check(name, NORMAL, inputs, expected, source, compute, relative=1e-5)
        for name, inputs, expected, source, compute in _NORMAL
    ],
    *[
        Check(name, EXACT, inputs, expected, source, compute, absolute=absolute)
        for name, inputs, expected, absolute, source, compute in _EXACT
    ],
    *[
        Check(
            f"one-arm-power-{patients}-of-{alternative}",
            EXACT,
            f"null {null}, alternative {alternative}, {patients} patients, one-sided {alpha}: power",
            power,
            f"R: 1-pbinom(qbinom({1 - alpha},{patients},{null}),{patients},{alternative})",
            lambda patients=patients, null=null, alternative=alternative, alpha=alpha: (
                one_arm_power(patients, null, alternative, alpha=alpha).power
            ),
            relative=1e-5,
        )
        for patients, null, alternative, alpha, power in (
            (50, 0.2, 0.4, 0.05, 0.90449829264448),
            (49, 0.5, 0.7, 0.025, 0.8100020),
            (50, 0.5, 0.7, 0.025, 0.7821931),
        )
    ],
]
