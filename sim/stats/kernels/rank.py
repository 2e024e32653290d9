"""Weighted log-rank sums of an event table: observed, expected and covariance, for several weights at once."""

from __future__ import annotations

from sim.stats.kernels.jit import small


@small
def _power(base, exponent):
    if exponent == 0.0:
        return 1.0
    if exponent == 1.0:
        return base
    return base**exponent


@small
def rank_sums(table, groups, weights, rho, gamma, weight, observed, expected, covariance):
    """Add the log-rank sums of an event table (one stratum) to the results.

    At an event time with d events among n at risk, d_g and n_g of them in group g, and with the pooled Kaplan-Meier
    estimate S- just before it, weight w = S-^rho (1 - S-)^gamma; the sums over event times are

        observed  w d_g,   expected  w d n_g / n,
        covariance  w w' d (n - d) / (n - 1)  n_g / n (1[g = h] - n_h / n),

    the last being that of the hypergeometric law (null variance). S restarts at 1 in each stratum.

    Parameters
    ----------
    table, groups
        As `event_table` writes it; K groups.
    weights
        Number of weights W.
    rho, gamma
        Their exponents, float64, shape (W,).
    weight
        Working space, shape (W,).
    observed, expected
        Added to, shape (W, K).
    covariance
        Added to, shape (W (K - 1), W (K - 1)); place w (K - 1) + g - 1 is weight w and group g = 1..K - 1 (group 0 is
        what the others leave).

    References
    ----------
    Fleming and Harrington, Counting Processes and Survival Analysis (1991), section 7.2; Kalbfleisch and Prentice, The
    Statistical Analysis of Failure Time Data, 2nd ed. (2002), section 1.5; covariance of several weights: Karrison,
    Stata Journal 16 (2016) 678-690.
    """
    others = groups - 1
    survival = 1.0
    for line in range(table.shape[0]):
        n, d = 0.0, 0.0
        for g in range(groups):
            n += table[line, 1 + g]
            d += table[line, 1 + groups + g]
        per_row = 1.0 / n
        for w in range(weights):
            weight[w] = _power(survival, rho[w]) * _power(1.0 - survival, gamma[w])
            share = weight[w] * d * per_row
            for g in range(groups):
                observed[w, g] += weight[w] * table[line, 1 + groups + g]
                expected[w, g] += share * table[line, 1 + g]
        if n > 1.0:
            spread = per_row * per_row
            if d > 1.0:
                spread *= d * (n - d) / (n - 1.0)
            for g in range(1, groups):
                for h in range(1, groups):
                    n_h = table[line, 1 + h]
                    term = spread * table[line, 1 + g] * ((n - n_h) if g == h else -n_h)
                    for w in range(weights):
                        for v in range(weights):
                            covariance[w * others + g - 1, v * others + h - 1] += term * weight[w] * weight[v]
        survival *= (n - d) * per_row
