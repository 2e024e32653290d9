"""The layout is the architecture: rooms import one way, files stay small and say what they do, no path of a machine."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# A room may import the rooms to its left, and no other; those that share a place do not import one another.
ORDER = [
    ["protocol"],
    ["engine"],
    ["batch"],
    ["stats", "endpoints"],
    ["design"],
    ["evidence"],
    ["compare"],
    ["report"],
    ["cli"],
]
BOTTOM = ["errors", "units", "jit", "unsigned_indices"]

# Rooms of pure numbers know nothing of protocols, whatever their place. Files of `design` named config* read a YAML
# file, and may use how documents are read; they are nobody's business in the room but their own.
NUMBERS = {"stats": {"stats", "errors", "jit"}, "design": {"design", "stats", "errors", "jit"}}
READERS = {"design": "config"}
READING = {"document", "fields", "json_schema", "library", "merge", "nodes", "schema_problems"}
PLACE = {room: place for place, rooms in enumerate(ORDER) for room in rooms}
MOST_LINES = 400
FOLDERS = {"benchmarks", "configs", "docs", "notebooks", "protocols", "schemas", "sim", "tests"}
UNWATCHED = {"results", "build", "dist", "htmlcov", "__pycache__"}

# Folders of one machine or one person; a path inside an address (https://...) is something else.
MACHINE_PATH = re.compile(r"(?<![\w.~/-])/(?:work|farm|root|home/\w+|Users/\w+|opt/\w+|tmp/\w+)/")
SILENCED = re.compile(r"pytest\.skip|importorskip|mark\.skip|mark\.xfail|\bTODO\b|\bFIXME\b|NotImplementedError")


def imported(tree: ast.Module, package: str) -> Iterator[str]:
    """Dotted names that a module imports, at the top, in a function, for type checking or by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__"):
                yield str(node.args[0].value)


def may_import(importer: str, target: str, stem: str = "") -> bool:
    """Whether a file of one room (or a file at the bottom) may import a dotted name of the package."""
    parts = target.split(".")
    if parts[0] != "sim":
        return True
    if target == "sim" or parts[1] == "__version__":
        return target == "sim.__version__"
    other = parts[1]
    if importer in BOTTOM:
        return other in BOTTOM
    if importer in NUMBERS:
        if importer in READERS and stem.startswith(READERS[importer]):
            reading = other == "protocol" and len(parts) > 2 and parts[2] in READING
            return reading or other in {*NUMBERS[importer], "units"}
        config_of = f"sim.{importer}.{READERS.get(importer, '-')}"
        return other in NUMBERS[importer] and (stem == "__init__" or not target.startswith(config_of))
    if other == importer or other in BOTTOM:
        return True
    return other in PLACE and PLACE[other] < PLACE[importer]


def wrong_imports(root: Path) -> list[str]:
    """Imports between rooms that run the wrong way; ``sim/__init__.py`` names the public functions and is free."""
    found = []
    for path in sorted((root / "sim").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        importer = parts[1]
        if importer == "__init__":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        for target in imported(tree, ".".join(parts[:-1])):
            if not may_import(importer, target, parts[-1]):
                found.append(f"{path.relative_to(root)} imports {target}")
    return found


def wrong_rooms(root: Path) -> list[str]:
    """Rooms and files of the package, and folders at the top, that the design does not name."""
    entries = {path.name for path in (root / "sim").iterdir() if path.name not in UNWATCHED}
    rooms = {f"sim/{name}" for name in PLACE}
    expected = rooms | {f"sim/{name}.py" for name in BOTTOM} | {"sim/__init__.py", "sim/py.typed"}
    found = {f"sim/{entry}" for entry in entries}
    tops = {path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")} - UNWATCHED
    no_init = {
        f"{room}/__init__.py is missing" for room in rooms & found if not (root / room / "__init__.py").is_file()
    }
    return sorted(
        {f"{name} is missing" for name in expected - found}
        | {f"{name} has no place in the design" for name in (found - expected) | (tops - FOLDERS)}
        | no_init
    )


def wrong_files(root: Path) -> list[str]:
    """Python files that are too long (in the package), or whose first line does not say what happens there."""
    found = []
    for folder in ("sim", "tests", "benchmarks"):
        for path in sorted((root / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            name = path.relative_to(root)
            if folder == "sim" and (lines := len(text.splitlines())) > MOST_LINES:
                found.append(f"{name} has {lines} lines, at most {MOST_LINES} are allowed")
            if (
                not text.startswith('"""')
                or not (ast.get_docstring(ast.parse(text, str(path))) or "").split("\n")[0].strip()
            ):
                found.append(f"{name} does not start with a docstring")
            if folder == "tests" and path.name.startswith("test_") and not re.search(r"^\s*def test_", text, re.M):
                found.append(f"{name} holds no test")
    return found


def texts(root: Path) -> Iterator[tuple[Path, str]]:
    """Text files of the repository, without hidden folders other than .ci and without what commands write."""
    for top in sorted(root.iterdir()):
        if top.name in UNWATCHED or (top.name.startswith(".") and top.is_dir() and top.name != ".ci"):
            continue
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            hidden = any(part in UNWATCHED or part.startswith(".") for part in path.relative_to(top).parts)
            if hidden or not path.is_file():
                continue
            content = path.read_bytes()
            if b"\0" not in content:
                yield path.relative_to(root), content.decode("utf-8")


def lines_with(root: Path, pattern: re.Pattern[str], folders: tuple[str, ...] = ()) -> list[str]:
    """Lines that hold a pattern, in all text files or in those of some folders; this file, which spells them, aside."""
    return [
        f"{path}:{number}: {line.strip()[:120]}"
        for path, text in texts(root)
        if path != Path("tests/test_layout.py") and (not folders or path.parts[0] in folders)
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_rooms_import_one_way() -> None:
    assert wrong_imports(ROOT) == []


def test_rooms_are_those_of_the_design() -> None:
    assert wrong_rooms(ROOT) == []


def test_files_are_small_and_say_what_they_do() -> None:
    assert wrong_files(ROOT) == []


def test_nothing_speaks_of_one_machine() -> None:
    assert lines_with(ROOT, MACHINE_PATH) == []


def test_no_test_is_silenced_and_no_code_is_a_stub() -> None:
    assert lines_with(ROOT, SILENCED, ("sim", "tests")) == []


# The checks themselves, on a small tree with one fault each.


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for room in PLACE:
        (tmp_path / "sim" / room).mkdir(parents=True)
        (tmp_path / "sim" / room / "__init__.py").write_text('"""A room."""\n')
    for name in ("__init__", *BOTTOM):
        (tmp_path / "sim" / f"{name}.py").write_text('"""A file."""\n')
    (tmp_path / "sim" / "py.typed").touch()
    return tmp_path


def write(tree: Path, name: str, text: str) -> None:
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_sound_tree_passes_every_check(tree: Path) -> None:
    write(tree, "sim/__init__.py", '"""Public."""\nfrom sim.compare.run import compare\n')
    write(tree, "sim/engine/a.py", '"""A."""\nimport numpy\nfrom sim.protocol.plan import Plan\nfrom . import b\n')
    write(tree, "sim/stats/km.py", '"""A."""\nfrom sim.errors import UsageError\nfrom sim.stats import tables\n')
    write(tree, "sim/design/size.py", '"""A."""\nfrom sim.jit import Compiler\nfrom sim.stats import batch\n')
    write(tree, "sim/design/config_fixed.py", '"""A."""\nfrom sim.protocol.fields import Model\n')
    write(tree, "sim/report/html.py", '"""A."""\nfrom sim import __version__\nfrom sim.units import format_duration\n')
    write(tree, "tests/test_a.py", '"""A."""\n\n\ndef test_a() -> None:\n    assert True\n')
    write(tree, "README.md", "See https://example.org/work/page/ and results/x.\n")
    assert wrong_imports(tree) + wrong_rooms(tree) + wrong_files(tree) + lines_with(tree, MACHINE_PATH) == []


@pytest.mark.parametrize(
    ("name", "line", "target"),
    [
        ("sim/protocol/a.py", "from sim.engine.draws import uniform", "sim.engine.draws.uniform"),
        ("sim/engine/a.py", "def f():\n    import sim.batch.run", "sim.batch.run"),
        ("sim/engine/a.py", "if TYPE_CHECKING:\n    from sim.compare import run", "sim.compare.run"),
        ("sim/engine/a.py", "from ..report import figures", "sim.report.figures"),
        ("sim/engine/a.py", "from .. import report", "sim.report"),
        ("sim/engine/a.py", "importlib.import_module('sim.cli.main')", "sim.cli.main"),
        ("sim/endpoints/a.py", "from sim.stats.km import kaplan_meier", "sim.stats.km.kaplan_meier"),
        ("sim/stats/a.py", "from sim.units import to_ticks", "sim.units.to_ticks"),
        ("sim/stats/a.py", "from sim.protocol.schema import Protocol", "sim.protocol.schema.Protocol"),
        ("sim/stats/a.py", "from sim.design.boundaries import Boundary", "sim.design.boundaries.Boundary"),
        ("sim/design/a.py", "from sim.endpoints.table import endpoint_table", "sim.endpoints.table.endpoint_table"),
        ("sim/design/a.py", "from sim.units import to_ticks", "sim.units.to_ticks"),
        ("sim/jit.py", "from sim.engine.step import step", "sim.engine.step.step"),
        ("sim/design/a.py", "from sim.protocol.document import load_document", "sim.protocol.document.load_document"),
        ("sim/design/a.py", "from sim.design.config import load_design", "sim.design.config.load_design"),
        ("sim/design/config.py", "from sim.protocol.schema import Protocol", "sim.protocol.schema.Protocol"),
        ("sim/design/config.py", "from sim.endpoints.groups import Clock", "sim.endpoints.groups.Clock"),
        ("sim/errors.py", "from sim.protocol.library import find", "sim.protocol.library.find"),
        ("sim/report/a.py", "from sim import simulate", "sim.simulate"),
        ("sim/report/a.py", "import sim", "sim"),
    ],
)
def test_an_import_the_wrong_way_is_found(tree: Path, name: str, line: str, target: str) -> None:
    write(tree, name, f'"""A."""\n{line}\n')
    assert wrong_imports(tree) == [f"{name} imports {target}"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sim/helpers.py", "sim/helpers.py has no place in the design"),
        ("sim/utils/a.py", "sim/utils has no place in the design"),
        ("scratch/a.txt", "scratch has no place in the design"),
    ],
)
def test_a_room_without_a_place_is_found(tree: Path, name: str, message: str) -> None:
    write(tree, name, '"""A."""\n')
    assert wrong_rooms(tree) == [message]


def test_a_missing_room_is_found(tree: Path) -> None:
    (tree / "sim" / "batch" / "__init__.py").unlink()
    assert wrong_rooms(tree) == ["sim/batch/__init__.py is missing"]
    (tree / "sim" / "batch").rmdir()
    assert wrong_rooms(tree) == ["sim/batch is missing"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("sim/engine/a.py", '"""A."""\n' + "x = 1\n" * 400, "sim/engine/a.py has 401 lines, at most 400 are allowed"),
        ("sim/engine/a.py", "x = 1\n", "sim/engine/a.py does not start with a docstring"),
        ("sim/engine/a.py", '# why\n"""A."""\n', "sim/engine/a.py does not start with a docstring"),
        ("tests/test_a.py", '"""A."""\nx = 1\n', "tests/test_a.py holds no test"),
    ],
)
def test_a_long_silent_or_empty_file_is_found(tree: Path, name: str, text: str, message: str) -> None:
    write(tree, name, text)
    assert wrong_files(tree) == [message]


@pytest.mark.parametrize("path", ["/work/main/x", "`/home/anna/x`", "see:/root/x", '"/opt/wheels/x"', "/tmp/engraft/x"])
def test_a_path_of_one_machine_is_found(tree: Path, path: str) -> None:
    write(tree, "docs/page.md", f"first\n{path}\n")
    assert lines_with(tree, MACHINE_PATH) == [f"docs/page.md:2: {path}"]


def test_a_silenced_test_is_found(tree: Path) -> None:
    write(tree, "tests/test_a.py", '"""A."""\n@pytest.mark.skip\ndef test_a(): ...\n')
    assert lines_with(tree, SILENCED, ("sim", "tests")) == ["tests/test_a.py:2: @pytest.mark.skip"]
