"""Score and variance of Gray's test in one stratum, compiled. Their meaning is said in sim.stats.gray."""

from __future__ import annotations

from sim.stats.kernels.jit import entry


@entry
def gray_sums(time, cause, group, rho, joint, events, expected, variance, arms, total, running, influence):
    """Add a stratum's events, expected events and variance of the score to what is there already.

    Parameters
    ----------
    time, cause, group
        Rows sorted by time; cause is 0 (censored), 1 (the cause tested) or 2 (another); group is 0..K - 1.
    rho
        Power of the weight.
    joint
        Whether tied events of different causes are drawn from the same patients (else as if apart).
    events, expected, variance
        Shapes (K), (K), (K, K); added to. Both counts are weighted.
    arms, total, running, influence
        Working space of shapes (8, K), (K, K), (K, K), (2, K, K).
    """
    n, groups = time.size, events.size
    at_risk, survival, incidence, own, other, h, reach, after = range(8)
    for k in range(groups):
        for r in range(groups):
            total[k, r] = 0.0
            running[k, r] = 0.0
    # The first turn finds the whole sums c(tau) that the influence of each time needs, the second one the variance.
    for turn in range(2):
        for k in range(groups):
            arms[at_risk, k] = 0.0
            arms[survival, k] = 1.0
            arms[incidence, k] = 0.0
        for i in range(n):
            arms[at_risk, group[i]] += 1.0
        pooled = 0.0  # the incidence of the cause if the groups do not differ, just before t
        i = 0
        while i < n:
            now = time[i]
            for k in range(groups):
                arms[own, k] = 0.0
                arms[other, k] = 0.0
                arms[after, k] = arms[at_risk, k]
            while i < n and time[i] == now:
                k = group[i]
                if cause[i] == 1:
                    arms[own, k] += 1.0
                elif cause[i] == 2:
                    arms[other, k] += 1.0
                arms[after, k] -= 1.0
                i += 1
            struck = 0.0
            competed = 0.0
            all_h = 0.0
            all_reach = 0.0
            for k in range(groups):
                present = arms[at_risk, k] > 0.0
                arms[h, k] = arms[at_risk, k] / arms[survival, k] if present else 0.0
                arms[reach, k] = arms[h, k] * (1.0 - arms[incidence, k])
                struck += arms[own, k]
                competed += arms[other, k]
                all_h += arms[h, k]
                all_reach += arms[reach, k]
            if struck + competed > 0.0:
                free = 1.0 - pooled
                weight = free**rho if rho != 0.0 and free > 0.0 else 1.0
                step = struck / all_h
                hazard = step / free if free > 0.0 else 0.0
                later = pooled + step
                for k in range(groups):
                    if turn == 1 and struck > 0.0 and all_reach > 0.0:
                        events[k] += weight * arms[own, k]
                        expected[k] += weight * arms[reach, k] * struck / all_reach
                    for r in range(groups):
                        same = 1.0 if k == r else 0.0
                        direct = weight * arms[h, k] * (same - arms[h, r] / all_h)
                        running[k, r] += direct * hazard
                        if turn == 1:
                            kept = 0.0
                            left = 0.0
                            if arms[at_risk, r] > 0.0:
                                left = arms[survival, r] * (1.0 - (arms[own, r] + arms[other, r]) / arms[at_risk, r])
                            if left > 0.0:
                                kept = (1.0 - later) / left
                            ahead = total[k, r] - running[k, r]
                            influence[0, k, r] = direct + (1.0 - kept) * ahead
                            influence[1, k, r] = -kept * ahead
                if turn == 1:
                    for r in range(groups):
                        if arms[h, r] == 0.0:
                            continue
                        first = step
                        sized = all_h * arms[survival, r] - 1.0
                        if struck > 1.0 and sized > 0.0:
                            first *= 1.0 - (struck - 1.0) / sized
                        second = arms[other, r] / arms[h, r]
                        if arms[other, r] > 1.0 and arms[at_risk, r] > 1.0:
                            second *= 1.0 - (arms[other, r] - 1.0) / (arms[at_risk, r] - 1.0)
                        crossed = 0.0
                        if joint and arms[other, r] > 0.0 and arms[at_risk, r] > 1.0:
                            crossed = step * arms[other, r] / (arms[h, r] * (arms[at_risk, r] - 1.0))
                        for k in range(groups):
                            for q in range(groups):
                                variance[k, q] -= influence[0, k, r] * influence[1, q, r] * crossed
                                variance[k, q] -= influence[1, k, r] * influence[0, q, r] * crossed
                                variance[k, q] += influence[0, k, r] * influence[0, q, r] * first / arms[h, r]
                                variance[k, q] += influence[1, k, r] * influence[1, q, r] * second / arms[h, r]
                pooled = later
                for k in range(groups):
                    if arms[at_risk, k] > 0.0:
                        arms[incidence, k] += arms[survival, k] * arms[own, k] / arms[at_risk, k]
                        arms[survival, k] *= 1.0 - (arms[own, k] + arms[other, k]) / arms[at_risk, k]
            for k in range(groups):
                arms[at_risk, k] = arms[after, k]
        if turn == 0:
            for k in range(groups):
                for r in range(groups):
                    total[k, r] = running[k, r]
                    running[k, r] = 0.0
