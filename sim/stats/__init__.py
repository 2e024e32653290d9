"""Estimators on arrays: the public names of the room. Knows nothing of protocols, patients or files."""

from sim.stats.binomial import Proportion, binomial_interval
from sim.stats.competing import AalenJohansen, IncidenceAt, aalen_johansen
from sim.stats.paired import Difference, paired_difference, unpaired_difference
from sim.stats.survival import KaplanMeier, SurvivalAt, SurvivalQuantiles, kaplan_meier

__all__ = [
    "AalenJohansen",
    "Difference",
    "IncidenceAt",
    "KaplanMeier",
    "Proportion",
    "SurvivalAt",
    "SurvivalQuantiles",
    "aalen_johansen",
    "binomial_interval",
    "kaplan_meier",
    "paired_difference",
    "unpaired_difference",
]
