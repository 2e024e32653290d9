"""The report of a comparison as one HTML page that needs nothing else: its words and tables. Its form is elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.batch.folder import NOTICE, ResultFolder
from sim.compare.tables import not_in_studies, points
from sim.report.difference import differences, short
from sim.report.parameters import PARAMETER_COLUMNS, SWITCH_COLUMNS, parameter_rows, switch_rows
from sim.report.pictures import Picture, comparison_pictures, graph_pictures
from sim.units import format_duration

if TYPE_CHECKING:
    import pandas as pd

    from sim.compare.run import Comparison
    from sim.protocol.schema import Protocol


def write_report(comparison: Comparison, out: str | Path | ResultFolder, *, overwrite: bool = False) -> ResultFolder:
    """Write all that `engraft compare` writes: the tables, figures/*.svg, report.html and the manifest.

    Parameters
    ----------
    comparison
        What was found.
    out
        A folder, or one that was opened before the work began.
    overwrite
        Whether results that the folder holds may be replaced.

    Raises
    ------
    UsageError
        The folder is not empty, or cannot be written.
    """
    return comparison.write(out, overwrite=overwrite, also=partial(_add_report, comparison))


def _add_report(comparison: Comparison, folder: ResultFolder) -> None:
    """Figures and page, into a folder that the caller finishes."""
    figures, graphs = comparison_pictures(comparison), graph_pictures(comparison)
    for picture in (*figures, *graphs):
        folder.write_bytes(f"figures/{picture.name}.svg", picture.svg)
    folder.write_text("report.html", report_html(comparison, figures, graphs))


def report_html(comparison: Comparison, figures: Sequence[Picture], graphs: Sequence[Picture]) -> str:
    """The page as text; the same comparison gives the same bytes.

    Parameters
    ----------
    comparison
        What was found.
    figures, graphs
        Shown with the results, and with the protocols.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    published, contrast = comparison.tables()
    screening = comparison.screening()
    config, manifest = comparison.config, comparison.manifest

    def shown(pictures: Sequence[Picture]) -> list[dict[str, Any]]:
        return [{"svg": Markup(picture.inline()), "caption": picture.caption} for picture in pictures]

    return environment.get_template("report.html.j2").render(
        title=config.title,
        question=config.question,
        notice=NOTICE.capitalize(),
        result=list(_result(comparison)),
        setting=_setting(comparison),
        claims=list(_claims(comparison)),
        contrast=_text_table(contrast),
        screening=None if screening is None else _text_table(screening),
        published=_text_table(published) if len(published) else None,
        figures=shown(figures),
        graphs=shown(graphs),
        arms=_arms(comparison),
        differences=list(_protocol_differences(comparison)),
        parameters=_parameters(comparison.protocols),
        switches=_switches(comparison.protocols),
        sources=_sources(comparison.protocols),
        command=manifest["command"],
        provenance=_provenance(comparison),
        inputs=_table("What was read", ["input", "SHA-256"], [*manifest["inputs"].items()]),
    )


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], note: str = "") -> dict[str, Any]:
    return {"title": title, "note": note, "columns": [(name, "word") for name in columns], "rows": rows}


def _text_table(frame: pd.DataFrame) -> dict[str, Any]:
    """A table of `Comparison.tables`: figures to the right, words to the left."""
    words = {"study", "figure", "endpoint", "group", "time", "source", "stage"}
    return {
        "title": frame.attrs["title"],
        "note": frame.attrs["note"],
        "columns": [(str(name), "word" if name in words else "number") for name in frame.columns],
        "rows": frame.to_numpy().tolist(),
    }


def _result(comparison: Comparison) -> Iterator[str]:
    """All patients at the middle one of the times, in sentences."""
    config, times = comparison.config, comparison.config.times_days
    days = times[len(times) // 2]
    rules = next(iter(comparison.protocols.values())).endpoints
    summary = comparison.summary
    overall = summary[(summary["population"] == config.population_name) & (summary["subgroup"] == "all")]
    here = overall[overall["time_days"] == days].set_index(["endpoint", "arm"])["estimate"]
    there = comparison.differences
    there = there[(there["subgroup"] == "all") & (there["time_days"] == days)]
    for endpoint in config.endpoints:
        told = []
        for arm in config.arms:
            if (endpoint, arm) not in here.index:
                continue
            words = f"{arm} {100 * here[endpoint, arm]:.1f} %"
            found = there[(there["endpoint"] == endpoint) & (there["arm"] == arm)]
            found = found[found["measure"] == comparison.kinds[endpoint]]
            for row in found.to_dict("records"):
                words += f" ({points(row['difference'])} points, "
                if row["paired_low"] == row["paired_low"]:
                    words += f"{points(row['paired_low'])} to {points(row['paired_high'])})"
                else:
                    who = "patient" if row["discordant"] == 1 else "patients"
                    words += f"{row['discordant']} {who} fared differently: too few for an interval)"
            told.append(words)
        found_of = ", ".join(told) or f"nobody reaches its time zero, {rules[endpoint].from_}"
        yield f"{rules[endpoint].title or endpoint} at {format_duration(days)}: {found_of}."


def _setting(comparison: Comparison) -> str:
    config = comparison.config
    reference = next(iter(config.arms))
    text = (
        f"{config.patients:,} virtual patients an arm, population {config.population_name}, followed for "
        f"{config.horizon}, seed {config.seed}."
    )
    if len(config.arms) > 1:
        text += (
            f" In brackets the difference from {reference} in percentage points with its 95 % interval, paired by "
            "patient: Monte Carlo error only."
        )
    return text


def _claims(comparison: Comparison) -> Iterator[str]:
    config = comparison.config
    yield (
        f"The contrast between the protocols is made in one population ({config.population_name}), one era, and with "
        "shared values wherever treatment is the same. It says what follows from the protocols and their stated "
        "assumptions. It is no evidence that one treatment is better."
    )
    yield from config.notes
    if comparison.differ:
        yield (
            f"What if: arms differ in {', '.join(comparison.differ)}. That is no part of the treatment, and a "
            "difference between those arms is not an effect of treatment alone."
        )
    if comparison.drawn_in_some:
        yield (
            f"Drawn in some arms only, and taken as part of what these arms do: {', '.join(comparison.drawn_in_some)}."
        )
    if config.as_published:
        yield (
            "The studies as published are separate cohorts, each with patients, era and follow-up of its own. The "
            "difference between two of them is not an effect of treatment. They show how well the simulation "
            "reproduces what was printed." + not_in_studies(config.set)
        )
    yield (
        "Intervals are Monte Carlo error only: they say how far a larger simulation could move the figures. The "
        "uncertainty of the parameters, given below as priors, is not in them and is larger."
    )
    yield (
        "Paired differences assume that a patient's luck keeps its rank under every protocol (rank-preserving "
        "potential outcomes). No share of patients who benefit can be read from them."
    )
    landmarks = [label for label, group in config.subgroups.items() if group.landmark is not None]
    if landmarks:
        yield (
            f"Groups by {', '.join(landmarks)} are formed after time zero, among patients who are then still without "
            "event. Where the protocols differ before that day the groups hold different patients, and a difference "
            "within a group is then not an effect of treatment."
        )
    yield "The virtual patients are no persons. Nothing here may guide the care of anyone, and doses are not guidance."


def _arms(comparison: Comparison) -> dict[str, Any]:
    rows = []
    for arm, protocol in comparison.protocols.items():
        overrides = comparison.config.overrides(arm)
        changed = ", ".join(f"{path} = {short(value)}" for path, value in overrides.items())
        rows.append((arm, protocol.id, protocol.title, changed or "none"))
    return _table("Arms", ["arm", "protocol", "title", "changes of the arm"], rows)


def _protocol_differences(comparison: Comparison) -> Iterator[dict[str, Any]]:
    arms = list(comparison.protocols.items())
    for place, (arm, protocol) in enumerate(arms[1:], start=1):
        # An arm that changes numbers of an earlier one is told against that, any other against the first.
        same = (pair for pair in arms[:place] if pair[1].id == protocol.id)
        reference, first = next(same, arms[0])
        found = [entry for entry in differences(first, protocol) if entry.path not in ("id", "title", "notes")]
        rows = [
            (
                entry.path,
                "" if entry.kind == "added" else short(entry.before),
                "" if entry.kind == "removed" else short(entry.after),
            )
            for entry in found
        ]
        title = f"{arm} against {reference}, by document path of the explicit machine forms"
        table = _table(title, ["path", reference, arm], rows, "An empty cell: the protocol does not have it.")
        yield {**table, "heading": f"What {arm} changes"}


def _parameters(protocols: dict[str, Protocol]) -> dict[str, Any]:
    rows = list(parameter_rows(protocols))
    return _table("Parameters", PARAMETER_COLUMNS, rows, "Values as simulated in the common population.")


def _switches(protocols: dict[str, Protocol]) -> dict[str, Any] | None:
    rows = list(switch_rows(protocols))
    return _table("Structural choices", SWITCH_COLUMNS, rows) if rows else None


def _sources(protocols: dict[str, Protocol]) -> dict[str, Any]:
    found: dict[str, str] = {}
    for protocol in protocols.values():
        found.update(protocol.sources)
    return _table("Sources", ["key", "reference"], list(found.items()))


def _provenance(comparison: Comparison) -> dict[str, Any]:
    config, manifest = comparison.config, comparison.manifest
    rows = [
        ("seed", str(config.seed)),
        ("patients an arm", f"{config.patients:,}"),
        ("population", config.population_name),
        ("follow-up", config.horizon),
        ("overrides", ", ".join(manifest["overrides"]) or "none"),
        *((f"version of {name}", number) for name, number in manifest["versions"].items()),
    ]
    return _table("Provenance", ["what", "value"], rows)
