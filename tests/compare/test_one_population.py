"""One population for every contrast: what arms may not differ in, what they may on purpose, and where that is told."""

# ruff: noqa: E501 - one mistake a line reads best
from __future__ import annotations

import json

import pytest

from sim.batch.folder import ResultFolder
from sim.compare.config import load_config
from sim.compare.prepare import prepare
from sim.compare.run import compare
from sim.errors import InvalidDocument
from sim.report.html import write_report

SET = "{parameters.protection.value: 1.5}"
CURE = "; patients, entry and values of the population are the same in every arm; put it into set, for all arms"


def problems(path):
    with pytest.raises(InvalidDocument) as caught:
        prepare(*load_config(path))
    return [(p.position.line, p.position.column, p.path, p.message) for p in caught.value.problems]


@pytest.mark.parametrize(
    ("given", "column", "key", "message"),
    [
        ("{enrolment: {at: remission}}", 48, "enrolment", "enrolment.at is start in old and remission in strong"),
        ("{patient.age.draw: {uniform: [20, 40]}}", 55, '"patient.age.draw"', "patient.age is {draw: {uniform: {low: 30, high: 60}}} in old and {draw: {uniform: {low: 20, high: 40}}} in strong"),
        ('{patient.age_band.derive: "band(age, 16, 50, 66)"}', 62, '"patient.age_band.derive"', "patient.age_band is {derive: band(age, 16, 41, 66)} in old and {derive: band(age, 16, 50, 66)} in strong"),
        ("{parameters.death_2y.value: 0.2}", 64, '"parameters.death_2y.value"', "parameters.death_2y.value is 0.1 in old and 0.2 in strong"),
        ('{markers.level.start: "-1"}', 58, '"markers.level.start"', "markers.level.start is 0 in old and -1 in strong"),
    ],
)  # fmt: skip
def test_an_arm_may_not_bring_patients_of_its_own(written, given, column, key, message):
    # death_2y is owned by the population.
    owned = ("patient:\n", "parameters:\n  death_2y: {value: 0.1, source: paper}\npatient:\n")
    found = problems(written(everybody=owned, config=(SET, given)))
    assert [(line, path, text) for line, _, path, text in found] == [(6, f"arms.strong.set.{key}", message + CURE)]
    assert found[0][1] == column


def test_what_all_arms_change_is_one_population_still(written):
    both = ("population: everybody", "population: everybody\nset: {enrolment: {at: remission}}")
    assert {arm.enrolment.at for arm in prepare(*load_config(written(config=both))).arms.values()} == {"remission"}


def test_the_reference_is_held_to_it_too(written):
    path = written(config=("old: {protocol: old-way}", "old: {protocol: old-way, set: {enrolment: {at: remission}}}"))
    assert {found[2] for found in problems(path)} == {"arms.old.set.enrolment"}


def test_a_value_that_draws_patients_counts_as_the_draw(written):
    draw = [("age: {draw: {uniform: [20, 60]}, unit: years}", "age: {draw: {uniform: [20, 60]}, unit: years}\n  fit: {draw: {bernoulli: fit_share}}"),
            ("  slope: ", "  fit_share: {value: 0.5, source: paper}\n  slope: ")]  # fmt: skip
    used = ('{exp: "-protection"}', '{exp: "-protection"}, {exp: "0.1", when: fit}')
    path = written(old_way=[*draw, used], config=(SET, "{parameters.fit_share.value: 0.9}"))
    assert [text for *_, text in problems(path)] == [
        f"parameters.fit_share.value is 0.5 in old and 0.9 in strong{CURE}"
    ]


def test_a_difference_between_the_protocols_own_files_counts_the_same(written):
    change = ("parameters.protection.value: 0.7", "parameters.protection.value: 0.7\n  patient.age_band.derive: \"band(age, 16, 50, 66)\"")  # fmt: skip
    assert {found[2] for found in problems(written(new_way=change))} == {"arms.new.protocol", "arms.strong.protocol"}


SHARED = ("slope: {value: 0.3, unit: log hazard per log10, source: paper}", "slope: {value: 0.3, unit: log hazard per log10, shared: true, source: paper}")  # fmt: skip


def test_a_shared_value_may_not_differ_unsaid(written):
    change = ("parameters.protection.value: 0.7", "parameters.protection.value: 0.7\n  parameters.slope.value: 0.5")
    found = problems(written(old_way=SHARED, new_way=change))
    assert found[0][2] == "arms.new.protocol"
    assert found[0][3] == (
        "parameters.slope.value is shared, and is 0.3 in old and 0.5 in new by the protocols' own files; "
        "a what-if is said in the set of an arm"
    )


def test_a_what_if_about_a_shared_value_is_named_wherever_the_result_is_read(written, tmp_path):
    path = written(old_way=SHARED, config=[(SET, "{parameters.slope.value: 0.5}"), ("patients: 400", "patients: 60")])
    found = compare(path, engine="compiled")
    words = "parameters.slope.value (0.3 in old, 0.5 in strong)"
    assert found.differ == (words,)
    assert f"arms differ in {words}" in found.tables()[1].attrs["note"]
    folder = write_report(found, tmp_path / "out")
    assert isinstance(folder, ResultFolder)
    assert json.loads((folder.path / "manifest.json").read_text("utf-8"))["arms_differ_in"] == [words]
    page = (folder.path / "report.html").read_text("utf-8")
    assert f"<li>What if: arms differ in {words}." in page


def test_a_treatment_is_no_what_if(written):
    prepared = prepare(*load_config(written(old_way=SHARED)))
    assert prepared.differ == ()
    assert prepare(*load_config("all-mrd2019-vs-2023")).differ == ()


def test_the_authors_notes_stand_under_the_common_table_and_in_the_report(written, tmp_path):
    note = 'notes: ["Rests on one assumption.", "Second."]\narms:'
    path = written(config=[("arms:", note), ("patients: 400", "patients: 60")])
    found = compare(path, engine="compiled")
    assert found.notes == ("Rests on one assumption.", "Second.")
    assert found.tables()[1].attrs["note"].endswith(" Rests on one assumption. Second.")
    assert "Rests on" not in found.tables()[0].attrs["note"]
    folder = write_report(found, tmp_path / "out")
    assert "Rests on one assumption. Second." in (folder.path / "report.html").read_text("utf-8")


def test_the_shipped_comparison_says_what_its_answers_rest_on():
    [note] = load_config("all-mrd2019-vs-2023")[0].notes
    assert "one structural assumption" in note


def test_files_of_one_name_keep_their_own_hash(written):
    folder = written().parent
    for place, value in (("a", 0.7), ("b", 0.9)):
        (folder / place).mkdir()
        text = f'schema: engraft/1\nid: base-{place}\nextends: ../old-way.yaml\ntitle: "x"\nchange: {{parameters.protection.value: {value}}}\n'
        (folder / place / "base.yaml").write_text(text, encoding="utf-8")
    path = written(config=[("new: {protocol: new-way}", "new: {protocol: a/base.yaml}"), ("strong: {protocol: new-way, set: {parameters.protection.value: 1.5}}", "strong: {protocol: b/base.yaml}")])  # fmt: skip
    inputs = dict(prepare(*load_config(path)).inputs)
    assert {"a/base.yaml", "b/base.yaml", "old-way.yaml"} <= inputs.keys()
    assert "base.yaml" not in inputs
    assert inputs["a/base.yaml"] != inputs["b/base.yaml"]
