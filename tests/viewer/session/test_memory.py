"""Cases opened before, and the case after this one."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from napari_raddiag.session.next_case import CasePlace, place_of
from napari_raddiag.session.recent_cases import CAPACITY, RecentCases


def folders(root: Path, *names: str) -> list[Path]:
    for name in names:
        (root / name).mkdir()
    return [root / name for name in names]


def test_recent_cases_come_newest_first_and_once(tmp_path: Path) -> None:
    one, two = folders(tmp_path, "one", "two")
    recent = RecentCases(file=tmp_path / "recent.json")
    for path in (one, two, one):
        recent.add((path,))
    assert recent.list() == ((one,), (two,))
    again = RecentCases(file=recent.file)
    again.read()
    assert again.list() == ((one,), (two,))


def test_a_case_that_is_away_stays_in_the_list_and_nobody_looks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A share that does not answer: every question about one of its paths would raise, or hang."""
    recent = RecentCases(file=tmp_path / "recent.json")
    (one, two), away = folders(tmp_path, "one", "two"), Path("/away/case")
    recent.add((one,))
    recent.add((away,))
    for name in ("stat", "exists", "is_dir", "is_file", "resolve"):
        original = getattr(Path, name)

        def asked(path: Path, *args: object, _original=original, **options: object) -> object:  # type: ignore[no-untyped-def]
            if path.is_relative_to("/away"):
                raise PermissionError(13, "Stale file handle", str(path))
            return _original(path, *args, **options)

        monkeypatch.setattr(Path, name, asked)
    again = RecentCases(file=recent.file)
    again.read()
    again.add((two,))
    assert again.list() == ((two,), (away,), (one,))


def test_two_viewers_share_the_list(tmp_path: Path) -> None:
    one, two = folders(tmp_path, "one", "two")
    first, second = (RecentCases(file=tmp_path / "recent.json") for _ in range(2))
    for viewer in (first, second):
        viewer.read()
    first.add((one,))
    second.add((two,))
    assert second.list() == ((two,), (one,))


def test_cases_added_at_once_are_all_kept(tmp_path: Path) -> None:
    recent = RecentCases(file=tmp_path / "recent.json")
    threads = [threading.Thread(target=recent.add, args=((tmp_path / f"case{n}",),)) for n in range(CAPACITY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {path.name for (path,) in recent.list()} == {f"case{n}" for n in range(CAPACITY)}


def test_the_list_is_short(tmp_path: Path) -> None:
    recent = RecentCases(file=tmp_path / "recent.json")
    for path in folders(tmp_path, *(f"case{n}" for n in range(CAPACITY + 3))):
        recent.add((path,))
    assert len(recent.list()) == CAPACITY


@pytest.mark.skipif(os.name != "posix", reason="rights of files are POSIX's; Windows guards the profile folder")
def test_only_the_user_can_read_it(tmp_path: Path) -> None:
    recent = RecentCases(file=tmp_path / "deep" / "recent.json")
    recent.add((tmp_path,))
    assert stat.S_IMODE(recent.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(recent.file.parent.stat().st_mode) == 0o700


def test_switched_off_it_forgets_and_keeps_nothing(tmp_path: Path) -> None:
    file = tmp_path / "recent.json"
    RecentCases(file=file).add((tmp_path,))
    off = RecentCases(file=file, enabled=False)
    off.read()
    off.add((tmp_path,))
    assert not file.exists() and off.list() == ()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"schema": 9}', '{"schema": 1, "cases": [1, [], [2]]}', '{"schema": 1, "cases": 3}']
)
def test_a_damaged_list_is_an_empty_one(tmp_path: Path, text: str) -> None:
    file = tmp_path / "recent.json"
    file.write_text(text)
    recent = RecentCases(file=file)
    recent.read()
    assert recent.list() == ()


def test_next_case_goes_in_natural_order(tmp_path: Path) -> None:
    two, ten, eleven = folders(tmp_path, "case2", "case10", "Case11")
    (tmp_path / "notes.txt").touch()
    (tmp_path / ".hidden").mkdir()
    places = [place_of((path,)) for path in (two, ten, eleven)]
    assert places == [CasePlace(1, 3, ten), CasePlace(2, 3, eleven), CasePlace(3, 3, None)]


def test_a_case_of_one_file_is_followed_by_the_next_file(tmp_path: Path) -> None:
    folders(tmp_path, "b")
    for name in ("a.png", "c.png"):
        (tmp_path / name).touch()
    assert place_of((tmp_path / "a.png",)) == CasePlace(1, 2, tmp_path / "c.png")
    assert place_of((tmp_path / "a.png", tmp_path / "c.png")) is None
    assert place_of((tmp_path / "gone.png",)) is None


@pytest.mark.parametrize("name", ["n" * 5000, "gone/case"])
def test_a_path_that_cannot_be_looked_at_has_no_place(tmp_path: Path, name: str) -> None:
    assert place_of((tmp_path / name,)) is None
