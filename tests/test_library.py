"""Finding YAML files: paths before names, neighbours before the shipped files, and what a misspelt name is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import UsageError
from sim.protocol import library

ROOT = Path(__file__).parents[1]


def test_a_bare_name_is_a_shipped_file() -> None:
    assert library.find("all-mrd2019", "protocol") == ROOT / "protocols" / "all-mrd2019.yaml"
    assert library.find("all-mrd2019-vs-2023", "config") == ROOT / "configs" / "all-mrd2019-vs-2023.yaml"


def test_names_are_those_of_the_files_of_one_folder() -> None:
    assert library.names("protocol") == sorted(path.stem for path in (ROOT / "protocols").glob("*.yaml"))
    assert {"all-mrd2019", "all-mrd2023"} <= set(library.names("protocol"))
    assert "fbmtg" in library.names("evidence")
    assert "fbmtg" not in library.names("protocol")


def test_every_name_is_found_again() -> None:
    for kind in library.FOLDERS:
        for name in library.names(kind):
            assert library.find(name, kind).stem == name


def test_a_name_of_any_kind_is_found() -> None:
    for kind in library.FOLDERS:
        for name in library.names(kind):
            assert library.find(name, kind) in library.find_all(name)
    with pytest.raises(UsageError, match=r'no protocol, .* or trial is named "fbmtgg" .* did you mean "fbmtg"'):
        library.find_all("fbmtgg")


def test_an_existing_file_comes_before_a_shipped_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "all-mrd2019").write_text("schema: engraft/1\n")
    assert library.find("all-mrd2019", "protocol").read_text() == "schema: engraft/1\n"


def test_a_folder_does_not_hide_a_shipped_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "all-mrd2019").mkdir()
    assert library.find("all-mrd2019", "protocol").is_file()


def test_a_name_in_a_document_means_its_neighbour_first(tmp_path: Path) -> None:
    document, neighbour = tmp_path / "child.yaml", tmp_path / "all-mrd2019.yaml"
    document.touch()
    neighbour.touch()
    assert library.find("all-mrd2019", "protocol", beside=document) == neighbour
    assert library.find("all-mrd2019.yaml", "protocol", beside=document) == neighbour


def test_a_copy_can_extend_the_shipped_file_of_its_own_name(tmp_path: Path) -> None:
    copy = tmp_path / "all-mrd2019.yaml"
    copy.touch()
    assert library.find("all-mrd2019", "protocol", beside=copy) == ROOT / "protocols" / "all-mrd2019.yaml"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (
            "all-mrd2919",
            'no protocol is named "all-mrd2919" and there is no such file; did you mean "all-mrd2019"?',
        ),
        (
            "here/all-mrd2023.yaml",
            'there is no file "here/all-mrd2023.yaml"; did you mean "all-mrd2023"?',
        ),
        (
            "all-mrd2023.yml",
            'there is no file "all-mrd2023.yml"; did you mean "all-mrd2023"?',
        ),
    ],
)
def test_a_misspelt_name_is_told_the_nearest(wanted: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        library.find(wanted, "protocol")
    assert str(caught.value) == message


@pytest.mark.parametrize("wanted", ["", ".", "nul\0name", "x" * 5000, "zzz"])
def test_what_no_file_can_be_is_not_found_without_another_error(wanted: str) -> None:
    with pytest.raises(UsageError):
        library.find(wanted, "protocol")


def test_paths_are_shown_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert library.shown(Path("a") / "b.yaml") == "a/b.yaml"
    assert library.shown(tmp_path / "here" / "b.yaml") == "b.yaml"
    assert library.shown(tmp_path / "elsewhere.yaml") == str(tmp_path / "elsewhere.yaml")
