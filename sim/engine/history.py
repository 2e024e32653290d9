"""What happened to the patients of one run: the event log and the last states, as tables too. No endpoints here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine import layout as at
from sim.engine.loop import Chunk
from sim.engine.plan import Plan
from sim.errors import UsageError, did_you_mean
from sim.units import TICKS_PER_DAY

if TYPE_CHECKING:
    import pandas as pd

    from sim.protocol.schema import Protocol

STATUSES = ("observed", "dead", "left", "ineligible")
"""Alive at the data cut; in a final phase after `death`; in another final phase; screened and never treated."""


def _joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Rows of several arrays; one array alone is not copied."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


@dataclass(frozen=True, eq=False)
class History:
    """Events and last states of n patients, sorted by patient, time and serial.

    Attributes
    ----------
    log
        int64, shape (rows, 6): patient, tick, serial, event code, phase, detail.
    ints, floats
        Last states, one row a patient; see `step.summarise`.
    seed, replicate, horizon_days, engine
        How it was made; ``engine`` changes no number.
    """

    plan: Plan
    log: np.ndarray
    ints: np.ndarray
    floats: np.ndarray
    seed: int
    replicate: int
    horizon_days: float
    engine: str

    @classmethod
    def of(cls, plan: Plan, chunks: Sequence[Chunk], **how: Any) -> History:
        """Join chunks of patients in a row."""
        return cls(
            plan,
            _joined([chunk.log for chunk in chunks]),
            _joined([chunk.ints for chunk in chunks]),
            _joined([chunk.floats for chunk in chunks]),
            **how,
        )

    def __repr__(self) -> str:
        return (
            f"History({self.protocol.id}: {self.n:,} patients, {len(self.log):,} events, "
            f"{int(self.enrolled.sum()):,} enrolled, seed {self.seed}, replicate {self.replicate})"
        )

    def _repr_html_(self) -> str:
        return f"<p>{self!r}</p>{self.patients.head(10).to_html(index=False)}"

    @property
    def protocol(self) -> Protocol:
        """The explicit machine form that was run."""
        return self.plan.protocol

    @property
    def n(self) -> int:
        """Number of patients who were screened, enrolled or not."""
        return len(self.ints)

    @property
    def event_names(self) -> tuple[str, ...]:
        """Names of the event codes."""
        return self.plan.event_names

    @property
    def event_patient(self) -> np.ndarray:
        """Patient of each event, int64."""
        return self.log[:, at.LOG_PATIENT]

    @property
    def event_tick(self) -> np.ndarray:
        """Time of each event in ticks of 1e-5 day, int64."""
        return self.log[:, at.LOG_TICK]

    @property
    def event_code(self) -> np.ndarray:
        """Index of each event into `event_names`, int64."""
        return self.log[:, at.LOG_CODE]

    @property
    def event_cause(self) -> np.ndarray:
        """For named events and phase entries: index into `causes` of the site that set it off, -1 for none; int64."""
        detail = self.log[:, at.LOG_DETAIL]
        caused = (self.event_code >= len(at.BUILT_IN_EVENTS)) | (self.event_code == at.LOG_PHASE_ENTRY)
        return np.where(caused, detail, -1)

    @property
    def causes(self) -> tuple[str, ...]:
        """Names of the sites that may set events off."""
        return self.plan.labels

    @property
    def patient_ids(self) -> np.ndarray:
        """Patient numbers, int64, ascending."""
        return self.ints[:, 0]

    @property
    def end_tick(self) -> np.ndarray:
        """Last tick under observation: death, leaving, or the data cut; int64."""
        return self.ints[:, 3]

    @property
    def enrolment_tick(self) -> np.ndarray:
        """Tick at which the entry gate was passed, -1 where it was not; int64."""
        return self.ints[:, 4]

    @property
    def enrolled(self) -> np.ndarray:
        """Whether the entry gate was passed; bool."""
        return self.enrolment_tick >= 0

    @property
    def eligible(self) -> np.ndarray:
        """Whether every criterion of eligibility was met; bool."""
        return np.asarray(self.ints[:, 1] != at.INELIGIBLE)

    @cached_property
    def funnel(self) -> pd.DataFrame:
        """How the screened become the enrolled.

        Returns
        -------
        DataFrame
            One row for each stage (``screened``; ``excluded``, a row for each criterion in the order of the protocol;
            ``eligible``; ``enrolled``) with columns stage, criterion, patients and not_met. Who fails several criteria
            is excluded by the first of them, so that screened less excluded is eligible; ``not_met`` counts all who
            fail a criterion, and is 0 in the rows of other stages. Who is eligible and not enrolled has not passed the
            entry gate.
        """
        import pandas as pd

        criteria = list(self.protocol.eligibility)
        rows = np.flatnonzero(self.event_code == at.LOG_INELIGIBLE)
        which, patient = self.log[rows, at.LOG_DETAIL], self.event_patient[rows]
        first = np.append(True, patient[1:] != patient[:-1])[: len(rows)]
        not_met = np.bincount(which, minlength=len(criteria))
        excluded = np.bincount(which[first], minlength=len(criteria))
        stages = [("screened", "", self.n, 0)]
        stages += [("excluded", name, int(excluded[k]), int(not_met[k])) for k, name in enumerate(criteria)]
        stages += [("eligible", "", int(self.eligible.sum()), 0), ("enrolled", "", int(self.enrolled.sum()), 0)]
        return pd.DataFrame(stages, columns=["stage", "criterion", "patients", "not_met"])

    @cached_property
    def _starts(self) -> np.ndarray:
        """First log row of each patient, and the end."""
        return np.append(np.searchsorted(self.event_patient, self.patient_ids), len(self.log))

    @cached_property
    def _row_of_event(self) -> np.ndarray:
        """For each event the place of its patient among the patients."""
        return np.repeat(np.arange(self.n), np.diff(self._starts))

    def first_row(self, events: str | Sequence[str], after: np.ndarray | None = None) -> np.ndarray:
        """Log row of each patient's first event of these names at or after a tick; int64 (n,), -1 where there is none.

        Parameters
        ----------
        after
            Tick a patient, int64 (n,); nobody has an event where it is negative. None counts from the start.
        """
        names = [events] if isinstance(events, str) else list(events)
        for name in names:
            if name not in self.event_names:
                raise UsageError(f'no event "{name}" in {self.protocol.id}{did_you_mean(name, self.event_names)}')
        codes = [self.event_names.index(name) for name in names]
        rows = np.flatnonzero(np.isin(self.event_code, codes))
        place = self._row_of_event[rows]
        if after is not None:
            keep = (self.event_tick[rows] >= after[place]) & (after[place] >= 0)
            rows, place = rows[keep], place[keep]
        found = np.full(self.n, -1, dtype=np.int64)
        found[place[::-1]] = rows[::-1]
        return found

    def first_tick(self, events: str | Sequence[str], after: np.ndarray | None = None) -> np.ndarray:
        """Tick of each patient's first event of these names at or after a tick; int64 (n,), -1 where there is none."""
        rows = self.first_row(events, after)
        return np.where(rows >= 0, self.event_tick[rows] if len(self.log) else 0, -1)

    def result_tick(self, attribute: str) -> np.ndarray:
        """Tick at which a result first arrived in an attribute; int64 (n,), -1 where it never did."""
        return self.first_result(attribute)[0]

    def first_result(self, attribute: str) -> tuple[np.ndarray, np.ndarray]:
        """Tick and word of each patient's first result in an attribute; int64 and object, (n,), -1 and "" for none."""
        tests = [k for k, (_, into) in enumerate(self.plan.tests) if into == attribute]
        rows = np.flatnonzero(self.event_code == at.LOG_RESULT)
        which, state = np.divmod(self.log[rows, at.LOG_DETAIL], at.DETAIL_SHIFT)
        own = np.isin(which, tests)
        # Backwards, so that of a patient's results the first is written last.
        rows, state = rows[own][::-1], state[own][::-1] - at.DETAIL_SHIFT // 2
        place = self._row_of_event[rows]
        tick, word = np.full(self.n, -1, dtype=np.int64), np.full(self.n, "", dtype=object)
        tick[place] = self.event_tick[rows]
        if tests:
            word[place] = np.array(self.plan.attributes[attribute][1], dtype=object)[state]
        return tick, word

    def attribute(self, name: str) -> np.ndarray:
        """An attribute of each patient: float64, or the words of its states (object)."""
        if name not in self.plan.attributes:
            known = list(self.plan.attributes)
            raise UsageError(f'no attribute "{name}" in {self.protocol.id}{did_you_mean(name, known)}')
        place, states = self.plan.attributes[name]
        values = self.floats[:, place]
        return values if states is None else np.array(states, dtype=object)[values.astype(np.int64)]

    @cached_property
    def patients(self) -> pd.DataFrame:
        """One row a patient: attributes, counters, marker levels at the end, last phase, time, status, enrolled."""
        import pandas as pd

        plan = self.plan
        columns: dict[str, Any] = {"patient": self.patient_ids}
        columns |= {name: self.attribute(name) for name in plan.attributes}
        columns |= {name: self.floats[:, place] for name, place in plan.counters.items()}
        first = int(plan.I[at.H_N_VARIABLES])
        columns |= {name: self.floats[:, first + m] for m, name in enumerate(plan.markers)}
        columns["last_phase"] = np.where(self.eligible, np.array(plan.phase_names, dtype=object)[self.ints[:, 2]], "")
        columns["time_days"] = self.end_tick / TICKS_PER_DAY
        columns["status"] = self._statuses()
        columns["enrolled"] = self.enrolled
        return pd.DataFrame(columns)

    def _statuses(self) -> np.ndarray:
        dead = self.first_tick("death") >= 0 if "death" in self.event_names else np.zeros(self.n, dtype=bool)
        kind = np.where(dead, 1, np.where(self.ints[:, 1] == at.FINISHED, 2, 0))
        kind[~self.eligible] = 3
        return np.array(STATUSES, dtype=object)[kind]

    @cached_property
    def events(self) -> pd.DataFrame:
        """One row an event: patient, time_days, serial, event, phase, detail."""
        import pandas as pd

        names = np.array(self.event_names, dtype=object)
        return pd.DataFrame(
            {
                "patient": self.event_patient,
                "time_days": self.event_tick / TICKS_PER_DAY,
                "serial": self.log[:, at.LOG_SERIAL],
                "event": names[self.event_code],
                "phase": np.array([*self.plan.phase_names, ""], dtype=object)[self.log[:, at.LOG_PHASE]],
                "detail": self._details(),
            }
        )

    def _details(self) -> np.ndarray:
        """The detail of each event in words: its cause, the result, the grade, the cycle or the value."""
        codes, detail = self.event_code, self.log[:, at.LOG_DETAIL]
        words = np.full(len(detail), "", dtype=object)
        caused = self.event_cause
        known = caused >= 0
        words[known] = np.array([*self.causes, ""], dtype=object)[caused[known]]
        for code, spell in self._spellings().items():
            rows = np.flatnonzero(codes == code)
            pairs, inverse = np.unique(detail[rows], return_inverse=True)
            words[rows] = np.array([spell(int(value)) for value in pairs], dtype=object)[inverse]
        return words

    def _spellings(self) -> dict[int, Any]:
        """How the details of the built-in events are spelt."""
        plan = self.plan
        attributes = list(plan.attributes)

        def split(detail: int) -> tuple[int, int]:
            index, value = divmod(detail, int(at.DETAIL_SHIFT))
            return index, value - int(at.DETAIL_SHIFT) // 2

        def result(detail: int) -> str:
            test, state = split(detail)
            into = plan.tests[test][1]
            states = plan.attributes[into][1] or ()
            return f"{into}={states[state]}"

        def grade(detail: int) -> str:
            which, number = split(detail)
            name, grades = plan.toxicities[which]
            return f"{name}={grades[number - 1]}" if number else name

        def consequence(detail: int) -> str:
            which, number = split(detail)
            ticks, kind = divmod(number, int(at.Q_SHIFT))
            words = f"{plan.toxicities[which][0]}={at.CONSEQUENCES[kind]}"
            return f"{words} {ticks / TICKS_PER_DAY:.5f} d" if kind == at.Q_DELAYS else words

        def attribute(detail: int) -> str:
            which, value = split(detail)
            states = plan.attributes[attributes[which]][1]
            number = value / 1e5
            return f"{attributes[which]}={states[int(number)] if states else f'{number:g}'}"

        return {
            int(at.LOG_CYCLE): str,
            int(at.LOG_OMITTED): str,
            int(at.LOG_CONSEQUENCE): consequence,
            int(at.LOG_INELIGIBLE): lambda criterion: list(self.protocol.eligibility)[criterion],
            int(at.LOG_SAMPLE): lambda test: "{} into {}".format(*plan.tests[test]),
            int(at.LOG_RESULT): result,
            int(at.LOG_TOXICITY): grade,
            int(at.LOG_MARKER): lambda d: f"{plan.markers[split(d)[0]]}={split(d)[1] / 1e5:g}",
            int(at.LOG_DOSE): lambda d: f"{list(plan.counters)[split(d)[0]]}={split(d)[1] / 1e5:g}",
            int(at.LOG_ATTRIBUTE): attribute,
        }
