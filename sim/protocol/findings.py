"""What a check finds at a place in the machine form, and the problem that makes. Nothing is checked here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import get_args, get_origin, get_type_hints

from sim.errors import Problem
from sim.protocol import fields, priors
from sim.protocol.fields import Arguments, Model
from sim.protocol.nodes import Document, Node, ScalarNode, SequenceNode, child
from sim.protocol.paths import DocumentPath, format_path
from sim.protocol.schema_course import ALL_GRADES


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes
    ----------
    path
        Where it stands in the machine form; shorthand and defaults may have left the last steps out of the document.
    message
        What was found; what would be right.
    key
        Whether the key is at fault, and not the value under it.
    text, offset
        An expression as it was read, and the character of it that is at fault.
    """

    path: DocumentPath
    message: str
    key: bool = False
    text: str = ""
    offset: int = 0


def problems(document: Document, findings: Iterable[Finding]) -> list[Problem]:
    """The findings as problems of the document they were found in, in the order of the file and each once."""
    return sorted({_problem(document, finding) for finding in findings})


def _problem(document: Document, finding: Finding) -> Problem:
    path = written_path(document, finding.path)
    node = document.node(path)
    position = document.locate(path, key=finding.key)
    if finding.text and isinstance(node, ScalarNode) and isinstance(node.value, str):
        leading = len(node.value) - len(node.value.lstrip())
        if node.value.strip() == finding.text:
            position = node.position_at(finding.offset + leading)
    return Problem(position, format_path(path), finding.message)


def written_path(document: Document, path: Sequence[str | int]) -> DocumentPath:
    """As much of a path of the machine form as the document has, with list indices for arguments that go by place."""
    node: Node = document.root
    written: list[str | int] = []
    for part in path:
        step = part
        if isinstance(node, SequenceNode) and isinstance(part, str):
            step = _places(str(written[-1]) if written else "").get(part, -1)
        below = child(node, step)
        if below is None and step == ALL_GRADES:
            continue  # one consequence for all grades may stand without saying so
        if below is None:
            break
        node = below
        written.append(step)
    return tuple(written)


@cache
def _places(family: str) -> dict[str, int]:
    """The place of each argument in the list form of a distribution family."""
    for owner in (fields.AttributeDraw, priors.Prior):
        for name, hint in get_type_hints(owner).items():
            model = next((arm for arm in (hint, *get_args(hint)) if _is_arguments(arm)), None)
            if name == family and model is not None:
                return {key: index for index, key in enumerate(model.model_fields)}
    return {}


def _is_arguments(hint: object) -> bool:
    return (
        get_origin(hint) is None and isinstance(hint, type) and issubclass(hint, Model) and issubclass(hint, Arguments)
    )
