"""What evidence files say of the shipped protocols is so: names of events and attributes, and where a design is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sim.compare.config import load_config
from sim.compare.prepare import prepare
from sim.evidence.load import load_evidence
from sim.protocol.document import load_document
from sim.protocol.library import find, names
from sim.protocol.resolve import load_protocol

SIMULATED = [
    name for name in names("evidence") if any(study.protocol for study in load_evidence(name).studies.values())
]
SECTIONS = ("parameters", "patient", "markers", "assays", "toxicities", "phases", "hazards", "endpoints", "switches")
ID = "[a-z0-9]+(?:-[a-z0-9]+)+"
DOTTED = re.compile(rf"\b({'|'.join(SECTIONS)})\.([A-Za-z][A-Za-z0-9_]*)")
PHASE = re.compile(r"\b(?:phases? )((?:[A-Z][A-Z0-9_]*(?:, | and )?)+)")


@pytest.mark.parametrize("name", SIMULATED)
def test_studies_can_be_simulated_as_published(name: str, tmp_path: Path) -> None:
    """Every event, attribute, endpoint and population that a study names is one of its protocol."""
    study = next(study for study in load_evidence(name).studies.values() if study.protocol)
    assert study.protocol is not None
    protocol = load_protocol(study.protocol, population=study.population)
    config = {
        "schema": "engraft/compare/1",
        "title": "x",
        "arms": {"arm": {"protocol": study.protocol}},
        "population": study.population,
        "as_published": [name],
        "patients": 10,
        "seed": 1,
        "horizon": "2 y",
        "endpoints": [next(iter(protocol.endpoints))],
        "times": ["1 y"],
    }
    file = tmp_path / "config.yaml"
    file.write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in config.items()), "utf-8")
    assert prepare(*load_config(file)).studies


@pytest.mark.parametrize("name", names("evidence"))
def test_a_design_is_where_the_record_says(name: str) -> None:
    """Protocols, populations, studies, and the parts of them that are named after a colon."""
    evidence = load_evidence(name)
    shipped = {*names("protocol"), *names("population")}
    for record in evidence.records:
        text = record.modelled or ""
        for study in re.findall(r"\bstudies\.([A-Za-z0-9_]+)", text):
            assert study in evidence.studies, record.id
        for first, rest in re.findall(rf"(?:^|; )({ID}): ([^;]*)", text):
            assert first in shipped, f"{record.id}: {first}"
            parts, phases = _parts(first)
            for section, word in DOTTED.findall(rest):
                assert word in parts.get(section, ()), f"{record.id}: {section}.{word}"
            for listed in PHASE.findall(rest) if phases else ():
                for phase in re.findall(r"[A-Z][A-Z0-9_]*", listed):
                    assert phase in phases, f"{record.id}: {phase}"


def _parts(name: str) -> tuple[dict[str, list[str]], list[str]]:
    """Names in each section of a protocol or a population, and the phases."""
    if name in names("protocol"):
        protocol = load_protocol(name)
        return {section: list(getattr(protocol, section)) for section in SECTIONS}, list(protocol.phases)
    population = load_document(find(name, "population")).plain()
    return {section: list(population.get(section, {})) for section in SECTIONS}, []  # type: ignore[arg-type]
