"""Estimators on arrays: the public names of the room. Knows nothing of protocols, patients or files."""

from sim.stats.average_hazard import AverageHazardRatio, average_hazard_ratio, average_hazard_ratio_of_curves
from sim.stats.binomial import Proportion, binomial_interval
from sim.stats.chi_square import ChiSquare
from sim.stats.competing import AalenJohansen, IncidenceAt, aalen_johansen
from sim.stats.cox_model import CoxModel, cox
from sim.stats.cox_profile import ProfileInterval, profile_interval
from sim.stats.cox_residuals import (
    BaselineHazard,
    ProportionalityTest,
    Schoenfeld,
    baseline_hazard,
    proportionality_test,
    schoenfeld_residuals,
)
from sim.stats.follow_up import Landmark, landmark_sample, reverse_kaplan_meier
from sim.stats.gray import GrayTest, gray_test
from sim.stats.interval_censored import IntervalSurvivalAt, Turnbull, turnbull
from sim.stats.interval_score import IntervalScoreTest, interval_score_test
from sim.stats.log_rank import LogRank, log_rank
from sim.stats.max_combo import MaxCombo, max_combo
from sim.stats.milestone import MilestoneDifference, incidence_difference, milestone_difference
from sim.stats.nelson_aalen import CumulativeHazardAt, NelsonAalen, nelson_aalen
from sim.stats.one_sample import OneSampleLogRank, one_sample_log_rank
from sim.stats.paired import Difference, paired_difference, unpaired_difference
from sim.stats.restricted_mean import RestrictedMean, RestrictedMeanDifference, rmst, rmst_difference
from sim.stats.subdistribution import FineGray, fine_gray
from sim.stats.survival import KaplanMeier, SurvivalAt, SurvivalQuantiles, kaplan_meier
from sim.stats.two_stage import TwoStageDesign, TwoStageProperties, simon_design, two_stage_design

__all__ = [
    "AalenJohansen",
    "AverageHazardRatio",
    "BaselineHazard",
    "ChiSquare",
    "CoxModel",
    "CumulativeHazardAt",
    "Difference",
    "FineGray",
    "GrayTest",
    "IncidenceAt",
    "IntervalScoreTest",
    "IntervalSurvivalAt",
    "KaplanMeier",
    "Landmark",
    "LogRank",
    "MaxCombo",
    "MilestoneDifference",
    "NelsonAalen",
    "OneSampleLogRank",
    "ProfileInterval",
    "Proportion",
    "ProportionalityTest",
    "RestrictedMean",
    "RestrictedMeanDifference",
    "Schoenfeld",
    "SurvivalAt",
    "SurvivalQuantiles",
    "Turnbull",
    "TwoStageDesign",
    "TwoStageProperties",
    "aalen_johansen",
    "average_hazard_ratio",
    "average_hazard_ratio_of_curves",
    "baseline_hazard",
    "binomial_interval",
    "cox",
    "fine_gray",
    "gray_test",
    "incidence_difference",
    "interval_score_test",
    "kaplan_meier",
    "landmark_sample",
    "log_rank",
    "max_combo",
    "milestone_difference",
    "nelson_aalen",
    "one_sample_log_rank",
    "paired_difference",
    "profile_interval",
    "proportionality_test",
    "reverse_kaplan_meier",
    "rmst",
    "rmst_difference",
    "schoenfeld_residuals",
    "simon_design",
    "turnbull",
    "two_stage_design",
    "unpaired_difference",
]
