"""A protocol under examination: its scope and expressions, and which sections fit the schema. Nothing is judged here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sim.protocol.expression_scope import Scope
from sim.protocol.expression_tree import Expression, walk
from sim.protocol.expressions import ExpressionErrors, parse
from sim.protocol.findings import Finding
from sim.protocol.paths import DocumentPath
from sim.protocol.schema import Protocol
from sim.protocol.scope import ENROLMENT, emitters, scope_of
from sim.protocol.walk import Located, expressions


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
    """

    protocol: Protocol
    broken: Collection[str] = ()
    hidden: Collection[str] = ()
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
        return [ENROLMENT, *self.emitters]

    def tree(self, *path: str | int) -> Expression | None:
        """The expression at a path, or None where there is none that can be read."""
        found = self.trees.get(path)
        return found[1] if found else None

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
