"""Runs what the documentation shows and writes what it prints: `make docs`. `--check` only says which page is stale.

`--tour` prints the protocol that the examples of the language's reference make when they are put together.

A ``yaml`` or ``csv`` block with ``file=NAME`` is a file of that name. Commands after ``$ `` in a ``console`` block are
run, and their output is written below them. The table after a comment ``<!-- keys: Phase -->`` lists the keys of that
model of the schema, with the meanings that stand there; the one after ``<!-- coverage: pre-transplant -->`` lists the
design records of that evidence file, and where each is modelled or why it is left out; those after
``<!-- switches: NAME ... -->`` and ``<!-- parameters: NAME ... -->`` list what these protocols take for true.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sim.cli.main import run
from sim.compare import config
from sim.evidence import schema as evidence
from sim.evidence.load import load_evidence
from sim.protocol import fields, population, schema
from sim.protocol.resolve import load_protocol
from sim.report.graph import graph
from sim.report.parameters import PARAMETER_COLUMNS, SWITCH_COLUMNS, parameter_rows, switch_rows

ROOT = Path(__file__).parents[1]
FOLDERS = (ROOT / "docs", ROOT / "docs" / "protocols")
PAGES = ("README.md", *sorted(str(page.relative_to(ROOT)) for folder in FOLDERS for page in folder.glob("*.md")))
TOUR = "docs/language.md"
FIGURES = {"docs/figures/leukaemia-free-survival.svg": "results/all-mrd2019-vs-2023/figures/survival-LFS.svg"}
"""Figures of the documentation, and where the commands of README.md leave them."""
DRAWN = (
    "all-mrd2019",
    "all-mrd2023",
    "sandwich-auto-hsct",
    "allo-hsct-standard",
    "post-transplant-blinatumomab",
    "pre-transplant-blinatumomab",
)
GRAPHS = {f"docs/figures/{name}.svg": name for name in DRAWN}
"""Graphs of protocols on their pages."""

_BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.M | re.S)
_KEYS = re.compile(r"(<!-- keys: (\w+) -->\n)(.*?)(?=\n\n|\Z)", re.S)
_COVERAGE = re.compile(r"(<!-- coverage: ([\w-]+) -->\n)(.*?)(?=\n\n|\Z)", re.S)
_CHOICES = re.compile(r"(<!-- (parameters|switches): ([\w -]+) -->\n)(.*?)(?=\n\n|\Z)", re.S)
_ROW = re.compile(r"^\| `([^`]+)` \|.*\| (.*) \|$", re.M)
_KINDS = {
    "number": "expression",
    "probability": "expression",
    "duration": "duration",
    "marker": "expression",
    "any": "expression",
    "boolean": "guard",
}


def blocks(text: str, language: str) -> Iterator[tuple[str, str]]:
    """What is written after the language of each code block of a page, and its content."""
    for found in _BLOCK.finditer(text):
        if found[1] == language:
            yield found[2].strip(), found[3]


def tour() -> str:
    """The protocol that the examples of the language's reference make when they are put together."""
    return "".join(content for kind, content in blocks((ROOT / TOUR).read_text("utf-8"), "yaml") if not kind)


def refreshed(page: str, folder: Path) -> str:
    """A page as it should be; its commands run in `folder`, one after the other."""
    text = (ROOT / page).read_text("utf-8")
    for kind, content in (*blocks(text, "yaml"), *blocks(text, "csv")):
        if kind.startswith("file="):
            (folder / kind.removeprefix("file=")).write_text(content, "utf-8")
    with _inside(folder):
        text = _BLOCK.sub(lambda found: _console(found) if found[1] == "console" else found[0], text)
    return _CHOICES.sub(_choices, _COVERAGE.sub(_coverage, _KEYS.sub(_table, text)))


def _console(block: re.Match[str]) -> str:
    lines = []
    typed = [line[2:] for line in block[3].splitlines() if line.startswith("$ ")]
    if not all(command.startswith("engraft ") for command in typed):
        return block[0]  # commands of others, such as make
    for line in block[3].splitlines():
        if line.startswith("$ "):
            lines += [line, *_printed(line[2:])]
    return "\n".join([f"```console{block[2]}", *lines, "```"])


def _printed(command: str) -> list[str]:
    """What a command prints, errors included. A last part ``| head -n N`` is understood."""
    typed, _, cut = command.partition(" | head -n ")
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        run(shlex.split(typed, comments=True)[1:])
    # Errors name shipped files by their full path, which is another one on every machine.
    lines = [line.rstrip() for line in printed.getvalue().replace(f"{ROOT}{os.sep}", "").splitlines()]
    return lines[: int(cut)] if cut else lines


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before, columns = Path.cwd(), os.environ.get("COLUMNS")
    (folder / "tour.yaml").write_text(tour(), "utf-8")
    os.chdir(folder)
    os.environ["COLUMNS"] = "200"  # pages do not depend on the window in which they are made
    try:
        yield
    finally:
        os.chdir(before)
        if columns is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = columns


def _table(found: re.Match[str]) -> str:
    """The keys of a model: key, what is written there, default, and the meaning that the page gives."""
    meanings = dict(_ROW.findall(found[3]))
    rows = ["| key | written as | default | meaning |", "|---|---|---|---|"]
    for name, info in model(found[2]).model_fields.items():
        key = info.alias or name
        if not meanings.get(key, "").strip():
            raise SystemExit(f"say what `{key}` of {found[2]} means, in the table of its keys")
        rows.append(f"| `{key}` | {_written(info)} | {_default(info)} | {meanings[key]} |")
    return found[1] + "\n".join(rows)


def _coverage(found: re.Match[str]) -> str:
    """The records of an evidence file that describe a design: what the study prescribes, and where the model has it."""
    rows = ["| record | what | as registered or printed | modelled, or left out and why |", "|---|---|---|---|"]
    for record in load_evidence(found[2]).records:
        if record.use == "design":
            value = f"{record.value:g}" if isinstance(record.value, float) else str(record.value)
            unit = "" if record.unit in ("text", None) else f" {record.unit}"
            where = record.modelled or f"left out: {record.left_out}"
            what, told = record.design or record.quantity, value + unit
            if record.patient is not None:
                what, told = "a patient of the table", ", ".join(str(each) for each in record.patient.values())
            cells = (record.id, str(what), told, where)
            rows.append(_row(cells))
    return found[1] + "\n".join(rows)


def _choices(found: re.Match[str]) -> str:
    """The parameters or the switches of protocols, with priors, sources and assumptions."""
    protocols = {name: load_protocol(name) for name in found[3].split()}
    columns, listed = (PARAMETER_COLUMNS, parameter_rows) if found[2] == "parameters" else (SWITCH_COLUMNS, switch_rows)
    rows = [(f"`{name}`", *cells) for name, *cells in listed(protocols)]
    return found[1] + "\n".join([_row(columns), "|---" * len(columns) + "|", *map(_row, rows)])


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def model(name: str) -> type[BaseModel]:
    """A model of the schema by name."""
    for room in (schema, fields, population, config, evidence):
        if hasattr(room, name):
            found: type[BaseModel] = getattr(room, name)
            return found
    raise SystemExit(f"the schema has no model {name}")


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    if info.default in (None, "", [], {}):
        return ""
    if isinstance(info.default, bool):
        return str(info.default).lower()
    if isinstance(info.default, BaseModel):
        value = info.default.model_dump(exclude_none=True, by_alias=True)
        return f"`{next(iter(value.values()))}`"
    return f"`{info.default}`"


def _written(info: FieldInfo) -> str:
    for part in info.metadata:
        if isinstance(part, fields.Kind):
            return _KINDS[part.expect]
        if getattr(part, "func", None) is fields.one_or_more:
            return re.sub("^list of (.*)$", r"\1 or \1s", _form(info.annotation))
        if part in get_args(evidence.Duration)[1:]:
            return "duration"
    return _form(info.annotation)


def _form(kind: Any) -> str:
    """A type in words."""
    origin, inside = get_origin(kind), get_args(kind)
    if kind in (fields.Name, fields.Identifier):
        return "name"
    if kind == evidence.Duration:
        return "duration"
    if origin is Annotated:
        for part in inside[1:]:
            if isinstance(part, fields.Kind):
                return _KINDS[part.expect]
        return _form(inside[0])
    if origin in (Union, UnionType):
        words = [_form(part) for part in inside if part is not type(None)]
        return " or ".join(dict.fromkeys(words))
    if origin is Literal:
        return " or ".join(f"`{str(word).lower() if word is True else word}`" for word in inside)
    if origin is list:
        return f"list of {_form(inside[0])}"
    if origin is dict:
        return f"mapping to {_form(inside[1])}"
    if isinstance(kind, type) and issubclass(kind, fields.Arguments | fields.Plateaued | fields.LatentClass):
        return "arguments"
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return f"{re.sub(r'(?<=[a-z])(?=[A-Z])', ' ', kind.__name__).lower()}"
    return {Any: "value", str: "text", float: "number", int: "whole number", bool: "true or false"}[kind]


def main() -> None:
    """Refresh every page and figure; with ``--check`` say which pages are stale, with ``--tour`` print the tour."""
    if sys.argv[1:] == ["--tour"]:
        sys.stdout.write(tour())
        return
    check = sys.argv[1:] == ["--check"]
    stale = []
    with tempfile.TemporaryDirectory() as place:
        for page in PAGES:
            new, old = refreshed(page, Path(place)), (ROOT / page).read_text("utf-8")
            if new != old:
                stale.append(page)
                if not check:
                    (ROOT / page).write_text(new, "utf-8")
        for figure, made in FIGURES.items():
            if not check:
                (ROOT / figure).parent.mkdir(exist_ok=True)
                shutil.copyfile(Path(place) / made, ROOT / figure)
        for figure, name in GRAPHS.items():
            if not check:
                graph(load_protocol(name), ROOT / figure)
    print(f"{len(PAGES)} pages, {len(stale)} {'stale' if check else 'rewritten'}", *stale)
    sys.exit(bool(stale) and check)


if __name__ == "__main__":
    main()
