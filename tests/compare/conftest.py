"""A small comparison on disk: two protocols, two populations, one evidence file, one config."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

PROTOCOL = """\
schema: engraft/1
id: old-way
title: "A short protocol"
sources: {paper: paper2020}
parameters:
  remission_rate: {value: 0.8, source: paper}
  relapse_2y: {value: 0.5, source: paper}
  death_2y: {value: 0.1, source: paper}
  protection: {value: 0, source: paper}
  slope: {value: 0.3, unit: log hazard per log10, source: paper}
patient:
  age: {draw: {uniform: [20, 60]}, unit: years}
  age_band: {derive: "band(age, 16, 41, 66)"}
  mrd: {states: [not_evaluable, negative, positive]}
flags:
  in_remission: {set_by: [remission], cleared_by: [relapse, death]}
markers:
  level: {unit: log10, start: "0", at_most: 0}
assays:
  pcr: {reads: level, limit: "-4", turnaround: {uniform: [5 d, 25 d]}}
phases:
  INDUCTION:
    lasts: 28 d
    outcomes:
      - {p: remission_rate, event: remission, set: {level: {normal: ["-5", "2"]}}, goto: CARE}
      - {rest: true, event: death, goto: DEAD}
  CARE: {lasts: 60 d, tests: [{assay: pcr, into: mrd, at: start}], goto: FOLLOW_UP}
  FOLLOW_UP: {open: true}
  DEAD: {final: true, emits: died}
hazards:
  relapse:
    clock: {since: remission}
    while: in_remission
    baseline: exponential
    level: {cumulative_hazard: relapse_2y, at: 2 y}
    multiply: [{exp: "-protection"}, {exp: "slope * (level + 5)"}]
    emits: relapse
  death_in_remission:
    clock: {since: remission}
    while: in_remission
    baseline: exponential
    level: {probability: death_2y, at: 2 y}
    emits: death
    goto: DEAD
  death_after_relapse:
    clock: {since: relapse}
    while: "count(relapse) > 0"
    baseline: exponential
    level: {cumulative_hazard: "1", at: 1 y}
    emits: death
    goto: DEAD
endpoints:
  OS: {from: enrolment, event: [death]}
  LFS: {from: remission, event: [relapse, death]}
  CIR: {from: remission, event: [relapse], competing: [death]}
  NRM: {from: remission, event: [death], competing: [relapse]}
"""

NEW = """\
schema: engraft/1
id: new-way
extends: old-way
title: "The same with fewer relapses"
change:
  parameters.protection.value: 0.7
"""

POPULATION = """\
schema: engraft/population/1
id: everybody
title: "Adults"
sources: {paper: paper2020}
patient:
  age: {draw: {uniform: [30, 60]}, unit: years}
"""

STUDY = """\
schema: engraft/population/1
id: of-the-study
title: "Adults of the study"
sources: {paper: paper2020}
parameters:
  remission_rate: {value: 0.9, source: paper}
"""

EVIDENCE = """\
schema: engraft/evidence/1
id: small
title: "One study"
sources: {paper: paper2020}
studies:
  OLD:
    title: "the study of the old way"
    protocol: old-way
    population: of-the-study
    enrolled: 100
    follow_up: {shortest: 6 months, longest: 40 months}
    endpoints:
      OS: {time_zero: enrolment, events: [death]}
      LFS: {time_zero: remission, events: [relapse, death]}
records:
  - id: A-1
    study: OLD
    endpoint: OS
    time: 2 y
    value: 70.0
    unit: percent
    n: 100
    printed: {low: 60, high: 78}
    use: fit
    reason: "x"
    source: paper
  - id: A-2
    study: OLD
    endpoint: LFS
    time: 2 y
    value: 50.0
    unit: percent
    group: {by: mrd, is: negative}
    printed: {low: 90, high: 20}
    repaired: {low: 40, high: 60, how: "x"}
    use: check
    reason: "x"
    source: paper
  - {id: A-3, study: OLD, endpoint: OS, time: 2 y, value: 0.5, unit: p, use: exclude, reason: "x", source: paper}
  - id: A-4
    study: OLD
    share: {attribute: mrd, is: negative, of: enrolled}
    value: 61.0
    unit: percent
    use: fit
    reason: "x"
    source: paper
  - id: A-5
    study: OLD
    share: {attribute: mrd, is: negative, of: remission}
    value: 68.0
    unit: percent
    use: fit
    reason: "x"
    source: paper
"""

CONFIG = """\
schema: engraft/compare/1
title: "Old against new"
arms:
  old: {protocol: old-way}
  new: {protocol: new-way}
  strong: {protocol: new-way, set: {parameters.protection.value: 1.5}}
population: everybody
as_published: [small]
patients: 400
seed: 11
horizon: 4 y
endpoints: [OS, LFS, CIR, NRM]
times: [1 y, 2 y, 3 y]
subgroups:
  MRD: {by: mrd, landmark: "result(mrd)"}
  age: {by: age_band}
"""

FILES = {
    "old-way": PROTOCOL,
    "new-way": NEW,
    "everybody": POPULATION,
    "of-the-study": STUDY,
    "small": EVIDENCE,
    "config": CONFIG,
}


@pytest.fixture(scope="session")
def files() -> dict[str, str]:
    """Texts of the files by name."""
    return FILES


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Writes the files, after replacing texts in some of them, and returns the config's path."""

    def write(**changes: tuple[str, str] | list[tuple[str, str]]) -> Path:
        for name, text in FILES.items():
            pairs = changes.get(name.replace("-", "_"), [])
            for found, replaced in [pairs] if isinstance(pairs, tuple) else pairs:
                assert text.count(found) == 1, f"{found!r} occurs {text.count(found)} times in {name}"
                text = text.replace(found, replaced)
            (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
        return tmp_path / "config.yaml"

    return write
