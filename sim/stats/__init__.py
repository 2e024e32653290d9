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
from sim.stats.paired import Difference, paired_difference, unpaired_difference
from sim.stats.subdistribution import FineGray, fine_gray
from sim.stats.survival import KaplanMeier, SurvivalAt, SurvivalQuantiles, kaplan_meier

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
    "ProfileInterval",
    "Proportion",
    "ProportionalityTest",
    "Schoenfeld",
    "SurvivalAt",
    "SurvivalQuantiles",
    "aalen_johansen",
    "baseline_hazard",
    "binomial_interval",
    "cox",
    "fine_gray",
    "gray_test",
    "kaplan_meier",
    "paired_difference",
    "profile_interval",
    "proportionality_test",
    "schoenfeld_residuals",
    "unpaired_difference",
]
