"""ALL/MRD2023 written by hand in SimPy: a generator a patient, draws from `random`. The yardstick of bench_engine.py.

The model does what protocols/all-mrd2023.yaml says: all phases, both MRD tests, all seven hazards with their
multipliers, toxicities, counters and the same event list. It takes its numbers from the protocol file, so that only
the model is written twice. It is written for speed as an experienced user of SimPy would: one process a patient, which
sleeps until whatever comes next, and not a process for each risk.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Generator
from statistics import NormalDist
from typing import Any

import simpy

from sim.protocol.resolve import load_protocol

YEAR = 365.25
quantile = NormalDist().inv_cdf

Phase = Callable[[], Generator[Any, Any, Any]]


class LogNormal:
    """A log-normal baseline, of which a share never has the event."""

    def __init__(self, median: float, sigma: float, plateau: float = 0.0) -> None:
        self.log_median, self.sigma, self.plateau = math.log(median), sigma, plateau

    def cumulative(self, u: float) -> float:
        if u <= 0.0:
            return 0.0
        z = (math.log(u) - self.log_median) / self.sigma
        return -math.log(self.plateau + (1.0 - self.plateau) * 0.5 * math.erfc(z * 0.7071067811865476))

    def inverse(self, h: float) -> float:
        failed = -math.expm1(-h) / (1.0 - self.plateau)
        if failed >= 1.0:
            return math.inf
        return math.exp(self.log_median + self.sigma * quantile(failed)) if failed > 0.0 else 0.0


class Weibull:
    """A Weibull baseline with shape and scale; shape 1 is the exponential."""

    def __init__(self, shape: float, scale: float) -> None:
        self.shape, self.scale = shape, scale

    def cumulative(self, u: float) -> float:
        return (u / self.scale) ** self.shape

    def inverse(self, h: float) -> float:
        return self.scale * h ** (1.0 / self.shape)


class Risk:
    """A hazard that fires when its integral reaches a unit-exponential threshold."""

    __slots__ = ("curve", "due", "factor", "left", "mark", "name", "origin")

    def __init__(self, name: str, curve: LogNormal | Weibull, now: float, factor: float, threshold: float) -> None:
        self.name, self.curve, self.origin = name, curve, now
        self.mark, self.left, self.factor = 0.0, threshold, factor
        self.due = now + curve.inverse(threshold / factor) if factor > 0.0 else math.inf

    def scale(self, now: float, factor: float) -> None:
        """Go on with another factor."""
        if factor != self.factor:
            mark = self.curve.cumulative(now - self.origin)
            self.left -= self.factor * (mark - self.mark)
            self.mark, self.factor = mark, factor
            due = self.curve.inverse(mark + max(self.left, 0.0) / factor) if factor > 0.0 else math.inf
            self.due = self.origin + due


class Model:
    """What all patients share: numbers, baselines, the random numbers and what is recorded."""

    def __init__(self, numbers: dict[str, float], seed: int, horizon: float) -> None:
        n = self.numbers = numbers
        self.random, self.horizon = random.Random(seed), horizon
        self.events: list[tuple[int, float, str, str, str]] = []
        self.patients: list[tuple[Any, ...]] = []
        self.relapse = LogNormal(n["relapse_median"], n["relapse_sigma"], n["never_relapse"])
        self.after_allo = LogNormal(n["allo_relapse_median"], n["allo_relapse_sigma"], 1.0 - n["allo_relapse"])
        self.again = LogNormal(n["relapse_again_median"], n["allo_relapse_sigma"], n["never_relapse_again"])
        self.nrm = Weibull(1.0, YEAR / n["nrm_per_year"])
        self.allo_nrm = LogNormal(n["allo_nrm_median"], n["allo_nrm_sigma"], 1.0 - n["allo_nrm"])
        shape = n["death_disease_shape"]
        self.disease = Weibull(shape, n["death_disease_median"] / math.log(2.0) ** (1.0 / shape))
        rise = n["background_rise"]
        self.background = -math.log1p(-n["background_60"]) / (math.exp(61 * rise) - math.exp(60 * rise))


class Patient:
    """One patient: attributes, state, and one generator for each phase, which returns the next phase."""

    def __init__(self, model: Model, env: simpy.Environment, number: int) -> None:
        self.model, self.env, self.number = model, env, number
        n, draw = model.numbers, model.random
        self.n, self.draw = n, draw
        low, high = draw.choices(((16, 36), (36, 56), (56, 66)), cum_weights=(42, 76, 100))[0]
        self.age = low + draw.random() * (high - low)
        self.transplantable = draw.random() < n["allo_feasible" if self.age < 56 else "allo_feasible_older"]
        self.trackable = draw.random() < n["trackable_share"]
        self.induction_response = draw.gauss(0.0, 1.0)
        chemo, blina = draw.gauss(0.0, 1.0), draw.gauss(0.0, 1.0)
        self.chemo_kill = min(0.0, n["kill_chemo"] - n["kill_chemo_spread"] * chemo)
        self.blina_kill = 0.0
        if draw.random() >= n["resistant"]:
            cross = n["cross_response"]
            response = cross * chemo + math.sqrt(1.0 - cross * cross) * blina
            self.blina_kill = min(0.0, n["kill_blina"] - n["kill_blina_spread"] * response)
        self.stops_blina = draw.random() < n["blina_stopped"]
        self.mrd, self.eradicated = 0.0, False
        self.results: dict[str, str] = {}
        self.remitted_at: float | None = None
        self.relapsed_at = 0.0
        self.in_first_remission = self.grafted = self.on_intensive = self.had_allo = False
        self.relapses = 0
        self.intrathecal = self.blinatumomab = 0
        self.hospital = 0.0
        self.status, self.phase = "observed", ""
        # Gompertz from the age at entry, by inversion.
        rise = n["background_rise"]
        so_far = draw.expovariate(1.0) / model.background + math.exp(rise * self.age)
        self.background_due = (math.log(so_far) / rise - self.age) * YEAR
        self.risks: list[Risk] = []
        self.pending: list[tuple[float, str, str]] = []

    # What happens to a patient.

    def log(self, event: str, detail: str = "") -> None:
        self.model.events.append((self.number, self.env.now, event, self.phase, detail))

    def enter(self, phase: str) -> None:
        cause, self.phase = self.phase, phase
        self.log("phase", cause)

    def life(self) -> Generator[Any, Any, None]:
        self.log("enrolment")
        phase: Phase | None = self.a1
        while phase is not None:
            phase = yield from phase()
        self.model.patients.append((
            self.number, self.age, self.transplantable, self.trackable, self.induction_response, self.chemo_kill,
            self.blina_kill, self.stops_blina, self.results.get("mrd_after_a1"), self.results.get("mrd_after_c1"),
            self.intrathecal, self.blinatumomab, self.hospital, self.mrd, self.phase, self.env.now, self.status,
        ))  # fmt: skip

    def stay(self, days: float, hospital: bool = False) -> Generator[Any, Any, Phase | None]:
        """Live through so many days of a phase; returns the phase that a risk leads to, or None at the end."""
        env, begun = self.env, self.env.now
        end = begun + days
        while True:
            due, what, item = end, "end", None
            for risk in self.risks:
                if risk.due <= due:
                    due, what, item = risk.due, "risk", risk
            if self.background_due <= due:
                due, what = self.background_due, "background"
            for waiting in self.pending:
                if waiting[0] <= due:
                    due, what, item = waiting[0], "pending", waiting
            if due > self.model.horizon:
                due, what = self.model.horizon, "cut"
            if due > env.now:
                yield env.timeout(due - env.now)
            if what == "pending":
                self.pending.remove(item)
                self.arrive(item)
                continue
            if hospital:
                self.hospital += env.now - begun
            if what == "end":
                return None
            if what == "cut":
                self.log("end")
                return self.gone
            name = item.name if what == "risk" else "background"
            if name.startswith("relapse"):
                self.relapse(name)
                return self.salvage
            self.log(name, name)
            return self.dead

    def arrive(self, waiting: tuple[float, str, str]) -> None:
        """A result or a toxicity."""
        _, event, detail = waiting
        self.log(event, detail)
        if event == "result":
            name, state = detail.split("=")
            self.results[name] = state
            self.rescale()

    # Risks and what changes them.

    def start(self, name: str, curve: LogNormal | Weibull, factor: float) -> None:
        self.risks.append(Risk(name, curve, self.env.now, factor, self.draw.expovariate(1.0)))

    def relapse_factor(self) -> float:
        if self.eradicated:
            return 0.0
        log_factor = self.n["slope_mrd"] * (self.mrd + 4.0)
        if self.results.get("mrd_after_c1") == "positive":
            log_factor += self.n["slow_responder"]
        return math.exp(log_factor)

    def nrm_factor(self) -> float:
        factor = math.exp(self.n["nrm_age"] * (self.age - 40.0))
        return factor * self.n["nrm_intensive"] if self.on_intensive else factor

    def rescale(self) -> None:
        """Bring the risks up to date with MRD and treatment."""
        now = self.env.now
        for risk in self.risks:
            if risk.name == "relapse":
                risk.scale(now, self.relapse_factor())
            elif risk.name == "nrm":
                risk.scale(now, self.nrm_factor())

    def intensive(self, on: bool) -> None:
        if on != self.on_intensive:
            self.on_intensive = on
            self.rescale()

    def shift(self, by: float) -> None:
        if not self.eradicated:
            self.set_mrd(self.mrd + by)

    def set_mrd(self, level: float) -> None:
        self.eradicated = level < -12.0
        self.mrd = min(max(level, -12.0), 0.0)
        self.rescale()

    def sample(self, into: str) -> None:
        self.log("sample", f"aso_pcr into {into}")
        reading = self.mrd + self.draw.gauss(0.0, self.n["assay_noise"])
        state = "positive" if reading >= -4.0 and not self.eradicated else "negative"
        self.pending.append((self.env.now + 14.0, "result", f"{into}={state if self.trackable else 'not_evaluable'}"))

    def remission(self, late: float) -> Phase:
        n = self.n
        self.set_mrd(min(-1.3, n["mrd_a1"] + late + n["mrd_spread"] * self.induction_response))
        self.log("remission", self.phase)
        self.remitted_at, self.in_first_remission = self.env.now, True
        self.start("relapse", self.model.relapse, self.relapse_factor())
        self.start("nrm", self.model.nrm, self.nrm_factor())
        return self.b1

    def relapse(self, cause: str) -> None:
        self.log("relapse", cause)
        self.relapses += 1
        self.relapsed_at = self.env.now
        self.in_first_remission = self.grafted = self.on_intensive = False
        self.risks.clear()

    def early_death(self) -> float:
        band = "16_35" if self.age < 36 else "36_55" if self.age < 56 else "56_65"
        return self.n[f"early_death_{band}"]

    def toxicity(self, name: str, p: float, first: str, last: str, grades: tuple[tuple[str, float], ...]) -> None:
        if self.draw.random() < p:
            onset = self.env.now + self.draw.uniform(self.n[first], self.n[last])
            rest, grade = self.draw.random(), grades[-1][0]
            for word, share in grades:
                if rest < share:
                    grade = word
                    break
                rest -= share
            self.pending.append((onset, "toxicity", f"{name}={grade}"))

    # The phases.

    def a1(self) -> Generator[Any, Any, Phase | None]:
        n = self.n
        self.enter("A1")
        self.intrathecal += 2
        if (gone := (yield from self.stay(35.0, hospital=True))) is not None:
            return gone
        u = self.draw.random() - n["cr_younger" if self.age < 56 else "cr_older"]
        if u < 0.0:
            onward: Phase = self.remission(0.0)
        else:
            if u < self.early_death():
                self.log("induction_death", "A1")
                return self.dead
            onward = self.a1_again
        self.sample("mrd_after_a1")
        return onward

    def a1_again(self) -> Generator[Any, Any, Phase | None]:
        self.enter("A1_AGAIN")
        if (gone := (yield from self.stay(35.0, hospital=True))) is not None:
            return gone
        u = self.draw.random() - self.n["cr_second_course"]
        if u < 0.0:
            return self.remission(self.n["late_remission_mrd"])
        if u < self.early_death():
            self.log("induction_death", "A1_AGAIN")
            return self.dead
        self.log("refractory", "A1_AGAIN")
        return self.salvage

    def b1(self) -> Generator[Any, Any, Phase | None]:
        self.enter("B1")
        self.log("intensive_course", "A1")
        self.intensive(True)
        self.intrathecal += 1
        if (gone := (yield from self.stay(28.0))) is not None:
            return gone
        self.shift(self.chemo_kill)
        return self.c1

    def c1(self) -> Generator[Any, Any, Phase | None]:
        self.enter("C1")
        self.log("intensive_course", "B1")
        self.intrathecal += 1
        if (gone := (yield from self.stay(28.0))) is not None:
            return gone
        self.shift(self.chemo_kill)
        self.sample("mrd_after_c1")
        # The phase awaits its result, which takes 14 days of the 21 allowed.
        if (gone := (yield from self.stay(14.0))) is not None:
            return gone
        return self.blina

    def blina(self) -> Generator[Any, Any, Phase | None]:
        n = self.n
        self.enter("BLINA")
        self.log("blinatumomab_start", "C1")
        self.intensive(False)
        g3, g4, crs3 = n["neurologic_grade_3"], n["neurologic_grade_4"], n["crs_grade_3"]
        for cycle in (1, 2, 3, 4):
            self.log("cycle", str(cycle))
            self.blinatumomab += 1
            self.intrathecal += 2
            crs, neurotoxicity = (n["crs"], n["neurotoxicity"]) if cycle == 1 else (0.0, n["neurotoxicity"] / 2)
            self.toxicity("cytokine_release", crs, "crs_first_day", "crs_last_day", (("1-2", 1 - crs3), ("3", crs3)))
            grades = (("1-2", 1 - g3 - g4), ("3", g3), ("4", g4))
            self.toxicity("neurologic", neurotoxicity, "neurologic_first_day", "neurologic_last_day", grades)
            if (gone := (yield from self.stay(28.0))) is not None:
                return gone
            self.shift(self.blina_kill)
            if (gone := (yield from self.stay(14.0))) is not None:
                return gone
            positive = self.results.get("mrd_after_c1") == "positive"
            if positive and self.transplantable and (cycle >= n["allo_after_cycle"] or self.stops_blina):
                return self.allo
            if self.stops_blina:
                self.log("blinatumomab_stopped", "BLINA")
                break
        return self.maintenance

    def maintenance(self) -> Generator[Any, Any, Phase | None]:
        self.enter("MAINTENANCE")
        self.log("maintenance_start", "BLINA")
        if (gone := (yield from self.stay(2 * YEAR))) is not None:
            return gone
        return self.follow_up

    def allo(self) -> Generator[Any, Any, Phase | None]:
        n, model = self.n, self.model
        self.enter("ALLO")
        self.log("transplant", "BLINA")
        self.had_allo = self.grafted = True
        self.risks.clear()
        relapse = 0.0 if self.eradicated else 1.0
        death = math.exp(n["allo_nrm_age"] * (self.age - 40.0))
        if self.in_first_remission:
            relapse *= n["allo_relapse_mrd"] if self.mrd >= -4.0 else 1.0
        else:
            relapse, death = relapse * n["allo_relapse_later"], death * n["allo_nrm_later"]
        self.start("relapse_after_transplant", model.after_allo, relapse)
        self.start("nrm_after_transplant", model.allo_nrm, death)
        if (gone := (yield from self.stay(30.0, hospital=True))) is not None:
            return gone
        return self.follow_up

    def salvage(self) -> Generator[Any, Any, Phase | None]:
        n = self.n
        self.enter("SALVAGE")
        shape = (n["salvage_days"] / n["salvage_days_spread"]) ** 2
        if (gone := (yield from self.stay(self.draw.gammavariate(shape, n["salvage_days"] / shape)))) is not None:
            return gone
        if self.remitted_at is None or self.had_allo or self.relapses > 1:
            p = n["salvage_poor"]
        else:
            p = n["salvage_early" if self.relapsed_at - self.remitted_at < 2 * YEAR else "salvage_late"]
        u = self.draw.random() - n["salvage_death"]
        if u < 0.0:
            self.log("death_in_salvage", "SALVAGE")
            return self.dead
        if u >= (1.0 - n["salvage_death"]) / (1.0 + math.exp(-n["salvage_era"]) * (1.0 / p - 1.0)):
            self.log("salvage_failed", "SALVAGE")
            self.start("death_with_disease", self.model.disease, 1.0)
            return self.follow_up
        self.set_mrd(min(-1.3, n["second_remission_mrd"] + n["mrd_spread"] * self.induction_response))
        self.log("later_remission", "SALVAGE")
        self.risks.clear()
        self.start("relapse_again", self.model.again, 1.0)
        self.start("nrm", self.model.nrm, self.nrm_factor())
        return self.salvage_response

    def salvage_response(self) -> Generator[Any, Any, Phase | None]:
        self.enter("SALVAGE_RESPONSE")
        if (gone := (yield from self.stay(60.0))) is not None:
            return gone
        return self.allo if self.transplantable and not self.had_allo else self.follow_up

    def follow_up(self) -> Generator[Any, Any, Phase | None]:
        self.enter("FOLLOW_UP")
        return (yield from self.stay(math.inf))

    def dead(self) -> Generator[Any, Any, Phase | None]:
        self.enter("DEAD")
        self.log("death", "DEAD")
        self.status = "dead"
        return None
        yield  # a phase without time is a generator all the same

    def gone(self) -> Generator[Any, Any, Phase | None]:
        """Under observation to the end."""
        return None
        yield


def run(patients: int, seed: int, horizon: float = 5 * YEAR, at_once: int = 300) -> Model:
    """Simulate patients, so many in each environment: a short calendar is quick for this model too."""
    numbers = {name: parameter.value for name, parameter in load_protocol("all-mrd2023").parameters.items()}
    return run_with(numbers, patients, seed, horizon, at_once)


def run_with(numbers: dict[str, float], patients: int, seed: int, horizon: float, at_once: int) -> Model:
    """As `run`, with the numbers of the protocol at hand."""
    model = Model(numbers, seed, horizon)
    for first in range(0, patients, at_once):
        env = simpy.Environment()
        for number in range(first, min(first + at_once, patients)):
            env.process(Patient(model, env, number).life())
        env.run()
    model.events.sort(key=lambda event: event[0])  # by patient; within one they are in order
    return model
