"""Kaplan-Meier at one time and its restricted mean, with variances, from an event table. No comparison of groups."""

from __future__ import annotations

from sim.stats.kernels.jit import compiled


@compiled
def milestone(table, groups, group, at):
    """Survival of one group at a time, and Greenwood's sum; their product survival^2 sum is the variance.

    Returns
    -------
    survival, log_variance
        The product-limit estimate at `at` (right-continuous), and the sum of d / (n (n - d)) up to it; a time at which
        all fail adds nothing to the sum.

    References
    ----------
    Kaplan and Meier, JASA 53 (1958) 457-481; Greenwood (1926).
    """
    survival, log_variance = 1.0, 0.0
    for c in range(table.shape[0]):
        if table[c, 0] > at:
            break
        n, d = table[c, 1 + group], table[c, 1 + groups + group]
        if d > 0.0:
            survival *= (n - d) / n
            if n > d:
                log_variance += d / n / (n - d)
    return survival, log_variance


@compiled
def restricted_mean(table, groups, group, tau):
    """Area under the Kaplan-Meier curve of one group from 0 to tau, its variance, and survival at tau.

    The variance is the sum over event times s <= tau of A(s)^2 d / (n (n - d)), with A(s) the area from s to tau
    (Greenwood type); a time at which all fail adds nothing, since the curve is 0 after it.

    References
    ----------
    Irwin, J Hygiene 47 (1949) 188-189; Royston and Parmar, BMC Med Res Methodol 13 (2013) 152; Klein and Moeschberger,
    Survival Analysis, 2nd ed. (2003), section 4.5.
    """
    area, survival, since = 0.0, 1.0, 0.0
    for c in range(table.shape[0]):
        if table[c, 0] > tau:
            break
        n, d = table[c, 1 + group], table[c, 1 + groups + group]
        if d > 0.0:
            area += survival * (table[c, 0] - since)
            since = table[c, 0]
            survival *= (n - d) / n
    area += survival * (tau - since)
    # A second walk, in which the area to the right of each event is what the first one left.
    variance, left, survival, since = 0.0, area, 1.0, 0.0
    for c in range(table.shape[0]):
        if table[c, 0] > tau:
            break
        n, d = table[c, 1 + group], table[c, 1 + groups + group]
        if d > 0.0:
            left -= survival * (table[c, 0] - since)
            since = table[c, 0]
            survival *= (n - d) / n
            if n > d:
                variance += left * left * d / n / (n - d)
    return area, variance, survival
