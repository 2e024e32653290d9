"""The package in its three kinds of install, used from an empty folder: the same YAML files are found in each."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {
    "protocol": ROOT / "protocols",
    "population": ROOT / "protocols" / "populations",
    "evidence": ROOT / "protocols" / "evidence",
    "config": ROOT / "configs",
}
LIST_FILES = f"""
import hashlib, json
from sim.protocol.library import find, names
def digest(name, kind):
    return hashlib.sha256(find(name, kind).read_bytes()).hexdigest()
print(json.dumps({{kind: {{name: digest(name, kind) for name in names(kind)}} for kind in {list(FOLDERS)}}}))
"""

# One worker builds and installs; the others need not do it again.
pytestmark = pytest.mark.xdist_group("install")


@dataclass(frozen=True)
class Environment:
    """A virtual environment of its own and an empty folder to work in."""

    home: Path
    folder: Path

    def run(self, *command: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        bin_folder = self.home / ("Scripts" if os.name == "nt" else "bin")
        done = subprocess.run(
            [str(bin_folder / command[0]), *command[1:]], cwd=self.folder, env=clean, capture_output=True, text=True
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done

    def python(self, code: str) -> str:
        return self.run("python", "-c", code).stdout.strip()


def new_environment(folder: Path) -> Environment:
    """An environment without Engraft that sees the libraries of the running one, so that nothing is downloaded."""
    environment = Environment(home=folder / "venv", folder=folder / "empty")
    environment.folder.mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment.home)], check=True)
    libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    # .pth files inside these folders are not read, so an editable Engraft in the running environment stays unseen.
    (Path(environment.python("import sysconfig; print(sysconfig.get_path('purelib'))")) / "libraries.pth").write_text(
        "\n".join(sorted(libraries))
    )
    return environment


def install(environment: Environment, *what: str) -> None:
    python = environment.home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-index", "--no-deps"]
    done = subprocess.run([*command, *what], cwd=environment.folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel made from a source distribution, as a release is, so that both must hold the YAML files."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    [found] = out.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def from_wheel(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = new_environment(tmp_path_factory.mktemp("from-wheel"))
    install(environment, str(wheel))
    return environment


@pytest.fixture(scope="session")
def editable(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = new_environment(tmp_path_factory.mktemp("editable"))
    install(environment, "--no-build-isolation", "--editable", str(ROOT))
    return environment


def shipped() -> dict[str, dict[str, str]]:
    return {
        kind: {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.yaml"))}
        for kind, folder in FOLDERS.items()
    }


def package_folder(environment: Environment) -> Path:
    return Path(environment.python("import sim; print(sim.__file__)")).parent


def test_a_wheel_brings_the_files_inside_the_package(from_wheel: Environment) -> None:
    assert json.loads(from_wheel.python(LIST_FILES)) == shipped()
    assert from_wheel.home in package_folder(from_wheel).parents
    assert (package_folder(from_wheel) / "py.typed").is_file()


def test_an_editable_install_uses_the_files_of_the_checkout(editable: Environment) -> None:
    assert json.loads(editable.python(LIST_FILES)) == shipped()
    assert package_folder(editable) == ROOT / "sim"


def test_a_checkout_needs_no_install(tmp_path: Path) -> None:
    bare = new_environment(tmp_path)
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{LIST_FILES}"
    assert json.loads(bare.python(code)) == shipped()
    bare.run("python", "-c", "import sim", expect=1)


@pytest.mark.parametrize("kind", ["from_wheel", "editable"])
def test_the_command_is_installed_and_finds_a_protocol_by_name(kind: str, request: pytest.FixtureRequest) -> None:
    environment: Environment = request.getfixturevalue(kind)
    assert "compare" in environment.run("engraft", "--help").stdout
    assert "A1" in environment.run("engraft", "resolve", "all-mrd2019").stdout
    assert list(environment.folder.iterdir()) == []


@pytest.mark.parametrize("kind", ["from_wheel", "editable"])
def test_tables_of_patients_come_along(kind: str, request: pytest.FixtureRequest) -> None:
    environment: Environment = request.getfixturevalue(kind)
    resolved = environment.run("engraft", "resolve", "all-mrd2019", "--population", "huang-2024").stdout
    table = (FOLDERS["population"] / "huang-2024.csv").read_bytes()
    assert hashlib.sha256(table).hexdigest() in resolved
    assert "CR2,detectable" in resolved


def test_the_wheel_holds_the_package_and_nothing_beside_it(from_wheel: Environment) -> None:
    listing = "import importlib.metadata as m; print('\\n'.join(str(f) for f in m.files('engraft')))"
    tops = {path.split("/")[0] for path in from_wheel.python(listing).splitlines() if not path.startswith("..")}
    assert {top for top in tops if ".dist-info" not in top} == {"sim"}
