"""The Cox partial likelihood, compiled: derivatives, Newton's method, terms at each event time, score residuals.

Rows come sorted: strata one after the other, time descending within each. `by_entry` lists the rows of each stratum
(in the same places) by entry time descending, or is empty without left truncation. Nothing is checked here.
"""

from __future__ import annotations

from math import exp, log

from sim.stats.kernels.jit import compiled, entry

CONVERGED, SINGULAR, DIVERGED = 0, 1, 2

# A Newton decrement (score' information^-1 score, twice the expected gain of log likelihood) below this ends the
# iteration after one more step; convergence is quadratic there, so that the step leaves rounding alone.
DECREMENT = 1e-10
# Relative size of a pivot below which a column is a combination of the columns before it: eps^0.75, as in R's survival.
PIVOT = 1.8e-12


@compiled
def weigh(x, beta, weight, eta):
    """Linear predictors, and weights exp(eta - largest eta); returns the largest."""
    n, p = x.shape
    top = -1e300
    for i in range(n):
        total = 0.0
        for a in range(p):
            total += x[i, a] * beta[a]
        eta[i] = total
        top = max(top, total)
    for i in range(n):
        weight[i] = exp(eta[i] - top)
    return top


@compiled
def clear(values):
    """Set a working array to 0."""
    for a in range(values.size):
        values.flat[a] = 0.0


@compiled
def take(x, row, weight, sums, squares):
    """Add a row with this weight (negative: take it away) to sums S0, S1 (places 0, 1..p) and S2 (lower triangle)."""
    p = x.shape[1]
    sums[0] += weight
    for a in range(p):
        product = weight * x[row, a]
        sums[a + 1] += product
        for b in range(a + 1):
            squares[a, b] += product * x[row, b]


@entry
def cox_derivatives(time, event, stratum, entered, by_entry, x, beta, efron, score, information, work, room):
    """Log partial likelihood; fills `score` (p) and the lower triangle of `information` (p, p).

    `work` has shape (2, n), `room` (2, p + 1, p + 1).
    """
    n, p = x.shape
    weight, eta, sums, squares = work[0], work[1], room[0, p], room[0]
    own_sums, own_squares = room[1, p], room[1]
    top = weigh(x, beta, weight, eta)
    truncated = by_entry.size > 0
    likelihood = 0.0
    clear(score)
    clear(information)
    i = 0
    while i < n:
        block, leaving = stratum[i], i
        at_risk = 0
        clear(room[0])
        while i < n and stratum[i] == block:
            now = time[i]
            deaths = 0
            while i < n and stratum[i] == block and time[i] == now:
                take(x, i, weight[i], sums, squares)
                at_risk += 1
                if event[i] == 1:
                    if deaths == 0:
                        clear(room[1])
                    deaths += 1
                    take(x, i, weight[i], own_sums, own_squares)
                    likelihood += eta[i] - top
                    for a in range(p):
                        score[a] += x[i, a]
                i += 1
            while truncated and leaving < i and entered[by_entry[leaving]] >= now:
                take(x, by_entry[leaving], -weight[by_entry[leaving]], sums, squares)
                at_risk -= 1
                leaving += 1
                if at_risk == 0:
                    clear(room[0])
            for tied in range(deaths):
                share = tied / deaths if efron else 0.0
                total = sums[0] - share * own_sums[0]
                likelihood -= log(total)
                for a in range(p):
                    mean = (sums[a + 1] - share * own_sums[a + 1]) / total
                    score[a] -= mean
                    for b in range(a + 1):
                        other = (sums[b + 1] - share * own_sums[b + 1]) / total
                        information[a, b] += (squares[a, b] - share * own_squares[a, b]) / total - mean * other
    return likelihood


@compiled
def solve(information, score, free, count, step, room):
    """Solve for the free coefficients by Cholesky's method; returns -1, or the place of a singular column."""
    for a in range(count):
        for b in range(a + 1):
            i, j = free[a], free[b]
            total = information[i, j] if i >= j else information[j, i]
            size = total
            for c in range(b):
                total -= room[a, c] * room[b, c]
            if a == b:
                if not total > PIVOT * size:
                    return a
                room[a, a] = total**0.5
            else:
                room[a, b] = total / room[b, b]
    for a in range(count):
        total = score[free[a]]
        for c in range(a):
            total -= room[a, c] * step[c]
        step[a] = total / room[a, a]
    for back in range(count):
        a = count - 1 - back
        total = step[a]
        for c in range(a + 1, count):
            total -= room[c, a] * step[c]
        step[a] = total / room[a, a]
    return -1


@entry
def cox_fit(
    time, event, stratum, entered, by_entry, x, beta, free, most, efron, score, information, work, room, step, trial
):
    """Maximise over the coefficients listed in `free`, from `beta` on, which is changed in place.

    Newton's method with halved steps. `step` and `trial` have length p; the others are as `cox_derivatives` takes them.

    Returns
    -------
    tuple
        State, place of the singular column in `free` or -1, iterations, log likelihood at the start and at the end;
        `score` and `information` are those of the last `beta`.
    """
    count = free.size
    likelihood = cox_derivatives(
        time, event, stratum, entered, by_entry, x, beta, efron, score, information, work, room
    )
    start = likelihood
    if count == 0:
        return CONVERGED, -1, 0, start, likelihood
    last = False
    for iteration in range(most):
        singular = solve(information, score, free, count, step, room[0])
        if singular >= 0:
            return (SINGULAR if iteration == 0 else DIVERGED), singular, iteration, start, likelihood
        decrement = 0.0
        for a in range(count):
            decrement += step[a] * score[free[a]]
        last = decrement < DECREMENT
        for a in range(beta.size):
            trial[a] = beta[a]
        length = 1.0
        while True:
            for a in range(count):
                beta[free[a]] = trial[free[a]] + length * step[a]
            found = cox_derivatives(
                time, event, stratum, entered, by_entry, x, beta, efron, score, information, work, room
            )
            # Near the maximum rounding decides which of two likelihoods is larger; the full step is right there.
            if last or found >= likelihood - 1e-9 * abs(likelihood) or length < 1e-6:
                break
            length /= 2.0
        likelihood = found
        if last:
            return CONVERGED, -1, iteration + 1, start, likelihood
    return DIVERGED, -1, most, start, likelihood


@entry
def cox_steps(
    time, event, stratum, entered, by_entry, x, beta, efron, step_of, deaths_at, hazard, mean, variance, work, room
):
    """Terms of each event time, in the order met: deaths, hazard of weight-1 risk, mean covariates, their variance.

    With m event times (all strata): `deaths_at`, `hazard` (m), `mean` (m, p), `variance` (m, p, p); under Efron's rule
    sums over the tied deaths of 1 / S0 and of the variances, and the mean of the means. `hazard` is divided by
    exp(largest linear predictor), which is returned. `step_of` (n) gets each event's place in these arrays.
    """
    n, p = x.shape
    weight, eta, sums, squares = work[0], work[1], room[0, p], room[0]
    own_sums, own_squares = room[1, p], room[1]
    top = weigh(x, beta, weight, eta)
    truncated = by_entry.size > 0
    place = 0
    i = 0
    while i < n:
        block, leaving = stratum[i], i
        at_risk = 0
        clear(room[0])
        while i < n and stratum[i] == block:
            now = time[i]
            deaths = 0
            while i < n and stratum[i] == block and time[i] == now:
                take(x, i, weight[i], sums, squares)
                at_risk += 1
                if event[i] == 1:
                    if deaths == 0:
                        clear(room[1])
                    deaths += 1
                    step_of[i] = place
                    take(x, i, weight[i], own_sums, own_squares)
                i += 1
            while truncated and leaving < i and entered[by_entry[leaving]] >= now:
                take(x, by_entry[leaving], -weight[by_entry[leaving]], sums, squares)
                at_risk -= 1
                leaving += 1
                if at_risk == 0:
                    clear(room[0])
            for tied in range(deaths):
                share = tied / deaths if efron else 0.0
                total = sums[0] - share * own_sums[0]
                hazard[place] += 1.0 / total
                for a in range(p):
                    own = (sums[a + 1] - share * own_sums[a + 1]) / total
                    mean[place, a] += own / deaths
                    for b in range(p):
                        other = (sums[b + 1] - share * own_sums[b + 1]) / total
                        square = squares[max(a, b), min(a, b)] - share * own_squares[max(a, b), min(a, b)]
                        variance[place, a, b] += square / total - own * other
            if deaths > 0:
                deaths_at[place] = deaths
                place += 1
    return top


@entry
def cox_residuals(
    time, event, stratum, entered, by_entry, x, beta, efron, residual, martingale, kept, gathered, work, room
):
    """Score residuals (n, p) and martingale residuals (n); `kept` has shape (n, p + 1), `gathered` (2, p + 1).

    The residual of a row is what it adds to the score: its covariates less their mean at its event, less the same
    expected from the hazards it was exposed to. These are differences of sums that run along the risk sets: `gathered`
    holds the sum of hazards and of hazards times means so far, `kept` their values when the row came in.
    """
    n, p = x.shape
    weight, eta, sums, squares = work[0], work[1], room[0, p], room[0]
    own_sums, own_squares = room[1, p], room[1]
    weigh(x, beta, weight, eta)
    truncated = by_entry.size > 0
    clear(residual)
    clear(martingale)
    i = 0
    while i < n:
        block, leaving, first = stratum[i], i, i
        at_risk = 0
        clear(room[0])
        clear(gathered)
        while i < n and stratum[i] == block:
            now = time[i]
            deaths, here = 0, i
            while i < n and stratum[i] == block and time[i] == now:
                take(x, i, weight[i], sums, squares)
                at_risk += 1
                for a in range(p + 1):
                    kept[i, a] = gathered[0, a]
                if event[i] == 1:
                    if deaths == 0:
                        clear(room[1])
                    deaths += 1
                    take(x, i, weight[i], own_sums, own_squares)
                i += 1
            while truncated and leaving < i and entered[by_entry[leaving]] >= now:
                row = by_entry[leaving]
                take(x, row, -weight[row], sums, squares)
                settle(x, row, weight[row], residual, martingale, kept, gathered)
                at_risk -= 1
                leaving += 1
                if at_risk == 0:
                    clear(room[0])
            for tied in range(deaths):
                share = tied / deaths if efron else 0.0
                total = sums[0] - share * own_sums[0]
                gathered[0, p] += 1.0 / total
                for a in range(p):
                    gathered[0, a] += (sums[a + 1] - share * own_sums[a + 1]) / total / total
                for row in range(here, i):
                    if event[row] == 1:
                        exposed = share * weight[row] / total
                        martingale[row] += 1.0 / deaths + exposed
                        for a in range(p):
                            apart = x[row, a] - (sums[a + 1] - share * own_sums[a + 1]) / total
                            residual[row, a] += apart * (1.0 / deaths + exposed)
        if not truncated:
            for row in range(first, i):
                settle(x, row, weight[row], residual, martingale, kept, gathered)
        else:
            while leaving < i:
                row = by_entry[leaving]
                settle(x, row, weight[row], residual, martingale, kept, gathered)
                leaving += 1


@compiled
def settle(x, row, weight, residual, martingale, kept, gathered):
    """Take from a row's residuals what was to be expected from its time at risk, which ends here (looking back)."""
    p = x.shape[1]
    hazard = gathered[0, p] - kept[row, p]
    martingale[row] -= weight * hazard
    for a in range(p):
        residual[row, a] -= weight * (x[row, a] * hazard - (gathered[0, a] - kept[row, a]))


@entry
def rises_without_end(time, event, stratum, entered, by_entry, values, slack):
    """Whether each event has the largest of `values` (to within `slack`) of all at risk, and one is larger than others.

    Then the likelihood never falls along this direction. With left truncation the risk sets are gone through one by
    one, which is quadratic in the rows when the answer is yes, and quick when it is no.
    """
    n = time.size
    truncated = by_entry.size > 0
    strict = False
    i = 0
    most = 0.0
    fewest = 0.0
    while i < n:
        if i == 0 or stratum[i] != stratum[i - 1]:
            most = -1e300
            fewest = 1e300
        end = i
        found = False
        least = 0.0
        while end < n and stratum[end] == stratum[i] and time[end] == time[i]:
            most = max(most, values[end])
            fewest = min(fewest, values[end])
            if event[end] == 1:
                least = min(least, values[end]) if found else values[end]
                found = True
            end += 1
        if found and truncated:
            most = -1e300
            fewest = 1e300
            row = end
            while row > 0 and stratum[row - 1] == stratum[i]:
                row -= 1
                if entered[row] < time[i]:
                    most = max(most, values[row])
                    fewest = min(fewest, values[row])
                    if most > least + slack:
                        return False
        if found:
            if most > least + slack:
                return False
            if fewest < least - slack:
                strict = True
        i = end
    return strict
