"""Shipped protocols and populations say of every clinical number where it comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.protocol.document import load_document
from sim.protocol.population import Population
from sim.protocol.resolve import lint, load_protocol

SHIPPED = Path(__file__).parents[2] / "protocols"


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_shipped_protocol_promises_and_keeps_it(path: Path) -> None:
    assert load_protocol(path).traced
    assert lint(path) == []


def test_a_bare_number_in_a_shipped_protocol_is_found(tmp_path: Path) -> None:
    text = (SHIPPED / "all-mrd2019.yaml").read_text("utf-8")
    file = tmp_path / "all-mrd2019.yaml"
    file.write_text(text.replace("shape: death_disease_shape", "shape: 0.9"), "utf-8")
    told = [problem.message for problem in lint(file)]
    assert any("found 0.9, a clinical number that says not where it comes from" in message for message in told)


@pytest.mark.parametrize("path", sorted((SHIPPED / "populations").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_shipped_population_says_where_its_draws_come_from(path: Path) -> None:
    population = Population.model_validate(load_document(path).plain())
    for name, attribute in population.patient.items():
        assert attribute.draw is None or attribute.source or attribute.assumption, name
