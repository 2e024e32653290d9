"""Where everything lies in the flat arrays of a plan and of a patient's state. Names of places only: no behaviour.

A plan is two arrays, ``I`` (int64) and ``F`` (float64), and a patient's state has its places in them, so that a call
hands over two arrays and the log: what a call passes costs more than what most of them do. ``I`` opens with a header
that holds scalars of the run, the offset and length of each table, and the scalars of the patient's state; tables
follow, then the blocks of the state. ``F`` opens with the patient's variables; constants follow, then the blocks of the
state. A table is rows of equal width, and the constants below name its columns.
"""

from __future__ import annotations

import numpy as np


def place(number: int) -> int:
    """A place as a numpy integer: numba compiles a function anew for every literal Python integer it is called with."""
    return np.int64(number)  # type: ignore[return-value]


def places(count: int) -> tuple[int, ...]:
    """The places 0, 1, .. of a table."""
    return tuple(place(number) for number in range(count))


NEVER = place(2**62)
NONE = place(-1)

# Header of I: scalars of the run, then (offset, count) of each table, then offsets in the state arrays.
(
    H_SEED,
    H_REPLICATE,
    H_HORIZON,
    H_DETAIL,
    H_MAX_EVENTS,
    H_LOG_MARGIN,
    H_FIRST_PHASE,
    H_ENROL_EVENT,
    H_SLOTS,
    H_N_SLOTS,
    H_SLOT_END,
    H_SLOT_INFUSION,
    H_SLOT_HORIZON,
    H_SITES,
    H_N_SITES,
    H_ATTRIBUTES,
    H_N_ATTRIBUTES,
    H_DISTRIBUTIONS,
    H_PHASES,
    H_N_PHASES,
    H_TESTS,
    H_N_TESTS,
    H_HAZARDS,
    H_N_HAZARDS,
    H_EVENTS,
    H_N_EVENTS,
    H_WITHINS,
    H_DELAYS,
    H_N_DELAYS,
    H_TOXICITIES,
    H_SURVEILLANCE,
    H_MARKERS,
    H_N_MARKERS,
    H_CROSSINGS,
    H_N_CROSSINGS,
    H_COUNTERS,
    H_N_COUNTERS,
    H_N_VARIABLES,
    H_INITIAL,
    H_CRITERIA,
    H_TABLE_COLUMNS,
    H_TABLE_SITE,
    H_TABLE_ONCE,
    SI_BLOCKS,
    SI_TIMERS,
    SI_OCCURRENCES,
    SI_EVENT_COUNT,
    SI_EVENT_LAST,
    SI_VISITED,
    SI_HAZARD,
    SI_MARKER,
    SI_TEST,
    SI_CROSSING,
    SI_SURVEILLANCE,
    SI_PENDING_COUNT,
    SI_PENDING,
    SF_BLOCKS,
    SF_HAZARD,
    SF_MARKER,
    SF_STACK,
    STATE_SCALARS,
) = places(61)

# The scalars of a patient's state, which end the header.
(
    NOW,
    PHASE,
    SERIAL,
    STATUS,
    ERROR,
    ERROR_SITE,
    CYCLE,
    ENTERED,
    HOLD,
    N_EVENTS,
    DIRTY,
    ENROLLED,
    PATIENT,
    CAUSE,
    SIGNAL,
    OUTCOME_GOTO,
    UNTIL_MET,
    NEXT_SLOT,
    STAY,
    PLANNED,
    CYCLE_START,
    OMITTED,
    SKIP,
    HEADER,
) = (place(STATE_SCALARS + number) for number in range(24))

# Tables in I.
SLOT_KIND, SLOT_INDEX, SLOT_WIDTH = places(3)
A_KIND, A_DISTRIBUTION, A_EXPRESSION, A_VARIABLE, A_CORRELATED, A_LABEL, A_WIDTH = places(7)
DRAWN, DERIVED, STATE = places(3)
D_FAMILY, D_A, D_B, D_SITE, D_TABLE, D_COUNT, D_LABEL, D_WIDTH = places(8)
(
    P_KIND,
    P_LASTS,
    P_UNTIL,
    P_UNTIL_DEPENDS,
    P_TIMEOUT,
    P_TIMEOUT_GOTO,
    P_TIMEOUT_EMITS,
    P_CYCLE,
    P_EVERY,
    P_CYCLES,
    P_LAST,
    P_OMIT,
    P_OMIT_SITE,
    P_DELAY,
    P_DELAY_SITE,
    P_DELAY_BY,
    P_INFUSION_START,
    P_INFUSION,
    P_GIVEN,
    P_EMITS,
    P_GIVES,
    P_N_GIVES,
    P_SHIFTS,
    P_N_SHIFTS,
    P_TESTS,
    P_N_TESTS,
    P_TOXICITIES,
    P_OUTCOMES,
    P_N_OUTCOMES,
    P_OUTCOME_SITE,
    P_AWAIT,
    P_AWAIT_TICKS,
    P_EACH,
    P_N_EACH,
    P_CHOOSE,
    P_N_CHOOSE,
    P_GOTO,
    P_NEEDS,
    P_N_NEEDS,
    P_BIT,
    P_VISITED_BIT,
    P_CYCLE_BIT,
    P_LABEL,
    P_WIDTH,
) = places(44)
LASTS, UNTIL, CYCLES, OPEN, FINAL = places(5)
G_COUNTER, G_AMOUNT, G_PER_DAY, G_CYCLES, G_OMIT, G_SITE, G_BIT, G_WIDTH = places(8)
S_MARKER, S_EXPRESSION, S_WIDTH = places(3)
(
    T_MARKER,
    T_LIMIT,
    T_NOISE,
    T_EVALUABLE,
    T_SITE,
    T_TURNAROUND,
    T_VARIABLE,
    T_ATTRIBUTE,
    T_AT_END,
    T_CYCLES,
    T_SLOT,
    T_SURVEILLANCE,
    T_BIT,
    T_LABEL,
    T_WIDTH,
) = places(15)
O_PROBABILITY, O_EVENTS, O_SETS, O_N_SETS, O_GOTO, O_WIDTH = places(6)
SET_MARKER, SET_DISTRIBUTION, SET_WIDTH = places(3)
R_WHEN, R_EVENTS, R_GOTO, R_WIDTH = places(4)
CONTINUE = place(-2)
STOPPED = place(-3)
N_RESOURCE, N_UNITS, N_WIDTH = places(3)
(
    Z_AGE,
    Z_AGE_SCALE,
    Z_FAMILY,
    Z_CURVE,
    Z_CURED,
    Z_SITE,
    Z_CURE_SITE,
    Z_SCOPE,
    Z_MULTIPLIER,
    Z_EMITS,
    Z_GOTO,
    Z_DEPENDS,
    Z_SLOT,
    Z_LABEL,
    Z_WIDTH,
) = places(15)
E_SETS, E_CLEARS, E_HAZARDS, E_WITHINS, E_DELAYS, E_SURVEILLANCE, E_BIT, E_CODE, E_WIDTH = places(9)
W_EVENT, W_TICKS, W_SLOT, W_BIT, W_WIDTH = places(5)
L_HAPPENS, L_SITE, L_AFTER, L_WHILE, L_EMITS, L_SLOT, L_LABEL, L_WIDTH = places(8)
X_PROBABILITY, X_SITE, X_ONSET, X_GRADES, X_GRADE_SITE, X_EMITS, X_CONSEQUENCES, X_SLOT, X_LABEL, X_WIDTH = places(10)
Q_KIND, Q_DELAY, Q_GOTO, Q_EMITS, Q_WIDTH = places(5)
Q_NONE, Q_DELAYS, Q_SKIPS, Q_STOPS, Q_LEAVES, Q_DIES = places(6)
CONSEQUENCES = ("none", "delay", "skip", "stop", "leave", "death")
Q_SHIFT = place(8)  # the detail of a consequence is its kind + Q_SHIFT * the ticks of a delay, but for more than Q_MOST
Q_MOST = place(2**36 - 1)
(
    V_TEST,
    V_FIRST,
    V_EVERY,
    V_UNTIL,
    V_WHILE,
    V_TIMES,
    V_AFTER,
    V_EMITS,
    V_GOTO,
    V_SLOT,
    V_LABEL,
    V_WIDTH,
) = places(12)
(
    K_START,
    K_CAP,
    K_FLOOR,
    K_SLOPE,
    K_WHILE,
    K_DEPENDS,
    K_GRID,
    K_GRID_SLOT,
    K_FLOOR_SLOT,
    K_BIT,
    K_HELD,
    K_LABEL,
    K_WIDTH,
) = places(13)
C_MARKER, C_LEVEL, C_WHILE, C_EMITS, C_GOTO, C_DEPENDS, C_SLOT, C_LABEL, C_WIDTH = places(9)

# Kinds of timer slots, in the order in which they go at one tick.
(
    ON_RESULT,
    ON_FLOOR,
    ON_GRID,
    ON_CROSSING,
    ON_WITHIN,
    ON_DELAY,
    ON_SURVEILLANCE,
    ON_TOXICITY,
    ON_HAZARD,
    ON_INFUSION,
    ON_PHASE_END,
    ON_HORIZON,
) = places(12)

AT_START, AT_END = places(2)
START_EVENT, ENROLMENT_EVENT = places(2)
FIRST = place(0)

RUNNING, FINISHED, CUT, FAILED, INELIGIBLE = places(5)
IN_PHASE, WAITING, AWAITING = places(3)
NO_SIGNAL, REQUEST, RELEASE, RELEASE_AND_REQUEST, CANCEL, CANCEL_AND_REQUEST = places(6)

# Per hazard, marker, schedule and toxicity in the state; exposures whose toxicity is still to come stand in a list.
HI_RUNNING, HI_ORIGIN, HI_CURED, HI_WIDTH = places(4)
HF_THRESHOLD, HF_USED, HF_MARK, HF_MULTIPLIER, HF_WIDTH = places(5)
MI_SINCE, MI_ERADICATED, MI_WIDTH = places(3)
MF_LEVEL, MF_SLOPE, MF_WIDTH = places(3)
VI_ORIGIN, VI_SAMPLED, VI_FOUND, VI_WIDTH = places(4)
XI_TICK, XI_OCCURRENCE, XI_STAY, XI_ENTRY = places(4)
MOST_PENDING = place(16)
XI_WIDTH = place(MOST_PENDING * XI_ENTRY)

# Families of distributions and of baselines.
(
    FIXED,
    NORMAL,
    LOGNORMAL,
    EXPONENTIAL,
    UNIFORM,
    WEIBULL,
    LOGLOGISTIC,
    TABLE,
    HISTOGRAM,
    BERNOULLI,
    CATEGORICAL,
) = places(11)
B_EXPONENTIAL, B_WEIBULL, B_GOMPERTZ, B_LOGLOGISTIC, B_LOGNORMAL, B_PIECEWISE = places(6)
CURVE_SCALE, CURVE_PLATEAU, CURVE_A, CURVE_B, CURVE_TABLE = places(5)

# Operations of the expression code: operands, operations on one value, `if` on three, operations on two.
(
    OP_CONST,
    OP_VARIABLE,
    OP_MARKER,
    OP_COUNTER,
    OP_PHASE,
    OP_VISITED,
    OP_SINCE,
    OP_COUNT,
    OP_WITHIN,
    OP_CYCLE,
    OP_ERADICATED,
    OP_NEG,
    OP_NOT,
    OP_ABS,
    OP_EXP,
    OP_LOG,
    OP_SQRT,
    OP_BAND,
    OP_IF,
    OP_ADD,
    OP_SUB,
    OP_MUL,
    OP_DIV,
    OP_LT,
    OP_LE,
    OP_EQ,
    OP_NE,
    OP_GT,
    OP_GE,
    OP_AND,
    OP_OR,
    OP_MIN,
    OP_MAX,
) = places(33)
FROM_STACK = place(-1)  # the second value of an operation on two, where it is not a constant or a variable

# Columns of the event log, and the events that the engine itself logs.
LOG_PATIENT, LOG_TICK, LOG_SERIAL, LOG_CODE, LOG_PHASE, LOG_DETAIL, LOG_WIDTH = places(7)
BUILT_IN_EVENTS = (
    "enrolment",
    "phase",
    "cycle",
    "sample",
    "result",
    "toxicity",
    "waiting",
    "granted",
    "end",
    "marker",
    "dose",
    "attribute",
    "ineligible",
    "omitted",
    "consequence",
)
(
    LOG_ENROLMENT,
    LOG_PHASE_ENTRY,
    LOG_CYCLE,
    LOG_SAMPLE,
    LOG_RESULT,
    LOG_TOXICITY,
    LOG_WAITING,
    LOG_GRANTED,
    LOG_END,
    LOG_MARKER,
    LOG_DOSE,
    LOG_ATTRIBUTE,
    LOG_INELIGIBLE,
    LOG_OMITTED,
    LOG_CONSEQUENCE,
) = places(15)
DETAIL_SHIFT = place(1 << 40)
"""Details that name a thing and carry a value are index * DETAIL_SHIFT + value + DETAIL_SHIFT // 2."""

# Ways a patient's run can fail; the texts are in engine/failures.
(
    E_NONE,
    E_TOO_MANY_EVENTS,
    E_BAD_PROBABILITY,
    E_BAD_DURATION,
    E_PENDING_RESULT,
    E_NOT_FINITE,
    E_NEGATIVE_MULTIPLIER,
    E_OUTCOMES_OVER_ONE,
    E_BAD_SPREAD,
    E_BAD_CYCLES,
    E_MANY_PENDING,
) = places(11)
LOG_FULL = place(-2)
