"""A fixed design for proportions as a result, by normal approximations or exact tests. No moments are derived here."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

from scipy.special import ndtr

from sim.design.characteristics import Characteristics, one_analysis
from sim.design.exact import TESTS as EXACT_TESTS
from sim.design.exact import ExactTest, two_arm_patients, two_arm_power
from sim.design.fixed import sides_in_words
from sim.design.inputs import positive, probability, sides
from sim.design.moments import attainable, critical_value, patients_for, whole_arms
from sim.design.proportions import METHODS as NORMAL_METHODS
from sim.design.proportions import ProportionMethod, difference_of_proportions
from sim.errors import EngraftError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

TestMethod = Literal["pooled", "unpooled", "arcsine", "fisher", "z_pooled"]
METHODS: tuple[str, ...] = get_args(TestMethod)

_NAMES = {
    "pooled": "test of the difference of two proportions",
    "unpooled": "test of the difference of two proportions, unpooled variance",
    "arcsine": "test of the difference of two arcsine-transformed proportions",
    "fisher": "Fisher's exact test",
    "z_pooled": "unconditional exact test of two proportions by the pooled z statistic",
}
_VARIANCE = {
    "pooled": "under the hypothesis to reject at the restricted maximum likelihood (pooled without margin), under the "
    "alternative at its own proportions (Farrington and Manning 1990)",
    "unpooled": "at the proportions of the alternative, under both hypotheses",
    "arcsine": "1/n of each arm for 2 arcsin(sqrt(p)), under both hypotheses",
    "fisher": "none; exact, conditional on the number of responses",
    "z_pooled": "none; exact, size maximised over the common proportion (Suissa and Shuster 1985)",
}


@dataclass(frozen=True, eq=False, repr=False)
class FixedProportions:
    """Two proportions compared once; `arms` are patients of control and treatment, `exact_patients` unrounded."""

    control: float
    treatment: float
    method: TestMethod
    margin: float
    higher_is_better: bool
    allocation: float
    alpha: float
    sided: int
    arms: tuple[int, int]
    exact_patients: float
    wanted: float | None

    def __repr__(self) -> str:
        return f"FixedProportions({self.name}, {sum(self.arms)} patients, power {self.power:.6g})"

    @property
    def name(self) -> str:
        """What the test is called in a protocol."""
        return _NAMES[self.method] + (f", non-inferiority margin {self.margin:g}" if self.margin else "")

    @property
    def exact(self) -> bool:
        """Whether the test is exact, without a normal statistic."""
        return self.method in EXACT_TESTS

    @property
    def power(self) -> float:
        """With whole patients."""
        if self.exact:
            return self._exact_power(self.treatment)
        return float(ndtr(self.drift - critical_value(self.alpha, self.sided)))

    @property
    def drift(self) -> float:
        """Mean of Z, with variance 1 and the usual critical value, that has the power of the normal approximation."""
        return self.drift_under(self.treatment)

    def drift_under(self, treatment: float) -> float:
        """Mean of Z under another proportion of the treatment arm, towards the effect that is planned for."""
        moments = difference_of_proportions(
            self.control,
            treatment,
            margin=self.margin,
            higher_is_better=self.higher_is_better,
            allocation=self.arms[1] / self.arms[0],
            method=_normal(self.method),
        )
        if self.margin == 0.0 and (treatment - self.control) * (self.treatment - self.control) < 0.0:
            moments = replace(moments, effect=-moments.effect)  # it was taken in its own direction
        return moments.mean_of_z(sum(self.arms), alpha=self.alpha, sided=self.sided)

    def characteristics(self, *, treatment: float | None = None, drift: float | None = None) -> Characteristics:
        """Power as planned, under another proportion of the treatment arm or a mean of Z, towards what is planned for.

        Raises
        ------
        EngraftError
            If a mean of Z is given to an exact test, which has none.
        """
        after = self.treatment if treatment is None else treatment
        if self.exact:
            if drift is not None:
                raise EngraftError(f"drift: {self.name} has no statistic with a normal law; give a proportion")
            return one_analysis(math.nan, self._exact_power(after), patients=sum(self.arms))
        mean = self.drift_under(after) if drift is None else drift
        power = float(ndtr(mean - critical_value(self.alpha, self.sided)))
        return one_analysis(mean, power, patients=sum(self.arms))

    def _exact_power(self, treatment: float) -> float:
        test: ExactTest = "fisher" if self.method == "fisher" else "z_pooled"
        higher = self.treatment > self.control
        return two_arm_power(
            self.control, treatment, self.arms, alpha=self.alpha, sided=self.sided, test=test, higher=higher
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a quantity, with its value before and after rounding."""
        import pandas as pd

        r = self.allocation
        rows = [
            ("patients", self.exact_patients, sum(self.arms)),
            ("patients, control", self.exact_patients / (1.0 + r), self.arms[0]),
            ("patients, treatment", self.exact_patients * r / (1.0 + r), self.arms[1]),
            ("power", math.nan if self.wanted is None else self.wanted, self.power),
        ]
        return pd.DataFrame(rows, columns=["quantity", "exact", "planned"])

    @property
    def conventions(self) -> tuple[str, ...]:
        """Variance, sides, rounding."""
        rounding = "each arm rounded up to whole patients"
        if self.method in EXACT_TESTS and self.wanted is not None:
            rounding = (
                "the smallest size whose exact power is enough; power is a saw-tooth, so a patient more may have less; "
                "the exact column is that of the pooled normal approximation"
            )
        return (
            f"Variance: {_VARIANCE[self.method]}.",
            sides_in_words(self.alpha, self.sided),
            f"Rounding: {rounding}.",
            "The analysis is held when all patients have been observed; nothing depends on a number of events.",
        )


def _normal(method: TestMethod) -> ProportionMethod:
    return "unpooled" if method == "unpooled" else "arcsine" if method == "arcsine" else "pooled"


def fixed_proportions(
    control: float,
    treatment: float,
    *,
    alpha: float,
    sided: int = 1,
    power: float | None = None,
    patients: float | None = None,
    method: TestMethod = "pooled",
    margin: float = 0.0,
    higher_is_better: bool = True,
    allocation: float = 1.0,
    inflation: float = 1.0,
) -> FixedProportions:
    """Size a comparison of two proportions, or find its power.

    Parameters
    ----------
    control, treatment
        Proportions under the alternative, inside (0, 1) and different unless there is a margin.
    power, patients
        Exactly one: the power asked for, or the patients of both arms.
    method
        ``pooled``, ``unpooled``, ``arcsine`` (see `sim.design.proportions`), ``fisher``, ``z_pooled`` (see
        `sim.design.exact`).
    margin, higher_is_better
        For non-inferiority: by how much the treatment may do worse, and which way is worse.
    allocation
        Patients of the treatment arm for each of the control arm.
    inflation
        Factor on the patients found, for looks at the data; not with exact tests.

    Raises
    ------
    EngraftError
        If an argument is out of range or the power cannot be reached.
    """
    before, after = probability("control", control), probability("treatment", treatment)
    if method not in METHODS:
        raise EngraftError(f'method: no test of proportions is called "{method}"{did_you_mean(str(method), METHODS)}')
    if (power is None) == (patients is None):
        raise EngraftError("power: give exactly one of power and patients")
    if before == after and margin == 0.0:
        raise EngraftError(f"treatment: found {after:.12g}, that of the control arm; without a margin they must differ")
    ratio = positive("allocation", allocation)
    sides(sided)
    exact = method in EXACT_TESTS
    if exact and margin != 0.0:
        raise EngraftError(f"margin: found {margin:.12g}; with the method {method} it must be 0")
    moments = difference_of_proportions(
        before, after, margin=margin, higher_is_better=higher_is_better, allocation=ratio, method=_normal(method)
    )
    if power is None:
        size = positive("patients", patients)
        arms = whole_arms(size, ratio)
    else:
        attainable(power, alpha, sided)
        size = patients_for(moments, alpha=alpha, power=power, sided=sided) * inflation
        arms = whole_arms(size, ratio)
        if exact:
            test: ExactTest = "fisher" if method == "fisher" else "z_pooled"
            arms = two_arm_patients(
                before, after, alpha=alpha, power=power, sided=sided, allocation=ratio, test=test, start=size
            )
    assert method in (*NORMAL_METHODS, *EXACT_TESTS)
    return FixedProportions(before, after, method, margin, higher_is_better, ratio, alpha, sided, arms, size, power)
