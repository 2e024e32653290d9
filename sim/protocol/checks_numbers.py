"""Checks of constant numbers: probabilities and sums, times, arguments of distributions. Doses: checks_doses."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from sim.protocol.expression_tree import Call, Name, walk
from sim.protocol.findings import Finding
from sim.protocol.paths import DocumentPath
from sim.protocol.schema import Hazard
from sim.protocol.subject import Subject
from sim.protocol.walk import is_time
from sim.units import LONGEST_DAYS, TICKS_PER_DAY

_ABOVE_ZERO = frozenset({"sigma", "shape", "scale", "median", "a", "b", "rate", "every", "hazards_read_every", "after"})
_SPREAD = frozenset({"sd"})
_TICKED = frozenset({"every", "hazards_read_every", "after"})
# Amounts of time that a distribution of times may not fall below 0 with.
_TIMES = frozenset({"fixed", "mean", "low", "high", "at_most", "from", "first"})


def ranges(subject: Subject) -> Iterator[Finding]:
    """Constants that lie outside of what their place allows."""
    for path, (located, _) in subject.trees.items():
        value = subject.constant(*path)
        if value is None:
            continue
        key = path[-1] if isinstance(path[-1], str) else str(path[-2])
        if path[-2] == "every" and key == "fixed":
            key = "every"
        if path[-2] in ("shift", "categorical", "grades"):
            key = ""  # a name, which may be any word
        elif path[-2] == "one_of":
            key = "weights"
        message = None
        if located.expect == "probability" and not 0 <= value <= 1:
            message = f"a probability of {value:g} is not possible; give a share from 0 to 1"
        elif key in ("cured", "plateau") and not 0 <= value < 1:
            message = f"found {value:g}; a share that never has the event is at least 0 and below 1"
        elif key in _ABOVE_ZERO and not (key == "after" and "delays" in path) and value <= 0:
            message = f"found {value:g}; {key} must be above 0"
        elif key == "at" and value <= 0:
            message = f"found {value:g} d; a level is given at a time after 0"
        elif key in _TICKED and located.expect == "duration" and value * TICKS_PER_DAY < 1:
            message = f"found {value:g} d; {key} must be at least {1 / TICKS_PER_DAY:g} d, the finest time"
        elif located.expect == "duration" and path[2:3] != ("baseline",) and value >= LONGEST_DAYS:
            message = f"found {value:g} d; write a time below {LONGEST_DAYS:,.0f} d"
        elif key in _SPREAD and value < 0:
            message = f"found {value:g}; a standard deviation is not negative"
        elif located.expect == "duration" and key in _TIMES and value < 0:
            message = f"found {value:g} d; a time is not negative"
        elif key == "mean" and "exponential" in path and value <= 0:
            message = f"found {value:g}; the mean of an exponential distribution must be above 0"
        elif key in ("cumulative_hazard", "hazard_per_year", "factor", "hazards_per_year", "weights") and value < 0:
            message = f"found {value:g}; {key} must not be negative"
        if message is not None:
            yield Finding(path, message, text=located.text)


def shares_as_times(subject: Subject) -> Iterator[Finding]:
    """A beta distribution gives a share, so its unit as a time would be anyone's guess."""
    for path in subject.trees:
        if path[-2:] == ("beta", "a") and is_time(path):
            yield Finding(path[:-1], "a beta distribution gives a share, not a time; use gamma, uniform or lognormal")


def orders(subject: Subject) -> Iterator[Finding]:
    """Constants that must stand in an order: low and high, cuts, from and at."""
    for path in subject.trees:
        if path[-1] == "high" and path[-2] == "uniform":
            low, high = subject.constant(*path[:-1], "low"), subject.constant(*path)
            if low is not None and high is not None and low >= high:
                yield Finding(path, f"low must be below high, found {low:g} and {high:g}")
    for name, hazard in subject.protocol.hazards.items():
        yield from _level_order(subject, name, hazard)
    for path in subject.trees:
        if path[-2:-1] == ("cuts",):
            value = subject.constant(*path)
            index = int(path[-1])
            before = subject.constant(*path[:-1], index - 1) if index else 0.0
            if value is not None and before is not None and value <= before:
                yield Finding(path, f"cuts must increase from 0, found {value:g} d after {before:g} d")


def tables(subject: Subject) -> Iterator[Finding]:
    """Gamma and beta distributions whose quantiles can be put into a table."""
    for path, (located, _) in subject.trees.items():
        value = subject.constant(*path)
        if value is None or path[-2:-1] not in {("gamma",), ("beta",)}:
            continue
        message = ""
        if path[-2] == "gamma":
            mean = subject.constant(*path[:-1], "mean")
            if value <= 0:
                message = f"found {value:g}; {path[-1]} of a gamma distribution must be above 0"
            elif path[-1] == "mean" and not 1e-100 <= value <= 1e100:
                message = f"found {value:g}; write a mean that is neither as small nor as large"
            elif path[-1] == "sd" and mean is not None and mean > 0 and not 1e-6 <= value / mean <= 1e3:
                message = f"found {value:g}, and a mean of {mean:g}; sd must be from 0.000001 to 1000 times the mean"
        elif value > 0 and not 1e-6 <= value <= 1e6:
            message = f"found {value:g}; {path[-1]} of a beta distribution must be from 0.000001 to 1000000"
        if message:
            yield Finding(path, message, text=located.text)


def _level_order(subject: Subject, name: str, hazard: Hazard) -> Iterator[Finding]:
    here: DocumentPath = ("hazards", name, "level")
    if hazard.level is not None:
        at, start = subject.constant(*here, "at"), subject.constant(*here, "from")
        if at is not None and start is not None and start and start >= at:
            yield Finding((*here, "from"), f"from must come before at, found {start:g} d and {at:g} d")


def sums(subject: Subject) -> Iterator[Finding]:
    """Probabilities that belong together: at most 1 with a rest, exactly 1 without."""
    protocol = subject.protocol
    for name, phase in protocol.phases.items():
        here: DocumentPath = ("phases", name, "outcomes")
        known = [subject.constant(*here, index, "p") for index in range(len(phase.outcomes))]
        total = math.fsum(value for value in known if value is not None and value > 0)
        if total > 1 + 1e-9:
            parts = " + ".join(f"{value:g}" for value in known if value is not None)
            yield Finding(
                here, f"the probabilities sum to {total:g} ({parts}), which leaves no rest; lower them", key=True
            )
    for name, attribute in protocol.patient.items():
        if attribute.draw is not None and attribute.draw.categorical is not None:
            yield from _whole(subject, attribute.draw.categorical, ("patient", name, "draw", "categorical"))
    for name, toxicity in protocol.toxicities.items():
        if toxicity.grades is not None:
            yield from _whole(subject, toxicity.grades, ("toxicities", name, "grades"))


def _whole(subject: Subject, given: Mapping[str, str], path: DocumentPath) -> Iterator[Finding]:
    known = [subject.constant(*path, word) for word in given]
    values = [value for value in known if value is not None]
    if len(values) == len(given) and abs(math.fsum(values) - 1) > 1e-9:
        parts = " + ".join(f"{value:g}" for value in values)
        yield Finding(path, f"the probabilities sum to {math.fsum(values):g} ({parts}); they must sum to 1", key=True)


def weights(subject: Subject) -> Iterator[Finding]:
    """A histogram has some weight."""
    for path in subject.trees:
        if path[-2:] == ("weights", 0):
            known: list[float | None] = []
            while (*path[:-1], len(known)) in subject.trees:
                known.append(subject.constant(*path[:-1], len(known)))
            if all(value is not None and value == 0 for value in known):
                yield Finding(path[:-1], "every weight is 0; give some bin a weight")


def marker_bounds(subject: Subject) -> Iterator[Finding]:
    """A marker starts within its bounds, and is eradicated below them."""
    for name, marker in subject.protocol.markers.items():
        start = subject.constant("markers", name, "start")
        if marker.at_most is not None and start is not None and start > marker.at_most:
            yield Finding(("markers", name, "start"), f"{name} starts at {start:g}, above at_most {marker.at_most:g}")
        low = marker.eradicated_below
        if low is not None and marker.at_most is not None and low >= marker.at_most:
            message = f"eradicated_below must lie below at_most, found {low:g} and {marker.at_most:g}"
            yield Finding(("markers", name, "eradicated_below"), message)


def correlations(subject: Subject) -> Iterator[Finding]:
    """Correlations can hold together: each pair once, and the matrix is positive definite."""
    given = subject.protocol.correlations
    seen: dict[frozenset[str], int] = {}
    for number, correlation in enumerate(given):
        pair = frozenset(correlation.of)
        if len(pair) == 1:
            yield Finding(("correlations", number, "of"), "an attribute cannot be correlated with itself; name two")
        elif pair in seen:
            yield Finding(
                ("correlations", number, "of"), f"this pair is given already, as item {seen[pair] + 1}; keep one"
            )
        seen.setdefault(pair, number)
    names = list(dict.fromkeys(name for correlation in given for name in correlation.of))
    if len(seen) == len(given) and all(len(pair) == 2 for pair in seen):
        matrix = [[1.0 if a == b else 0.0 for b in names] for a in names]
        for correlation in given:
            a, b = (names.index(name) for name in correlation.of)
            matrix[a][b] = matrix[b][a] = correlation.rho
        if not _positive_definite(matrix):
            message = (
                f"these correlations of {', '.join(names)} cannot hold together (not positive definite); weaken some"
            )
            yield Finding(("correlations",), message, key=True)


def _positive_definite(matrix: Sequence[Sequence[float]]) -> bool:
    """Whether Cholesky's factorisation succeeds (Golub and Van Loan, Matrix Computations, section 4.2)."""
    lower: list[list[float]] = []
    for i, row in enumerate(matrix):
        factor: list[float] = []
        for j in range(i):
            factor.append((row[j] - sum(a * b for a, b in zip(factor, lower[j], strict=False))) / lower[j][j])
        rest = row[i] - sum(value * value for value in factor)
        if rest <= 1e-12:
            return False
        lower.append([*factor, math.sqrt(rest)])
    return True


def cycle_words(subject: Subject) -> Iterator[Finding]:
    """``cycle`` has a value in phases with cycles, and in what they bring about."""
    cycling = {name for name, phase in subject.protocol.phases.items() if phase.cycles is not None}
    toxic = {word for name in cycling for word in subject.protocol.phases[name].toxicities}
    for path, (located, tree) in subject.trees.items():
        inside = (path[0] == "phases" and path[1] in cycling) or (path[0] == "toxicities" and path[1] in toxic)
        if not inside and path[0] != "hazards":
            for node in walk(tree):
                if isinstance(node, Name) and node.word == "cycle":
                    message = (
                        "cycle is the number of the cycle, and there are no cycles here; use it in a phase with cycles"
                    )
                    yield Finding(path, message, text=located.text, offset=node.span[0])


def supports(subject: Subject) -> Iterator[Finding]:
    """A parameter's value is one that its prior holds possible: a share, or at least not negative."""
    for name, parameter in subject.protocol.parameters.items():
        family = parameter.prior.family if parameter.prior is not None else ""
        most = 1.0 if family == "beta" else math.inf
        if family in ("beta", "lognormal") and not 0 <= parameter.value <= most:
            due = "a share from 0 to 1" if family == "beta" else "a number that is not negative"
            message = f"found {parameter.value:g}, which its {family} prior rules out; give {due}, or another prior"
            yield Finding(("parameters", name, "value"), message)


def markers_at_start(subject: Subject) -> Iterator[Finding]:
    """The level at the start is made at entry."""
    for located, tree in subject.trees.values():
        if located.path[0] == "markers" and located.path[-1] == "start":
            for node in walk(tree):
                kind = subject.scope.kind(node.word) if isinstance(node, Name) else None
                if isinstance(node, Call) and node.function in (
                    "since",
                    "count",
                    "within",
                    "visited",
                    "phase",
                    "result",
                ):
                    message = f"{node.function}() is not known at entry, when the marker starts; read attributes"
                    yield Finding(located.path, message, text=located.text, offset=node.span[0])
                elif kind in ("marker", "counter", "flag"):
                    word = node.word if isinstance(node, Name) else ""
                    message = f"{word} is a {kind}, which is not known at entry; read parameters and attributes"
                    yield Finding(located.path, message, text=located.text, offset=node.span[0])


NUMBER_CHECKS = (
    (ranges, ()),
    (shares_as_times, ()),
    (orders, ()),
    (tables, ()),
    (sums, ("phases", "patient", "toxicities")),
    (weights, ()),
    (marker_bounds, ("markers",)),
    (correlations, ("correlations", "patient")),
    (cycle_words, ("phases", "toxicities")),
    (markers_at_start, ("markers",)),
    (supports, ("parameters",)),
)
