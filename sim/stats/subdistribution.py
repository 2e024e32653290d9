"""Fine and Gray's regression of a subdistribution hazard, with their robust variance. Curves, tests: elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from sim.errors import EngraftError
from sim.stats.arrays import Floats, Integers, cause_codes, observed_times, readonly
from sim.stats.chi_square import ChiSquare, quadratic_form
from sim.stats.cox_data import Covariates, Matrix, covariate_columns
from sim.stats.cox_fit import endless, flat_direction
from sim.stats.intervals import checked_level, normal_quantile
from sim.stats.risk_table import risk_table
from sim.stats.survival import product_limit
from sim.stats.tails import normal_two_sided

if TYPE_CHECKING:
    import pandas as pd

MOST_STEPS = 30
# A gain of twice the log likelihood below this ends the iteration after one more step, which leaves rounding alone.
DECREMENT = 1e-10


@dataclass(frozen=True, eq=False, repr=False)
class FineGray:
    """A fitted proportional subdistribution hazards model with p covariates.

    Attributes
    ----------
    names, coefficients, std_error
        Log subdistribution hazard ratios and robust standard errors, length p.
    covariance
        Robust: the sandwich, with the share of the estimated censoring distribution; shape (p, p).
    log_likelihood, log_likelihood_null
        Of the weighted partial likelihood (a pseudo-likelihood: their difference is no test).
    wald
        Test that all coefficients are 0.
    n, events, competing, of, conf_level
        Rows, events of the cause, events of others, the cause, level of the intervals.
    """

    names: tuple[str, ...]
    coefficients: Floats
    std_error: Floats
    covariance: Matrix
    log_likelihood: float
    log_likelihood_null: float
    wald: ChiSquare
    n: int
    events: int
    competing: int
    of: int
    conf_level: float

    @property
    def conventions(self) -> str:
        """Weights, variance, tie rule, sides and interval, in words."""
        return (
            f"cause {self.of}; weights: inverse probability of censoring, one Kaplan-Meier for all; ties: Breslow; "
            f"variance: Fine and Gray (1999), robust, at the estimate; tests two-sided; "
            f"interval: {100 * self.conf_level:g}% Wald on the log scale"
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a covariate: coefficient, its error, Wald's z and p, subdistribution hazard ratio with limits."""
        import pandas as pd

        z = np.divide(
            self.coefficients, self.std_error, out=np.zeros(len(self.names)), where=self.std_error > 0.0
        )  # no spread comes with no effect
        reach = normal_quantile(self.conf_level) * self.std_error
        with np.errstate(over="ignore"):  # infinity is the limit that a wide interval has
            return pd.DataFrame(
                {
                    "covariate": list(self.names),
                    "coefficient": self.coefficients,
                    "std_error": self.std_error,
                    "z": z,
                    "p_value": [normal_two_sided(float(value)) for value in z],
                    "hazard_ratio": np.exp(self.coefficients),
                    "ci_low": np.exp(self.coefficients - reach),
                    "ci_high": np.exp(self.coefficients + reach),
                }
            )

    def __repr__(self) -> str:
        lines = [f"FineGray: {self.n} rows, {self.events} events of cause {self.of}, {self.competing} of others"]
        lines += [
            f"  {row.covariate}: subdistribution hazard ratio {row.hazard_ratio:.6g} ({row.ci_low:.6g} to "
            f"{row.ci_high:.6g}), coefficient {row.coefficient:.6g} (SE {row.std_error:.6g}), p = {row.p_value:.4g}"
            for row in self.to_frame().itertuples()
        ]
        return "\n".join([*lines, f"  Wald: {self.wald}", f"  {self.conventions}"])


@dataclass(frozen=True, eq=False)
class _Rows:
    """Checked rows by their place among the distinct times.

    `place` (n) is the row's time; `struck` and `lost` (n) mark events of the cause and of others; `before` (m) is the
    censoring distribution's survival G just before each time; `deaths` (m) counts events of the cause.
    """

    place: Integers
    struck: np.ndarray
    lost: np.ndarray
    x: Matrix
    before: Floats
    deaths: Floats

    def summed(self, values: Matrix) -> Matrix:
        """Sums of rows' values at each distinct time, shape (m, q)."""
        sums = np.empty((self.before.size, values.shape[1]))
        for column in range(values.shape[1]):
            sums[:, column] = np.bincount(self.place, weights=values[:, column], minlength=self.before.size)
        return sums

    def at_risk(self, values: Matrix) -> Matrix:
        """Weighted sums over the risk set of each time: rows not yet left, and rows lost to other causes before.

        The latter count G(t-) / G(T-), T being their time.
        """
        present = np.cumsum(self.summed(values)[::-1], axis=0)[::-1]
        weighted = np.where(self.lost, 1.0 / self.before[self.place], 0.0)[:, np.newaxis] * values
        gone = np.cumsum(self.summed(weighted), axis=0)
        past = np.vstack((np.zeros(gone.shape[1]), gone[:-1]))
        return present + self.before[:, np.newaxis] * past


def fine_gray(
    time: ArrayLike,
    cause: ArrayLike,
    covariates: Covariates,
    *,
    names: Sequence[str] | None = None,
    of: int = 1,
    conf_level: float = 0.95,
) -> FineGray:
    """Fine and Gray's proportional hazards model for the subdistribution of one cause.

    Parameters
    ----------
    time, cause
        As `aalen_johansen` takes them, shape (n,); all causes but `of` compete.
    covariates, names
        As `cox` takes them; fixed in time.
    of
        The cause whose cumulative incidence is modelled.
    conf_level
        Of Wald's intervals.

    Raises
    ------
    EngraftError
        If a column cannot be used, the cause has no event, covariates cannot be told apart, or the likelihood rises
        without end (an arm without events of the cause).

    Notes
    -----
    Who was lost to another cause at T stays at risk with weight G(t-) / G(T-), G the Kaplan-Meier estimate of not being
    censored, taken as the same for all covariates. Ties as Breslow's. The variance is the sandwich of section 4 there:
    score residuals, plus what each row adds through the estimate of G. The figures are those of R's cmprsk::crr.

    References
    ----------
    Fine and Gray, JASA 94 (1999) 496-509.
    """
    level = checked_level(conf_level)
    times = observed_times("time", time)
    codes, causes = cause_codes(cause, times, None)
    if isinstance(of, bool) or not isinstance(of, int | np.integer) or of < 1:
        raise EngraftError(f"of: found {of!s}; it must be the number of a cause, 1 or more")
    if of > causes or not (codes == of).any():
        raise EngraftError(f"cause: found no event of cause {of}; the model needs at least one")
    x, known = covariate_columns(covariates, times.size, names)
    risk = risk_table(times, codes, causes, None)
    going = product_limit(risk.at_risk, risk.censored)
    struck, lost = codes == of, (codes != of) & (codes > 0)
    place = np.searchsorted(risk.time, times)
    rows = _Rows(
        place=place,
        struck=struck,
        lost=lost,
        x=x - x.mean(axis=0),
        before=np.concatenate(([1.0], going[:-1])),
        deaths=risk.events[:, of - 1].astype(np.float64),
    )
    _refuse_unidentified(rows, known)
    null = _derivatives(rows, np.zeros(len(known)))
    beta, likelihood, information = _maximum(rows, known)
    if flat := flat_direction(null[2], information, known):
        raise endless(flat)
    bread = np.linalg.inv(information)
    residual = _residuals(rows, beta, risk.at_risk, risk.censored, codes == 0)
    covariance = bread @ (residual.T @ residual) @ bread
    return FineGray(
        names=known,
        coefficients=readonly(beta),
        std_error=readonly(np.sqrt(np.diag(covariance))),
        covariance=readonly(covariance),
        log_likelihood=likelihood,
        log_likelihood_null=null[0],
        wald=quadratic_form(beta, covariance),
        n=times.size,
        events=int(struck.sum()),
        competing=int(lost.sum()),
        of=int(of),
        conf_level=level,
    )


def _derivatives(rows: _Rows, beta: Floats) -> tuple[float, Floats, Matrix]:
    """Log weighted partial likelihood, score and information."""
    p = beta.size
    eta = rows.x @ beta
    top = float(eta.max())
    weight = np.exp(eta - top)[:, np.newaxis]
    pairs = [(a, b) for a in range(p) for b in range(a + 1)]
    squares = np.column_stack([rows.x[:, a] * rows.x[:, b] for a, b in pairs])
    sums = rows.at_risk(np.hstack((weight, weight * rows.x, weight * squares)))
    events = rows.deaths > 0.0
    deaths, sums = rows.deaths[events], sums[events]
    mean = sums[:, 1 : p + 1] / sums[:, :1]
    likelihood = float((eta[rows.struck] - top).sum() - deaths @ np.log(sums[:, 0]))
    score = rows.x[rows.struck].sum(axis=0) - deaths @ mean
    information = np.empty((p, p))
    for column, (a, b) in enumerate(pairs):
        value = deaths @ (sums[:, p + 1 + column] / sums[:, 0] - mean[:, a] * mean[:, b])
        information[a, b] = information[b, a] = value
    return likelihood, score, information


def _maximum(rows: _Rows, names: Sequence[str]) -> tuple[Floats, float, Matrix]:
    """Newton's method from 0 with halved steps."""
    beta = np.zeros(len(names))
    likelihood, score, information = _derivatives(rows, beta)
    for _ in range(MOST_STEPS):
        try:
            step = np.linalg.solve(information, score)
        except np.linalg.LinAlgError:
            break
        last = float(step @ score) < DECREMENT
        length = 1.0
        while True:
            found, score, information = _derivatives(rows, beta + length * step)
            if last or found >= likelihood - 1e-9 * abs(likelihood) or length < 1e-6:
                break
            length /= 2.0
        beta, likelihood = beta + length * step, found
        if last:
            return beta, likelihood, information
    raise EngraftError(
        f"covariates: the likelihood of {', '.join(names)} has no maximum; look for arms without events and values far "
        "from all others"
    )


def _residuals(rows: _Rows, beta: Floats, at_risk: Integers, censored: Integers, is_censored: np.ndarray) -> Matrix:
    """Each row's share of the score, eta + psi in the paper, shape (n, p)."""
    p = beta.size
    eta = rows.x @ beta
    risk = np.exp(eta - eta.max())
    sums = rows.at_risk(np.column_stack((risk, risk[:, np.newaxis] * rows.x)))
    hazard = np.divide(rows.deaths, sums[:, 0], out=np.zeros(rows.deaths.size), where=rows.deaths > 0.0)
    mean = np.divide(
        sums[:, 1:], sums[:, :1], out=np.zeros((rows.deaths.size, p)), where=(rows.deaths > 0.0)[:, np.newaxis]
    )
    # Sums up to each time, of hazard and of hazard times mean: what a row at risk with weight 1 is exposed to.
    plain = np.column_stack((hazard, hazard[:, np.newaxis] * mean))
    seen = np.cumsum(plain, axis=0)[rows.place]
    # And from each time on, with G(t-): what a row lost to another cause is exposed to afterwards.
    weighted = rows.before[:, np.newaxis] * plain
    ahead = np.cumsum(weighted[::-1], axis=0)[::-1]
    after = np.vstack((ahead[1:], np.zeros(p + 1)))[rows.place]
    share = np.where(rows.lost, 1.0 / rows.before[rows.place], 0.0)
    exposed = seen + share[:, np.newaxis] * after
    residual = np.where(rows.struck[:, np.newaxis], rows.x - mean[rows.place], 0.0)
    residual -= risk[:, np.newaxis] * (rows.x * exposed[:, :1] - exposed[:, 1:])
    # q(u) / Y(u): how the score moves with a censoring at u, through rows lost before u and events from u on.
    lost = rows.summed((share * risk)[:, np.newaxis] * np.column_stack((np.ones(eta.size), rows.x)))
    earlier = np.vstack((np.zeros(p + 1), np.cumsum(lost, axis=0)[:-1]))
    shift = (earlier[:, 1:] * ahead[:, :1] - earlier[:, :1] * ahead[:, 1:]) / at_risk[:, np.newaxis]
    expected = np.cumsum(shift * (censored / at_risk)[:, np.newaxis], axis=0)
    residual += np.where(is_censored[:, np.newaxis], shift[rows.place], 0.0) - expected[rows.place]
    return residual


def _refuse_unidentified(rows: _Rows, names: Sequence[str]) -> None:
    """Covariates must vary in the risk sets, and no coefficient may be infinite."""
    information = _derivatives(rows, np.zeros(len(names)))[2]
    spread = np.diag(information)
    for place, name in enumerate(names):
        if not spread[place] > 1e-12 * max(float(np.var(rows.x[:, place])) * rows.deaths.sum(), 1e-300):
            raise EngraftError(
                f"covariates: {name} does not vary among the patients at risk at any event; "
                "its hazard ratio has no estimate"
            )
        for sign in (1.0, -1.0):
            if _rises(rows, sign * rows.x[:, place]):
                raise EngraftError(
                    f"covariates: the likelihood rises without end along {name} (an arm without events of the cause): "
                    f"its subdistribution hazard ratio is {'infinite' if sign > 0 else '0'}, with no standard error"
                )
    scale = np.sqrt(spread)
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    if values[0] < 1e-11:
        together = [name for name, weight in zip(names, np.abs(vectors[:, 0]), strict=True) if weight > 1e-3]
        raise EngraftError(
            f"covariates: {', '.join(together)} are combinations of one another at the event times; leave one out"
        )


def _rises(rows: _Rows, values: Floats) -> bool:
    """Whether each event has the largest value of its risk set."""
    m = rows.before.size
    largest = np.full(m, -np.inf)
    np.maximum.at(largest, rows.place, values)
    present = np.maximum.accumulate(largest[::-1])[::-1]
    lost = np.full(m, -np.inf)
    np.maximum.at(lost, rows.place[rows.lost], values[rows.lost])
    past = np.concatenate(([-np.inf], np.maximum.accumulate(lost)[:-1]))
    return bool((values[rows.struck] >= np.maximum(present, past)[rows.place[rows.struck]]).all())
