"""Self-consistency and iterative convex minorant for interval-censored data, compiled. Sets are made elsewhere."""

from __future__ import annotations

from math import log

from sim.stats.kernels.jit import compiled, entry


@compiled
def log_likelihood(first, last, count, reached):
    """Sum of count log P(first..last); -1e300 where a row has no mass. `reached[j]` is the mass of sets before j."""
    total = 0.0
    for i in range(first.size):
        mass = reached[last[i] + 1] - reached[first[i]]
        if not mass > 0.0:
            return -1e300
        total += count[i] * log(mass)
    return total


@compiled
def slopes(first, last, count, reached, slope):
    """Derivative of the log likelihood by each set's mass: sum of count / P over the rows that hold the set."""
    sets = slope.size
    for j in range(sets):
        slope[j] = 0.0
    # Steps first, then their running sum: each row holds an unbroken run of sets.
    for i in range(first.size):
        share = count[i] / (reached[last[i] + 1] - reached[first[i]])
        slope[first[i]] += share
        if last[i] + 1 < sets:
            slope[last[i] + 1] -= share
    for j in range(1, sets):
        slope[j] += slope[j - 1]


@compiled
def accumulate(mass, reached):
    """Masses before each set, scaled to end at 1."""
    reached[0] = 0.0
    for j in range(mass.size):
        reached[j + 1] = reached[j] + mass[j]
    whole = reached[mass.size]
    for j in range(mass.size + 1):
        reached[j] /= whole


@compiled
def convex_minorant_step(first, last, count, reached, slope, weight, level, held, block, trial):
    """One step of the modified iterative convex minorant algorithm on the distribution function, with halving."""
    sets = slope.size
    inner = sets - 1
    for j in range(sets):
        slope[j] = 0.0
        weight[j] = 0.0
    for i in range(first.size):
        mass = reached[last[i] + 1] - reached[first[i]]
        share = count[i] / mass
        if last[i] < inner:
            slope[last[i]] += share
            weight[last[i]] += share / mass
        if first[i] > 0:
            slope[first[i] - 1] -= share
            weight[first[i] - 1] += share / mass
    # Weighted isotonic regression of F + slope / weight by pooling adjacent violators.
    blocks = 0
    for j in range(inner):
        size = max(weight[j], 1e-300)
        level[blocks] = reached[j + 1] + slope[j] / size
        held[blocks] = size
        block[blocks] = 1
        blocks += 1
        while blocks > 1 and level[blocks - 2] >= level[blocks - 1]:
            both = held[blocks - 2] + held[blocks - 1]
            level[blocks - 2] = (held[blocks - 2] * level[blocks - 2] + held[blocks - 1] * level[blocks - 1]) / both
            held[blocks - 2] = both
            block[blocks - 2] += block[blocks - 1]
            blocks -= 1
    place = 0
    for b in range(blocks):
        value = min(max(level[b], 0.0), 1.0)
        for _ in range(block[b]):
            slope[place] = value
            place += 1
    start = log_likelihood(first, last, count, reached)
    length = 1.0
    trial[0] = 0.0
    trial[sets] = 1.0
    while length > 1e-10:
        for j in range(inner):
            trial[j + 1] = reached[j + 1] + length * (slope[j] - reached[j + 1])
        if log_likelihood(first, last, count, trial) >= start:
            for j in range(sets + 1):
                reached[j] = trial[j]
            return
        length /= 2.0


@entry
def turnbull_fit(first, last, count, tolerance, most, mass, slope, weight, level, held, block, reached, trial):
    """Maximise the likelihood over `mass` (m), from where it stands; returns the gap left and the iterations.

    The gap is how far Karush, Kuhn and Tucker's conditions are from holding: slope / n is at most 1 at every set and 1
    where there is mass. Its largest excess bounds the log likelihood still to be gained, divided by n.
    """
    sets = mass.size
    total = 0.0
    for i in range(count.size):
        total += count[i]
    accumulate(mass, reached)
    gap = 1e300
    for iteration in range(most):
        slopes(first, last, count, reached, slope)
        gap = 0.0
        for j in range(sets):
            mass[j] = reached[j + 1] - reached[j]
            gap = max(gap, slope[j] / total - 1.0)
            gap = max(gap, mass[j] * abs(slope[j] / total - 1.0))
        if gap <= tolerance:
            return gap, iteration
        for j in range(sets):
            mass[j] *= slope[j] / total
        accumulate(mass, reached)
        convex_minorant_step(first, last, count, reached, slope, weight, level, held, block, trial)
    return gap, most
