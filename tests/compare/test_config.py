"""Comparison files: what is read from them, and what is said, and where, when one is wrong."""

# ruff: noqa: E501 - one mistake a line reads best
from __future__ import annotations

import pytest

from sim.compare.config import CompareConfig, load_config, read_config
from sim.compare.prepare import config_problems, prepare
from sim.errors import InvalidDocument, UsageError
from sim.protocol.document import load_document
from sim.protocol.library import names


def problems(path, overrides=()):
    """(line, column, path, message) of everything that is wrong with a config, the files it names included."""
    with pytest.raises(InvalidDocument) as caught:
        prepare(*load_config(path, set=overrides))
    return [(p.position.line, p.position.column, p.path, p.message) for p in caught.value.problems]


def test_a_comparison_is_read_and_everything_it_names_is_found(written):
    prepared = prepare(*load_config(written()))
    assert prepared.config.times_days == (365.25, 730.5, 1095.75)
    assert list(prepared.arms) == ["old", "new", "strong"]
    assert [prepared.arms[arm].parameters["protection"].value for arm in prepared.arms] == [0, 0.7, 1.5]
    # The common population is in every arm, and not in the study, which has its own.
    assert {arm.patient["age"].draw.uniform.low for arm in prepared.arms.values()} == {"30"}
    [study] = prepared.studies
    assert study.protocol.patient["age"].draw.uniform.low == "20"
    assert study.protocol.parameters["remission_rate"].value == 0.9
    files = {"config.yaml", "old-way.yaml", "new-way.yaml", "everybody.yaml", "of-the-study.yaml", "small.yaml"}
    assert {name for name, _ in prepared.inputs} == files


def test_overrides_reach_every_arm_or_one(written):
    path = written(config=("population: everybody", "population: everybody\nset: {parameters.death_2y.value: 0.2}"))
    arms = prepare(*load_config(path, set=['arms.strong.set."parameters.death_2y.value"=0.3'])).arms
    assert [arm.parameters["death_2y"].value for arm in arms.values()] == [0.2, 0.2, 0.3]


def test_an_override_meant_for_the_protocols_is_told_where_it_goes(written):
    [(*_, path, message)] = problems(written(), ["parameters.death_2y.value=0.3"])
    assert path == "parameters.death_2y.value"
    assert message.startswith("parameters does not exist; known: ")
    hint = message.partition("for the protocols of all arms write --set '")[2].removesuffix("'")
    arms = prepare(*load_config(written(), set=[hint])).arms
    assert {arm.parameters["death_2y"].value for arm in arms.values()} == {0.3}
    [(*_, message)] = problems(written(), ["population.name=3"])
    assert "--set" not in message


def test_a_comparison_made_in_python_needs_no_file(written):
    config, _ = load_config(written())
    folder = written().parent
    given = config.model_dump(by_alias=True)
    given["arms"] = {"old": {"protocol": str(folder / "old-way.yaml")}}
    given |= {"population": str(folder / "everybody.yaml"), "as_published": []}
    assert list(prepare(CompareConfig.model_validate(given)).arms) == ["old"]
    given["endpoints"] = ["OSS"]
    with pytest.raises(InvalidDocument, match=r'endpoints\[0\]: old-way has no endpoint "OSS"; did you mean "OS"'):
        prepare(CompareConfig.model_validate(given))


@pytest.mark.parametrize("name", names("config"))
def test_shipped_comparisons_are_sound(name):
    prepare(*load_config(name))


def test_an_unknown_config_suggests_the_nearest():
    with pytest.raises(
        UsageError, match=r'no config is named "all-mrd2019-vs-2032".*did you mean "all-mrd2019-vs-2023"'
    ):
        load_config("all-mrd2019-vs-2032")


WRONG = [
    ("seed: 11", "sed: 11", [(10, 1, "sed", 'found the unknown key "sed"; did you mean "seed"?')]),
    ("patients: 400", "patients: many", [(9, 11, "patients", 'found the text "many"; write a whole number')]),
    ("patients: 400", "patients: 1", [(9, 11, "patients", "found the number 1; write a number of at least 2")]),
    ("seed: 11", "seed: -1", [(10, 7, "seed", "found the number -1; write a number of at least 0")]),
    ("horizon: 4 y", "horizon: 4 lustres", [(11, 10, "horizon", '"4 lustres" is not a duration; write a number and d, weeks, months or y, as in "28 d"')]),
    ("horizon: 4 y", "horizon: 30 months", [(13, 19, "times[2]", 'found "3 y"; a time lies after time zero and within the horizon, 30 months')]),
    ("times: [1 y, 2 y, 3 y]", "times: [1 y, 2 y, 24 months]", [(13, 19, "times[2]", '"24 months" is given already, as "2 y"')]),
    ("times: [1 y, 2 y, 3 y]", "times: []", [(13, 8, "times", "found an empty list; write at least 1 item")]),
    ("[OS, LFS, CIR, NRM]", "[OS, LSF]", [(12, 17, "endpoints[1]", '{} has no endpoint "LSF"; did you mean "LFS"?')]),
    ("[OS, LFS, CIR, NRM]", "[OS, OS]", [(12, 17, "endpoints[1]", '"OS" is given already')]),
    ("old: {protocol: old-way}", "old: {protocol: old-wey}", [(4, 19, "arms.old.protocol", 'no protocol is named "old-wey" and there is no such file')]),
    ("old: {protocol: old-way}", "old: {}", [(4, 3, "arms.old.protocol", '"protocol" is missing')]),
    ("old: {protocol: old-way}", "old: {protocol: old-way, population: x}", [(4, 28, "arms.old.population", 'found the unknown key "population"; known: protocol, set')]),
    ("population: everybody", "population: nobody", [(7, 13, "population", 'no population is named "nobody" and there is no such file')]),
    ("population: everybody", "population: as-published", [(7, 13, "population", '"as-published" names the studies in their own populations; give the common one')]),
    ("as_published: [small]", "as_published: [smal]", [(8, 16, "as_published[0]", 'no evidence is named "smal" and there is no such file')]),
    ("{parameters.protection.value: 1.5}", "{parameters.protction.value: 1.5}", [(6, 65, "arms.strong.set.\"parameters.protction.value\"", 'parameters.protction.value: parameters.protction does not exist; did you mean "protection"?')]),
    ("{parameters.protection.value: 1.5}", "{parameters.protection.value: high}", [(6, 66, "arms.strong.set.\"parameters.protection.value\"", 'parameters.protection.value: found the text "high"; write a number')]),
    ("by: age_band", "by: age_bands", [(16, 13, "subgroups.age.by", '{} has no attribute "age_bands"; did you mean "age_band"?')]),
    ("by: age_band", "by: mrd", [(16, 13, "subgroups.age.by", "mrd is known only after time zero; give landmark: result(mrd)")]),
    ('"result(mrd)"', '"result(mdr)"', [(15, 28, "subgroups.MRD.landmark", 'no test of {} has a result "mdr"; did you mean "mrd"?')]),
    ('"result(mrd)"', '"after(mrd)"', [(15, 28, "subgroups.MRD.landmark", 'found "after(mrd)"; write the name of an event, or result(attribute)')]),
    ('"result(mrd)"', "relaps", [(15, 28, "subgroups.MRD.landmark", 'no event is called "relaps" in {}; did you mean "relapse"?')]),
    ("by: age_band}", "by: age_band, clock: landmark}", [(16, 30, "subgroups.age.clock", "a clock that starts at the landmark needs a landmark")]),
    ("by: age_band}", "by: age_band, clock: mine}", [(16, 30, "subgroups.age.clock", 'found the text "mine"; write endpoint or landmark')]),
]  # fmt: skip


@pytest.mark.parametrize(("found", "replaced", "expected"), WRONG, ids=[replaced for _, replaced, _ in WRONG])
def test_each_mistake_is_told_with_its_place(written, found, replaced, expected):
    told = problems(written(config=(found, replaced)))
    # A message about a protocol is told for each of those that the arms use; the place is that of the config.
    expected = [(*place, text.format(name)) for *place, text in expected for name in ("old-way", "new-way")]
    assert {(*place, _short(text)) for *place, text in told} == {(*place, _short(text)) for *place, text in expected}


def _short(message):
    """Without the names that are shipped, which the message of a missing file lists."""
    head, _, names = message.partition(" and there is no such file; known: ")
    return f"{head} and there is no such file" if names else message


def test_all_mistakes_are_told_at_once(written):
    path = written(config=[("[OS, LFS, CIR, NRM]", "[OSS]"), ("by: age_band", "by: ages"), ("[small]", "[tiny]")])
    assert [path for _, _, path, _ in problems(path)] == [
        "as_published[0]",
        "endpoints[0]",
        "endpoints[0]",
        "subgroups.age.by",
        "subgroups.age.by",
    ]


def test_problems_of_a_protocol_point_into_its_own_file(written):
    path = written(old_way=("while: in_remission\n    baseline: exponential\n    level: {prob", "while: in_remision\n    baseline: exponential\n    level: {prob"))  # fmt: skip
    with pytest.raises(InvalidDocument) as caught:
        prepare(*load_config(path))
    assert {p.position.file.rsplit("/", 1)[-1] for p in caught.value.problems} == {"old-way.yaml"}


def test_one_endpoint_means_one_rule(written):
    path = written(
        new_way=(
            "  parameters.protection.value: 0.7",
            "  parameters.protection.value: 0.7\n  endpoints.LFS.from: enrolment",
        )
    )
    assert problems(path)[0][2:] == (
        "endpoints[1]",
        "LFS is not the same rule in old and new; a contrast needs one definition",
    )


@pytest.mark.parametrize(
    ("found", "replaced", "message"),
    [
        ("protocol: old-way", "protocol: old-wey", 'study OLD: no protocol is named "old-wey"'),
        ("time_zero: remission", "time_zero: remision", 'study OLD: old-way has no event "remision" for LFS; did you mean "remission"?'),
        ("group: {by: mrd", "group: {by: mdr", 'study OLD: record A-2: old-way has no attribute "mdr"; did you mean "mrd"?'),
        ("attribute: mrd, is: negative, of: enrolled", "attribute: mdr, is: negative, of: enrolled", 'study OLD: record A-4: old-way has no attribute "mdr"; did you mean "mrd"?'),
        ("    protocol: old-way\n    population: of-the-study\n", "", "small has no study with a protocol; there is nothing to simulate"),
    ],
)  # fmt: skip
def test_a_study_that_cannot_be_simulated_is_told_at_its_evidence(written, found, replaced, message):
    [(line, column, path, text)] = problems(written(small=(found, replaced)))
    assert (line, column, path) == (8, 16, "as_published[0]")
    assert text.startswith(message)


def test_overrides_are_checked_like_the_file(written):
    path = written()
    with pytest.raises(InvalidDocument) as caught:
        load_config(path, set=["patients=few"])
    assert str(caught.value) == '--set[1]:1:10: patients: found the text "few"; write a whole number'


def test_lint_says_the_same(written):
    path = written(config=("by: age_band", "by: ages"))
    assert [p.path for p in config_problems(load_document(path))] == ["subgroups.age.by"] * 2
    assert config_problems(load_document(written())) == []
    assert read_config(load_document(written())).population_name == "everybody"
