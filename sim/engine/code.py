"""The stack machine for guards and arithmetic, and draws from distributions. What the values mean is not known here."""

from __future__ import annotations

import math

from sim.engine.draws import normal_quantile, uniform
from sim.engine.jit import compiled, part, small
from sim.engine.layout import *


@compiled
def marker_level(I, F, m):
    """The exact level of a marker now."""
    row = I[H_MARKERS] + m * K_WIDTH
    level = F[I[SF_MARKER] + m * MF_WIDTH + MF_LEVEL]
    slope = F[I[SF_MARKER] + m * MF_WIDTH + MF_SLOPE]
    if slope != 0.0:
        level += slope * ((I[NOW] - I[I[SI_MARKER] + m * MI_WIDTH + MI_SINCE]) * 1e-5)
    return min(level, F[I[row + K_CAP]])


@compiled
def counter_value(I, F, c):
    """A counter now, with the days accrued in the present phase."""
    value = F[I[I[H_COUNTERS] + c]]
    if I[HOLD] != WAITING:
        phase = I[H_PHASES] + I[PHASE] * P_WIDTH
        for g in range(I[phase + P_N_GIVES]):
            give = I[phase + P_GIVES] + g * G_WIDTH
            if I[give + G_PER_DAY] == 1 and I[give + G_COUNTER] == c:
                value += F[I[give + G_AMOUNT]] * ((I[NOW] - I[ENTERED]) * 1e-5)
    return value


@compiled
def fail(I, error, label):
    """Mark the patient's run as failed; the driver turns it into an error that names patient and site."""
    if I[STATUS] != FAILED:
        I[STATUS] = FAILED
        I[ERROR] = error
        I[ERROR_SITE] = label


@small
def finite(I, value, label):
    """A value that must be a finite number; any other fails, and 0 stands for it to the end of the step."""
    if abs(value) < math.inf:
        return value
    fail(I, E_NOT_FINITE, label)
    return 0.0


@small
def _leaf(I, F, op, arg):
    """The value of an operand."""
    if op == OP_CONST:
        return F[arg]
    if op == OP_VARIABLE:
        return F[arg]
    if op == OP_MARKER:
        return marker_level(I, F, arg)
    if op == OP_COUNTER:
        return counter_value(I, F, arg)
    if op == OP_PHASE:
        return 1.0 if I[PHASE] == arg else 0.0
    if op == OP_VISITED:
        return 1.0 if I[I[SI_VISITED] + arg] > 0 else 0.0
    if op == OP_SINCE:
        last = I[I[SI_EVENT_LAST] + arg]
        return math.inf if last < 0 else (I[NOW] - last) * 1e-5
    if op == OP_COUNT:
        return float(I[I[SI_EVENT_COUNT] + arg])
    if op == OP_WITHIN:
        row = I[H_WITHINS] + arg * W_WIDTH
        last = I[I[SI_EVENT_LAST] + I[row + W_EVENT]]
        return 1.0 if last >= 0 and I[NOW] < last + I[row + W_TICKS] else 0.0
    if op == OP_ERADICATED:
        return float(I[I[SI_MARKER] + arg * MI_WIDTH + MI_ERADICATED])
    return float(I[CYCLE])


@small
def _binary(op, a, b):
    """The value of a two-sided operation by IEEE 754; nothing stops, since both sides of ``and`` are evaluated."""
    if op == OP_ADD:
        return a + b
    if op == OP_SUB:
        return a - b
    if op == OP_MUL:
        return a * b
    if op == OP_DIV:
        if b == 0.0:
            return math.nan if a == 0.0 or a != a else math.copysign(math.inf, a) * math.copysign(1.0, b)
        return a / b
    if op == OP_LT:
        return 1.0 if a < b else 0.0
    if op == OP_LE:
        return 1.0 if a <= b else 0.0
    if op == OP_EQ:
        return 1.0 if a == b else 0.0
    if op == OP_NE:
        return 1.0 if a != b else 0.0
    if op == OP_GT:
        return 1.0 if a > b else 0.0
    if op == OP_GE:
        return 1.0 if a >= b else 0.0
    if op == OP_AND:
        return 1.0 if a != 0.0 and b != 0.0 else 0.0
    if op == OP_OR:
        return 1.0 if a != 0.0 or b != 0.0 else 0.0
    if op == OP_MIN:
        return b if b < a else a
    return b if b > a else a


@small
def _unary(op, a):
    """The value of a one-sided operation, by IEEE 754."""
    if op == OP_NEG:
        return -a
    if op == OP_NOT:
        return 1.0 if a == 0.0 else 0.0
    if op == OP_ABS:
        return abs(a)
    if op == OP_EXP:
        return math.inf if a > 709.0 else math.exp(a)
    if not a >= 0.0:
        return math.nan
    if op == OP_SQRT:
        return math.sqrt(a)
    return -math.inf if a == 0.0 else math.log(a)


@small
def _band(F, limits, x):
    """The index of the band that holds x; that of "outside" is the last. Stored are the number of limits, then they."""
    n = int(F[limits])
    band = float(n - 1)
    for k in range(n - 1):
        if F[limits + 1 + k] <= x and x < F[limits + 2 + k]:
            band = float(k)
    return band


@compiled
def evaluate(I, F, code):
    """The value of the expression whose code starts at I[code]; booleans are 0 and 1."""
    # The last value is at hand and those below it are on the stack, whose first place takes what was there before.
    value = 0.0
    top = I[SF_STACK]
    end = code + 1 + 2 * I[code]
    at = code + 1
    while at < end:
        op = I[at]
        arg = I[at + 1]
        at += 2
        if op < OP_NEG:
            F[top] = value
            top += 1
            value = _leaf(I, F, op, arg)
        elif op >= OP_ADD:
            if arg == FROM_STACK:
                top -= 1
                value = _binary(op, F[top], value)
            else:
                value = _binary(op, value, F[arg])
        elif op == OP_IF:
            top -= 2
            value = F[top + 1] if F[top] != 0.0 else value
        elif op == OP_BAND:
            value = _band(F, arg, value)
        else:
            value = _unary(op, value)
    return value


@small
def _argument(I, F, code):
    """The same for what a draw needs, most often a constant: that is read without a call."""
    if I[code] == 1 and I[code + 1] <= OP_VARIABLE:
        return F[I[code + 2]]
    return evaluate(I, F, code)


@small
def next_uniform(I, site):
    """The uniform at this patient's next occurrence at a site."""
    place = I[SI_OCCURRENCES] + site
    occurrence = I[place]
    I[place] = occurrence + 1
    return uniform(I[H_SEED], I[H_REPLICATE], I[PATIENT], I[I[H_SITES] + site], occurrence)


@small
def keep_step(I, site, leader):
    """Give a site the occurrence just used at another: what hangs on a draw stays aligned however often it happens."""
    if site >= 0:
        I[I[SI_OCCURRENCES] + site] = I[I[SI_OCCURRENCES] + leader] - 1


@small
def keep_draw_in_step(I, d, leader):
    """The same for the site of a distribution."""
    keep_step(I, I[I[H_DISTRIBUTIONS] + d * D_WIDTH + D_SITE], leader)


@part
def quantile_at(F, table, n, u):
    """Interpolated quantile from a table over normal scores from -8 to 8, where both tails have nodes."""
    place = (normal_quantile(u) + 8.0) * ((n - 1) / 16.0)
    place = min(max(place, 0.0), n - 1.000001)
    k = int(place)
    return F[table + k] + (place - k) * (F[table + k + 1] - F[table + k])


@compiled
def draw_value(I, F, d, u):
    """The value of distribution d at the uniform u: one monotone inverse."""
    row = I[H_DISTRIBUTIONS] + d * D_WIDTH
    family = I[row + D_FAMILY]
    if family == TABLE:
        return quantile_at(F, I[row + D_TABLE], I[row + D_COUNT], u)
    if family in (HISTOGRAM, CATEGORICAL):
        return _draw_bins(I, F, row, u)
    a = _argument(I, F, I[row + D_A])
    if family == BERNOULLI:
        if not (a >= 0.0 and a <= 1.0):
            fail(I, E_BAD_PROBABILITY, I[row + D_LABEL])
        return 1.0 if u < a else 0.0
    if family == EXPONENTIAL:
        return -math.log1p(-u) * a
    b = _argument(I, F, I[row + D_B])
    if family == UNIFORM:
        return a + u * (b - a)
    if not b >= 0.0 or not (a > 0.0 or family == NORMAL):
        fail(I, E_BAD_SPREAD, I[row + D_LABEL])
        return 0.0
    if family == NORMAL:
        return a + b * normal_quantile(u)
    if family == LOGNORMAL:
        return a * math.exp(min(b * normal_quantile(u), 700.0))
    if family == WEIBULL:
        return b * math.exp(math.log(-math.log1p(-u)) / a)
    return b * math.exp((math.log(u) - math.log1p(-u)) / a)


@part
def _draw_bins(I, F, row, u):
    """Index of a category, or a place within a histogram's bins; weights are expressions listed in I."""
    n = I[row + D_COUNT]
    total = 0.0
    for k in range(n):
        weight = _argument(I, F, I[I[row + D_A] + k])
        if not weight >= 0.0:
            fail(I, E_BAD_PROBABILITY, I[row + D_LABEL])
        total += weight
    if not total > 0.0:
        fail(I, E_BAD_PROBABILITY, I[row + D_LABEL])
        return 0.0
    rest = u * total
    for k in range(n):
        weight = _argument(I, F, I[I[row + D_A] + k])
        if rest < weight or k == n - 1:
            if I[row + D_FAMILY] == CATEGORICAL:
                return float(k)
            edges = I[row + D_TABLE]
            share = min(rest / weight, 1.0) if weight > 0.0 else 0.0
            return F[edges + k] + share * (F[edges + k + 1] - F[edges + k])
        rest -= weight
    return 0.0


@compiled
def draw(I, F, d):
    """Draw from distribution d at its own site; a fixed value draws nothing."""
    row = I[H_DISTRIBUTIONS] + d * D_WIDTH
    if I[row + D_FAMILY] == FIXED:
        return _argument(I, F, I[row + D_A])
    return draw_value(I, F, d, next_uniform(I, I[row + D_SITE]))


@compiled
def probability(I, F, code, label):
    """An expression that must lie between 0 and 1."""
    p = _argument(I, F, code)
    if not (p >= 0.0 and p <= 1.0):
        fail(I, E_BAD_PROBABILITY, label)
        return 0.0
    return p


@compiled
def duration_ticks(I, F, d):
    """A drawn duration in ticks, rounded once; negative or endless ones fail."""
    days = draw(I, F, d)
    if not (days >= 0.0 and days < 1e9):
        fail(I, E_BAD_DURATION, I[I[H_DISTRIBUTIONS] + d * D_WIDTH + D_LABEL])
        return 0
    return math.floor(days * 100000.0 + 0.5)
