"""Search for Simon's two-stage designs, compiled: all admissible first stages, the least second stage for each."""

from __future__ import annotations

from sim.stats.kernels.jit import compiled, entry


@compiled
def fill_binomial(p, most, mass, tail):
    """P(X = k) in `mass[n, k]` and P(X >= k) in `tail[n, k]` for n up to `most`; tail[n, n + 1] is 0."""
    for n in range(most + 1):
        for k in range(n + 1):
            if n == 0:
                mass[n, k] = 1.0
            else:
                mass[n, k] = mass[n - 1, k] * (1.0 - p) if k < n else 0.0
                if k > 0:
                    mass[n, k] += mass[n - 1, k - 1] * p
        total = 0.0
        tail[n, n + 1] = 0.0
        for back in range(n + 1):
            total += mass[n, n - back]
            tail[n, n - back] = total


@compiled
def rejection(mass, tail, n1, r1, n2, r):
    """P(more than r1 responses of n1, and more than r of n1 + n2)."""
    total = 0.0
    for x in range(r1 + 1, n1 + 1):
        need = r + 1 - x
        total += mass[n1, x] * (1.0 if need <= 0 else tail[n2, need] if need <= n2 else 0.0)
    return total


@entry
def simon_search(p0, p1, alpha, beta, most, minimax, best, mass0, tail0, mass1, tail1):
    """Write r1, n1, r, n and the expected size under p0 of the best design into `best` (5); n is 0 if there is none.

    For a first stage (r1, n1) that stops a good treatment with probability at most beta, the expected size grows with
    n, so that the least n whose best r holds both errors is the only candidate; and it cannot win once
    n1 + P(go on) (n - n1) is above the best expected size found. Nothing else is left out: the result is exact for
    all n up to `most`. With `minimax` the least n with any design comes first, then the expected size.
    """
    fill_binomial(p0, most, mass0, tail0)
    fill_binomial(p1, most, mass1, tail1)
    best[3] = 0.0
    best[4] = 1e300
    for n1 in range(1, most):
        if not minimax and n1 >= best[4]:
            break
        for r1 in range(n1):
            stopped = 1.0 - tail1[n1, r1 + 1]
            if stopped > beta:
                break
            going = tail0[n1, r1 + 1]
            for n in range(n1 + 1, most + 1):
                size = n1 + going * (n - n1)
                if minimax:
                    if best[3] > 0.0 and (n > best[3] or (n == best[3] and size >= best[4])):
                        break
                elif size >= best[4]:
                    break
                n2 = n - n1
                # The least r with type I error at most alpha, by bisection: the error falls with r.
                low, high = r1, n
                while low < high:
                    middle = (low + high) // 2
                    if rejection(mass0, tail0, n1, r1, n2, middle) <= alpha:
                        high = middle
                    else:
                        low = middle + 1
                if rejection(mass1, tail1, n1, r1, n2, low) >= 1.0 - beta:
                    best[0], best[1], best[2], best[3], best[4] = r1, n1, low, n, size
                    break
    return best[3] > 0.0
