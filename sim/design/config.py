"""What a design file is: the schema engraft/design/1 and the reading of its files. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationError, model_validator

from sim.design.config_fields import Duration, Numbers, TimeUnit, ZValue
from sim.design.fixed import Solved
from sim.design.fixed_proportions import TestMethod
from sim.design.sequential import LastLook
from sim.design.survival_tests import LogRankMethod
from sim.errors import InvalidDocument, Position, Problem
from sim.protocol.document import Document, load_document, problems_from_pydantic
from sim.protocol.fields import Model, OneOf
from sim.protocol.library import find
from sim.protocol.merge import apply_overrides
from sim.protocol.nodes import MappingNode, node_from_plain
from sim.units import parse_duration

SCHEMA = "engraft/design/1"


class SurvivalAt(Model):
    """Exponential survival by a share alive, or free of the event, at a time."""

    share: float
    at: Duration


class Steps(Model):
    """Constant hazards on intervals, per time unit; ``from`` are their beginnings, the first one 0."""

    hazards: Numbers
    from_: Annotated[list[Duration], Field(alias="from")] = ["0 d"]


class WeibullLaw(Model):
    """Weibull survival by shape, and scale or median."""

    shape: float
    scale: Duration | None = None
    median: Duration | None = None


class IncidenceLaw(Model):
    """Constant cause-specific hazards that give the incidences of the event and of a competing event at a time."""

    event: float
    competing: float
    at: Duration


class UncuredLaw(OneOf):
    """How those have the event who are not cured."""

    median: Duration | None = None
    survival: SurvivalAt | None = None
    piecewise: Steps | None = None
    weibull: WeibullLaw | None = None


class Cure(Model):
    """A share is cured, the others have the event by a law of their own."""

    cured: float
    uncured: UncuredLaw


class ControlLaw(OneOf):
    """Survival of the control arm, by exactly one family."""

    median: Duration | None = None
    survival: SurvivalAt | None = None
    piecewise: Steps | None = None
    weibull: WeibullLaw | None = None
    cure: Cure | None = None
    incidence: IncidenceLaw | None = None


class RatioSteps(Model):
    """Hazard ratios on intervals; ``from`` are their beginnings, the first one 0."""

    ratios: Numbers
    from_: Annotated[list[Duration], Field(alias="from")]


class TreatmentLaw(OneOf):
    """Survival of the treatment arm: a hazard ratio (constant or in steps), or a family."""

    hazard_ratio: float | RatioSteps | None = None
    median: Duration | None = None
    survival: SurvivalAt | None = None
    piecewise: Steps | None = None
    weibull: WeibullLaw | None = None
    cure: Cure | None = None


class Lost(Model):
    """Exponential dropout by a share lost by a time."""

    share: float
    by: Duration


class Dropout(Model):
    """Dropout of each arm; an arm that is not named loses nobody."""

    control: Lost | None = None
    treatment: Lost | None = None


class AccrualPlan(Model):
    """Patients of both arms per time unit from the times in ``from`` on, until ``time``.

    With ``patients`` the rates are proportions and that number enters in all.
    """

    time: Duration | None = None
    rates: Numbers = [1.0]
    from_: Annotated[list[Duration], Field(alias="from")] = ["0 d"]
    patients: float | None = None


class LogRankTest(Model):
    """Log-rank test; ``margin`` is the hazard ratio to reject, above 1 for non-inferiority."""

    method: LogRankMethod = "schoenfeld"
    margin: float = 1.0
    rho: float = 0.0
    gamma: float = 0.0


class MilestoneTest(Model):
    """Difference of survival at a time."""

    at: Duration
    scale: Literal["difference", "log", "log_log"] = "difference"
    margin: float = 0.0


class RestrictedMeanTest(Model):
    """Difference in restricted mean survival time; ``margin`` in time units."""

    until: Duration
    margin: float = 0.0


class MaxComboTest(Model):
    """The largest of several weighted log-rank statistics, each by its rho and gamma."""

    weights: Annotated[list[Annotated[list[float], Field(min_length=2, max_length=2)]], Field(min_length=2)]


class CurveTest(OneOf):
    """Which test of the two curves."""

    log_rank: LogRankTest | None = None
    milestone: MilestoneTest | None = None
    restricted_mean: RestrictedMeanTest | None = None
    max_combo: MaxComboTest | None = None


class Survival(Model):
    """A trial of two arms with a time to event.

    With ``incidence`` the competing event acts on both arms alike and the hazard ratio is cause-specific, or with
    ``subdistribution`` that of Fine and Gray.
    """

    control: ControlLaw
    treatment: TreatmentLaw | None = None
    subdistribution: bool = False
    dropout: Dropout = Dropout()
    accrual: AccrualPlan
    follow_up: Duration | None = None
    latest_analysis: Duration | None = None
    test: CurveTest = CurveTest(log_rank=LogRankTest())


class Proportions(Model):
    """Two proportions; ``patients`` of both arms if power is solved for."""

    control: float
    treatment: float
    method: TestMethod = "pooled"
    margin: float = 0.0
    higher_is_better: bool = True
    patients: float | None = None


class OneArm(Model):
    """One proportion by an exact binomial test: ``standard`` is the one to reject."""

    standard: float
    alternative: float
    patients: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class Boundary(Model):
    """A boundary by a spending function, a shape, shares of the error spent, or z before the last look (or none)."""

    spending: str | None = None
    shape: str | None = None
    shares: list[float] | None = None
    z: list[ZValue] | None = None
    parameter: float | None = None
    at: list[int] | None = None

    @model_validator(mode="after")
    def _one_rule(self) -> Boundary:
        rules = {"spending": self.spending, "shape": self.shape, "shares": self.shares, "z": self.z}
        given = [name for name, value in rules.items() if value is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(rules)}; found {', '.join(given) or 'none'}")
        return self


class Futility(Boundary):
    """A futility boundary; binding if the type I error may count on it."""

    binding: bool = False


class Observed(Model):
    """Looks held so far: events (of survival) or patients (of proportions) at each; ``final`` if the last was the last.

    ``last_look`` is the rule for a last look with less or more than planned: it takes the ``remaining`` alpha, or keeps
    its boundary ``as-planned``. With ``z``, the statistics there, the looks are read.
    """

    counts: Annotated[list[float], Field(min_length=1)]
    z: list[float] | None = None
    final: bool = False
    last_look: LastLook = "remaining"


class GroupSequential(Model):
    """Looks at fractions of the information, or at calendar times, with their boundaries.

    With ``times`` the statistics have their own covariance over looks, and the last time is that of the last analysis.
    """

    information: Annotated[list[float], Field(min_length=1)] | None = None
    times: Annotated[list[Duration], Field(min_length=1)] | None = None
    efficacy: Boundary
    futility: Futility | None = None
    observed: Observed | None = None

    @model_validator(mode="after")
    def _one_scale(self) -> GroupSequential:
        if (self.information is None) == (self.times is None):
            raise ValueError("give exactly one of information and times")
        return self


class OperatingCharacteristics(Model):
    """Effects under which power, stopping and what to expect are shown, beside the alternative and the null hypothesis.

    ``hazard_ratios`` are constant, ``treatments`` laws of the treatment arm by name, ``proportions`` those of the
    treatment arm or the single arm, ``drifts`` means of Z at the last look. All may be given.
    """

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    hazard_ratios: Numbers | None = None
    treatments: Annotated[dict[str, TreatmentLaw], Field(min_length=1)] | None = None
    proportions: Numbers | None = None
    drifts: Numbers | None = None

    @model_validator(mode="after")
    def _some(self) -> OperatingCharacteristics:
        if not self.model_fields_set:
            raise ValueError(f"give at least one of {', '.join(type(self).model_fields)}")
        return self


class NormalEffect(Model):
    """A normal prior on the log hazard ratio."""

    mean: float
    sd: float


class Assured(OneOf):
    """What is believed of the log hazard ratio: a normal law, or a sample of values."""

    normal: NormalEffect | None = None
    sample: Annotated[list[float], Field(min_length=2)] | None = None


class Hypothesis(Model):
    """One hypothesis: its share of alpha, and the mean of its statistic Z if its alternative holds."""

    weight: float
    mean: float | None = None


class Multiplicity(Model):
    """Several hypotheses under one alpha. ``transitions`` are for the graphical procedure: shares passed on."""

    procedure: Literal["bonferroni", "holm", "fixed_sequence", "graphical"]
    hypotheses: Annotated[dict[str, Hypothesis], Field(min_length=2)]
    transitions: dict[str, dict[str, float]] = {}
    this: str


class DesignConfig(Model):
    """A design: exactly one of ``survival``, ``proportions`` and ``one_arm``, and what is planned upon it.

    Durations are written with their unit; hazards, rates and margins of restricted means are per ``time_unit``, in
    which times are printed. ``endpoint`` is what the protocol text calls it.
    """

    schema_: Literal["engraft/design/1"] = Field(alias="schema")
    title: str
    endpoint: str = "the primary endpoint"
    time_unit: TimeUnit = "months"
    alpha: float
    sided: int = 1
    power: float | None = None
    solve: Solved | Literal["hazard_ratio"] = "patients"
    allocation: float = 1.0
    survival: Survival | None = None
    proportions: Proportions | None = None
    one_arm: OneArm | None = None
    group_sequential: GroupSequential | None = None
    operating_characteristics: OperatingCharacteristics | None = None
    assurance: Assured | None = None
    multiplicity: Multiplicity | None = None

    @property
    def days_per_unit(self) -> float:
        """Length of the time unit."""
        return parse_duration(f"1 {self.time_unit}")


def load_design(config: str | Path | Mapping[str, Any], *, set: Sequence[str] = ()) -> tuple[DesignConfig, Document]:
    """Read a design by path, by the name of a shipped one such as ``os-schoenfeld``, or from values as a file has them.

    Parameters
    ----------
    set
        Overrides ``path=value`` of the file, checked like the file.

    Returns
    -------
    tuple
        The design, and the document that knows where each part of it stands.

    Raises
    ------
    UsageError
        There is no such file.
    InvalidDocument
        Every problem of the file and of the overrides that can be told without computing.
    """
    if isinstance(config, Mapping):
        start = Position("(config)", 1, 1)
        try:
            root = node_from_plain(dict(config), start)
        except ValueError as error:
            raise InvalidDocument([Problem(start, "", str(error))]) from None
        assert isinstance(root, MappingNode)
        document = Document(root, "(config)")
    else:
        document = load_document(find(config, "design"))
    if set:
        document = apply_overrides(document, set)
    return read_design(document), document


def read_design(document: Document) -> DesignConfig:
    """A document as a design, or InvalidDocument with every problem of its form."""
    try:
        return DesignConfig.model_validate(document.plain())
    except ValidationError as error:
        raise InvalidDocument(problems_from_pydantic(document, error, DesignConfig)) from None
