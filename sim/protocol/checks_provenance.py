"""Checks where clinical numbers come from: in a traced protocol none stands bare. Structure is left alone.

A parameter has its source or assumption, its prior and its unit beside it; a bare number has none of them. Structure
is what the protocol itself prescribes or defines, and may stand bare: fixed lengths of phases and cycles, days, doses,
cut-offs in guards, detection limits, turnaround, reference levels in a product with a parameter, and 0 and 1.
"""

from __future__ import annotations

from collections.abc import Iterator

from sim.protocol.expression_tree import Call, DurationLiteral, Expression, Name, NumberLiteral, unparse, walk
from sim.protocol.findings import Finding
from sim.protocol.paths import DocumentPath
from sim.protocol.subject import Subject

# Where clinical numbers stand, as (section, key); of phases, hazards and draws not all that is below.
_CLINICAL = frozenset(
    {
        *(("toxicities", key) for key in ("probability", "grades", "onset", "consequence")),
        *(("delays", key) for key in ("happens", "after")),
        *(("assays", key) for key in ("noise", "evaluable")),
        *(("phases", key) for key in ("lasts", "shift", "outcomes", "cycles", "days", "give")),
        *(("hazards", key) for key in ("baseline", "level", "multiply")),
        *(("markers", "drift"), ("patient", "draw")),
    }
)


def bare(subject: Subject) -> Iterator[Finding]:
    """Clinical numbers that are no parameters, in a protocol that promises that there are none."""
    if not subject.protocol.traced:
        return
    for path, (located, tree) in subject.trees.items():
        if located.expect != "boolean" and _is_clinical(subject, path):
            for part in _numbers(tree):
                message = f"found {unparse(part)}, a clinical number that says not where it comes from"
                cure = "make it a parameter, with its source or assumption"
                if path[0] == "patient":
                    cure += ", or give the attribute one"
                yield Finding(path, f"{message}; {cure}", text=located.text, offset=part.span[0])


def _is_clinical(subject: Subject, path: DocumentPath) -> bool:
    if len(path) < 3 or (path[0], path[2]) not in _CLINICAL:
        return False
    match path:
        case ("patient", name, *_):
            attribute = subject.protocol.patient[str(name)]
            return attribute.source is None and attribute.assumption is None
        case ("phases", _, "lasts", "fixed") | ("phases", _, "cycles", "every" | "count" | "last", "fixed"):
            return False  # what the protocol prescribes
        case ("hazards", _, "baseline", *_, "cuts", _):
            return False
        case ("hazards", name, "level", key):
            # Half of the patients at a sourced median, or a sourced share at two years: one of the two will do.
            at = subject.tree("hazards", name, "level", "at")
            return key not in ("at", "from") and at is not None and not any(isinstance(n, Name) for n in walk(at))
    return True


def _numbers(tree: Expression) -> Iterator[Expression]:
    """The alternatives of an expression that consist of numbers only, 0 and 1 excepted."""
    if isinstance(tree, Call) and tree.function == "if":
        for part in tree.arguments[1:]:
            yield from _numbers(part)
        return
    nodes = list(walk(tree))
    literals = [node for node in nodes if isinstance(node, NumberLiteral | DurationLiteral)]
    plain = isinstance(tree, NumberLiteral) and tree.value in (0, 1)
    if literals and not plain and not any(isinstance(node, Name) for node in nodes):
        yield tree


PROVENANCE_CHECKS = ((bare, ("patient", "parameters")),)
