"""Mutated comparisons, evidence and designs: each is used or refused with positions."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from sim.cli.protocols import _judges
from sim.compare.config import load_config
from sim.compare.run import compare
from sim.design.config_run import design
from sim.errors import InvalidDocument
from sim.protocol.document import load_document
from sim.protocol.resolve import lint

from .judge import MOST_SECONDS, check_problems, warm_up
from .mutations import mutated

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "configs" / "all-mrd2019-vs-2023.yaml"
EVIDENCE = ROOT / "protocols" / "evidence" / "fbmtg.yaml"


@pytest.mark.parametrize("start", range(0, 60, 30))
def test_a_mutated_comparison_is_used_or_refused(start: int, tmp_path: Path) -> None:
    warm_up("all-mrd2019")
    tree, text = load_document(CONFIG).plain(), CONFIG.read_text("utf-8")
    file = tmp_path / "config.yaml"
    ran = 0
    for seed in range(start, start + 30):
        file.write_bytes(mutated(tree, text, random.Random(seed)).encode("utf-8", "surrogatepass"))
        begun = time.process_time()
        try:
            problems = lint(file, judges=_judges())
            assert time.process_time() - begun < 2 * MOST_SECONDS, (
                "three protocols and two studies take longer than one"
            )
            if problems:
                check_problems(problems)
            elif ran < 3:
                ran += 1
                load_config(file)
                assert not compare(file, patients=40, engine="compiled").summary.empty
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
    assert ran >= 1


def test_mutated_evidence_is_used_or_refused(tmp_path: Path) -> None:
    tree, text = load_document(EVIDENCE).plain(), EVIDENCE.read_text("utf-8")
    file = tmp_path / "evidence.yaml"
    for seed in range(100):
        file.write_bytes(mutated(tree, text, random.Random(seed)).encode("utf-8", "surrogatepass"))
        try:
            if problems := lint(file, judges=_judges()):
                check_problems(problems)
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise


@pytest.mark.parametrize("config", sorted((ROOT / "configs" / "designs").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_mutated_design_is_used_or_refused(config: Path, tmp_path: Path) -> None:
    tree, text = load_document(config).plain(), config.read_text("utf-8")
    file = tmp_path / "design.yaml"
    for seed in range(20):
        file.write_bytes(mutated(tree, text, random.Random(seed)).encode("utf-8", "surrogatepass"))
        try:
            assert "nan" not in design(file).to_markdown()
        except InvalidDocument as invalid:
            check_problems(invalid.problems)
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
