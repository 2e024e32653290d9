"""What a design file plans upon its design: assurance under a prior, several hypotheses. The design itself is given."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from sim.design import config as models
from sim.design.assurance import assurance_by_events, assurance_of_sample, power_in_favour
from sim.design.config_reader import Reader
from sim.design.fixed import FixedSurvival
from sim.design.graphical import Graph, fixed_sequence_graph, graph, holm_graph
from sim.design.integration import NormalPrior
from sim.design.interim import Ratio, interim_table
from sim.design.logrank import LARGEST_RATIO
from sim.design.moments import critical_value
from sim.design.scales import boundary_table
from sim.design.sequential import GroupSequentialDesign
from sim.design.sequential_plan import SequentialSurvival
from sim.design.survival_tests import LogRank
from sim.errors import EngraftError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

SMALLEST_SD = 1e-4
"""A prior narrower than this on the log hazard ratio is a value, not a belief."""


def assurance_table(reader: Reader, given: models.Assured, found: FixedSurvival | SequentialSurvival) -> pd.DataFrame:
    """Assurance of a log-rank design: probability, prior probability of benefit, Monte Carlo error."""
    import pandas as pd

    fixed = found if isinstance(found, FixedSurvival) else found.fixed
    here = ("assurance", given.family)
    with reader.at(*here, sd=(*here, "sd"), mean=(*here, "mean"), effects=here):
        if not isinstance(fixed.test, LogRank) or fixed.test.method == "weighted":
            raise EngraftError("a prior on the log hazard ratio needs a log-rank test under proportional hazards")
        _believable(given)
        margin, allocation = fixed.test.margin, fixed.course.allocation
        common = {"alpha": fixed.alpha, "sided": fixed.sided, "null_ratio": margin, "allocation": allocation}
        scale = math.sqrt(allocation * fixed.events) / (1.0 + allocation)
        if given.normal is not None:
            prior = given.normal
            result = assurance_by_events(fixed.events, mean=prior.mean, sd=prior.sd, **common)  # type: ignore[arg-type]
            probability = result.probability
            if isinstance(found, SequentialSurvival):
                drift = NormalPrior((math.log(margin) - prior.mean) * scale, 1.0 / (scale * prior.sd) ** 2)
                probability = found.design.power_at(drift)
        else:
            assert given.sample is not None

            def power_at(effect: float) -> float:
                if isinstance(found, SequentialSurvival):
                    return found.design.power_at((math.log(margin) - effect) * scale)
                return power_in_favour(math.exp(effect), fixed.events, **common)  # type: ignore[arg-type]

            result = assurance_of_sample(power_at, given.sample, null=math.log(margin))
            probability = result.probability
        row = {
            "prior": given.family,
            "assurance": probability,
            "prior_benefit": result.benefit,
            "monte_carlo_error": result.std_error,
        }
        return pd.DataFrame([row])
    return pd.DataFrame()


def _believable(given: models.Assured) -> None:
    """Refuse log hazard ratios beyond those that a design may assume, and spreads that are none."""
    most = math.log(LARGEST_RATIO)
    if given.normal is not None:
        if abs(given.normal.mean) > most:
            raise EngraftError(f"mean: found {given.normal.mean:.12g}; it must lie within {-most:.3g} and {most:.3g}")
        if not SMALLEST_SD <= given.normal.sd <= most:
            least = f"{SMALLEST_SD:g} and {most:.3g}"
            raise EngraftError(f"sd: found {given.normal.sd:.12g}; it must lie between {least}")
    for row, effect in enumerate(given.sample or ()):
        if abs(effect) > most:
            raise EngraftError(f"effects: row {row} is {effect:.12g}; it must lie within {-most:.3g} and {most:.3g}")


def boundary_tables(
    reader: Reader, design: GroupSequentialDesign, planned: float, drift: float, ratio: Ratio | None
) -> dict[str, pd.DataFrame]:
    """Boundaries as conditional and predictive power, and where looks have been held the boundaries as they are then.

    Parameters
    ----------
    planned
        Events, or patients, of the last look.
    drift
        Mean of Z there.
    ratio
        The hazard ratio of a z and a number of events; None where there are none.
    """
    tables = {"boundaries": _scales(design.to_frame())}
    looks = reader.design.group_sequential
    if looks is None or looks.observed is None:
        return tables
    given, here = looks.observed, ("group_sequential", "observed")
    with reader.at(*here, information=(*here, "counts"), final=(*here, "final"), z=(*here, "z")):
        for row, count in enumerate(given.counts):
            if count <= 0.0:
                raise EngraftError(f"information: row {row} is {count:.12g}; it must be above 0")
        counts = np.array(given.counts)
        held = design.at_observed(counts / planned, final=given.final, last_look=given.last_look)
        table = boundary_table(held, power_scales=False).drop(columns=["power", "beta_spent"], errors="ignore")
        table.insert(2, "count", held.information * planned)
        if ratio is not None:
            for name in ("efficacy", "futility"):
                table[f"{name}_hr"] = ratio(table[f"{name}_z"].to_numpy(), held.information * planned)
        table["power"] = np.cumsum(held.exits(drift).efficacy)
        tables["observed"] = table.dropna(axis="columns", how="all")
        if given.z is not None:
            if len(given.z) != len(counts):
                raise EngraftError(f"z: found {len(given.z)} values; {len(counts)} looks were held")
            tables["interim"] = interim_table(held, given.z, planned=planned, drift=drift, ratio=ratio)
    return tables


def _scales(wide: pd.DataFrame) -> pd.DataFrame:
    """One row a look and boundary: z, p, and what crossing later would be worth there."""
    import pandas as pd

    rows = []
    for record in wide.to_dict("records"):
        for name in ("efficacy", "futility"):
            own = {
                str(key).removeprefix(f"{name}_"): value for key, value in record.items() if str(key).startswith(name)
            }
            if not math.isnan(own["z"]):
                rows.append({"look": record["look"], "boundary": name, **own})
    return pd.DataFrame(rows)


def graph_of(reader: Reader, given: models.Multiplicity) -> Graph:
    """The shares of alpha and where they go."""
    here = ("multiplicity",)
    names = list(given.hypotheses)
    weights = [hypothesis.weight for hypothesis in given.hypotheses.values()]
    if given.this not in names:
        reader.refuse((*here, "this"), f'no hypothesis is called "{given.this}"{did_you_mean(given.this, names)}')
        reader.finish()
    transitions = np.zeros((len(names), len(names)))
    for source, targets in given.transitions.items():
        for target, share in targets.items():
            for name, place in (
                (source, (*here, "transitions", source)),
                (target, (*here, "transitions", source, target)),
            ):
                if name not in names:
                    reader.refuse(place, f'no hypothesis is called "{name}"{did_you_mean(name, names)}')
            if source in names and target in names:
                transitions[names.index(source), names.index(target)] = share
    if given.transitions and given.procedure != "graphical":
        reader.refuse((*here, "transitions"), f"{given.procedure} has its own; write procedure: graphical")
    reader.finish()
    with reader.at(*here, weights=(*here, "hypotheses"), transitions=(*here, "transitions")):
        if given.procedure == "fixed_sequence":
            expected = [1.0, *([0.0] * (len(names) - 1))]
            _same(weights, expected, "fixed_sequence gives all to the first hypothesis: weights 1, 0, ..")
            return fixed_sequence_graph(len(names))
        if given.procedure == "holm":
            _same(weights, [1.0 / len(names)] * len(names), f"holm takes equal weights, {1 / len(names):.6g} each")
            return holm_graph(len(names))
        return graph(weights=weights, transitions=transitions)
    reader.finish()
    raise AssertionError("a refused graph does not get here")


def _same(weights: list[float], expected: list[float], rule: str) -> None:
    if not np.allclose(weights, expected, atol=1e-6):
        raise EngraftError(f"weights: found {', '.join(f'{weight:g}' for weight in weights)}; {rule}")


def multiplicity_table(reader: Reader, given: models.Multiplicity, mean: float) -> pd.DataFrame:
    """One row a hypothesis: level and critical value at first and when all others are rejected, and power at both.

    `mean` is the mean of Z of the design's own hypothesis.
    """
    import pandas as pd

    shares = graph_of(reader, given)
    design = reader.design
    rows = []
    for index, (name, hypothesis) in enumerate(given.hypotheses.items()):
        centre = mean if name == given.this else hypothesis.mean
        row: dict[str, object] = {"hypothesis": name, "weight": float(shares.weights[index])}
        for when, weight in (("first", shares.weights[index]), ("last", shares.weights_of((index,))[index])):
            level = float(weight) * design.alpha
            z = critical_value(level, design.sided) if level > 0.0 else math.nan
            row |= {
                f"alpha_{when}": level,
                f"z_{when}": z,
                f"power_{when}": math.nan if centre is None or level == 0.0 else float(ndtr(centre - z)),
            }
        rows.append(row)
    return pd.DataFrame(rows)
