"""What the library refuses: one error, which names the field, what was found and what would be right."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sim.design.accrual import accrual
from sim.design.assurance import assurance_by_events, assurance_of_sample, predictive_power, predictive_power_of_sample
from sim.design.average_hazard_ratio import kalbfleisch_prentice
from sim.design.competing import hazards_from_incidence, subdistribution
from sim.design.course import Arm, Course
from sim.design.curve_moments import milestone_difference, rmst_difference
from sim.design.exact import one_arm, two_arm_power
from sim.design.fixed import fixed_survival
from sim.design.fixed_proportions import fixed_proportions
from sim.design.laws import NEVER, exponential, exponential_from_survival, mixture_cure, piecewise_exponential, weibull
from sim.design.logrank import events_for, hazard_ratio_for, power_by_events
from sim.design.proportions import difference_of_proportions
from sim.design.solving import for_follow_up, for_hazard_ratio
from sim.design.survival_moments import fleming_harrington, lachin_foulkes
from sim.design.survival_tests import LogRank, Milestone
from sim.errors import EngraftError


def trial(control: float = 0.1, treatment: float = 0.05) -> Course:
    return Course(Arm(exponential(control)), Arm(exponential(treatment)), accrual(time=12, rates=10), 12.0)


CASES: list[tuple[Callable[[], object], str]] = [
    (lambda: events_for(0.5, alpha=0, power=0.9), "alpha: found 0; it must lie between 0 and 1"),
    (lambda: events_for(0.5, alpha=1.2, power=0.9), "alpha: found 1.2; it must lie between 0 and 1"),
    (
        lambda: events_for(0.5, alpha=0.05, power=0.04),
        "power: found 0.04; it must be above the level of its side",
    ),
    (lambda: events_for(0.5, alpha=0.05, power=1.0), "power: found 1; it must lie between 0 and 1"),
    (lambda: events_for(0.5, alpha=0.05, power=0.8, sided=3), "sided: found 3; it must be 1 or 2"),
    (lambda: events_for(-0.5, alpha=0.05, power=0.8), "hazard_ratio: found -0.5; it must be above 0"),
    (lambda: events_for(1.0, alpha=0.05, power=0.8), "hazard_ratio: found 1; it must be other than 1"),
    (
        lambda: events_for(1.4, alpha=0.05, power=0.8, null_ratio=1.3),
        "hazard_ratio: found 1.4; it must be below the m",
    ),
    (lambda: events_for(0.5, alpha=0.05, power=0.8, allocation=0), "allocation: found 0; it must be above 0"),
    (
        lambda: events_for(0.5, alpha=0.05, power=0.8, method="freedmann"),
        'method: .* did you mean "freedman"',
    ),
    (
        lambda: events_for(0.5, alpha=0.05, power=0.8, null_ratio=1.2, method="freedman"),
        "margin: found 1.2; with the method freedman it must be 1",
    ),
    (lambda: power_by_events(0, 0.5, alpha=0.05), "events: found 0; it must be above 0"),
    (
        lambda: hazard_ratio_for(5, alpha=0.025, power=0.9, method="hsieh_freedman"),
        "power: 0.9 cannot be reached with 5 events, whatever the hazard ratio",
    ),
    (lambda: piecewise_exponential([1, 2], [0.1, 0.2]), "starts: row 0 is 1; the first interval starts at 0"),
    (lambda: piecewise_exponential([0, 2, 2], [0.1, 0.2, 0.3]), "starts: row 2 is 2; starts must increase"),
    (lambda: piecewise_exponential([0, 2], [0.1]), "rates: found 1 for 2 starts; each interval needs one"),
    (lambda: exponential(-1), "rates: row 0 is -1; it must be 0 or more"),
    (lambda: exponential_from_survival(0, time=3), "survival: found 0; it must lie above 0"),
    (lambda: weibull(shape=1.0), "scale: give exactly one of scale and median"),
    (lambda: weibull(shape=0.0, scale=1.0), "shape: found 0; it must be above 0"),
    (lambda: weibull(shape=99.0, scale=1.0), "shape: found 99; it must lie between 0.2 and 20"),
    (lambda: mixture_cure(1.0, exponential(1)), "cured: found 1; it must be 0 or more and below 1"),
    (lambda: accrual(time=0), "accrual_time: found 0; it must be above 0"),
    (lambda: accrual(time=3, rates=0), "accrual_rates: nobody enters before accrual ends"),
    (lambda: accrual(time=3, rates=(1, 2)), "accrual_rates: found 2 for 1 intervals; each needs one rate"),
    (lambda: accrual(time=3, rates=(1, -2), starts=(0, 1)), "accrual_rates: row 1 is -2; it must be 0 or more"),
    (lambda: trial().time_of(1e4), "events: found 10000; with 120 patients at most 120 are ever expected"),
    (
        lambda: for_follow_up(trial(0.1, 0.09), LogRank(), alpha=0.025, power=0.9),
        "power: 0.9 cannot be reached, how",
    ),
    (
        lambda: for_follow_up(
            Course(Arm(exponential(1)), Arm(exponential(0.1)), accrual(time=50, rates=50), 0.0),
            LogRank(),
            alpha=0.025,
            power=0.9,
        ),
        "power: 0.9 is reached as soon as the test can be held",
    ),
    (
        lambda: for_hazard_ratio(lambda _: trial(0.1, 0.1), LogRank("weighted"), alpha=0.025, power=0.9),
        "power: 0.9 cannot be reached with this trial, whatever the hazard ratio",
    ),
    (
        lambda: LogRank().moments(Course(Arm(exponential(1)), Arm(weibull(shape=2, scale=1)), accrual(time=1), 1.0)),
        "method: the hazards of the arms are not proportional; use the method weighted",
    ),
    (
        lambda: lachin_foulkes(
            Course(Arm(weibull(shape=2, scale=1)), Arm(weibull(shape=2, scale=2)), accrual(time=1), 1.0),
            scale="hazard_difference",
        ),
        "scale: hazard_difference needs exponential survival",
    ),
    (lambda: LogRank(margin=0.9), "margin: found 0.9; it must be 1"),
    (lambda: LogRank("schoenfeld", rho=1.0), "rho, gamma: weights need the method weighted, found schoenfeld"),
    (lambda: fleming_harrington(-1, 0), "rho, gamma: found -1, 0; both must lie between 0 and 10"),
    (lambda: milestone_difference(trial(), time=24.0), "time: found 24; the longest follow-up at the analysis is 24"),
    (lambda: rmst_difference(trial(), until=-1.0), "time: found -1; it must be above 0"),
    (lambda: milestone_difference(trial(), time=6.0, margin=-0.1), "margin: found -0.1; it must be 0"),
    (lambda: Milestone(3.0, "logit"), 'scale: found "logit"'),
    (lambda: kalbfleisch_prentice(NEVER, exponential(1), until=3.0), "until: found 3; the control arm has no events"),
    (lambda: fixed_survival(trial(), LogRank(), alpha=0.05), "power: missing; it is needed to solve for patients"),
    (
        lambda: fixed_survival(trial(), LogRank(), alpha=0.05, power=0.8, solve_for="events"),
        'solve: found "events"',
    ),
    (lambda: hazards_from_incidence(0.6, 0.5, time=12), "competing_incidence: found 0.5; with an incidence of 0.6"),
    (lambda: subdistribution(0.0, 0.1), "hazard: found 0; it must be above 0"),
    (lambda: difference_of_proportions(0.0, 0.5), "control: found 0; it must lie between 0 and 1"),
    (
        lambda: difference_of_proportions(0.2, 0.5, margin=0.1, method="arcsine"),
        "margin: found 0.1; with the method",
    ),
    (lambda: fixed_proportions(0.4, 0.4, alpha=0.05, power=0.8), "treatment: found 0.4, that of the control arm"),
    (lambda: fixed_proportions(0.4, 0.5, alpha=0.05), "power: give exactly one of power and patients"),
    (
        lambda: fixed_proportions(0.4, 0.2, alpha=0.05, power=0.8, margin=0.1),
        "power: 0.8 cannot be reached: the assumed effect is none, or points the other way",
    ),
    (
        lambda: one_arm(0.5, 0.4, alpha=0.05, power=0.8),
        "treatment: found 0.4; it must be above the proportion",
    ),
    (lambda: one_arm(0.5, 0.501, alpha=0.05, power=0.8), "power: 0.8 cannot be reached with 2000 patients"),
    (lambda: two_arm_power(0.2, 0.4, (9, 9), alpha=0.05, test="barnard"), 'method: no exact test is called "barnard"'),
    (lambda: assurance_by_events(100, mean=-0.3, sd=0.0, alpha=0.025), "sd: found 0; it must be above 0"),
    (lambda: assurance_of_sample(lambda effect: 0.5, [0.1]), "effects: found 1 draw; at least 2 are needed"),
    (
        lambda: predictive_power(1.0, events=100, planned_events=90, alpha=0.025),
        "planned_events: found 90; it must be above the 100 events seen",
    ),
    (lambda: predictive_power(1.0, events=10, planned_events=90, alpha=0.025, mean=0.0), "sd: give both mean and sd"),
    (
        lambda: predictive_power_of_sample(1.0, [0.1, 0.2], events=10, planned_events=90, alpha=0.025, weights=[1.0]),
        "weights: found 1 rows for 2 effects",
    ),
]


@pytest.mark.parametrize(("call", "told"), CASES, ids=[told[:40] for _, told in CASES])
def test_refused_with_the_field(call: Callable[[], object], told: str) -> None:
    with pytest.raises(EngraftError, match=told):
        call()
