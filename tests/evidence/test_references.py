"""Every source key of a protocol, population, evidence file or trial stands in references.bib; every entry is used."""

from __future__ import annotations

import re

import pytest

from sim.evidence.load import load_evidence
from sim.protocol.document import load_document
from sim.protocol.library import folder, names
from sim.protocol.resolve import load_protocol

PROTOCOLS = folder("protocol")
FILES = [*sorted(PROTOCOLS.rglob("*.yaml")), *sorted(folder("trial").glob("*.yaml"))]


def _entries() -> list[str]:
    return re.findall(r"^@\w+\{([^,\s]+),", (PROTOCOLS / "references.bib").read_text(encoding="utf-8"), re.MULTILINE)


def _cited() -> dict[str, set[str]]:
    cited: dict[str, set[str]] = {}
    for file in FILES:
        sources = load_document(file).plain().get("sources", {})
        assert isinstance(sources, dict)
        for key in sources.values():
            cited.setdefault(str(key), set()).add(file.name)
    return cited


def test_no_source_is_dangling() -> None:
    entries = set(_entries())
    assert {key: files for key, files in _cited().items() if key not in entries} == {}


def test_no_reference_is_unused_or_given_twice() -> None:
    entries = _entries()
    assert sorted(entries) == sorted(set(entries))
    assert set(entries) - set(_cited()) == set()


@pytest.mark.parametrize("name", names("evidence"))
def test_each_source_of_an_evidence_file_is_that_of_a_record(name: str) -> None:
    evidence = load_evidence(name)
    assert set(evidence.sources) - {record.source for record in evidence.records} == set()


def test_values_from_memory_say_so_in_the_references() -> None:
    text = (PROTOCOLS / "references.bib").read_text(encoding="utf-8")
    evidence = load_evidence("literature")
    for record in evidence.records:
        if record.certainty == "M":
            entry = text[text.index(f"{{{evidence.sources[record.source]},") :].split("\n@")[0]
            assert "from memory, citation to be verified" in entry.lower()


@pytest.mark.parametrize("name", names("protocol"))
def test_each_parameter_has_the_record_that_it_rests_on(name: str) -> None:
    """A record of the literature that names it, or the file of the study that the protocol stands for."""
    protocol = load_protocol(name)
    informed, own = set(), set()
    for evidence in map(load_evidence, names("evidence")):
        for record in evidence.records:
            reference = evidence.sources[record.source]
            informed.update((word, reference) for word in record.informs)
            if record.use == "design" and evidence.id != "literature":
                own.add(reference)
    missing = [
        (word, protocol.sources[parameter.source])
        for word, parameter in protocol.parameters.items()
        if parameter.source is not None and protocol.sources[parameter.source] not in own
        if (word, protocol.sources[parameter.source]) not in informed
    ]
    assert missing == []


def test_each_record_informs_parameters_that_exist() -> None:
    known = {word for name in names("protocol") for word in load_protocol(name).parameters}
    informed = {word for name in names("evidence") for record in load_evidence(name).records for word in record.informs}
    assert informed - known == set()
