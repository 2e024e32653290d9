"""Which figures belong to a comparison, under which names, with which captions. How they are drawn is in `figures`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.report.figures import cif_figure, difference_figure, km_figure
from sim.report.graph import graph_svg
from sim.report.style import svg_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.compare.run import Comparison
    from sim.protocol.schema import Protocol

_SURVIVAL, _INCIDENCE = "survival", "cumulative incidence"
_LANDMARK = {
    "endpoint": (
        " Landmark groups: time runs from the endpoint's own time zero, and patients are at risk from the day on which "
        "their group is known (left truncation), so that nobody is at the start."
    ),
    "landmark": " Landmark groups: time runs from the day on which a patient's group is known.",
}


@dataclass(frozen=True)
class Picture:
    """A figure as a file and in a report."""

    name: str
    title: str
    caption: str
    svg: bytes

    def inline(self) -> str:
        """The SVG as part of a page: no prolog, ids of its own, and words for who cannot see it."""
        text = self.svg.decode("utf-8")
        body = text[text.index("<svg") :]
        body = re.sub(r"\s*<metadata>.*?</metadata>", "", body, flags=re.S)
        body = re.sub(r'\bid="', f'id="{self.name}-', body)
        body = re.sub(r'(href="#|url\(#)', rf"\g<1>{self.name}-", body)
        label = f"{self.title}. {self.caption}".replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
        return body.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)


def comparison_pictures(comparison: Comparison) -> list[Picture]:
    """Survival overall, stacked incidence, differences, then survival by subgroup; in the common population."""
    return list(_pictures(comparison))


def graph_pictures(comparison: Comparison) -> list[Picture]:
    """The phase graph of each protocol; arms that differ in numbers only share one."""
    found: dict[str, tuple[Protocol, list[str]]] = {}
    for arm, protocol in comparison.protocols.items():
        found.setdefault(protocol.id, (protocol, []))[1].append(arm)
    return [
        Picture(
            name=f"graph-{slug(name)}",
            title=protocol.title,
            caption=f"Phases of {name} as {'arm' if len(arms) == 1 else 'arms'} {', '.join(arms)} "
            f"{'has' if len(arms) == 1 else 'have'} them{_drawn_from(arms)}.",
            svg=graph_svg(protocol),
        )
        for name, (protocol, arms) in found.items()
    ]


def slug(text: str) -> str:
    """A name for files: letters, digits and hyphens."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")


def _drawn_from(arms: list[str]) -> str:
    return f"; numbers are those of {arms[0]}" if len(arms) > 1 else ""


def _pictures(comparison: Comparison) -> Iterator[Picture]:
    config, population = comparison.config, comparison.config.population_name
    curves = comparison.curves[comparison.curves["population"] == population]
    arms = list(config.arms)
    survivals = [name for name in config.endpoints if comparison.kinds[name] == _SURVIVAL]
    overall = curves[curves["subgroup"] == "all"]
    for name in survivals:
        if name not in set(overall["endpoint"]):
            continue  # nobody reaches its time zero; the tables say so
        title = _title(comparison, name)
        figure = km_figure(curves, endpoint=name, population=population, arms=arms, title=title)
        yield _picture(figure, f"survival-{slug(name)}", title, "Kaplan-Meier curves of all patients, by arm.")
    for relapse, death in _stacks(comparison):
        stacked = overall[overall["endpoint"].isin([relapse, death])]
        if not len(stacked):
            continue
        title = f"{_title(comparison, relapse)} and {_lower(_title(comparison, death))}"
        reached = [arm for arm in arms if arm in set(stacked["arm"])]
        labels = (_happening(comparison, relapse), _happening(comparison, death))
        figure = cif_figure(
            curves, population=population, relapse=relapse, death=death, arms=reached, title=title, labels=labels
        )
        caption = "Aalen-Johansen cumulative incidences, stacked, by arm."
        yield _picture(figure, f"stacked-{slug(relapse)}-{slug(death)}", title, caption)
    told = comparison.differences[comparison.differences["subgroup"] == "all"]
    compared = [name for name in config.endpoints if name in set(told["endpoint"])]
    if compared:
        title = f"Differences from {arms[0]}"
        figure = difference_figure(comparison.differences, population=population, endpoints=compared, title=title)
        caption = (
            "Thick: 95 % interval from the same virtual patients with the same luck, Monte Carlo error only. "
            "Thin: the interval if the arms had different patients."
        )
        yield _picture(figure, "differences", title, caption)
    for label, group in config.subgroups.items():
        for name in survivals:
            known = curves[curves["endpoint"] == name]
            subgroups = [group for group in dict.fromkeys(known["subgroup"]) if group.startswith(f"{label}: ")]
            if not subgroups:
                continue
            title = f"{_title(comparison, name)} by {label}"
            figure = km_figure(
                curves, endpoint=name, population=population, subgroups=subgroups, arms=arms, title=title
            )
            caption = f"Kaplan-Meier curves by {label}, by arm."
            if group.landmark is not None:
                caption += _LANDMARK[group.clock]
            yield _picture(figure, f"survival-{slug(name)}-by-{slug(label)}", title, caption)


def _picture(figure: Figure, name: str, title: str, caption: str) -> Picture:
    return Picture(name, title, caption, svg_bytes(figure, title=title, description=caption))


def _stacks(comparison: Comparison) -> Iterator[tuple[str, str]]:
    """Pairs of incidences that compete with one another from the same time zero: relapse first."""
    rules = next(iter(comparison.protocols.values())).endpoints
    names = [name for name in comparison.config.endpoints if comparison.kinds[name] == _INCIDENCE]
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            a, b = rules[one], rules[other]
            if a.from_ == b.from_ and a.event == b.competing and b.event == a.competing:
                yield (one, other) if "death" in b.event else (other, one)


def _title(comparison: Comparison, endpoint: str) -> str:
    return next(iter(comparison.protocols.values())).endpoints[endpoint].title or endpoint


def _happening(comparison: Comparison, endpoint: str) -> str:
    """What an incidence counts, by its title."""
    return _lower(_title(comparison, endpoint)).removeprefix("cumulative incidence of ")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
