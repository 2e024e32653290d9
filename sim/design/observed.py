"""A group-sequential design read at the information that was observed. Planning is in sequential.py."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from sim.design.boundaries import Boundaries, Rules, find_boundaries
from sim.design.inputs import information_levels
from sim.design.integration import SMALLEST_STEP
from sim.design.sequential import GroupSequentialDesign, LastLook, cumulative, design_from
from sim.design.spending import Shape, Spending
from sim.errors import EngraftError
from sim.stats.arrays import Floats


def recomputed(
    design: GroupSequentialDesign, information: ArrayLike, *, final: bool = True, last_look: LastLook = "remaining"
) -> GroupSequentialDesign:
    """The boundaries of a planned design at observed information.

    Spending functions are read at the observed fractions of the *planned* maximum, looks that were not planned included
    (Lan and DeMets 1983). Boundaries of a shape stay as planned at their look, and only the last is found anew. Beta
    spending keeps the planned alternative.

    Parameters
    ----------
    design
        As planned by `group_sequential`.
    information
        At the looks held so far, as fractions of the planned maximum; above 1 when the trial ran over.
    final
        Whether the last of them is the last analysis. If not, the planned looks beyond it follow.
    last_look
        The rule for a last analysis with less information than planned (under-running) or more (over-running).
        ``remaining``: it takes all alpha that is left, whatever its information, so that the type I error is alpha.
        ``as-planned``: its boundary is that of the plan; `alpha_spent` then says what the type I error is.

    Returns
    -------
    GroupSequentialDesign
        With `information` as fractions of the planned maximum, and power under the planned drift.
    """
    if last_look not in ("remaining", "as-planned"):
        raise EngraftError(f'last_look: found "{last_look}"; it must be "remaining" or "as-planned"')
    seen = information_levels(information)
    fractions = seen
    with_efficacy, with_futility = _flags(design, len(seen))
    if not final:
        ahead = design.information > seen[-1] * (1.0 + SMALLEST_STEP)
        if not ahead.any():
            raise EngraftError(
                f"final: found False, but the information {seen[-1]:.6g} is not below the planned maximum, 1; "
                "it is the last look"
            )
        fractions = np.concatenate((seen, design.information[ahead]))
        with_efficacy = np.concatenate((with_efficacy, np.asarray(design.efficacy_looks)[ahead]))
        with_futility = np.concatenate((with_futility, np.asarray(design.futility_looks)[ahead]))
    with_efficacy[-1] = with_futility[-1] = True
    alpha = design.alpha / design.sided
    rules = Rules(
        fractions=fractions,
        sided=design.sided,
        alpha=alpha,
        alpha_spent=_all_spent(design.efficacy_rule, fractions, alpha, with_efficacy),
        shape=_fixed(design.efficacy_rule, design.efficacy, len(seen), fractions, design),
        efficacy_looks=with_efficacy,
        futility_looks=with_futility,
        beta_spent=_all_spent(design.futility_rule, fractions, 1.0 - (design.power or 0.5), with_futility),
        futility_bounds=_planned_futility(design, len(seen), fractions),
        binding=design.binding,
    )
    found = find_boundaries(rules, drift=design.drift or 0.0)
    if last_look == "as-planned":
        efficacy, futility = found.efficacy.copy(), found.futility.copy()
        efficacy[-1] = futility[-1] = design.efficacy[-1]
        found = Boundaries(efficacy, futility)
    result = design_from(
        rules,
        found,
        alpha=design.alpha,
        power=design.power,
        drift=design.drift,
        efficacy=design.efficacy_rule,
        futility=design.futility_rule,
    )
    if result.power_by_look is None:
        return result
    return replace(result, power=float(result.power_by_look[-1]))


def _flags(design: GroupSequentialDesign, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Which observed looks have boundaries: as planned for the look of that number; looks beyond the plan have both."""
    planned_efficacy = np.asarray(design.efficacy_looks)[:count]
    planned_futility = np.asarray(design.futility_looks)[:count]
    more = np.ones(count - len(planned_efficacy), dtype=bool)
    return np.concatenate((planned_efficacy, more)), np.concatenate((planned_futility, more))


def _all_spent(rule: Spending | Shape | None, fractions: Floats, total: float, at: np.ndarray) -> Floats | None:
    if not isinstance(rule, Spending):
        return None
    spent = cumulative(rule, fractions, total, at)
    if spent is not None:
        spent[-1] = total
    return spent


def _fixed(
    rule: Spending | Shape | None, planned: Floats, seen: int, fractions: Floats, design: GroupSequentialDesign
) -> Shape | None:
    """Boundaries of a shape as they were planned, look by look, of which only the last is found anew."""
    if not isinstance(rule, Shape):
        return None
    return Shape("fixed", values=tuple(_by_look(planned, seen, fractions, design)[:-1]))


def _planned_futility(design: GroupSequentialDesign, seen: int, fractions: Floats) -> Floats | None:
    if not isinstance(design.futility_rule, Shape):
        return None
    return _by_look(design.futility, seen, fractions, design)


def _by_look(planned: Floats, seen: int, fractions: Floats, design: GroupSequentialDesign) -> Floats:
    """Planned values for the looks held, by number, then for the looks ahead, by information."""
    interim = min(seen, len(fractions) - 1)
    if interim > design.looks - 1:
        raise EngraftError(
            f"information: found {seen} looks, but {design.looks} were planned; boundaries of a shape are planned look "
            "by look, only spending functions allow more"
        )
    ahead = planned[design.looks - (len(fractions) - seen) :] if len(fractions) > seen else planned[-1:]
    return np.concatenate((planned[:interim], ahead))
