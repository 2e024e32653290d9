"""How error is spent over looks and which shapes boundaries have: named rules as values. Nothing is integrated here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from sim.errors import EngraftError, did_you_mean
from sim.stats.arrays import Floats, finite, refuse

SpendingKind = Literal["obrien-fleming", "pocock", "hwang-shih-decani", "kim-demets", "linear", "user"]
ShapeKind = Literal["obrien-fleming", "pocock", "wang-tsiatis", "haybittle-peto", "fixed"]
SPENDING_KINDS: tuple[SpendingKind, ...] = ("obrien-fleming", "pocock", "hwang-shih-decani", "kim-demets", "linear")
PARAMETERS = {"hwang-shih-decani": "gamma", "kim-demets": "rho", "wang-tsiatis": "delta"}


@dataclass(frozen=True)
class Spending:
    """A spending function: the error that may have been spent by an information fraction.

    Made by `spending`, `user_spending` or `spending_by`; used for type I error (alpha) and type II error (beta) alike.
    """

    kind: SpendingKind
    parameter: float | None = None
    shares: tuple[float, ...] | None = None
    fractions: tuple[float, ...] | None = None
    function: Callable[[float], float] | None = None

    def __str__(self) -> str:
        names = {
            "obrien-fleming": "Lan-DeMets O'Brien-Fleming-like spending",
            "pocock": "Lan-DeMets Pocock-like spending",
            "hwang-shih-decani": f"Hwang-Shih-DeCani spending, gamma {self.parameter}",
            "kim-demets": f"Kim-DeMets spending, rho {self.parameter}",
            "linear": "linear spending",
            "user": "user-defined spending",
        }
        return names[self.kind]

    def at_planned(self, fractions: Floats) -> Spending:
        """The same, where shares that were given at the looks belong to their planned fractions, linear in between."""
        if self.shares is None:
            return self
        self.spent(fractions, 1.0)
        return replace(self, fractions=tuple(float(value) for value in fractions))

    def spent(self, fractions: Floats, total: float) -> Floats:
        """Cumulative error spent at information fractions, of `total` for one side; all of it from fraction 1 on.

        Lan and DeMets, Biometrika 70 (1983) 659-663: 2 - 2 Phi(z_(1 - a/2) / sqrt(t)) and a log(1 + (e - 1) t). Hwang,
        Shih and DeCani, Statistics in Medicine 9 (1990) 1439-1445: a (1 - exp(-gamma t)) / (1 - exp(-gamma)). Kim and
        DeMets, Biometrika 74 (1987) 149-154: a t^rho.
        """
        t = np.clip(np.asarray(fractions, dtype=np.float64), 0.0, 1.0)
        if self.kind == "obrien-fleming":
            with np.errstate(divide="ignore"):
                return np.asarray(2.0 * ndtr(ndtri(total / 2.0) / np.sqrt(t)))
        if self.kind == "pocock":
            return np.asarray(total * np.log1p((np.e - 1.0) * t))
        if self.kind == "hwang-shih-decani":
            gamma = self.parameter or 0.0
            return np.asarray(total * t if gamma == 0.0 else total * np.expm1(-gamma * t) / np.expm1(-gamma))
        if self.kind == "kim-demets":
            return np.asarray(total * t ** (self.parameter or 1.0))
        if self.kind == "linear":
            return np.asarray(total * t)
        if self.function is not None:
            return total * _shares_of(self.function, t)
        shares = np.asarray(self.shares)
        if self.fractions is not None:
            return np.asarray(total * np.interp(t, (0.0, *self.fractions), (0.0, *shares)))
        if len(shares) != len(t):
            raise EngraftError(
                f"spending: found {len(shares)} shares for {len(t)} looks; user-defined spending gives one share a look"
            )
        return np.asarray(total * shares)


def _shares_of(function: Callable[[float], float], fractions: Floats) -> Floats:
    shares = finite("spending", [float(function(float(t))) for t in fractions])
    out = (shares < 0.0) | (shares > 1.0 + 1e-12)
    refuse("spending", shares, out, "a spending function gives shares of the error from 0 to 1")
    refuse("spending", shares, np.diff(shares, prepend=0.0) < 0.0, "a spending function must not decrease")
    if fractions[-1] >= 1.0 and abs(shares[-1] - 1.0) > 1e-9:
        raise EngraftError(f"spending: the function gives {shares[-1]:.6g} at fraction 1; it must give 1 there")
    return np.minimum(shares, 1.0)


def spending(kind: str, parameter: float | None = None) -> Spending:
    """A spending function by name.

    Parameters
    ----------
    kind
        ``obrien-fleming`` or ``pocock`` (Lan-DeMets, of that likeness), ``hwang-shih-decani`` (parameter gamma, any
        number), ``kim-demets`` (parameter rho, above 0), ``linear``.
    parameter
        Of the two families that have one.

    Raises
    ------
    EngraftError
        If the name is unknown, or the parameter is missing, out of range or not wanted.
    """
    if kind not in SPENDING_KINDS:
        raise EngraftError(f'spending: found "{kind}"{did_you_mean(str(kind), SPENDING_KINDS)}')
    name = PARAMETERS.get(kind)
    if name is None:
        if parameter is not None:
            raise EngraftError(f"spending: {kind} takes no parameter; found {parameter}")
        return Spending(kind)
    value = _parameter(name, parameter)
    if kind == "kim-demets" and value <= 0.0:
        raise EngraftError(f"rho: found {value:.12g}; it must be above 0")
    if abs(value) > 100.0:
        raise EngraftError(f"{name}: found {value:.12g}; it must lie within -100 and 100")
    return Spending(kind, value)


def user_spending(shares: ArrayLike) -> Spending:
    """Spending given at the looks themselves: cumulative shares of the error, one a look, ascending to 1."""
    values = finite("spending", shares)
    refuse("spending", values, (values < 0.0) | (values > 1.0), "it must be a cumulative share from 0 to 1")
    refuse("spending", values, np.diff(values, prepend=0.0) < 0.0, "cumulative shares must not decrease")
    if abs(values[-1] - 1.0) > 1e-9:
        raise EngraftError(f"spending: the last share is {values[-1]:.12g}; the last look spends all: 1")
    return Spending("user", shares=tuple(float(value) for value in values))


def spending_by(function: Callable[[float], float]) -> Spending:
    """Spending by any function of the information fraction: 0 to 1, never decreasing, 1 at fraction 1."""
    return Spending("user", function=function)


@dataclass(frozen=True)
class Shape:
    """Boundaries of a fixed shape, of which one constant is found so that the type I error is as wanted.

    Made by `obrien_fleming`, `pocock`, `wang_tsiatis`, `haybittle_peto` or `fixed_bounds`.
    """

    kind: ShapeKind
    parameter: float | None = None
    values: tuple[float, ...] | None = None

    def __str__(self) -> str:
        names = {
            "obrien-fleming": "O'Brien-Fleming boundaries",
            "pocock": "Pocock boundaries",
            "wang-tsiatis": f"Wang-Tsiatis boundaries, Delta {self.parameter}",
            "haybittle-peto": f"Haybittle-Peto boundaries, z = {self.parameter} before the last look",
            "fixed": "boundaries as given",
        }
        return names[self.kind]

    @property
    def last_only(self) -> bool:
        """Whether the constant is the last boundary alone, the others being given."""
        return self.values is not None or self.kind == "haybittle-peto"

    def bounds(self, constant: float, fractions: Floats) -> Floats:
        """Boundaries on the scale of Z: c t^(Delta - 1/2), or the given ones with the constant last."""
        if self.kind == "haybittle-peto":
            given = np.full(len(fractions), self.parameter or 0.0)
            given[-1] = constant
            return given
        if self.values is not None:
            given = np.asarray(self.values, dtype=np.float64)[: len(fractions) - 1]
            return np.append(given, constant)
        delta = {"obrien-fleming": 0.0, "pocock": 0.5}.get(self.kind, self.parameter)
        return np.asarray(constant * fractions ** (float(delta or 0.0) - 0.5))


def obrien_fleming() -> Shape:
    """O'Brien and Fleming, Biometrics 35 (1979) 549-556: boundaries c / sqrt(t)."""
    return Shape("obrien-fleming")


def pocock() -> Shape:
    """Pocock, Biometrika 64 (1977) 191-199: one boundary for all looks."""
    return Shape("pocock")


def wang_tsiatis(delta: float) -> Shape:
    """Wang and Tsiatis, Biometrics 43 (1987) 193-199: boundaries c t^(Delta - 1/2); 0: O'Brien-Fleming, 1/2: Pocock."""
    value = _parameter("delta", delta)
    if not -1.0 <= value <= 1.0:
        raise EngraftError(f"delta: found {value:.12g}; it must lie within -1 and 1")
    return Shape("wang-tsiatis", value)


def haybittle_peto(z: float = 3.0) -> Shape:
    """Haybittle (1971), Peto (1976): z at every look before the last, whose boundary takes up the rest of alpha."""
    value = _parameter("z", z)
    if not 0.0 < value < 10.0:
        raise EngraftError(f"z: found {value:.12g}; the boundary before the last look lies between 0 and 10")
    return Shape("haybittle-peto", value)


def fixed_bounds(z: Sequence[float | None]) -> Shape:
    """Boundaries given on the scale of Z before the last look (None: none there); the last takes up the rest.

    For futility the last boundary is the efficacy boundary. One value less than looks.
    """
    values = [np.nan if value is None else _parameter("z", value) for value in z]
    return Shape("fixed", values=tuple(values))


def _parameter(name: str, value: float | None) -> float:
    if value is None:
        raise EngraftError(f"{name}: missing; it is the parameter of this family")
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not np.isfinite(value):
        raise EngraftError(f"{name}: found {value!s}; it must be a finite number")
    return float(value)
