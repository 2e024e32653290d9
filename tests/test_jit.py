"""Compiled code is kept per room: a source of one room changes its own key and no other's."""

from __future__ import annotations

from pathlib import Path

import numba
import pytest

from sim import jit


def folder(tmp_path: Path, name: str, text: str = "x = 1\n") -> Path:
    made = tmp_path / name
    made.mkdir()
    (made / "kernel.py").write_text(text)
    return made


def test_a_key_depends_on_every_source_of_its_folders_and_on_no_other(tmp_path: Path) -> None:
    one, two = folder(tmp_path, "one"), folder(tmp_path, "two", "y = 2\n")
    keys = [jit.source_key(group) for group in ([one], [two], [one, two])]
    (one / "kernel.py").write_text("x = 3\n")
    after = [jit.source_key(group) for group in ([one], [two], [one, two])]
    assert len({*keys, *after}) == 5, "only the second folder's key is as before"
    assert keys[1] == after[1]


def test_a_function_is_kept_in_its_own_rooms_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    one, two = folder(tmp_path, "one"), folder(tmp_path, "two", "y = 2\n")
    before = numba.config.CACHE_DIR
    rooms = [jit.Compiler("one", one), jit.Compiler("two", two)]

    def double(x: int) -> int:
        return 2 * x

    assert [room.entry(double)(21) for room in rooms] == [42, 42]
    assert before == numba.config.CACHE_DIR, "what others compile stays where numba puts it"
    for room in rooms:
        assert room.cache is not None
        assert room.cache.is_relative_to(tmp_path)
        assert len(list(room.cache.rglob("*.nbi"))) == 1


def test_where_nothing_can_be_written_code_is_compiled_anew_and_one_line_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(jit, "cache_folder", lambda key: None)
    room = jit.Compiler("the room", folder(tmp_path, "room"))
    assert room.entry(lambda x: x + 1)(1) == 2
    assert capsys.readouterr().err == "engraft: no folder can be written, so the room is compiled anew each time\n"


def test_the_engine_and_the_statistics_have_caches_of_their_own() -> None:
    from sim.engine.jit import CACHE
    from sim.stats.kernels.jit import _KERNELS

    assert CACHE is None or _KERNELS.cache != CACHE
