"""Group-sequential designs: `group_sequential` and the design it gives. Interim analyses are read in other files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import ndtri

from sim.design.boundaries import Boundaries, Rules, find_boundaries
from sim.design.inputs import chosen_looks, information_levels, probability, sides
from sim.design.integration import Drift, Exits, exit_probabilities
from sim.design.spending import Shape, Spending
from sim.errors import EngraftError
from sim.stats.arrays import Floats, readonly

if TYPE_CHECKING:
    import pandas as pd

    from sim.design.characteristics import Characteristics

LastLook = Literal["remaining", "as-planned"]


@dataclass(frozen=True, eq=False, repr=False)
class GroupSequentialDesign:
    """Boundaries, error spent and power of a group-sequential design; arrays have one entry a look, shape (K,).

    Attributes
    ----------
    alpha, sided
        Type I error in all (both sides together when two-sided), and the number of sides.
    power
        Probability of crossing the upper boundary under `drift`; None when the design was asked for without.
    information
        Information fractions of the planned maximum.
    efficacy
        Boundary on the scale of Z, upper side; infinite where the look has none. Two-sided: its mirror image too.
    futility
        Stop for futility below it (two-sided: within plus and minus it); minus infinity where the look has none; at the
        last look the efficacy boundary.
    binding
        Whether the type I error counts on stopping for futility.
    alpha_spent, beta_spent
        Cumulative error under no drift and under `drift`. Non-binding: alpha is counted as if nobody stopped for
        futility. `beta_spent` is None without `power`.
    power_by_look
        Cumulative probability of crossing the upper boundary under `drift`; None without `power`.
    drift
        theta sqrt(I_max): mean of Z at full information under the alternative that has `power`; None without.
    fixed_drift
        The same for one analysis with the same alpha, sides and power.
    inflation
        Maximum information relative to one analysis, (drift / fixed_drift)^2; None without `power`.
    efficacy_rule, futility_rule
        How the boundaries were made.
    """

    alpha: float
    sided: int
    power: float | None
    information: Floats
    efficacy: Floats
    futility: Floats
    binding: bool
    alpha_spent: Floats
    beta_spent: Floats | None
    power_by_look: Floats | None
    drift: float | None
    fixed_drift: float | None
    inflation: float | None
    efficacy_rule: Spending | Shape
    futility_rule: Spending | Shape | None
    efficacy_looks: tuple[bool, ...] = field(repr=False)
    futility_looks: tuple[bool, ...] = field(repr=False)

    def __repr__(self) -> str:
        looks = len(self.information)
        power = "" if self.power is None else f", power {self.power:.4g}, inflation {self.inflation:.6g}"
        bounds = ", ".join(f"{value:.4f}" for value in self.efficacy)
        return (
            f"GroupSequentialDesign({looks} look{'s' if looks > 1 else ''}, alpha {self.alpha:.4g} "
            f"{'one' if self.sided == 1 else 'two'}-sided, {self.efficacy_rule}: z {bounds}{power})"
        )

    @property
    def looks(self) -> int:
        """Number of analyses, the last included."""
        return len(self.information)

    @property
    def drawn(self) -> dict[str, Floats]:
        """Boundaries to show, NaN where a look has none; ``futility`` only if there is a rule for it."""
        found = {"efficacy": self.efficacy} | ({} if self.futility_rule is None else {"futility": self.futility})
        return {name: np.where(np.isfinite(bounds), bounds, np.nan) for name, bounds in found.items()}

    @property
    def conventions(self) -> str:
        """What the numbers mean, in words that could go into a protocol."""
        futility = "no futility boundary"
        if self.futility_rule is not None:
            kind = "binding" if self.binding else "non-binding (the type I error does not count on it)"
            futility = f"futility by {self.futility_rule}, {kind}"
        sides_text = "one-sided" if self.sided == 1 else "two-sided and symmetric, alpha for both sides together"
        return (
            f"{self.efficacy_rule}; {sides_text}; {futility}. Boundaries are on the scale of a statistic Z with "
            "variance 1 and independent increments; large values speak for the treatment. Power is the probability of "
            "crossing the upper boundary, futility stops obeyed. Recursive integration after Jennison and Turnbull "
            "(2000), chapter 19. A last look with less or more information than planned takes the alpha that is left, "
            "or, where this is asked for, keeps its planned boundary (at_observed)."
        )

    def exits(self, drift: Drift, *, obey_futility: bool = True) -> Exits:
        """Probabilities of stopping at each look when the mean of Z at full information is `drift`.

        With a `NormalPrior` in place of a number they are averages over it (assurance).
        """
        futility = self.futility if obey_futility else np.full(self.looks, -np.inf)
        return exit_probabilities(self.information, self.efficacy, futility, sided=self.sided, drift=drift)

    def power_at(self, drift: Drift) -> float:
        """Probability of crossing the upper boundary when the mean of Z at full information is `drift`."""
        return float(self.exits(drift).efficacy.sum())

    def characteristics(
        self,
        drift: Drift | None = None,
        *,
        events: ArrayLike | None = None,
        patients: ArrayLike | None = None,
        time: ArrayLike | Callable[[float], float] | None = None,
    ) -> Characteristics:
        """Power, stopping and expected information; see `sim.design.characteristics.characteristics`."""
        from sim.design.characteristics import characteristics

        return characteristics(self, drift, events=events, patients=patients, time=time)

    def at_observed(
        self, information: ArrayLike, *, final: bool = True, last_look: LastLook = "remaining"
    ) -> GroupSequentialDesign:
        """The design as it must be read at the information that was observed; see `sim.design.observed.recomputed`."""
        from sim.design.observed import recomputed

        return recomputed(self, information, final=final, last_look=last_look)

    def to_frame(self, *, events: float | None = None, allocation: float = 1.0) -> pd.DataFrame:
        """One row a look: boundaries on the scales of Z, p, and with `events` (at full information) the hazard ratio.

        `allocation` is patients on treatment per control patient. See `sim.design.scales.boundary_table`.
        """
        from sim.design.scales import boundary_table

        return boundary_table(self, events=events, allocation=allocation)


def group_sequential(
    *,
    alpha: float,
    information: ArrayLike,
    efficacy: Spending | Shape,
    sided: int = 1,
    futility: Spending | Shape | None = None,
    binding: bool = False,
    power: float | None = None,
    efficacy_at: Sequence[int] | None = None,
    futility_at: Sequence[int] | None = None,
) -> GroupSequentialDesign:
    """Plan a group-sequential design.

    Parameters
    ----------
    alpha
        Type I error in all, in (0, 1); for a two-sided design of both sides together.
    information
        At the looks, ascending; a fraction of the last is taken, so counts of events may be given.
    efficacy
        A spending function (`spending`, `user_spending`, `spending_by`) or a shape (`obrien_fleming`, `pocock`,
        `wang_tsiatis`, `haybittle_peto`, `fixed_bounds`).
    sided
        1, or 2 for symmetric boundaries: spending is that of alpha / 2 on each side.
    futility
        A spending function of the type II error 1 - power, or `fixed_bounds`; None for no futility stops.
    binding
        Whether the type I error may count on stopping for futility.
    power
        Wanted probability of crossing the upper boundary; needed for beta spending.
    efficacy_at, futility_at
        Looks with such a boundary, counted from 1; all by default. The last look always tests for efficacy.

    Raises
    ------
    EngraftError
        If alpha or power lie outside (0, 1), power is not above alpha, information does not increase, looks are not
        ascending or a boundary cannot be found.
    """
    level = probability("alpha", alpha)
    side_count = sides(sided)
    levels = information_levels(information)
    fractions = levels / levels[-1]
    looks = len(fractions)
    if not isinstance(efficacy, Spending | Shape):
        raise EngraftError(f"efficacy: found {efficacy!s}; it must be a spending function or a shape of boundaries")
    if isinstance(efficacy, Shape) and efficacy.values is not None and len(efficacy.values) != looks - 1:
        raise EngraftError(f"efficacy: found {len(efficacy.values)} given boundaries; {looks} looks need {looks - 1}")
    with_efficacy = chosen_looks("efficacy_at", efficacy_at, looks)
    with_efficacy[-1] = True
    with_futility = chosen_looks("futility_at", futility_at, looks)
    with_futility[-1] = True
    wanted = None
    if power is not None:
        wanted = probability("power", power)
        if wanted <= level / side_count:
            raise EngraftError(
                f"power: found {wanted:.12g}; it must be above {level / side_count:.12g}, what chance alone gives"
            )
    if futility is None and futility_at is not None:
        raise EngraftError("futility_at: given without futility; say by which rule the boundary is made")
    beta_spent, given_futility = _futility(futility, fractions, wanted, with_futility)
    if isinstance(efficacy, Spending):
        efficacy = efficacy.at_planned(fractions)
    if isinstance(futility, Spending):
        futility = futility.at_planned(fractions)
    rules = Rules(
        fractions=fractions,
        sided=side_count,
        alpha=level / side_count,
        alpha_spent=cumulative(efficacy, fractions, level / side_count, with_efficacy),
        shape=efficacy if isinstance(efficacy, Shape) else None,
        efficacy_looks=with_efficacy,
        futility_looks=with_futility,
        beta_spent=beta_spent,
        futility_bounds=given_futility,
        binding=bool(binding) and futility is not None,
    )
    drift = None if wanted is None else drift_for_power(rules, wanted)
    found = find_boundaries(rules, drift=drift or 0.0)
    return design_from(rules, found, alpha=level, power=wanted, drift=drift, efficacy=efficacy, futility=futility)


def _futility(
    futility: Spending | Shape | None, fractions: Floats, power: float | None, with_futility: np.ndarray
) -> tuple[Floats | None, Floats | None]:
    """Beta spent and given boundaries of a futility rule."""
    if futility is None:
        return None, None
    if isinstance(futility, Spending):
        if power is None:
            raise EngraftError("power: missing; spending of the type II error needs the power that is wanted")
        return cumulative(futility, fractions, 1.0 - power, with_futility), None
    if not isinstance(futility, Shape) or futility.kind != "fixed":
        raise EngraftError(f"futility: found {futility!s}; it must be a spending function or values of z as given")
    values = np.asarray(futility.values, dtype=np.float64)
    if len(values) != len(fractions) - 1:
        raise EngraftError(
            f"futility: found {len(values)} given boundaries; {len(fractions)} looks need {len(fractions) - 1}"
        )
    return None, np.append(np.where(np.isnan(values), -np.inf, values), np.inf)


def cumulative(rule: Spending | Shape, fractions: Floats, total: float, at: np.ndarray) -> Floats | None:
    """Error spent by each look, where looks without a boundary spend nothing and leave it to the next."""
    if isinstance(rule, Shape):
        return None
    spent = rule.spent(fractions, total)
    return np.maximum.accumulate(np.where(at, spent, 0.0))


def drift_for_power(rules: Rules, power: float) -> float:
    """The mean of Z at full information under which the upper boundary is crossed with this probability."""
    known = None if rules.efficacy_needs_drift else find_boundaries(rules, drift=0.0)

    def excess(drift: float) -> float:
        if known is None:
            found = find_boundaries(rules, drift=drift)
        elif rules.beta_spent is None:
            found = known
        else:
            found = find_boundaries(rules, drift=drift, efficacy=known.efficacy)
        exits = exit_probabilities(rules.fractions, found.efficacy, found.futility, sided=rules.sided, drift=drift)
        return float(exits.efficacy.sum()) - power

    one_look = float(ndtri(1.0 - rules.alpha) + ndtri(power))
    low, high = max(0.5 * one_look, 0.0), one_look + 0.5
    while excess(high) < 0.0:
        low, high = high, high + 2.0
        if high > one_look + 30.0:
            raise EngraftError(
                f"power: found {power:.12g}; it cannot be reached with these boundaries, however large the effect; "
                "lower the futility boundary"
            )
    while excess(low) > 0.0:
        low = low - 0.5
    return float(brentq(excess, low, high, xtol=1e-11, rtol=8.9e-16))


def design_from(
    rules: Rules,
    found: Boundaries,
    *,
    alpha: float,
    power: float | None,
    drift: float | None,
    efficacy: Spending | Shape,
    futility: Spending | Shape | None,
) -> GroupSequentialDesign:
    """The design with all that follows from its boundaries."""
    early = found.futility[:-1] >= found.efficacy[:-1]
    if early.any():
        look = int(np.argmax(early)) + 1
        raise EngraftError(
            f"futility: at look {look} its boundary reaches the efficacy boundary ({found.efficacy[look - 1]:.4f}); "
            "spend less there, or lower it"
        )
    obeyed = found.futility if rules.binding else np.full(len(rules.fractions), -np.inf)
    null = exit_probabilities(rules.fractions, found.efficacy, obeyed, sided=rules.sided, drift=0.0)
    beta = by_look = inflation = one_look = None
    if power is not None and drift is not None:
        paths = exit_probabilities(rules.fractions, found.efficacy, found.futility, sided=rules.sided, drift=drift)
        by_look = readonly(np.cumsum(paths.efficacy))
        beta = readonly(np.cumsum(paths.futility))
        one_look = float(ndtri(1.0 - rules.alpha) + ndtri(power))
        inflation = (drift / one_look) ** 2 * float(rules.fractions[-1])
    return GroupSequentialDesign(
        alpha=alpha,
        sided=rules.sided,
        power=power,
        information=readonly(rules.fractions),
        efficacy=readonly(found.efficacy),
        futility=readonly(found.futility),
        binding=rules.binding,
        alpha_spent=readonly(np.cumsum(null.efficacy + null.harm)),
        beta_spent=beta,
        power_by_look=by_look,
        drift=drift,
        fixed_drift=one_look,
        inflation=inflation,
        efficacy_rule=efficacy,
        futility_rule=futility,
        efficacy_looks=tuple(bool(at) for at in rules.efficacy_looks),
        futility_looks=tuple(bool(at) for at in rules.futility_looks),
    )
