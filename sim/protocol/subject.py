"""A protocol under examination: its scope, its expressions, what fits the schema. Nothing is judged here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sim.protocol.expression_fold import fold
from sim.protocol.expression_scope import Scope
from sim.protocol.expression_tree import Call, Expression, NumberLiteral, Unary, walk
from sim.protocol.expression_types import check
from sim.protocol.expressions import ExpressionErrors, parse
from sim.protocol.findings import Finding
from sim.protocol.paths import DocumentPath
from sim.protocol.schema import Protocol
from sim.protocol.scope import emitters, scope_of
from sim.protocol.walk import Located, expressions

EVENT_CALLS = frozenset({"since", "count", "within"})
PHASE_CALLS = frozenset({"phase", "visited"})
COURSE_CALLS = EVENT_CALLS | PHASE_CALLS | {"eradicated", "result"}
"""Functions that ask about the patient's course."""

_EVENT_SECTIONS = frozenset({"phases", "hazards", "delays", "crossings", "toxicities", "surveillance"})
_EXPECTED = {"boolean": "boolean", "duration": "duration", "probability": "none", "any": None}
_UNJUDGED = ExpressionErrors(())


@dataclass(frozen=True)
class Subject:
    """A protocol and what the checks ask of it.

    Attributes
    ----------
    protocol
        Its sections in `broken` are empty or stand-ins.
    broken
        Sections that do not fit the schema: nothing is said about them, nor about what refers to them.
    hidden
        Names that the broken sections declare, as far as that can be seen.
    altered
        Whether a population or overrides changed the file: a question "what if" may leave parts of it idle.
    """

    protocol: Protocol
    broken: Collection[str] = ()
    hidden: Collection[str] = ()
    altered: bool = False
    syntax: list[Finding] = field(default_factory=list, init=False)

    @cached_property
    def scope(self) -> Scope:
        """The names that expressions may use."""
        return scope_of(self.protocol)

    @cached_property
    def trees(self) -> Mapping[DocumentPath, tuple[Located, Expression]]:
        """Every expression that can be read, by path; the others leave a finding in `syntax`."""
        found: dict[DocumentPath, tuple[Located, Expression]] = {}
        for located in expressions(self.protocol):
            try:
                found[located.path] = (located, parse(located.text))
            except ExpressionErrors as errors:
                self.syntax.extend(wrong(located, errors))
        return found

    @cached_property
    def emitters(self) -> Mapping[str, list[DocumentPath]]:
        """Every event that something emits, with the places."""
        return emitters(self.protocol)

    @cached_property
    def events(self) -> list[str]:
        """Every event that rules may name."""
        return list(self.scope.events)

    def tree(self, *path: str | int) -> Expression | None:
        """The expression at a path, or None where there is none that can be read."""
        found = self.trees.get(path)
        return found[1] if found else None

    @cached_property
    def verdicts(self) -> Mapping[DocumentPath, ExpressionErrors | None]:
        """What names and types leave to be desired in each expression; those that cannot be judged are left out."""
        found: dict[DocumentPath, ExpressionErrors | None] = {}
        for path, (located, tree) in self.trees.items():
            if self.undecided(tree):
                continue
            try:
                check(tree, self.scope, expect=located.unit or _EXPECTED.get(located.expect, "number"))
            except ExpressionErrors as errors:
                found[path] = errors
            else:
                found[path] = None
        return found

    def undecided(self, tree: Expression) -> bool:
        """Whether an expression reads something whose section does not fit the schema."""
        if not self.broken:
            return False
        calls = {node.function for node in walk(tree) if isinstance(node, Call)}
        if calls & EVENT_CALLS and _EVENT_SECTIONS & set(self.broken):
            return True
        if calls & PHASE_CALLS and "phases" in self.broken:
            return True
        return bool(self.words(tree) & set(self.hidden))

    def sound(self, *path: str | int) -> Expression | None:
        """The expression at a path if names and types in it are right."""
        return self.tree(*path) if self.verdicts.get(path, _UNJUDGED) is None else None

    def constant(self, *path: str | int) -> float | None:
        """The number at a path under the values of parameters and switches, or None where it is no constant."""
        tree = self.sound(*path)
        if tree is None:
            return None
        try:
            folded = fold(tree, self.scope)
        except ExpressionErrors:
            return None
        match folded:
            case NumberLiteral(value=value):
                return value
            case Unary(operator="-", operand=NumberLiteral(value=value)):
                return -value
        return None

    def below(self, *path: str | int) -> Iterator[tuple[Located, Expression]]:
        """The expressions at and below a path."""
        for place, found in self.trees.items():
            if place[: len(path)] == path:
                yield found

    def words(self, tree: Expression) -> set[str]:
        """Every bare word in an expression, those in calls included."""
        return {node.word for node in walk(tree) if hasattr(node, "word")}


def wrong(located: Located, errors: ExpressionErrors) -> list[Finding]:
    """The errors of one expression as findings."""
    return [Finding(located.path, error.message, text=located.text, offset=error.offset) for error in errors.errors]
