"""Mutated evidence files: each is audited or refused with positions, in under a second and without a traceback.

A shipped file is long, and most of the time would go into reading what was not mutated. Each seed therefore takes a
file's head, studies and codes whole, and a sample of its records with one relation and the records that it speaks of;
then this smaller file, sound as it is, is mutated. Every tenth seed mutates the whole file.
"""

from __future__ import annotations

import random
import re
import time
import warnings
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sim.errors import InvalidDocument
from sim.evidence.audit.run import audit_of
from sim.protocol.document import load_document
from sim.protocol.library import find, names

from .judge import MOST_SECONDS, check_problems
from .mutations import mutated

FILES = names("evidence")
RECORDS = 8
RECORD = re.compile(r"^  - \{id: ([A-Za-z0-9-]+),")
RELATION = re.compile(r"^  - \{(?:parts|equal|total|overlap|rows|counted):")
ID = re.compile(r"\b(?:S[0-4]|L|MDA)-[A-Za-z0-9-]*[0-9][a-z]?\b")


@cache
def _lines(name: str) -> tuple[str, ...]:
    return tuple(find(name, "evidence").read_text("utf-8").splitlines())


@cache
def _plain(name: str) -> dict[str, Any]:
    return load_document(find(name, "evidence")).plain()


def sample(name: str, luck: random.Random) -> str:
    """A smaller file that is as sound as the shipped one: some of its records, and a relation between them."""
    lines = _lines(name)
    relations = [line for line in lines if RELATION.match(line)]
    kept = set(luck.sample([line for line in lines if RELATION.match(line)], k=min(1, len(relations))))
    ids = {found[1]: line for line in lines if (found := RECORD.match(line))}
    wanted = {word for line in kept for word in ID.findall(line) if word in ids}
    wanted |= set(luck.sample(sorted(ids), k=min(RECORDS, len(ids))))
    for _ in range(2):  # those that records refer to, and those that these refer to
        wanted |= {
            word
            for record in sorted(wanted)
            for key in re.findall(r"(?:same_event_as: |compares: \[)[^\]},]*(?:, [^\]}]*\])?", ids[record])
            for word in ID.findall(key)
            if word in ids
        }
    chosen = []
    for line in lines:
        found = RECORD.match(line)
        if (found is None or found[1] in wanted) and (not RELATION.match(line) or line in kept):
            chosen.append(line)
    if not kept and relations:
        chosen.remove("relations:")
    return "\n".join(chosen) + "\n"


def ends(name: str, seed: int) -> str:
    """How a mutated file ends: "refused" or "audited"."""
    luck = random.Random(seed)
    if seed % 10 == 0:
        text, tree = "\n".join(_lines(name)) + "\n", _plain(name)
    else:
        text = sample(name, luck)
        tree = load_document(Path(f"{name}.yaml"), text=text).plain()
    changed = mutated(tree, text, luck)
    begun = time.process_time()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = audit_of(load_document(Path(f"{name}.yaml"), text=changed))
        for one in found.findings:
            assert one.position.line >= 1
            assert one.arithmetic
            assert one.repair
        ended = "audited"
    except InvalidDocument as invalid:
        check_problems(invalid.problems)
        ended = "refused"
    except Exception as error:
        error.add_note(f"{name}, seed {seed}")
        raise
    assert time.process_time() - begun < MOST_SECONDS, f"{name}, seed {seed}"
    return ended


@pytest.mark.parametrize("name", FILES)
def test_samples_are_sound(name: str) -> None:
    for seed in range(10):
        audit_of(load_document(Path(f"{name}.yaml"), text=sample(name, random.Random(seed))))


@pytest.mark.parametrize("name", FILES)
def test_mutated_evidence_is_audited_or_refused(name: str) -> None:
    ended = Counter(ends(name, seed) for seed in range(60))
    assert ended["audited"] >= 3
    assert ended["refused"] >= 20


@pytest.mark.verify
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("start", range(0, 5000, 1000))
def test_five_thousand_mutations_of_each_evidence_file(name: str, start: int, record_property: Any) -> None:
    """The counts go into the report that ``--junit-xml`` writes."""
    ended = Counter(ends(name, seed) for seed in range(start, start + 1000))
    for word, count in ended.items():
        record_property(word, count)
    assert ended["audited"] >= 50
