"""Estimators on arrays: the public names of the room. Knows nothing of protocols, patients or files."""

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
from sim.stats.gray import GrayTest, gray_test
from sim.stats.one_sample import OneSampleLogRank, one_sample_log_rank
from sim.stats.paired import Difference, paired_difference, unpaired_difference
from sim.stats.subdistribution import FineGray, fine_gray
from sim.stats.survival import KaplanMeier, SurvivalAt, SurvivalQuantiles, kaplan_meier
from sim.stats.two_stage import TwoStageDesign, TwoStageProperties, simon_design, two_stage_design

__all__ = [
    "AalenJohansen",
    "BaselineHazard",
    "ChiSquare",
    "CoxModel",
    "Difference",
    "FineGray",
    "GrayTest",
    "IncidenceAt",
    "KaplanMeier",
    "OneSampleLogRank",
    "ProfileInterval",
    "Proportion",
    "ProportionalityTest",
    "Schoenfeld",
    "SurvivalAt",
    "SurvivalQuantiles",
    "TwoStageDesign",
    "TwoStageProperties",
    "aalen_johansen",
    "baseline_hazard",
    "binomial_interval",
    "cox",
    "fine_gray",
    "gray_test",
    "kaplan_meier",
    "one_sample_log_rank",
    "paired_difference",
    "profile_interval",
    "proportionality_test",
    "schoenfeld_residuals",
    "simon_design",
    "two_stage_design",
    "unpaired_difference",
]
