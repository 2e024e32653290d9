"""Aalen-Johansen cumulative incidence of cause 1 at one time, with variance, from an event table. No curves here."""

from __future__ import annotations

from sim.stats.kernels.jit import compiled


@compiled
def cumulative_incidence(table, groups, group, at):
    """Cumulative incidence F of cause 1 in one group by a time, and its variance.

    With n at risk, h and h_1 the hazards of all causes and of cause 1 at s, S- the survival just before s:

        Var F(t) = sum over s <= t of
            S-^2 h_1 (1 - h_1) / n  -  2 (F(t) - F(s)) S- h_1 / n  +  (F(t) - F(s))^2 h / (n (1 - h)),

    the Greenwood-type (multinomial) variance of `aalen_johansen`; a time at which all fail ends the last sum.

    Returns
    -------
    incidence, variance, survival
        Survival (no event of any cause) at the time, which tells whether the curve goes on.

    References
    ----------
    Aalen and Johansen, Scand J Statist 5 (1978) 141-150; Allignol, Schumacher and Beyersmann, Biometrical J 52 (2010)
    126-137.
    """
    total, survival = 0.0, 1.0
    for c in range(table.shape[0]):
        if table[c, 0] > at:
            break
        n, d = table[c, 1 + group], table[c, 1 + groups + group]
        if d > 0.0:
            total += survival * table[c, 1 + 2 * groups + group] / n
            survival *= (n - d) / n
    # A second walk, in which the incidence still to come is the total less what was passed.
    variance, passed, before = 0.0, 0.0, 1.0
    for c in range(table.shape[0]):
        if table[c, 0] > at:
            break
        n, d, own = table[c, 1 + group], table[c, 1 + groups + group], table[c, 1 + 2 * groups + group]
        if d > 0.0:
            hazard = own / n
            passed += before * hazard
            later = total - passed
            variance += before * before * hazard * (1.0 - hazard) / n - 2.0 * later * before * hazard / n
            if n > d:
                variance += later * later * d / n / (n - d)
            before *= (n - d) / n
    return min(total, 1.0), max(variance, 0.0), survival
