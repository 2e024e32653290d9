"""A patient's run that could not go on, in words that name patient and site."""

from __future__ import annotations

from sim.engine import layout as at
from sim.engine.plan import MAX_EVENTS, Plan
from sim.errors import EngraftError

_TEXTS = {
    at.E_TOO_MANY_EVENTS: f"more than {MAX_EVENTS} events: the phases go round without an end",
    at.E_BAD_PROBABILITY: "a probability is not between 0 and 1 for this patient",
    at.E_BAD_DURATION: "a duration is negative or endless for this patient",
    at.E_PENDING_RESULT: "a sample was taken while the result of the one before was still on its way",
    at.E_NOT_FINITE: "a value is not a finite number for this patient",
    at.E_NEGATIVE_MULTIPLIER: "a hazard's multiplier is negative or not a finite number for this patient",
    at.E_OUTCOMES_OVER_ONE: "the probabilities of the outcomes sum to more than 1 for this patient",
    at.E_BAD_CYCLES: "the number of cycles is not from 1 to 1000 for this patient",
    at.E_MANY_PENDING: f"more than {at.MOST_PENDING} exposures whose toxicity is still to come",
    at.E_BAD_SPREAD: "a distribution has a negative spread or a scale that is not above 0 for this patient",
}


def failure(plan: Plan, patient: int, error: int, site: int) -> EngraftError:
    """The error for a failed run, with how to see it again."""
    where = plan.labels[site] if 0 <= site < len(plan.labels) else "the patient's attributes"
    protocol = plan.protocol.id
    return EngraftError(
        f"{protocol}: patient {patient}, site {where}: {_TEXTS[error]}; "
        f"engraft trace {protocol} --patient {patient} replays it"
    )
