"""Tail probabilities of the normal and chi-squared laws, for p-values. No test statistic is computed here."""

from __future__ import annotations

from math import erfc, sqrt


def normal_lower(z: float) -> float:
    """P(Z <= z) of a standard normal Z; exact far into the tail."""
    return 0.5 * erfc(-z / sqrt(2.0))


def normal_two_sided(z: float) -> float:
    """P(|Z| >= |z|) of a standard normal Z."""
    return erfc(abs(z) / sqrt(2.0))


def chi_squared_upper(statistic: float, degrees: int) -> float:
    """P(X >= statistic) of a chi-squared X with the given degrees of freedom."""
    from scipy.special import chdtrc

    return float(chdtrc(degrees, statistic))
