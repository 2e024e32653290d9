"""Each kernel over many data sets: what Python calls, for one data set and for batches alike. No formula here.

`table` is working space of as many lines as the largest data set has rows and 1 + 3 K places, `at_risk` of shape (K,).
"""

from __future__ import annotations

import math

from sim.stats.kernels.hazard_ratio import cox_terms, log_hazard_ratio
from sim.stats.kernels.incidence import cumulative_incidence
from sim.stats.kernels.jit import entry
from sim.stats.kernels.rank import rank_sums
from sim.stats.kernels.rows import last_times, slice_table
from sim.stats.kernels.survival import milestone, restricted_mean


@entry
def rank_trials(rows, groups, rho, gamma, table, at_risk, weight, observed, expected, covariance):
    """Log-rank sums of each data set, summed over its strata, added to arrays of shapes (sets, ..); see `rank_sums`."""
    for trial in range(rows.first_slice.size - 1):
        for s in range(rows.first_slice[trial], rows.first_slice[trial + 1]):
            o, e, c = observed[trial], expected[trial], covariance[trial]
            if groups == 2 and rho.size == 1:  # the same functions: known sizes let the compiler unroll their loops
                first = slice_table(rows, s, 2, table, table.shape[0], at_risk)
                rank_sums(table[first:], 2, 1, rho, gamma, weight, o, e, c)
            else:
                first = slice_table(rows, s, groups, table, table.shape[0], at_risk)
                rank_sums(table[first:], groups, rho.size, rho, gamma, weight, o, e, c)


@entry
def cox_trials(rows, efron, table, at_risk, score, null_information, log_ratio, information):
    """Score test and log hazard ratio of each data set with two groups, by stratum; written to shapes (sets,)."""
    for trial in range(rows.first_slice.size - 1):
        first = table.shape[0]
        for s in range(rows.first_slice[trial], rows.first_slice[trial + 1]):
            first = slice_table(rows, s, 2, table, first, at_risk)
        score[trial], null_information[trial] = cox_terms(table[first:], efron, 0.0)
        log_ratio[trial], information[trial] = log_hazard_ratio(table[first:], efron)


@entry
def milestone_trials(rows, groups, at, table, at_risk, survival, log_variance):
    """Survival of each group at a time with Greenwood's sum; written to shapes (sets, K); NaN past the last time."""
    for trial in range(rows.first_slice.size - 1):
        first = slice_table(rows, trial, groups, table, table.shape[0], at_risk)
        last_times(rows, trial, groups, at_risk)
        for g in range(groups):
            survival[trial, g], log_variance[trial, g] = milestone(table[first:], groups, g, at)
            if at > at_risk[g] and survival[trial, g] > 0.0:
                survival[trial, g], log_variance[trial, g] = math.nan, math.nan


@entry
def mean_trials(rows, groups, tau, table, at_risk, mean, variance):
    """Restricted mean of each group with its variance; written to shapes (sets, K); NaN past the last time."""
    for trial in range(rows.first_slice.size - 1):
        first = slice_table(rows, trial, groups, table, table.shape[0], at_risk)
        last_times(rows, trial, groups, at_risk)
        for g in range(groups):
            mean[trial, g], variance[trial, g], survival = restricted_mean(table[first:], groups, g, tau)
            if tau > at_risk[g] and survival > 0.0:
                mean[trial, g], variance[trial, g] = math.nan, math.nan


@entry
def incidence_trials(rows, groups, at, table, at_risk, incidence, variance):
    """Incidence of cause 1 in each group by a time, with its variance; as `milestone_trials`."""
    for trial in range(rows.first_slice.size - 1):
        first = slice_table(rows, trial, groups, table, table.shape[0], at_risk)
        last_times(rows, trial, groups, at_risk)
        for g in range(groups):
            incidence[trial, g], variance[trial, g], survival = cumulative_incidence(table[first:], groups, g, at)
            if at > at_risk[g] and survival > 0.0:
                incidence[trial, g], variance[trial, g] = math.nan, math.nan
