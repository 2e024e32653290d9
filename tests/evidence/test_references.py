"""Every source key of a protocol, population or evidence file stands in references.bib, and every entry is used."""

from __future__ import annotations

import re

import pytest

from sim.evidence.load import load_evidence
from sim.protocol.document import load_document
from sim.protocol.library import folder, names
from sim.protocol.resolve import load_protocol

PROTOCOLS = folder("protocol")
FILES = sorted(PROTOCOLS.rglob("*.yaml"))


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


def test_values_from_memory_say_so_in_the_references() -> None:
    text = (PROTOCOLS / "references.bib").read_text(encoding="utf-8")
    evidence = load_evidence("literature")
    for record in evidence.records:
        if record.certainty == "M":
            entry = text[text.index(f"{{{evidence.sources[record.source]},") :].split("\n@")[0]
            assert "from memory, citation to be verified" in entry.lower()


@pytest.mark.parametrize("name", ["all-mrd2019", "all-mrd2023"])
def test_each_parameter_from_the_literature_has_its_record(name: str) -> None:
    protocol = load_protocol(name)
    evidence = load_evidence("literature")
    informed = {(word, evidence.sources[record.source]) for record in evidence.records for word in record.informs}
    missing = [
        (word, protocol.sources[parameter.source])
        for word, parameter in protocol.parameters.items()
        if parameter.source is not None and parameter.source != "fbmtg"
        if (word, protocol.sources[parameter.source]) not in informed
    ]
    assert missing == []


def test_each_record_informs_parameters_that_exist() -> None:
    known = {word for name in names("protocol") for word in load_protocol(name).parameters}
    informed = {word for name in names("evidence") for record in load_evidence(name).records for word in record.informs}
    assert informed - known == set()
