"""A layered layout of a small directed graph (Sugiyama's method): where boxes and lines go. Nothing is drawn here.

Sugiyama, Tagawa and Toda (1981), IEEE Transactions on Systems, Man, and Cybernetics 11:109-125: lines that run
backwards are turned round, layers are longest paths, long lines get a stop in every layer, the order in a layer comes
from barycentres, and the horizontal places are least squares under the order, found by pooling adjacent violators.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

_SWEEPS = 24
_RELAXATIONS = 300
_STRAIGHT = 8.0  # how much more a long line's own stops weigh than its neighbours, so that it runs straight


@dataclass(frozen=True)
class Size:
    """Width and height of a box, in the unit of the picture."""

    width: float
    height: float


@dataclass
class Box:
    """A place in the layout: a node, the label of a line, or a mere stop of a long line."""

    key: tuple[str, ...]
    size: Size
    layer: int
    x: float = 0.0
    y: float = 0.0
    stop: bool = False
    up: list[Box] = field(default_factory=list)
    down: list[Box] = field(default_factory=list)


@dataclass(frozen=True)
class Line:
    """A laid-out line: its boxes from top to bottom, the first and last being nodes; ``reversed`` points upwards."""

    start: str
    end: str
    boxes: tuple[Box, ...]
    label: Box | None
    reversed: bool


@dataclass(frozen=True)
class Layout:
    """Nodes by name and lines, with centres; y grows downwards from 0."""

    nodes: dict[str, Box]
    lines: list[Line]
    width: float
    height: float


def lay_out(
    nodes: Mapping[str, Size],
    edges: Sequence[tuple[str, str]],
    labels: Mapping[tuple[str, str], Size],
    *,
    gap: float,
    rise: float,
    last: Sequence[str] = (),
) -> Layout:
    """Place nodes in layers from top to bottom, with a place of its own for every label.

    Parameters
    ----------
    nodes
        Sizes by name, in reading order; the first is where everything starts.
    edges
        Pairs of names, each pair once, no loops.
    labels
        Size of the label of a line, for those that have one.
    gap, rise
        Least distance between boxes of one layer, and between layers.
    last
        Nodes that belong into the lowest layer.
    """
    backward = _backward(list(nodes), edges)
    forward = [(b, a) if (a, b) in backward else (a, b) for a, b in edges]
    rank = _longest_paths(list(nodes), forward)
    bottom = max(rank.values()) + (1 if last else 0)
    rank.update(dict.fromkeys(last, bottom))
    boxes = {name: Box((name,), size, 2 * rank[name]) for name, size in nodes.items()}
    lines = [_line(boxes, edge, turned, labels.get(edge)) for edge, turned in zip(edges, forward, strict=True)]
    layers: list[list[Box]] = [[] for _ in range(2 * bottom + 1)]
    for box in _in_reading_order(boxes, lines):
        layers[box.layer].append(box)
    layers = _ordered(layers)
    _place_across(layers, gap)
    height = _place_down(layers, rise)
    left = min(box.x - box.size.width / 2 for layer in layers for box in layer)
    for layer in layers:
        for box in layer:
            box.x -= left
    width = max(box.x + box.size.width / 2 for layer in layers for box in layer)
    return Layout(boxes, lines, width, height)


def _backward(names: list[str], edges: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Lines that close a circle in a depth-first walk from the first node."""
    onward: dict[str, list[str]] = {name: [] for name in names}
    for a, b in edges:
        onward[a].append(b)
    state: dict[str, str] = {}
    found: set[tuple[str, str]] = set()
    for root in names:
        if root in state:
            continue
        state[root] = "open"
        trail = [(root, iter(onward[root]))]
        while trail:
            name, rest = trail[-1]
            following = next(rest, None)
            if following is None:
                state[name] = "done"
                trail.pop()
            elif state.get(following) == "open":
                found.add((name, following))
            elif following not in state:
                state[following] = "open"
                trail.append((following, iter(onward[following])))
    return found


def _longest_paths(names: list[str], edges: list[tuple[str, str]]) -> dict[str, int]:
    """Layer of each node: the longest path to it; a node nothing leads to goes just above its nearest target."""
    rank = dict.fromkeys(names, 0)
    for _ in names:
        moved = False
        for a, b in edges:
            if rank[b] <= rank[a]:
                rank[b] = rank[a] + 1
                moved = True
        if not moved:
            break
    entered = {b for _, b in edges}
    for name in names[1:]:
        targets = [rank[b] for a, b in edges if a == name]
        if name not in entered and targets:
            rank[name] = min(targets) - 1
    return rank


def _line(boxes: dict[str, Box], edge: tuple[str, str], turned: tuple[str, str], label: Size | None) -> Line:
    top, end = boxes[turned[0]], boxes[turned[1]]
    reversed_ = turned != edge
    chain: list[Box] = [top]
    named: Box | None = None
    for layer in range(top.layer + 1, end.layer):
        # The label of a line stands right below the box whose decision it tells.
        at = end.layer - 1 if reversed_ else top.layer + 1
        here = label is not None and layer == at
        stop = Box((*edge, str(layer)), label if here and label else Size(0.02, 0.0), layer, stop=not here)
        named = stop if here else named
        chain.append(stop)
    chain.append(end)
    for above, below in pairwise(chain):
        above.down.append(below)
        below.up.append(above)
    return Line(*edge, tuple(chain), named, reversed_)


def _in_reading_order(boxes: dict[str, Box], lines: list[Line]) -> list[Box]:
    return [*boxes.values(), *(box for line in lines for box in line.boxes[1:-1])]


def _ordered(layers: list[list[Box]]) -> list[list[Box]]:
    """The order within layers with the fewest crossings that sweeps of barycentres find."""
    best, fewest = [list(layer) for layer in layers], _crossings(layers)
    for sweep in range(_SWEEPS):
        downwards = sweep % 2 == 0
        span = range(1, len(layers)) if downwards else range(len(layers) - 2, -1, -1)
        for index in span:
            fixed = {id(box): place for place, box in enumerate(layers[index - 1 if downwards else index + 1])}
            places: dict[int, float] = {}
            for place, box in enumerate(layers[index]):
                near = [fixed[id(other)] for other in (box.up if downwards else box.down)]
                share = place / max(1, len(layers[index]) - 1) * max(1, len(fixed) - 1)
                places[id(box)] = sum(near) / len(near) if near else share
            layers[index].sort(key=lambda box: places[id(box)])
        _exchange(layers)
        crossings = _crossings(layers)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    return best


def _exchange(layers: list[list[Box]]) -> None:
    """Exchange neighbours as long as that saves crossings."""
    for index, layer in enumerate(layers):
        near = layers[max(0, index - 1) : index + 2]
        for place in range(len(layer) - 1):
            before = _crossings(near)
            layer[place], layer[place + 1] = layer[place + 1], layer[place]
            if _crossings(near) >= before:
                layer[place], layer[place + 1] = layer[place + 1], layer[place]


def _crossings(layers: list[list[Box]]) -> int:
    total = 0
    for above, below in pairwise(layers):
        place = {id(box): index for index, box in enumerate(below)}
        ends = [place[id(other)] for box in above for other in sorted(box.down, key=lambda other: place[id(other)])]
        total += sum(a > b for index, a in enumerate(ends) for b in ends[index + 1 :])
    return total


def _place_across(layers: list[list[Box]], gap: float) -> None:
    for layer in layers:
        edge = 0.0
        for box in layer:
            box.x = edge + box.size.width / 2
            edge += box.size.width + gap
        middle = edge / 2
        for box in layer:
            box.x -= middle
    for sweep in range(_RELAXATIONS):
        order = layers if sweep % 2 == 0 else layers[::-1]
        for layer in order:
            wanted, weights = [], []
            for box in layer:
                near = [(other.x, _STRAIGHT if box.stop and other.stop else 1.0) for other in (*box.up, *box.down)]
                total = sum(weight for _, weight in near)
                wanted.append(sum(x * weight for x, weight in near) / total if total else box.x)
                weights.append(max(total, 1.0))
            for box, x in zip(layer, _apart(layer, wanted, weights, gap), strict=True):
                box.x = x


def _apart(layer: list[Box], wanted: list[float], weights: list[float], gap: float) -> list[float]:
    """Nearest places to the wanted ones, by weighted least squares, that keep the order and the distances."""
    offsets, edge = [], 0.0
    for left, right in zip([None, *layer], layer, strict=False):
        edge += 0.0 if left is None else (left.size.width + right.size.width) / 2 + gap
        offsets.append(edge)
    pools: list[tuple[float, float, int]] = []
    for x, weight, offset in zip(wanted, weights, offsets, strict=True):
        pool = (x - offset, weight, 1)
        while pools and pools[-1][0] > pool[0]:
            mean, mass, many = pools.pop()
            joint = mass + pool[1]
            pool = ((mean * mass + pool[0] * pool[1]) / joint, joint, many + pool[2])
        pools.append(pool)
    levels = [mean for mean, _, many in pools for _ in range(many)]
    return [level + offset for level, offset in zip(levels, offsets, strict=True)]


def _place_down(layers: list[list[Box]], rise: float) -> float:
    y = 0.0
    for index, layer in enumerate(layers):
        tall = max((box.size.height for box in layer), default=0.0)
        for box in layer:
            box.y = y + tall / 2
            if box.stop:  # a line passes a layer straight, so that it cannot cut the corner of a box
                box.size = Size(box.size.width, tall)
        y += tall + (rise if index < len(layers) - 1 else 0.0)
    return y
