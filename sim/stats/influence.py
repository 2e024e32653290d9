"""Influence of each patient on a milestone probability or a restricted mean. Differences of arms are in `paired`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.stats.arrays import Floats, cause_codes, entry_times, observed_times
from sim.stats.risk_table import risk_table
from sim.stats.survival import greenwood_sum, product_limit


@dataclass(frozen=True, eq=False)
class Influence:
    """Estimates and how they move with the weight of each patient.

    Attributes
    ----------
    estimate
        One a quantity, shape (q,); NaN where the curve does not reach its time.
    values
        Derivative of each estimate with respect to the weight of each row, shape (q, n); each line sums to 0. Its sum
        of squares is the variance of the estimate (infinitesimal jackknife).
    """

    estimate: Floats
    values: NDArray[np.float64]

    def pseudo_values(self, place: int, rows: NDArray[np.int64] | None = None, n: int | None = None) -> Floats:
        """One value a patient, whose mean is the estimate and whose standard error is that of the estimate.

        Without censoring and truncation they are what was seen in each patient: 1 or 0 for a milestone, the time up to
        the horizon for a restricted mean.

        Parameters
        ----------
        place
            Which quantity.
        rows, n
            Where the rows stand among `n` patients, of whom the others were not members and have no influence; by
            default the rows are all patients.
        """
        size = self.values.shape[1] if n is None else n
        spread = np.zeros(size)
        spread[slice(None) if rows is None else rows] = size * self.values[place]
        return np.asarray(self.estimate[place] + spread, dtype=np.float64)


def incidence_influence(
    time: ArrayLike, cause: ArrayLike, *, times: ArrayLike, restricted_to: float, entry: ArrayLike | None = None
) -> Influence:
    """Influence on the cumulative incidence of cause 1 at `times`, and on the mean time lost to it by `restricted_to`.

    Parameters
    ----------
    time, cause, entry
        As `aalen_johansen` takes them, shape (n,).
    times
        Milestones, shape (t,).
    restricted_to
        Horizon tau of the restricted mean.

    Returns
    -------
    Influence
        Of t + 1 quantities: the Aalen-Johansen estimates F(times), then the mean time lost, the integral of F from 0 to
        tau. With one cause F is 1 less Kaplan-Meier.

    References
    ----------
    Andersen, Borgan, Gill and Keiding, Statistical Models Based on Counting Processes (1993), section IV.4: the error
    of F(t) is the sum over s <= t of S(s-) dM_1(s) / Y(s) - (F(t) - F(s)) dM(s) / (Y(s) - dN(s)), where M counts events
    of any cause and M_1 those of cause 1, less what the hazards at s lead one to expect. Efron, JASA 76 (1981) 312-319
    (infinitesimal jackknife). Restricted means: Royston and Parmar, BMC Med Res Methodol 13 (2013) 152; Andersen, Stat
    Med 32 (2013) 5278-5285.
    """
    observed = observed_times("time", time)
    codes, causes = cause_codes(cause, observed, None)
    begin = None if entry is None else entry_times(entry, observed)
    risk = risk_table(observed, codes, causes, begin)
    asked = observed_times("times", np.atleast_1d(np.asarray(times)))
    tau = float(observed_times("restricted_to", [restricted_to])[0])

    at_risk = risk.at_risk.astype(np.float64)
    survival = product_limit(risk.at_risk, risk.all_events)
    before = np.concatenate(([1.0], survival[:-1]))
    own = before * risk.events[:, 0] / at_risk
    incidence = np.cumsum(own)
    left = at_risk - risk.all_events
    per_survivor = np.divide(1.0, left, out=np.zeros_like(left), where=left > 0)
    any_expected = np.diff(greenwood_sum(risk.at_risk, risk.all_events), prepend=0.0)

    row = np.searchsorted(risk.time, observed)
    struck, struck_first = codes > 0, codes == 1
    entered = None if begin is None else np.searchsorted(risk.time, begin, side="right")

    def influence(direct: Floats, indirect: Floats, until: float) -> Floats:
        """Sum over s <= until of direct(s) dM_1(s) S(s-) / Y(s) - indirect(s) dM(s) / (Y(s) - dN(s)), for each row."""
        seen = observed <= until
        event_part = np.where(struck_first, (direct * before / at_risk)[row], 0.0)
        event_part -= np.where(struck, (indirect * per_survivor)[row], 0.0)
        expected = np.concatenate(([0.0], np.cumsum(direct * own / at_risk - indirect * any_expected)))
        stop = np.minimum(row + 1, np.searchsorted(risk.time, until, side="right"))
        gathered = expected[stop]
        if entered is not None:
            gathered = gathered - expected[np.minimum(entered, stop)]
        return np.where(seen, event_part, 0.0) - gathered

    known = risk.time[-1] if survival[-1] > 0.0 else np.inf
    estimates, values = [], []
    for moment in asked:
        reached = np.searchsorted(risk.time, moment, side="right")
        level = incidence[reached - 1] if reached else 0.0
        estimates.append(level if moment <= known else np.nan)
        values.append(influence(np.ones_like(incidence), level - incidence, moment))
    upper = np.minimum(np.append(risk.time[1:], np.inf), tau)
    area = np.concatenate(([0.0], np.cumsum(incidence * np.maximum(upper - risk.time, 0.0))))
    lost = area[-1]
    remaining = np.maximum(tau - risk.time, 0.0)
    estimates.append(lost if tau <= known else np.nan)
    values.append(influence(remaining, lost - area[:-1] - incidence * remaining, tau))
    return Influence(np.array(estimates), np.array(values))
