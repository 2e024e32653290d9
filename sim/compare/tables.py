"""The two tables that a comparison prints: each study as published, and all protocols in one population. Text only."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sim.compare.config import CompareConfig
from sim.compare.contrast import FEWEST_DISCORDANT
from sim.compare.estimates import ALL, MC_SE, SURVIVAL
from sim.units import format_duration

if TYPE_CHECKING:
    import pandas as pd

AS_PUBLISHED_TITLE = "Each study as published"
AS_PUBLISHED_NOTE = (
    "Separate cohorts, not a causal comparison. Printed figures beside those of a cohort simulated in the study's own "
    "population, with its entry gate, follow-up and estimator. Percent; after ± the Monte Carlo standard error; "
    "* marks a printed interval that was repaired."
)
SET_NOTE = " What this comparison sets for all arms ({paths}) does not touch these cohorts."
ONE_POPULATION_TITLE = "{protocols} in one population: {population}"
ONE_POPULATION_NOTE = (
    "Percent; after ± the Monte Carlo standard error.{differences} "
    "Times count from each endpoint's own time zero.{more}"
)
DIFFERENCES_NOTE = (
    " Differences are in percentage points against {reference}, from the same virtual patients with the same luck: the "
    "error after ± is Monte Carlo error only, not that of a trial, and no share of patients who benefit can be read "
    "from it. Unpaired errors are in differences.csv."
)
PATIENTS_NOTE = (
    " The column patients counts those at risk in each arm, a range where arms differ. They are fewer than the "
    "{patients:,} simulated an arm: who never passes the entry gate, or never reaches the time zero of an endpoint "
    "(or, in a landmark group, its landmark free of the event), does not count."
)
DISCORDANT_NOTE = (
    " – in place of an error: fewer than {fewest} virtual patients fared differently in the two arms, too few for a "
    "paired error (differences.csv counts them as discordant)."
)
DIFFER_NOTE = (
    " What if: arms differ in {differ}, which is no part of the treatment; their patients or disease are not alike."
)
DRAWN_NOTE = " Drawn in some arms only, and taken as part of what these arms do: {drawn}."
LANDMARK_NOTE = " {name}: a landmark group ({landmark}); {clock}."
CLOCKS = {
    "endpoint": "time runs from the endpoint's own time zero, with left truncation at the landmark",
    "landmark": "time runs from the landmark",
}
MISSING = "–"


def as_published_table(summary: pd.DataFrame, titles: Mapping[str, str], changes: Mapping[str, Any]) -> pd.DataFrame:
    """Rows of the population ``as-published`` (with the column mc_se), as text.

    `titles` are those of attributes; `changes` are made in all arms of the comparison, and not in the studies.
    """
    import pandas as pd

    rows = [
        {
            "study": row["arm"],
            "figure": _words(_share(row["endpoint"], titles)),
            "group": _words(row["subgroup"]),
            "time": _time(row["time_days"]),
            "printed": _printed(row),
            "simulated": _figure(row["estimate"], row[MC_SE]),
            "difference": points(row["estimate"] - row["printed"]),
            "source": row["source"].removesuffix("; interval repaired"),
        }
        for row in summary.to_dict("records")
    ]
    columns = ["study", "figure", "group", "time", "printed", "simulated", "difference", "source"]
    table = pd.DataFrame(rows, columns=columns)
    table.attrs.update(title=AS_PUBLISHED_TITLE, note=AS_PUBLISHED_NOTE + not_in_studies(changes))
    return table


def not_in_studies(changes: Mapping[str, Any]) -> str:
    """A sentence on `changes` of all arms, which the studies as published do not have; empty without any."""
    return SET_NOTE.format(paths=", ".join(changes)) if changes else ""


def one_population_table(
    summary: pd.DataFrame,
    differences: pd.DataFrame,
    config: CompareConfig,
    kinds: Mapping[str, str],
    differ: Sequence[str] = (),
    drawn: Sequence[str] = (),
) -> pd.DataFrame:
    """All arms side by side with paired differences against the first, as text.

    `differ` names what ifs, `drawn` attributes that only some arms draw.

    Everybody at every time; subgroups at the middle one of the times and for endpoints that are survivals. The rest is
    in summary.csv.
    """
    import pandas as pd

    arms = list(config.arms)
    figures = {
        (row["arm"], row["subgroup"], row["endpoint"], row["time_days"]): _figure(row["estimate"], row[MC_SE])
        for row in summary.to_dict("records")
    }
    sizes = {
        (row["arm"], row["subgroup"], row["endpoint"]): int(row["n"])
        for row in summary.to_dict("records")
        if row["n"] == row["n"]
    }
    paired = {
        (row["arm"], row["subgroup"], row["endpoint"], row["time_days"]): row
        for row in differences.to_dict("records")
        if row["measure"] in kinds.values()
    }

    def difference(arm: str, subgroup: str, endpoint: str, days: float) -> str:
        row = paired.get((arm, subgroup, endpoint, days))
        return MISSING if row is None else points(row["difference"], row["paired_mc_se"])

    rows = []
    for subgroup, endpoint, days in _shown(summary, config, kinds):
        row: dict[str, Any] = {"endpoint": endpoint, "group": _words(subgroup), "time": _time(days)}
        row["patients"] = _counts(sizes[arm, subgroup, endpoint] for arm in arms if (arm, subgroup, endpoint) in sizes)
        row |= {arm: figures.get((arm, subgroup, endpoint, days), MISSING) for arm in arms}
        row |= {f"{arm} less {arms[0]}": difference(arm, subgroup, endpoint, days) for arm in arms[1:]}
        rows.append(row)
    less = [f"{arm} less {arms[0]}" for arm in arms[1:]]
    table = pd.DataFrame(rows, columns=["endpoint", "group", "time", "patients", *arms, *less])
    protocols = {1: "One protocol", 2: "Both protocols"}.get(
        len({arm.protocol for arm in config.arms.values()}), "All protocols"
    )
    more = [
        LANDMARK_NOTE.format(name=name, landmark=group.landmark, clock=CLOCKS[group.clock])
        for name, group in config.subgroups.items()
        if group.landmark is not None
    ]
    if any(size < config.patients for size in sizes.values()):
        more.append(PATIENTS_NOTE.format(patients=config.patients))
    shown = [paired.get((arm, *key)) for key in _shown(summary, config, kinds) for arm in arms[1:]]
    if any(row is not None and row["discordant"] < FEWEST_DISCORDANT for row in shown):
        more.append(DISCORDANT_NOTE.format(fewest=FEWEST_DISCORDANT))
    if differ:
        more.append(DIFFER_NOTE.format(differ=", ".join(differ)))
    if drawn:
        more.append(DRAWN_NOTE.format(drawn=", ".join(drawn)))
    more += [f" {note}" for note in config.notes]
    table.attrs.update(
        title=ONE_POPULATION_TITLE.format(protocols=protocols, population=config.population_name),
        note=ONE_POPULATION_NOTE.format(
            differences=DIFFERENCES_NOTE.format(reference=arms[0]) if less else "", more="".join(more)
        ),
    )
    return table


def _shown(summary: pd.DataFrame, config: CompareConfig, kinds: Mapping[str, str]) -> Iterator[tuple[str, str, float]]:
    times = config.times_days
    for endpoint in config.endpoints:
        for days in times:
            yield ALL, endpoint, days
    for subgroup in dict.fromkeys(summary["subgroup"]):
        for endpoint in config.endpoints:
            if subgroup != ALL and kinds[endpoint] == SURVIVAL:
                yield subgroup, endpoint, times[len(times) // 2]


def _share(figure: str, titles: Mapping[str, str]) -> str:
    """An endpoint as it is, and a share such as ``mrd_after_a1 = negative`` by the title of its attribute."""
    attribute, is_share, value = figure.partition(" = ")
    return f"{titles.get(attribute, attribute)}: {value}" if is_share else figure


def _words(text: str) -> str:
    return text.replace("_", " ")


def _time(days: float) -> str:
    return "" if days != days else format_duration(days)


def _counts(sizes: Iterable[int]) -> str:
    """Patients of a group, who may be others in each arm: ``1,234`` or ``1,234–1,240``."""
    counts = sorted(set(sizes))
    return "–".join(f"{count:,}" for count in dict.fromkeys([*counts[:1], *counts[-1:]])) or MISSING


def _figure(estimate: float, error: float) -> str:
    if estimate != estimate:
        return MISSING
    return f"{100 * estimate:.1f} ± {_error(error)}"


def points(difference: float, error: float | None = None) -> str:
    """A difference of shares in percentage points, signed but for zero, with its Monte Carlo error if there is one."""
    if difference != difference:
        return MISSING
    text = f"{100 * difference:+.1f}"
    text = "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")
    return text if error is None else f"{text} ± {_error(error)}"


def _error(error: float) -> str:
    # Two decimals: with 20,000 patients a standard error is a few tenths of a point.
    return MISSING if error != error else f"{100 * error:.2f}"


def _printed(row: Mapping[Hashable, Any]) -> str:
    if row["printed"] != row["printed"]:
        return MISSING
    text = f"{100 * row['printed']:.1f}"
    if row["printed_low"] == row["printed_low"]:
        mark = "*" if row["source"].endswith("; interval repaired") else ""
        text += f" ({100 * row['printed_low']:.1f}–{100 * row['printed_high']:.1f}){mark}"
    return text
