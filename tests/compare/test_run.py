"""A comparison from config to files: what the tables hold, that they can be counted again, and the same bytes twice."""

from __future__ import annotations

import csv
import json

import numpy as np
import pandas as pd
import pytest

from sim.batch.folder import csv_text
from sim.compare.config import load_config
from sim.compare.contrast import DIFFERENCES
from sim.compare.estimates import CURVES, ENDPOINTS, GROUPS, SUMMARY, grid
from sim.compare.run import compare
from sim.errors import UsageError
from sim.stats import aalen_johansen, binomial_interval, kaplan_meier, paired_difference, unpaired_difference

BYTES = [
    "curves.csv",
    "differences.csv",
    "endpoints.csv",
    "funnel.csv",
    "groups.csv",
    "manifest.json",
    "published-endpoints.csv",
]
BYTES += ["published-groups.csv", "published-shares.csv", "summary.csv"]


@pytest.fixture(scope="module")
def found(tmp_path_factory, files):
    folder = tmp_path_factory.mktemp("comparison")
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    comparison = compare(folder / "config.yaml")
    comparison.write(folder / "out")
    return comparison, folder / "out"


def read(folder, name):
    return pd.read_csv(folder / name, keep_default_na=False, na_values={"landmark_days": [""]})


def estimated(table, rows, kind, entry=None):
    """Cells of summary.csv, as they are spelled there, from rows of endpoints.csv."""
    table = table.loc[rows]
    days, code = table["time_days"].to_numpy(), table["event"].to_numpy()
    entry = None if entry is None else np.where(entry[rows] > 0, entry[rows], -np.inf)
    if kind == "survival":
        curve = kaplan_meier(days, code == 1, entry=entry)
        at = curve.at
        names = ("survival", "ci_low", "ci_high", "events", "at_risk")
    else:
        curve = aalen_johansen(days, code, causes=2, entry=entry)
        at = curve.at
        names = ("cumulative_incidence", "ci_low", "ci_high", "events", "at_risk")

    def cells(time):
        values = [np.ravel(np.atleast_1d(getattr(at([time]), name)))[0] for name in names]
        line = pd.DataFrame([[*values[:3], curve.n, *values[3:]]], columns=list(SUMMARY[5:11]))
        return csv_text(line).splitlines()[1]

    return cells


def test_tables_have_the_columns_of_the_contract(found):
    comparison, _ = found
    assert tuple(comparison.summary.columns) == SUMMARY
    assert tuple(comparison.curves.columns) == CURVES
    assert tuple(comparison.endpoints.columns) == ENDPOINTS
    assert tuple(comparison.differences.columns) == DIFFERENCES
    assert tuple(comparison.groups.columns) == GROUPS
    assert list(dict.fromkeys(comparison.summary["population"])) == ["as-published", "everybody"]
    assert list(dict.fromkeys(comparison.endpoints["arm"])) == ["old", "new", "strong"]
    assert comparison.kinds == {
        "OS": "survival",
        "LFS": "survival",
        "CIR": "cumulative incidence",
        "NRM": "cumulative incidence",
    }


def test_the_summary_can_be_counted_again_to_the_last_digit(found):
    comparison, folder = found
    endpoints, groups = read(folder, "endpoints.csv"), read(folder, "groups.csv")
    lines = (folder / "summary.csv").read_text("utf-8").splitlines()[1:]
    common = [line for line in lines if line.startswith("everybody,")]
    legend = json.loads((folder / "manifest.json").read_text("utf-8"))["legend"]
    assert len(common) > 3 * 4 * 3
    for line in common:
        _, arm, subgroup, endpoint, time, rest = line.split(",", 5)
        rows = (endpoints["arm"] == arm) & (endpoints["endpoint"] == endpoint)
        entry = None
        if subgroup != "all":
            origin = legend[endpoint]["from"]
            member = groups[(groups["arm"] == arm) & (groups["subgroup"] == subgroup)]
            member = member[(member["from"] == "") | (member["from"] == origin)].set_index("patient")["landmark_days"]
            landmark = endpoints["patient"].map(member)
            if member.notna().any():
                rows &= landmark.notna() & (endpoints["time_days"] > landmark)
                entry = landmark.to_numpy()
            else:
                rows &= endpoints["patient"].isin(member.index)
        again = estimated(endpoints, rows.to_numpy(), comparison.kinds[endpoint], entry)(float(time))
        assert rest == f"{again},,,,", line


def test_published_rows_can_be_counted_again_to_the_last_digit(found):
    _, folder = found
    endpoints, groups = read(folder, "published-endpoints.csv"), read(folder, "published-groups.csv")
    lines = (folder / "summary.csv").read_text("utf-8").splitlines()[1:]
    overall, grouped, enrolled, remission = csv.reader(line for line in lines if line.startswith("as-published,"))
    everybody = (endpoints["endpoint"] == "OS").to_numpy()
    assert ",".join(overall[5:11]) == estimated(endpoints, everybody, "survival")(730.5)
    negative = groups[groups["subgroup"] == "MRD: negative"]["patient"]
    rows = ((endpoints["endpoint"] == "LFS") & endpoints["patient"].isin(negative)).to_numpy()
    assert ",".join(grouped[5:11]) == estimated(endpoints, rows, "survival")(730.5)
    assert enrolled[3:5] == remission[3:5] == ["mrd = negative", ""]
    shares = read(folder, "published-shares.csv")
    for cells in (enrolled, remission):
        rows = shares[(shares["arm"] == cells[1]) & (shares["source"] == cells[14])]
        assert not rows["patient"].duplicated().any()
        again = binomial_interval(int(rows["event"].sum()), len(rows))
        line = pd.DataFrame([[again.estimate, again.ci_low, again.ci_high, len(rows), rows["event"].sum(), len(rows)]])
        assert cells[5:11] == csv_text(line).splitlines()[1].split(",")
    assert int(enrolled[9]) == int(remission[9]) == len(negative)
    assert int(enrolled[8]) == 400
    # Follow-up is half a year at least: whoever came into remission is seen to do so.
    assert int(remission[8]) == int((endpoints["endpoint"] == "LFS").sum())


def test_the_clock_of_a_landmark_group_may_start_at_the_landmark(written):
    config, document = load_config(written(config=('"result(mrd)"}', '"result(mrd)", clock: landmark}')))
    assert document.file
    comparison = compare(written(config=('"result(mrd)"}', '"result(mrd)", clock: landmark}')))
    endpoints, groups = comparison.endpoints, comparison.groups
    member = groups[
        (groups["arm"] == "old") & (groups["subgroup"] == "MRD: positive") & (groups["from"] == "enrolment")
    ]
    table = endpoints[(endpoints["arm"] == "old") & (endpoints["endpoint"] == "OS")].set_index("patient")
    table = table.loc[member["patient"]]
    since = np.round(table["time_days"].to_numpy() - member["landmark_days"].to_numpy(), 5)
    curve = kaplan_meier(since[since > 0], (table["event"] == 1).to_numpy()[since > 0])
    row = one(comparison.summary, arm="old", subgroup="MRD: positive", endpoint="OS", time_days=730.5)
    assert row["estimate"] == curve.at([730.5]).survival[0]
    assert config.subgroups["MRD"].clock == "landmark"
    assert "time runs from the landmark" in comparison.tables()[1].attrs["note"]


def one(table, **where):
    """The only row with these values."""
    for name, value in where.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_curves_hold_the_exact_estimate_at_their_times(found):
    comparison, _ = found
    part = comparison.curves.query("arm == 'new' and subgroup == 'all' and endpoint == 'CIR'")
    rows = comparison.endpoints.query("arm == 'new' and endpoint == 'CIR'")
    exact = aalen_johansen(rows["time_days"], rows["event"]).at(part["time_days"])
    assert (part["estimate"] == exact.cumulative_incidence[:, 0]).all()
    assert (part["at_risk"] == exact.at_risk).all()
    assert {0.0, 365.25, 730.5, 1095.75} <= set(part["time_days"])
    assert part["estimate"].is_monotonic_increasing
    assert set(part["kind"]) == {"cumulative incidence"}
    assert comparison.curves.groupby(["population", "arm", "subgroup", "endpoint"]).size().max() <= 404


def test_the_grid_is_of_whole_days_and_holds_the_times_asked_for():
    assert grid(5 * 365.25, [365.25])[:3] == [0.0, 5.0, 10.0]
    assert 365.25 in grid(5 * 365.25, [365.25])
    assert grid(10, [2.5]) == [0, 1, 2, 2.5, 3, 4, 5, 6, 7, 8, 9, 10]


def test_differences_are_those_of_the_summary_with_both_errors(found):
    comparison, _ = found
    summary, endpoints = comparison.summary, comparison.endpoints
    for endpoint, code in (("OS", 0), ("CIR", 1), ("NRM", 1)):
        where = {"subgroup": "all", "endpoint": endpoint, "time_days": 365.25}
        row = one(comparison.differences, arm="strong", **where)
        a, b = (one(summary, population="everybody", arm=arm, **where)["estimate"] for arm in ("strong", "old"))
        assert row["difference"] == pytest.approx(a - b, abs=1e-12)
        # Nobody is censored within a year: the values are 0 and 1, patient by patient.
        seen = {}
        for arm in ("strong", "old"):
            table = endpoints[(endpoints["arm"] == arm) & (endpoints["endpoint"] == endpoint)].set_index("patient")
            early = table["time_days"] <= 365.25
            seen[arm] = ~early if code == 0 else early & (table["event"] == 1)
        same = seen["strong"].index.equals(seen["old"].index)
        assert same
        paired, unpaired = (
            how(seen["strong"] * 1, seen["old"] * 1) for how in (paired_difference, unpaired_difference)
        )
        assert row["discordant"] == (seen["strong"] != seen["old"]).sum()
        if row["discordant"] < 5:
            assert np.isnan(row[["paired_mc_se", "paired_low", "paired_high"]].astype(float)).all()
        else:
            assert row["paired_mc_se"] == pytest.approx(paired.mc_se, rel=1e-9)
            assert row["paired_low"] == pytest.approx(paired.ci_low, abs=1e-9)
        assert row["unpaired_se"] == pytest.approx(unpaired.mc_se, rel=1e-9)
        assert row["unpaired_high"] == pytest.approx(unpaired.ci_high, abs=1e-9)


def test_a_restricted_mean_is_the_mean_of_what_was_seen_and_sums_to_the_horizon(found):
    comparison, _ = found
    endpoints = comparison.endpoints
    table = endpoints[endpoints["endpoint"] == "LFS"]
    mean = table.assign(days=table["time_days"].clip(upper=1095.75)).groupby("arm")["days"].mean()
    row = one(comparison.differences, arm="new", subgroup="all", endpoint="LFS", measure="restricted mean time")
    assert row["difference"] == pytest.approx(mean["new"] - mean["old"], abs=1e-8)
    lost = [
        one(comparison.differences, arm="new", subgroup="all", endpoint=part, measure="restricted mean time lost")
        for part in ("CIR", "NRM")
    ]
    assert row["difference"] == pytest.approx(-sum(part["difference"] for part in lost), abs=1e-8)


def test_an_arm_that_differs_in_name_only_shares_all_luck(written):
    comparison = compare(written(config=("new: {protocol: new-way}", "new: {protocol: old-way}")))
    twin = comparison.differences[comparison.differences["arm"] == "new"]
    assert (twin["difference"] == 0).all()
    # Nobody fared differently: no error is given, where a zero would look like certainty.
    assert (twin["discordant"] == 0).all()
    assert twin[["paired_mc_se", "paired_low", "paired_high"]].isna().all(axis=None)
    assert (twin["unpaired_se"] > 0).any()
    common = comparison.tables()[1]
    assert set(common["new less old"]) == {"0.0 ± –"}
    assert "fewer than 5 virtual patients fared differently" in common.attrs["note"]


STRONG = "  strong: {protocol: new-way, set: {parameters.protection.value: 1.5}}\n"


def test_one_arm_alone_has_no_differences_to_explain(written):
    path = written(config=[("  new: {protocol: new-way}\n", ""), (STRONG, ""), ("patients: 400", "patients: 60")])
    note = compare(path, engine="compiled").tables()[1].attrs["note"]
    assert note.startswith("Percent; after ± the Monte Carlo standard error. Times count from each endpoint's own time")


def test_sharing_luck_makes_differences_more_certain(found):
    comparison, _ = found
    overall = comparison.differences[comparison.differences["subgroup"] == "all"]
    given = overall[overall["discordant"] >= 5]
    assert len(given) > 20
    assert (given["paired_mc_se"] < given["unpaired_se"]).all()
    assert overall[overall["discordant"] < 5]["paired_mc_se"].isna().all()


def test_studies_run_in_their_own_population_and_follow_up(found):
    comparison, _ = found
    published = comparison.summary[comparison.summary["population"] == "as-published"]
    # Of the p-value among the records there is no row.
    assert published["source"].tolist() == [
        "paper2020 A-1, fit",
        "paper2020 A-2, check; interval repaired",
        "paper2020 A-4, fit",
        "paper2020 A-5, fit",
    ]
    assert published["printed"].tolist() == [0.7, 0.5, 0.61, 0.68]
    assert published["printed_low"].tolist()[:2] == [0.6, 0.4]
    overall = published.iloc[0]
    # Remission in 9 of 10 patients, and not in 8 as in the common population; standard error of 400 is 0.015.
    assert abs(published.iloc[3]["n"] / 400 - 0.9) < 4 * 0.015
    # Between 6 and 40 months of follow-up: of those alive at two years, 16 in 34 are still followed.
    expected = overall["n"] * overall["estimate"] * 16 / 34
    assert abs(overall["at_risk"] - expected) < 4 * np.sqrt(expected)
    ends = comparison.published_endpoints.query("endpoint == 'OS' and event == 0")["time_days"]
    assert ends.between(6 * 30.4375, 40 * 30.4375).all()


def test_what_is_set_for_all_arms_is_said_to_leave_the_published_studies_alone(written):
    config = written()
    published, common = compare(config).tables()
    changed, other = compare(config, set=['set={"parameters.relapse_2y.value": 0.9}']).tables()
    words = "What this comparison sets for all arms (parameters.relapse_2y.value) does not touch these cohorts."
    assert words in changed.attrs["note"]
    assert changed.equals(published)
    assert not other.equals(common)


def test_printed_tables_carry_their_error_and_their_warning(found):
    comparison, _ = found
    published, common = comparison.tables()
    assert published.attrs["title"] == "Each study as published"
    assert published.attrs["note"].startswith("Separate cohorts, not a causal comparison.")
    assert "does not touch" not in published.attrs["note"]
    assert common.attrs["title"] == "Both protocols in one population: everybody"
    assert "Monte Carlo error only" in common.attrs["note"]
    assert "share of patients who benefit" in common.attrs["note"]
    assert "left truncation at the landmark" in common.attrs["note"]
    assert published["simulated"].str.contains(" ± ").all()
    assert (
        common[["old", "new", "strong", "new less old", "strong less old"]]
        .map(lambda cell: " ± " in cell)
        .all(axis=None)
    )
    assert published["printed"].tolist()[:2] == ["70.0 (60.0–78.0)", "50.0 (40.0–60.0)*"]
    assert common.iloc[:3][["endpoint", "group", "time"]].values.tolist() == [
        ["OS", "all", t] for t in ("1 y", "2 y", "3 y")
    ]
    counted = comparison.summary.query("population == 'everybody' and subgroup == 'all' and endpoint == 'OS'")["n"]
    assert common["patients"].iloc[0] == "–".join(dict.fromkeys(f"{n:,.0f}" for n in (counted.min(), counted.max())))
    assert "fewer than the 400 simulated an arm" in common.attrs["note"]
    assert "not for the care of patients" in comparison._repr_html_()
    assert repr(comparison).startswith("Comparison config: old, new, strong; 400 patients an arm, population everybody")


def contents(folder):
    return {name: (folder / name).read_bytes() for name in BYTES}


def test_the_same_seed_gives_the_same_bytes(found, written, tmp_path):
    comparison, folder = found
    again = compare(written(), workers=2).write(tmp_path / "again")
    assert sorted({*BYTES} - {"manifest.json"}) == list(again.files)
    assert contents(again.path) == contents(folder)
    other = compare(written(), seed=12).write(tmp_path / "other")
    assert contents(other.path)["endpoints.csv"] != contents(folder)["endpoints.csv"]
    text = (folder / "manifest.json").read_text("utf-8")
    assert str(tmp_path.parent) not in text
    assert comparison.legend["NRM"] == {0: "censored", 1: "death", 2: "relapse"}
    assert {"seconds", "workers", "machine"} <= set(json.loads((folder / "run.json").read_text("utf-8")))


def test_more_patients_do_not_change_those_there_were(found, written):
    comparison, _ = found
    more = compare(written(), patients=500).endpoints
    pd.testing.assert_frame_equal(more[more["patient"] < 400].reset_index(drop=True), comparison.endpoints)


def test_what_was_asked_is_in_the_manifest(written, tmp_path):
    folder = compare(written(), patients=50, set=["horizon=3 y"]).write(tmp_path / "out").path
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert manifest["command"] == "engraft compare config.yaml --patients 50 --seed 11 --set 'horizon=3 y'"
    assert manifest["overrides"] == ["horizon=3 y"]
    assert manifest["config"]["horizon"] == "3 y"
    assert {"config.yaml", "old-way.yaml", "small.yaml", "strong (machine form)"} <= set(manifest["inputs"])
    assert manifest["legend"]["CIR"] == {
        "from": "remission",
        "estimator": "Aalen-Johansen",
        "event": {"0": "censored", "1": "relapse", "2": "death"},
    }


def test_other_results_are_not_overwritten_unless_asked(found, written, tmp_path):
    comparison, _ = found
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="is not empty"):
        comparison.write(tmp_path / "out")
    comparison.write(tmp_path / "out", overwrite=True, also=lambda folder: folder.write_text("figure.svg", "<svg/>"))
    assert (tmp_path / "out" / "notes.txt").read_text() == "mine"
    assert "figure.svg" in json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))["files"]


@pytest.mark.parametrize("patients", [2, 9])
def test_a_handful_of_patients_leaves_gaps_and_no_error(written, tmp_path, patients):
    comparison = compare(written(), patients=patients)
    assert set(comparison.endpoints["patient"]) <= set(range(patients))
    assert len(comparison.tables()) == 2
    comparison.write(tmp_path / "out")


def test_too_few_patients_are_refused(written):
    with pytest.raises(UsageError, match="patients: found 1; input should be greater than or equal to 2"):
        compare(written(), patients=1)
