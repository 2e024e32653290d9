"""Simulates trials of a course as data: entries, events, dropouts, competing events, looks. No test is here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.design.course import Arm, Course
from sim.design.laws import Law, MixtureCure
from sim.stats import batch
from sim.stats.arrays import Floats

NEVER = 1e12


def times_of(law: Law, uniform: Floats) -> Floats:
    """Times of an event by the quantile of its law; those who never have it get a very late one."""
    if isinstance(law, MixtureCure):
        rank = uniform / (1.0 - law.cured)
        return np.where(rank < 1.0, times_of(law.uncured, np.minimum(rank, 1.0 - 1e-15)), NEVER)
    grid = np.unique(np.concatenate(([0.0, *law.knots], np.geomspace(1e-6, 1e5, 40_001))))
    hazard = law.cumulative_hazard(grid)
    wanted = -np.log1p(-uniform)
    return np.where(wanted <= hazard[-1], np.interp(wanted, hazard, grid), NEVER)


@dataclass(frozen=True)
class Patients:
    """Trials with the same number of patients, shape (trials, patients): calendar entry, then times since."""

    arm: Floats
    entry: Floats
    event: Floats
    dropout: Floats
    competing: Floats

    @property
    def calendar(self) -> Floats:
        """Calendar times of events that are seen if follow-up is long enough, else never."""
        seen = self.event <= np.minimum(self.dropout, self.competing)
        return np.where(seen, self.entry + self.event, np.inf)

    def time_of(self, events: int) -> Floats:
        """Calendar time of the so-manieth event of each trial."""
        return np.asarray(np.partition(self.calendar, events - 1, axis=1)[:, events - 1])

    def seen_at(self, calendar: Floats) -> batch.Trials:
        """The data of each trial at its look: time since entry, and whether the event was seen."""
        end = calendar[:, None] - self.entry
        stop = np.minimum(np.minimum(self.dropout, self.competing), end)
        happens = self.event <= stop
        time = np.where(happens, self.event, stop)
        here = end > 0.0
        counts = here.sum(axis=1)
        return batch.trials(time[here], happens[here], self.arm[here], offsets=np.concatenate(([0], np.cumsum(counts))))


def patients_of(course: Course, trials: int, *, seed: int) -> Patients:
    """Draw trials of a course with whole arms; patients enter at random by its rates."""
    rng = np.random.default_rng(seed)
    control, treatment = (round(course.patients * share) for share in course.shares)
    shape = (trials, control + treatment)
    arm = np.zeros(shape)
    arm[:, control:] = 1.0
    bounds = course.accrual.bounds
    entered = course.accrual.entered(bounds) / course.patients
    entry = np.interp(rng.random(shape), entered, bounds)

    def draw(kind: str) -> Floats:
        uniform = rng.random(shape)
        arms: list[tuple[Arm, slice]] = [(course.control, slice(0, control)), (course.treatment, slice(control, None))]
        return np.concatenate([times_of(getattr(law, kind), uniform[:, cut]) for law, cut in arms], axis=1)

    return Patients(arm, entry, draw("event"), draw("dropout"), draw("competing"))
