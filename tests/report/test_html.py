"""report.html: self-contained, well formed, readable without seeing or scripts, and the same bytes every time."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sim.batch.folder import ResultFolder
from sim.compare.run import Comparison, compare
from sim.report.html import write_report

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Outline(HTMLParser):
    """Tags that stay open, ids, links, captions and texts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.fixture(scope="module")
def folder(comparison: Comparison, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report") / "out"
    write_report(comparison, out)
    return out


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "report.html").read_text("utf-8")


@pytest.fixture(scope="module")
def outline(page: str) -> Outline:
    found = Outline()
    found.feed(page)
    return found


def test_tags_are_closed_and_ids_are_unique(outline: Outline) -> None:
    assert (outline.open, outline.wrong) == ([], [])
    figures = [name for name in outline.ids if not re.search(r"-DejaVuSans|-m[0-9a-f]{10}$|-p[0-9a-f]{10}$", name)]
    assert sorted(figures) == sorted(set(figures))


def test_the_page_needs_nothing_else(page: str, outline: Outline) -> None:
    assert "script" not in {tag for tag, _ in outline.tags}
    fetched = [
        value
        for _, attributes in outline.tags
        for name, value in attributes.items()
        if name in ("src", "href", "xlink:href", "data") and value and not value.startswith("#")
    ]
    assert fetched == []
    assert not re.search(r"@import|url\((?!#)", page)


def test_every_inner_link_leads_somewhere(outline: Outline) -> None:
    wanted = {
        str(value)[1:]
        for _, attributes in outline.tags
        for name, value in attributes.items()
        if name in ("href", "xlink:href")
    }
    assert wanted <= set(outline.ids)


def test_tables_have_captions_and_figures_have_words(outline: Outline) -> None:
    tags = [tag for tag, _ in outline.tags]
    assert tags.count("caption") == tags.count("table") > 5
    figures = [attributes for tag, attributes in outline.tags if tag == "svg"]
    assert len(figures) == tags.count("figure") == 7
    assert all(attributes.get("role") == "img" and attributes.get("aria-label") for attributes in figures)
    assert ("html", {"lang": "en"}) in outline.tags


def test_the_page_says_what_it_is(page: str, comparison: Comparison) -> None:
    assert "One cycle against two &amp; more" in page
    assert page.count("Synthetic patients; not for the care of patients; doses are not guidance") >= 2
    assert "one population (small-population)" in page
    assert "No share of patients who benefit can be read" in page
    assert "Groups by MRD are formed after time zero" in page
    assert "separate cohorts" not in page, "nothing published is shown here"
    assert "engraft compare" in page
    assert "300 virtual patients an arm, population small-population, followed for 3 y, seed 5." in page


def test_what_a_comparison_says_against_itself_stands_in_the_box_of_claims(page: str) -> None:
    box = page.split('<h2 id="claims">', 1)[1].split("</section>", 1)[0]
    assert "<li>The second cycle is a guess.</li>" in box


def test_figures_in_words_are_those_of_the_tables(page: str, comparison: Comparison) -> None:
    rows = comparison.summary
    rows = rows[(rows["endpoint"] == "OS") & (rows["subgroup"] == "all") & (rows["time_days"] == 730.5)]
    one, two = (float(rows[rows["arm"] == arm]["estimate"].iloc[0]) for arm in ("one", "two"))
    assert f"Overall survival at 2 y: two {100 * two:.1f} %, one {100 * one:.1f} % (" in page


def test_parameters_are_shown_with_source_and_where_arms_differ(page: str) -> None:
    assert re.search(r'<th scope="row">cure</th><td class="word">two: 0.8; one: 0.7</td>', page)
    assert re.search(r'<th scope="row">fall</th><td class="word">-2</td><td class="word">log10</td>', page)
    assert "phases.B.cycles.count" in page


def test_the_manifest_lists_the_report_and_its_figures(folder: Path) -> None:
    files = json.loads((folder / "manifest.json").read_text())["files"]
    assert "report.html" in files
    assert {name for name in files if name.startswith("figures/")} == {
        f"figures/{path.name}" for path in (folder / "figures").iterdir()
    }


def test_the_same_comparison_gives_the_same_bytes(comparison: Comparison, folder: Path, tmp_path: Path) -> None:
    again = ResultFolder(tmp_path)
    write_report(comparison, again)
    for name in again.files:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


@pytest.mark.parametrize("arm", ["two", "one"])
def test_an_arm_of_which_nobody_reaches_time_zero_is_said_and_not_drawn(tmp_path: Path, arm: str) -> None:
    file = Path(__file__).parent / "small-compare.yaml"
    found = compare(file, patients=60, engine="compiled", set=[f'arms.{arm}.set={{"parameters.cure.value": 0}}'])
    drawn = {name for name in write_report(found, tmp_path / "out").files if name.startswith("figures/s")}
    assert drawn >= {"figures/survival-OS.svg", "figures/survival-LFS.svg", "figures/stacked-CIR-NRM.svg"}
    assert "LFS" not in set(found.differences["endpoint"])


def test_endpoints_that_nobody_reaches_leave_no_figure(tmp_path: Path) -> None:
    file = Path(__file__).parent / "small-compare.yaml"
    nobody = compare(file, patients=60, engine="compiled", set=['set={"parameters.cure.value": 0}', "arms.one.set={}"])
    folder = write_report(nobody, tmp_path / "out")
    assert [name for name in folder.files if name.startswith("figures/")] == [
        "figures/differences.svg",
        "figures/graph-small.svg",
        "figures/survival-OS-by-MRD.svg",
        "figures/survival-OS.svg",
    ]
    assert (tmp_path / "out" / "manifest.json").exists()
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert " at 2 y: nobody reaches its time zero, remission." in page
