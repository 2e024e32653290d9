"""Cox proportional hazards: fit, tests, robust variance. Rows are sorted in cox_data; profiles, residuals elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from sim.errors import EngraftError, did_you_mean
from sim.stats.arrays import Floats, Integers, entry_times, event_indicator, observed_times, readonly
from sim.stats.chi_square import ChiSquare, chi_square, quadratic_form
from sim.stats.cox_data import Covariates, Matrix, RiskSets, covariate_columns, optional_labels, risk_sets
from sim.stats.cox_fit import PartialFit, fit_with_limits, score_residuals
from sim.stats.intervals import checked_level, normal_quantile

if TYPE_CHECKING:
    import pandas as pd

Ties = Literal["efron", "breslow"]


@dataclass(frozen=True, eq=False, repr=False)
class CoxModel:
    """A fitted proportional hazards model with p covariates.

    Attributes
    ----------
    names, coefficients, std_error
        Of the covariates, length p: log hazard ratios and their standard errors, robust ones if `variance` says so. A
        coefficient whose likelihood rises without end is plus or minus infinity, its standard error infinity.
    covariance, model_covariance
        Shape (p, p): the one that intervals and the Wald test use, and the inverse information. Infinite coefficients
        have infinity on the diagonal and 0 elsewhere.
    log_likelihood, log_likelihood_null
        Log partial likelihood at the estimate (its limit, where a coefficient is infinite) and at 0.
    wald, score, likelihood_ratio
        Tests that all coefficients are 0. Score and likelihood ratio use the model's variance. An infinite
        coefficient adds nothing to Wald's statistic (its limit): read the other two there.
    robust_score
        The score test with the empirical variance of the score residuals at 0; None unless robust.
    n, events, strata, clusters
        Counts of rows, events, strata, and clusters (0 unless given).
    ties, variance, conf_level
        Conventions.
    risk_sets
        The sorted rows, for residuals and profiles.
    """

    names: tuple[str, ...]
    coefficients: Floats
    std_error: Floats
    covariance: Matrix
    model_covariance: Matrix
    log_likelihood: float
    log_likelihood_null: float
    wald: ChiSquare
    score: ChiSquare
    likelihood_ratio: ChiSquare
    robust_score: ChiSquare | None
    n: int
    events: int
    strata: int
    clusters: int
    ties: Ties
    variance: Literal["model", "robust"]
    conf_level: float
    risk_sets: RiskSets

    @property
    def hazard_ratios(self) -> Floats:
        """Exponentiated coefficients, shape (p,)."""
        return np.asarray(np.exp(self.coefficients), dtype=np.float64)

    @property
    def conventions(self) -> str:
        """Tie rule, variance, sides and type of interval, in words."""
        kind = "inverse information" if self.variance == "model" else "robust (sandwich of score residuals)"
        kind += f" over {self.clusters} clusters" if self.clusters else ""
        begin = "; left truncation" if self.risk_sets.by_entry.size else ""
        return (
            f"ties: {self.ties.capitalize()}; variance: {kind}, at the estimate; tests two-sided; "
            f"interval: {100 * self.conf_level:g}% Wald on the log scale; {self.strata} strata{begin}"
        )

    def place(self, name: str) -> int:
        """Where a covariate stands, or an error that names the known ones."""
        if name not in self.names:
            raise EngraftError(f'covariate: found "{name}"{did_you_mean(name, self.names)}')
        return self.names.index(name)

    def to_frame(self) -> pd.DataFrame:
        """One row a covariate: coefficient, its error, Wald's z and p, hazard ratio with limits."""
        import pandas as pd
        from scipy.special import ndtr

        finite = np.isfinite(self.coefficients)
        tested = finite & (self.std_error > 0.0)  # a robust error of 0 comes with a coefficient of 0
        z = np.divide(self.coefficients, self.std_error, out=np.zeros(len(self.names)), where=tested)
        reach = normal_quantile(self.conf_level) * self.std_error
        middle = np.where(finite, self.coefficients, 0.0)
        with np.errstate(over="ignore"):  # infinity is the limit that a wide interval has
            return pd.DataFrame(
                {
                    "covariate": list(self.names),
                    "coefficient": self.coefficients,
                    "std_error": self.std_error,
                    "z": z,
                    "p_value": 2.0 * ndtr(-np.abs(z)),
                    "hazard_ratio": self.hazard_ratios,
                    "ci_low": np.exp(middle - reach),
                    "ci_high": np.exp(middle + reach),
                }
            )

    def __repr__(self) -> str:
        frame = self.to_frame()
        lines = [f"CoxModel: {self.n} rows, {self.events} events"]
        lines += [
            f"  {row.covariate}: hazard ratio {row.hazard_ratio:.6g} ({row.ci_low:.6g} to {row.ci_high:.6g}), "
            f"coefficient {row.coefficient:.6g} (SE {row.std_error:.6g}), p = {row.p_value:.4g}"
            for row in frame.itertuples()
        ]
        lines += [f"  likelihood ratio: {self.likelihood_ratio}; Wald: {self.wald}; score: {self.score}"]
        return "\n".join([*lines, f"  {self.conventions}"])


def cox(
    time: ArrayLike,
    event: ArrayLike,
    covariates: Covariates,
    *,
    names: Sequence[str] | None = None,
    entry: ArrayLike | None = None,
    stratum: ArrayLike | None = None,
    ties: Ties = "efron",
    robust: bool = False,
    cluster: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> CoxModel:
    """Cox proportional hazards regression by maximum partial likelihood.

    Parameters
    ----------
    time, event, entry
        As `kaplan_meier` takes them, shape (n,); a row is at risk at t when entry < t <= time.
    covariates
        Shape (n,) or (n, p), a dict of columns or a DataFrame; numbers (code a group as 0 and 1).
    names
        Of the covariates; the columns' own, or x1, x2, ..
    stratum
        Labels, shape (n,): a baseline hazard of its own for each.
    ties
        "efron" or "breslow". Times are tied only when they are equal as floating-point numbers.
    robust
        Variance by the sandwich of score residuals, which holds when hazards are not proportional.
    cluster
        Labels, shape (n,), of rows that belong together; implies `robust`, residuals are summed within each.
    conf_level
        Of Wald's intervals.

    Returns
    -------
    CoxModel
        Where the likelihood rises without end in a coefficient (no events in one of two arms), that coefficient is
        infinite, and the others and all likelihoods are the limits, which are found exactly: at the limit only rows
        with the covariate's value of the event still compete, so that each value is a stratum.

    Raises
    ------
    EngraftError
        If a column cannot be used, there is no event, covariates are not distinguishable at the event times, or the
        likelihood rises without end along a combination of covariates.

    References
    ----------
    Cox, JRSS B 34 (1972) 187-220; Breslow, Biometrics 30 (1974) 89-99; Efron, JASA 72 (1977) 557-565; Lin and Wei,
    JASA 84 (1989) 1074-1078 (robust variance, and its score test); Therneau and Grambsch, Modeling Survival Data
    (2000), sections 3.3 and 7.1 (residuals under Efron's rule, as R's survival). Infinite coefficients: Bryson and
    Johnson, Technometrics 23 (1981) 381-383.
    """
    level = checked_level(conf_level)
    if ties not in get_args(Ties):
        raise EngraftError(f'ties: found "{ties!s}"{did_you_mean(str(ties), get_args(Ties))}')
    times = observed_times("time", time)
    indicator = event_indicator(event, times)
    begin = None if entry is None else entry_times(entry, times)
    x, known = covariate_columns(covariates, times.size, names)
    codes, stratum_labels = optional_labels("stratum", stratum, times)
    clustered = cluster is not None
    groups, cluster_labels = optional_labels("cluster", cluster, times)
    if clustered and len(cluster_labels) < 2:
        raise EngraftError(
            f"cluster: found only {cluster_labels[0]!s} in every row; a robust variance needs at least 2 clusters"
        )
    if not indicator.any():
        raise EngraftError("event: found no event; a Cox model needs at least one")
    data = risk_sets(times, indicator, x, begin, codes)
    efron = ties == "efron"
    fitted = fit_with_limits(data, known, efron)
    finite = np.isfinite(fitted.coefficients)
    model = fitted.covariance
    covariance = model
    robust_score = None
    if robust or clustered:
        member = groups[data.order] if clustered else None
        covariance = model.copy()
        reduced = _gathered(
            score_residuals(fitted.data, fitted.coefficients[finite], efron), fitted.sorted_like(member)
        )
        influence = reduced @ model[np.ix_(finite, finite)]
        covariance[np.ix_(finite, finite)] = influence.T @ influence
        at_null = _gathered(score_residuals(data, np.zeros(len(known)), efron), member)
        robust_score = quadratic_form(at_null.sum(axis=0), at_null.T @ at_null)
    error = np.sqrt(np.diag(covariance))
    p = len(known)
    return CoxModel(
        names=known,
        coefficients=readonly(fitted.coefficients),
        std_error=readonly(error),
        covariance=readonly(covariance),
        model_covariance=readonly(model),
        log_likelihood=fitted.log_likelihood,
        log_likelihood_null=fitted.log_likelihood_null,
        wald=chi_square(_wald(fitted, covariance, finite), p),
        score=chi_square(fitted.score_statistic, p),
        likelihood_ratio=chi_square(2.0 * (fitted.log_likelihood - fitted.log_likelihood_null), p),
        robust_score=robust_score,
        n=times.size,
        events=int(indicator.sum()),
        strata=len(stratum_labels),
        clusters=len(cluster_labels) if clustered else 0,
        ties=ties,
        variance="robust" if robust or clustered else "model",
        conf_level=level,
        risk_sets=data,
    )


def _wald(fitted: PartialFit, covariance: Matrix, finite: np.ndarray) -> float:
    beta = fitted.coefficients[finite]
    if beta.size == 0:
        return 0.0
    return quadratic_form(beta, covariance[np.ix_(finite, finite)]).statistic


def _gathered(residuals: Matrix, cluster: Integers | None) -> Matrix:
    """Score residuals summed within clusters."""
    if cluster is None:
        return residuals
    sums = np.zeros((int(cluster.max()) + 1, residuals.shape[1]))
    np.add.at(sums, cluster, residuals)
    return sums
