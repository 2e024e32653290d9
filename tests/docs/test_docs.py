"""The documentation: commands print what stands there, examples work, links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from sim.batch.run import simulate
from sim.protocol.resolve import lint, load_protocol
from sim.report.graph import graph_svg

ROOT = Path(__file__).parents[2]


def _refresh() -> ModuleType:
    spec = importlib.util.spec_from_file_location("engraft_docs_refresh", ROOT / "docs" / "refresh.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


refresh = _refresh()


@pytest.fixture
def tour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all that the reference of the language writes."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tour.yaml").write_text(refresh.tour(), "utf-8")
    for kind, content in refresh.blocks((ROOT / refresh.TOUR).read_text("utf-8"), "yaml"):
        if kind:
            (tmp_path / f"{kind}.yaml").write_text(content, "utf-8")
    return tmp_path


@pytest.mark.parametrize("page", refresh.PAGES)
def test_commands_print_what_the_page_shows_and_tables_list_every_key(page: str, tmp_path: Path) -> None:
    assert refresh.refreshed(page, tmp_path) == (ROOT / page).read_text("utf-8"), "run `make docs`"


@pytest.mark.parametrize("figure", sorted(refresh.GRAPHS))
def test_graphs_are_those_of_the_protocols(figure: str) -> None:
    assert (ROOT / figure).read_bytes() == graph_svg(load_protocol(refresh.GRAPHS[figure])), "run `make docs`"


@pytest.mark.parametrize("page", refresh.PAGES)
def test_python_examples_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for _, code in refresh.blocks((ROOT / page).read_text("utf-8"), "python"):
        exec(compile(code, page, "exec"), names)


@pytest.mark.parametrize("page", [*refresh.PAGES, "CHANGELOG.md"])
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if not target.startswith(("http://", "https://")):
            assert ((ROOT / page).parent / target).exists(), f"{page} links to {target}"


def test_the_tour_of_the_language_uses_every_section_and_runs(tour: Path) -> None:
    for name in ("tour.yaml", "diff.yaml", "population.yaml"):
        assert lint(tour / name) == []
    protocol = load_protocol("tour.yaml")
    unused = [name for name in type(protocol).model_fields if name != "notes" and not getattr(protocol, name)]
    assert unused == []
    history = simulate(protocol, patients=200, seed=1)
    assert {"transplant", "relapse", "death", "mrd_rising", "recovered"} <= set(history.events["event"])
    without = simulate("diff.yaml", patients=200, seed=1, population="population.yaml")
    assert "transplant" not in set(without.events["event"])
    assert without.patients["age"].between(60, 70).all()


def test_a_key_without_a_meaning_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = (ROOT / refresh.TOUR).read_text("utf-8").replace("| slope |", "|  |")
    (tmp_path / "docs").mkdir()
    (tmp_path / refresh.TOUR).write_text(stale, "utf-8")
    monkeypatch.setattr(refresh, "ROOT", tmp_path)
    with pytest.raises(SystemExit, match="say what `per_day` of Drift means"):
        refresh.refreshed(refresh.TOUR, tmp_path)
