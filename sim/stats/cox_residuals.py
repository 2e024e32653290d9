"""What a fitted Cox model leaves: Schoenfeld residuals, the test of proportional hazards, the baseline hazard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from sim.errors import EngraftError, did_you_mean
from sim.stats.arrays import Floats, Integers, finite, readonly
from sim.stats.chi_square import ChiSquare, chi_square
from sim.stats.cox_data import Matrix
from sim.stats.cox_model import CoxModel
from sim.stats.reading import Printed, Reading
from sim.stats.survival import kaplan_meier

if TYPE_CHECKING:
    import pandas as pd

TimeScale = Literal["km", "identity", "log", "rank"]


@dataclass(frozen=True, eq=False, repr=False)
class Schoenfeld(Printed):
    """Schoenfeld residuals, one row an event, in order of strata and time: covariates less their expected value.

    `row` is the event's place in the input; `residuals` has shape (events, p).
    """

    names: tuple[str, ...]
    time: Floats
    row: Integers
    residuals: Matrix

    @property
    def conventions(self) -> str:
        """Which residuals, in words."""
        return "Schoenfeld residuals, unscaled; expected value: mean over those at risk, weighted by hazard"

    def to_frame(self) -> pd.DataFrame:
        """Columns time, row, and one a covariate."""
        import pandas as pd

        columns = {name: self.residuals[:, place] for place, name in enumerate(self.names)}
        return pd.DataFrame({"time": self.time, "row": self.row} | columns)


@dataclass(frozen=True, eq=False, repr=False)
class ProportionalityTest:
    """Score tests that each coefficient, and all together, do not change with a function of time."""

    names: tuple[str, ...]
    tests: tuple[ChiSquare, ...]
    together: ChiSquare
    transform: TimeScale

    @property
    def conventions(self) -> str:
        """Version of the test, in words."""
        return (
            f"score test of an interaction with g(t), g: {self.transform}; variance: information at the fit, of each "
            "event time; two-sided"
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a covariate and a last one, `all`: chi-square, df, p."""
        import pandas as pd

        tests = (*self.tests, self.together)
        return pd.DataFrame(
            {
                "covariate": [*self.names, "all"],
                "chi_square": [test.statistic for test in tests],
                "df": [test.df for test in tests],
                "p_value": [test.p_value for test in tests],
            }
        )

    def __repr__(self) -> str:
        lines = [f"  {name}: {test}" for name, test in zip(self.names, self.tests, strict=True)]
        return "\n".join(["ProportionalityTest", *lines, f"  all: {self.together}", f"  {self.conventions}"])


@dataclass(frozen=True, eq=False, repr=False)
class BaselineHazard(Reading):
    """Cumulative baseline hazard just after each event time, a row a stratum and time; `stratum` counts from 0."""

    stratum: Integers
    time: Floats
    hazard: Floats
    cumulative_hazard: Floats


@dataclass(frozen=True, eq=False)
class _Steps:
    """Terms of each event time in the order of the sorted rows: see the kernel."""

    place: Integers
    time: Floats
    stratum: Integers
    hazard: Floats
    mean: Matrix
    variance: np.ndarray


def schoenfeld_residuals(model: CoxModel) -> Schoenfeld:
    """Schoenfeld residuals: covariates of each event less their mean among those at risk, weighted by hazard.

    Under Efron's rule the mean is that of the means over the tied deaths. The residuals of a covariate sum to 0.

    References
    ----------
    Schoenfeld, Biometrika 69 (1982) 239-241; Therneau and Grambsch, Modeling Survival Data (2000), section 4.6.
    """
    data, steps = model.risk_sets, _steps(model)
    rows = np.flatnonzero(data.event)
    rows = rows[np.lexsort((data.time[rows], data.stratum[rows]))]
    return Schoenfeld(
        names=model.names,
        time=readonly(data.time[rows]),
        row=readonly(data.order[rows]),
        residuals=readonly(data.x[rows] - steps.mean[steps.place[rows]]),
    )


def proportionality_test(model: CoxModel, *, transform: TimeScale = "km") -> ProportionalityTest:
    """Grambsch and Therneau's test of proportional hazards, as the score test that R's survival 3 gives.

    Parameters
    ----------
    model
        Fitted, with finite coefficients.
    transform
        g(t): "km", one less Kaplan-Meier of all rows just before t; "identity"; "log"; "rank", of the
        time among those of all rows.

    Raises
    ------
    EngraftError
        If a coefficient is infinite, the transformation is unknown, or it is log and an event lies at time 0.

    Notes
    -----
    The model is widened by x g(t); the score of the new coefficients is the sum of Schoenfeld residuals times g, its
    variance the information of the widened model with the variance of the covariates at each event time. The earlier
    form of the test (Grambsch and Therneau, 1994, and survival before version 3) takes that variance as constant.

    References
    ----------
    Grambsch and Therneau, Biometrika 81 (1994) 515-526; Therneau and Grambsch (2000), section 6.2.
    """
    if transform not in get_args(TimeScale):
        raise EngraftError(f'transform: found "{transform!s}"{did_you_mean(str(transform), get_args(TimeScale))}')
    steps = _steps(model)
    data = model.risk_sets
    events = np.flatnonzero(data.event)
    g = _time_scale(model, transform)
    g = g - g.mean()
    residuals = data.x[events] - steps.mean[steps.place[events]]
    score = residuals.T @ g
    of_step = np.zeros(steps.time.size)
    of_step[steps.place[events]] = g
    plain = steps.variance.sum(axis=0)
    crossed = np.einsum("m,mab->ab", of_step, steps.variance)
    squared = np.einsum("m,mab->ab", of_step**2, steps.variance)
    left = squared - crossed.T @ np.linalg.solve(plain, crossed)
    p = len(model.names)
    if not np.diag(left).min() > 1e-12 * np.diag(squared).max(initial=0.0):
        raise EngraftError(
            "model: its events lie at too few times (or at one value of g) for a test of proportional hazards"
        )
    together = chi_square(float(score @ np.linalg.pinv(left, hermitian=True) @ score), int(np.linalg.matrix_rank(left)))
    return ProportionalityTest(
        names=model.names,
        tests=tuple(chi_square(float(score[place] ** 2 / left[place, place]), 1) for place in range(p)),
        together=together,
        transform=transform,
    )


def baseline_hazard(model: CoxModel, *, at: ArrayLike | None = None) -> BaselineHazard:
    """Cumulative hazard of a patient with covariates `at` (all 0 unless given), in each stratum.

    Breslow's estimate, or its Efron form with Efron's ties, as R's survival pairs them.

    Parameters
    ----------
    model
        Fitted, with finite coefficients.
    at
        Covariate values, length p.

    Raises
    ------
    EngraftError
        If a coefficient is infinite or `at` does not have p finite numbers.

    References
    ----------
    Breslow, Biometrics 30 (1974) 89-99; Therneau and Grambsch (2000), section 10.2.
    """
    steps = _steps(model)
    values = np.zeros(len(model.names)) if at is None else finite("at", at)
    if values.size != len(model.names):
        raise EngraftError(f"at: found {values.size} numbers; the model has {len(model.names)} covariates")
    hazard = steps.hazard * np.exp(float((values - model.risk_sets.centre) @ model.coefficients))
    order = np.lexsort((steps.time, steps.stratum))
    stratum, hazard = steps.stratum[order], hazard[order]
    total = np.cumsum(hazard)
    estimate = "Breslow's estimate" if model.ties == "breslow" else "Breslow's estimate in its Efron form for ties"
    first = np.flatnonzero(np.diff(stratum, prepend=-1))
    before = np.repeat(total[first] - hazard[first], np.diff(np.append(first, stratum.size)))
    return BaselineHazard(
        stratum=readonly(stratum),
        time=readonly(steps.time[order]),
        hazard=readonly(hazard),
        cumulative_hazard=readonly(total - before),
        conventions=f"cumulative hazard: {estimate}; no variance",
    )


def _steps(model: CoxModel) -> _Steps:
    from sim.stats.kernels.cox import cox_steps

    infinite = [name for name, value in zip(model.names, model.coefficients, strict=True) if not np.isfinite(value)]
    if infinite:
        raise EngraftError(f"model: the coefficient of {', '.join(infinite)} is infinite; it has no residuals")
    data = model.risk_sets
    n, p = data.sizes
    events = np.flatnonzero(data.event)
    changes = (np.diff(data.time[events]) != 0.0) | (np.diff(data.stratum[events]) != 0)
    m = 1 + int(changes.sum())
    place, deaths = np.full(n, -1, dtype=np.int64), np.zeros(m, dtype=np.int64)
    hazard, mean, variance = np.zeros(m), np.zeros((m, p)), np.zeros((m, p, p))
    beta = np.ascontiguousarray(model.coefficients)
    work, room = np.zeros((2, n)), np.zeros((2, p + 1, p + 1))
    top = cox_steps(*data.columns, beta, model.ties == "efron", place, deaths, hazard, mean, variance, work, room)
    time, stratum = np.zeros(m), np.zeros(m, dtype=np.int64)
    time[place[events]], stratum[place[events]] = data.time[events], data.stratum[events]
    return _Steps(place, time, stratum, hazard * np.exp(-top), mean, variance)


def _time_scale(model: CoxModel, transform: TimeScale) -> Floats:
    """The function of time, g, at each event, in the order of the sorted rows."""
    data = model.risk_sets
    time: Floats = data.time[data.event == 1]
    if transform == "identity":
        return time
    if transform == "log":
        if time.min() <= 0.0:
            raise EngraftError('transform: found "log" with an event at time 0; use "km", "identity" or "rank"')
        return np.asarray(np.log(time), dtype=np.float64)
    if transform == "rank":
        from scipy.stats import rankdata

        return np.asarray(rankdata(data.time)[data.event == 1], dtype=np.float64)
    curve = kaplan_meier(data.time, data.event, entry=data.entry if data.by_entry.size else None)
    before = np.concatenate(([1.0], curve.survival))[np.searchsorted(curve.time, time)]
    return np.asarray(1.0 - before, dtype=np.float64)
