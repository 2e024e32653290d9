"""Runs a comparison: simulates every arm and study, holds and writes what was found. Estimates are made elsewhere."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from sim.batch.folder import NOTICE, ResultFolder, manifest, run_info
from sim.batch.run import Engine, simulate
from sim.compare.config import AS_PUBLISHED, LATEST_TIME_ZERO, CompareConfig, load_config, problem_at
from sim.compare.contrast import DIFFERENCES, ArmData, arm_data, contrast, group_rows
from sim.compare.estimates import CURVES, ENDPOINTS, GROUPS, MC_SE, SHARES, SUMMARY, endpoint_rows, kind_of, stacked
from sim.compare.funnel import FUNNEL, funnel_rows, funnel_table, is_screened
from sim.compare.one_population import drawn_in_some
from sim.compare.prepare import Prepared, prepare
from sim.compare.published import PARTS, as_published
from sim.compare.reach import unreached
from sim.compare.tables import as_published_table, one_population_table
from sim.endpoints.table import legend
from sim.errors import InvalidDocument, UsageError
from sim.protocol.library import find, folder
from sim.protocol.resolve import machine_form
from sim.units import parse_duration

if TYPE_CHECKING:
    import pandas as pd

    from sim.engine.history import History
    from sim.protocol.document import DocumentPath
    from sim.protocol.schema import Protocol


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """What a comparison found.

    Attributes
    ----------
    config
        What was asked for, overrides applied.
    name
        Name of the config, as files and folders use it.
    protocols
        The protocol of each arm; the first arm is the reference.
    kinds
        ``survival`` or ``cumulative incidence`` for each endpoint.
    legend
        For each endpoint, what the codes of the column ``event`` mean.
    summary, curves, endpoints, differences, groups
        The tables of the files of the same names. `endpoints` and `groups` hold the common population.
    published_endpoints, published_groups
        The same of the published studies, each in its own population.
    published_shares
        Who counts for each printed share, and who has the value (``event`` 1).
    funnel
        How the screened became the enrolled, in each arm and each published study.
    differ
        Shared values that differ between arms because the config asks for it, in words.
    """

    config: CompareConfig
    name: str
    protocols: dict[str, Protocol]
    kinds: dict[str, str]
    legend: dict[str, dict[int, str]]
    summary: pd.DataFrame
    curves: pd.DataFrame
    endpoints: pd.DataFrame
    differences: pd.DataFrame
    groups: pd.DataFrame
    published_endpoints: pd.DataFrame
    published_groups: pd.DataFrame
    published_shares: pd.DataFrame
    funnel: pd.DataFrame
    differ: tuple[str, ...]
    _mc_se: pd.Series[float]
    _manifest: dict[str, Any]
    _run: dict[str, Any] = field(repr=False)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the author of the config has to say of the result, and must be read with it."""
        return tuple(self.config.notes)

    @property
    def manifest(self) -> dict[str, Any]:
        """What manifest.json will say, but for the hashes of the files."""
        return dict(self._manifest)

    def tables(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Two tables of text, ready to print: *each study as published*, and *the protocols in one population*.

        Figures are percent; a simulated one is followed by its Monte Carlo standard error. ``attrs["title"]`` and
        ``attrs["note"]`` say what each table is, and what it is not.
        """
        full = self.summary.assign(**{MC_SE: self._mc_se})
        published = full[full["population"] == AS_PUBLISHED]
        common = full[full["population"] != AS_PUBLISHED]
        return as_published_table(published, self._titles(), self.config.set), one_population_table(
            common, self.differences, self.config, self.kinds, self.differ, self.drawn_in_some
        )

    @property
    def drawn_in_some(self) -> tuple[str, ...]:
        """Attributes that some arms draw and others do not know."""
        return drawn_in_some(self.protocols)

    def screening(self) -> pd.DataFrame | None:
        """The funnel of the common population as text, ready to print; None where no protocol has criteria."""
        if not is_screened(list(self.protocols.values())):
            return None
        return funnel_table(self.funnel[self.funnel["population"] != AS_PUBLISHED], self.protocols)

    def _titles(self) -> dict[str, str]:
        """Titles of attributes, the first arm's where arms differ."""
        patients = [protocol.patient for protocol in reversed(self.protocols.values())]
        return {name: each.title for patient in patients for name, each in patient.items() if each.title}

    def write(
        self,
        out: str | Path | ResultFolder,
        *,
        overwrite: bool = False,
        also: Callable[[ResultFolder], None] | None = None,
    ) -> ResultFolder:
        """Write the tables as CSV files of their names, then manifest.json and run.json.

        Parameters
        ----------
        out
            A folder, or one that was opened before the work began.
        overwrite
            Whether results that the folder holds may be replaced.
        also
            Writes further files, such as figures, into the folder before its manifest closes it.

        Raises
        ------
        UsageError
            The folder holds other results, or cannot be written.
        """
        results = out if isinstance(out, ResultFolder) else ResultFolder(out, overwrite=overwrite)
        for name, table in (
            ("summary.csv", self.summary),
            ("curves.csv", self.curves),
            ("endpoints.csv", self.endpoints),
            ("differences.csv", self.differences),
            ("groups.csv", self.groups),
            ("published-endpoints.csv", self.published_endpoints),
            ("published-groups.csv", self.published_groups),
            ("published-shares.csv", self.published_shares),
            ("funnel.csv", self.funnel),
        ):
            results.write_csv(name, table)
        if also is not None:
            also(results)
        results.finish(self._manifest, self._run)
        return results

    def __repr__(self) -> str:
        arms = ", ".join(self.config.arms)
        return (
            f"Comparison {self.name}: {arms}; {self.config.patients:,} patients an arm, population "
            f"{self.config.population_name}, seed {self.config.seed}\n"
            f"  tables: .summary ({len(self.summary)} rows), .differences, .curves, .endpoints; {NOTICE}"
        )

    def _repr_html_(self) -> str:
        parts = []
        for table in self.tables():
            parts += [f"<h4>{table.attrs['title']}</h4>", table.to_html(index=False), f"<p>{table.attrs['note']}</p>"]
        return "".join([*parts, f"<p><em>{NOTICE}</em></p>"])


def compare(
    config: str | Path | CompareConfig,
    *,
    patients: int | None = None,
    seed: int | None = None,
    set: Sequence[str] = (),
    workers: int = 1,
    engine: Engine = "simpy",
) -> Comparison:
    """Compare protocols in one population, and show published studies beside, each in its own.

    All arms are simulated with one seed and the same patient numbers: a patient's luck is shared wherever two protocols
    share a decision. Differences between arms are therefore paired by patient.

    Parameters
    ----------
    config
        Name of a shipped comparison, a path, or a `CompareConfig`.
    patients, seed
        In place of those of the config.
    set
        Overrides ``path=value`` of the config, checked like the file.
    workers
        Processes; results do not depend on it.
    engine
        Which driver simulates; results do not depend on it.

    Raises
    ------
    InvalidDocument
        Every problem of the config and of the protocols, population and evidence that it names; or a time that nobody
        can be followed to.
    UsageError
        There is no such config.
    """
    started = time.time()
    document = None
    name = command = "comparison"
    if not isinstance(config, CompareConfig):
        name = Path(config).stem
        file = find(config, "config")
        command = name if file.parent == folder("config") else file.name
        config, document = load_config(config, set=set)
    config = _resized(config, patients, seed)
    prepared = prepare(config, document)
    arms, studies, funnels = _simulated(prepared, workers=workers, engine=engine)
    rules = {endpoint: prepared.endpoint(endpoint) for endpoint in config.endpoints}
    summary, curves, differences = contrast(config, rules, arms)
    parts = {part: [row for study in studies for row in study[part]] for part in PARTS}
    figures = stacked(parts["summary"] + summary, [*SUMMARY, MC_SE])
    legends = {endpoint: legend(rule) for endpoint, rule in rules.items()}
    typed = ["engraft", "compare", command, "--patients", str(config.patients), "--seed", str(config.seed)]
    typed += [word for override in set for word in ("--set", override)]
    return Comparison(
        config=config,
        name=name,
        protocols=prepared.arms,
        kinds={endpoint: kind_of(rule) for endpoint, rule in rules.items()},
        legend=legends,
        summary=figures[[*SUMMARY]],
        curves=stacked(parts["curves"] + curves, CURVES),
        endpoints=stacked([endpoint_rows(arm.name, arm.endpoints[name]) for arm in arms for name in rules], ENDPOINTS),
        differences=stacked(differences, DIFFERENCES),
        groups=stacked(group_rows(arms), GROUPS),
        published_endpoints=stacked(parts["endpoints"], ENDPOINTS),
        published_groups=stacked(parts["groups"], GROUPS),
        published_shares=stacked(parts["shares"], SHARES),
        funnel=stacked(funnels, FUNNEL),
        differ=prepared.differ,
        _mc_se=figures[MC_SE],
        _manifest=_manifest(prepared, legends, overrides=set, command=shlex.join(typed)),
        _run=run_info(started=started, finished=time.time(), workers=workers, engine=engine),
    )


def _resized(config: CompareConfig, patients: int | None, seed: int | None) -> CompareConfig:
    given = {name: value for name, value in (("patients", patients), ("seed", seed)) if value is not None}
    if not given:
        return config
    try:
        return CompareConfig.model_validate({**config.model_dump(by_alias=True), **given})
    except ValidationError as error:
        found = error.errors(include_url=False)[0]
        raise UsageError(f"{found['loc'][0]}: found {found['input']!r}; {found['msg'].lower()}") from None


def _simulated(
    prepared: Prepared, *, workers: int, engine: Engine
) -> tuple[list[ArmData], list[dict[str, list[Any]]], list[dict[str, Any]]]:
    """Simulate arms and studies one after the other, and keep of each only what the tables need; funnels come last."""
    config = prepared.config
    funnels = []

    def history(protocol: Protocol, days: float) -> History:
        return simulate(
            protocol, patients=config.patients, seed=config.seed, engine=engine, horizon=days, workers=workers
        )

    def refuse(found: Iterable[tuple[DocumentPath, str]]) -> None:
        problems = [problem_at(prepared.document, path, message) for path, message in dict.fromkeys(found)]
        if problems:
            raise InvalidDocument(problems)

    arms = []
    for name, protocol in prepared.arms.items():
        found = history(protocol, config.simulated_days)
        arms.append(arm_data(name, found, config))
        funnels.append(funnel_rows(config.population_name, name, found))
        refuse(unreached(arms[-1], config, end=config.simulated_days))
    horizon = parse_duration(config.horizon)
    names = {subgroup.by: label for label, subgroup in config.subgroups.items()}
    studies = []
    for study in prepared.studies:
        simulated = history(study.protocol, study.horizon(horizon) + LATEST_TIME_ZERO)
        funnels.append(funnel_rows(AS_PUBLISHED, study.name, simulated))
        studies.append(as_published(study, simulated, seed=config.seed, horizon=horizon, names=names))
        refuse(studies[-1]["problems"])
    return arms, studies, funnels


def _manifest(
    prepared: Prepared, legends: dict[str, dict[int, str]], *, overrides: Sequence[str], command: str
) -> dict[str, Any]:
    config = prepared.config
    inputs = {f"{arm} (machine form)": machine_form(protocol) for arm, protocol in prepared.arms.items()}
    inputs |= {
        f"{AS_PUBLISHED} {study.name} (machine form)": machine_form(study.protocol) for study in prepared.studies
    }
    made = manifest(
        inputs=inputs,
        overrides=overrides,
        seed=config.seed,
        command=command,
        config=config.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        population=config.population_name,
        arms_differ_in=list(prepared.differ),
        drawn_in_some_arms=list(drawn_in_some(prepared.arms)),
        legend={
            endpoint: {
                "from": prepared.endpoint(endpoint).from_,
                "estimator": "Aalen-Johansen" if prepared.endpoint(endpoint).competing else "Kaplan-Meier",
                "event": {str(code): word for code, word in codes.items()},
            }
            for endpoint, codes in legends.items()
        },
    )
    made["inputs"] = dict(sorted({**made["inputs"], **dict(prepared.inputs)}.items()))
    return made
