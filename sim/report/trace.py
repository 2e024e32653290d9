"""The story of one synthetic patient in words and days, from a replay with full detail. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path
from textwrap import fill
from typing import Any

from sim.batch.folder import NOTICE
from sim.batch.run import simulate
from sim.protocol.schema import Protocol
from sim.report.words import cycle_words, name_words, phase_words
from sim.units import DAYS_PER_UNIT

_WIDTH = 100
_STATUS = {
    "observed": "alive at the end of follow-up",
    "dead": "dead",
    "left": "left the protocol",
    "ineligible": "not eligible",
}


@dataclass(frozen=True)
class Step:
    """What happened at one time: days since the patient's own time zero, and sentences."""

    time_days: float
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        """The step as it is printed: ``Day 28.00: ...``, wrapped."""
        label = f"Day {self.time_days:.2f}: "
        told = " ".join(f"{sentence[:1].upper()}{sentence[1:]}." for sentence in self.sentences)
        return fill(told, _WIDTH, initial_indent=label, subsequent_indent=" " * 4, break_on_hyphens=False)


@dataclass(frozen=True)
class Trace:
    """One patient's story.

    Attributes
    ----------
    heading
        Who it is, and the title of the protocol.
    entry
        Attributes at entry, in words.
    steps
        What happened, in order of time.
    ending
        State at the end, and totals of what was given.
    """

    heading: tuple[str, ...]
    entry: tuple[str, ...]
    steps: tuple[Step, ...]
    ending: tuple[str, ...]

    @property
    def text(self) -> str:
        """The story as plain text."""
        entry = fill(f"At entry: {'; '.join(self.entry)}.", _WIDTH, subsequent_indent=" " * 4, break_on_hyphens=False)
        lines = [*self.heading, "", entry, "", *(step.text for step in self.steps), "", *self.ending, _notice()]
        return "\n".join(lines) + "\n"

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th scope='row' style='white-space:nowrap;text-align:right'>Day {step.time_days:.2f}</th>"
            f"<td style='text-align:left'>{escape('. '.join(step.sentences))}.</td></tr>"
            for step in self.steps
        )
        first, *others = map(escape, self.heading)
        ending = " ".join(map(escape, self.ending))
        return (
            f"<h4>{first}</h4><p>{' '.join(others)}</p><p>At entry: {escape('; '.join(self.entry))}.</p>"
            f"<table><tbody>{rows}</tbody></table><p>{ending}</p><p><em>{_notice()}</em></p>"
        )


def trace(
    protocol: str | Path | Protocol,
    *,
    patient: int,
    seed: int,
    replicate: int = 0,
    horizon: str | float | None = None,
    set: Sequence[str] = (),
    population: str | Path | None = None,
) -> Trace:
    """Replay one patient and tell what happened.

    The patient is replayed alone and is the same as in any crowd, except where patients compete for places: alone
    nobody waits.

    Parameters
    ----------
    protocol
        A name from the library, a path, or a protocol already loaded.
    patient
        Number of the patient, from 0.
    seed, replicate
        The key of all draws.
    horizon
        The data cut, as a duration or in days; by default that of `simulate`.
    set, population
        Overrides and population, as in `load_protocol`.

    Raises
    ------
    InvalidDocument
        The protocol has errors; all are told with their places.
    UsageError
        An argument is out of range.
    """
    options: dict[str, Any] = {} if horizon is None else {"horizon": horizon}
    history = simulate(
        protocol,
        patients=1,
        first=patient,
        seed=seed,
        replicate=replicate,
        set=set,
        population=population,
        detail=True,
        **options,
    )
    found = history.protocol
    rows = history.events.to_dict("records")
    return Trace(
        heading=(
            f"Synthetic patient {patient} of {found.id}, seed {seed}, replicate {replicate}",
            found.title,
        ),
        entry=tuple(_entry(rows, found)),
        steps=tuple(_steps(rows, found)),
        ending=tuple(_ending(history.patients.iloc[0].to_dict(), rows, found)),
    )


_Event = dict[Any, Any]


def _entry(rows: list[_Event], protocol: Protocol) -> Iterator[str]:
    """Attributes that are drawn or derived; states that results set later say nothing yet."""
    for row in rows:
        if row["event"] != "attribute":
            continue
        name, _, value = row["detail"].partition("=")
        declared = protocol.patient[name]
        if declared.states is None:
            unit = f" {declared.unit}" if declared.unit else ""
            yield f"{_words(name, protocol)}: {_number(value)}{unit}"


def _steps(rows: list[_Event], protocol: Protocol) -> Iterator[Step]:
    told = [row for row in rows if row["event"] != "attribute"]
    for time_days, group in groupby(told, key=lambda row: row["time_days"]):
        sentences = tuple(_sentences(list(group), protocol))
        if sentences:
            yield Step(time_days, sentences)


def _sentences(rows: list[_Event], protocol: Protocol) -> Iterator[str]:
    doses: list[str] = []
    told: set[str] = set()
    begun = [row["phase"] for row in rows if row["event"] == "phase"]
    for row in rows:
        event, detail = row["event"], row["detail"]
        if event == "dose":
            doses.append(_dose(detail, protocol))
        elif event == "phase":
            if not protocol.phases[row["phase"]].final:
                yield _beginning(row["phase"], protocol)
        elif event in _BUILT_IN:
            yield _BUILT_IN[event](row, protocol)
        elif not (row["phase"] in begun and event in protocol.phases[row["phase"]].emits) or _is_end(row, protocol):
            yield _named(event, "" if detail in told else detail, protocol)
            told.add(detail)
    if doses:
        yield f"given: {', '.join(doses)}"


def _beginning(name: str, protocol: Protocol) -> str:
    """A phase and the events that its beginning stands for."""
    phase = protocol.phases[name]
    marks = f" ({', '.join(_words(event, protocol) for event in phase.emits)})" if phase.emits else ""
    title = phase_words(name, protocol)
    return f"{title}{'' if title == name else f' [{name}]'} begins{marks}"


def _is_end(row: _Event, protocol: Protocol) -> bool:
    return protocol.phases[row["phase"]].final


def _named(event: str, cause: str, protocol: Protocol) -> str:
    hazard = protocol.hazards.get(cause)
    if hazard is not None and event == cause:
        return hazard.title or _words(event, protocol)
    # A hazard called as the event is another one: its title would say where this one did not come from.
    words = name_words(event) if event in protocol.hazards else _words(event, protocol)
    return words if hazard is None else f"{words} ({_words(cause, protocol)})"


def _cycle(row: _Event, protocol: Protocol) -> str:
    cycles = protocol.phases[row["phase"]].cycles
    known = "" if cycles is None else cycle_words(cycles, protocol)
    return f"cycle {row['detail']}" + (f" of {known}" if known.isdecimal() else "")


def _consequence(row: _Event, protocol: Protocol) -> str:
    name, _, what = row["detail"].partition("=")
    kind, _, time = what.partition(" ")
    if kind == "delay":
        return f"treatment is delayed by {float(time.removesuffix(' d')):.2f} days ({_words(name, protocol)})"
    return f"{_CONSEQUENCES[kind]} ({_words(name, protocol)})"


def _sample(row: _Event, protocol: Protocol) -> str:
    assay, _, into = row["detail"].partition(" into ")
    return f"sample taken: {_words(assay, protocol)} ({_words(into, protocol)})"


def _result(row: _Event, protocol: Protocol) -> str:
    into, _, state = row["detail"].partition("=")
    return f"result: {_words(into, protocol)} is {state.replace('_', ' ')}"


def _toxicity(row: _Event, protocol: Protocol) -> str:
    name, _, grade = row["detail"].partition("=")
    return f"toxicity: {_words(name, protocol)}" + (f", grade {grade}" if grade else "")


def _marker(row: _Event, protocol: Protocol) -> str:
    name, _, value = row["detail"].partition("=")
    declared = protocol.markers[name]
    words = f"{name.upper() if len(name) <= 3 else name.replace('_', ' ')} (latent)"
    if declared.eradicated_below is not None and float(value) <= declared.eradicated_below:
        return f"{words} is eradicated"
    return f"{words} is now {_number(value)}{f' {declared.unit}' if declared.unit else ''}"


def _criterion(name: str, protocol: Protocol) -> str:
    """What was not met, in the words of the criterion."""
    criterion = protocol.eligibility[name]
    return f"{criterion.title or criterion.when} is not met"


def _dose(detail: str, protocol: Protocol) -> str:
    name, _, value = detail.partition("=")
    return f"{_words(name, protocol)} {float(value):g} ({protocol.counters[name].unit})"


_CONSEQUENCES = {
    "skip": "the next cycle is to be left out",
    "stop": "treatment is stopped",
    "leave": "treatment is left for good",
    "death": "this is fatal",
}
_BUILT_IN: dict[str, Any] = {
    "enrolment": lambda row, protocol: "enrolled",
    "ineligible": lambda row, protocol: f"not eligible: {_criterion(row['detail'], protocol)}",
    "cycle": _cycle,
    "omitted": lambda row, protocol: f"{_cycle(row, protocol)} is left out",
    "consequence": _consequence,
    "sample": _sample,
    "result": _result,
    "toxicity": _toxicity,
    "marker": _marker,
    "waiting": lambda row, protocol: f"waits for a place in {phase_words(row['phase'], protocol)}",
    "granted": lambda row, protocol: f"gets a place in {phase_words(row['phase'], protocol)}",
    "end": lambda row, protocol: "end of follow-up",
}


def _ending(patient: dict[Any, Any], rows: list[_Event], protocol: Protocol) -> Iterator[str]:
    days = float(patient["time_days"])
    months = days / DAYS_PER_UNIT["month"]
    state = _STATUS[patient["status"]]
    if patient["status"] == "ineligible":
        yield f"Day {days:.2f}: {state}, and never treated."
        return
    if not patient["enrolled"]:
        state += ", never enrolled"
    yield f"Day {days:.2f} ({months:.1f} months): {state}, in phase {patient['last_phase']}."
    totals = [
        f"{_words(name, protocol)} {patient[name]:g} {counter.unit}" for name, counter in protocol.counters.items()
    ]
    if totals:
        yield f"In all: {', '.join(totals)}."


def _words(name: str, protocol: Protocol) -> str:
    return name_words(name, protocol)


def _number(text: str) -> str:
    """A number to two decimals with a true minus sign; words as they are."""
    try:
        return f"{float(text):.2f}".replace("-", "−")
    except ValueError:
        return text.replace("_", " ")


def _notice() -> str:
    return f"{NOTICE.capitalize()}."
