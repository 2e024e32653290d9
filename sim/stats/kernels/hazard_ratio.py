"""Cox's hazard ratio of two groups from an event table: score test and Newton's method. Other covariates: cox.py."""

from __future__ import annotations

import math

from sim.stats.kernels.jit import compiled

MOST_STEPS = 60
CLOSE = 1e-10
"""A step of log hazard ratio after which Newton's method has arrived: the next one would be below rounding."""


@compiled
def cox_terms(table, efron, log_ratio):
    """Score and information of the log hazard ratio of group 1 to group 0, at a value of it.

    Parameters
    ----------
    table
        As `event_table` writes it for two groups; strata behind one another are a stratified model.
    efron
        Tie rule: Efron's approximation, else Breslow's.
    log_ratio
        Where to evaluate; 0 gives the score test (without ties, the log-rank test).

    References
    ----------
    Cox, JRSS B 34 (1972) 187-220; Efron, JASA 72 (1977) 557-565; Breslow, Biometrics 30 (1974) 89-99.
    """
    ratio = math.exp(log_ratio)
    score, information = 0.0, 0.0
    for c in range(table.shape[0]):
        n0, n1, d0, d1 = table[c, 1], table[c, 2], table[c, 3], table[c, 4]
        d = d0 + d1
        score += d1
        if efron and d > 1.0:
            for k in range(int(d)):
                out = k / d
                other = n1 - out * d1
                weighed = ratio * other
                share = weighed / (n0 - out * d0 + weighed)
                score -= share
                information += share * (1.0 - share)
        else:
            weighed = ratio * n1
            share = weighed / (n0 + weighed)
            score -= d * share
            information += d * share * (1.0 - share)
    return score, information


@compiled
def log_hazard_ratio(table, efron):
    """Maximum of the partial likelihood of two groups: log hazard ratio of group 1 to group 0, and its information.

    Returns
    -------
    log_ratio, information
        The log hazard ratio is plus or minus infinity, with information 0, where the likelihood has no maximum
        (whenever both groups were at risk, all events were in one of them); both are NaN where no event says anything
        (none while both were at risk).
    """
    # The score falls with the log ratio from `upper` (at minus infinity) to `-lower` (at plus infinity).
    upper, lower = 0.0, 0.0
    for c in range(table.shape[0]):
        if table[c, 1] > 0.0 and table[c, 2] > 0.0:
            lower += table[c, 3]
            upper += table[c, 4]
    if upper == 0.0 or lower == 0.0:
        if upper == lower:
            return math.nan, math.nan
        return (-math.inf if upper == 0.0 else math.inf), 0.0
    low, high, at = -math.inf, math.inf, 0.0
    score, information = cox_terms(table, efron, at)
    for _ in range(MOST_STEPS):
        if score > 0.0:
            low = at
        else:
            high = at
        step = max(-2.0, min(2.0, score / information))
        new = at + step
        if abs(step) > CLOSE and not low < new < high:
            new = 0.5 * (low + high)  # both are finite: the step led out on one side, and `at` is the other end
        at = new
        score, information = cox_terms(table, efron, at)
        if abs(step) <= CLOSE:
            break
    return at, information
