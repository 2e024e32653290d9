"""Group-sequential designs against rpact, Jennison and Turnbull, and SAS: bounds, sizes, readings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from reference_check import Check

from sim.design import monitoring
from sim.design.sequential import GroupSequentialDesign, group_sequential
from sim.design.spending import (
    fixed_bounds,
    haybittle_peto,
    obrien_fleming,
    pocock,
    spending,
    user_spending,
    wang_tsiatis,
)

I3 = (0.3, 0.7, 1.0)
U4 = (0.2, 0.55, 0.8, 1.0)
JT = "Jennison and Turnbull, Group Sequential Methods (2000)"
SAS = "SAS/STAT 13.2 User's Guide, procedure SEQDESIGN"
OF_LIKE, POCOCK_LIKE = spending("obrien-fleming"), spending("pocock")


@cache
def _design(options: tuple[tuple[str, Any], ...]) -> GroupSequentialDesign:
    return group_sequential(**dict(options))


def design(**options: Any) -> Callable[[], GroupSequentialDesign]:
    """A design made when it is first needed, and once."""
    key = tuple(sorted(options.items()))
    return lambda: _design(key)


def rpact(call: str) -> str:
    """The command that gave a value."""
    return f"rpact 3.3.4: `getDesignGroupSequential({call})`"


def along(
    name: str,
    method: str,
    inputs: str,
    expected: Sequence[float],
    source: str,
    values: Callable[[], Any],
    *,
    absolute: float = 1e-5,
    skip: int = 0,
) -> list[Check]:
    """One check a look."""
    return [
        Check(
            f"{name}-{look}",
            method,
            f"{inputs}; look {look}",
            number,
            source,
            lambda look=look: float(values()[look - 1]),
            absolute=absolute,
        )
        for look, number in enumerate(expected, start=1)
        if look > skip
    ]


def bounds(
    name: str, inputs: str, expected: Sequence[float], call: str, *, absolute: float = 1e-5, **options: Any
) -> list[Check]:
    """Efficacy boundaries of a design, against rpact."""
    made = design(**options)
    return along(name, "Boundaries", inputs, expected, rpact(call), lambda: made().efficacy, absolute=absolute)


def planned(
    name: str,
    inputs: str,
    call: str,
    *,
    efficacy_z: Sequence[float],
    futility_z: Sequence[float],
    inflation: float,
    expected: tuple[float, float],
    **options: Any,
) -> list[Check]:
    """A design with power: boundaries, inflation, expected information under the alternative and under the null."""
    made = design(**options)
    source = rpact(call)
    kind = "Futility and power"

    def mean(null: bool) -> float:
        found = made()
        return found.characteristics(0.0 if null else None).expected_information * (found.inflation or 0.0)

    return [
        *along(f"{name}-efficacy", kind, f"{inputs}; efficacy", efficacy_z, source, lambda: made().efficacy),
        *along(f"{name}-futility", kind, f"{inputs}; futility", futility_z, source, lambda: made().futility),
        Check(
            f"{name}-inflation", kind, f"{inputs}; inflation", inflation, source, lambda: made().inflation or 0.0, 1e-5
        ),
        Check(
            f"{name}-asn-h1", kind, f"{inputs}; mean size, alternative", expected[0], source, lambda: mean(False), 1e-5
        ),
        Check(f"{name}-asn-h0", kind, f"{inputs}; mean size, null", expected[1], source, lambda: mean(True), 1e-5),
    ]


def constants(
    name: str, table: str, column: str, power: float | None, values: dict[tuple[float, int], float]
) -> list[Check]:
    """Constants printed with three decimals in Jennison and Turnbull, two-sided, equally spaced looks."""
    rules = {"C_P": pocock(), "R_P": pocock(), "C_B": obrien_fleming(), "R_B": obrien_fleming()}
    checks = []
    for (alpha, looks), number in values.items():
        options: dict[str, Any] = {"alpha": alpha, "sided": 2, "information": tuple(range(1, looks + 1))}
        made = design(efficacy=rules[column], power=power, **options)

        def value(made: Callable[[], GroupSequentialDesign] = made) -> float:
            return float(made().efficacy[-1] if power is None else made().inflation or 0.0)

        inputs = f"{column}, K = {looks}, two-sided alpha {alpha}" + (f", power {power}" if power else "")
        checks.append(
            Check(f"{name}-{alpha}-{looks}", "Constants", inputs, number, f"{JT}, {table}", value, absolute=5e-4)
        )
    return checks


def wang_tsiatis_constants() -> list[Check]:
    """Wang and Tsiatis' constants of three shapes, from the same book."""
    printed = {0.1: (1.994, 2.026, 2.050, 2.068), 0.25: (2.038, 2.083, 2.113, 2.136), 0.4: (2.111, 2.186, 2.233, 2.267)}
    checks = []
    for delta, numbers in printed.items():
        for looks, number in zip((2, 3, 4, 5), numbers, strict=True):
            made = design(alpha=0.05, sided=2, information=tuple(range(1, looks + 1)), efficacy=wang_tsiatis(delta))
            checks.append(
                Check(
                    f"jt-wt-{delta}-{looks}",
                    "Constants",
                    f"C_WT, Delta {delta}, K = {looks}, two-sided alpha 0.05",
                    number,
                    f"{JT}, Table 2.9",
                    lambda made=made: float(made().efficacy[-1]),
                    absolute=5e-4,
                )
            )
    return checks


def sas() -> list[Check]:
    """Designs printed in the manual of SAS."""
    five = design(
        alpha=0.025, information=(1, 2, 3, 4, 5), efficacy=OF_LIKE, futility=POCOCK_LIKE, binding=True, power=0.9
    )
    inputs = "5 looks, alpha 0.025 OF-like, beta 0.1 Pocock-like, binding"
    source = f"{SAS}, example 8 (errfuncobf, errfuncpoc), Output 101.8.1"

    def mean(drift: float | None) -> float:
        return 100.0 * five().characteristics(drift).expected_information * (five().inflation or 0.0)

    checks = [
        Check(
            "sas-8-max",
            "SAS",
            f"{inputs}; maximum information, %",
            119.4278,
            source,
            lambda: 100 * (five().inflation or 0),
            1e-4,
        ),
        Check("sas-8-null", "SAS", f"{inputs}; mean under the null, %", 50.35408, source, lambda: mean(0.0), 1e-5),
        Check(
            "rpact-8-alt",
            "SAS",
            f"{inputs}; mean under the alternative, %",
            78.771989562,
            rpact(
                "typeOfDesign = 'asOF', alpha = 0.025, kMax = 5, beta = 0.1, typeBetaSpending = 'bsP', "
                "bindingFutility = TRUE"
            ),
            lambda: mean(None),
            1e-5,
        ),
    ]
    for looks, number in ((1, 168.12), (2, 169.32), (5, 172.57), (10, 174.42)):
        made = design(alpha=0.05, sided=2, information=tuple(range(1, looks + 1)), efficacy=obrien_fleming(), power=0.9)
        checks.append(
            Check(
                f"sas-of-{looks}",
                "SAS",
                f"O'Brien-Fleming, {looks} looks, two-sided 0.05, power 0.9, effect 0.25; maximum information",
                number,
                f"{SAS}, applicable group sequential designs",
                lambda made=made: 16.0 * float(made().drift or 0.0) ** 2,
                absolute=0.0051,
            )
        )
    return checks


def monitored() -> list[Check]:
    """Interim and final readings of one trial: normal mean, 100 patients at full information, standard deviation 1."""
    made = design(alpha=0.025, information=I3, efficacy=OF_LIKE, power=0.9)
    source = (
        "rpact 3.3.4: design asOF, (0.3, 0.7, 1); `getDataset(overallN = c(30, 70), overallMeans = "
        "c(0.3, 0.35), overallStDevs = c(1, 1))`, normalApproximation; `{}`"
    )
    z1, z2 = 0.3 * np.sqrt(30.0), 0.35 * np.sqrt(70.0)

    def interval(end: str) -> float:
        found = monitoring.repeated_interval(made(), look=2, estimate=0.35, std_error=1.0 / np.sqrt(70.0))
        return float(getattr(found, end))

    def final(name: str) -> float:
        return float(getattr(monitoring.final_inference(made(), look=2, z=z2), name))

    def check(name: str, what: str, expected: float, function: str, value: Callable[[], float], near: float) -> Check:
        return Check(f"read-{name}", "Interim and final readings", what, expected, source.format(function), value, near)

    crp = (
        "rpact 3.3.4: getDesignInverseNormal asOF (0.3, 0.7, 1), n = c(30, 40), means = c(0.25, 0.3), sd "
        "1; `getConditionalRejectionProbabilities`"
    )
    crp_z = (
        np.sqrt(30.0) * 0.25,
        (np.sqrt(0.3) * np.sqrt(30.0) * 0.25 + np.sqrt(0.4) * np.sqrt(40.0) * 0.3) / np.sqrt(0.7),
    )
    return [
        check(
            "cp",
            "conditional power at look 2, mean 0.3",
            0.993144285422,
            "getConditionalPower(nPlanned = 30, thetaH1 = 0.3)",
            lambda: monitoring.conditional_power(made(), look=2, z=z2, drift=3.0),
            1e-6,
        ),
        check(
            "rci-low",
            "repeated interval at look 2, low",
            0.0585145340268,
            "getRepeatedConfidenceIntervals",
            lambda: interval("low"),
            1e-6,
        ),
        check(
            "rci-high",
            "repeated interval at look 2, high",
            0.6414854659624,
            "getRepeatedConfidenceIntervals",
            lambda: interval("high"),
            1e-6,
        ),
        check(
            "rp-1",
            "repeated p at look 1",
            0.28340478347206,
            "getRepeatedPValues",
            lambda: monitoring.repeated_p(made(), look=1, z=z1),
            1e-5,
        ),
        check(
            "rp-2",
            "repeated p at look 2",
            0.00866702118111,
            "getRepeatedPValues",
            lambda: monitoring.repeated_p(made(), look=2, z=z2),
            1e-6,
        ),
        check(
            "final-p",
            "stage-wise p, stopped at look 2",
            0.00172996480118,
            "getFinalPValue",
            lambda: final("p_value"),
            1e-7,
        ),
        check(
            "final-low",
            "stage-wise interval, low (mean)",
            0.115420474133,
            "getFinalConfidenceInterval",
            lambda: final("low") / 10,
            1e-5,
        ),
        check(
            "final-high",
            "stage-wise interval, high (mean)",
            0.584164619078,
            "getFinalConfidenceInterval",
            lambda: final("high") / 10,
            1e-5,
        ),
        check(
            "final-mue",
            "median-unbiased estimate (mean)",
            0.34984771135,
            "getFinalConfidenceInterval",
            lambda: final("estimate") / 10,
            1e-5,
        ),
        Check(
            "read-crp-1",
            "Interim and final readings",
            "conditional rejection probability, look 1",
            0.0742562514658,
            crp,
            lambda: monitoring.conditional_error(made(), look=1, z=crp_z[0]),
            1e-6,
        ),
        Check(
            "read-crp-2",
            "Interim and final readings",
            "conditional rejection probability, look 2",
            0.4636260165532,
            crp,
            lambda: monitoring.conditional_error(made(), look=2, z=crp_z[1]),
            1e-6,
        ),
    ]


def observed() -> list[Check]:
    """Boundaries at observed information, remaining alpha at the last look."""
    made = design(alpha=0.025, information=I3, efficacy=OF_LIKE)
    call = (
        "typeOfDesign = 'asUser', alpha = 0.025, informationRates = {}, userAlphaSpending = alpha spent by the planned "
        "function at the observed fractions, 0.025 last"
    )
    cases = {
        "under": ((0.35, 0.6, 0.9), (3.61278873643, 2.67323922366, 1.97560133785), "c(.35, .6, .9) / .9"),
        "over": ((0.35, 0.8, 1.2), (3.61278873643, 2.25206673890, 2.07083473355), "c(.35, .8, 1.2) / 1.2"),
    }
    checks = []
    for name, (information, expected, rates) in cases.items():
        checks += along(
            f"observed-{name}",
            "Observed information",
            f"planned 0.3, 0.7, 1, OF-like 0.025; observed {information}",
            expected,
            rpact(call.format(rates)),
            lambda information=information: made().at_observed(information).efficacy,
        )
    return checks


def power_at() -> list[Check]:
    """Power and mean size under several drifts."""
    made = design(alpha=0.025, information=I3, efficacy=OF_LIKE)
    source = "rpact 3.3.4: `getPowerAndAverageSampleNumber(asOF, theta = {}, nMax = 150)`"
    checks = []
    for theta, power, size in (
        (0.1, 0.2273673504705, 146.422847892),
        (0.2, 0.6808897832559, 134.021035349),
        (0.3, 0.9545400726335, 115.152795058),
    ):
        drift = theta * np.sqrt(150.0)
        inputs = f"OF-like 0.025 at 0.3, 0.7, 1; mean {theta}, 150 patients"
        checks += [
            Check(
                f"power-{theta}",
                "Power",
                f"{inputs}; power",
                power,
                source.format(theta),
                lambda drift=drift: made().power_at(drift),
                1e-6,
            ),
            Check(
                f"size-{theta}",
                "Power",
                f"{inputs}; mean size",
                size,
                source.format(theta),
                lambda drift=drift: made().characteristics(drift, patients=[45, 105, 150]).expected_patients or 0.0,
                1e-4,
            ),
        ]
    return checks


FIVE = (1, 2, 3, 4, 5)
CHECKS: list[Check] = [
    *bounds(
        "ld-of",
        "Lan-DeMets OF-like, one-sided 0.025, quarters",
        (4.33263365, 2.96313160, 2.35904429, 2.01409014),
        "typeOfDesign = 'asOF', alpha = 0.025, informationRates = (1:4) / 4",
        alpha=0.025,
        information=(1, 2, 3, 4),
        efficacy=OF_LIKE,
    ),
    *bounds(
        "ld-p",
        "Lan-DeMets Pocock-like, one-sided 0.025, at 0.4, 0.7, 1",
        (2.22387496, 2.30507961, 2.30975135),
        "typeOfDesign = 'asP', alpha = 0.025, informationRates = c(.4, .7, 1)",
        alpha=0.025,
        information=(0.4, 0.7, 1.0),
        efficacy=POCOCK_LIKE,
    ),
    *bounds(
        "of-5",
        "O'Brien-Fleming, one-sided 0.025, K = 5",
        (4.56174231, 3.22563892, 2.63372315, 2.28087115, 2.04007318),
        "typeOfDesign = 'OF', alpha = 0.025, kMax = 5",
        alpha=0.025,
        information=FIVE,
        efficacy=obrien_fleming(),
    ),
    *bounds(
        "pocock-5",
        "Pocock, one-sided 0.025, K = 5",
        (2.41318028705,) * 5,
        "typeOfDesign = 'P', alpha = 0.025, kMax = 5",
        alpha=0.025,
        information=FIVE,
        efficacy=pocock(),
    )[-1:],
    *bounds(
        "pocock-two",
        "Pocock, two-sided 0.05, at 0.2, 0.55, 0.8, 1",
        (2.36436333576,) * 4,
        "typeOfDesign = 'P', alpha = 0.05, sided = 2, informationRates = c(.2, .55, .8, 1)",
        alpha=0.05,
        sided=2,
        information=U4,
        efficacy=pocock(),
    )[-1:],
    *bounds(
        "of-unequal",
        "O'Brien-Fleming, one-sided 0.025, at 0.2, 0.55, 0.8, 1",
        (4.54897220992, 2.74313345492, 2.27448610496, 2.03436221783),
        "typeOfDesign = 'OF', alpha = 0.025, informationRates = c(.2, .55, .8, 1)",
        alpha=0.025,
        information=U4,
        efficacy=obrien_fleming(),
    ),
    *bounds(
        "wt-25",
        "Wang-Tsiatis Delta 0.25, one-sided 0.025, at 0.3, 0.7, 1",
        (2.81252812190, 2.27563537991, 2.08150370017),
        "typeOfDesign = 'WT', deltaWT = 0.25, alpha = 0.025, informationRates = c(.3, .7, 1)",
        alpha=0.025,
        information=I3,
        efficacy=wang_tsiatis(0.25),
    ),
    *bounds(
        "wt-10",
        "Wang-Tsiatis Delta 0.1, one-sided 0.05, at 0.2, 0.55, 0.8, 1",
        (3.36662300329, 2.24626716588, 1.93361715289, 1.76850578502),
        "typeOfDesign = 'WT', deltaWT = 0.1, alpha = 0.05, informationRates = c(.2, .55, .8, 1)",
        alpha=0.05,
        information=U4,
        efficacy=wang_tsiatis(0.1),
    ),
    *bounds(
        "hp-3",
        "Haybittle-Peto 3, one-sided 0.025, at 0.3, 0.7, 1",
        (3.0, 3.0, 1.97559567345),
        "typeOfDesign = 'HP', alpha = 0.025, informationRates = c(.3, .7, 1)",
        alpha=0.025,
        information=I3,
        efficacy=haybittle_peto(),
    )[-1:],
    *bounds(
        "hp-5",
        "Haybittle-Peto 3, one-sided 0.025, K = 5",
        (3.0, 3.0, 3.0, 3.0, 1.99004774628),
        "typeOfDesign = 'HP', alpha = 0.025, kMax = 5",
        alpha=0.025,
        information=FIVE,
        efficacy=haybittle_peto(),
    )[-1:],
    *bounds(
        "hsd-4",
        "Hwang-Shih-DeCani gamma -4, one-sided 0.025, at 0.3, 0.7, 1",
        (3.06669954932, 2.48366639763, 2.00276742131),
        "typeOfDesign = 'asHSD', gammaA = -4, alpha = 0.025, informationRates = c(.3, .7, 1)",
        alpha=0.025,
        information=I3,
        efficacy=spending("hwang-shih-decani", -4),
    ),
    *bounds(
        "hsd-1",
        "Hwang-Shih-DeCani gamma 1, one-sided 0.025, at 0.2, 0.55, 0.8, 1",
        (2.44867724974, 2.28374066204, 2.33944017440, 2.37895480543),
        "typeOfDesign = 'asHSD', gammaA = 1, alpha = 0.025, informationRates = c(.2, .55, .8, 1)",
        alpha=0.025,
        information=U4,
        efficacy=spending("hwang-shih-decani", 1),
    ),
    *bounds(
        "kd-3",
        "Kim-DeMets rho 3, one-sided 0.025, at 0.3, 0.7, 1",
        (3.20513318018, 2.40019235760, 2.01430470496),
        "typeOfDesign = 'asKD', gammaA = 3, alpha = 0.025, informationRates = c(.3, .7, 1)",
        alpha=0.025,
        information=I3,
        efficacy=spending("kim-demets", 3),
    ),
    *bounds(
        "kd-two",
        "Kim-DeMets rho 1, two-sided 0.05, at 0.2, 0.55, 0.8, 1",
        (2.57582930355, 2.32890095562, 2.29636760801, 2.26364361495),
        "typeOfDesign = 'asKD', gammaA = 1, alpha = 0.05, sided = 2, informationRates = c(.2, .55, .8, 1)",
        alpha=0.05,
        sided=2,
        information=U4,
        efficacy=spending("kim-demets", 1),
    ),
    *bounds(
        "ld-of-two",
        "Lan-DeMets OF-like, two-sided 0.05, at 0.3, 0.7, 1",
        (3.92857254263, 2.43874237686, 2.00000857562),
        "typeOfDesign = 'asOF', alpha = 0.05, sided = 2, informationRates = c(.3, .7, 1)",
        alpha=0.05,
        sided=2,
        information=I3,
        efficacy=OF_LIKE,
    ),
    *bounds(
        "user",
        "user-defined 0.001, 0.01, 0.025, one-sided, at 0.3, 0.7, 1",
        (3.09023230617, 2.34848334640, 2.03209231049),
        (
            "typeOfDesign = 'asUser', alpha = 0.025, informationRates = c(.3, .7, 1), "
            "userAlphaSpending = c(.001, .01, .025)"
        ),
        alpha=0.025,
        information=I3,
        efficacy=user_spending([0.04, 0.4, 1.0]),
    ),
    *bounds(
        "none-early",
        "efficacy at the last look only, one-sided 0.025",
        (np.inf, np.inf, 1.95996398454),
        "typeOfDesign = 'noEarlyEfficacy', alpha = 0.025, informationRates = c(.3, .7, 1)",
        alpha=0.025,
        information=I3,
        efficacy=OF_LIKE,
        efficacy_at=(3,),
    )[-1:],
    *planned(
        "nb-of",
        "OF-like 0.025, OF-like beta 0.1 non-binding, at 0.3, 0.7, 1",
        (
            "typeOfDesign = 'asOF', alpha = 0.025, beta = 0.1, informationRates = c(.3, .7, 1), "
            "typeBetaSpending = 'bsOF', bindingFutility = FALSE"
        ),
        efficacy_z=(3.92857254263, 2.43874237686, 2.00000857562),
        futility_z=(-0.952351466522, 1.139924987685),
        inflation=1.065997564696,
        expected=(0.836349974725, 0.711584349516),
        alpha=0.025,
        information=I3,
        efficacy=OF_LIKE,
        futility=OF_LIKE,
        power=0.9,
    ),
    *planned(
        "b-of",
        "OF-like 0.025, OF-like beta 0.1 binding, at 0.3, 0.7, 1",
        (
            "typeOfDesign = 'asOF', alpha = 0.025, beta = 0.1, informationRates = c(.3, .7, 1), "
            "typeBetaSpending = 'bsOF', bindingFutility = TRUE"
        ),
        efficacy_z=(3.92857254263, 2.43868481368, 1.96004692465),
        futility_z=(-0.972828028373, 1.108646261040),
        inflation=1.042315263469,
        expected=(0.821807286855, 0.699983037362),
        alpha=0.025,
        information=I3,
        efficacy=OF_LIKE,
        futility=OF_LIKE,
        binding=True,
        power=0.9,
    ),
    *planned(
        "nb-p",
        "Pocock-like 0.025, Pocock-like beta 0.2 non-binding, at 0.3, 0.7, 1",
        (
            "typeOfDesign = 'asP', alpha = 0.025, beta = 0.2, informationRates = c(.3, .7, 1), "
            "typeBetaSpending = 'bsP', bindingFutility = FALSE"
        ),
        efficacy_z=(2.31183530381, 2.25834635645, 2.30618288368),
        futility_z=(0.422976211606, 1.585824014153),
        inflation=1.387001702956,
        expected=(0.815360523179, 0.611128784770),
        alpha=0.025,
        information=I3,
        efficacy=POCOCK_LIKE,
        futility=POCOCK_LIKE,
        power=0.8,
    ),
    *planned(
        "b-hsd",
        "Hwang-Shih-DeCani -4 0.025, -2 for beta 0.1 binding, at 0.2, 0.55, 0.8, 1",
        (
            "typeOfDesign = 'asHSD', gammaA = -4, alpha = 0.025, beta = 0.1, informationRates = c(.2, "
            ".55, .8, 1), typeBetaSpending = 'bsHSD', gammaB = -2, bindingFutility = TRUE"
        ),
        efficacy_z=(3.25266848844, 2.71585645527, 2.35289786011, 1.96748975664),
        futility_z=(-0.927531279058, 0.544920955319, 1.334451216739),
        inflation=1.064114607560,
        expected=(0.757499667954, 0.609584744524),
        alpha=0.025,
        information=U4,
        efficacy=spending("hwang-shih-decani", -4),
        futility=spending("hwang-shih-decani", -2),
        binding=True,
        power=0.9,
    ),
    *planned(
        "nb-kd",
        "Kim-DeMets 2 0.025, 1.5 for beta 0.1 non-binding, at 0.2, 0.55, 0.8, 1",
        (
            "typeOfDesign = 'asKD', gammaA = 2, alpha = 0.025, beta = 0.1, informationRates = c(.2, .55, "
            ".8, 1), typeBetaSpending = 'bsKD', gammaB = 1.5, bindingFutility = FALSE"
        ),
        efficacy_z=(3.09023230617, 2.46458622068, 2.25154260546, 2.10790567845),
        futility_z=(-0.806646962611, 0.784344818909, 1.519081673119),
        inflation=1.159924948369,
        expected=(0.753015010766, 0.621188908410),
        alpha=0.025,
        information=U4,
        efficacy=spending("kim-demets", 2),
        futility=spending("kim-demets", 1.5),
        power=0.9,
    ),
    *planned(
        "b-fixed",
        "O'Brien-Fleming 0.025, futility z 0, 0.5 binding, power 0.9, at 0.3, 0.7, 1",
        (
            "typeOfDesign = 'OF', alpha = 0.025, beta = 0.1, informationRates = c(.3, .7, 1), "
            "futilityBounds = c(0, .5), bindingFutility = TRUE"
        ),
        efficacy_z=(3.61868039293, 2.36898240235, 1.98203287961),
        futility_z=(),
        inflation=1.075330495623,
        expected=(0.816936469274, 0.616002947007),
        alpha=0.025,
        information=I3,
        efficacy=obrien_fleming(),
        futility=fixed_bounds([0.0, 0.5]),
        binding=True,
        power=0.9,
    ),
    *planned(
        "p4-two",
        "Pocock, two-sided 0.05, power 0.8, K = 4",
        "typeOfDesign = 'P', alpha = 0.05, sided = 2, kMax = 4, beta = 0.2",
        efficacy_z=(2.3612978911,),
        futility_z=(),
        inflation=1.202476157486,
        expected=(0.805201914659, 1.174965955380),
        alpha=0.05,
        sided=2,
        information=(1, 2, 3, 4),
        efficacy=pocock(),
        power=0.8,
    ),
    *constants(
        "jt-cp",
        "Table 2.1",
        "C_P",
        None,
        {
            (0.05, 2): 2.178,
            (0.05, 3): 2.289,
            (0.05, 4): 2.361,
            (0.05, 5): 2.413,
            (0.05, 10): 2.555,
            (0.01, 2): 2.772,
            (0.01, 5): 2.986,
            (0.1, 2): 1.875,
            (0.1, 5): 2.122,
        },
    ),
    *constants(
        "jt-cb",
        "Table 2.3",
        "C_B",
        None,
        {
            (0.05, 2): 1.977,
            (0.05, 3): 2.004,
            (0.05, 4): 2.024,
            (0.05, 5): 2.040,
            (0.05, 10): 2.087,
            (0.01, 2): 2.580,
            (0.01, 5): 2.621,
            (0.1, 2): 1.678,
            (0.1, 5): 1.751,
        },
    ),
    *constants(
        "jt-rp", "Table 2.2", "R_P", 0.9, {(0.05, 2): 1.100, (0.05, 3): 1.151, (0.05, 4): 1.183, (0.05, 5): 1.207}
    ),
    *constants(
        "jt-rb", "Table 2.4", "R_B", 0.9, {(0.05, 2): 1.007, (0.05, 3): 1.016, (0.05, 4): 1.022, (0.05, 5): 1.026}
    ),
    *wang_tsiatis_constants(),
    *sas(),
    *observed(),
    *power_at(),
    *monitored(),
]
